//! Scans targets side by side, each in a process; in this one if no process can be started.
//!
//! A process scans small targets one after the other, because starting one costs more than reading
//! such a target. A large target gets a process of its own. If a process ends before its target, the
//! target is scanned once more after all others: alone, in a new process, with all of the memory.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::change;
use super::failure::Failure;
use super::frames::{Done, PathText, Recalled, Request, RequestedFiles};
use super::process::{Process, Workers};
use super::scan::{Scan, Scanned, add_problems};
use super::serve::exchange;
use super::supervise::{Bounds, watch};
use super::{Coverage, Ledger, ResumeStore, TargetState, Watcher};
use crate::coverage::Problem;
use crate::memory::MemoryBudget;
use crate::run::collect::Hits;
use crate::run::partial::TargetLine;
use crate::run::record::HitRecord;
use crate::run::restore::restore;
use crate::run::since::Earlier;
use crate::run::target::Target;
use crate::scan::Detector;
use crate::source::git::since::{Now, ObjectsRead};

/// A target of more bytes gets a process of its own.
const LARGE: u64 = 32 << 20;
/// A process that has scanned for this time gets no other target.
const BATCH: Duration = Duration::from_secs(20);
/// A target that took this time was not small, whatever its size.
const SLOW: Duration = Duration::from_secs(2);
/// The reason why a target was scanned only in part. Its record says so too, because later sweeps read
/// that record.
pub(in crate::run) const SWEEP_ENDED: &str = "not scanned completely: the sweep ended first";

/// The state that all scanning threads share.
pub(super) struct Slots<'a, 's, D> {
    pub(super) targets: &'a [Target],
    pub(super) scan: Scan<'a, D>,
    pub(super) memory: &'a MemoryBudget,
    pub(super) workers: Option<&'a Workers>,
    pub(super) watcher: &'a (dyn Watcher + Sync),
    /// The results of an earlier sweep.
    pub(super) since: Option<&'a Earlier>,
    /// The digests of targets are wanted.
    pub(super) wants_state: bool,
    pub(super) store: Mutex<Option<&'s mut (dyn ResumeStore + Send)>>,
    /// The number of targets that are scanned at a time.
    pub(super) jobs: usize,
    /// Threads of all targets together.
    pub(super) threads: usize,
    pub(super) shared: Shared,
}

/// The part of the state that changes.
#[derive(Default)]
pub(super) struct Shared {
    next: AtomicUsize,
    /// The bytes of the targets that nobody has begun.
    remaining: AtomicU64,
    /// A process could be started.
    works: AtomicBool,
    /// No process can be started, for this reason.
    refused: Mutex<Option<String>>,
    /// Only one target at a time is scanned in this process.
    here: Mutex<()>,
}

impl Shared {
    pub(super) fn new(targets: &[Target]) -> Self {
        let remaining = targets.iter().map(|target| target.weight).sum();
        Self { remaining: AtomicU64::new(remaining), ..Self::default() }
    }

    /// Why there are no processes.
    pub(super) fn refused(&self) -> MutexGuard<'_, Option<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A target that has ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) at: usize,
    pub(super) scanned: Scanned,
    pub(super) recalled: bool,
    /// The result of an earlier sweep, if it did not change since.
    pub(super) earlier: Option<Box<(TargetLine, Vec<HitRecord>)>>,
    pub(super) took: Duration,
    /// It is worth another try, alone.
    pub(super) again: bool,
}

/// Alone or side by side with other targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    /// With others.
    Part,
    /// It is scanned once more, alone.
    Whole,
}

/// The way in which a target is scanned.
#[derive(Clone, Copy)]
struct Ask<'a> {
    /// Its record from an interrupted run.
    kept: Option<&'a TargetState>,
    /// The digest that it had in an earlier sweep.
    since: Option<&'a str>,
    /// The objects that an earlier sweep has read, by database.
    databases: &'a [ObjectsRead],
    threads: usize,
    share: Share,
}

impl<D: Detector> Slots<'_, '_, D> {
    /// Scans targets until there are no more, and passes their outcomes on until `ended` refuses one.
    pub(super) fn work(&self, mut ended: impl FnMut(Outcome) -> bool) {
        // On Linux a process ends with the thread that started it: each thread keeps its own.
        let mut process = None;
        while !self.scan.stop.is_set() {
            let at = self.shared.next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = self.targets.get(at) else { break };
            let threads = self.threads_for(target.weight);
            let outcome = self.one(at, threads, Share::Part, &mut process);
            if !ended(outcome) {
                break;
            }
        }
    }

    /// The targets that nobody has begun.
    pub(super) fn rest(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().skip(self.shared.next.load(Ordering::Relaxed))
    }

