//! The exit status: 0 always means that something was scanned.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Keys, Project};

#[test]
fn status_0_without_a_finding() {
    let project = Project::new();
    project.file("a.txt", "no keys here\n");
    let ran = project.keysweep(["scan"]).run().exits(0);
    assert_eq!(ran.stdout, "No findings.\n");
    assert!(ran.stderr.contains("Scanned 1 file"), "{}", ran.stderr);
}

#[test]
fn status_1_with_a_finding_and_0_below_the_threshold() {
    let mut keys = Keys::new("a finding is 1");
    let project = Project::new();
    project.file("a.env", keys.pair().env);
    project.keysweep(["scan"]).run().exits(1);
    project.keysweep(["scan", "--fail-on", "error"]).run().exits(1);
    project.keysweep(["scan", "--fail-on", "never"]).run().exits(0);
}

#[test]
fn status_2_if_nothing_was_scanned_or_for_wrong_usage() {
    let project = Project::new();
    let ran = project.keysweep(["scan"]).run().exits(2);
    fs::create_dir(project.at("empty")).expect("a folder");
    assert!(ran.stderr.contains("no file was scanned: there is none in .\n"), "{}", ran.stderr);
    fs::create_dir_all(project.at("bare/\u{1b}[2J")).expect("folders");
    let ran = project.keysweep(["scan", "empty", "bare/\u{1b}[2J"]).run().exits(2);
    let reported = "no file was scanned: there is none in empty, bare/\\u{1b}[2J\n";
    assert!(ran.stderr.contains(reported), "{}", ran.stderr);
    let ran = project.keysweep(["scan", "missing"]).run().exits(2);
    assert!(ran.stderr.contains("missing: No such file"), "{}", ran.stderr);
    project.file("a.txt", "");
    for wrong in [
        &["scan", "--no-such-option"][..],
        &["scan", "--include", "a["],
        &["scan", "--threads", "0"],
        &["scan", "--max-file-size", "huge"],
        &["scan", ".", "--stdin-name", "x"],
        &["scan", "--output", "nonsense=x"],
        &["scan", "--output", "no/such/folder/report.json"],
        &["no-such-command"],
        &[],
    ] {
        project.keysweep(wrong).run().exits(2);
    }
}

#[test]
fn status_2_with_a_reason_if_everything_is_left_out() {
    let project = Project::new();
    project.file("a.log", "text").git(&["init", "-q"]).file(".git/info/exclude", "*.log\n");
    let ran = project.keysweep(["scan"]).run().exits(2);
    assert!(ran.stderr.contains("1 ignored (--no-ignore scans them)"), "{}", ran.stderr);
    project.keysweep(["scan", "--no-ignore"]).run().exits(0);
}

#[test]
fn status_3_if_something_is_unreadable_or_1_with_a_finding() {
    let mut keys = Keys::new("unreadable");
    let project = Project::new();
    project.file("a.txt", "text").file("b.env", keys.pair().env);
    let ran = project.keysweep(["scan", "--format", "json", "a.txt", "gone.txt"]).run().exits(3);
    assert_eq!(ran.json()["coverage"]["complete"], false);
    let problems = ran.problems();
    assert_eq!(problems, ["path gone.txt: No such file or directory (os error 2)"]);
    project.keysweep(["scan", "b.env", "gone.txt"]).run().exits(1);
}

#[test]
fn a_time_limit_is_reported() {
    let project = Project::new();
    project.file("a.txt", "text");
    let ran = project.keysweep(["scan", "--timeout", "0ms", "--format", "json"]).run();
    // Chance decides if the limit strikes before the only file is read; if it does, it is reported.
    if ran.code != Some(0) {
        let ran = ran.exits(3);
        assert!(ran.problems()[0].contains("raise --timeout"), "{:?}", ran.problems());
    }
}

#[test]
fn empty_standard_input_is_status_0_and_reported() {
    let ran = Project::new().keysweep(["scan", "-"]).run().exits(0);
    assert!(ran.stderr.contains("standard input is empty"), "{}", ran.stderr);
}

