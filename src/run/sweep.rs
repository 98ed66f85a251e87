//! Many targets in one run and one report.
//!
//! A credential of several targets is one finding of the [`Outcome`]. Each target is scanned in a
//! process of its own or in one that scans small ones, so that a target that crashes, hangs or takes
//! all memory ends neither the sweep nor what was found in others. Memory grows with the largest
//! targets and with the findings, not with the number of targets.

mod change;
mod failure;
mod frames;
mod hits;
mod process;
mod scan;
pub mod serve;
mod slots;
mod supervise;

use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::collect::Collector;
use super::partial::{self, EndLine, PartialSink, RepositoryLine, Spent, TargetLine};
use super::record::{self, HitRecord};
use super::restore::Trace;
use super::since::Earlier;
use super::target::Target;
use super::time_limit::TIME;
use super::{Error, Outcome, RunOptions, conclude, reasons};
use crate::coverage::{Coverage, Ledger, Swept};
use crate::rules::RuleSet;
use crate::scan::Detector;
use crate::source::git;
use crate::text::escape_path;

pub use frames::{PathText, Usage};
pub use process::{ARGUMENT, Workers};
use scan::{Scan, Scanned, credentials, keep, relative_to};
pub(super) use slots::SWEEP_ENDED;
use slots::{Shared, Slots};

/// The remark if there are no processes for targets.
pub const IN_ONE_PROCESS: &str =
    "no process could be started for each target, so the sweep's own process scanned them";

/// The reason why a target has no scan.
const NOT_SCANNED: &str = "not scanned: the sweep ended first";

/// The record of a finished target for `--resume`. It contains no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetState {
    /// Its coverage.
    pub coverage: Coverage,
    /// The locations of its credentials.
    pub(super) traces: Vec<Trace>,
}

/// A store of finished targets.
pub trait ResumeStore {
    /// Returns the record of a target, if there is one.
    fn recall(&mut self, target: &Target) -> Option<TargetState>;
    /// Stores the record of a finished target.
    fn keep(&mut self, target: &Target, kept: &TargetState) -> std::io::Result<()>;
}

/// The result of one target.
#[derive(Clone, Debug)]
pub struct Ended<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Its counts.
    pub swept: &'a Swept,
    /// The number of its problems.
    pub problems: usize,
    /// An earlier run scanned it.
    pub recalled: bool,
    /// It will be scanned once more, alone, after all others.
    pub again: bool,
    /// Its cost, if it was scanned in a process.
    pub usage: Usage,
    /// The time that it took.
    pub took: Duration,
}

/// An observer of a sweep.
pub trait Watcher {
    /// A target begins; `ledger` is its own.
    fn begins(&self, number: usize, ledger: &Arc<Ledger>);
    /// A target is not scanned any more.
    fn leaves(&self, number: usize);
    /// A target has ended. Targets end in their order here, whichever ended first.
    fn ended(&self, ended: &Ended<'_>);
}

/// The options of a sweep, in addition to those of every run.
pub struct Sweep<'a> {
    /// The targets, in the order in which they are begun.
    pub targets: &'a [Target],
    /// The time limit of each target.
    pub target_timeout: Option<Duration>,
    /// The store of finished targets, with `--resume`.
    pub memory: Option<&'a mut (dyn ResumeStore + Send)>,
    /// The results of an earlier sweep, with `--since`.
    pub since: Option<&'a Earlier>,
    /// Takes what is found, with `--partial`.
    pub partial: Option<&'a mut dyn PartialSink>,
    /// The observer.
    pub watcher: &'a (dyn Watcher + Sync),
    /// The number of targets that are scanned at a time; 1 without processes.
    pub jobs: usize,
    /// Threads of all targets together.
    pub threads: usize,
    /// Starts processes, if targets are scanned in processes.
    pub workers: Option<&'a Workers>,
}

