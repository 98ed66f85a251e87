//! Regions of texts that the detector read: each selects exactly the credential, counted as
//! SARIF's consumers count.

use keysweep::detect::Engine;
use keysweep::finding::{Finding, Occurrence, Origin, Severity};
use keysweep::report::Format;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;
use serde_json::Value;

use super::{points, repository, results, validate};
use crate::report::samples::{self, coverage, report, rules, written};

/// Random text of an alphabet, the same for the same seed.
fn random(alphabet: &[u8], length: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize
    };
    (0..length).map(|_| char::from(alphabet[next() % alphabet.len()])).collect()
}

fn pair(seed: u64) -> (String, String) {
    let id = format!("AKIA{}", random(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, seed));
    let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (id, random(base64, 40, seed + 1_000))
}

fn found(path: &str, text: &[u8]) -> Vec<Finding> {
    let candidates = Engine::new(&RuleSet::default()).whole(text).candidates;
    let finding = |candidate: keysweep::finding::Candidate| {
        let origin = Origin { path: Some(path.as_bytes().to_vec()), ..Origin::default() };
        let (sighting, confidence) = (candidate.sighting, candidate.confidence);
        let place = Occurrence { origin, sighting, confidence };
        samples::finding(candidate.credential, Severity::Error, vec![place])
    };
    candidates.into_iter().map(finding).collect()
}

/// The text that a region selects: lines end at LF, columns count UTF-16 code units.
fn selected(text: &str, region: &Value) -> String {
    let at = |key: &str| region[key].as_u64().expect("a number") as usize;
    assert_eq!(at("startLine"), at("endLine"));
    let line = text.split('\n').nth(at("startLine") - 1).expect("the line");
    let units: Vec<u16> = line.encode_utf16().collect();
    String::from_utf16(&units[at("startColumn") - 1..at("endColumn") - 1])
        .expect("whole characters")
}

#[test]
fn every_region_selects_exactly_the_credential() {
    let (coverage, rules) = (coverage(), rules(None));
    let (id, secret) = pair(7);
    let texts = [
        format!("{id}\n{secret}\n"),
        format!("key={id}\nsecret={secret}"),
        format!("a\r\nkey={id}\r\nsecret={secret}\r\n"),
        format!("\t\u{1f600}\u{e9} key: {id}\tsecret: {secret}\n"),
        format!("{{\"\u{1f600}\": [\"{id}\", \"{secret}\"]}}"),
        format!("\u{feff}Access key ID,Secret access key\r\n{id},{secret}\r\n"),
    ];
    for text in texts {
        let findings = found("conf/keys.txt", text.as_bytes());
        assert_eq!(findings.len(), 1, "{text:?}");
        let log = written(Format::Sarif, &report(&findings, &coverage, &rules));
        assert!(!log.contains(&secret), "a secret in clear for {text:?}");
        let log: Value = serde_json::from_str(&log).expect("valid JSON");
        points::all(&log);
        let result = &results(&log)[0];
        let region = |place: &Value| place["physicalLocation"]["region"].clone();
        assert_eq!(selected(&text, &region(&result["locations"][0])), id, "{text:?}");
        assert_eq!(selected(&text, &region(&result["relatedLocations"][0])), secret, "{text:?}");
        let line = region(&result["locations"][0])["startLine"].as_u64().expect("a line");
        let (hash, count) =
            keysweep::line_hash::line_hashes(text.as_bytes(), &[line])[0].expect("the line");
        let expected = keysweep::line_hash::format(hash, count);
        assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], expected.as_str());
    }
}

#[test]
fn the_line_hash_of_a_utf16_file_is_of_its_bytes() {
    let (id, secret) = pair(8);
    let text = format!("\u{feff}key={id}\nsecret={secret}\n");
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let findings = found("x", &bytes);
    let hash = keysweep::line_hash::line_hashes(&bytes, &[1])[0];
    assert!(hash.is_some());
    assert_eq!(findings[0].occurrences[0].sighting.line_hash, hash);
}

#[test]
fn odd_names_make_a_valid_log() {
    let (coverage, rules) = (coverage(), rules(None));
    let names = ["a b", "a#b?", "50%", "\u{e9}/\u{1f600}", "a](1) <b>|", "c:\\x", "..a", "x:y"];
    let findings: Vec<Finding> = (10..)
        .zip(names)
        .flat_map(|(seed, name)| {
            let (id, secret) = pair(seed);
            found(name, format!("key={id}\nsecret={secret}\n").as_bytes())
        })
        .collect();
    assert_eq!(findings.len(), names.len());
    let repository = repository();
    let mut report = report(&findings, &coverage, &rules);
    report.repository = Some(&repository);
    let text = written(Format::Sarif, &report);
    validate::all(&text);
    points::all(&serde_json::from_str(&text).expect("valid JSON"));
}
