//! A detector that fails on one text: the text is a problem with its name, all others are scanned,
//! and no thread waits for one that has ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use keysweep::coverage::{Coverage, Ledger};
use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::run::{FailOn, Status, status};
use keysweep::scan::{Copied, Detected, Detector, Hit, Window};
use keysweep::source::files;
use keysweep::source::git::{database, history, range, staged};

use crate::containers::damage::BUG;
use crate::support::Project;
use crate::support::compress::gzip;
use crate::support::git::{Outcome, Repo, key_id, leak, run};
use crate::support::watched::Watched;

/// The word on which the detector fails.
const WORD: &[u8] = b"GOES WRONG";

/// The real detector, which fails on such a text.
fn fragile(engine: &Engine) -> Watched<'_, impl Fn(&[u8]) + Sync> {
    let look = |bytes: &[u8]| {
        assert!(memchr::memmem::find(bytes, WORD).is_none(), "made to fail");
    };
    Watched { engine, look }
}

fn broken(number: u64) -> String {
    format!("GOES WRONG\n{}", leak(number))
}

/// The problem that is reported for each broken text, by its name.
fn faults(coverage: &Coverage) -> Vec<&str> {
    let faults = coverage.problems.iter().filter(|one| one.why.contains(BUG));
    let mut names: Vec<&str> = faults.map(|one| one.path.as_str()).collect();
    names.sort_unstable();
    names
}

