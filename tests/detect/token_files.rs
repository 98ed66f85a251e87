//! Tokens of other providers as files and programs write them: the spellings of a key file, ids next to
//! their secrets, ends of sentences, and published examples.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::detect::Engine;
use keysweep::rules::{Packs, RuleSet, builtin_examples};
use keysweep::scan::Detector as _;

use crate::support::Keys;

const GCP: &str = "gcp-service-account-key";

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

/// The text around the fields of a key file, as programs write it: before a name, between name and
/// value, and after it.
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

/// The ends of lines and the signs of base64, as they are written in a value.
const ESCAPES: [&[(&str, &str)]; 11] = [
    &[("\n", "\\n")],
    &[("\n", "\\n"), ("/", "\\/")],
    &[("\n", "\\n"), ("=", "\\u003d")],
    &[("\n", "\\u000a"), ("=", "\\u003D"), ("+", "\\u002b"), ("/", "\\u002F")],
    &[("\n", "\\r\\n")],
    &[("\n", "\\\\n"), ("/", "\\\\/"), ("=", "\\\\u003d")],
    &[("\n", "\\n"), ("=", "=3D")],
    &[("\n", "\\n"), ("=", "%3D")],
    &[("\n", "\\n"), ("=", "&#61;")],
    &[("\n", "\\n"), ("=", "&#x3D;"), ("+", "&#x2B;"), ("/", "&#x2F;")],
    &[("\n", "\\n"), ("=", "\\x3d")],
];

