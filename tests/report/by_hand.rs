//! Reports for people and programs, written from findings made by hand.

use keysweep::coverage::Coverage;
use keysweep::finding::{Severity, Status};
use keysweep::report::{Format, Style};
use serde_json::Value;

use crate::report::samples::{self, coverage, findings, report, rules, styled, written};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("valid JSON")
}

#[test]
fn text_groups_by_credential_worst_first() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    insta::assert_snapshot!(written(Format::Text, &report(&findings, &coverage, &rules)));
}

#[test]
fn a_text_report_without_findings_says_what_was_scanned() {
    let (coverage, rules) = (coverage(), rules(None));
    insta::assert_snapshot!(written(Format::Text, &report(&[], &coverage, &rules)));
    let clean = Coverage { complete: true, ..Coverage::default() };
    let text = written(Format::Text, &report(&[], &clean, &rules));
    assert_eq!(text, "keysweep 0.1.0 scan\n\nNo findings.\nScanned nothing.\n");
}

#[test]
fn json_has_exactly_the_documented_fields() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    insta::assert_snapshot!(written(Format::Json, &report(&findings, &coverage, &rules)));
}

#[test]
fn jsonl_has_the_same_findings_and_ends_with_the_coverage() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    let report = report(&findings, &coverage, &rules);
    let document = json(&written(Format::Json, &report));
    let lines: Vec<Value> = written(Format::Jsonl, &report).lines().map(json).collect();
    let (last, entries) = lines.split_last().expect("a last line");
    assert_eq!(document["findings"].as_array().expect("findings"), entries);
    assert_eq!(last["coverage"], document["coverage"]);
}

#[test]
fn no_format_writes_control_sequences() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    for format in Format::ALL {
        let text = written(format, &report(&findings, &coverage, &rules));
        let hostile = text.chars().find(|&c| !"\r\n".contains(c) && keysweep::text::is_hostile(c));
        assert_eq!(hostile, None, "{format:?}");
    }
}

#[test]
fn secrets_are_shown_only_when_asked_and_only_where_they_may_be() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    let mut report = report(&findings, &coverage, &rules);
    let clear: Vec<String> = findings
        .iter()
        .filter_map(|finding| finding.clear.secret.as_ref())
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
fn a_short_secret_has_no_digest() {
    let coverage = coverage();
    let short = keysweep::secret::Secret::new(b"fifteen bytes..".to_vec());
    let long = keysweep::secret::Secret::new(b"sixteen bytes...".to_vec());
    for (file, secret, digested) in [
        (Some("mine.toml"), &short, false),
        (Some("mine.toml"), &long, true),
        (None, &short, false),
    ] {
        let rules = rules(file);
        let credential = samples::credential("aws-access-key", None, Some(secret.clone()));
        let place = samples::place("x", 1);
        let findings = [samples::finding(credential, Severity::Error, vec![place])];
        let document = json(&written(Format::Json, &report(&findings, &coverage, &rules)));
        let digest = &document["findings"][0]["secret_sha256"];
        assert_eq!(digest.is_string(), digested, "{file:?} {}", secret.expose().len());
    }
}

/// The steps of a remedy are written once, however many findings there are.
#[test]
fn a_finding_costs_no_copy_of_its_steps() {
    let (coverage, rules) = (coverage(), rules(None));
    let finding = |number: usize| {
        let secret = samples::secret(&format!("{number:05}"));
        let id = samples::example_id();
        let credential = samples::credential("aws-access-key", Some(&id), Some(secret));
        let place = samples::place(&format!("conf/{number}.env"), 1);
        samples::finding(credential, Severity::Error, vec![place])
    };
    let many: Vec<_> = (0..300).map(finding).collect();
    for (format, most) in [(Format::Json, 1_600), (Format::Jsonl, 1_300), (Format::Sarif, 1_900)] {
        let size = |count: usize| {
            let text = written(format, &report(&many[..count], &coverage, &rules));
            assert_eq!(text.matches("UpdateAccessKey").count(), {
                let one = written(format, &report(&many[..1], &coverage, &rules));
                one.matches("UpdateAccessKey").count()
            });
            text.len()
        };
        let each = (size(300) - size(100)) / 200;
        assert!(each < most, "{format:?}: {each} bytes a finding");
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
fn suppressed_findings_are_marked_and_counted() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    let reason = Some("rotated\u{1b}[2J".to_owned());
    findings[0].suppressed =
        Some(keysweep::finding::Suppression { by: "baseline".to_owned(), reason });
    let text = written(Format::Text, &report(&findings, &coverage, &rules));
    assert!(text.contains("\n  suppressed by baseline: rotated\\u{1b}[2J\n"), "{text}");
    assert!(
        text.contains("3 findings: 1 error, 1 warning, 1 note; 1 of them suppressed.\n"),
        "{text}"
    );
}

#[test]
fn the_order_of_findings_does_not_matter() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    let once = written(Format::Json, &report(&findings, &coverage, &rules));
    findings.reverse();
    assert_eq!(once, written(Format::Json, &report(&findings, &coverage, &rules)));
}

