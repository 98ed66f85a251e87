//! Tests of suppression.

use std::path::Path;

use super::*;
use crate::config::{Config, Value};
use crate::finding::{Confidence, Credential, GitOrigin, Origin, RuleId, Severity, Sighting};
use crate::location::{Position, Region};
use crate::rules::Author;
use crate::secret::Secret;
use crate::suppress::detect_secrets::DetectSecrets;
use crate::suppress::gitleaks::Gitleaks;

fn id() -> String {
    ["AKIA", "QNZGKIQY56JQ7WML"].concat()
}

fn place(path: &str, line: u64, marker: Option<&'static str>) -> Occurrence {
    let at = |column| Position { line, column, column_utf16: column };
    let sighting =
        Sighting { id: Some(Region { start: at(1), end: at(21) }), marker, ..Sighting::default() };
    let origin = Origin::of_path(path.as_bytes().to_vec());
    Occurrence { origin, sighting, confidence: Confidence::High }
}

fn in_history(mut place: Occurrence, at_head: bool) -> Occurrence {
    place.origin.git = Some(GitOrigin {
        commit: Some("c1".repeat(20)),
        reachable: true,
        at_head,
        ..GitOrigin::new(GitObject::Blob)
    });
    place
}

fn finding(secret: &str, occurrences: Vec<Occurrence>) -> Finding {
    let secret = Secret::new(secret.as_bytes().to_vec());
    let credential = Credential {
        account: Some("029608264753".to_owned()),
        ..Credential::new(RuleId::new("aws-access-key"), Some(id()), Some(secret))
    };
    Finding::new(credential, Severity::Error, Confidence::High, occurrences)
}

fn today() -> Date {
    "2026-06-30".parse().expect("a day")
}

fn suppress(finding: &Finding, suppressions: &Suppressions) -> (Option<String>, Counts) {
    let mut findings = vec![finding.clone()];
    let met = HashSet::from([finding.fingerprint.clone()]);
    let counts = apply(&mut findings, suppressions, today(), &met);
    (findings[0].suppressed.as_ref().map(|suppression| suppression.by.clone()), counts)
}

fn with_baseline(text: &str) -> Suppressions {
    let baseline = Baseline::parse(Path::new("b"), text).expect("a baseline");
    Suppressions { baseline: Some(baseline), ..Suppressions::default() }
}

#[test]
fn a_baseline_suppresses_a_value_wherever_it_occurs_and_no_other() {
    let mut baseline = Baseline::default();
    let accepted = finding("one", vec![place("a", 1, None)]);
    assert_eq!(baseline.add([BaselineEntry::new(&accepted, Some("old".to_owned()))]), 1);
    assert_eq!(baseline.add([BaselineEntry::new(&accepted, Some("new".to_owned()))]), 0);
    let suppressions = with_baseline(&baseline.to_text());
    let moved = finding("one", vec![place("b/c", 90, None)]);
    assert_eq!(suppress(&moved, &suppressions).0.as_deref(), Some("baseline"));
    let other = finding("two", vec![place("a", 1, None)]);
    let (by, counts) = suppress(&other, &suppressions);
    assert_eq!((by, counts.total(), counts.absent.len()), (None, 0, 1));
    assert_eq!(baseline.prune(&counts.absent), 1);
    assert!(baseline.entries().is_empty());
}

#[test]
fn an_entry_that_is_over_counts_again() {
    let one = finding("one", vec![place("a", 1, None)]);
    let line = |until: &str| format!("{} aws-access-key - until={until}\n", one.fingerprint);
    assert_eq!(suppress(&one, &with_baseline(&line("2026-06-30"))).0.as_deref(), Some("baseline"));
    let (by, counts) = suppress(&one, &with_baseline(&line("2026-06-29")));
    assert_eq!((by, counts.expired.len()), (None, 1));
    let both = line("2026-06-29") + &line("2027-01-01");
    assert_eq!(suppress(&one, &with_baseline(&both)).0.as_deref(), Some("baseline"));
}

#[test]
fn the_configuration_suppresses_by_fingerprint_key_id_and_account() {
    let one = finding("one", vec![place("a", 1, None)]);
    let text = |line: &str| format!("[[allow]]\n{line}\nreason = \"sandbox\"\n");
    for (line, by) in [
        (format!("fingerprint = \"{}\"", one.fingerprint), Some("config")),
        (format!("key-id = \"{}\"", id()), Some("config")),
        ("account = \"029608264753\"".to_owned(), Some("config")),
        ("account = \"111122223333\"".to_owned(), None),
    ] {
        let config =
            Config::parse(Path::new("c"), &text(&line), Author::User).expect("a configuration");
        let suppressions = Suppressions { allow: config.allow, ..Suppressions::default() };
        assert_eq!(suppress(&one, &suppressions).0.as_deref(), by, "{line}");
    }
    // STS knows better than the id.
    let mut asked = one.clone();
    asked.verification.account = Some("111122223333".to_owned());
    assert!(!Value::Account("029608264753".to_owned()).is_of(&asked));
}

