//! Writes that fail: a full disk, limits, missing folders, closed pipes. The failure is reported,
//! the old file is unchanged, other outputs are written, and a finding never gives status 0.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::git::{Repo, leak};
use crate::support::process::Running;
use crate::support::require::skip;
use crate::support::{Keys, Project, Ran};

/// All formats of a report.
const FORMATS: [&str; 11] = [
    "text", "short", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv", "markdown",
    "html",
];

/// A folder with a key, one without, and an earlier report.
fn project(name: &str) -> Project {
    let project = Project::new();
    project.file("leak/a.env", Keys::new(name).pair().env).file("clean/a.txt", "text");
    project.file("old.json", "{\"old\": true}\n");
    project
}

#[track_caller]
fn is_old(project: &Project) {
    let text = fs::read_to_string(project.at("old.json")).expect("it is there");
    assert_eq!(text, "{\"old\": true}\n");
    let hidden = fs::read_dir(project.path()).expect("a folder").flatten();
    let hidden = hidden.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"."));
    assert_eq!(hidden.count(), 0, "nothing half written is left");
}

/// Runs a script in which mounts are its own; nothing if this user may not mount.
fn with_mounts(project: &Project, script: &str) -> Option<Ran> {
    let can = Command::new("unshare").args(["-m", "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        skip("this user may not mount");
        return None;
    }
    let script = format!("exec unshare -m sh -c '{script}' \"$0\" \"$1\"");
    Some(project.shell(&script, ""))
}

#[test]
fn a_full_device_is_reported_and_never_0() {
    if !Path::new("/dev/full").exists() {
        skip("there is no /dev/full");
        return;
    }
    let project = project("dev full");
    for format in FORMATS {
        for (folder, code) in [("leak", 1), ("clean", 2)] {
            // Nothing found is nothing to write.
            if (format, folder) == ("short", "clean") {
                continue;
            }
            let script = format!("set +e; \"$0\" scan {folder} --format {format} >/dev/full");
            let ran = project.shell(&script, "").exits(code);
            let reported = ran.stderr.contains("standard output: No space left on device");
            assert!(reported && !ran.stderr.contains("internal"), "{format}: {}", ran.stderr);
        }
    }
    for command in ["rules", "explain aws-access-key", "completions bash", "man", "baseline leak"] {
        let ran = project.shell(&format!("set +e; \"$0\" {command} >/dev/full"), "").exits(2);
        assert!(ran.stderr.contains("No space left"), "{command}: {}", ran.stderr);
    }
    // Findings that can't be shown are not suppressed.
    assert!(!project.at("leak/.keysweep-baseline").exists());
    for command in ["--help", "--version", "scan --help"] {
        project.shell(&format!("set +e; \"$0\" {command} >/dev/full"), "").exits(2);
    }
    // The failure would be reported on standard error, which is the full device.
    project.shell("set +e; \"$0\" scan leak 2>/dev/full", "").exits(1);
    project.shell("set +e; \"$0\" scan clean 2>/dev/full", "").exits(0);
    project.shell("set +e; \"$0\" scan no-such-folder 2>/dev/full", "").exits(2);
    // A device that is named as an output is written to and not replaced.
    let ran = project.shell("set +e; \"$0\" scan clean --output json=/dev/full", "").exits(2);
    assert!(ran.stderr.contains("/dev/full: No space left"), "{}", ran.stderr);
}

#[test]
fn a_full_disk_leaves_the_old_report_and_the_others_are_written() {
    let project = project("full disk");
    let script = "mkdir -p disk; mount -t tmpfs -o size=32k tmpfs disk; echo old >disk/r.json; \
        dd if=/dev/zero of=disk/fill bs=1024 count=28 2>/dev/null || true; set +e; \
        \"$0\" scan leak --output json=disk/r.json --output sarif=r.sarif --output csv=disk/r.csv; \
        code=$?; cat disk/r.json; ls -A disk; exit $code";
    let Some(ran) = with_mounts(&project, script) else { return };
    let ran = ran.exits(1);
    assert!(ran.stderr.contains("disk/r.json: No space left on device"), "{}", ran.stderr);
    assert!(ran.stdout.ends_with("old\nfill\nr.json\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 finding"), "{}", ran.stdout);
    assert!(fs::read_to_string(project.at("r.sarif")).expect("a log").contains("2.1.0"));
    let script = script.replace("scan leak", "scan clean");
    with_mounts(&project, &script).expect("as before").exits(2);
}

#[test]
fn a_disk_that_is_read_only_is_reported() {
    let project = project("read only");
    let script = "mkdir -p disk; mount -t tmpfs -o size=64k tmpfs disk; echo old >disk/r.json; \
        mount -o remount,ro disk; set +e; \
        \"$0\" scan clean --output json=disk/r.json --output sarif=r.sarif; \
        code=$?; cat disk/r.json; exit $code";
    let Some(ran) = with_mounts(&project, script) else { return };
    let ran = ran.exits(2);
    assert!(ran.stderr.contains("disk/r.json: Read-only file system"), "{}", ran.stderr);
    assert!(ran.stdout.ends_with("old\n"), "{}", ran.stdout);
    assert!(fs::read_to_string(project.at("r.sarif")).expect("a log").contains("2.1.0"));
}

#[test]
fn a_limit_of_file_sizes_kills_nobody() {
    let project = project("file size");
    for number in 0..20 {
        project.file(format!("leak/{number}.env"), Keys::new(&format!("size {number}")).pair().env);
    }
    // By default the system kills who writes too much; whether it does is inherited.
    for trap in ["", "trap '' XFSZ;"] {
        let script =
            format!("ulimit -f 1; {trap} set +e; \"$0\" scan leak --output json=old.json; exit $?");
        let ran = project.shell(&script, "").exits(1);
        assert!(ran.stderr.contains("old.json: File too large"), "{}", ran.stderr);
        assert!(ran.stdout.contains("21 findings"), "{}", ran.stdout);
        is_old(&project);
        let none = script.replace("ulimit -f 1", "ulimit -f 0").replace("scan leak", "scan clean");
        let ran = project.shell(&none, "").exits(2);
        assert!(ran.stderr.contains("old.json: File too large"), "{}", ran.stderr);
        is_old(&project);
    }
    let baseline = "ulimit -f 1; set +e; \"$0\" baseline leak --baseline old.json; exit $?";
    project.file("old.json", "");
    let ran = project.shell(baseline, "").exits(2);
    assert!(ran.stderr.contains("old.json: File too large"), "{}", ran.stderr);
    assert_eq!(fs::read(project.at("old.json")).expect("it is there"), b"");
}

#[test]
fn an_output_that_cannot_be_written_is_reported_and_the_others_are_written() {
    let project = project("no folder");
    fs::create_dir(project.at("folder")).expect("a folder");
    let outputs = ["json=folder", "json=none/r.json", "json=old.json/r.json", "json=r.json"];
    let outputs = outputs.into_iter().flat_map(|output| ["--output", output]);
    let ran = project.keysweep(["scan", "clean"].into_iter().chain(outputs)).run().exits(2);
    assert!(ran.stderr.contains("folder: "), "{}", ran.stderr);
    assert!(fs::read_to_string(project.at("r.json")).expect("a report").starts_with('{'));
    assert!(project.at("folder").is_dir());
    is_old(&project);
}

#[test]
fn a_folder_that_vanishes_is_reported() {
    let project = project("vanishes");
    fs::create_dir(project.at("out")).expect("a folder");
    let arguments = ["scan", "clean", "-", "--output", "json=out/r.json", "--output", "csv=r.csv"];
    let mut running = Running::start(project.keysweep(arguments).command(), true);
    running.feed(&vec![b'.'; 1 << 20]);
    fs::remove_dir(project.at("out")).expect("it is empty");
    drop(running.child.stdin.take());
    let ended = running.end();
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("out/r.json: No such file"), "{}", ended.stderr);
    assert!(project.at("r.csv").exists());
}