#[test]
fn many_locations_are_shortened_in_text_and_complete_in_json() {
    let (coverage, rules) = (coverage(), rules(None));
    let places = (1..=22).map(|line| samples::place("many", line)).collect();
    let credential = samples::credential("aws-access-key-id", Some("id"), None);
    let findings = [samples::finding(credential, Severity::Note, places)];
    let report = report(&findings, &coverage, &rules);
    let text = written(Format::Text, &report);
    assert!(text.contains("many:11:19\n    and 11 more (-v shows all)\n"), "{text}");
    let document = json(&written(Format::Json, &report));
    assert_eq!(document["findings"][0]["occurrences"].as_array().map(Vec::len), Some(22));
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    findings[2].verification.status = Status::Active;
    let report = report(&findings, &coverage, &rules);
    let plain = written(Format::Text, &report);
    let colored = styled(Format::Text, &report, Style { color: true, ..Style::default() });
    assert!(colored.contains("\x1b[1m\x1b[31merror[aws-access-key]\x1b[0m"), "{colored:?}");
    let escape = regex::Regex::new("\x1b\\[[0-9;]*m").expect("an expression");
    assert_eq!(escape.replace_all(&colored, ""), plain);
}

#[test]
fn lines_fit_the_width_of_the_terminal() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    findings[2].occurrences[0].sighting.snippet =
        format!("{} {} {}", "x".repeat(100), samples::example_id(), "y".repeat(100));
    let report = report(&findings, &coverage, &rules);
    for width in [60, 80, 100, 160] {
        let style = Style { width: Some(width), ..Style::default() };
        let text = styled(Format::Text, &report, style);
        let mut marked = false;
        for line in text.lines() {
            // Commands are pasted, and headings begin with what is to be clicked at.
            let is_free =
                line.contains(" aws iam ") || line.contains("OWNER=") || line.contains("]: ");
            assert!(is_free || line.chars().count() <= width, "{width}: {line}");
            marked |= line.contains('…') && line.contains(&samples::example_id());
        }
        assert!(marked, "{width}: {text}");
    }
}

#[test]
fn formats_of_services_contain_every_finding() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    for format in [Format::Github, Format::Gitlab, Format::Junit, Format::Csv] {
        let text = written(format, &report(&findings, &coverage, &rules));
        insta::assert_snapshot!(format.as_str(), text);
    }
}

#[test]
fn gitlab_gets_what_its_schema_requires() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(None));
    findings[2].verification.status = Status::Active;
    let document = json(&written(Format::Gitlab, &report(&findings, &coverage, &rules)));
    let time = regex::Regex::new(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$").expect("an expression");
    for key in ["start_time", "end_time"] {
        assert!(document["scan"][key].as_str().is_some_and(|text| time.is_match(text)));
    }
    assert_eq!(document["scan"]["type"], "secret_detection");
    assert_eq!(document["scan"]["messages"][0]["level"], "warn");
    let entries = document["vulnerabilities"].as_array().expect("vulnerabilities");
    let severities: Vec<_> = entries.iter().map(|entry| entry["severity"].clone()).collect();
    assert_eq!(severities, ["Critical", "Medium", "Low"]);
    let ids: std::collections::BTreeSet<_> =
        entries.iter().map(|entry| entry["id"].to_string()).collect();
    assert_eq!(ids.len(), entries.len());
    for entry in entries {
        assert!(entry["location"]["commit"]["sha"].as_str().is_some_and(|sha| !sha.is_empty()));
        assert!(!entry["identifiers"].as_array().expect("identifiers").is_empty());
    }
}

#[test]
fn a_hostile_name_is_not_a_workflow_command() {
    let (coverage, rules) = (coverage(), rules(None));
    let mut finding = findings().remove(0);
    finding.occurrences[0].origin.path = Some(b"a\n::error::x,y:%\r.txt".to_vec());
    let findings = [finding];
    let text = written(Format::Github, &report(&findings, &coverage, &rules));
    let commands: Vec<_> =
        text.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    assert_eq!(commands.len(), 2, "the finding and the problem: {text}");
    let file = "::notice file=a\\n%3A%3Aerror%3A%3Ax%2Cy%3A%25\\r.txt,line=2,";
    assert!(commands[0].starts_with(file), "{text}");
}

#[test]
fn a_spreadsheet_runs_nothing() {
    let (coverage, rules) = (coverage(), rules(None));
    let mut finding = findings().remove(0);
    finding.occurrences[0].origin.path = Some(b"=cmd|' /C calc'!A0".to_vec());
    let findings = [finding];
    let text = written(Format::Csv, &report(&findings, &coverage, &rules));
    assert!(text.contains(",\"'=cmd|' /C calc'!A0\","), "{text}");
    assert!(text.lines().count() == 2 && text.ends_with("\r\n"), "{text}");
}
