//! Pairs of which each half is encoded by itself, as in the `data` of a Kubernetes Secret.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::*;

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// How a half is written; `true` for the secret.
type Writing = (&'static str, fn(&str, bool) -> String);

const WRITINGS: [Writing; 9] = [
    ("base64", |text, _| STANDARD.encode(text)),
    ("base64 without padding", |text, _| STANDARD_NO_PAD.encode(text)),
    ("base64 of a line", |text, _| STANDARD.encode(format!("{text}\n"))),
    ("base64 twice", |text, _| STANDARD.encode(STANDARD.encode(text))),
    ("hexadecimal digits", |text, _| hex(text)),
    ("base64 with escapes", |text, _| {
        STANDARD.encode(text).replace('/', "\\/").replace('=', "\\u003d")
    }),
    ("a clear id", |text, is_secret| match is_secret {
        true => STANDARD.encode(text),
        false => text.to_owned(),
    }),
    ("a clear secret", |text, is_secret| match is_secret {
        true => text.to_owned(),
        false => STANDARD.encode(text),
    }),
    ("two encodings", |text, is_secret| match is_secret {
        true => hex(text),
        false => STANDARD.encode(text),
    }),
];

/// Texts around the halves of some keys; the halves are written already.
const TEXTS: [(&str, Layout); 9] = [
    ("Secret", |p, records, reverse| {
        let block = |tag: &str, inner: &str| {
            format!("---\nkind: Secret\nmetadata:\n  name: {tag}\ndata:\n{inner}")
        };
        let write = |half: usize, value: &str| format!("  {}: {value}\n", p.variables[half]);
        blocks(records, reverse, block, write)
    }),
    ("Secret in JSON", |p, records, reverse| {
        let block = |tag: &str, inner: &str| {
            format!(
                "{{\"kind\": \"Secret\", \"metadata\": {{\"name\": \"{tag}\"}}, \"data\": {{{inner} \"x\": \"MQ==\"}}}},\n"
            )
        };
        let write = |half: usize, value: &str| format!("\"{}\": \"{value}\",", p.variables[half]);
        format!(
            "{{\"kind\": \"List\", \"items\": [\n{}{{}}]}}\n",
            blocks(records, reverse, block, write)
        )
    }),
    ("one Secret", |p, records, reverse| {
        let lines = each(records, reverse, |tag, half, value| {
            format!("  {tag}_{}: {value}\n", p.variables[half])
        });
        format!("apiVersion: v1\ndata:\n{lines}kind: Secret\n")
    }),
    ("variables in base64", |p, records, reverse| {
        each(records, reverse, |tag, half, value| {
            format!("{tag}_{}_BASE64={value}\n", p.variables[half])
        })
    }),
    ("commands", |p, records, reverse| {
        each(records, reverse, |tag, half, value| {
            format!("export {tag}_{}=$(echo {value} | base64 -d)\n", p.variables[half])
        })
    }),
    ("values of a chart", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("{tag}:\n  {}:\n{inner}", p.service);
        let write =
            |half: usize, value: &str| format!("    {}: {value} # base64\n", p.fields[half]);
        blocks(records, reverse, block, write)
    }),
    ("Terraform", |p, records, reverse| {
        let block = |tag: &str, inner: &str| {
            format!("provider \"{}\" {{\n  alias = \"{tag}\"\n{inner}}}\n\n", p.service)
        };
        blocks(records, reverse, block, |half, value| {
            format!("  {} = base64decode(\"{value}\")\n", p.fields[half])
        })
    }),
    ("calls", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("{tag} = {}.Client({inner})\n", p.service);
        blocks(records, reverse, block, |half, value| {
            format!("{}=b64decode(\"{value}\"), ", p.fields[half])
        })
    }),
    ("Secret in a string", |p, records, reverse| {
        let lines = each(records, reverse, |tag, half, value| {
            format!("\\\"{tag}_{}\\\":\\\"{value}\\\",", p.variables[half])
        });
        format!(
            "  last-applied: \"{{\\\"kind\\\":\\\"Secret\\\",\\\"data\\\":{{{lines}\\\"x\\\":1}}}}\"\n"
        )
    }),
];

