//! Encoded text: credentials in random layouts, through compositions of encodings, are found whole,
//! paired correctly, and at their location to the byte.
//!
//! [`Written`] is a text and where each byte of the first one went; an encoding maps it on. The
//! program's own decoders have no part in that.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::location::{LineIndex, Position};
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::support::{Keys, compress};

mod blocks;
mod deltas;
mod forms;
mod makers;
mod spelled;

use makers::Form;

/// All forms.
fn forms() -> impl Iterator<Item = &'static Form> {
    forms::ENCODED.iter().chain(spelled::SPELLED).chain(blocks::BLOCKS)
}

/// A text, and for each byte of the one it was made of where that is written now.
#[derive(Clone)]
struct Written {
    bytes: Vec<u8>,
    at: Vec<Range<usize>>,
}

impl Written {
    fn new(text: &str) -> Self {
        Self { bytes: text.into(), at: (0..text.len()).map(|at| at..at + 1).collect() }
    }

    /// Through one more encoding, which gives its text and where each byte went.
    fn through(self, encode: impl Fn(&[u8]) -> (Vec<u8>, Vec<Range<usize>>)) -> Self {
        let (bytes, next) = encode(&self.bytes);
        let at = self.at.iter().map(|at| next[at.start].start..next[at.end - 1].end);
        Self { at: at.collect(), bytes }
    }

    /// With text around it.
    fn between(self, before: &[u8], after: &[u8]) -> Self {
        self.through(|bytes| {
            let at = (before.len()..before.len() + bytes.len()).map(|at| at..at + 1);
            ([before, bytes, after].concat(), at.collect())
        })
    }
}

/// A text of which each byte is written by `one`.
fn each(bytes: &[u8], mut one: impl FnMut(usize, u8) -> Vec<u8>) -> (Vec<u8>, Vec<Range<usize>>) {
    let (mut text, mut at) = (vec![], vec![]);
    for (index, &byte) in bytes.iter().enumerate() {
        let written = one(index, byte);
        at.push(text.len()..text.len() + written.len());
        text.extend(written);
    }
    (text, at)
}

/// A byte of the text in `letters` letters of which each holds `bits`.
fn in_letters(text: String, len: usize, bits: usize) -> (Vec<u8>, Vec<Range<usize>>) {
    let at = (0..len).map(|at| at * 8 / bits..(at * 8 + 8).div_ceil(bits));
    (text.into_bytes(), at.collect())
}

fn base64(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    let (text, mut at) = in_letters(STANDARD.encode(bytes), bytes.len(), 6);
    // The padding belongs to the last encoded byte.
    at.iter_mut().rev().take(1).for_each(|last| last.end = text.len());
    (text, at)
}

fn base64_url(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    in_letters(URL_SAFE_NO_PAD.encode(bytes), bytes.len(), 6)
}

fn hex(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    in_letters(digits, bytes.len(), 4)
}

fn utf16(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    each(bytes, |_, byte| vec![byte, 0])
}

