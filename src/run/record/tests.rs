//! The record of a hit: what a line of a file has, and what a pipe carries.

use std::collections::BTreeSet;

use super::*;
use crate::finding::{
    Candidate, Credential, Details, GitObject, HeldBy, Nearness, Person, RuleId, SecretDigest,
};

/// A secret of letters that no other one has.
fn secret(number: u8) -> Secret {
    let letters = (0..40u8).map(|at| b'A' + (at.wrapping_mul(7) ^ number) % 26);
    Secret::new(letters.collect())
}

fn region(line: u64) -> Region {
    let at = |column| Position { line, column, column_utf16: column + 3 };
    Region { start: at(4), end: at(44) }
}

/// A location that has a value in every field.
fn spot() -> Spot {
    Spot {
        id: Some(region(8)),
        secret: Some(region(9)),
        at_secret: true,
        snippet: "shown".to_owned(),
        line_hash: Some((u64::MAX, 2)),
    }
}

/// A hit that has a value in every field.
fn full(path: Option<&[u8]>) -> Hit {
    let person = |name: &str| Person {
        name: name.to_owned(),
        email: format!("{name}@example.com"),
        date: "2026-01-02T03:04:05+01:00".to_owned(),
    };
    let evidence = Evidence {
        stem: Some("upload".to_owned()),
        nearness: Nearness::Record,
        lines: 2,
        labelled: true,
        rival: true,
    };
    let git = GitOrigin {
        commit: Some("c".repeat(40)),
        blob: Some("b".repeat(40)),
        object: GitObject::Blob,
        author: Some(person("Ann")),
        committer: Some(person("Bob \u{202e}")),
        reachable: true,
        held_by: vec![HeldBy::Ref, HeldBy::Index],
        at_head: true,
        removed_in: Some("d".repeat(40)),
        removed_by: Some(person("Cid")),
        refs: vec!["refs/heads/main".to_owned()],
    };
    let sighting = Sighting {
        id: Some(region(3)),
        secret: Some(region(4)),
        decoded: vec![Encoding::Base64, Encoding::Utf16],
        marker: Some(MARKERS[2]),
        snippet: "id = [redacted]".to_owned(),
        secret_snippet: "secret = [redacted]".to_owned(),
        line_hash: Some((0x00ff_0000_0000_0001, 7)),
        partition: Some(PARTITIONS[1]),
        shown: Some(Box::new(spot())),
        evidence: Some(evidence.clone()),
        rivals: vec![Rival {
            secret: secret(3),
            region: region(12),
            decoded: vec![Encoding::Hex],
            confidence: Confidence::Low,
            evidence: Some(evidence),
        }],
    };
    let credential = Credential {
        session_token: Some(secret(2)),
        account: Some("123456789012".to_owned()),
        user: Some("ann".to_owned()),
        expires: Some("2026-01-02T03:04:05Z".to_owned()),
        details: Details { issuer: Some("acme".to_owned()), ..Details::default() },
        ..Credential::new(
            RuleId::new("aws-temporary-key"),
            Some("ASIAX".to_owned()),
            Some(secret(1)),
        )
    };
    let origin = Origin {
        path: path.map(<[u8]>::to_vec),
        inside: vec!["a.zip".to_owned(), "b".to_owned()],
        git: Some(git),
        target: Some("team/api".to_owned()),
        owners: vec!["@org/team".to_owned()],
    };
    let candidate =
        Candidate { credential, confidence: Confidence::Medium, sighting, inside: Vec::new() };
    Hit { origin, candidate }
}

/// Paths that are not text, that a terminal would interpret, and none at all.
const PATHS: [Option<&[u8]>; 6] = [
    None,
    Some(b""),
    Some(b"conf/a.env"),
    Some(b"\xff\xfe/\x80.env"),
    Some(b"line\nfeed\t\x1b[31m"),
    Some("\u{fffd}\u{1f600}/\u{e9}".as_bytes()),
];

#[test]
fn a_line_has_all_but_the_secrets() {
    for path in PATHS {
        let mut record = HitRecord::new(full(path));
        record.twin = 3;
        let text = serde_json::to_string(&record.line()).expect("a line");
        let read: HitLine = serde_json::from_str(&text).expect("the same line");
        let read = read.record().expect("the same record");
        record.clear = Clear::default();
        record.occurrence.sighting.rivals.clear();
        assert_eq!(read, record, "{text}");
        for number in 1..=3 {
            let clear = String::from_utf8(secret(number).expose().to_vec()).expect("letters");
            for form in [clear.clone(), BASE64.encode(&clear), clear.chars().rev().collect()] {
                assert!(!text.contains(&form[4..20]), "{text}");
            }
        }
    }
}

#[test]
fn a_pipe_carries_the_secrets_as_well() {
    for path in PATHS {
        let record = HitRecord::new(full(path));
        let mut pipe = Vec::new();
        write_to_pipe(&record, &mut pipe).expect("memory");
        assert_eq!(pipe.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(read_from_pipe(&pipe).expect("a record"), record);
        let credential = record.digested.clone().with(record.clear.clone());
        assert_eq!(credential.fingerprint(), record.fingerprint);
    }
}

#[test]
fn a_member_is_named_after_its_container() {
    let mut hit = full(Some(b"folder/outer.zip"));
    hit.origin.inside.clear();
    hit.candidate.inside = vec!["inner.env".to_owned()];
    let record = HitRecord::new(hit);
    assert_eq!(record.occurrence.origin.inside, ["outer.zip", "inner.env"]);
}

#[test]
fn a_short_secret_has_no_digest() {
    for (length, has_digest) in [(1, false), (15, false), (16, true), (40, true)] {
        let digest = SecretDigest::of(&Secret::new(vec![b'x'; length]));
        assert_eq!(digest.sha256().is_some(), has_digest, "{length}");
    }
}

#[test]
fn values_of_another_version_are_named() {
    let line = HitRecord::new(full(None)).line();
    let text = serde_json::to_string(&line).expect("a line");
    let table = [
        (MARKERS[2], "tomorrow:allow", "'tomorrow:allow' is not a marker"),
        (PARTITIONS[1], "aws-moon", "'aws-moon' is not a partition"),
        ("\"confidence\":\"medium\"", "\"confidence\":\"sure\"", "unknown variant"),
        ("[3,4,7,3,44,47]", "[3,4]", "invalid length"),
        ("ff000000000001:7", "7", "HASH:COUNT"),
        (line.fingerprint.as_str(), "00", "32 lower-case hex digits"),
    ];
    let mut messages = BTreeSet::new();
    for (old, new, words) in table {
        let changed = text.replace(old, new);
        assert_ne!(changed, text, "{old}");
        let read = serde_json::from_str::<HitLine>(&changed).map_err(RecordError::from);
        let error = read.and_then(HitLine::record).expect_err("an error").to_string();
        assert!(error.contains(words), "{error}");
        messages.insert(error);
    }
    assert_eq!(messages.len(), table.len());
}
