//! Examples of AWS's documentation, in clear and encoded, and similar ones that people write: they
//! are counted, never reported. Random ids and secrets do not count as examples.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::rules::RuleSet;
use keysweep::scan::{Detected, Detector as _};

use crate::support::Keys;

/// AWS's documented id and the beginning of its documented secret, in halves.
const ID: [&str; 2] = ["AKIA", "IOSFODNN7EXAMPLE"];
const SECRET: [&str; 2] = ["wJalrXUtnFEMI", "/K7MDENG/bPxRfiCYEXAMPLEKEY"];

fn detect(text: &str) -> Detected<<Engine as keysweep::scan::Detector>::BaseState> {
    Engine::new(&RuleSet::builtin()).whole(text.as_bytes())
}

#[track_caller]
fn is_quiet(text: &str) {
    let found = detect(text);
    let reported: Vec<&str> =
        found.candidates.iter().map(|one| one.credential.rule.as_str()).collect();
    assert!(reported.is_empty(), "{reported:?} in {text}");
    assert!(found.examples > 0, "nothing was counted in {text}");
}

/// A text of an id and a secret.
type Form = fn(&str, &str) -> String;

#[test]
fn the_documented_example_in_base64_is_an_example() {
    let (id, secret) = (ID.concat(), SECRET.concat());
    let once = |text: &str| STANDARD.encode(text);
    let forms: [(&str, Form); 12] = [
        ("Kubernetes", |id, secret| {
            format!(
                "apiVersion: v1\nkind: Secret\ndata:\n  AWS_ACCESS_KEY_ID: {id}\n  AWS_SECRET_ACCESS_KEY: {secret}\n"
            )
        }),
        ("quoted", |id, secret| {
            format!("data:\n  access-key-id: \"{id}\"\n  secret-access-key: \"{secret}\"\n")
        }),
        ("single quotes", |id, secret| format!("data:\n  id: '{id}'\n  secret: '{secret}'\n")),
        ("secret first", |id, secret| format!("data:\n  secretKey: {secret}\n  accessKey: {id}\n")),
        ("JSON", |id, secret| {
            format!("{{\"data\":{{\"accessKeyId\":\"{id}\",\"secretAccessKey\":\"{secret}\"}}}}")
        }),
        ("env", |id, secret| format!("AWS_ACCESS_KEY_ID_B64={id}\nAWS_SECRET_KEY_B64={secret}\n")),
        ("shell", |id, secret| {
            format!(
                "export AWS_ACCESS_KEY_ID=$(echo {id} | base64 -d)\nexport AWS_SECRET_ACCESS_KEY=$(echo {secret} | base64 -d)\n"
            )
        }),
        ("secret alone", |_, secret| format!("aws_secret_access_key: {secret}\n")),
        ("quoted alone", |_, secret| format!("awsSecretAccessKey = \"{secret}\"\n")),
        ("id alone", |id, _| format!("aws_access_key_id: {id}\n")),
        ("one line", |id, secret| format!("aws {id} secret {secret}\n")),
        ("XML", |id, secret| {
            format!("<accessKey>{id}</accessKey>\n<secretKey>{secret}</secretKey>\n")
        }),
    ];
    for (name, form) in forms {
        is_quiet(&form(&once(&id), &once(&secret)));
        is_quiet(&form(&once(&format!("{id}\n")), &once(&format!("{secret}\n"))));
        // Encoded twice: nothing is reported, whether or not it is recognised.
        let twice = detect(&form(&once(&once(&id)), &once(&once(&secret))));
        assert!(twice.candidates.is_empty(), "{name}: {:?}", twice.candidates);
    }
    let profile =
        format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    is_quiet(&format!("credentials: {}\n", once(&profile)));
    is_quiet(&format!("credentials: \"{}\"\n", once(&profile)));
}

#[test]
fn a_service_credential_of_a_documented_account_is_an_example() {
    let mut keys = Keys::new("documented account");
    let password = |keys: &mut Keys| format!("{}{}=", keys.secret(), &keys.secret()[..3]);
    for account in ["123456789012", "111122223333", "444455556666", "555555555555"] {
        let forms: [Form; 3] = [
            |user, password| {
                format!("\"ServiceUserName\": \"{user}\",\n\"ServicePassword\": \"{password}\",\n")
            },
            |user, password| format!("username = {user}\npassword = {password}\n"),
            |user, password| {
                format!(
                    "https://{user}:{password}@git-codecommit.us-east-1.amazonaws.com/v1/repos/x\n"
                )
            },
        ];
        for form in forms {
            is_quiet(&form(&format!("sofia-at-{account}"), &password(&mut keys)));
        }
    }
    let real = "username = sofia-at-210987654321\n".to_owned();
    let real = format!("{real}password = {}\n", password(&mut keys));
    assert_eq!(detect(&real).candidates.len(), 1, "{real}");
}

