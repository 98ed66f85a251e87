//! `kill -9` at any moment: the files that a run writes are complete, either the old or the new
//! ones, and the next run continues from them.
//!
//! `KEYSWEEP_KILLS` says how many moments are tried; they are spread over the time that a whole
//! run takes, most of which goes into writing.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::support::process::{Ended, Running};
use crate::support::{Keys, Project};

/// Findings of each run: so many that writing them takes its time.
const KEYS: usize = 150;

fn moments() -> u32 {
    let variable = std::env::var("KEYSWEEP_KILLS").ok();
    variable.and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// Two folders of files with keys, one of them a repository.
fn project(name: &str) -> Project {
    let mut keys = Keys::new(name);
    let project = Project::new();
    for number in 0..KEYS {
        let folder = if number % 2 == 0 { "src/one" } else { "src/two" };
        project.file(format!("{folder}/{number}.env"), keys.pair().env);
    }
    project.git_in("src/two", &["init", "-q", "-b", "main"]);
    project.git_in("src/two", &["add", "-A"]);
    project.git_in("src/two", &["commit", "-q", "-m", "keys"]);
    project
}

/// The observations of all kills.
#[derive(Default, Debug)]
struct Seen {
    killed: usize,
    ended: usize,
    /// Files that were new after a kill.
    new: usize,
    /// Files that were the old ones after a kill.
    old: usize,
    /// Kills that left a partly written file.
    left: usize,
}

/// Runs a command `count` times and kills it later each time; `look` gets how it ended.
fn kill_at(count: u32, command: impl Fn() -> Command, mut look: impl FnMut(Ended)) {
    let begin = Instant::now();
    Running::start(command(), true).end();
    let whole = begin.elapsed();
    for moment in 0..count {
        // Well beyond the end, as no two runs take the same time on a busy machine.
        let after = whole.mul_f64(f64::from(moment) * 1.5 / f64::from(count));
        let mut running = Running::start(command(), true);
        thread::sleep(after);
        running.child.kill().expect("SIGKILL, or it has ended");
        look(running.end());
    }
}

/// Names of hidden files next to the project's own, as a writer makes them.
fn leftovers(project: &Project) -> Vec<String> {
    let names = fs::read_dir(project.path()).expect("a folder").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.') && name.ends_with(".tmp")).collect()
}

fn sweep_up(project: &Project) -> usize {
    let left = leftovers(project);
    left.iter().for_each(|name| fs::remove_file(project.at(name)).expect("a file"));
    left.len()
}

fn inode(project: &Project, name: &str) -> u64 {
    fs::metadata(project.at(name)).expect("a file").ino()
}

#[test]
fn reports_are_whole_whenever_a_scan_is_killed() {
    let project = project("killed scan");
    let arguments = ["scan", "src", "--output", "json=r.json", "--output", "sarif=r.sarif"];
    let mut seen = Seen::default();
    let mut known = [0, 0];
    kill_at(
        moments(),
        || project.keysweep(arguments).command(),
        |ended| {
            for (name, known) in ["r.json", "r.sarif"].into_iter().zip(&mut known) {
                let text = fs::read_to_string(project.at(name)).expect("a report");
                let report: serde_json::Value =
                    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
                let findings =
                    report["findings"].as_array().or(report["runs"][0]["results"].as_array());
                assert_eq!(findings.map(Vec::len), Some(KEYS), "{name}");
                let inode = inode(&project, name);
                *if *known == inode { &mut seen.old } else { &mut seen.new } += 1;
                *known = inode;
            }
            *if ended.code() == -9 { &mut seen.killed } else { &mut seen.ended } += 1;
            seen.left += usize::from(sweep_up(&project) > 0);
        },
    );
    println!("scan: {seen:?}");
    project.keysweep(arguments).run().exits(1);
    assert!(leftovers(&project).is_empty(), "a run that ends leaves nothing");
}

#[test]
fn a_baseline_is_whole_whenever_the_program_is_killed() {
    let project = project("killed baseline");
    let arguments = ["baseline", "src/two", "--baseline", "accepted"];
    let scan = ["scan", "src/two", "--baseline", "accepted", "--quiet", "--no-config"];
    let mut seen = Seen::default();
    let mut known = 0;
    kill_at(
        moments() / 2,
        || project.keysweep(arguments).command(),
        |ended| {
            let inode = inode(&project, "accepted");
            *if known == inode { &mut seen.old } else { &mut seen.new } += 1;
            known = inode;
            *if ended.code() == -9 { &mut seen.killed } else { &mut seen.ended } += 1;
            seen.left += usize::from(sweep_up(&project) > 0);
            let text = fs::read_to_string(project.at("accepted")).expect("a baseline");
            assert_eq!(text.matches("AKIA").count(), KEYS / 2);
        },
    );
    println!("baseline: {seen:?}");
    project.keysweep(scan).run().exits(0);
}

/// Folders with a key each, every third one a repository, and one key that all of them have.
fn folders(name: &str) -> (Project, Vec<String>) {
    let mut keys = Keys::new(name);
    let shared = keys.pair().env;
    let project = Project::new();
    let folders: Vec<String> = (0..15).map(|number| format!("all/{number:02}")).collect();
    for (number, folder) in folders.iter().enumerate() {
        project.file(format!("{folder}/own.env"), keys.pair().env);
        project.file(format!("{folder}/conf/shared.env"), &shared);
        project.file(format!("{folder}/noise.txt"), "word ".repeat(number << 10));
        if number % 3 == 0 {
            project.git_in(folder, &["init", "-q", "-b", "main"]);
            project.git_in(folder, &["add", "-A"]);
            project.git_in(folder, &["commit", "-q", "-m", "keys"]);
            project.git_in(folder, &["rm", "-q", "-r", "conf"]);
            project.git_in(folder, &["commit", "-q", "-m", "no keys"]);
        }
    }
    (project, folders)
}

/// Kills a sweep at random moments, again and again until one ends, and compares its report with
/// that of a sweep that nobody killed.
fn sweeps_killed_at_random(name: &str, kills: usize) {
    let (project, folders) = folders(name);
    // The seed is printed with the first random number.
    let mut random = Keys::new(name);
    let mut moment = || (random.next() % 1000) as f64 / 1000.0;
    let fixed = ["sweep", "all", "--format", "json", "--jobs", "3"].map(str::to_owned);
    let arguments: Vec<String> = fixed.into_iter().chain(folders).collect();
    let begin = Instant::now();
    let whole = project.keysweep(&arguments).run().exits(1).stdout;
    let took = begin.elapsed();
    let resume = [&arguments[..], &["--resume".to_owned(), "state".to_owned()]].concat();
    let (mut killed, mut ended, mut resumed) = (0, 0, 0);
    while killed < kills {
        let mut running = Running::start(project.keysweep(&resume).command(), true);
        // Every second one is killed before its end on any machine, as its parts are recorded.
        thread::sleep(took.mul_f64(moment()));
        running.child.kill().expect("SIGKILL, or it has ended");
        let end = running.end();
        if end.code() == -9 {
            killed += 1;
        } else {
            ended += 1;
            assert_eq!(end.stdout, whole, "after {killed} kills");
        }
        if killed % 5 == 4 {
            let ran = project.keysweep(&resume).run().exits(1);
            assert_eq!(ran.stdout, whole, "after {killed} kills");
            resumed += ran.stderr.matches("recorded by an earlier run").count();
            killed += 1;
        }
    }
    let ran = project.keysweep(&resume).run().exits(1);
    assert_eq!(ran.stdout, whole, "after {killed} kills");
    println!("{killed} killed, {ended} ended, {resumed} targets went on from the state");
}

#[test]
fn a_sweep_continues_after_a_kill() {
    sweeps_killed_at_random("killed sweep", 20);
}

/// Takes minutes: for a change of `--resume` or of the processes.
#[test]
#[ignore = "takes minutes"]
fn a_sweep_continues_after_a_hundred_kills() {
    sweeps_killed_at_random("killed sweeps", 100);
}

/// A file that a kill leaves in the scanned folder is hidden text like any other: it holds no
/// secret, and does not stop the next run.
#[test]
fn files_left_by_a_killed_run_do_not_stop_the_next() {
    let project = project("left behind");
    let whole = project.keysweep(["scan", "src", "--format", "json"]).run().exits(1).stdout;
    let half = &whole[..whole.len() / 2];
    project.file(".r.json.AbCdEf.tmp", half);
    let ran = project.keysweep(["scan", "src", "--output", "json=r.json"]).run().exits(1);
    assert_eq!(fs::read_to_string(project.at("r.json")).expect("a report"), whole);
    assert!(!ran.stderr.contains("incomplete"), "{}", ran.stderr);
    let all = project.keysweep(["scan", ".", "--format", "json", "--fail-on", "never"]).run();
    let problems = all.problems();
    assert!(problems.is_empty(), "{problems:?}");
}