    /// Scans a target once more, alone.
    pub(super) fn alone(&self, at: usize) -> Outcome {
        let mut process = None;
        self.one(at, self.threads, Share::Whole, &mut process)
    }

    /// The threads of a target: in proportion to its share of what is left, so that a large one at
    /// the end has all of them.
    fn threads_for(&self, weight: u64) -> usize {
        let remaining = self.shared.remaining.fetch_sub(weight, Ordering::Relaxed).max(1);
        let part = (self.threads * self.jobs) as f64 * weight as f64 / remaining as f64;
        let least = self.threads.div_ceil(self.jobs);
        // At least one, and no more than there are.
        (part.ceil() as usize).clamp(least.min(self.threads), self.threads)
    }

    fn one(
        &self,
        at: usize,
        threads: usize,
        share: Share,
        process: &mut Option<Process>,
    ) -> Outcome {
        let target = &self.targets[at];
        let begin = Instant::now();
        let ledger = Arc::new(Ledger::new());
        self.watcher.begins(at + 1, &ledger);
        let kept = self.recall(target);
        let since = self.since.and_then(|earlier| earlier.state(target));
        let databases = self.since.map(|earlier| earlier.databases(target)).unwrap_or_default();
        let mut ask = Ask { kept: kept.as_ref(), since, databases: &databases, threads, share };
        let mut outcome = self.scan(target, ask, &ledger, process);
        if outcome.scanned.state.is_some() && outcome.scanned.state.as_deref() == since {
            let earlier = self.since.map(|earlier| earlier.result(target));
            match earlier {
                Some(Ok(result)) => outcome.earlier = Some(Box::new(result)),
                // The partial is not what it was: the target is scanned.
                _ => {
                    ask.since = None;
                    outcome = self.scan(target, ask, &ledger, process);
                }
            }
        }
        self.watcher.leaves(at + 1);
        outcome.at = at;
        outcome.took = begin.elapsed();
        outcome
    }

    fn scan(
        &self,
        target: &Target,
        ask: Ask<'_>,
        ledger: &Ledger,
        process: &mut Option<Process>,
    ) -> Outcome {
        let outcome = self.in_process(target, ask, ledger, process);
        outcome.unwrap_or_else(|| self.here(target, ask, ledger))
    }

