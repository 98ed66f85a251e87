//! The rules of other providers: neighbours, wrong checksums, spellings, and what a token says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::detect::Engine;
use keysweep::finding::{Candidate, Confidence};
use keysweep::rules::{Boundary, builtin_examples};
use keysweep::scan::Detector as _;

use super::examples::{examples, rules, secret};
use crate::support::Keys;

/// The first candidate of a rule whose credential is in order.
fn of_rule(found: Vec<Candidate>, rule: &str) -> Option<Candidate> {
    let is_one = |one: &Candidate| one.credential.rule.as_str() == rule;
    found.into_iter().find(|one| is_one(one) && !one.credential.details.made_up)
}

#[test]
fn a_letter_next_to_a_token_makes_it_part_of_something_longer() {
    let (rules, engine) = (rules(), Engine::new(&rules()));
    for (rule, text, credential) in examples("neighbours of tokens", 1) {
        let shape = rules.get(&rule).and_then(|rule| rule.shape.as_ref()).expect("a shape");
        if shape.boundary == Boundary::None && rule != "telegram-bot-token" {
            continue;
        }
        for longer in [format!("q{credential}"), format!("{credential}q")] {
            let text = text.replace(&credential, &longer);
            let found = engine.whole(text.as_bytes()).candidates;
            let same = found
                .iter()
                .find(|one| one.credential.rule.as_str() == rule && secret(one) == credential);
            assert!(same.is_none(), "{rule}: {text}");
        }
    }
}

#[test]
fn a_wrong_letter_makes_a_token_with_a_checksum_made_up() {
    const CHECKSUMS: [&str; 8] = [
        "crc32-base62",
        "github-fine-grained",
        "gitlab-routable",
        "grafana",
        "cloudflare",
        "atlassian",
        "azure-key",
        "macaroon",
    ];
    let (rules, engine) = (rules(), Engine::new(&rules()));
    let mut tried = 0;
    for (rule, text, credential) in examples("wrong checksums", 1) {
        let reader = rules.get(&rule).and_then(|rule| rule.reader);
        if !reader.is_some_and(|reader| CHECKSUMS.contains(&reader.name())) {
            continue;
        }
        tried += 1;
        // After the prefix and the lengths in a macaroon, before the mark of a key.
        let at = if reader.is_some_and(|reader| reader.name() == "macaroon") { 7 } else { 15 };
        let mut wrong = credential.clone().into_bytes();
        wrong[at] = if wrong[at] == b'h' { b'k' } else { b'h' };
        let text = text.replace(&credential, &String::from_utf8_lossy(&wrong));
        let found = engine.whole(text.as_bytes()).candidates;
        let one = found.iter().find(|one| one.credential.rule.as_str() == rule);
        let one = one.unwrap_or_else(|| panic!("{rule} vanished: {text}"));
        assert!(one.credential.details.made_up, "{rule}: {text}");
        assert_eq!(one.confidence, Confidence::Low, "{rule}: {text}");
    }
    assert!(tried > 15, "{tried} rules with a checksum");
}

#[test]
fn tokens_are_found_in_utf_16_and_in_a_kubernetes_secret() {
    let engine = Engine::new(&rules());
    for (rule, text, credential) in examples("spellings of tokens", 1) {
        if rule == "gcp-service-account-key" || rule == "private-key" {
            continue;
        }
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let found = of_rule(engine.whole(&utf16).candidates, &rule);
        assert_eq!(found.as_ref().map(secret), Some(credential.clone()), "{rule} in UTF-16");
    }
    let mut keys = Keys::new("tokens in Kubernetes Secrets");
    for template in [
        "{{crc32-base62:npm_{{alnum:30}}}}",
        "{{gitlab-routable:glpat-{{base64url:27}}.01.{{lower:2}}}}",
        "dckr_pat_{{alnum:27}}",
        "sk_live_{{alnum:40}}",
    ] {
        let token = keys.filled(template);
        let text = format!("kind: Secret\ndata:\n  token: {}\n", STANDARD.encode(&token));
        let found = engine.whole(text.as_bytes()).candidates;
        assert!(found.iter().any(|one| secret(one) == token), "{text}");
    }
}

