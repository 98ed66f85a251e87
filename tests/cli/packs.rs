//! Packs of rules: the packs that each command applies, and the reports on tokens.

use serde_json::Value;

use crate::support::{Keys, Project};

const GITHUB: &str = "{{crc32-base62:ghp_{{alnum:30}}}}";

/// A repository with an AWS key and a token, and an earlier commit.
fn repository(name: &str) -> Project {
    let mut keys = Keys::new(name);
    let project = Project::new();
    project.git(&["init", "-q"]);
    project.file("README", "nothing\n").git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    let token = keys.filled(GITHUB);
    project.file("a.env", keys.pair().env).file("b.env", format!("GITHUB_TOKEN={token}\n"));
    project.git(&["add", "."]);
    project
}

fn kinds(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    let mut kinds: Vec<String> = findings
        .iter()
        .map(|one| one["rule"].as_str().expect("a rule").split('-').next().expect("it").to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn every_command_that_scans_obeys_the_option_and_the_configuration() {
    let project = repository("packs of commands");
    let run = |command: &[&str], more: &[&str]| {
        let options = ["--format", "json", "--fail-on", "never"];
        kinds(&project.keysweep([command, more, &options].concat()).run().json())
    };
    let commands = |committed: bool| -> Vec<&[&str]> {
        match committed {
            false => vec![&["scan"], &["staged"]],
            true => vec![
                &["scan"],
                &["history"],
                &["range", "HEAD~1..HEAD"],
                &["sweep", "."],
                &["sweep", ".", "--jobs", "2"],
            ],
        }
    };
    for committed in [false, true] {
        if committed {
            project.git(&["commit", "-q", "-m", "second"]);
        }
        for command in commands(committed) {
            assert_eq!(run(command, &[]), ["aws", "github"], "{command:?}");
            assert_eq!(run(command, &["--pack", "aws"]), ["aws"], "{command:?}");
            assert_eq!(run(command, &["--pack", "tokens"]), ["github"], "{command:?}");
            assert_eq!(run(command, &["--pack", "tokens,aws"]), ["aws", "github"], "{command:?}");
            let both = ["--pack", "more", "--pack", "aws"];
            assert_eq!(run(command, &both), ["aws"], "{command:?}");
            assert_eq!(run(command, &["--pack", "all"]), ["aws", "github"], "{command:?}");
        }
    }
    project.file("packs.toml", "packs = [\"tokens\"]\n");
    for command in commands(true) {
        let config = ["--config", "packs.toml"];
        assert_eq!(run(command, &config), ["github"], "{command:?}");
        let both = [&config[..], &["--pack", "aws"]].concat();
        assert_eq!(run(command, &both), ["aws"], "{command:?}");
    }
    let wrong = project.keysweep(["scan", "--pack", "npm"]).run().exits(2);
    assert!(wrong.stderr.contains("expected one of aws, tokens, more, all"), "{}", wrong.stderr);
}

#[test]
fn a_scanned_project_cannot_switch_aws_off() {
    let project = repository("packs of projects");
    let run = || project.keysweep(["scan", "--format", "json", "--fail-on", "never"]).run();
    project.file(".keysweep.toml", "packs = [\"aws\"]\n");
    assert_eq!(kinds(&run().json()), ["aws"]);
    project.file(".keysweep.toml", "packs = [\"tokens\"]\n");
    let refused = run().exits(2);
    assert!(refused.stderr.contains("'packs' of a project must contain aws"), "{}", refused.stderr);
    let chosen = project.keysweep(["scan", "--no-config", "--pack", "tokens", "--format", "json"]);
    assert_eq!(kinds(&chosen.run().json()), ["github"]);
}

#[test]
fn partials_of_other_packs_are_other_results() {
    let project = repository("packs of partials");
    project.git(&["commit", "-q", "-m", "second"]);
    let sweep = |more: &[&str]| {
        let words = ["sweep", ".", "--fail-on", "never", "--quiet"];
        project.keysweep([&words[..], more].concat()).run().exits(0)
    };
    sweep(&["--pack", "aws", "--partial", "aws.partial"]);
    sweep(&["--partial", "all.partial"]);
    let merged = |file: &str| {
        let words = ["merge", file, "--format", "json", "--fail-on", "never"];
        kinds(&project.keysweep(words).run().exits(0).json())
    };
    assert_eq!(
        (merged("aws.partial"), merged("all.partial")),
        (vec!["aws".to_owned()], vec!["aws".to_owned(), "github".to_owned()],)
    );
    // Results of fewer packs are not reused.
    let again = sweep(&["--since", "aws.partial", "--format", "json"]);
    assert_eq!(kinds(&again.json()), ["aws", "github"]);
}

#[test]
fn a_baseline_suppresses_tokens_and_keeps_entries_of_packs_that_are_off() {
    let project = repository("packs of baselines");
    project.git(&["commit", "-q", "-m", "second"]);
    project.keysweep(["baseline", "--yes", "--reason", "old"]).run().exits(0);
    let text = std::fs::read_to_string(project.at(".keysweep-baseline")).expect("a baseline");
    assert!(text.contains(" github-token ghp_..."), "{text}");
    project.keysweep(["scan"]).run().exits(0);
    let scan = project.keysweep(["scan", "--pack", "aws"]).run().exits(0);
    assert!(!scan.stderr.contains("stale"), "{}", scan.stderr);
    project.keysweep(["baseline", "--prune", "--pack", "aws"]).run().exits(0);
    let kept = std::fs::read_to_string(project.at(".keysweep-baseline")).expect("a baseline");
    assert_eq!(kept, text);
}

#[test]
fn no_report_names_aws_to_the_owner_of_another_providers_token() {
    let mut keys = Keys::new("words about tokens");
    let project = Project::new();
    project.git(&["init", "-q"]);
    let token = keys.filled(GITHUB);
    project.file("b.env", format!("GITHUB_TOKEN={token}\n")).git(&["add", "."]);
    let never = ["aws ", "IAM", "CloudTrail", "AWS key", "AWS credential", "key id", "access key"];
    let check = |what: &str, text: &str| {
        // The program's own name and description, and the catalogue of rules, are not about it.
        for word in never {
            assert!(!text.contains(word), "{what} says {word}: {text}");
        }
        assert!(text.contains("github"), "{what}: {text}");
    };
    for format in ["text", "short", "json", "jsonl", "github", "gitlab", "junit", "csv", "markdown"]
    {
        let ran = project.keysweep(["scan", "--no-progress", "--format", format]).run().exits(1);
        let head = ran.stdout.replace("key_id", "").replace("keysweep_rule_id", "");
        check(format, &head);
    }
    let sarif = project.keysweep(["scan", "--format", "sarif"]).run().json();
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let rule = rules.iter().find(|rule| rule["id"] == "github-token").expect("the rule");
    assert!(rule["helpUri"].as_str().expect("an address").starts_with("https://github.com/"));
    check("the help of the rule", &rule.to_string());
    check("the result", &run["results"].to_string());
    check("explain", &project.keysweep(["explain", "github-token"]).run().exits(0).stdout);
    let hook = project.keysweep(["staged", "--hook"]).run().exits(1);
    check("the hook", &(hook.stdout + &hook.stderr));
    let page = project.keysweep(["scan", "--format", "html"]).run().exits(1).stdout;
    assert!(page.contains("GitHub"), "the page names the token");
}

#[test]
fn a_made_up_token_is_an_example_unless_low_confidence_is_asked_for() {
    let mut keys = Keys::new("made up");
    let project = Project::new();
    let token = keys.filled(GITHUB);
    let last = if token.ends_with('a') { "b" } else { "a" };
    project.file("a.env", format!("t={}{last}\n", &token[..token.len() - 1]));
    let usual = project.keysweep(["scan", "--format", "json"]).run().exits(0).json();
    assert_eq!(usual["coverage"]["left_out"]["examples"], 1, "{usual}");
    let low = project.keysweep(["scan", "--format", "json", "--min-confidence", "low"]);
    let low = low.run().exits(1).json();
    assert_eq!(low["findings"][0]["details"]["made_up"], true, "{low}");
    assert_eq!(low["findings"][0]["confidence"], "low");
}

#[test]
fn the_id_of_a_weak_pair_of_another_provider_is_not_one_of_aws() {
    let mut keys = Keys::new("ids of other providers");
    let project = Project::new();
    let key =
        keys.filled("-----BEGIN PRIVATE KEY-----\\n{{base64:200}}\\n-----END PRIVATE KEY-----");
    let id = "0f1e2d3c4b".repeat(4);
    let file = format!("{{\"private_key_id\": \"{id}\", \"private_key\": \"{key}\\n\"}}\n");
    project.file("key.json", file);
    let pair = keys.filled("twilio_sid: AC{{hex:32}}\ntwilio_auth_token: {{hex:32}}\n");
    project.file("twilio.yaml", pair);
    project.file("aws.env", keys.pair().env);
    let rules = |args: &[&str]| {
        let report =
            project.keysweep([&["scan", "--format", "json"], args].concat()).run().exits(1).json();
        let findings = report["findings"].as_array().expect("findings");
        let rule = |one: &Value| one["rule"].as_str().expect("a rule").to_owned();
        let mut rules: Vec<String> = findings.iter().map(rule).collect();
        rules.sort();
        (rules, report["coverage"]["left_out"]["examples"].clone())
    };
    assert_eq!(rules(&[]), (["aws-access-key", "twilio-key"].map(String::from).into(), 1.into()));
    let high = rules(&["--min-confidence", "high"]).0;
    assert_eq!(high, ["aws-access-key"]);
    let low = rules(&["--min-confidence", "low"]).0;
    assert_eq!(low, ["aws-access-key", "gcp-service-account-key", "twilio-key"]);
}

#[test]
fn rules_are_listed_with_their_packs() {
    let project = Project::new();
    let text = project.keysweep(["rules"]).run().exits(0).stdout;
    let line = listed(&text, "github-token");
    assert!(line.contains("tokens") && !line.contains("(off)"), "{line}");
    let text = project.keysweep(["rules", "--pack", "aws"]).run().exits(0).stdout;
    let line = listed(&text, "github-token");
    assert!(line.ends_with("(off)"), "{line}");
    let list = project.keysweep(["rules", "--format", "json"]).run().json();
    let rule = rule_in(&list, "github-token");
    assert_eq!((&rule["pack"], &rule["applies"]), (&"tokens".into(), &true.into()));
    assert_eq!(rule["reader"], "crc32-base62");
}

/// A rule of a user whose credentials begin with `KIND_live_`, in a pack of its own or in none.
fn own_rule(kind: &str, pack: Option<&str>) -> String {
    let pack = pack.map(|pack| format!("pack = \"{pack}\"\n")).unwrap_or_default();
    format!(
        "[[rule]]\nid = \"{kind}-key\"\ntitle = \"Key\"\ndescription = \"Opens it.\"\n{pack}\
         anchors = [\"{kind}_live_\"]\nregex = '{kind}_live_[a-z0-9]{{24}}'\n\
         examples = [\"k={kind}_live_{{{{lower:24}}}}\"]\n"
    )
}

/// Rules of a user: one without a pack, and two with packs of their own.
fn own_rules() -> String {
    own_rule("acme", None) + &own_rule("shop", Some("shop")) + &own_rule("lab", Some("lab"))
}

/// The line of a rule in the list of `keysweep rules`.
#[track_caller]
fn listed<'a>(list: &'a str, rule: &str) -> &'a str {
    let mut lines = list.lines();
    lines.find(|line| line.split(' ').next() == Some(rule)).expect("a line")
}

