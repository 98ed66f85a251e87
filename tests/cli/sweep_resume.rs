//! A sweep that is interrupted, by Ctrl-C or by a kill that can't be caught, and resumed.
//!
//! Rows on standard error that nobody reads make the program wait in the middle of a sweep, so
//! that it is interrupted there on any machine.

use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{Keys, Project, Ran};

/// Targets of the sweep; rows of 19 of them fill a pipe.
const TARGETS: usize = 40;
/// Finished targets after which the program is interrupted.
const ENOUGH: usize = 12;

/// Folders with long names, so that rows are long, some with keys, some of them repositories.
fn folders(name: &str) -> Project {
    let mut keys = Keys::new(name);
    let shared = keys.pair();
    let project = Project::new();
    project.file("b.env", &shared.env);
    let gzip = Command::new("gzip").args(["-c", "-n"]).arg(project.at("b.env")).output();
    let packed = gzip.expect("gzip runs").stdout;
    let deep = ["n".repeat(230).as_str(); 14].join("/");
    for number in 0..TARGETS {
        let folder = format!("all/{deep}/{number:02}");
        project.file(format!("{folder}/readme.txt"), "nothing\n");
        if number % 3 == 0 {
            project.file(format!("{folder}/conf/a.env"), &keys.pair().env);
            project.file(format!("{folder}/conf/b.env"), &shared.env);
            project.file(format!("{folder}/conf/b.env.gz"), &packed);
        }
        if number % 6 == 0 {
            project.git_in(&folder, &["init", "-q", "-b", "main"]);
            project.git_in(&folder, &["add", "-A"]);
            project.git_in(&folder, &["commit", "-q", "-m", "keys"]);
            project.git_in(&folder, &["rm", "-q", "-r", "conf"]);
            project.git_in(&folder, &["commit", "-q", "-m", "no keys"]);
        }
    }
    project
}

/// Every folder by itself, and the one above them all for short names of nothing else.
fn arguments(project: &Project, more: &[&str]) -> Vec<String> {
    let deep = ["n".repeat(230).as_str(); 14].join("/");
    let folders = (0..TARGETS).map(|number| format!("all/{deep}/{number:02}"));
    let all = project.at("all").to_string_lossy().into_owned();
    let fixed = ["sweep".to_owned(), "--format".to_owned(), "json".to_owned(), all];
    fixed.into_iter().chain(folders).chain(more.iter().map(|&one| one.to_owned())).collect()
}

/// Starts a sweep that notes what it finishes, and waits until it stops in the middle.
fn in_the_middle(project: &Project) -> Child {
    let mut command = project.keysweep(arguments(project, &["--resume", "state"])).command();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    while finished(project) < ENOUGH {
        thread::sleep(Duration::from_millis(10));
    }
    child
}

/// Finished targets in the state.
fn finished(project: &Project) -> usize {
    let text = fs::read_to_string(project.at("state")).unwrap_or_default();
    text.lines().filter(|line| line.starts_with("{\"target\":")).count()
}

fn whole(project: &Project) -> Ran {
    project.keysweep(arguments(project, &[])).run().exits(1)
}

fn resumed(project: &Project) -> Ran {
    project.keysweep(arguments(project, &["--resume", "state"])).run().exits(1)
}

/// Targets that a run took from the state.
fn reused(ran: &Ran) -> usize {
    ran.stderr.matches("recorded by an earlier run").count()
}

#[test]
fn a_killed_sweep_continues_and_gives_the_same_report() {
    let project = folders("sweep killed");
    let mut child = in_the_middle(&project);
    let second = project.keysweep(["sweep", "all", "--resume", "state"]).run().exits(2);
    assert!(second.stderr.contains("another sweep is using it"), "{}", second.stderr);
    child.kill().expect("SIGKILL");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), None, "it was killed before its end");
    // As if it had been killed while it wrote a line.
    let noted = finished(&project);
    let state = OpenOptions::new().write(true).open(project.at("state")).expect("the state");
    state.set_len(state.metadata().expect("a file").len() - 20).expect("cut");
    let ran = resumed(&project);
    assert_eq!(reused(&ran), noted - 1);
    assert_eq!(ran.stdout, whole(&project).stdout);
    // It ended, so the next run starts again.
    assert_eq!(reused(&resumed(&project)), 0);
}