fn ids(outcome: &Outcome) -> Vec<String> {
    let mut ids: Vec<String> = outcome.places().into_iter().map(|(_, id)| id).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn known(numbers: &[u64]) -> Vec<String> {
    let mut ids: Vec<String> = numbers.iter().map(|&number| key_id(number)).collect();
    ids.sort();
    ids
}

fn scan_files(project: &Project, threads: usize) -> Outcome {
    let options = files::FileOptions {
        paths: vec![project.path().to_owned()],
        threads,
        ..Default::default()
    };
    let scanned = run(|engine, ledger, hits| {
        files::scan(&options, &fragile(engine), ledger, hits);
        Ok(())
    });
    scanned.expect("a scan")
}

#[test]
fn files_and_what_is_packed_in_them() {
    let project = Project::new();
    for number in 0..50 {
        project.file(format!("{number:02}.env"), leak(number));
    }
    project.file("bad.env", broken(50));
    project.file("bad.gz", gzip(broken(51)));
    // As large as to be read in windows, only the last of which fails.
    let mut large = leak(52).into_bytes();
    large.resize(20 << 20, b'\n');
    large.extend(broken(53).bytes());
    project.file("large.env", large);
    for threads in [1, 4] {
        let outcome = scan_files(&project, threads);
        assert_eq!(faults(&outcome.coverage), ["bad.env", "bad.gz > bad", "large.env"]);
        let numbers: Vec<u64> = (0..50).chain([52]).collect();
        assert_eq!(ids(&outcome), known(&numbers));
        assert_eq!(status(&[], &outcome.coverage, FailOn::default()), Status::Incomplete);
    }
}

/// Versions of one file, so that all but one are stored as changes of another.
fn repository() -> Repo {
    let repo = Repo::new(&[]);
    let filler: String = (0..2000).map(|line| format!("line {line} of a file\n")).collect();
    for number in 0..12u64 {
        let text = if number == 5 { broken(number) } else { leak(number) };
        repo.commit("file.txt", format!("{filler}{text}{filler}"));
    }
    repo
}

fn scan_history(repo: &Repo, threads: usize) -> Outcome {
    let options = history::HistoryOptions {
        repo: Some(repo.root.clone()),
        database: database::DatabaseOptions { threads, ..Default::default() },
        ..Default::default()
    };
    let scan = |engine: &Engine, ledger: &Ledger, hits: &(dyn Fn(Hit) + Sync)| {
        history::scan(&options, &fragile(engine), ledger, hits)
    };
    run(scan).expect("a scan")
}

/// A delta whose base fails must not inherit the base's empty result.
#[test]
fn packed_and_loose_objects() {
    let repo = repository();
    let blob = repo.git(&["rev-parse", "HEAD~6:file.txt"]);
    let expected: Vec<u64> = (0..12).filter(|&number| number != 5).collect();
    for packed in [false, true] {
        if packed {
            repo.git(&["repack", "-qadf", "--depth=50"]);
        }
        for threads in [1, 4] {
            let outcome = scan_history(&repo, threads);
            assert_eq!(faults(&outcome.coverage), [blob.as_str()], "packed: {packed}");
            assert_eq!(ids(&outcome), known(&expected), "packed: {packed}");
            assert!(outcome.places().iter().all(|(path, _)| path == "file.txt"));
        }
    }
}

#[test]
fn messages_ref_names_and_reflogs() {
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    repo.git(&["commit", "-q", "--allow-empty", "-m", "GOES WRONG"]);
    let commit = repo.head();
    repo.commit("b.env", leak(2));
    let outcome = scan_history(&repo, 2);
    assert_eq!(ids(&outcome), known(&[1, 2]));
    let reported = faults(&outcome.coverage);
    let mut expected = vec![commit.as_str(), "HEAD", "refs/heads/main"];
    expected.sort_unstable();
    assert_eq!(reported, expected);
}

#[test]
fn staged_and_range() {
    let repo = Repo::new(&[]);
    let base = repo.commit("README", "nothing\n");
    for number in 0..200 {
        repo.write(format!("{number:03}.env"), leak(number));
    }
    repo.write("bad.env", broken(200));
    repo.git(&["add", "-A"]);
    let blob = repo.git(&["rev-parse", ":bad.env"]);
    let all: Vec<u64> = (0..200).collect();
    let database = database::DatabaseOptions { threads: 4, ..Default::default() };
    let options = staged::StagedOptions {
        repo: Some(repo.root.clone()),
        database: database.clone(),
        ..Default::default()
    };
    let outcome =
        run(|engine, ledger, hits| staged::scan(&options, &fragile(engine), ledger, hits));
    let outcome = outcome.expect("a scan");
    assert_eq!((ids(&outcome), faults(&outcome.coverage)), (known(&all), vec![blob.as_str()]));
    let head = repo.commit_all("GOES WRONG");
    let input = range::Input::Between(format!("{base}..HEAD"));
    let repo_path = Some(repo.root.clone());
    let options = range::RangeOptions { repo: repo_path, input, database, ..Default::default() };
    let outcome = run(|engine, ledger, hits| range::scan(&options, &fragile(engine), ledger, hits));
    let outcome = outcome.expect("a scan");
    let mut expected = [blob.as_str(), head.as_str()];
    expected.sort_unstable();
    assert_eq!((ids(&outcome), faults(&outcome.coverage)), (known(&all), expected.to_vec()));
}

/// If attribution fails, no finding is lost: each is reported without its place.
#[test]
fn attribution() {
    let repo = repository();
    let options = history::HistoryOptions { repo: Some(repo.root.clone()), ..Default::default() };
    let engine = Engine::new(&RuleSet::builtin());
    let (ledger, found) = (Ledger::new(), Mutex::new(Vec::new()));
    let scanned = history::scan(&options, &engine, &ledger, &|hit: Hit| {
        assert!(hit.origin.path.is_none(), "made to fail");
        found.lock().expect("no panic").push(hit.candidate.credential.key_id);
    });
    scanned.expect("a scan");
    let mut ids: Vec<String> = found.into_inner().expect("ours").into_iter().flatten().collect();
    ids.sort();
    assert_eq!(ids, known(&(0..12).collect::<Vec<_>>()));
    assert_eq!(ledger.coverage().problems[0].what, "attribution");
}

/// A fault outside of every text ends its source, and the run is reported as incomplete.
#[test]
fn a_whole_source() {
    /// Fails before it has seen anything.
    struct Stillborn;
    impl Detector for Stillborn {
        type BaseState = ();
        fn whole(&self, _: &[u8]) -> Detected<()> {
            unreachable!("it failed before")
        }
        fn delta(&self, (): &(), _: &[Copied], _: &[u8]) -> Detected<()> {
            unreachable!("it failed before")
        }
        fn window(&self, _: &[u8], _: &Window) -> Detected<()> {
            unreachable!("it failed before")
        }
        fn overlap(&self) -> usize {
            panic!("made to fail")
        }
    }
    let project = Project::new();
    project.file("a.env", leak(1));
    let repo = Repo::new(&[]);
    repo.commit("b.env", leak(2));
    repo.git(&["repack", "-qad"]);
    let rules = RuleSet::builtin();
    let files = files::FileOptions {
        paths: vec![project.path().to_owned()],
        threads: 4,
        ..Default::default()
    };
    let history = history::HistoryOptions { repo: Some(repo.root.clone()), ..Default::default() };
    let options = keysweep::run::RunOptions {
        sources: vec![keysweep::run::Source::Files(files), keysweep::run::Source::History(history)],
        ..options()
    };
    let ledger = Ledger::new();
    let scan = || keysweep::run::run(&options, &Stillborn, &rules, &ledger);
    let ran = catch_unwind(AssertUnwindSafe(scan)).expect("no panic leaves the run");
    // No file was scanned, which is an error that says why.
    let reported = ran.expect_err("nothing was scanned").to_string();
    assert!(reported.contains(BUG), "{reported}");
}

/// A run without sources.
pub(crate) fn options() -> keysweep::run::RunOptions {
    keysweep::run::RunOptions {
        min_confidence: keysweep::finding::Confidence::Medium,
        ..keysweep::run::RunOptions::new(Vec::new(), keysweep::stop::Stop::default())
    }
}
