//! Words that users write and read: formats by file names, omitted commands, own reports in the
//! folder, and the list of what a scan left out.

use std::fs;

use crate::support::{Keys, Project};

/// The beginning of a report in each format.
const BEGINNINGS: [(&str, &str); 8] = [
    ("json", "{\n  \"schema\": 2,"),
    ("jsonl", "{\"fingerprint\":"),
    ("sarif", "{\n  \"$schema\":"),
    ("gitlab", "{\n  \"version\": \"15"),
    ("junit", "<?xml"),
    ("csv", "fingerprint,rule,"),
    ("markdown", "### keysweep "),
    ("html", "<!doctype html>\n"),
];

fn format_of(text: &str) -> &'static str {
    let found = BEGINNINGS.iter().find(|(_, beginning)| text.starts_with(beginning));
    found.map_or(if text.starts_with("keysweep ") { "text" } else { "short" }, |(name, _)| name)
}

fn project(name: &str) -> Project {
    let project = Project::new();
    project.file("in/a.env", Keys::new(name).pair().env);
    project
}

#[test]
fn the_format_follows_the_name() {
    let project = project("names of files");
    for (file, asked, expected) in [
        ("report.sarif", None, Ok("sarif")),
        ("Report.SARIF", None, Ok("sarif")),
        ("a.sarif.json", None, Ok("sarif")),
        ("x.json", None, Ok("json")),
        ("x.jsonl", None, Ok("jsonl")),
        ("x.ndjson", None, Ok("jsonl")),
        ("x.gitlab.json", None, Ok("gitlab")),
        ("x.xml", None, Ok("junit")),
        ("x.csv", None, Ok("csv")),
        ("x.md", None, Ok("markdown")),
        ("x.html", None, Ok("html")),
        ("x.htm", None, Ok("html")),
        ("x.txt", None, Ok("text")),
        ("report", None, Ok("text")),
        ("out/x.json", None, Ok("json")),
        (".json", None, Ok("text")),
        ("./sarif", None, Ok("text")),
        // A format that was asked for stays, if the name allows it or says nothing.
        ("x.json", Some("sarif"), Ok("sarif")),
        ("x.json", Some("gitlab"), Ok("gitlab")),
        ("x.txt", Some("short"), Ok("short")),
        ("x.txt", Some("sarif"), Ok("sarif")),
        ("report", Some("csv"), Ok("csv")),
        ("x.yaml", Some("json"), Err("--output text=x.yaml")),
        // Nothing is guessed.
        ("sarif", None, Err("--format sarif for standard output, --output sarif=FILE")),
        ("JSON", None, Err("--output ./JSON for a file of that name")),
        ("markdown", Some("json"), Err("--output markdown=FILE")),
        ("x.yml", None, Err("no report is written as .yml")),
        ("x.html", Some("json"), Err("--output json=x.html or --output html=x.html")),
        ("x.pdf", None, Err("--output text=x.pdf")),
        ("x.sarif", Some("text"), Err("--output text=x.sarif or --output sarif=x.sarif")),
        ("x.csv", Some("json"), Err("--output json=x.csv or --output csv=x.csv")),
        ("sarif=x.txt", None, Ok("sarif")),
        ("text=x.html", None, Ok("text")),
        ("pdf=x.html", None, Err("there is no format 'pdf'")),
    ] {
        fs::create_dir_all(project.at("out")).expect("a folder");
        let mut args = vec!["scan", "in", "-o", file];
        args.extend(asked.iter().flat_map(|asked| ["-f", asked]));
        let ran = project.keysweep(args).run();
        match expected {
            Ok(format) => {
                let ran = ran.exits(1);
                let path = project.at(file.rsplit('=').next().unwrap_or(file));
                let text = fs::read_to_string(&path).expect("a report");
                assert_eq!(format_of(&text), format, "{file} {asked:?}");
                fs::remove_file(path).expect("a file");
                let by_itself = !file.contains('=');
                assert_eq!(ran.stdout.is_empty(), by_itself, "{file}");
                // Whoever sees no report sees what it came to.
                assert_eq!(ran.stderr.starts_with("1 finding: 1 error.\n"), by_itself, "{file}");
            }
            Err(advice) => {
                let ran = ran.exits(2);
                assert!(ran.stderr.contains(advice), "{file} {asked:?}: {}", ran.stderr);
            }
        }
    }
}

#[test]
fn what_people_type_without_a_command() {
    let project = project("no command");
    let text = fs::read_to_string(project.at("in/a.env")).expect("a file");
    project.file("histroy.env", text);
    let scanned = project.keysweep(["scan", "in"]).run().exits(1).stdout;
    for args in [&["in"][..], &["./in"], &["--threads", "1", "in"], &["-f", "text", "in"]] {
        assert_eq!(project.keysweep(args).run().exits(1).stdout, scanned, "{args:?}");
    }
    project.keysweep(["no/such/file"]).run().exits(2);
    let help = project.keysweep(["help", "scan"]).run().exits(0).stdout;
    assert_eq!(help, project.keysweep(["scan", "--help"]).run().exits(0).stdout);
    let help = project.keysweep(["help"]).run().exits(0).stdout;
    assert!(help.contains("keysweep PATH") && help.contains("keysweep help COMMAND"), "{help}");
    let ran = project.keysweep(["histroy"]).run().exits(2);
    assert!(ran.stderr.contains("history"), "{}", ran.stderr);
    let ran = project.keysweep(["-q", "history", "in"]).run().exits(2);
    assert!(ran.stderr.contains("keysweep history -q in\n"), "{}", ran.stderr);
}