#[test]
fn an_interrupted_sweep_reports_what_it_has_and_continues() {
    let project = folders("sweep interrupted");
    let mut child = in_the_middle(&project);
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let mut stderr = child.stderr.take().expect("a pipe");
    let reader = thread::spawn(move || drop(stderr.read_to_end(&mut Vec::new())));
    let mut report = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut report).expect("a report");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    reader.join().expect("it was read");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert!(!report["findings"].as_array().expect("findings").is_empty());
    assert_eq!(report["coverage"]["complete"], false);
    let noted = finished(&project);
    assert!((ENOUGH..TARGETS).contains(&noted));
    let ran = resumed(&project);
    assert_eq!(reused(&ran), noted);
    assert_eq!(ran.stdout, whole(&project).stdout);
}

#[test]
fn a_target_whose_credentials_moved_is_scanned_again() {
    let project = folders("sweep moved");
    let mut child = in_the_middle(&project);
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    let deep = ["n".repeat(230).as_str(); 14].join("/");
    let path = format!("all/{deep}/03/conf/a.env");
    let text = fs::read_to_string(project.at(&path)).expect("a file");
    project.file(&path, format!("\n\n{text}"));
    let noted = finished(&project);
    let ran = resumed(&project);
    assert_eq!(reused(&ran), noted - 1);
    assert_eq!(ran.stdout, whole(&project).stdout);
}

#[test]
fn a_sweep_that_ran_out_of_time_continues() {
    let project = Project::new();
    project.file("a/a.env", Keys::new("sweep time").pair().env);
    let sweep = ["sweep", "a", "--format", "json", "--resume", "state"];
    let none = sweep.into_iter().chain(["--timeout", "0s"]);
    let cut = project.keysweep(none).run().exits(3);
    assert!(cut.problems().iter().any(|why| why.contains(".: not scanned")), "{}", cut.stdout);
    assert_eq!(project.keysweep(sweep).run().exits(1).places(), ["a.env:1"]);
}

#[test]
fn a_file_that_is_not_a_state_is_left_unchanged() {
    let project = Project::new();
    project.file("a/x.txt", "nothing\n").file("notes.txt", "mine\nall mine\n");
    let sweep = ["sweep", "a", "--resume", "notes.txt"];
    let ran = project.keysweep(sweep).run().exits(2);
    assert!(ran.stderr.contains("is not the state of a sweep"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(project.at("notes.txt")).expect("it"), "mine\nall mine\n");
}

#[test]
fn a_state_of_other_options_is_refused() {
    let project = folders("sweep options");
    let mut child = in_the_middle(&project);
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    let other = arguments(&project, &["--resume", "state", "--exclude", "*.txt"]);
    let ran = project.keysweep(other).run().exits(2);
    assert!(ran.stderr.contains("other options"), "{}", ran.stderr);
    // The amount of output and the speed do not matter for the findings.
    let same = arguments(&project, &["--resume", "state", "-j1", "--fail-on", "never"]);
    assert!(reused(&project.keysweep(same).run().exits(0)) >= ENOUGH);
}

#[test]
fn a_secret_in_a_name_is_not_written_to_the_state() {
    let project = Project::new();
    let pair = Keys::new("sweep name").pair();
    let secret = pair.secret.replace('/', "x");
    let env = pair.env.replace(&pair.secret, &secret);
    project.file("a/x.txt", "nothing\n").file(format!("b/{secret}.env"), &env);
    let sweep = ["sweep", "a", "b", "--resume", "state", "--output", "report"];
    project.keysweep(sweep).run().exits(1);
    let state = fs::read_to_string(project.at("state")).expect("the state");
    assert!(state.contains("/a\"") && !state.contains("/b\""), "{state}");
}

#[test]
fn only_its_owner_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    project.file("a/x.txt", "nothing\n");
    project.keysweep(["sweep", "a", "--resume", "state"]).run().exits(0);
    let mode = fs::metadata(project.at("state")).expect("the state").permissions().mode();
    assert_eq!(mode & 0o077, 0);
}