/// Scans all targets. `options.sources` is ignored.
///
/// # Errors
///
/// If there are targets and nothing in them could be scanned.
pub fn sweep<D: Detector>(
    sweep: Sweep<'_>,
    options: &RunOptions,
    detector: &D,
    rules: &RuleSet,
    ledger: &Ledger,
) -> Result<Outcome, Error> {
    let targets = sweep.targets;
    let stopped = detector.ended_by(&options.stop);
    let scan = Scan {
        detector: stopped.as_ref().unwrap_or(detector),
        exclude: &options.exclude,
        limit: sweep.target_timeout,
        stop: &options.stop,
    };
    let slots = Slots {
        targets,
        scan,
        memory: &options.memory,
        workers: sweep.workers,
        watcher: sweep.watcher,
        since: sweep.since,
        wants_state: sweep.since.is_some() || sweep.partial.is_some(),
        store: Mutex::new(sweep.memory),
        jobs: if sweep.workers.is_some() { sweep.jobs.max(1) } else { 1 },
        threads: sweep.threads.max(1),
        shared: Shared::new(targets),
    };
    // Problems of no target have a ledger of their own, since a partial has them in its last line.
    let run = Ledger::new();
    let mut gathering = Gathering::new(&slots, options, (ledger, &run), sweep.partial);
    options.bounded(&options.clock(), &run, || {
        gathering.first_pass();
        gathering.second_pass();
    });
    let Coverage { problems, notes, .. } = run.coverage();
    ledger.adopt(&problems, &notes);
    if let Some(partial) = &mut gathering.partial {
        let interrupted = options.interrupted.is_set();
        let targets = targets.len() as u64;
        partial.end(EndLine { targets, ended: partial::now(), interrupted, problems, notes });
    }
    let collected = gathering.collector.finish(rules, options.min_confidence, ledger);
    let outcome = conclude(collected, options, rules, ledger, options.until());
    if !options.stop.is_set() {
        let name = |target: &Target| escape_path(target.name.as_bytes());
        let targets = targets.iter().map(|target| (name(target), target.history.is_some()));
        is_scanned(targets, &outcome.coverage)?;
    }
    Ok(outcome)
}

/// Fails if there was something to scan and none of it was scanned. An empty repository counts as
/// scanned, and so does a file that a limit of the user's leaves out.
///
/// `targets` are names, and whether the target has a history.
pub(super) fn is_scanned(
    targets: impl Iterator<Item = (String, bool)>,
    coverage: &Coverage,
) -> Result<(), Error> {
    let targets: Vec<(String, bool)> = targets.collect();
    let read = coverage.files > 0 || coverage.objects > 0;
    let timed_out = coverage.problems.iter().any(|problem| problem.what == TIME);
    let readable = coverage.targets.iter().filter(|swept| swept.failed.is_none());
    let readable: HashSet<&str> = readable.map(|swept| swept.name.as_str()).collect();
    let is_empty =
        |(name, has_history): &(String, bool)| *has_history && readable.contains(name.as_str());
    if targets.is_empty() || read || timed_out || targets.iter().any(is_empty) {
        return Ok(());
    }
    let names = targets.into_iter().map(|(name, _)| name).collect();
    Err(Error::NothingScanned(reasons(names, coverage)))
}

/// The origin of a target's repository.
fn repository(target: &Target) -> Option<RepositoryLine> {
    let root = target.history.as_ref()?.repo.as_deref();
    let found = git::provenance::of_repository(root, &git::open::Environment::default())?;
    let remote = found.remote().map(str::to_owned);
    Some(RepositoryLine { head: found.revision, branch: found.branch, remote })
}

/// Gathers what the targets give, whichever ends first.
struct Gathering<'a, 's, D> {
    slots: &'a Slots<'a, 's, D>,
    options: &'a RunOptions,
    ledger: &'a Ledger,
    /// Problems and remarks that do not concern a target.
    run: &'a Ledger,
    collector: Collector,
    partial: Option<&'s mut dyn PartialSink>,
    /// Targets that are scanned once more, with what the first attempt gave.
    again: BTreeMap<usize, slots::Outcome>,
    /// Rows that wait for those before them.
    rows: BTreeMap<usize, Row>,
    /// The target whose row is next.
    next: usize,
}

/// The content of a row; see [`Ended`].
struct Row {
    swept: Swept,
    problems: usize,
    recalled: bool,
    again: bool,
    usage: Usage,
    took: Duration,
}

impl<'a, 's, D: Detector> Gathering<'a, 's, D> {
    fn new(
        slots: &'a Slots<'a, 's, D>,
        options: &'a RunOptions,
        (ledger, run): (&'a Ledger, &'a Ledger),
        partial: Option<&'s mut dyn PartialSink>,
    ) -> Self {
        let collector = Collector::new(&options.memory);
        let (again, rows) = (BTreeMap::new(), BTreeMap::new());
        Self { slots, options, ledger, run, collector, partial, again, rows, next: 0 }
    }

    /// Scans each target, several at a time.
    fn first_pass(&mut self) {
        let slots = self.slots;
        thread::scope(|scope| {
            // A target that has ended waits until it is recorded, and its process with it.
            let (sender, receiver) = mpsc::sync_channel(0);
            let jobs = slots.jobs.min(slots.targets.len());
            let start = |_| {
                let sender = sender.clone();
                let work = move || slots.work(|outcome| sender.send(outcome).is_ok());
                thread::Builder::new().spawn_scoped(scope, work).ok()
            };
            let started = (0..jobs).map_while(start).count();
            drop(sender);
            receiver.into_iter().for_each(|outcome| self.take(outcome));
            if started == 0 {
                // The system refuses threads: one after the other, then.
                slots.work(|outcome| {
                    self.take(outcome);
                    true
                });
            }
        });
        for (at, row) in std::mem::take(&mut self.rows) {
            self.show(at, &row);
        }
        for target in slots.rest() {
            let line = TargetLine::not_scanned(target, NOT_SCANNED);
            line.absorb(0, self.ledger);
            if let Some(partial) = &mut self.partial {
                partial.target(line, &[]);
            }
        }
    }