/// A rule in the JSON of `keysweep rules`.
#[track_caller]
fn rule_in<'a>(list: &'a Value, rule: &str) -> &'a Value {
    let mut rules = list["rules"].as_array().expect("rules").iter();
    rules.find(|one| one["id"] == rule).expect("the rule")
}

/// A repository with a credential of each kind in its newest commit, and the rules at its root.
fn own_repository(name: &str) -> Project {
    let project = repository(name);
    let mut keys = Keys::new(&format!("{name}, own rules"));
    let own = ["acme", "shop", "lab"].map(|kind| {
        let value = keys.filled(&format!("{kind}_live_{{{{lower:24}}}}"));
        format!("k={value}\n")
    });
    project.file("own.env", own.concat()).file(".keysweep.toml", own_rules());
    project.git(&["add", "."]).git(&["commit", "-q", "-m", "second"]);
    project
}

#[test]
fn packs_of_users_are_switched_like_built_in_ones() {
    let project = own_repository("packs of users");
    project.file("own.toml", own_rules());
    let all: &[&str] = &["acme", "aws", "github", "lab", "shop"];
    let commands: [&[&str]; 4] = [
        &["scan", "--config", "own.toml"],
        &["history", "--config", "own.toml"],
        &["range", "HEAD~1..HEAD", "--config", "own.toml"],
        &["sweep", ".", "--jobs", "2", "--config", "own.toml"],
    ];
    let run = |command: &[&str], more: &[&str]| {
        let options = ["--format", "json", "--fail-on", "never"];
        kinds(&project.keysweep([command, more, &options].concat()).run().exits(0).json())
    };
    // A rule without a pack always applies; one with a pack does unless packs are chosen.
    let table: [(&[&str], &[&str]); 6] = [
        (&[], all),
        (&["--pack", "all"], all),
        (&["--pack", "aws"], &["acme", "aws"]),
        (&["--pack", "shop"], &["acme", "shop"]),
        (&["--pack", "tokens,lab"], &["acme", "github", "lab"]),
        (&["--pack", "lab", "--pack", "aws,shop"], &["acme", "aws", "lab", "shop"]),
    ];
    for command in commands {
        for (options, expected) in table {
            assert_eq!(run(command, options), expected, "{command:?} {options:?}");
        }
    }
    // The file of the project works like one that --config names, and the option wins over both.
    for (packs, options, expected) in [
        ("[\"aws\", \"lab\"]", &[][..], &["acme", "aws", "lab"][..]),
        ("[\"aws\", \"tokens\"]", &[], &["acme", "aws", "github"]),
        ("[\"all\"]", &[], all),
        ("[\"aws\", \"lab\"]", &["--pack", "shop"], &["acme", "shop"]),
    ] {
        project.file(".keysweep.toml", format!("packs = {packs}\n{}", own_rules()));
        assert_eq!(run(&["scan"], options), expected, "{packs} {options:?}");
    }
}

