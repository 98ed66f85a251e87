//! Many targets in one run and one report.
//!
//! A credential of several targets is one finding of the [`Outcome`]. Only one target is open at a
//! time, so memory grows with the largest one and with the findings, not with the number of
//! targets. An error in a target is a problem of that target, and the next one is scanned.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::collect::{Collector, Hits};
use super::owners::Owners;
use super::restore::{Trace, restore, traces};
use super::target::Target;
use super::time_limit::TimeLimit;
use super::{Error, Outcome, RunOptions, Source, conclude, gather, reasons, redact};
use crate::coverage::{Coverage, Ledger, Swept};
use crate::finding::{Confidence, Credential, Fingerprint, GitObject, HeldBy};
use crate::location::Region;
use crate::opaque;
use crate::rules::RuleSet;
use crate::scan::{Detector, Hit};
use crate::stop::Stop;
use crate::text::escape_path;

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
    /// Gives the record of a target, if there is one.
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
    /// The time that it took.
    pub took: Duration,
}

/// An observer of a sweep.
pub trait Watcher {
    /// A target begins; `ledger` is its own.
    fn begins(&self, number: usize, ledger: &Arc<Ledger>);
    /// A target has ended.
    fn ended(&self, ended: &Ended<'_>);
}

/// The options of a sweep, besides those of every run.
pub struct Sweep<'a> {
    /// The targets, in the order in which they are scanned.
    pub targets: &'a [Target],
    /// The time limit of each target.
    pub target_timeout: Option<Duration>,
    /// The store of finished targets, with `--resume`.
    pub memory: Option<&'a mut dyn ResumeStore>,
    /// The observer.
    pub watcher: &'a dyn Watcher,
}

/// Scans all targets one after the other. `options.sources` is ignored.
///
/// # Errors
///
/// If there are targets and nothing in them could be scanned.
pub fn sweep<D: Detector>(
    mut sweep: Sweep<'_>,
    options: &RunOptions,
    detector: &D,
    rules: &RuleSet,
    ledger: &Ledger,
) -> Result<Outcome, Error> {
    #[cfg(feature = "verify")]
    let until = options.timeout.map(|limit| options.began + limit);
    let mut collector = Collector::new(&options.memory);
    let stopped = detector.ended_by(&options.stop);
    let detector = stopped.as_ref().unwrap_or(detector);
    options.bounded(&options.clock(), ledger, || {
        for (at, target) in sweep.targets.iter().enumerate() {
            if options.stop.is_set() {
                let why = "not scanned: the sweep ended first";
                ledger.problem("target", target.name.as_bytes(), &why);
                continue;
            }
            let hits = one(&mut sweep, at, options, detector, ledger);
            hits.into_iter().for_each(|hit| collector.add(hit));
        }
    });
    let (findings, stale) = conclude(
        collector,
        options,
        rules,
        ledger,
        #[cfg(feature = "verify")]
        until,
    );
    let coverage = ledger.coverage();
    if !options.stop.is_set() && nothing_scanned(sweep.targets, &coverage) {
        let given = sweep.targets.iter().map(|target| escape_path(target.name.as_bytes()));
        return Err(Error::NothingScanned(reasons(given.collect(), &coverage)));
    }
    Ok(Outcome { findings, coverage, stale, interrupted: options.interrupted.is_set() })
}

/// Says if there was something to scan and none of it was scanned. An empty repository counts as
/// scanned, and so does a file that a limit of the user's leaves out.
fn nothing_scanned(targets: &[Target], coverage: &Coverage) -> bool {
    let read = coverage.files > 0 || coverage.objects > 0;
    let timed_out = coverage.problems.iter().any(|problem| problem.what == "time");
    let readable = coverage.targets.iter().filter(|swept| swept.failed.is_none());
    let readable: HashSet<&str> = readable.map(|swept| swept.name.as_str()).collect();
    let is_empty =
        |target: &Target| target.history.is_some() && readable.contains(target.name.as_str());
    !targets.is_empty() && !read && !timed_out && !targets.iter().any(is_empty)
}

