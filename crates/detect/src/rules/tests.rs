//! Tests of rules: the built-in ones are valid, and every fault of a file is reported.

use super::*;

#[test]
fn built_in_files_have_no_fault() {
    for (name, text) in keysweep_patterns::RULES {
        let parse::Read { faults, .. } = parse::file(Path::new(name), text, Author::Tested);
        assert!(faults.is_empty(), "{}", Faults(faults));
    }
}

/// The rules of other providers and their severities, in the order of the files.
const OF_OTHERS: &str = include_str!("token_ids.txt");

/// Users' baselines and dashboards contain these ids: the list may only grow.
#[test]
fn rule_ids_are_stable() {
    let set = RuleSet::builtin();
    let rules: Vec<(&str, &str)> =
        set.rules.iter().map(|rule| (rule.id.as_str(), rule.severity.as_str())).collect();
    let expected = [
        ("aws-access-key", "error"),
        ("aws-temporary-key", "error"),
        ("aws-access-key-id", "note"),
        ("aws-secret-access-key", "warning"),
        ("aws-session-token", "warning"),
        ("aws-bedrock-api-key", "error"),
        ("aws-bedrock-short-term-key", "error"),
        ("aws-ses-smtp-password", "warning"),
        ("aws-service-credential", "warning"),
        ("aws-appsync-key", "warning"),
        ("aws-mws-key", "warning"),
    ];
    let of_others = OF_OTHERS.lines().filter_map(|line| line.trim().split_once(' '));
    let expected: Vec<(&str, &str)> = expected.into_iter().chain(of_others).collect();
    assert_eq!(rules, expected, "a new rule is a line in src/rules/token_ids.txt");
    for rule in set.rules.iter().filter(|rule| rule.pack == Pack::Aws) {
        assert!(REMEDIES.contains(&rule.remedy.as_str()), "{}: {}", rule.id, rule.remedy);
    }
}

/// Loads `text` as a user's file.
fn load(text: &str) -> Result<RuleSet, Vec<(usize, String)>> {
    let reported = |faults: Faults| {
        faults.0.into_iter().map(|fault| (fault.line, format!("{}: {}", fault.within, fault.what)))
    };
    let file = (PathBuf::from("team.toml"), text.to_owned());
    RuleSet::with_texts(&[file]).map_err(|faults| reported(faults).collect())
}

const GOOD: &str = r#"
[[rule]]
id = "acme-key"
title = "Acme key"
description = "Opens the works."
anchors = ["acme_"]
regex = 'acme_(?P<secret>[a-z0-9]{20})'
examples = ["key: acme_{{lower:20}}"]
negatives = ["acme_{{lower:19}}", "acme_{{lower:21}}"]
"#;

#[test]
fn a_users_file_adds_rules() {
    let set = load(GOOD).expect("a good file");
    let rule = set.get("acme-key").expect("the added rule");
    assert_eq!((rule.severity, rule.confidence), (Severity::Warning, Confidence::Medium));
    assert_eq!(rule.anchors, [b"acme_".to_vec()]);
    assert!(rule.file.is_some());
    assert_eq!(set.rules.len(), RuleSet::builtin().rules.len() + 1);
}