/// A rule of the user's own counts if its findings have an id, about which AWS can be asked.
#[cfg(feature = "verify")]
#[test]
fn live_keys_need_a_rule_that_finds_ids() {
    const PAIRS: &str = r#"
[[rule]]
id = "cloud-key"
title = "Cloud key"
description = "Opens the cloud."
pack = "cloud"
anchors = ["cloud:"]
regex = 'cloud:(?P<id>[A-Z0-9]{20}):(?P<secret>[a-z0-9]{40})'
examples = ["k=cloud:{{upper:20}}:{{lower:40}}"]
"#;
    let project = Project::new();
    project.file("all/readme", "nothing\n").file("own.toml", own_rules() + PAIRS);
    for command in ["scan", "sweep"] {
        for option in [&["--only-live"][..], &["--verify", "--fail-on", "active"]] {
            let run = |packs: &str| {
                let more = ["--config", "own.toml", "--pack", packs];
                project.keysweep([&[command, "all"], option, &more].concat()).run()
            };
            for packs in ["tokens", "shop", "shop,lab,more"] {
                let ran = run(packs).exits(2);
                assert!(ran.stderr.contains("without the pack aws"), "{packs}: {}", ran.stderr);
            }
            for packs in ["shop,aws", "cloud", "all"] {
                run(packs).exits(0);
            }
        }
    }
}