/// Scans or restores a target; gives its hits.
fn one<D: Detector>(
    sweep: &mut Sweep<'_>,
    at: usize,
    options: &RunOptions,
    detector: &D,
    ledger: &Ledger,
) -> Vec<Hit> {
    let target = &sweep.targets[at];
    let begin = Instant::now();
    let own = Arc::new(Ledger::new());
    sweep.watcher.begins(at + 1, &own);
    let recalled = recall(sweep, target, detector);
    let is_recalled = recalled.is_some();
    let Scanned { mut hits, coverage, failed } =
        recalled.unwrap_or_else(|| scan(target, sweep.target_timeout, options, detector, &own));
    let is_whole = failed.is_none() && !options.stop.is_set();
    if let Some(memory) = sweep.memory.as_mut().filter(|_| is_whole && !is_recalled)
        && let Some(kept) = keep(target, &coverage, &hits)
        && let Err(error) = memory.keep(target, &kept)
    {
        ledger.note(format!(
            "{} can't be resumed, because it was not recorded: {error}",
            target.name
        ));
    }
    let swept = Swept {
        name: target.name.clone(),
        complete: coverage.complete,
        failed,
        files: coverage.files,
        commits: coverage.commits,
        objects: coverage.objects,
        bytes: coverage.bytes,
        credentials: credentials(&hits, options.min_confidence),
    };
    sweep.watcher.ended(&Ended {
        number: at + 1,
        swept: &swept,
        problems: coverage.problems.len(),
        recalled: is_recalled,
        took: begin.elapsed(),
    });
    ledger.absorb(swept, &relative_to(target, coverage));
    let owners = Owners::of_target(target);
    for hit in &mut hits {
        owners.add(&mut hit.origin, ledger);
        hit.origin.target = Some(target.holder.clone());
    }
    hits
}

/// The coverage with paths relative to the target, as far as they are below it.
fn relative_to(target: &Target, mut coverage: Coverage) -> Coverage {
    let place = escape_path(target.place.as_os_str().as_encoded_bytes());
    for problem in &mut coverage.problems {
        if let Some(inner) = problem.path.strip_prefix(&place)
            && (inner.is_empty() || inner.starts_with('/'))
        {
            problem.path = inner.trim_start_matches('/').to_owned();
        }
    }
    coverage
}

/// The result of scanning a target.
struct Scanned {
    hits: Vec<Hit>,
    coverage: Coverage,
    failed: Option<String>,
}

/// Restores a target from the store, if its credentials are still at their locations.
fn recall<D: Detector>(sweep: &mut Sweep<'_>, target: &Target, detector: &D) -> Option<Scanned> {
    let kept = sweep.memory.as_mut()?.recall(target)?;
    let hits = restore(target, &kept.traces, detector)?;
    Some(Scanned { hits, coverage: kept.coverage, failed: None })
}

fn scan<D: Detector>(
    target: &Target,
    limit: Option<Duration>,
    options: &RunOptions,
    detector: &D,
    ledger: &Ledger,
) -> Scanned {
    let stop = options.stop.of_part();
    let stopped = detector.ended_by(&stop);
    let detector = stopped.as_ref().unwrap_or(detector);
    let mut hits = Hits::new(&options.memory);
    for problem in &target.problems {
        ledger.problem(&problem.what, problem.path.as_bytes(), &problem.why);
    }
    target.note.iter().for_each(|note| ledger.note(note.as_str()));
    let mut failed = target.broken.clone();
    failed.iter().for_each(|why| ledger.problem("target", b"", why));
    let clock = TimeLimit::new("--target-timeout", limit, Instant::now());
    clock.limit(&stop, ledger, || {
        for source in target.sources(&stop) {
            let mut take = |hit| hits.add(hit);
            // If the program fails on one target, it goes on with the others.
            let scanned = catch_unwind(AssertUnwindSafe(|| {
                gather(std::slice::from_ref(&source), &options.exclude, detector, ledger, &mut take)
            }));
            let why = match scanned {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => {
                    "the scan failed, which is a bug in keysweep: please report it".to_owned()
                }
            };
            ledger.problem("target", b"", &why);
            failed = Some(why);
        }
    });
    if failed.is_none() && stop.is_set() && !options.stop.is_set() {
        failed = limit.map(|limit| format!("the time limit of {limit:?} was reached"));
    }
    let mut hits = hits.finish(ledger);
    drop_checked_out(&mut hits);
    // An error may quote what can't be read.
    let failed = failed.map(|why| opaque::redacted(&why));
    Scanned { hits, coverage: ledger.coverage(), failed }
}