/// A secret of random characters except for its beginning.
fn with_beginning(keys: &mut Keys, beginning: &str, end: &str) -> String {
    let random = keys.secret();
    format!("{beginning}{}{end}", &random[..40 - beginning.len() - end.len()])
}

#[test]
fn variants_of_an_example_are_examples() {
    let mut keys = Keys::new("near examples");
    let bodies = [
        "IOSFODNN7EXAMAAA",
        "IOSFODNN7QZK3VWT",
        "IOSFODNN72345672",
        "XIOSFODNN7ZZKWQ3",
        "HARDCODEDACCKEY7",
        "MYACCESSKEYID234",
        "THISISNOTAREALKE",
        "NOTAREALKEY23456",
        "FORTESTINGONLY22",
        "UNITTESTUNITTEST",
        "FOOBARFOOBARFOO7",
        "LEAKEDKEYLEAKED2",
        "ADMINUSERACCOUN2",
        "PUTYOURKEYIDHERE",
        "DEMOUSERDEMOUSER",
        "ABCDEFGHIJKLMNOP",
        "ABCDE23456ABCDE2",
        "ZYXWVUTSRQPONMLK",
        "A2B3C4D5E6F7G2H3",
        "QZKTVWMBQZKTVWMB",
        "AAAAAAAAAAAAAAAA",
        "2345672345672345",
    ];
    let mut secrets = vec![
        with_beginning(&mut keys, SECRET[0], "SAMPLEKEY"),
        with_beginning(&mut keys, SECRET[0], "TESTKEY"),
        with_beginning(&mut keys, SECRET[0], "KEY"),
        with_beginning(&mut keys, SECRET[0], ""),
        with_beginning(&mut keys, &format!("{}/K7MDENG/", SECRET[0]), ""),
        with_beginning(&mut keys, "je7MtGbClwBF/", "EXAMPLEKEY"),
        with_beginning(&mut keys, "Sample", ""),
        with_beginning(&mut keys, "", "SecretKey"),
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN".to_owned(),
        "0123456789abcdefghijklmnopqrstuvwxyzABCD".to_owned(),
        "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONM".to_owned(),
    ];
    let piece = &keys.secret()[..20];
    secrets.push(format!("{piece}{piece}"));
    for body in bodies {
        is_quiet(&format!("aws_access_key_id = AKIA{body}\n"));
    }
    for secret in &secrets {
        assert_eq!(secret.len(), 40, "{secret}");
        is_quiet(&format!("aws_secret_access_key = {secret}\n"));
        for body in bodies {
            is_quiet(&format!("AWS_ACCESS_KEY_ID=AKIA{body}\nAWS_SECRET_ACCESS_KEY={secret}\n"));
        }
    }
    // Repeated characters are not a secret at all.
    let text = format!("aws_secret_access_key = {}\n", "Ab3/".repeat(10));
    assert!(detect(&text).candidates.is_empty());
}

/// `cargo bench --bench random` counts a million.
#[test]
fn random_keys_are_not_examples() {
    let mut keys = Keys::new("no examples");
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for number in 0..2_000 {
        let mut of = |alphabet: &[u8], len: usize| -> String {
            let next = |_| char::from(alphabet[keys.next() as usize % alphabet.len()]);
            (0..len).map(next).collect()
        };
        let (id, secret) = (of(alphabet, 16), of(base64, 40));
        text += &format!("{number} AKIA{id} {secret}\n");
    }
    let found = detect(&text);
    assert_eq!(found.examples, 0);
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let rule = |one: &'_ Candidate| one.credential.rule.as_str().to_owned();
    let reported: Vec<String> = found.candidates.iter().map(rule).collect();
    reported.iter().for_each(|rule| *rules.entry(rule).or_default() += 1);
    assert_eq!(found.candidates.len(), 2_000, "{rules:?}");
}
