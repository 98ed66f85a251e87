//! History, staged and range that are asked to end early: findings until then are reported.

use std::sync::atomic::{AtomicUsize, Ordering};

use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::source::git::{database, history, range, staged};
use keysweep::stop::Stop;

use crate::support::Project;
use crate::support::git::{Outcome, Repo, leak, run};
use crate::support::watched::Watched;

/// The number of keys.
const KEYS: usize = 20;

type Impatient<'a> = Watched<'a, Box<dyn Fn(&[u8]) + Sync + 'a>>;

/// The real detector, which asks for the end after `left` texts.
fn impatient<'a>(engine: &'a Engine, stop: &'a Stop, left: usize) -> Impatient<'a> {
    let left = AtomicUsize::new(left);
    let look = move |_: &[u8]| {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            stop.set();
        }
    };
    Watched { engine, look: Box::new(look) }
}

/// A repository with a key in each commit, and one that is old and stands in each file.
fn repository() -> (Repo, String) {
    let repo = Repo::new(&[]);
    repo.write("old.env", leak(0));
    for number in 1..=KEYS {
        repo.write(format!("{number:02}.env"), "nothing\n");
    }
    let base = repo.commit_all("base");
    for number in 1..=KEYS {
        repo.commit(&format!("{number:02}.env"), leak(number as u64));
    }
    (repo, base)
}

/// The keys that a source finds until it is stopped after so many texts.
#[track_caller]
fn found_after(texts: usize, scan: impl Fn(&Impatient<'_>, &Stop) -> Outcome) -> Vec<String> {
    let engine = Engine::new(&RuleSet::builtin());
    let stop = Stop::default();
    let detector = impatient(&engine, &stop, texts);
    let outcome = scan(&detector, &stop);
    assert!(stop.is_set(), "it was not stopped");
    outcome.places().into_iter().map(|(_, id)| id).collect()
}

fn options(stop: &Stop) -> database::DatabaseOptions {
    database::DatabaseOptions {
        threads: 1,
        stop: stop.clone(),
        ..database::DatabaseOptions::default()
    }
}

#[test]
fn what_was_found_before_the_end_is_reported() {
    let (repo, base) = repository();
    repo.git(&["repack", "-qadf"]);
    let repo_path = Some(repo.root.clone());
    for texts in [1, 5, 30] {
        let found = found_after(texts, |detector, stop| {
            let (repo, database) = (repo_path.clone(), options(stop));
            let options = history::HistoryOptions { repo, database, ..Default::default() };
            run(|_, ledger, hits| history::scan(&options, detector, ledger, hits)).expect("a scan")
        });
        // Commits come last, so thirty texts are all files, with the old key as well.
        assert!(found.len() <= texts.min(KEYS + 1), "{found:?}");
        assert!(texts < 30 || !found.is_empty(), "no finding of {texts} texts was reported");
    }
    let found = found_after(8, |detector, stop| {
        let (repo, database) = (repo_path.clone(), options(stop));
        let input = range::Input::Between(format!("{base}..HEAD"));
        let options = range::RangeOptions { repo, input, database, ..Default::default() };
        run(|_, ledger, hits| range::scan(&options, detector, ledger, hits)).expect("a scan")
    });
    assert_eq!(found.len(), 8, "{found:?}");
    repo.git(&["reset", "-q", "--soft", &base]);
    let found = found_after(8, |detector, stop| {
        let (repo, database) = (repo_path.clone(), options(stop));
        let options = staged::StagedOptions { repo, database, ..Default::default() };
        run(|_, ledger, hits| staged::scan(&options, detector, ledger, hits)).expect("a scan")
    });
    assert_eq!(found.len(), 8, "{found:?}");
}

/// An old key in an edited file stays old, however early the end comes.
#[test]
fn a_range_that_ends_early_reports_no_old_key() {
    let repo = Repo::new(&[]);
    let base = repo.commit("old.env", leak(1));
    repo.commit("old.env", format!("# edited\n{}", leak(1)));
    for texts in 1..4 {
        let engine = Engine::new(&RuleSet::builtin());
        let stop = Stop::default();
        let detector = impatient(&engine, &stop, texts);
        let input = range::Input::Between(format!("{base}..HEAD"));
        let options = range::RangeOptions {
            repo: Some(repo.root.clone()),
            input,
            database: options(&stop),
            ..Default::default()
        };
        let outcome = run(|_, ledger, hits| range::scan(&options, &detector, ledger, hits));
        assert_eq!(outcome.expect("a scan").places(), [], "{texts}");
    }
}

#[test]
fn a_time_limit_is_reported_by_every_command() {
    let (repo, base) = repository();
    let range = format!("{base}..HEAD");
    repo.write("new.env", leak(99));
    repo.git(&["add", "-A"]);
    for command in [&["history"][..], &["staged"], &["range", &range]] {
        let project = Project::new();
        let limited = [command, &["--timeout", "0ms", "--format", "json"]].concat();
        let ran = project.keysweep(limited).from(&repo.root).run();
        let is_reported = ran.problems().iter().any(|problem| problem.contains("raise --timeout"));
        // Chance decides if the limit strikes before the end; if it does, it is reported.
        let is_whole = ran.json()["coverage"]["complete"] == true;
        assert!(is_reported != is_whole, "{command:?}: {ran:?}");
        assert!(
            ran.code == Some(1) || (ran.code == Some(3) && is_reported),
            "{command:?}: {ran:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_history_reports_and_exits_with_130() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use crate::support::git::key_id;
    use crate::support::process;

    let (repo, _) = repository();
    // So much that no machine is done with it before the signal comes.
    let large = vec![b'z'; 32 << 20];
    repo.git_with(&["-c", "core.compression=1", "hash-object", "-w", "--stdin"], &large);
    for number in 0..4 {
        let more = [&large[..], format!("{number}").as_bytes()].concat();
        repo.git_with(&["-c", "core.compression=1", "hash-object", "-w", "--stdin"], &more);
    }
    process::hear_signals();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keysweep"))
        .args(["history", "--format", "json", "--threads", "1"])
        .current_dir(&repo.root)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    process::wait_for_handler(&child);
    process::signal(&child, "INT");
    let mut report = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut report).expect("a report");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{report}");
    let report: serde_json::Value = serde_json::from_str(&report).expect("a whole report");
    assert_eq!(report["coverage"]["problems"][0]["what"], "run", "{report}");
    let known: Vec<String> = (0..=KEYS as u64).map(key_id).collect();
    for finding in report["findings"].as_array().expect("findings") {
        let id = finding["key_id"].as_str().expect("an id").to_owned();
        assert!(known.contains(&id), "{id}");
    }
}