#[test]
fn quiet_is_silent_only_when_there_is_nothing_to_report() {
    let mut keys = Keys::new("quiet");
    let project = Project::new();
    let pair = keys.pair();
    project.file("a.txt", "text").file("b.env", &pair.env);
    let ran = project.keysweep(["scan", "--quiet", "a.txt"]).run().exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let ran = project.keysweep(["scan", "--quiet", "b.env"]).run().exits(1);
    assert!(ran.stdout.contains(&pair.id));
    let ran = project.keysweep(["scan", "--quiet", "a.txt", "gone"]).run().exits(3);
    assert!(ran.stderr.contains("gone"), "{}", ran.stderr);
}

#[test]
fn secrets_are_shown_only_on_demand() {
    let mut keys = Keys::new("shown");
    let project = Project::new();
    let pair = keys.pair();
    project.file("a.env", &pair.env);
    for format in ["text", "json", "jsonl"] {
        let masked = project.keysweep(["scan", "--format", format]).run().exits(1);
        assert!(masked.stdout.contains(&pair.id) && !masked.stdout.contains(&pair.secret));
        let shown = project.keysweep(["scan", "--format", format, "--show-secrets"]).run();
        assert!(shown.exits(1).stdout.contains(&pair.secret), "{format}");
    }
    project.keysweep(["scan", "--format", "sarif", "--show-secrets"]).run().exits(2);
    project.keysweep(["scan", "--output", "sarif=x", "--show-secrets"]).run().exits(2);
}

#[test]
fn reports_are_written_whole_and_in_addition_to_standard_output() {
    let mut keys = Keys::new("reports");
    let project = Project::new();
    project.file("src/a.env", keys.pair().env);
    let arguments = ["scan", "src", "--output", "json=a.json", "--output", "sarif=b.sarif"];
    let ran = project.keysweep(arguments).run().exits(1);
    assert!(ran.stdout.contains("1 finding"), "{}", ran.stdout);
    let read = |name: &str| fs::read_to_string(project.at(name)).expect("a report");
    let first = read("a.json");
    assert!(first.starts_with('{') && read("b.sarif").contains("\"2.1.0\""));
    let instead = ["scan", "src", "--format", "json", "--output", "a.json"];
    let ran = project.keysweep(instead).run().exits(1);
    assert_eq!((ran.stdout.as_str(), read("a.json")), ("", first));
    let names: Vec<_> = fs::read_dir(project.path()).expect("a folder").collect();
    assert_eq!(names.len(), 3, "no temporary file is left: {names:?}");
}

#[test]
fn an_earlier_report_is_not_an_input_of_the_run_that_replaces_it() {
    let mut keys = Keys::new("earlier report");
    let project = Project::new();
    project.file("a.env", keys.pair().env);
    let arguments = ["scan", "--output", "json=report.json", "--format", "json"];
    let first = project.keysweep(arguments).run().exits(1);
    let second = project.keysweep(arguments).run().exits(1);
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn a_report_does_not_follow_a_link_of_the_scanned_project() {
    let project = Project::new();
    project.file("victim", "untouched").file("a.txt", "text");
    std::os::unix::fs::symlink("victim", project.at("out.json")).expect("a link");
    project.keysweep(["scan", "a.txt", "--output", "json=out.json"]).run().exits(0);
    assert_eq!(fs::read_to_string(project.at("victim")).expect("a file"), "untouched");
    assert!(fs::read_to_string(project.at("out.json")).expect("a report").starts_with('{'));
}

#[test]
fn a_closed_pipe_is_never_status_0() {
    let mut keys = Keys::new("closed pipe");
    let project = Project::new();
    project.file("clean/a.txt", "text").file("leak/a.env", keys.pair().env);
    for (folder, code) in [("leak", 1), ("clean", 2)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keysweep"))
            .args(["scan", folder])
            .current_dir(project.path())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{folder}");
    }
}

#[test]
fn an_interrupted_run_reports_and_exits_with_130() {
    use std::io::{Read as _, Write as _};
    let mut keys = Keys::new("interrupted");
    let project = Project::new();
    let pair = keys.pair();
    project.file("a.env", &pair.env);
    crate::support::process::hear_signals();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keysweep"))
        .args(["scan", "a.env", "-", "--format", "json"])
        .current_dir(project.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    // Standard input stays open: the program waits for more of it until the signal comes. Only a
    // program that has read more than fits into a pipe has its handlers in place.
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(&vec![b'.'; 1 << 20]).expect("it reads");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let mut report = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut report).expect("a report");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(report.contains(&pair.id) && report.contains("interrupted"), "{report}");
    drop(input);
}