    fn recall(&self, target: &Target) -> Option<TargetState> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.as_mut()?.recall(target)
    }

    /// Scans a target in this process.
    fn here(&self, target: &Target, ask: Ask<'_>, ledger: &Ledger) -> Outcome {
        let _only = self.shared.here.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.wants_state.then(|| change::digest(target)).flatten();
        if state.is_some() && state.as_deref() == ask.since {
            return Outcome::new(Scanned { state, ..Scanned::default() }, true);
        }
        let mut hits = Hits::new(self.memory);
        let restored = ask.kept.and_then(|kept| {
            Some((kept.coverage.clone(), restore(target, &kept.traces, self.scan.detector)?))
        });
        if let Some((coverage, found)) = restored {
            let scanned = Scanned { hits: found, coverage, state, ..Scanned::default() };
            return Outcome::new(scanned, true);
        }
        let mut target = target.clone();
        if let Some(history) = &mut target.history {
            let earlier = ask.databases.to_vec();
            history.since = exchange(self.wants_state, &history.database, earlier);
        }
        let failed = self.scan.scan(&target, ledger, &mut |hit| hits.add(hit));
        let is_cut = self.scan.stop.is_set();
        let exchange = target.history.and_then(|history| history.since);
        let Now { read, reused } = exchange.map(|it| it.take()).unwrap_or_default();
        let scanned = Scanned::new(hits, ledger.coverage(), failed);
        let scanned = Scanned { state, databases: read, reused, ..scanned };
        let mut outcome = Outcome::new(scanned, false);
        if is_cut {
            outcome.fail(SWEEP_ENDED.to_owned());
        }
        outcome
    }

    /// Scans a target in a process; `None` if there is none for it.
    fn in_process(
        &self,
        target: &Target,
        ask: Ask<'_>,
        ledger: &Ledger,
        process: &mut Option<Process>,
    ) -> Option<Outcome> {
        let workers = self.workers.filter(|_| target.broken.is_none())?;
        if self.shared.refused().is_some() {
            return None;
        }
        let is_large = target.weight > LARGE;
        let reusable = process.take().filter(|old| !is_large && old.began.elapsed() < BATCH);
        let mut running = match reusable.map_or_else(|| workers.start(), Ok) {
            Ok(running) => running,
            Err(error) => {
                *self.shared.refused() = Some(error.to_string());
                return None;
            }
        };
        let shares = if ask.share == Share::Whole { 1 } else { self.jobs };
        let budget = self.memory.shared(shares as u64);
        let is_bounded = budget.is_less_than(self.memory);
        let bounds = Bounds {
            limit: self.scan.limit,
            memory: budget.limit().map(|limit| limit.bytes),
            stop: self.scan.stop,
        };
        let request = request(target, ask, self.wants_state, shares);
        let mut hits = Hits::new(self.memory);
        let begun = Instant::now();
        let watched = watch(&mut running, &request, bounds, ledger, &mut hits);
        let is_first = !self.shared.works.fetch_or(running.ready, Ordering::Relaxed);
        let mut outcome = match watched {
            Ok(done) => {
                if !is_large && !done.stopped && begun.elapsed() < SLOW {
                    *process = Some(running);
                }
                self.finished(done, hits, ask.kept, is_bounded)
            }
            // If the first process does not even read its options, none does.
            Err(failure) if is_first && !running.ready && !self.scan.stop.is_set() => {
                *self.shared.refused() = Some(failure.to_string());
                return None;
            }
            Err(failure) => {
                let mut outcome = self.failed(target, failure, hits, ledger);
                outcome.again = match failure {
                    Failure::Memory(_) => is_bounded,
                    failure => failure.may_pass(),
                };
                outcome
            }
        };
        outcome.again &= ask.share == Share::Part;
        Some(outcome)
    }

    /// The outcome of a target whose process answered.
    fn finished(
        &self,
        done: Done,
        hits: Hits,
        kept: Option<&TargetState>,
        is_bounded: bool,
    ) -> Outcome {
        let (recalled, stopped) = (done.coverage.is_none(), done.stopped);
        let kept = || kept.map(|kept| kept.coverage.clone()).unwrap_or_default();
        let coverage = done.coverage.unwrap_or_else(kept);
        let scanned = Scanned::new(hits, coverage, done.failed);
        let Done { usage, state, databases, reused, .. } = done;
        let scanned = Scanned { usage, state, databases, reused, ..scanned };
        let mut outcome = Outcome::new(scanned, recalled);
        // A signal to that process alone ends it early.
        let is_cut = stopped && !self.scan.stop.is_set();
        if is_cut {
            outcome.fail("a signal ended its process".to_owned());
        } else if stopped && !recalled {
            outcome.fail(SWEEP_ENDED.to_owned());
        }
        outcome.again = is_cut || (is_bounded && lacks_memory(&outcome.scanned.coverage));
        outcome
    }

    /// The outcome of a target whose process ended first, with what was found until then.
    fn failed(&self, target: &Target, failure: Failure, hits: Hits, ledger: &Ledger) -> Outcome {
        for problem in &target.problems {
            ledger.problem(&problem.what, problem.path.as_bytes(), &problem.why);
        }
        target.note.iter().for_each(|note| ledger.note(note.as_str()));
        let mut outcome = Outcome::new(Scanned::new(hits, ledger.coverage(), None), false);
        outcome.fail(failure.to_string());
        outcome
    }
}

impl Outcome {
    fn new(scanned: Scanned, recalled: bool) -> Self {
        let took = Duration::ZERO;
        Self { at: 0, scanned, recalled, earlier: None, took, again: false }
    }

    fn fail(&mut self, why: String) {
        let problem = Problem { what: "target".to_owned(), path: String::new(), why: why.clone() };
        add_problems(&mut self.scanned.coverage, vec![problem]);
        self.scanned.failed = Some(why);
    }
}

/// True if a larger share of the memory would have shown more.
fn lacks_memory(coverage: &Coverage) -> bool {
    let is_short =
        |problem: &Problem| problem.what == "memory" || problem.why.contains("--max-memory");
    coverage.problems.iter().any(is_short)
}

fn request(target: &Target, ask: Ask<'_>, wants_state: bool, shares: usize) -> Request {
    let texts = |paths: &[PathBuf]| paths.iter().map(|path| PathText::from(&**path)).collect();
    Request {
        place: PathText::from(&*target.place),
        files: target.files.as_ref().map(|files| RequestedFiles {
            paths: texts(&files.paths),
            counted_from: files.counted_from.as_deref().map(PathText::from),
            apart: texts(&files.apart),
        }),
        history: target.history.is_some(),
        problems: target.problems.clone(),
        note: target.note.clone(),
        recalled: ask.kept.map(|kept| Recalled { traces: kept.traces.clone() }),
        since: ask.since.map(str::to_owned),
        databases: ask.databases.to_vec(),
        wants_state,
        threads: ask.threads,
        shares: shares as u64,
    }
}
