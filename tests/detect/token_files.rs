//! Tokens of other providers as files and programs write them: the spellings of a key file, ids next to
//! their secrets, ends of sentences, and published examples.

use keysweep::detect::Engine;
use keysweep::rules::{Packs, RuleSet, builtin_examples};
use keysweep::scan::Detector as _;

use crate::support::Keys;

fn engine() -> Engine {
    Engine::new(&RuleSet { packs: Packs::all(), ..RuleSet::builtin() })
}

/// The rules, ids and secrets that are found in a text, without made-up ones.
fn found(engine: &Engine, text: &str) -> Vec<(String, Option<String>, String)> {
    let candidates = engine.whole(text.as_bytes()).candidates;
    let good = candidates.into_iter().filter(|one| !one.credential.details.made_up);
    good.map(|one| {
        let secret = one.credential.secret.as_ref().map(|secret| secret.expose().to_vec());
        let secret = String::from_utf8_lossy(&secret.unwrap_or_default()).into_owned();
        (one.credential.rule.to_string(), one.credential.key_id, secret)
    })
    .collect()
}

/// How programs write the fields of a key file: before a name, between name and value, and after it.
const SYNTAXES: [(&str, &str, &str, &str); 9] = [
    ("JSON", "\"", "\": \"", "\",\n"),
    ("JSON on one line", "\"", "\":\"", "\","),
    ("Python", "'", "': '", "', "),
    ("JavaScript", "", ": '", "',\n"),
    ("JSON in a string", "\\\"", "\\\": \\\"", "\\\",\\n"),
    ("JSON in a string in a string", "\\\\\\\"", "\\\\\\\":\\\\\\\"", "\\\\\\\","),
    ("YAML", "", ": \"", "\"\n"),
    ("Ruby", ":", " => \"", "\",\n"),
    ("HCL", "", " = \"", "\"\n"),
];

/// How the ends of lines and the signs of base64 are written in a value.
const ESCAPES: [&[(&str, &str)]; 6] = [
    &[("\n", "\\n")],
    &[("\n", "\\n"), ("/", "\\/")],
    &[("\n", "\\n"), ("=", "\\u003d")],
    &[("\n", "\\u000a"), ("=", "\\u003D"), ("+", "\\u002b"), ("/", "\\u002F")],
    &[("\n", "\\r\\n")],
    &[("\n", "\\\\n"), ("/", "\\\\/"), ("=", "\\\\u003d")],
];

#[test]
fn the_key_of_a_service_account_is_found_in_any_order_quotes_and_escapes() {
    let engine = engine();
    let mut keys = Keys::new("key files of service accounts");
    let orders: [&[&str]; 4] = [
        &["type", "private_key_id", "private_key", "client_email"],
        &["client_email", "private_key", "private_key_id", "type"],
        &["private_key", "client_email", "type", "private_key_id"],
        &["private_key_id", "client_email", "type", "private_key"],
    ];
    for (syntax, open, between, close) in SYNTAXES {
        for escapes in ESCAPES {
            let (key, id) =
                (keys.filled("{{private-key:pkcs8 {{hex:256}}}}"), keys.filled("{{hex:40}}"));
            let written = escapes.iter().fold(key, |key, (sign, escape)| key.replace(sign, escape));
            let value = |name: &str| match name {
                "private_key" => written.clone(),
                "private_key_id" => id.clone(),
                "type" => "service_account".to_owned(),
                _ => "ci@acme.iam.gserviceaccount.com".to_owned(),
            };
            for order in orders {
                let fields = order.iter();
                let fields = fields.map(|name| [open, name, between, &value(name), close].concat());
                let text = format!("x = {{{}}}\n", fields.collect::<String>());
                let all = found(&engine, &text);
                let ids: Vec<_> =
                    all.iter().map(|(rule, id, _)| (&**rule, id.as_deref())).collect();
                assert_eq!(ids, [("gcp-service-account-key", Some(&*id))], "{syntax}: {text}");
            }
        }
    }
}

#[test]
fn the_key_of_a_service_account_is_found_in_blocks_and_variables_and_not_far_from_its_id() {
    let engine = engine();
    let mut keys = Keys::new("other key files of service accounts");
    let key = keys.filled("{{private-key:pkcs8 {{hex:256}}}}");
    let id = keys.filled("{{hex:40}}");
    let (block, line) = (key.replace('\n', "\n    "), key.replace('\n', "\\n"));
    for text in [
        format!("a:\n  private_key_id: {id}\n  private_key: |\n    {block}\n"),
        format!("FIREBASE_PRIVATE_KEY_ID={id}\nFIREBASE_PRIVATE_KEY=\"{line}\\n\"\n"),
        format!(
            "- name: PRIVATE_KEY_ID\n  value: {id}\n- name: PRIVATE_KEY\n  value: \"{line}\"\n"
        ),
        format!("privateKeyId: '{id}', privateKey: '{line}'"),
    ] {
        assert_eq!(found(&engine, &text)[0].0, "gcp-service-account-key", "{text}");
    }
    let far = "x: y\n".repeat(400);
    for text in [
        format!("private_key_id: {id}\n{far}private_key: {line}\n"),
        format!("private_key_id\ncommit {id}\nprivate_key: {line}\n"),
        format!("private_key_id: {id}0\nprivate_key: {line}\n"),
    ] {
        let kinds: Vec<_> = found(&engine, &text).into_iter().map(|one| one.0).collect();
        assert_eq!(kinds, ["private-key"], "{text}");
    }
}

