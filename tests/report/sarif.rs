//! SARIF logs, checked against the schema, Microsoft's validator, and the properties that services
//! read.

mod importers;
mod multitool;
mod oracle;
pub(crate) mod points;
pub(crate) mod program;
mod regions;
pub(crate) mod validate;

use keysweep::coverage::{Coverage, Problem};
use keysweep::finding::{Finding, Severity, Status, Suppression};
use keysweep::report::{Format, Provenance, Report};
use serde_json::Value;

use crate::report::samples::{self, coverage, findings, report, rules, written};

fn log(report: &Report<'_>) -> Value {
    serde_json::from_str(&written(Format::Sarif, report)).expect("valid JSON")
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("results")
}

fn repository() -> Provenance {
    let url = "https://example.com/owner/name.git";
    Provenance::new(Some(url), Some("a1".repeat(20)), Some("main".to_owned()))
}

fn lone_id(path: &str, lines: &[u64]) -> Finding {
    let places = lines.iter().map(|&line| samples::place(path, line)).collect();
    let credential = samples::credential("aws-access-key-id", Some(&samples::example_id()), None);
    samples::finding(credential, Severity::Note, places)
}

#[test]
fn a_log_of_everything_is_valid() {
    let (mut findings, coverage, rules, repository) =
        (findings(), coverage(), rules(None), repository());
    findings[2].verification.status = Status::Active;
    let mut report = report(&findings, &coverage, &rules);
    report.repository = Some(&repository);
    validate::all(&written(Format::Sarif, &report));
    points::all(&log(&report));
}

#[test]
fn a_log_of_nothing_is_valid_and_lists_every_rule() {
    let (coverage, rules, repository) = (Coverage::default(), rules(None), repository());
    let mut report = report(&[], &coverage, &rules);
    (report.repository, report.exit) = (Some(&repository), 0);
    validate::all(&written(Format::Sarif, &report));
    let log = log(&report);
    points::all(&log);
    let listed = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    let ids: Vec<_> = listed.iter().filter_map(|rule| rule["id"].as_str()).collect();
    for rule in &rules.rules {
        assert!(ids.contains(&rule.id.as_str()), "{}", rule.id);
    }
    assert!(ids.contains(&"aws-access-key-active"));
}

#[test]
fn a_log_of_suppressed_findings_is_valid() {
    let (mut findings, coverage, rules, repository) =
        (findings(), coverage(), rules(None), repository());
    let suppressed = |by: &str, reason: Option<&str>| {
        Some(Suppression { by: by.to_owned(), reason: reason.map(str::to_owned) })
    };
    findings[0].suppressed = suppressed("baseline", Some("rotated"));
    findings[1].suppressed = suppressed("inline", None);
    let mut report = report(&findings, &coverage, &rules);
    report.repository = Some(&repository);
    let without = log(&report);
    assert_eq!(results(&without).len(), 1, "suppressed findings become open alerts on GitHub");
    assert_eq!(results(&without)[0].get("suppressions"), None);
    (report.include_suppressed, report.baseline) = (true, true);
    validate::all(&written(Format::Sarif, &report));
    let with = log(&report);
    points::all(&with);
    let states: Vec<_> = results(&with)
        .iter()
        .map(|result| (result["suppressions"][0]["kind"].clone(), result["baselineState"].clone()))
        .collect();
    let expected =
        [(Value::Null, "new"), ("inSource".into(), "new"), ("external".into(), "unchanged")];
    assert_eq!(states, expected.map(|(kind, state)| (kind, Value::from(state))));
}

#[test]
fn a_path_of_the_work_tree_is_a_result_and_history_alone_is_one() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(None));
    let log = log(&report(&findings, &coverage, &rules));
    let uri = |result: &Value| {
        let physical = &result["locations"][0]["physicalLocation"];
        physical["artifactLocation"]["uri"].as_str().expect("a URI").to_owned()
    };
    let uris: Vec<_> = results(&log).iter().map(uri).collect();
    let hostile = "a%5D%281%29%20%3Cb%3E%7C%1B%5B2J%FF.txt";
    assert_eq!(uris, ["conf/prod.env", "app.zip", hostile]);

    let mut gone = findings[2].clone();
    gone.occurrences.remove(0);
    let findings = [gone];
    let log = self::log(&report(&findings, &coverage, &rules));
    assert_eq!(uri(&results(&log)[0]), "old/a%20b%23%25%C3%A9.env");
    let message = results(&log)[0]["message"]["text"].as_str().expect("a message");
    assert!(message.contains("since commit c1c1c1c1c1c1 of 2026-01-02"), "{message}");
    assert!(message.contains("removed in d3d3d3d3d3d3, not at HEAD"), "{message}");

    let mut message_only = findings[0].clone();
    message_only.occurrences.remove(0);
    let findings = [message_only];
    let log = self::log(&report(&findings, &coverage, &rules));
    assert_eq!(uri(&results(&log)[0]), format!(".git/objects/{}", "b2".repeat(20)));
}

