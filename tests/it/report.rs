//! Reports for people and programs, written from findings made by hand.

use keysweep::coverage::Coverage;
use keysweep::finding::{Severity, Status};
use keysweep::report::{Format, Style};
use serde_json::Value;

use crate::samples::{self, coverage, findings, report, rules, styled, written};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("valid JSON")
}

#[test]
fn text_groups_by_credential_worst_first() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    insta::assert_snapshot!(written(Format::Text, &report(&findings, &coverage, &rules)));
}

#[test]
fn text_of_nothing_still_tells_what_was_scanned() {
    let (coverage, rules) = (coverage(), rules(None));
    insta::assert_snapshot!(written(Format::Text, &report(&[], &coverage, &rules)));
    let clean = Coverage { complete: true, ..Coverage::default() };
    let text = written(Format::Text, &report(&[], &clean, &rules));
    assert_eq!(text, "No findings.\nScanned nothing.\n");
}

#[test]
fn json_is_the_contract_to_the_letter() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    insta::assert_snapshot!(written(Format::Json, &report(&findings, &coverage, &rules)));
}

#[test]
fn jsonl_holds_the_same_findings_and_ends_with_the_coverage() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    let report = report(&findings, &coverage, &rules);
    let document = json(&written(Format::Json, &report));
    let lines: Vec<Value> = written(Format::Jsonl, &report).lines().map(json).collect();
    let (last, entries) = lines.split_last().expect("a last line");
    assert_eq!(document["findings"].as_array().expect("findings"), entries);
    assert_eq!(last["coverage"], document["coverage"]);
}

#[test]
fn no_format_writes_what_a_terminal_would_obey() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    for format in Format::ALL {
        let text = written(format, &report(&findings, &coverage, &rules));
        let hostile = text.chars().find(|&c| c != '\n' && keysweep::text::is_hostile(c));
        assert_eq!(hostile, None, "{format:?}");
    }
}

#[test]
fn secrets_are_shown_only_when_asked_and_only_where_they_may_be() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    let mut report = report(&findings, &coverage, &rules);
    let clear: Vec<String> = findings
        .iter()
        .filter_map(|finding| finding.credential.secret.as_ref())
        .map(|secret| String::from_utf8(secret.expose().to_vec()).expect("ASCII"))
        .collect();
    for show in [false, true] {
        report.show_secrets = show;
        for format in Format::ALL {
            let text = written(format, &report);
            for secret in &clear {
                let expected = show && format.can_show_secrets();
                assert_eq!(text.contains(secret), expected, "{format:?}, asked: {show}");
            }
        }
    }
}

#[test]
fn a_short_secret_of_a_users_pattern_has_no_digest() {
    let coverage = coverage();
    let short = keysweep::secret::Secret::new(b"fifteen bytes..".to_vec());
    let long = keysweep::secret::Secret::new(b"sixteen bytes...".to_vec());
    for (file, secret, digested) in
        [(Some("mine.toml"), &short, false), (Some("mine.toml"), &long, true), (None, &short, true)]
    {
        let rules = rules(file);
        let credential = samples::credential("aws-access-key", None, Some(secret.clone()));
        let place = samples::place("x", 1);
        let findings = [samples::finding(credential, Severity::Error, vec![place])];
        let document = json(&written(Format::Json, &report(&findings, &coverage, &rules)));
        let digest = &document["findings"][0]["secret_sha256"];
        assert_eq!(digest.is_string(), digested, "{file:?} {}", secret.expose().len());
    }
}

#[test]
fn an_active_key_comes_first_whatever_its_severity() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    findings[0].verification.status = Status::Active;
    let document = json(&written(Format::Json, &report(&findings, &coverage, &rules)));
    assert_eq!(document["findings"][0]["rule"], "aws-access-key-id");
    assert_eq!(document["findings"][1]["severity"], "error");
}

#[test]
fn the_order_of_findings_does_not_matter() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    let once = written(Format::Json, &report(&findings, &coverage, &rules));
    findings.reverse();
    assert_eq!(once, written(Format::Json, &report(&findings, &coverage, &rules)));
}

#[test]
fn many_places_are_cut_in_text_and_whole_in_json() {
    let (coverage, rules) = (coverage(), rules(None));
    let places = (1..=22).map(|line| samples::place("many", line)).collect();
    let credential = samples::credential("aws-access-key-id", Some("id"), None);
    let findings = [samples::finding(credential, Severity::Note, places)];
    let report = report(&findings, &coverage, &rules);
    let text = written(Format::Text, &report);
    assert!(text.contains("many:10:19\n    and 12 more (all in --format json)\n"), "{text}");
    let document = json(&written(Format::Json, &report));
    assert_eq!(document["findings"][0]["occurrences"].as_array().map(Vec::len), Some(22));
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    findings[2].verification.status = Status::Active;
    let report = report(&findings, &coverage, &rules);
    let plain = written(Format::Text, &report);
    let colored = styled(Format::Text, &report, Style { color: true, coverage: true });
    assert!(colored.contains("\x1b[1m\x1b[31merror\x1b[0m"), "{colored:?}");
    let escape = regex::Regex::new("\x1b\\[[0-9;]*m").expect("an expression");
    assert_eq!(escape.replace_all(&colored, ""), plain);
}