/// Lines of so many letters with text before and after each.
fn wrapped(
    width: usize,
    before: &'static str,
    after: &'static str,
) -> impl Fn(&[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    move |bytes| {
        let (mut text, mut at) = (vec![], vec![]);
        for line in bytes.chunks(width) {
            text.extend(before.bytes());
            at.extend((text.len()..text.len() + line.len()).map(|at| at..at + 1));
            text.extend(line);
            text.extend(after.bytes());
        }
        (text, at)
    }
}

/// A compressed byte is somewhere in the whole output.
fn packed(bytes: Vec<u8>, len: usize) -> (Vec<u8>, Vec<Range<usize>>) {
    let whole = 0..bytes.len();
    (bytes, vec![whole; len])
}

fn gzip(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    packed(compress::gzip(bytes), bytes.len())
}

fn gzip_of_a_file(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    let packer = flate2::GzBuilder::new().filename("credentials").mtime(1_700_000_000);
    let mut packer = packer.write(vec![], flate2::Compression::default());
    packer.write_all(bytes).expect("it packs");
    packed(packer.finish().expect("it packs"), bytes.len())
}

fn zlib(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    packed(compress::zlib(bytes), bytes.len())
}

/// A zip archive of one member, without its directory.
fn zip(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    let body = compress::deflate(bytes);
    let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
    zip.extend((body.len() as u32).to_le_bytes());
    zip.extend((bytes.len() as u32).to_le_bytes());
    zip.extend(b"\x08\0\0\0index.js");
    zip.extend(body);
    packed(zip, bytes.len())
}

/// A credential that a form must yield.
#[derive(Clone, Debug)]
struct Truth {
    rule: &'static str,
    id: Option<(String, Range<usize>)>,
    secret: Option<(String, Range<usize>)>,
    token: Option<String>,
}

/// Credentials in a text.
struct Layout {
    text: String,
    rule: &'static str,
    id: Option<String>,
    secret: Option<String>,
    token: Option<String>,
}

impl Layout {
    fn pair(text: impl Fn(&str, &str) -> String, keys: &mut Keys) -> Self {
        let (id, secret) = (keys.id(), keys.secret());
        let text = text(&id, &secret);
        Self { text, rule: "aws-access-key", id: Some(id), secret: Some(secret), token: None }
    }

    /// The places of its parts.
    fn truth(&self, written: &Written) -> Truth {
        let span = |part: &String| {
            let start = self.text.find(part.as_str()).expect("it stands in the text");
            let end = start + part.len() - 1;
            (part.clone(), written.at[start].start..written.at[end].end)
        };
        let (id, secret) = (self.id.as_ref().map(span), self.secret.as_ref().map(span));
        Truth { rule: self.rule, id, secret, token: self.token.clone() }
    }
}

/// Random text without anything in it.
fn noise(keys: &mut Keys, lines: u64) -> String {
    let words = ["region", "output", "retries", "bucket", "upload", "stage", "queue", "mode"];
    let mut line = || {
        let name = words[keys.next() as usize % words.len()];
        match keys.next() % 4 {
            0 => format!("{name} = {}\n", keys.next() % 1000),
            1 => format!("# {name} of {}\n", words[keys.next() as usize % words.len()]),
            2 => format!(
                "{name}: {}-{}\n",
                words[keys.next() as usize % words.len()],
                keys.next() % 9
            ),
            _ => "\n".to_owned(),
        }
    };
    (0..lines).map(|_| line()).collect()
}

/// A pair in one of the usual layouts.
fn pair(keys: &mut Keys) -> Layout {
    let (before, after) = (keys.next() % 4, keys.next() % 4);
    let (before, after) = (noise(keys, before), noise(keys, after));
    match keys.next() % 4 {
        0 => Layout::pair(
            |id, secret| {
                format!("{before}AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n{after}")
            },
            keys,
        ),
        1 => Layout::pair(
            |id, secret| {
                format!(
                    "{before}[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"
                )
            },
            keys,
        ),
        2 => Layout::pair(
            |id, secret| {
                format!("{{\"accessKeyId\": \"{id}\", \"secretAccessKey\": \"{secret}\"}}\n")
            },
            keys,
        ),
        _ => Layout::pair(
            |id, secret| {
                format!(
                    "#!/bin/sh\n{before}export AWS_SECRET_ACCESS_KEY='{secret}'\nexport AWS_ACCESS_KEY_ID='{id}'\n{after}"
                )
            },
            keys,
        ),
    }
}

/// A key of Bedrock, which a shape rule finds.
fn bedrock(keys: &mut Keys) -> Layout {
    let secret = keys.secret() + &keys.secret()[..4];
    let account = 100_000_000_000 + keys.next() % 800_000_000_000;
    let body = format!("BedrockAPIKey-{:04x}-at-{account}:{secret}", keys.next() & 0xffff);
    let key = format!("ABSK{}", STANDARD.encode(body));
    let (before, after) = (noise(keys, 2), noise(keys, 2));
    let text = format!("{before}export AWS_BEARER_TOKEN_BEDROCK=\"{key}\"\n{after}");
    Layout { text, rule: "aws-bedrock-api-key", id: None, secret: Some(key), token: None }
}

fn lone_id(keys: &mut Keys) -> Layout {
    let id = keys.id();
    let text = format!("{}the key is {id} now\n{}", noise(keys, 3), noise(keys, 3));
    Layout { text, rule: "aws-access-key-id", id: Some(id), secret: None, token: None }
}

fn lone_secret(keys: &mut Keys) -> Layout {
    let secret = keys.secret();
    let text = format!("{}AWS_SECRET_ACCESS_KEY={secret}\n{}", noise(keys, 3), noise(keys, 3));
    Layout { text, rule: "aws-secret-access-key", id: None, secret: Some(secret), token: None }
}

/// A candidate in the words of [`Truth`].
fn reported(candidate: &Candidate) -> (String, Option<String>, Option<String>, Option<String>) {
    let text =
        |secret: &keysweep::secret::Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    let credential = &candidate.credential;
    (
        credential.rule.as_str().to_owned(),
        credential.key_id.clone(),
        credential.secret.as_ref().map(text),
        credential.session_token.as_ref().map(text),
    )
}

/// The faults of the candidates that were found.
fn fault(engine: &Engine, bytes: &[u8], truth: &[Truth]) -> Option<String> {
    let found = engine.whole(bytes).candidates;
    let position = |at: usize| LineIndex::new(bytes, Position::default()).position(at);
    for wanted in truth {
        let expected = (
            wanted.rule.to_owned(),
            wanted.id.as_ref().map(|(id, _)| id.clone()),
            wanted.secret.as_ref().map(|(secret, _)| secret.clone()),
            wanted.token.clone(),
        );
        let Some(candidate) = found.iter().find(|candidate| reported(candidate) == expected) else {
            let rules: Vec<String> = found
                .iter()
                .map(|one| {
                    let (rule, id, secret, token) = reported(one);
                    let of =
                        |part: bool, name: &str| if part { name.to_owned() } else { String::new() };
                    format!(
                        "{rule}{}{}{}",
                        of(id.is_some(), " id"),
                        of(secret.is_some(), " secret"),
                        of(token.is_some(), " token")
                    )
                })
                .collect();
            return Some(format!("not found; instead {rules:?}"));
        };
        let parts = [
            ("id", &wanted.id, &candidate.sighting.id),
            ("secret", &wanted.secret, &candidate.sighting.secret),
        ];
        for (name, wanted, seen) in parts {
            let Some((_, span)) = wanted else { continue };
            let Some(seen) = seen else { return Some(format!("its {name} has no place")) };
            let expected = (position(span.start), position(span.end));
            if (seen.start, seen.end) != expected {
                return Some(format!(
                    "its {name} is at {:?}, not {expected:?} ",
                    (seen.start, seen.end)
                ));
            }
        }
    }
    // Parts of what was wanted may be reported again; anything else is wrong.
    let wrong = found.iter().find(|candidate| {
        let (_, id, secret, _) = reported(candidate);
        let known = truth.iter().any(|truth| {
            let (own, other) = (
                truth.id.as_ref().map(|(id, _)| id),
                truth.secret.as_ref().map(|(secret, _)| secret),
            );
            (id.is_none() || id.as_ref() == own) && (secret.is_none() || secret.as_ref() == other)
        });
        !known
            && truth.iter().all(|truth| {
                truth.rule.starts_with("aws-access")
                    || truth.rule.starts_with("aws-secret")
                    || truth.rule.starts_with("aws-temp")
            })
    });
    wrong.map(|candidate| format!("wrong: {}", reported(candidate).0))
}

/// Runs every form so many times, and says which of them fail how often.
fn run(times: u64) -> BTreeMap<&'static str, (u64, String)> {
    let engine = Engine::new(&RuleSet::builtin());
    let only = std::env::var("KEYSWEEP_FORM").unwrap_or_default();
    let mut faults: BTreeMap<&'static str, (u64, String)> = BTreeMap::new();
    for (name, make) in forms().filter(|(name, _)| name.contains(&only)) {
        let mut keys = Keys::new(name);
        for time in 0..times {
            let (bytes, truth) = make(&mut keys);
            if let Some(fault) = fault(&engine, &bytes, &truth) {
                let first = faults.entry(name).or_insert_with(|| {
                    (0, format!("{fault} (the {time}th)\n{}", String::from_utf8_lossy(&bytes)))
                });
                first.0 += 1;
            }
        }
    }
    faults
}