/// The change to the good file, and the line and words of the resulting fault.
#[test]
fn each_fault_is_reported_with_its_line() {
    let table = [
        ("title =", "titel =", 4, "unknown field 'titel'; did you mean 'title'?"),
        ("title =", "titel =", 2, "'title' is missing"),
        ("{20})'", "{20}'", 7, "'regex' can't be used: unclosed group"),
        ("anchors = [\"acme_\"]", "", 2, "'anchors' is missing or empty"),
        ("[\"acme_\"]", "[\"ac\"]", 6, "anchor 'ac' is too short: 3 bytes"),
        ("[\"acme_\"]", "[\"acme_\", \"Acme-\"]", 6, "anchor 'Acme-' is in none"),
        ("[\"acme_\"]", "[\"acme_\", \"acme_\"]", 6, "anchor 'acme_' is listed twice"),
        ("[\"acme_\"]", "\"acme_\"", 6, "'anchors' must be a list of strings"),
        ("\"acme-key\"", "\"aws-access-key\"", 3, "the id is that of a built-in rule"),
        ("\"acme-key\"", "\"Acme key\"", 3, "'id' must be a lower-case letter"),
        ("[\"key: acme_{{lower:20}}\"]", "[]", 2, "'examples' is missing or empty"),
        ("{{lower:20}}", "{{lower:12}}", 8, "this example is not found: the expression"),
        ("{{lower:20}}", "{{lower:30}}", 8, "this example is not found: the match is part"),
        ("{{lower:20}}", "{{lwoer:20}}", 8, "there is no placeholder 'lwoer'"),
        ("{{lower:19}}", "{{lower:20}}", 9, "this example must not be found"),
        ("<secret>", "<token>", 7, "group 'token' has no meaning"),
        ("'acme_(?P<secret>[a-z0-9]{20})'", "'(?:acme_)?'", 7, "'regex' matches nothing"),
        ("title =", "severity = \"high\"\ntitle =", 4, "'severity' must be one of note, warning"),
        ("title =", "reach = -1\ntitle =", 4, "'reach' must be a whole number from 0 to 16384"),
        ("title =", "labels = [\"A b\"]\ntitle =", 4, "a label must be lower-case"),
        ("title =", "remedy = \"acess-key\"\ntitle =", 4, "there is no procedure 'acess-key'"),
        ("title =", "reader = \"crc\"\ntitle =", 4, "'reader' must be one of bedrock-long-term"),
        ("title =", "reader = \"crc32-base62\"\ntitle =", 9, "it can't be decoded"),
        ("title =", "random = 1\ntitle =", 4, "'random' must be true or false"),
        ("title =", "pack = \"more\"\ntitle =", 4, "'pack' must be a name of your own"),
        ("title =", "pack = \"all\"\ntitle =", 4, "'pack' must be a name of your own"),
        ("title =", "pack = \"Acme\"\ntitle =", 4, "'pack' must be a lower-case letter"),
        ("title =", "pack = \"a,b\"\ntitle =", 4, "'pack' must be a lower-case letter"),
        ("title =", "pack = \"\"\ntitle =", 4, "'pack' must be a lower-case letter"),
        ("title =", "pack = 3\ntitle =", 4, "'pack' must be a string"),
        (
            "title =",
            "revoke = { page = \"acme.example\" }\ntitle =",
            4,
            "'page' must be an address",
        ),
        ("title =", "revoke = { site = \"https://a\" }\ntitle =", 4, "unknown field 'site'"),
        ("title =", "revoke = \"https://a\"\ntitle =", 4, "'revoke' must be a table"),
        ("title =", "pair = { distance = 9 }\ntitle =", 4, "'id' is missing"),
        ("title =", "pair = { id = 'a(' }\ntitle =", 4, "'id' can't be used: unclosed group"),
        ("title =", "pair = { id = 'a*' }\ntitle =", 4, "'id' matches nothing at all"),
        ("title =", "pair = { id = 'a', distance = 9999 }\ntitle =", 4, "'distance' must be"),
        ("title =", "pair = { id = 'AC[0-9]{9}' }\ntitle =", 9, "no id of 'pair' is within"),
        (
            "{{lower:20}}",
            "xxxxxxxxxxxxxxxxxxxx",
            8,
            "this example is not found: it is a placeholder",
        ),
        ("key: acme", "keyacme", 8, "letters or digits continue the match"),
        ("title =", "method = \"pair\"\ntitle =", 4, "unknown field 'method'"),
        ("title =", "title", 4, "not TOML"),
    ];
    for (from, to, line, words) in table {
        assert!(GOOD.contains(from), "{from}");
        let faults = load(&GOOD.replacen(from, to, 1)).expect_err(words);
        let reported = faults.iter().any(|(at, what)| *at == line && what.contains(words));
        assert!(reported, "{to}: wanted {line}: {words}, got {faults:#?}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let text = GOOD.replace("title =", "titel =").replace("{20})'", "{20'") + GOOD;
    let faults = load(&text).expect_err("several faults");
    let lines: Vec<usize> = faults.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 4, 7, 12], "{faults:#?}");
}

#[test]
fn an_id_is_taken_once_for_all_files() {
    let file = |name: &str| (PathBuf::from(name), GOOD.to_owned());
    let faults =
        RuleSet::with_texts(&[file("a.toml"), file("b.toml")]).expect_err("an id that is in use");
    let expected = "b.toml:3: rule 'acme-key': the id is that of the rule at a.toml:3";
    assert!(faults.to_string().starts_with(expected), "{faults}");
}