#[test]
fn a_private_key_is_found_in_files_and_in_source_code() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("spellings of private keys");
    for form in ["rsa", "pkcs8", "ec", "openssh", "encrypted"] {
        let key = keys.filled(&format!("{{{{private-key:{form} {{{{hex:256}}}}}}}}"));
        let joined = format!("key = \"{}\"", key.replace('\n', "\\n\" +\n  \""));
        let mut first = None;
        for text in [
            format!("{key}\n"),
            format!("{}\r\n", key.replace('\n', "\r\n")),
            format!("key: |\n  {}\n", key.replace('\n', "\n  ")),
            format!("{{\"key\": \"{}\\n\"}}", key.replace('\n', "\\n")),
            joined,
            format!("@@ -0,0 +1,9 @@\n+{}\n", key.replace('\n', "\n+")),
            format!("+{}\r\n", key.replace('\n', "\r\n+")),
            format!("// {}\n", key.replace('\n', "\n// ")),
            format!("10:01:02 INFO {}\n", key.replace('\n', "\n10:02:03 INFO ")),
            format!("app_1  | {}\n", key.replace('\n', "\napp_1  | ")),
            format!(
                "{{\"log\":\"{}\\n\",\"stream\":\"a\"}}\n",
                key.replace('\n', "\\n\",\"stream\":\"a\"}\n{\"log\":\"")
            ),
            format!("  client-key-data: {}\n", STANDARD.encode(format!("{key}\n"))),
            format!("kind: Secret\ndata:\n  tls.key: {}\n", STANDARD.encode(&key)),
        ] {
            let found = of_rule(engine.whole(text.as_bytes()).candidates, "private-key");
            let found = found.map(|one| secret(&one));
            // However it is written, it is one key; `ssh-keygen` breaks lines after 70 letters.
            let is_same = |found: &String| match form {
                "openssh" => found.replace('\n', "") == key.replace('\n', ""),
                _ => *found == key,
            };
            assert!(found.as_ref().is_some_and(is_same), "{form}: {text}");
            assert!(first.get_or_insert(found.clone()) == &found, "{form}: {text}");
        }
    }
}

#[test]
fn findings_say_what_keys_and_tokens_contain() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("facts of tokens");
    let mut found = |rule: &str, template: &str| {
        let text = keys.filled(template);
        let found = of_rule(engine.whole(text.as_bytes()).candidates, rule);
        found.unwrap_or_else(|| panic!("{rule}: {text}")).credential
    };
    let open = found("private-key", "{{private-key:openssh {{hex:256}}}}\n");
    assert_eq!(open.details.encrypted, Some(false));
    assert!(open.details.key_fingerprint.is_some_and(|print| print.starts_with("SHA256:")));
    let closed = found("private-key", "{{private-key:openssh-encrypted {{hex:256}}}}\n");
    assert_eq!(closed.details.encrypted, Some(true));
    let jwt = found(
        "jwt",
        r#"{{base64url-of:{"alg":"HS256"} }}.{{base64url-of:{"iss":"https://a.example","exp":1700000000} }}.{{base64url:43}}"#,
    );
    assert_eq!(jwt.expires.as_deref(), Some("2023-11-14T22:13:20Z"));
    assert_eq!(jwt.details.issuer.as_deref(), Some("https://a.example"));
    let account = found(
        "gcp-service-account-key",
        r#"{"private_key_id": "{{hex:40}}", "private_key": "{{private-key:pkcs8 {{hex:256}}}}\n"}"#,
    );
    assert!(account.key_id.is_some_and(|id| id.len() == 40));
}

/// A key file of a service account of Google Cloud, and its private key.
fn service_account(keys: &mut Keys) -> (String, String) {
    let key = keys.filled("{{private-key:pkcs8 {{hex:256}}}}");
    let id = keys.filled("{{hex:40}}");
    let line = key.replace('\n', "\\n");
    let file = format!(
        "{{\n  \"type\": \"service_account\",\n  \"private_key_id\": \"{id}\",\n  \"private_key\": \
         \"{line}\\n\",\n  \"client_email\": \"a@b.iam.gserviceaccount.com\"\n}}\n"
    );
    (file, key)
}