#[test]
fn credentials_in_other_notations_are_found_at_their_location() {
    let faults = run(10);
    let list: Vec<String> = faults
        .iter()
        .map(|(name, (count, first))| format!("{name}: {count} of 10, {first}"))
        .collect();
    assert!(faults.is_empty(), "{} forms fail:\n{}", faults.len(), list.join("\n\n"));
}

/// A rule of a user's gets the views and decoders that ours do.
#[test]
fn rules_of_users_find_their_credentials_in_every_notation() {
    let rule = r#"
        [[rule]]
        id = "acme-token"
        title = "Token of Acme"
        description = "Whoever reads it is Acme."
        severity = "error"
        confidence = "high"
        anchors = ["acme_"]
        regex = 'acme_[a-z0-9+/]{32}'
        reach = 80
        boundary = "base64"
        remedy = "Ask Acme."
        examples = ["token=acme_{{lower:32}}"]
    "#;
    let rules = RuleSet::with_texts(&[("acme.toml".into(), rule.to_owned())]);
    let engine = Engine::new(&rules.expect("a rule"));
    let token = format!("acme_{}", ["q7/x+2w9", "d/0k+v3m", "z8/t+1hr", "b/5y+6nc"].concat());
    let layout = || Written::new(&format!("export TOKEN={token}\n"));
    let at = 13..13 + token.len();
    let escaped = |by: fn(u8) -> String| {
        move |bytes: &[u8]| {
            each(bytes, |_, byte| if b"/+".contains(&byte) { by(byte).into() } else { vec![byte] })
        }
    };
    for (name, written) in [
        ("as it is", layout()),
        ("base64", layout().through(base64)),
        ("base64 in a line", layout().through(base64).between(b"env: ", b"\n")),
        ("gzip", layout().through(gzip).through(base64).between(b"env: ", b"\n")),
        ("hex", layout().through(hex).between(b"# unhex from base64\n", b"\n")),
        ("percent", layout().through(escaped(|byte| format!("%{byte:02x}")))),
        ("a string", layout().through(escaped(|byte| format!("\\u{byte:04x}")))),
        ("markup", layout().through(escaped(|byte| format!("&#{byte};")))),
        ("colours", layout().between(b"\x1b[32m", b"\x1b[0m")),
    ] {
        let found = engine.whole(&written.bytes).candidates;
        let position = |at: usize| LineIndex::new(&written.bytes, Position::default()).position(at);
        let expected = (position(written.at[at.start].start), position(written.at[at.end - 1].end));
        let places = found.iter().filter_map(|one| one.sighting.secret.as_ref());
        let places: Vec<_> = places.map(|region| (region.start, region.end)).collect();
        assert_eq!(places, [expected], "{name}");
    }
}

/// Takes minutes in a debug build: `cargo test --release --test it -- --ignored many_thousand`.
#[test]
#[ignore = "20,000 texts"]
fn many_thousand_texts_in_other_notations_are_found() {
    let times = 20_000 / forms().count() as u64 + 1;
    let faults = run(times);
    let list: Vec<String> = faults
        .iter()
        .map(|(name, (count, first))| format!("{name}: {count} of {times}, {first}"))
        .collect();
    let failed: u64 = faults.values().map(|(count, _)| count).sum();
    // One random secret in a million reads like text.
    assert!(failed <= 5, "{failed} texts fail:\n{}", list.join("\n\n"));
}