#[test]
fn closed_streams_hide_no_finding() {
    let project = project("closed streams");
    for (streams, folder, code) in [
        (">&-", "leak", 1),
        (">&-", "clean", 0),
        ("2>&-", "leak", 1),
        ("2>&-", "clean", 0),
        ("<&-", "leak", 1),
        (">&- 2>&- <&-", "leak", 1),
        ("2>&-", "none", 2),
    ] {
        let script = format!(
            "set +e; \"$0\" scan {folder} --output json=r.json --output sarif=r.sarif \
             --format json --output csv=- {streams}; exit $?"
        );
        let ran = project.shell(&script, "").exits(code);
        assert!(!ran.stderr.contains("internal"), "{streams}: {}", ran.stderr);
        // Printed text must not end up in a file that took the number of a closed stream.
        for name in ["r.json", "r.sarif"] {
            let Ok(text) = fs::read_to_string(project.at(name)) else { continue };
            serde_json::from_str::<serde_json::Value>(&text).expect("a whole report, nothing else");
            fs::remove_file(project.at(name)).expect("a file");
        }
    }
    for command in ["scan - <&-", "range --stdin <&-", "sweep --stdin <&-"] {
        project.git(&["init", "-q"]);
        let ran = project.shell(&format!("set +e; \"$0\" {command}; exit $?"), "");
        assert!(matches!(ran.code, Some(0 | 2)), "{command}: {ran:?}");
        assert!(!ran.stderr.is_empty() && !ran.stderr.contains("internal"), "{command}: {ran:?}");
    }
}