#[test]
fn markers_suppress_if_every_location_at_head_has_one() {
    let inline = Suppressions { inline: true, ..Suppressions::default() };
    let (marked, bare) = (Some("gitleaks:allow"), None);
    let table = [
        (vec![place("a", 1, marked)], true),
        (vec![place("a", 1, marked), place("b", 1, bare)], false),
        (
            vec![in_history(place("a", 1, marked), true), in_history(place("a", 1, bare), false)],
            true,
        ),
        (
            vec![in_history(place("a", 1, bare), true), in_history(place("a", 1, marked), false)],
            false,
        ),
        (vec![in_history(place("a", 1, marked), false)], true),
        (
            vec![in_history(place("a", 1, marked), false), in_history(place("b", 1, bare), false)],
            false,
        ),
    ];
    for (number, (places, is_suppressed)) in table.into_iter().enumerate() {
        let one = finding("one", places);
        assert_eq!(suppress(&one, &inline).0.is_some(), is_suppressed, "case {number}");
        assert_eq!(suppress(&one, &Suppressions::default()).0, None, "--no-inline-allow");
    }
}

#[test]
fn no_marker_suppresses_an_active_key() {
    let inline = Suppressions { inline: true, ..Suppressions::default() };
    let mut one = finding("one", vec![place("a", 1, Some("keysweep:allow"))]);
    let mut findings = vec![one.clone()];
    let mut counts = apply(&mut findings, &inline, today(), &HashSet::new());
    assert_eq!(counts.inline, 1);
    findings[0].verification.status = Status::Active;
    reopen_active(&mut findings, &mut counts);
    assert_eq!((findings[0].suppressed.as_ref(), counts.inline), (None, 0));
    one.verification.status = Status::Active;
    assert_eq!(suppress(&one, &inline).0, None);
}

fn gitleaks(text: &str) -> Gitleaks {
    Gitleaks::parse(Path::new("g"), text).expect("a file of gitleaks")
}

#[test]
fn findings_that_gitleaks_ignores_are_suppressed() {
    let one = finding("one", vec![place("conf/a.env", 4, None), place("conf/b.env", 1, None)]);
    let commit = "c1".repeat(20);
    let old = finding("one", vec![in_history(place("conf/a.env", 4, None), false)]);
    let report = |secret: &str| {
        format!(
            "[{{\"RuleID\":\"x\",\"Secret\":\"{secret}\",\"File\":\"conf/a.env\",\"StartLine\":4}}]"
        )
    };
    let table = [
        ("conf/a.env:aws-access-token:4\n".to_owned(), &one, true),
        ("# old\nconf/a.env:aws-access-token:5\n".to_owned(), &one, false),
        (format!("{commit}:conf/a.env:aws-access-token:4\n"), &old, true),
        (format!("{}:conf/a.env:aws-access-token:4\n", "d2".repeat(20)), &old, false),
        (report("one"), &one, true),
        (report(&id()), &one, true),
        (report("other"), &one, false),
        (report("REDACTED"), &one, true),
        ("[allowlist]\npaths = ['^conf/']\n".to_owned(), &one, true),
        ("[allowlist]\npaths = ['a\\.env$']\n".to_owned(), &one, false),
        ("[[allowlists]]\nregexes = ['^AKIAQ']\n".to_owned(), &one, true),
        ("[allowlist]\nstopwords = ['qnzg']\n".to_owned(), &one, true),
        (format!("[allowlist]\ncommits = ['{commit}']\n"), &old, true),
        (
            "[[allowlists]]\ncondition = 'AND'\npaths = ['^conf/']\nregexes = ['zz']\n".to_owned(),
            &one,
            false,
        ),
        ("[[rules]]\nid = 'stripe'\n[rules.allowlist]\npaths = ['.']\n".to_owned(), &one, false),
        ("[[rules]]\nid = 'aws'\n[[rules.allowlists]]\npaths = ['.']\n".to_owned(), &one, true),
        ("[allowlist]\n".to_owned(), &one, false),
        ("[[allowlists]]\ncondition = 'AND'\n".to_owned(), &one, false),
        ("[]".to_owned(), &one, false),
    ];
    for (text, finding, accepted) in table {
        assert_eq!(gitleaks(&text).accepts(finding), accepted, "{text}");
    }
    for text in ["[allowlist]\npaths = ['(']\n", "{\"a\": 1}", "[{\"File\": 3}]"] {
        assert!(Gitleaks::parse(Path::new("g"), text).is_err(), "{text}");
    }
}

#[test]
fn values_that_detect_secrets_accepted_are_suppressed() {
    let one = finding("one", vec![place("a", 1, None)]);
    // SHA-1 of "one".
    let digest = "fe05bcdcdc4928012781a5f1a2a77cbb5398e106";
    let file = |is_secret: &str| {
        format!(
            "{{\"version\":\"1.5.0\",\"results\":{{\"x\":[{{\"type\":\"AWS Access Key\",\
             \"hashed_secret\":\"{digest}\"{is_secret}}}]}}}}"
        )
    };
    let accepts = |text: &str| {
        DetectSecrets::parse(Path::new("d"), text).map(|baseline| baseline.accepts(&one))
    };
    assert_eq!(accepts(&file("")), Ok(true));
    assert_eq!(accepts(&file(",\"is_secret\":false")), Ok(true));
    assert_eq!(accepts(&file(",\"is_secret\":true")), Ok(false));
    assert_eq!(accepts("{\"results\":{}}"), Ok(false));
    assert!(accepts("[]").is_err());
}