#[test]
fn halves_that_are_encoded_one_by_one_are_joined_as_if_they_were_clear() {
    let engine = engine();
    let mut bad = Vec::new();
    for provider in &PROVIDERS {
        for (name, layout) in TEXTS {
            for (writing, write) in WRITINGS {
                // Ids of Alibaba and Tencent are their own anchors. In base64 they are found where the
                // text announces it, and not in a Secret inside a string or in further layers.
                let is_string = name == "Secret in a string";
                let is_hidden = match provider.service {
                    "alicloud" => {
                        is_string || writing == "base64 twice" || name == "variables in base64"
                    }
                    "tencentcloud" => is_string,
                    _ => false,
                };
                if is_hidden && writing != "a clear id" {
                    continue;
                }
                for (kind, reverse) in
                    [("2", false), ("2", true), ("22", false), ("is", false), ("i2s", true)]
                {
                    // The names of halves in commands are not those of records.
                    if name == "commands" && kind.contains('s') {
                        continue;
                    }
                    let mut keys = Keys::new(&[provider.service, name, writing, kind].concat());
                    let records = records(kind, &engine, provider, &mut keys);
                    let encoded = records.iter().map(|record| Record {
                        tag: record.tag.clone(),
                        halves: [0, 1].map(|half| {
                            record.halves[half].as_ref().map(|value| write(value, half == 1))
                        }),
                    });
                    let encoded: Vec<Record> = encoded.collect();
                    let text = layout(provider, &encoded, reverse);
                    let found = engine.whole(text.as_bytes()).candidates;
                    let faults = faults(&found, provider, &records, true);
                    let of = |fault| {
                        format!("{} {name}, {writing} {kind} {reverse}: {fault}", provider.service)
                    };
                    bad.extend(faults.into_iter().map(of));
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} faults:\n{}", bad.len(), bad.join("\n"));
}

/// A login is an id and a secret in one value. The provider's name may be outside of it.
#[test]
fn a_login_of_an_id_and_a_secret_is_a_pair() {
    let engine = engine();
    for provider in &PROVIDERS {
        let mut keys = Keys::new(&format!("login {}", provider.service));
        let records = records("2", &engine, provider, &mut keys);
        let [Some(id), Some(secret)] = &records[0].halves else { panic!("two halves") };
        let login = STANDARD.encode(format!("{id}:{secret}"));
        let service = provider.service;
        for text in [
            format!("{{\"auths\": {{\"{service}.example\": {{\"auth\": \"{login}\"}}}}}}"),
            format!("curl -H 'Authorization: Basic {login}' https://api.{service}.example/\n"),
            format!("//npm.{service}.example/:_auth={login}\n"),
            format!("{service}:\n  login: {login} # base64\n"),
        ] {
            let found = engine.whole(text.as_bytes()).candidates;
            let faults = faults(&found, provider, &records, true);
            assert!(faults.is_empty(), "{text}: {faults:?}");
            assert_eq!(found.len(), 1, "{text}");
        }
    }
}

/// The place of a half is its encoded run, and its encodings are those of the run.
#[test]
fn an_encoded_half_has_its_place_and_its_encodings() {
    let engine = engine();
    let mut keys = Keys::new("places of encoded halves");
    let provider = &PROVIDERS[0];
    let records = records("2", &engine, provider, &mut keys);
    let [Some(id), Some(secret)] = &records[0].halves else { panic!("two halves") };
    let (id, secret) = (STANDARD.encode(id), STANDARD.encode(STANDARD.encode(secret)));
    let text =
        format!("kind: Secret\ndata:\n  TWILIO_ACCOUNT_SID: {id}\n  TWILIO_AUTH_TOKEN: {secret}\n");
    let found = engine.whole(text.as_bytes()).candidates;
    let [one] = &found[..] else { panic!("one pair: {found:?}") };
    let line = |at: u64| text.lines().nth(at as usize - 1).expect("a line");
    for (region, value) in [(one.sighting.id, &id), (one.sighting.secret, &secret)] {
        let region = region.expect("a place");
        let columns = region.start.column as usize - 1..region.end.column as usize - 1;
        assert_eq!(&line(region.start.line)[columns], value);
    }
    assert_eq!(one.sighting.decoded, [Encoding::Base64, Encoding::Base64]);
}

/// What is not a credential in the clear is none if it is encoded.
#[test]
fn encoded_digests_and_values_of_other_names_are_not_secrets() {
    let engine = engine();
    for provider in &PROVIDERS {
        let mut keys = Keys::new(&format!("digests {}", provider.service));
        let [id, secret] = pair(&engine, provider, &mut keys).map(|half| STANDARD.encode(half));
        let name = provider.variables[0];
        for text in [
            format!("kind: Secret\ndata:\n  {name}: {id}\n  commit: {secret}\n"),
            format!("kind: Secret\ndata:\n  {name}: {id}\n"),
            format!("kind: Secret\ndata:\n  secret: {secret}\n"),
        ] {
            let found = engine.whole(text.as_bytes()).candidates;
            assert!(
                found.iter().all(|one| one.credential.rule.as_str() != provider.rule),
                "{text}"
            );
        }
    }
}