/// Runs with an end of standard output that nobody reads.
fn unread(project: &Project, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = project.keysweep(arguments).command();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_closed_pipe_does_not_turn_a_finding_into_status_0() {
    let project = project("head -1");
    let repo = Repo::new(&[]);
    repo.commit("a.txt", "nothing\n");
    repo.commit("a.env", leak(1));
    repo.write("b.env", leak(2));
    repo.git(&["add", "-A"]);
    let root = repo.root.to_string_lossy().into_owned();
    let mut tried = 0;
    for format in FORMATS {
        for command in [
            &["scan", "leak"][..],
            &["history", &root],
            &["staged", &root],
            &["range", "HEAD~1..HEAD", &root],
            &["sweep", "leak", &root],
        ] {
            let arguments = [command, &["--format", format]].concat();
            let (code, reported) = unread(&project, &arguments);
            assert_eq!(code, Some(1), "{arguments:?}: {reported}");
            assert!(
                !reported.contains("internal") && !reported.contains("pipe"),
                "{arguments:?}: {reported}"
            );
            tried += 1;
        }
        let (code, reported) = unread(&project, &["scan", "clean", "--format", format]);
        let nothing_to_write = format == "short";
        assert_eq!(code, Some(if nothing_to_write { 0 } else { 2 }), "{format}: {reported}");
        let never = ["scan", "leak", "--fail-on", "never", "--format", format];
        assert_eq!(unread(&project, &never).0, Some(2), "{format}");
    }
    // Output that is not a report has no finding to hide.
    for command in [
        &["rules"][..],
        &["rules", "--format", "json"],
        &["explain", "aws-access-key"],
        &["completions", "bash"],
        &["man"],
        &["demo"],
        &["baseline", "leak", "--baseline", "accepted"],
        &["--help"],
        &["--version"],
    ] {
        let (code, reported) = unread(&project, command);
        assert!(matches!(code, Some(0 | 2)), "{command:?}: {code:?} {reported}");
        assert!(
            !reported.contains("internal") && !reported.contains("pipe"),
            "{command:?}: {reported}"
        );
        tried += 1;
    }
    println!("{tried} commands and formats with a reader that went away");
}

/// A name by which the shell and the system call an open file is not replaced: it is written to.
#[test]
fn open_descriptors_are_written_to() {
    let project = project("descriptors");
    let bash = |script: &str| {
        let script = format!("set +e; exec bash -c '{script}' \"$0\"");
        project.shell(&script, "").exits(1)
    };
    let is_sarif = |text: &str| {
        let report: serde_json::Value = serde_json::from_str(text).expect("one document");
        report["runs"][0]["results"].as_array().map(Vec::len)
    };
    // The shell does not wait for what it started so: the pipe of `cat` does.
    let ran = bash(
        r#"{ "$0" scan leak --quiet --output sarif=>(cat >&3); } 3>&1 >/dev/null | cat; exit 1"#,
    );
    assert_eq!(is_sarif(&ran.stdout), Some(1), "{}", ran.stderr);
    let names = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    for path in names.into_iter().filter(|path| Path::new(path).exists()) {
        let ran = bash(&format!(
            r#""$0" scan leak --quiet --output sarif={path} --output text=-  | cat; exit 1"#
        ));
        let start = ran.stdout.find('{').expect("a document");
        assert!(ran.stdout[start..].contains("\"results\""), "{path}: {}", ran.stderr);
        assert!(fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()), "{path}");
    }
    let ran = bash(r#""$0" scan leak --quiet --output sarif=/dev/fd/4 4>given.sarif"#);
    let given = fs::read_to_string(project.at("given.sarif")).expect("it was written");
    assert_eq!(is_sarif(&given), Some(1), "{}", ran.stderr);
    is_old(&project);
}