#[test]
fn a_credential_inside_a_more_exact_one_is_reported_once() {
    let engine = Engine::new(&rules());
    let kinds = |text: &[u8]| -> Vec<String> {
        let found = engine.whole(text).candidates;
        found.iter().map(|one| one.credential.rule.to_string()).collect()
    };
    let mut keys = Keys::new("a key file of a service account");
    let (file, key) = service_account(&mut keys);
    let quoted = format!("{{\"credentials\": {}}}\n", serde_json::to_string(&file).expect("JSON"));
    let secret = STANDARD.encode(&file);
    let secret = format!("apiVersion: v1\nkind: Secret\ndata:\n  key.json: {secret}\n");
    let utf16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (form, text) in [
        ("a file", file.as_bytes()),
        ("in a string of JSON", quoted.as_bytes()),
        ("in a Kubernetes Secret", secret.as_bytes()),
        ("in UTF-16", &utf16),
    ] {
        assert_eq!(kinds(text), ["gcp-service-account-key"], "{form}");
    }
    assert_eq!(kinds(key.as_bytes()), ["private-key"], "alone it is a key like any other");
    let other = keys.filled("{{private-key:pkcs8 {{hex:256}}}}");
    let both = format!("{file}\n{other}\n");
    assert_eq!(kinds(both.as_bytes()), ["gcp-service-account-key", "private-key"]);
    let (second, _) = service_account(&mut keys);
    let list = engine.whole(format!("[\n{file},\n{second}]\n").as_bytes()).candidates;
    let list = list.iter().map(|one| (one.credential.rule.as_str(), one.confidence));
    let sure = ("gcp-service-account-key", Confidence::High);
    assert_eq!(list.collect::<Vec<_>>(), [sure, sure], "each has its own id");
    // A nested token may be found only in a view of the text, or at the border of a window.
    let far = format!("{}\n{file}", "x\n".repeat(40_000));
    assert_eq!(kinds(far.as_bytes()), ["gcp-service-account-key"]);
}

#[test]
fn no_example_is_reported_by_two_rules() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("examples of one rule each");
    let mut twice = Vec::new();
    for examples in builtin_examples() {
        for template in &examples.positive {
            let found = engine.whole(keys.filled(template).as_bytes()).candidates;
            let found: Vec<(String, String)> = found
                .iter()
                .filter(|one| one.credential.secret.is_some())
                .map(|one| (one.credential.rule.to_string(), secret(one)))
                .collect();
            for (outer, text) in &found {
                let inner =
                    found.iter().filter(|(inner, part)| inner != outer && text.contains(part));
                twice.extend(inner.map(|(inner, _)| format!("{inner} in {outer}")));
            }
        }
    }
    assert_eq!(twice, Vec::<String>::new());
}

/// The surroundings of a token in files: quotes of languages and of shells, markup, addresses,
/// escapes of strings in strings.
const SURROUNDINGS: [(&str, &str); 24] = [
    ("", ""),
    (" ", " "),
    ("\t", "\r\n"),
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
    ("(", ")"),
    ("[", "]"),
    (">", "</"),
    (":", ","),
    ("=", ";"),
    ("=", "&x=1"),
    ("\\\"", "\\\""),
    ("\\\\\\\"", "\\\\\\\""),
    ("\"", "\\n\""),
    ("=", "\\r\\nNEXT=1"),
    ("\\u0022", "\\u0022"),
    ("%22", "%22"),
    ("&quot;", "&quot;"),
    ("&#39;", "&#39;"),
    ("'\"", "\"'"),
    ("://x:", "@host"),
    ("| ", " |"),
    ("**", "**"),
];

#[test]
fn a_token_is_found_whatever_is_around_it() {
    // Found only after some characters, because their first letters are too common to be searched for.
    const AFTER_SOME: [&str; 6] = [
        "crates-io-token",
        "nuget-key",
        "replicate-token",
        "square-access-token",
        "huggingface-token",
        "sendgrid-key",
    ];
    let (rules, engine) = (rules(), Engine::new(&rules()));
    let mut missed = Vec::new();
    for (rule, text, credential) in examples("surroundings of tokens", 1) {
        let shape = rules.get(&rule).and_then(|rule| rule.shape.as_ref()).expect("a shape");
        // The expressions of the others contain what is around their credential.
        if shape.regex.as_str().contains("(?P<secret>") || rule == "private-key" {
            continue;
        }
        // Its own escapes are undone with those around it.
        if credential.contains('%') {
            continue;
        }
        for (before, after) in SURROUNDINGS {
            let text = text.replace(&credential, &format!("{before}{credential}{after}"));
            let found = of_rule(engine.whole(text.as_bytes()).candidates, &rule);
            if found.as_ref().map(secret).as_ref() != Some(&credential) {
                missed.push((rule.clone(), format!("{before}…{after}")));
            }
        }
    }
    let unknown: Vec<_> =
        missed.iter().filter(|(rule, _)| !AFTER_SOME.contains(&rule.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    for rule in AFTER_SOME {
        let after: Vec<&str> =
            missed.iter().filter(|(name, _)| name == rule).map(|(_, around)| &**around).collect();
        for common in ["\"…\"", "'…'", "=…;", " … "] {
            assert!(!after.contains(&common), "{rule}: {common}");
        }
    }
}