#[test]
fn own_reports_are_recognised_by_their_content_and_hide_no_secret() {
    let mut keys = Keys::new("own reports");
    let project = Project::new();
    let pair = keys.pair();
    project.file("in/a.env", &pair.env);
    for (format, _) in BEGINNINGS.iter().chain(&[("text", "")]) {
        let output = format!("{format}=kept/{format}.report");
        fs::create_dir_all(project.at("kept")).expect("a folder");
        project.keysweep(["scan", "in", "--output", &output]).run().exits(1);
    }
    project.keysweep(["baseline", "in", "--baseline", "kept/accepted"]).run().exits(0);
    let ran = project.keysweep(["scan", "-f", "json"]).run().exits(1);
    let findings = ran.json()["findings"].as_array().expect("findings").clone();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["occurrences"].as_array().map(Vec::len), Some(1));
    // The baseline's hint is of a pair; whether it names the id is its own affair.
    assert!(ran.left_out("own_reports") >= BEGINNINGS.len() as u64, "{}", ran.stderr);
    assert!(ran.stderr.contains("reports, baselines or states of keysweep"), "{}", ran.stderr);
    // A file that is named is read, whatever it is.
    let named = project.keysweep(["scan", "kept/json.report", "--fail-on", "note"]).run().exits(1);
    assert!(named.stdout.contains(&pair.id), "{}", named.stdout);
    // Whoever begins a file as we do hides nothing that opens anything.
    let (mut hidden, beginnings) = (0, ["keysweep 0.1.0 scan\n\n", "{\"keysweep_sweep\":1}\n"]);
    for (number, beginning) in beginnings.into_iter().enumerate() {
        let text = format!("{beginning}{}\n{}", keys.id(), keys.pair().env);
        project.file(format!("forged/{number}"), text);
        hidden += 1;
    }
    let ran = project.keysweep(["scan", "forged", "-f", "json"]).run().exits(1);
    assert_eq!(ran.json()["findings"].as_array().map(Vec::len), Some(hidden));
    // A report in which secrets are shown is a leak.
    let shown = project.keysweep(["scan", "in", "-f", "json", "--show-secrets"]).command().output();
    let text = shown.expect("it runs").stdout;
    project.file("shown/report.json", text);
    project.keysweep(["scan", "shown"]).run().exits(1);
}

#[test]
fn a_scan_reports_what_it_did_not_read() {
    let project = project("the history was not scanned");
    let reported = "the history was not scanned: `keysweep history`";
    let ran = project.keysweep(["scan"]).run().exits(1);
    assert!(!ran.stderr.contains(reported), "{}", ran.stderr);
    project.git(&["init", "-q"]).file(".gitignore", "*.log\n").file("a.log", "x");
    for path in [".", "in", "in/a.env"] {
        let ran = project.keysweep(["scan", path]).run().exits(1);
        assert_eq!(ran.stderr.matches(reported).count(), 1, "{path}: {}", ran.stderr);
    }
    let ran = project.keysweep(["scan"]).run().exits(1);
    assert!(ran.stderr.contains("1 file or folder by ignore files (--no-ignore reads it)"));
    let ran = project.keysweep(["sweep", "."]).run().exits(1);
    assert!(!ran.stderr.contains(reported), "{}", ran.stderr);
}

#[test]
fn how_long_it_took_is_reported_and_in_no_report() {
    let project = project("durations");
    let pace = regex::Regex::new(r"Scanned 1 file, \d+ bytes in \S+ in \d+\.\d\d s")
        .expect("an expression");
    let ran = project.keysweep(["scan", "in", "--output", "text=r.txt"]).run().exits(1);
    assert!(pace.is_match(&ran.stderr), "{}", ran.stderr);
    let text = fs::read_to_string(project.at("r.txt")).expect("a report");
    assert!(text.contains("\nScanned 1 file") && !pace.is_match(&text), "{text}");
    let ran = project.keysweep(["scan", "in", "-v"]).run().exits(1);
    let line = ran.stderr.lines().last().unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    assert!(line.starts_with(&format!("keysweep {version} on 20")), "{line}");
    assert!(line.ends_with("Z: keysweep scan in -v"), "{line}");
}

#[test]
fn gitlab_gets_the_times_of_the_run_and_what_to_do() {
    let project = project("times");
    let report = project.keysweep(["scan", "in", "-f", "gitlab"]).run().exits(1).json();
    let [start, end] = ["start_time", "end_time"].map(|name| {
        let time = report["scan"][name].as_str().expect("a time").to_owned();
        time.parse::<jiff::civil::DateTime>().expect("a time without an offset")
    });
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    assert!(start <= end && end <= now && start.year() > 2020, "{start} {end} {now}");
    let solution = report["vulnerabilities"][0]["solution"].as_str().expect("a solution");
    for words in
        ["Deactivate the key now: `aws iam update-access-key ", " Then: ", "`keysweep explain "]
    {
        assert!(solution.contains(words), "{solution}");
    }
}