#[test]
fn lines_of_one_file_are_one_result_with_further_places() {
    let (findings, coverage, rules) = ([lone_id("x", &[2, 5, 9])], coverage(), rules(None));
    let log = log(&report(&findings, &coverage, &rules));
    points::all(&log);
    assert_eq!(results(&log).len(), 1);
    let related = results(&log)[0]["relatedLocations"].as_array().expect("related");
    let lines: Vec<_> = related
        .iter()
        .map(|place| {
            (place["id"].clone(), place["physicalLocation"]["region"]["startLine"].clone())
        })
        .collect();
    // The first is the secret below the id of line 2.
    assert_eq!(lines, [(1, 3), (2, 5), (3, 9)].map(|(a, b)| (a.into(), b.into())));
}

#[test]
fn fingerprints_are_of_the_value_and_githubs_own() {
    let (coverage, rules) = (coverage(), rules(None));
    let prints = |findings: &[Finding]| {
        let log = log(&report(findings, &coverage, &rules));
        results(&log).iter().map(|r| r["partialFingerprints"].clone()).collect::<Vec<_>>()
    };
    let here = prints(&[lone_id("x", &[2])]);
    let moved = prints(&[lone_id("y/z", &[90])]);
    assert_eq!(here[0]["keysweep/v1"], moved[0]["keysweep/v1"]);
    assert_eq!(here[0]["primaryLocationLineHash"], "123456789abcdef2:1");

    let mut verified = [lone_id("x", &[2])];
    verified[0].verification.status = Status::Active;
    assert_eq!(prints(&verified), here, "a verdict is not part of a fingerprint");

    let mut history = [lone_id("x", &[2])];
    history[0].occurrences = vec![samples::place_in_history(Some("x"), 2, false)];
    let by_value = format!("{}:1", &history[0].fingerprint.as_str()[..16]);
    assert_eq!(prints(&history)[0]["primaryLocationLineHash"], by_value.as_str());
}

#[test]
fn two_keys_of_one_line_stay_two() {
    let (coverage, rules) = (coverage(), rules(None));
    let mut second = lone_id("x", &[2]);
    second.credential.key_id = Some(["AKIA", "I44QH8DHBEXAMPLE"].concat());
    second.fingerprint = second.with_secrets().fingerprint();
    second.occurrences[0].sighting.id = Some(samples::region(2, 60, 20));
    let findings = [second, lone_id("x", &[2])];
    let log = log(&report(&findings, &coverage, &rules));
    points::all(&log);
    let hashes: Vec<_> = results(&log)
        .iter()
        .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str())
        .collect();
    assert_eq!(hashes, [Some("123456789abcdef2:1"), Some("123456789abcdef2:100002")]);
}

#[test]
fn results_over_the_limit_of_a_service_are_dropped_and_reported() {
    let (coverage, rules) = (coverage(), rules(None));
    let mut findings: Vec<_> = (0..7).map(|at| lone_id(&format!("f{at}"), &[1])).collect();
    findings[6].severity = Severity::Error;
    let mut report = report(&findings, &coverage, &rules);
    report.limits.results = 5;
    let log = log(&report);
    assert_eq!(results(&log).len(), 5);
    assert_eq!(results(&log)[0]["level"], "error");
    let notices = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    let text = notices[0]["message"]["text"].as_str().expect("a message");
    assert!(text.starts_with("2 results of lower severity are left out"), "{text}");
}

#[test]
fn what_could_not_be_read_is_a_warning_and_the_run_still_succeeded() {
    let rules = rules(None);
    let problem = |path: &str| Problem {
        what: "file".to_owned(),
        path: path.to_owned(),
        why: "permission denied".to_owned(),
    };
    let problems = (0..1_002).map(|at| problem(&format!("f{at:04}"))).collect();
    let coverage = Coverage { complete: false, problems, ..Coverage::default() };
    let mut report = report(&[], &coverage, &rules);
    report.exit = 3;
    let invocation = log(&report)["runs"][0]["invocations"][0].clone();
    assert_eq!(
        (&invocation["executionSuccessful"], &invocation["exitCode"]),
        (&true.into(), &3.into())
    );
    let notices = invocation["toolExecutionNotifications"].as_array().expect("notifications");
    assert_eq!(notices[0]["level"], "warning");
    assert_eq!(
        notices[0]["message"]["text"],
        "The file 'f0000' could not be read: permission denied."
    );
    assert_eq!(notices.last().expect("the rest")["message"]["text"], "2 more could not be read.");
    report.exit = 2;
    let invocation = log(&report)["runs"][0]["invocations"][0].clone();
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
}

#[test]
fn github_accepts_a_log_of_thirty_thousand_findings() {
    let (coverage, rules) = (coverage(), rules(None));
    let finding = |at: u64| {
        let id = format!("AKIA{at:0>16}");
        let secret = samples::secret(&format!("{at}"));
        let credential = samples::credential("aws-access-key", Some(&id), Some(secret));
        let place = samples::place(&format!("folder{}/file{at}.env", at % 97), at + 1);
        samples::finding(credential, Severity::Error, vec![place])
    };
    let findings: Vec<Finding> = (0..30_000).map(finding).collect();
    let text = written(Format::Sarif, &report(&findings, &coverage, &rules));
    let level = flate2::Compression::fast();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    std::io::Write::write_all(&mut gzip, text.as_bytes()).expect("a Vec takes everything");
    let size = gzip.finish().expect("a Vec takes everything").len();
    assert!(size < 10_000_000, "{size} bytes");
    let log: Value = serde_json::from_str(&text).expect("valid JSON");
    assert_eq!(results(&log).len(), 25_000);
}
