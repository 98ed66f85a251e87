//! A sweep whose processes are killed, stopped or truncated: the target is reported, the others are
//! scanned, and no process remains.
//!
//! The slow target is a file of which no scan reaches the end. A process that has opened it is in
//! the middle of its target, on any machine.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::process::{Running, endless_file};
use crate::support::storage::only_pack;
use crate::support::{Keys, Pair, Project, Ran};

/// Nothing here takes that long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until `ready` gives something.
#[track_caller]
fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The processes that a process has started (proc_pid_stat(5)).
fn children(parent: u32) -> Vec<u32> {
    let parent_of = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        fields.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let all = fs::read_dir("/proc").expect("Linux has it").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(pid) == Some(parent)).collect()
}

fn has_open(pid: u32, path: &Path) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file == path)
}

fn has_mapped(pid: u32, path: &Path) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.contains(&*path.to_string_lossy())
}

/// Waits for the process that reads `path`.
#[track_caller]
fn reader(sweep: &Running, path: &Path, not: Option<u32>) -> u32 {
    wait_for("a process reads the slow target", || {
        let running = children(sweep.child.id());
        running.into_iter().find(|pid| Some(*pid) != not && has_open(*pid, path))
    })
}

fn send(pid: u32, signal: &str) {
    let kill = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status();
    assert!(kill.expect("kill runs").success());
}

/// Targets `a` and `c` with a key each, and between them `b` with an endless file.
fn with_slow_target(name: &str) -> (Project, PathBuf, [Pair; 2]) {
    let mut keys = Keys::new(name);
    let pairs = [keys.pair(), keys.pair()];
    let project = Project::new();
    project.file("a/a.env", &pairs[0].env).file("c/c.env", &pairs[1].env);
    project.file("b/readme.txt", "nothing\n");
    let slow = endless_file(&project.at("b/slow.bin"));
    let slow = slow.canonicalize().expect("a file");
    (project, slow, pairs)
}

fn start(project: &Project, more: &[&str]) -> Running {
    let sweep = ["sweep", "a", "b", "c", "--format", "json", "--jobs", "2"];
    Running::start(project.keysweep([&sweep, more].concat()).command(), true)
}

/// The sweep's end as that of a run.
fn ran(sweep: Running) -> Ran {
    let ended = sweep.end();
    Ran { code: Some(ended.code()), stdout: ended.stdout, stderr: ended.stderr }
}

/// Asserts that both keys were found, and that `b` failed for a reason with these words.
#[track_caller]
fn only_b_failed(ran: &Ran, pairs: &[Pair; 2], why: &str) {
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    for pair in pairs {
        assert!(findings.iter().any(|one| one["key_id"] == pair.id.as_str()), "{}", ran.stdout);
    }
    let targets = report["coverage"]["targets"].as_array().expect("targets");
    let failed: Vec<(&str, &str)> = targets
        .iter()
        .filter_map(|one| Some((one["name"].as_str()?, one["failed"].as_str()?)))
        .collect();
    assert!(matches!(failed[..], [("b", reason)] if reason.contains(why)), "{failed:?}");
    assert!(ran.problems().iter().any(|one| one.contains(why)), "{:?}", ran.problems());
    assert!(ran.stderr.contains("b: ") && ran.stderr.contains(why), "{}", ran.stderr);
}

const AGAIN: &str = "it is scanned once more after all others, alone";

#[test]
fn after_two_kills_only_that_target_is_missing() {
    let (project, slow, pairs) = with_slow_target("process killed");
    let sweep = start(&project, &[]);
    let first = reader(&sweep, &slow, None);
    send(first, "KILL");
    let second = reader(&sweep, &slow, Some(first));
    send(second, "KILL");
    let ran = ran(sweep).exits(1);
    only_b_failed(&ran, &pairs, "killed by signal 9 (SIGKILL)");
    assert_eq!(ran.stderr.matches(AGAIN).count(), 1, "{}", ran.stderr);
}

#[test]
fn after_one_kill_a_target_is_scanned_again_without_loss() {
    let (project, slow, _) = with_slow_target("process once");
    let sweep = start(&project, &[]);
    let first = reader(&sweep, &slow, None);
    // It has an end the second time.
    OpenOptions::new().write(true).open(&slow).expect("a file").set_len(1 << 20).expect("cut");
    send(first, "STOP");
    send(first, "KILL");
    let ran = ran(sweep).exits(1);
    let whole = ["sweep", "a", "b", "c", "--format", "json"];
    assert_eq!(ran.stdout, project.keysweep(whole).run().exits(1).stdout);
}

