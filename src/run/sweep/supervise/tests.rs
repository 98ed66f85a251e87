//! Faults of a process that scans targets: each is named, and what was found is kept.

use super::*;
#[cfg(target_os = "linux")]
use crate::{
    finding::{Candidate, Confidence, Credential, Details, Origin, RuleId, Sighting},
    memory::MemoryBudget,
    run::sweep::{Workers, frames::PathText},
    scan::Hit,
};

const SECOND: Duration = Duration::from_secs(1);

/// The seconds after which a process is killed that reports `progress` once a second.
fn killed_after(
    limit: Option<Duration>,
    progress: impl Fn(u64) -> Progress,
) -> Option<(u64, Failure)> {
    let stop = Stop::default();
    let mut watch = Watch::new(Bounds { limit, memory: None, stop: &stop });
    (1..1000).find_map(|second| {
        watch.pulse.update(progress(second));
        watch.tick(SECOND).map(|failure| (second, failure))
    })
}

#[test]
fn a_process_that_does_nothing_is_killed_and_one_that_works_is_not() {
    let nothing = |_| Progress { cpu: SECOND, ..Progress::default() };
    assert_eq!(killed_after(None, nothing), Some((121, Failure::Hung(HANG))));
    let only_alive =
        |second: u64| Progress { cpu: Duration::from_millis(second), ..Progress::default() };
    assert_eq!(killed_after(None, only_alive), Some((121, Failure::Hung(HANG))));
    let reads = |second: u64| Progress { bytes: second / 100, ..Progress::default() };
    assert_eq!(killed_after(None, reads), None);
    let computes =
        |second: u64| Progress { cpu: Duration::from_millis(10 * second), ..Progress::default() };
    assert_eq!(killed_after(None, computes), None);
}

#[test]
fn the_outer_clock_is_a_grace_after_the_limit() {
    let works = |second: u64| Progress { bytes: second, ..Progress::default() };
    for (limit, killed) in [(1, 4), (10, 21), (600, 631)] {
        let limit = Duration::from_secs(limit);
        let expected = Some((killed, Failure::OverTime(limit)));
        assert_eq!(killed_after(Some(limit), works), expected);
    }
}

#[test]
fn a_process_that_does_not_stop_is_killed() {
    let stop = Stop::default();
    let mut watch = Watch::new(Bounds { limit: None, memory: None, stop: &stop });
    watch.stopping = Some(Duration::ZERO);
    let killed = (1..100).find_map(|second| watch.tick(SECOND).map(|why| (second, why)));
    assert_eq!(killed, Some((11, Failure::Stopped)));
}

/// Scripts that run in place of a process, and the failure of each. `$1` is a frame with a hit.
#[cfg(target_os = "linux")]
const FAULTS: [(&str, &str); 9] = [
    ("cat \"$1\"; exit 3", "its process ended with status 3"),
    ("cat \"$1\"; exit 0", "its process ended with status 0"),
    ("cat \"$1\"; kill -SEGV $$", "killed by signal 11 (SIGSEGV)"),
    ("cat \"$1\"; kill -BUS $$", "killed by signal 7 (SIGBUS)"),
    ("cat \"$1\"; kill -TERM $$", "killed by signal 15 (SIGTERM)"),
    ("cat \"$1\"; printf 'what is this?'; sleep 600", "cut or damaged"),
    ("cat \"$1\"; head -c 20 \"$1\"", "cut or damaged"),
    ("cat \"$1\"; sleep 600", "the time limit of 1s did not end its process"),
    (
        "cat \"$1\"; x=$(head -c 99000000 /dev/zero | tr '\\0' x); kill -STOP $$",
        "memory above 8 MiB",
    ),
];

#[test]
#[cfg(target_os = "linux")]
fn whatever_a_process_does_it_is_named_and_what_was_found_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let frame = folder.path().join("hit");
    std::fs::write(&frame, super::super::hits::frame(hit()).expect("a frame")).expect("a file");
    for (number, (fault, words)) in FAULTS.into_iter().enumerate() {
        let program = folder.path().join(number.to_string());
        let path = frame.display();
        let ready = "printf '\\004\\000\\000\\000\\003null'";
        script(&program, &format!("#!/bin/sh\nulimit -c 0\nset -- '{path}'\n{ready}\n{fault}\n"));
        let workers = Workers { program, options: String::new() };
        let mut process = workers.start().expect("a process");
        let stop = Stop::default();
        let memory = words.contains("memory").then_some(8 << 20);
        let bounds = Bounds { limit: Some(SECOND), memory, stop: &stop };
        let mut hits = Hits::new(&MemoryBudget::default());
        let watched = watch(&mut process, &request(), bounds, &Ledger::new(), &mut hits);
        let failure = watched.expect_err("a failure").to_string();
        assert!(failure.contains(words), "{fault}: {failure}");
        assert!(process.ready, "{fault}");
        assert_eq!(hits.finish(&Ledger::new()).len(), 1, "{fault}");
    }
}

/// Writes a script. A child process writes it: nobody can run a file that is open for writing here.
#[cfg(target_os = "linux")]
fn script(path: &std::path::Path, text: &str) {
    let how = "printf '%s' \"$2\" >\"$1\" && chmod 755 \"$1\"";
    let mut command = std::process::Command::new("sh");
    let written = command.args(["-c", how, "sh"]).arg(path).arg(text).status();
    assert!(written.expect("a shell").success());
}

#[cfg(target_os = "linux")]
fn hit() -> Hit {
    let credential = Credential {
        rule: RuleId::new("aws-access-key-id"),
        key_id: Some("AKIAX".to_owned()),
        secret: None,
        session_token: None,
        account: None,
        user: None,
        expires: None,
        details: Details::default(),
    };
    let (confidence, sighting) = (Confidence::High, Sighting::default());
    let candidate = Candidate { credential, confidence, sighting, inside: Vec::new() };
    Hit { origin: Origin { path: Some(b"a".to_vec()), ..Origin::default() }, candidate }
}

#[cfg(target_os = "linux")]
fn request() -> Request {
    Request {
        place: PathText::from(std::path::Path::new("/")),
        files: None,
        history: false,
        problems: Vec::new(),
        note: None,
        recalled: None,
        since: None,
        databases: Vec::new(),
        wants_state: false,
        threads: 1,
        shares: 1,
    }
}