#[test]
fn an_id_directly_before_a_secret_takes_the_place_of_a_label() {
    let engine = engine();
    let mut keys = Keys::new("ids next to secrets");
    for (rule, name, id, secret) in [
        ("twilio-key", "twilio", "AC{{hex:32}}", "{{hex:32}}"),
        ("twilio-key", "Twilio", "SK{{hex:32}}", "{{alnum:32}}"),
        ("alibaba-access-key", "aliyun", "LTAI5t{{alnum:18}}", "{{alnum:30}}"),
        ("tencent-secret-key", "tencent", "AKID{{alnum:32}}", "{{alnum:32}}"),
    ] {
        let (id, secret) = (keys.filled(id), keys.filled(secret));
        for text in [
            format!("{name}('{id}', '{secret}')"),
            format!("{name}(region, \"{id}\",\"{secret}\");"),
            format!("{name}(\n  `{id}`,\n  `{secret}`,\n)"),
            format!("curl https://api.{name}.com/ -u {id}:{secret}\n"),
            format!("https://{id}:{secret}@api.{name}.com/"),
        ] {
            let expected = (rule.to_owned(), Some(id.clone()), secret.clone());
            assert_eq!(found(&engine, &text), [expected], "{text}");
        }
        for text in [
            format!("{name}('{id}', x, '{secret}')"),
            format!("{name} {id}\n{secret}\n"),
            format!("{name}('{id}0', '{secret}')"),
            format!("{name}('{id}', \"{secret}\")"),
            format!("{name}('{id}', '{secret}0')"),
        ] {
            assert_eq!(found(&engine, &text), [], "{text}");
        }
    }
}

#[test]
fn the_end_of_a_sentence_is_not_a_part_of_a_token() {
    let engine = engine();
    let mut keys = Keys::new("ends of sentences");
    let mut tried = 0;
    for examples in builtin_examples() {
        let rule = examples.rule.as_str();
        // A password may end in a full stop.
        if rule.starts_with("aws-") || rule == "database-url" {
            continue;
        }
        for template in &examples.positive {
            let text = keys.filled(template);
            let own = |text: &str| found(&engine, text).into_iter().find(|one| one.0 == rule);
            // One random token in some thousands looks like a word.
            let Some((_, _, secret)) = own(&text) else { continue };
            if !text.contains(&secret) {
                continue;
            }
            tried += 1;
            for end in [".", ". ", ".\n", "...\n", ", ", "!", "?", ");"] {
                let text = text.replacen(&secret, &format!("{secret}{end}"), 1);
                let same = own(&text).is_some_and(|one| one.2 == secret);
                assert!(same, "{rule} before {end:?}: {text}");
            }
        }
    }
    assert!(tried > 200, "{tried}");
}

#[test]
fn tokens_of_google_s_service_accounts_have_a_second_dot() {
    let engine = engine();
    let mut keys = Keys::new("access tokens of Google");
    for (before, len, behind) in [
        ("a0", 180, "\""),
        ("c.", 300, "........\""),
        ("c.b0", 700, "...."),
        ("d.", 120, ".\n"),
        ("1.", 60, " "),
    ] {
        let token = keys.filled(&format!("ya29.{before}{{{{base64url:{len}}}}}"));
        let text = format!("\"access_token\": \"{token}{behind}");
        let all = found(&engine, &text);
        assert_eq!(all, [("google-access-token".to_owned(), None, token)], "{text}");
    }
    for none in ["ya29.c.{{base64url:30}}.{{base64url:30}}", "ya29.cc.{{base64url:80}}"] {
        assert_eq!(found(&engine, &keys.filled(none)), [], "{none}");
    }
}

/// The tokens are split in two, so that this file holds none.
#[test]
fn what_documentation_shows_is_an_example() {
    let engine = engine();
    for (before, halves) in [
        ("SG=", ["SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHo", "Tf-09kqeF8tAmbihYzrnopKc-1s5cr"]),
        ("MAILGUN=", ["key-3ax6xnjp29jd6fds", "4gc373sgvjxteol0"]),
        (
            "DT=",
            [
                "dt0c01.ST2EY72KQINMH574WMNVI7YN.G3DFPBEJYMODIDAE",
                "X454M7YWBUVEFOWKPRVMWFASS64NFH52PX6BNDVFFM572RZM",
            ],
        ),
        ("key=", ["AIzaSyDaGmWKa4JsXZ-HjG", "w7ISLn_3namBGewQe"]),
        ("stripe=", ["sk_test_4eC39HqLyj", "WDarjtT1zdp7dc"]),
    ] {
        let text = format!("{before}{}\n", halves.concat());
        let result = engine.whole(text.as_bytes());
        assert!(result.candidates.is_empty(), "{before}");
        assert_eq!(result.examples, 1, "{before}");
        // The next letter makes another token of it, which may be somebody's.
        let last = if text.ends_with("0\n") { "1\n" } else { "0\n" };
        let other = format!("{}{last}", &text[..text.len() - 2]);
        assert_eq!(engine.whole(other.as_bytes()).examples, 0, "{before}");
    }
}
