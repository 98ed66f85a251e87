//! A program with too few descriptors, threads, stack, memory or temporary space: it reports that,
//! never hangs, and never calls an incomplete scan complete.

use std::fs;
use std::process::Command;

use crate::support::git::{Repo, leak};
use crate::support::process::{Ended, Running};
use crate::support::programs;
use crate::support::require::skip;
use crate::support::{Keys, Project};

/// Folders with files, keys among them, and an earlier report that must remain.
fn project(name: &str) -> Project {
    let mut keys = Keys::new(name);
    let project = Project::new();
    for number in 0..40 {
        project.file(format!("src/{}/{}/a.txt", number % 5, number), "text");
    }
    project.file("src/1/1/a.env", keys.pair().env);
    project.file("old.json", "{\"old\": true}\n");
    project
}

/// Runs the program after a command of the shell that limits a resource.
fn starved(project: &Project, script: &str, arguments: &str) -> Ended {
    let line = format!("{script}; exec \"$0\" {arguments}");
    let mut command = Command::new("bash");
    command.args(["-c", &line, env!("CARGO_BIN_EXE_keysweep")]).current_dir(project.path());
    let mut running = Running::start(command, true);
    drop(running.child.stdin.take());
    running.end()
}

/// Asserts that there is the old report or a whole new one.
#[track_caller]
fn stands(project: &Project, ended: &Ended) {
    let text = fs::read_to_string(project.at("old.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("a whole report");
    let new = report["old"] != true;
    if new && report["findings"].as_array().is_some_and(Vec::is_empty) {
        assert_eq!(report["coverage"]["complete"], false, "{ended:?}");
    }
}

#[test]
fn too_few_descriptors_are_reported() {
    let project = project("descriptors");
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    repo.write("b.env", leak(2));
    repo.git(&["add", "-A"]);
    let root = repo.root.display();
    let mut whole = 0;
    for limit in 3..24 {
        for command in [
            "scan src --output json=old.json".to_owned(),
            format!("history {root}"),
            format!("staged {root}"),
            format!("sweep src {root}"),
        ] {
            let ended = starved(&project, &format!("ulimit -n {limit}"), &command);
            // Below six or so the loader of programs itself fails.
            if ended.code() == 127 {
                continue;
            }
            let reported = format!("{limit} {command}: {ended:?}");
            assert!(matches!(ended.code(), 1..=3), "{reported}");
            assert!(!ended.stderr.contains("internal error"), "{reported}");
            whole += usize::from(ended.code() == 1);
            stands(&project, &ended);
        }
    }
    assert!(whole > 0, "enough is enough");
}

#[test]
fn no_more_threads_are_reported() {
    let project = project("threads");
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    // Another user, who has no other process, must be able to read all this.
    let program = project.at("keysweep");
    programs::copy(&program);
    let open = "chmod -R a+rX . \"$1\" && chmod a+rwx .";
    project.shell(open, &repo.outer().to_string_lossy()).exits(0);
    let limited = |limit: u32, arguments: &[&str]| {
        let script = "import os, resource, sys\nos.setgroups([])\nos.setgid(64321)\n\
            os.setuid(64321)\nn = int(sys.argv[1])\nresource.setrlimit(resource.RLIMIT_NPROC, \
            (n, n))\nos.environ['GIT_CONFIG_COUNT'] = '0'\nos.execv(sys.argv[2], sys.argv[2:])";
        let mut command = Command::new("python3");
        command.args(["-c", script, &limit.to_string()]).arg(&program).args(arguments);
        command.current_dir(project.path());
        let mut running = Running::start(command, true);
        running.child.stdin.take();
        running.end()
    };
    let free = limited(1000, &["scan", "src"]);
    // Python ends with 1 as well, where it may not.
    if free.code() != 1 || free.stderr.contains("Traceback") {
        skip(&format!("this user may not become another: {}", free.stderr));
        return;
    }
    let root = repo.root.to_string_lossy().into_owned();
    let mut reported = [0, 0];
    for limit in 1..8 {
        for command in [
            &["scan", "src", "-j", "4", "--output", "json=old.json"][..],
            &["scan", "src", "-j", "1"],
            &["scan", "src", "-j", "4", "--timeout", "1h"],
            &["history", &root, "-j", "4"],
            &["staged", &root],
            &["sweep", "src", "-j", "4"],
            &["range", "HEAD..HEAD", &root, "-j", "4"],
            &["scan", "-"],
        ] {
            let ended = limited(limit, command);
            let seen = format!("{limit} {command:?}: {ended:?}");
            assert!(matches!(ended.code(), 0..=3), "{seen}");
            let empty = matches!(command[0], "staged" | "range") || command == ["scan", "-"];
            assert!(ended.code() != 0 || empty, "{seen}");
            let index = usize::from(ended.code() == 1);
            reported[index] += 1;
            stands(&project, &ended);
        }
    }
    println!("{} runs found the key, {} said what was missing", reported[1], reported[0]);
    assert!(reported[0] > 0 && reported[1] > 0);
}

#[test]
fn a_small_stack_is_enough() {
    let project = project("stack");
    // The unoptimised program takes several times the stack of the one that is shipped.
    for limit in [1024, 2048] {
        let ended = starved(&project, &format!("ulimit -s {limit}"), "scan src");
        assert_eq!(ended.code(), 1, "{limit}: {}", ended.stderr);
    }
}

#[test]
fn memory_that_runs_out_leaves_no_half_report() {
    let project = project("memory");
    let mut keys = Keys::new("memory");
    let many: String = (0..300).map(|_| keys.pair().env).collect();
    project.file("src/many.env", &many).file("src/large.txt", vec![b'x'; 20 << 20]);
    let mut ends = std::collections::BTreeMap::new();
    for limit in (1..13).map(|step| step * 32 * 1024) {
        let arguments = "scan src -j2 --output json=old.json";
        let ended = starved(&project, &format!("ulimit -c 0; ulimit -v {limit}"), arguments);
        stands(&project, &ended);
        // Too little for the loader of programs, too little for the program, enough.
        assert!(matches!(ended.code(), 127 | 1..=3 | -6 | -11), "{limit}: {ended:?}");
        *ends.entry(ended.code()).or_insert(0) += 1;
    }
    println!("ends under limits of memory: {ends:?}");
    assert!(ends.contains_key(&1), "enough is enough");
}

#[test]
fn no_place_for_temporary_files_is_needed() {
    let project = project("no tmp");
    for script in ["unset TMPDIR", "export TMPDIR=/no/such/folder", "export TMPDIR="] {
        for command in ["scan src --output json=new.json", "sweep src --resume state"] {
            let ended = starved(&project, script, command);
            assert_eq!(ended.code(), 1, "{script} {command}: {}", ended.stderr);
        }
        fs::remove_file(project.at("state")).expect("a state");
    }
    // The demo alone makes a project of its own there, and says that it can't.
    let ended = starved(&project, "export TMPDIR=/no/such/folder", "demo");
    assert_eq!(ended.code(), 2, "{ended:?}");
    assert!(ended.stderr.contains("/no/such/folder"), "{}", ended.stderr);
}
