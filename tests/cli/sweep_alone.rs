//! A sweep on a system that starts no processes for it: it reports that, and scans in its own
//! process.

use std::path::PathBuf;
use std::sync::Arc;

use keysweep::coverage::Ledger;
use keysweep::detect::Engine;
use keysweep::finding::Confidence;
use keysweep::rules::RuleSet;
use keysweep::run::sweep::{Ended, IN_ONE_PROCESS, Sweep, Watcher, Workers, sweep};
use keysweep::run::target::Target;
use keysweep::run::{Outcome, RunOptions};
use keysweep::source::files::FileOptions;
use keysweep::stop::Stop;

use crate::support::{Keys, Project};

struct Nobody;

impl Watcher for Nobody {
    fn begins(&self, _: usize, _: &Arc<Ledger>) {}
    fn leaves(&self, _: usize) {}
    fn ended(&self, _: &Ended<'_>) {}
}

fn swept(project: &Project, workers: Option<&Workers>) -> Outcome {
    let target = |name: &str| {
        let place = project.at(name).canonicalize().expect("a folder");
        let files = FileOptions {
            paths: vec![place.clone()],
            counted_from: Some(place.clone()),
            threads: 1,
            ..FileOptions::default()
        };
        Target {
            name: name.into(),
            holder: name.into(),
            place,
            files: Some(files),
            ..Target::default()
        }
    };
    let targets = ["a", "b", "c"].map(target);
    let options = RunOptions {
        min_confidence: Confidence::Medium,
        include_suppressed: false,
        ..RunOptions::new(Vec::new(), Stop::default())
    };
    let job = Sweep {
        targets: &targets,
        target_timeout: None,
        memory: None,
        since: None,
        partial: None,
        watcher: &Nobody,
        jobs: 2,
        threads: 2,
        workers,
    };
    let rules = RuleSet::default();
    sweep(job, &options, &Engine::new(&rules), &rules, &Ledger::new()).expect("an outcome")
}

/// A program that is not there, one that ends, and one that talks of something else.
#[test]
fn without_processes_everything_is_scanned_and_the_report_says_how() {
    let mut keys = Keys::new("sweep alone");
    let project = Project::new();
    for name in ["a", "b", "c"] {
        project.file(format!("{name}/a.env"), keys.pair().env);
    }
    for program in [None, Some("/nowhere/keysweep"), Some("/bin/false"), Some("/bin/echo")] {
        let workers = program
            .map(|program| Workers { program: PathBuf::from(program), options: String::new() });
        let outcome = swept(&project, workers.as_ref());
        assert_eq!(outcome.findings.len(), 3, "{program:?}");
        assert!(outcome.coverage.complete, "{program:?}: {:?}", outcome.coverage.problems);
        let notes = &outcome.coverage.notes;
        let said = notes.iter().filter(|note| note.starts_with(IN_ONE_PROCESS)).count();
        assert_eq!(said, usize::from(program.is_some()), "{program:?}: {notes:?}");
    }
}