impl Target {
    /// Its sources, which `stop` ends.
    pub(super) fn sources(&self, stop: &Stop) -> Vec<Source> {
        let files = self.files.clone().map(|mut files| {
            files.stop = stop.clone();
            Source::Files(files)
        });
        let history = self.history.clone().map(|mut history| {
            history.database.stop = stop.clone();
            Source::History(history)
        });
        files.into_iter().chain(history).collect()
    }
}

/// The identity of an occurrence in a target, from whichever source.
#[derive(PartialEq, Eq, Hash)]
struct OccurrenceKey<'a> {
    path: &'a [u8],
    id: Option<Region>,
    secret: Option<Region>,
    fingerprint: Fingerprint,
}

impl<'a> OccurrenceKey<'a> {
    fn of(hit: &'a Hit) -> Option<Self> {
        let sighting = &hit.candidate.sighting;
        let path = hit.origin.path.as_deref().filter(|_| hit.candidate.inside.is_empty())?;
        let fingerprint = hit.candidate.credential.fingerprint();
        Some(Self { path, id: sighting.id, secret: sighting.secret, fingerprint })
    }
}

/// Drops occurrences in files of the work tree that the history has as well, with more details: the
/// same location at HEAD or in the index.
fn drop_checked_out(hits: &mut Vec<Hit>) {
    let is_held = |hit: &&Hit| {
        hit.origin.git.as_ref().is_some_and(|git| {
            let checked_out = git.at_head || git.held_by.contains(&HeldBy::Index);
            git.object == GitObject::Blob && checked_out
        })
    };
    let held: HashSet<OccurrenceKey<'_>> =
        hits.iter().filter(is_held).filter_map(OccurrenceKey::of).collect();
    let is_duplicate = |hit: &Hit| {
        hit.origin.git.is_none()
            && OccurrenceKey::of(hit).is_some_and(|place| held.contains(&place))
    };
    let duplicates: Vec<bool> = hits.iter().map(is_duplicate).collect();
    let mut duplicates = duplicates.into_iter();
    hits.retain(|_| !duplicates.next().unwrap_or_default());
}

/// The record of a target. `None` if it can't be restored without a new scan, or if it would
/// contain a secret, as in the name of a ref, a file or the target.
fn keep(target: &Target, coverage: &Coverage, hits: &[Hit]) -> Option<TargetState> {
    let kept = TargetState { coverage: coverage.clone(), traces: traces(hits)? };
    let text = serde_json::to_vec(&kept).ok()?;
    let paths = hits.iter().filter_map(|hit| hit.origin.path.as_deref());
    let secrets = hits.iter().flat_map(|hit| {
        let Credential { secret, session_token, .. } = &hit.candidate.credential;
        secret.iter().chain(session_token)
    });
    let place = target.place.as_os_str().as_encoded_bytes();
    let reveals = redact::reveal(secrets, paths.chain([text.as_slice(), place]));
    (!reveals).then_some(kept)
}

/// The number of credentials of at least `min` confidence.
fn credentials(hits: &[Hit], min: Confidence) -> u64 {
    let sure = hits.iter().filter(|hit| hit.candidate.confidence >= min);
    let all: HashSet<Fingerprint> =
        sure.map(|hit| hit.candidate.credential.fingerprint()).collect();
    all.len() as u64
}