#[test]
fn an_unknown_pack_is_refused_with_the_choices() {
    let project = own_repository("unknown packs");
    let refused = |args: &[&str], words: &str| {
        let ran = project.keysweep(args).run().exits(2);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
    };
    let choices = "--pack shopp: expected one of aws, tokens, more, lab, shop, all";
    for command in [&["scan"][..], &["history"], &["staged"], &["baseline"], &["rules"]] {
        refused(&[command, &["--pack", "shopp"]].concat(), choices);
    }
    // A sweep reads no file of a target, so it has no pack of one.
    refused(&["sweep", ".", "--pack", "shop"], "expected one of aws, tokens, more, all; a pack of");
    refused(&["sweep", ".", "--pack", "shop"], "--config");
    refused(&["scan", "--no-config", "--pack", "shop"], "expected one of aws, tokens, more, all;");
    refused(&["scan", "--pack", ""], "expected one of aws");
    project.file(".keysweep.toml", format!("packs = [\"aws\", \"shopp\"]\n{}", own_rules()));
    refused(&["scan"], ".keysweep.toml:1: unknown pack");
    refused(&["scan"], "'packs' must be of aws, tokens, more, lab, shop, all");
    // A project can't switch AWS off with a pack of its own either.
    project.file(".keysweep.toml", format!("packs = [\"shop\"]\n{}", own_rules()));
    refused(&["scan"], "'packs' of a project must contain aws");
    let named = own_rules().replace("pack = \"shop\"", "pack = \"tokens\"");
    project.file(".keysweep.toml", named);
    refused(&["scan"], "'pack' must be a name of your own");
}

