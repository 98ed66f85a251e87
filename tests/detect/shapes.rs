//! Rules of an anchor and an expression: encodings, placeholders, checksums, boundaries and pairs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::detect::Engine;
use keysweep::finding::{Candidate, Confidence};
use keysweep::rules::template::Filler;
use keysweep::rules::{Pack, Packs, RuleSet};
use keysweep::scan::Detector as _;

use crate::support::Keys;

const GITHUB: &str = "{{crc32-base62:ghp_{{alnum:30}}}}";

fn scan(text: &[u8]) -> Vec<Candidate> {
    Engine::new(&RuleSet::builtin()).whole(text).candidates
}

fn holds(found: &[Candidate], secret: &str) -> bool {
    let is = |one: &Candidate| {
        one.credential.secret.as_ref().is_some_and(|own| own.expose() == secret.as_bytes())
    };
    found.iter().any(is)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_token_is_found_in_the_encodings_in_which_it_leaks() {
    let mut keys = Keys::new("encodings of tokens");
    let token = keys.filled(GITHUB);
    let encoded = |text: &str| STANDARD.encode(text);
    let twice = encoded(&format!(
        "{{\"auths\":{{\"r\":{{\"auth\":\"{}\"}}}}}}",
        encoded(&format!("bob:{token}"))
    ));
    let texts: Vec<Vec<u8>> = [
        format!("GITHUB_TOKEN={token}\n"),
        token.clone(),
        format!("https://x:{token}@github.com/a/b"),
        format!("https%3A%2F%2Fx%3A{token}%40github.com"),
        format!("{{\"t\": \"{}\"}}", token.replace('_', "\\u005f")).replace("\\u005f", "_"),
        format!("<t>&quot;{token}&quot;</t>"),
        // At each alignment, in Docker's configuration and in a Kubernetes Secret.
        format!("\"auth\": \"{}\"", encoded(&format!("b:{token}"))),
        format!("\"auth\": \"{}\"", encoded(&format!("bo:{token}"))),
        format!("\"auth\": \"{}\"", encoded(&format!("bob:{token}"))),
        format!("apiVersion: v1\nkind: Secret\ndata:\n  token: {}\n", encoded(&token)),
        format!("kind: Secret\ndata:\n  .dockerconfigjson: {twice}\n"),
        format!("x={}", encoded(&format!("token {token}\n"))),
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([utf16(&format!("token = {token}\r\n"))])
    .collect();
    for text in texts {
        assert!(holds(&scan(&text), &token), "{}", String::from_utf8_lossy(&text));
    }
}

/// A rule without `encoded`: nearby text announces base64.
const ACME: &str = r#"
[[rule]]
id = "acme-key"
title = "Acme key"
description = "Opens the works."
confidence = "high"
anchors = ["acme_"]
regex = 'acme_(?P<secret>[A-Za-z0-9]{32})'
examples = ["key: acme_{{alnum:32}}"]
"#;

fn with(rules: &str) -> Engine {
    let file = ("acme.toml".into(), rules.to_owned());
    Engine::new(&RuleSet::with_texts(&[file]).expect("good rules"))
}

#[test]
fn a_token_in_base64_is_found_where_something_announces_it() {
    let mut keys = Keys::new("announced base64");
    let secret = keys.filled("{{alnum:32}}");
    let token = format!("acme_{secret}");
    let engine = with(ACME);
    let encoded = STANDARD.encode(format!("bob:{token}"));
    for (text, is_found) in [
        (format!("\"auth\": \"{encoded}\""), true),
        (format!("kind: Secret\ndata:\n  password: {encoded}\n"), true),
        (format!("printf {encoded} | base64 -d"), true),
        (format!("\"name\": \"{encoded}\""), false),
    ] {
        let found = engine.whole(text.as_bytes()).candidates;
        assert_eq!(holds(&found, &secret), is_found, "{text}");
    }
}

#[test]
fn a_placeholder_is_counted_and_not_reported() {
    let engine = with(ACME);
    let mut filler = Filler::new(1);
    for (body, is_found) in [
        ("{{alnum:32}}", true),
        ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false),
        ("00000000000000000000000000000000", false),
        ("12345678901234567890123456789012", false),
        ("abcdefghijklmnopqrstuvwxyzABCDEF", false),
        ("deadbeefdeadbeefdeadbeefdeadbeef", false),
        ("yourtokenhereyourtokenhereyourto", false),
        ("{{alnum:25}}EXAMPLE", false),
    ] {
        let text = filler.fill(&format!("key: acme_{body}\n")).expect("a template");
        let found = engine.whole(text.as_bytes());
        assert_eq!(found.candidates.len(), usize::from(is_found), "{text}");
        assert_eq!(found.examples, u64::from(!is_found), "{text}");
    }
}

#[test]
fn a_token_with_a_wrong_checksum_has_low_confidence() {
    let mut keys = Keys::new("checksums");
    let token = keys.filled(GITHUB);
    let last = if token.ends_with('a') { "b" } else { "a" };
    let wrong = [&token[..token.len() - 1], last].concat();
    for (token, confidence) in [(token, Confidence::High), (wrong, Confidence::Low)] {
        let [one] = &scan(format!("t={token}\n").as_bytes())[..] else { panic!("one") };
        assert_eq!(one.confidence, confidence);
        assert_eq!(one.credential.details.made_up, confidence == Confidence::Low);
    }
}

#[test]
fn neighbours_of_the_whole_match_make_it_part_of_more() {
    let engine = with(ACME);
    let mut filler = Filler::new(1);
    for (text, is_found) in [
        ("acme_{{alnum:32}}", true),
        ("\"acme_{{alnum:32}}\"", true),
        ("my-acme_{{alnum:32}}", true),
        ("Xacme_{{alnum:32}}", false),
        ("9acme_{{alnum:32}}", false),
        ("acme_{{alnum:33}}", false),
    ] {
        let text = filler.fill(text).expect("a template");
        assert_eq!(engine.whole(text.as_bytes()).candidates.len(), usize::from(is_found), "{text}");
    }
}

#[test]
fn a_word_is_not_a_credential_that_must_look_random() {
    let engine = with(&ACME.replace("anchors", "random = true\nanchors"));
    let random = Filler::new(1).fill("acme_{{alnum:32}}").expect("a template");
    let word = "acme_getTheNameOfThisVeryLongFunction";
    assert_eq!(word.len(), "acme_".len() + 32);
    assert_eq!(engine.whole(random.as_bytes()).candidates.len(), 1);
    assert_eq!(engine.whole(word.as_bytes()).candidates.len(), 0);
}

/// A secret of 32 digits and an id that begins with AC.
const PAIRED: &str = r#"
[[rule]]
id = "acme-secret"
title = "Acme secret"
description = "Opens the works."
confidence = "high"
anchors = ["acme"]
regex = '[0-9a-f]{32}'
reach = 400
pair = { id = 'AC[0-9a-f]{32}', distance = 200 }
examples = ["acme_id=AC{{hex:32}} acme_secret={{hex:32}}"]
negatives = ["acme_secret={{hex:32}}"]
"#;

/// The joined pairs: the confidence of each secret's pair with an id, by their numbers.
fn pairs(template: &str) -> Vec<(usize, usize, Confidence)> {
    let mut keys = Keys::new(template);
    let ids: Vec<String> = (0..3).map(|_| keys.filled("AC{{hex:32}}")).collect();
    let secrets: Vec<String> = (0..3).map(|_| keys.filled("{{hex:32}}")).collect();
    let mut text = template.replace("FAR", &"far away\n".repeat(30));
    for number in 0..3 {
        text = text.replace(&format!("ID{number}"), &ids[number]);
        text = text.replace(&format!("SECRET{number}"), &secrets[number]);
    }
    let number = |all: &[String], value: &str| all.iter().position(|one| one == value);
    let found = with(PAIRED).whole(text.as_bytes()).candidates;
    let mut pairs: Vec<_> = found
        .iter()
        .filter(|one| one.credential.rule.as_str() == "acme-secret")
        .map(|one| {
            let secret = one.credential.secret.as_ref().expect("a secret").expose();
            let secret = number(&secrets, &String::from_utf8_lossy(secret)).expect("ours");
            let id = one.credential.key_id.as_deref().expect("an id");
            (number(&ids, id).expect("ours"), secret, one.confidence)
        })
        .collect();
    pairs.sort_by_key(|(_, secret, _)| *secret);
    pairs
}

#[test]
fn a_secret_is_joined_with_its_id_and_never_with_high_confidence_with_another() {
    use Confidence::{High, Low, Medium};
    for (template, expected) in [
        ("acme_id=ID0\nacme_secret=SECRET0\n", vec![(0, 0, High)]),
        ("acme_secret=SECRET0\nacme_id=ID0\n", vec![(0, 0, High)]),
        // The same id twice is one.
        ("# acme ID0\nacme_id=ID0\nacme_secret=SECRET0\n", vec![(0, 0, High)]),
        // No id, or one that is too far away.
        ("acme_secret=SECRET0\n", vec![]),
        ("acme_id=ID0\nFAR\nacme_secret=SECRET0\n", vec![]),
        // In turn.
        (
            "acme id=ID0 secret=SECRET0\nid=ID1 secret=SECRET1\n",
            vec![(0, 0, Medium), (1, 1, Medium)],
        ),
        // Two ids: which one is open.
        ("acme a=ID0 b=ID1 secret=SECRET0\n", vec![(1, 0, Medium)]),
        (
            "acme secret=SECRET0 a=ID0                                        \
          b=ID1                                                        \n",
            vec![(0, 0, Medium)],
        ),
        // Two secrets of one id.
        ("acme id=ID0 secret=SECRET0 other=SECRET1\n", vec![(0, 0, Medium), (0, 1, Low)]),
    ] {
        assert_eq!(pairs(template), expected, "{template}");
    }
}

#[test]
fn packs_decide_which_rules_apply() {
    let mut keys = Keys::new("packs");
    let (pair, token) = (keys.pair(), keys.filled(GITHUB));
    let own = keys.filled("{{alnum:32}}");
    let text = format!("{}GITHUB_TOKEN={token}\nkey: acme_{own}\n", pair.env);
    for (packs, aws, tokens) in [
        (Packs::default(), true, true),
        (Packs::all(), true, true),
        (Packs::of([Pack::Aws]), true, false),
        (Packs::of([Pack::Tokens]), false, true),
        (Packs::of([]), false, false),
    ] {
        let file = ("acme.toml".into(), ACME.to_owned());
        let mut rules = RuleSet::with_texts(&[file]).expect("good rules");
        rules.packs = packs;
        let found = Engine::new(&rules).whole(text.as_bytes()).candidates;
        let shown = rules.packs.names();
        assert_eq!(holds(&found, &pair.secret), aws, "{shown}");
        assert_eq!(holds(&found, &token), tokens, "{shown}");
        assert!(holds(&found, &own), "rules of configurations always apply: {shown}");
        let ids = found.iter().filter(|one| one.credential.key_id.as_deref() == Some(&pair.id));
        assert_eq!(ids.count(), usize::from(aws), "{shown}");
    }
}