/// Private keys of a service account whose base64 ends in each way: without padding, in `=` and in `==`.
fn private_keys(keys: &mut Keys) -> Vec<String> {
    let sizes =
        ["254", "255", "256"].map(|len| format!("{{{{private-key:pkcs8 {{{{hex:{len}}}}}}}}}"));
    let made: Vec<String> = sizes.iter().map(|template| keys.filled(template)).collect();
    let ends: BTreeSet<usize> = made.iter().map(|key| key.matches('=').count()).collect();
    assert_eq!(ends, BTreeSet::from([0, 1, 2]));
    made
}

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
    let all_keys = private_keys(&mut keys);
    for (number, (syntax, open, between, close)) in SYNTAXES.into_iter().enumerate() {
        for (escapes, key) in ESCAPES.iter().zip(all_keys.iter().cycle().skip(number)) {
            let id = keys.filled("{{hex:40}}");
            let escape = |key: String, (sign, escape): &(&str, &str)| key.replace(sign, escape);
            let written = escapes.iter().fold(key.clone(), escape);
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
                // However it is written, it is one key.
                let expected = (GCP.to_owned(), Some(id.clone()), key.clone());
                assert_eq!(found(&engine, &text), [expected], "{syntax}: {text}");
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

/// A key file as Google writes it.
fn key_file(id: &str, key: &str) -> String {
    let line = key.replace('\n', "\\n");
    format!(
        "{{\n  \"type\": \"service_account\",\n  \"project_id\": \"acme\",\n  \"private_key_id\": \"{id}\",\n  \
         \"private_key\": \"{line}\\n\",\n  \"client_email\": \"ci@acme.iam.gserviceaccount.com\"\n}}\n"
    )
}

#[test]
fn a_key_file_in_base64_is_found_under_any_name_and_is_the_same_key() {
    let engine = engine();
    let mut keys = Keys::new("key files in base64");
    for key in private_keys(&mut keys) {
        let id = keys.filled("{{hex:40}}");
        let file = key_file(&id, &key);
        let compact = file.replace("\n  ", "").replace("\": \"", "\":\"").replace("\n}\n", "}");
        for file in [&file, &compact, &file.replace("\n  ", "\n\t"), &file.replace('\n', "\r\n")] {
            let value = STANDARD.encode(file);
            for text in [
                format!("X={value}\n"),
                format!("env:\n  GCLOUD_SERVICE_KEY: {value}\n  FOO: bar\n"),
                format!(
                    "{{\"type\": \"google_service_account_key\", \"private_key\": \"{value}\"}}\n"
                ),
                format!("{}\nGOOGLE={value}\n", "x: y\n".repeat(100)),
                format!("  google: |\n    {}\n", wrapped(&value, 76, "\n    ")),
            ] {
                let expected = (GCP.to_owned(), Some(id.clone()), key.clone());
                assert_eq!(found(&engine, &text), [expected], "{text}");
            }
        }
    }
}

#[test]
fn a_key_file_in_quoted_printable_is_found() {
    let engine = engine();
    let mut keys = Keys::new("key files in mails");
    for key in private_keys(&mut keys) {
        let id = keys.filled("{{hex:40}}");
        let file = key_file(&id, &key).replace('=', "=3D");
        let lines = file.lines().map(|line| wrapped(line, 72, "=\n"));
        // A soft break does not cut an escape.
        let body = lines.collect::<Vec<_>>().join("\n");
        let body = body.replace("==\n3D", "=3D=\n").replace("=3=\nD", "=3D=\n");
        let text = format!("Content-Transfer-Encoding: quoted-printable\n\n{body}\n");
        let expected = (GCP.to_owned(), Some(id.clone()), key.clone());
        assert_eq!(found(&engine, &text), [expected], "{text}");
    }
}

/// A text with a break after each `width` characters.
fn wrapped(text: &str, width: usize, line_break: &str) -> String {
    let starts = (0..text.len()).step_by(width);
    let lines: Vec<&str> = starts.map(|at| &text[at..text.len().min(at + width)]).collect();
    lines.join(line_break)
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
    for (before, len, after) in [
        ("a0", 180, "\""),
        ("c.", 300, "........\""),
        ("c.b0", 700, "...."),
        ("d.", 120, ".\n"),
        ("1.", 60, " "),
    ] {
        let token = keys.filled(&format!("ya29.{before}{{{{base64url:{len}}}}}"));
        let text = format!("\"access_token\": \"{token}{after}");
        let all = found(&engine, &text);
        assert_eq!(all, [("google-access-token".to_owned(), None, token)], "{text}");
    }
    for none in ["ya29.c.{{base64url:30}}.{{base64url:30}}", "ya29.cc.{{base64url:80}}"] {
        assert_eq!(found(&engine, &keys.filled(none)), [], "{none}");
    }
}

/// Everybody copies the signature of the documentation with fields of his own. It is split in two, so
/// that this file holds none.
#[test]
fn a_published_signature_is_an_example_whatever_its_fields_are() {
    let engine = engine();
    let sig = ["Z%2FRHIX5Xcg0Mq2rqI3Ol", "WTjEg2tYkboXr1P9ZUXDtkk"].concat();
    let examples = |text: &str| {
        let result = engine.whole(text.as_bytes());
        (result.candidates.len(), result.examples)
    };
    for text in [
        format!(
            "https://a.blob.core.windows.net/c?sv=2015-04-05&se=2015-04-30T02%3A23%3A26Z&sr=b&sig={sig}%3D\n"
        ),
        format!("\"sv=2020-09-05&sr=b&sig={sig}%3d&se=2050-09-30T02%3A23%3A26Z&sp=rw\""),
        format!("sv=2012-02-12&amp;sr=b&amp;sp=rw&amp;sig={sig}=\n").replace("%2F", "/"),
    ] {
        assert_eq!(examples(&text), (0, 1), "{text}");
        assert_eq!(examples(&text.replace("Xcg0", "Xcg1")), (1, 0), "{text}");
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
        ("telegram=", ["110201543:AAHdqTcvCH1vGWJ", "xfSe1ofSAs0K5PALDsaw"]),
        ("firebase=", ["AIzaSyD3asb-2pEZVqMk", "mL6M9N6nHZRR_znhrh0"]),
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