#[test]
fn baselines_and_partials_know_the_packs_of_users() {
    let project = own_repository("remembered packs of users");
    let rules = project.keysweep(["rules", "--pack", "shop"]).run().exits(0).stdout;
    let line = |id: &str| listed(&rules, id);
    assert!(line("shop-key").contains("  shop    ") && !line("shop-key").contains("(off)"));
    assert!(line("lab-key").contains(" (off)") && !line("acme-key").contains("(off)"));
    let list = project.keysweep(["rules", "--format", "json"]).run().json();
    let lab = rule_in(&list, "lab-key");
    assert_eq!((&lab["pack"], &lab["applies"]), (&"lab".into(), &true.into()));
    // A baseline keeps what was not looked for.
    project.keysweep(["baseline", "--yes", "--reason", "old"]).run().exits(0);
    let text = std::fs::read_to_string(project.at(".keysweep-baseline")).expect("a baseline");
    assert!(text.contains(" lab-key "), "{text}");
    let scan = project.keysweep(["scan", "--pack", "aws"]).run().exits(0);
    assert!(!scan.stderr.contains("stale"), "{}", scan.stderr);
    // Results without a pack are not reused where it applies.
    project.file("own.toml", own_rules());
    let sweep = |more: &[&str]| {
        let words = ["sweep", ".", "--fail-on", "never", "--quiet", "--config", "own.toml"];
        project.keysweep([&words[..], more].concat()).run().exits(0)
    };
    sweep(&["--pack", "aws,tokens", "--partial", "part.partial"]);
    let again = sweep(&["--since", "part.partial", "--format", "json"]);
    assert!(kinds(&again.json()).contains(&"lab".to_owned()));
}