/// A stopped process hears nothing of its time limit: the outer clock ends it.
#[test]
fn a_process_that_is_stopped_is_killed_a_grace_after_the_limit() {
    let (project, slow, pairs) = with_slow_target("process stopped");
    let sweep = start(&project, &["--target-timeout", "2s"]);
    send(reader(&sweep, &slow, None), "STOP");
    let ran = ran(sweep).exits(1);
    only_b_failed(&ran, &pairs, "the time limit of 2s");
}

#[test]
fn a_time_limit_ends_a_target_and_no_other() {
    let (project, _, pairs) = with_slow_target("process limit");
    let ran = ran(start(&project, &["--target-timeout", "1s"])).exits(1);
    only_b_failed(&ran, &pairs, "the time limit of 1s was reached");
    assert!(!ran.stderr.contains(AGAIN), "{}", ran.stderr);
}

/// A pack is mapped, so a process that reads beyond its end gets SIGBUS.
#[test]
fn a_pack_that_is_cut_while_it_is_mapped_ends_one_process() {
    let mut keys = Keys::new("process pack");
    let pairs = [keys.pair(), keys.pair()];
    let project = Project::new();
    project.file("a/a.env", &pairs[0].env).file("c/c.env", &pairs[1].env);
    project.git_in("b", &["init", "-q", "-b", "main"]);
    for number in 0..12 {
        let noise: Vec<u8> = (0..1 << 18).flat_map(|_| keys.next().to_le_bytes()).collect();
        project.file(format!("b/{number}.bin"), noise);
    }
    project.git_in("b", &["add", "-A"]).git_in("b", &["commit", "-q", "-m", "noise"]);
    project.git_in("b", &["repack", "-q", "-a", "-d", "--window=0"]);
    project.git_in("b", &["rm", "-q", "-r", "--cached", "."]);
    for number in 0..12 {
        fs::remove_file(project.at(format!("b/{number}.bin"))).expect("a file");
    }
    let pack = only_pack(&project.at("b/.git"), "pack").canonicalize().expect("a path");
    let sweep = start(&project, &["--threads", "1"]);
    let reader = wait_for("a process maps the pack", || {
        children(sweep.child.id()).into_iter().find(|pid| has_mapped(*pid, &pack))
    });
    send(reader, "STOP");
    let file = OpenOptions::new().write(true).open(&pack).expect("a pack");
    file.set_len(4096).expect("cut");
    send(reader, "CONT");
    let ran = ran(sweep).exits(1);
    assert!(
        ran.stderr.contains("killed by signal 7 (SIGBUS): a file was truncated"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(AGAIN), "{}", ran.stderr);
    let report = ran.json();
    for pair in pairs {
        assert!(ran.stdout.contains(&pair.id), "{report:#}");
    }
    // The second time it is an error like any other.
    assert!(ran.problems().iter().any(|one| one.contains("b")), "{:?}", ran.problems());
}

#[test]
fn no_process_outlives_a_sweep_that_is_killed() {
    let (project, slow, _) = with_slow_target("process orphan");
    let mut sweep = start(&project, &[]);
    let pid = reader(&sweep, &slow, None);
    let all = children(sweep.child.id());
    assert!(all.contains(&pid));
    sweep.child.kill().expect("SIGKILL");
    sweep.end();
    for pid in all {
        wait_for("the process ends with its sweep", || {
            (!Path::new(&format!("/proc/{pid}/exe")).exists()).then_some(())
        });
    }
}

#[test]
fn an_interrupted_sweep_stops_its_processes_and_reports() {
    for signal in ["INT", "TERM"] {
        let (project, slow, pairs) = with_slow_target("process interrupted");
        let sweep = start(&project, &["--partial", "part"]);
        let pid = reader(&sweep, &slow, None);
        wait_for("the others have ended", || {
            let others = children(sweep.child.id());
            (others.len() == 1).then_some(())
        });
        send(sweep.child.id(), signal);
        let ran = ran(sweep).exits(130);
        let part = fs::read_to_string(project.at("part")).expect("a partial");
        let cut = part.lines().filter(|line| line.contains("completely: the sweep ended first"));
        assert_eq!(cut.count(), 1, "{signal}: {part}");
        for pair in &pairs {
            assert!(ran.stdout.contains(&pair.id), "{}", ran.stdout);
        }
        assert!(!Path::new(&format!("/proc/{pid}/exe")).exists());
    }
}

/// Others can read this of a process: its command line; its environment, by the same user.
#[test]
fn a_process_shows_no_names_on_its_command_line_or_in_its_environment() {
    let (project, slow, pairs) = with_slow_target("process secret");
    let secret = pairs[0].secret.replace('/', "x");
    project.file(format!("b/{secret}.txt"), "nothing\n");
    project.file("rules.toml", "exclude = [\"*.never\"]\n");
    let sweep = ["sweep", "a", "b", "c", "--format", "json", "--config", "rules.toml"];
    let more = ["--exclude", &secret];
    let command = project.keysweep([&sweep[..], &more].concat());
    let command = command.env("AWS_SECRET_ACCESS_KEY", &pairs[0].secret).command();
    let mut sweep = Running::start(command, true);
    let pid = reader(&sweep, &slow, None);
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).expect("it runs");
    assert_eq!(String::from_utf8_lossy(&read("cmdline")), "keysweep\0--sweep-worker\0");
    assert_eq!(String::from_utf8_lossy(&read("environ")), "");
    sweep.child.kill().expect("SIGKILL");
    sweep.end();
}

