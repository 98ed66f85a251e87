//! `--timeout` ends a run that would never end by itself, in every command and phase, and reports
//! it.
//!
//! Nothing here looks at a clock: a limit that is not kept lets the test hang until it is failed.

use std::process::Command;

use keysweep::finding::Confidence;
use keysweep::source::git::{database, history};
use keysweep::stop::Stop;

use crate::support::git::{Repo, key_id, leak, run};
use crate::support::process::{Ended, Running, endless_file};
use crate::support::{Keys, Project};

/// Asserts that the limit was reported, with the findings until then.
#[track_caller]
fn is_reported(ended: &Ended, id: Option<&str>) {
    let found = id.is_some_and(|id| ended.stdout.contains(id));
    assert_eq!(found, id.is_some(), "{ended:?}");
    assert_eq!(ended.code(), if found { 1 } else { 3 }, "{ended:?}");
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("a report");
    let problems = report["coverage"]["problems"].as_array().expect("problems");
    assert!(problems.iter().any(|one| one["what"] == "time"), "{ended:?}");
}

fn limited(project: &Project, arguments: &[&str]) -> Ended {
    let limit = ["--timeout", "700ms", "--format", "json"];
    Running::start(project.keysweep(arguments.iter().chain(&limit)).command(), true).end()
}

#[test]
fn inputs_without_end() {
    let project = Project::new();
    let pair = Keys::new("endless").pair();
    project.file("huge/a.env", &pair.env);
    endless_file(&project.at("huge/file"));
    project.file("one/b.txt", "text");
    for arguments in [
        &["scan", "huge", "-j2"][..],
        &["scan", "huge/a.env", "-"],
        &["scan", "huge/a.env", "/dev/stdin"],
        &["sweep", "huge"],
    ] {
        is_reported(&limited(&project, arguments), Some(&pair.id));
    }
    project.git_in("one", &["init", "-q"]);
    for arguments in [&["range", "--stdin", "one"][..], &["sweep", "--stdin"], &["scan", "-"]] {
        is_reported(&limited(&project, arguments), None);
    }
    // A limit for each target, and a target after the one without end.
    let targets = ["sweep", "huge", "one", "--target-timeout", "300ms", "--format", "json"];
    let ended = Running::start(project.keysweep(targets).command(), true).end();
    assert_eq!(ended.code(), 1, "{ended:?}");
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("a report");
    let swept = report["coverage"]["targets"].as_array().expect("targets");
    assert!(swept.iter().any(|one| one["name"] == "one" && one["complete"] == true), "{ended:?}");
}

#[test]
fn devices_and_streams_without_end() {
    let project = Project::new();
    for input in ["cat /dev/zero", "yes text", "yes | gzip -1", "yes | bzip2 -1"] {
        let line = format!(
            "{input} 2>/dev/null | \"$0\" scan - --timeout 700ms --format json --max-unpack-time 1h \
             --max-unpacked 1TB --max-run-unpacked 1TB --max-ratio 1000000"
        );
        let mut command = Command::new("sh");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_keysweep")]).current_dir(project.path());
        is_reported(&Running::start(command, true).end(), None);
    }
}

#[test]
fn a_baseline_of_a_file_without_end() {
    let project = Project::new();
    let pair = Keys::new("endless baseline").pair();
    project.file("huge/a.env", &pair.env);
    endless_file(&project.at("huge/file"));
    let arguments = ["baseline", "huge", "--timeout", "700ms"];
    let ended = Running::start(project.keysweep(arguments).command(), true).end();
    assert_eq!(ended.code(), 3, "{ended:?}");
    assert!(ended.stderr.contains("raise --timeout"), "{ended:?}");
}