    /// Scans those once more whose process ended first, one after the other.
    fn second_pass(&mut self) {
        for (at, mut first) in std::mem::take(&mut self.again) {
            if self.options.stop.is_set() {
                first.again = false;
                drop(self.settle(first));
                continue;
            }
            let mut second = self.slots.alone(at);
            if !second.scanned.coverage.complete {
                // Nothing that was found is lost. The collector knows equal places.
                second.scanned.hits.append(&mut first.scanned.hits);
            }
            let row = self.settle(second);
            self.show(at, &row);
        }
        let refused = self.slots.shared.refused().take();
        if let Some(why) = refused {
            self.run.note(format!("{IN_ONE_PROCESS}: {why}"));
        }
    }

    /// Takes the first outcome of a target.
    fn take(&mut self, outcome: slots::Outcome) {
        let at = outcome.at;
        let row = if outcome.again {
            let row = self.row(&outcome);
            self.again.insert(at, outcome);
            row
        } else {
            self.settle(outcome)
        };
        self.rows.insert(at, row);
        while let Some(row) = self.rows.remove(&self.next) {
            self.show(self.next, &row);
            self.next += 1;
        }
    }

    /// Records a target and takes its hits.
    fn settle(&mut self, mut outcome: slots::Outcome) -> Row {
        let target = &self.slots.targets[outcome.at];
        let mut row = self.row(&outcome);
        if let Some(earlier) = outcome.earlier.take() {
            let (line, records) = *earlier;
            self.collect(line, records, &mut row);
            return row;
        }
        let Scanned { hits, coverage, failed, usage, state, databases, reused } = outcome.scanned;
        let is_whole = failed.is_none() && !self.options.stop.is_set();
        let state = state.filter(|_| !target.is_cut(&coverage));
        let mut store = self.slots.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = store.as_mut().filter(|_| is_whole && !outcome.recalled)
            && let Some(kept) = keep(target, &coverage, &hits)
            && let Err(error) = memory.keep(target, &kept)
        {
            let why = format!("can't be resumed, because it was not recorded: {error}");
            self.run.note(format!("{} {why}", target.name));
        }
        drop(store);
        let mut line = TargetLine {
            name: target.name.clone(),
            base: partial::base(&target.name, &target.place),
            failed,
            history: target.history.is_some(),
            coverage: relative_to(target, coverage),
            repository: self.partial.as_ref().and_then(|_| repository(target)),
            ended: partial::now(),
            resumed: outcome.recalled,
            state,
            databases,
            reused,
            spent: Spent::new(outcome.took, usage),
            ..TargetLine::default()
        };
        let records = record::of_target(hits, &target.holder, &mut line, &self.options.stop);
        if self.options.stop.is_set() {
            // Its names may not all be recorded, so no later sweep copies it.
            (line.state, line.databases) = (None, Vec::new());
        }
        self.collect(line, records, &mut row);
        row
    }

    /// Takes the hits of a target, and its line.
    fn collect(&mut self, line: TargetLine, records: Vec<HitRecord>, row: &mut Row) {
        row.swept = line.swept(record::credentials(&records, self.options.min_confidence));
        row.problems = line.coverage.problems.len();
        self.ledger.absorb(row.swept.clone(), &line.coverage);
        if let Some(partial) = &mut self.partial {
            partial.target(line, &records);
        }
        records.into_iter().for_each(|record| self.collector.add(record));
    }

    fn row(&self, outcome: &slots::Outcome) -> Row {
        let Scanned { hits, coverage, failed, usage, .. } = &outcome.scanned;
        let swept = Swept {
            name: self.slots.targets[outcome.at].name.clone(),
            complete: coverage.complete,
            failed: failed.clone(),
            files: coverage.files,
            commits: coverage.commits,
            objects: coverage.objects,
            bytes: coverage.bytes,
            credentials: credentials(hits, self.options.min_confidence),
            as_of: None,
            reused: outcome.scanned.reused,
        };
        Row {
            swept,
            problems: coverage.problems.len(),
            recalled: outcome.recalled,
            again: outcome.again,
            usage: *usage,
            took: outcome.took,
        }
    }

    fn show(&self, at: usize, row: &Row) {
        self.slots.watcher.ended(&Ended {
            number: at + 1,
            swept: &row.swept,
            problems: row.problems,
            recalled: row.recalled,
            again: row.again,
            usage: row.usage,
            took: row.took,
        });
    }
}