/// Its output goes to the sweep alone: hits with secrets pass through it.
#[test]
fn a_user_who_starts_a_sweep_process_is_advised() {
    let project = Project::new();
    for input in ["", "a\nb\n", "\0\0\0\0\0", "\u{2}\0\0\0\0{}"] {
        let ran = project.keysweep(["--sweep-worker"]).input(input).run().exits(2);
        assert!(ran.stderr.contains("run `keysweep sweep`"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    for page in [&["--help"][..], &["sweep", "--help"], &["completions", "bash"], &["man"]] {
        let shown = project.keysweep(page).run().exits(0).stdout;
        assert!(!shown.contains("sweep-worker"), "{page:?}");
    }
}

/// The findings, their order and the rows depend on neither jobs nor threads.
#[test]
fn the_report_and_the_order_of_rows_do_not_depend_on_the_number_of_jobs() {
    let mut keys = Keys::new("process jobs");
    let project = Project::new();
    for number in 0..12 {
        let folder = format!("all/{number:02}");
        project.file(format!("{folder}/conf/a.env"), &keys.pair().env);
        if number % 2 == 0 {
            project.git_in(&folder, &["init", "-q", "-b", "main"]);
            project.git_in(&folder, &["add", "-A"]);
            project.git_in(&folder, &["commit", "-q", "-m", "keys"]);
        }
        // Some take longer than those after them.
        project.file(format!("{folder}/noise.txt"), "word ".repeat((12 - number) << 14));
    }
    let folders: Vec<String> = (0..12).map(|number| format!("all/{number:02}")).collect();
    let run = |jobs: &str, threads: &str, format: &str| {
        let fixed = ["sweep", "--jobs", jobs, "--threads", threads, "--format", format, "all"];
        let arguments = fixed.into_iter().map(str::to_owned).chain(folders.clone());
        project.keysweep(arguments).run().exits(1)
    };
    let names = |ran: &Ran| -> Vec<String> {
        let rows = ran.stderr.lines().filter(|line| line.starts_with('['));
        rows.map(|row| row.split(": ").next().unwrap_or_default().to_owned()).collect()
    };
    for format in ["json", "sarif", "text"] {
        let one = run("1", "1", format);
        for (jobs, threads) in [("2", "1"), ("3", "4"), ("16", "2")] {
            let other = run(jobs, threads, format);
            assert_eq!(one.stdout, other.stdout, "{jobs} jobs, {threads} threads");
            assert_eq!(names(&one), names(&other));
        }
    }
}

/// A program that was replaced or deleted while it runs continues with itself.
#[test]
fn a_program_that_is_deleted_while_it_runs_starts_its_processes_all_the_same() {
    let (project, slow, pairs) = with_slow_target("process deleted");
    let program = project.at("keysweep");
    crate::support::programs::copy(&program);
    let mut command = Command::new(&program);
    command.args(["sweep", "a", "b", "c", "--format", "json", "--jobs", "1"]);
    command.current_dir(project.path());
    let sweep = Running::start(command, true);
    let first = reader(&sweep, &slow, None);
    fs::remove_file(&program).expect("a file");
    let file = OpenOptions::new().write(true).open(&slow).expect("a file");
    file.set_len(0).expect("cut");
    file.write_at(b"nothing\n", 0).expect("a text");
    send(first, "KILL");
    let ran = ran(sweep).exits(1);
    for pair in &pairs {
        assert!(ran.stdout.contains(&pair.id), "{}", ran.stdout);
    }
    assert!(ran.problems().is_empty(), "{:?}", ran.problems());
}