#[cfg(feature = "verify")]
#[test]
fn a_server_that_never_answers() {
    use crate::support::stub::{Act, Stub};
    let stub = Stub::start(|_, _| Act::Hang);
    let project = Project::new();
    let pair = Keys::new("endless server").pair();
    project.file("a.env", &pair.env);
    let url = stub.url();
    let report = project.keysweep(["scan", "a.env", "--format", "json"]).run().exits(1).stdout;
    project.file("report.json", report);
    for arguments in [
        &["scan", "a.env", "--verify"][..],
        &["verify", "--report", "report.json", "a.env"],
        &["verify", &pair.id],
    ] {
        let asked = ["--sts-endpoint", &url, "--timeout", "1s", "--format", "json"];
        let command = project.keysweep(arguments.iter().chain(&asked)).command();
        let mut running = Running::start(command, true);
        running.feed(pair.secret.as_bytes());
        drop(running.child.stdin.take());
        let ended = running.end();
        let code = if arguments[0] == "scan" { 1 } else { 3 };
        assert_eq!(ended.code(), code, "{arguments:?}: {ended:?}");
        assert!(ended.stdout.contains("\"unknown\""), "{arguments:?}: {ended:?}");
    }
    // Nobody gives the secret.
    let waiting = ["verify", pair.id.as_str(), "--timeout", "300ms"];
    let ended = Running::start(project.keysweep(waiting).command(), true).end();
    assert_eq!(ended.code(), 3, "{ended:?}");
    assert!(ended.stderr.contains("before the secret was read"), "{ended:?}");
}

/// Attribution has some time after the end; when that is over too, findings are reported by their
/// object alone.
#[test]
fn attribution_after_the_end_is_bounded() {
    let repo = Repo::new(&[]);
    for number in 1..=20 {
        repo.commit(&format!("{number:02}.env"), leak(number));
    }
    repo.git(&["repack", "-qad"]);
    for (grace_period, placed) in [(0, false), (3_600, true)] {
        let stop = Stop::default();
        let options = history::HistoryOptions {
            repo: Some(repo.root.clone()),
            database: database::DatabaseOptions {
                threads: 1,
                stop: stop.clone(),
                grace_period: std::time::Duration::from_secs(grace_period),
                ..Default::default()
            },
            min_confidence: Confidence::Low,
            ..Default::default()
        };
        let outcome = run(|engine, ledger, hits| {
            let ending = Ending { engine, stop: &stop };
            history::scan(&options, &ending, ledger, hits)
        });
        let outcome = outcome.expect("a scan");
        let ids: Vec<String> = outcome.places().into_iter().map(|(_, id)| id).collect();
        assert!(ids.contains(&key_id(1)) || !ids.is_empty(), "{ids:?}");
        let all = outcome.hits.iter().all(|hit| hit.origin.path.is_some() == placed);
        assert!(all, "patience {grace_period}");
        let reported = outcome.problems().contains(&"attribution");
        assert_eq!(reported, !placed, "patience {grace_period}");
        let objects = outcome.hits.iter().filter_map(|hit| hit.origin.git.as_ref());
        assert!(objects.into_iter().all(|git| git.blob.is_some()));
    }
}

/// Asks for the end once it has seen something.
struct Ending<'a> {
    engine: &'a keysweep::detect::Engine,
    stop: &'a Stop,
}

impl keysweep::scan::Detector for Ending<'_> {
    type BaseState = <keysweep::detect::Engine as keysweep::scan::Detector>::BaseState;

    fn whole(&self, bytes: &[u8]) -> keysweep::scan::Detected<Self::BaseState> {
        let detected = self.engine.whole(bytes);
        if !detected.candidates.is_empty() {
            self.stop.set();
        }
        detected
    }

    fn delta(
        &self,
        _: &Self::BaseState,
        _: &[keysweep::scan::Copied],
        bytes: &[u8],
    ) -> keysweep::scan::Detected<Self::BaseState> {
        self.whole(bytes)
    }

    fn window(
        &self,
        bytes: &[u8],
        window: &keysweep::scan::Window,
    ) -> keysweep::scan::Detected<Self::BaseState> {
        self.engine.window(bytes, window)
    }

    fn overlap(&self) -> usize {
        self.engine.overlap()
    }
}
