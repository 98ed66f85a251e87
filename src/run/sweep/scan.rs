//! Scans one target, in whichever process.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::frames::Usage;
use crate::coverage::{Coverage, Ledger, Problem};
use crate::finding::{Confidence, Credential, Fingerprint, GitObject, HeldBy};
use crate::location::Region;
use crate::opaque;
use crate::run::collect::Hits;
use crate::run::gather::{FAULT, gather};
use crate::run::owners::Owners;
use crate::run::restore::traces;
use crate::run::sweep::TargetState;
use crate::run::target::Target;
use crate::run::time_limit::TimeLimit;
use crate::run::{Source, redact};
use crate::scan::{Detector, Hit};
use crate::source::container::Totals;
use crate::source::files::Globs;
use crate::source::git::since::ObjectsRead;
use crate::stop::Stop;
use crate::text::escape_path;

/// The result of scanning a target.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) hits: Vec<Hit>,
    pub(super) coverage: Coverage,
    pub(super) failed: Option<String>,
    pub(super) usage: Usage,
    /// See [`super::change`].
    pub(super) state: Option<String>,
    /// The objects that were read, by database.
    pub(super) databases: Vec<ObjectsRead>,
    /// The number of git objects that were not read again.
    pub(super) reused: u64,
}

/// The parameters of the scan of every target.
pub(super) struct Scan<'a, D> {
    pub(super) detector: &'a D,
    pub(super) exclude: &'a Globs,
    /// `--target-timeout`.
    pub(super) limit: Option<Duration>,
    /// Ends the sweep.
    pub(super) stop: &'a Stop,
}

impl<D: Detector> Scan<'_, D> {
    /// Scans a target and passes its hits on. Returns the reason if it could not be read, or not
    /// completely.
    pub(super) fn scan(
        &self,
        target: &Target,
        ledger: &Ledger,
        take: &mut (dyn FnMut(Hit) + Send),
    ) -> Option<String> {
        let stop = self.stop.of_part();
        let stopped = self.detector.ended_by(&stop);
        let detector = stopped.as_ref().unwrap_or(self.detector);
        for problem in &target.problems {
            ledger.problem(&problem.what, problem.path.as_bytes(), &problem.why);
        }
        target.note.iter().for_each(|note| ledger.note(note.as_str()));
        let owners = Owners::of_target(target);
        let mut take = |mut hit: Hit| {
            owners.add(&mut hit.origin, ledger);
            take(hit);
        };
        let mut failed = target.broken.clone();
        failed.iter().for_each(|why| ledger.problem("target", b"", why));
        let clock = TimeLimit::new("--target-timeout", self.limit, Instant::now());
        clock.limit(&stop, ledger, || {
            for source in target.sources(&stop) {
                // If the program fails on one target, it continues with the others.
                let scanned = catch_unwind(AssertUnwindSafe(|| {
                    let sources = std::slice::from_ref(&source);
                    gather(sources, self.exclude, detector, ledger, &mut take)
                }));
                let why = match scanned {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => FAULT.to_owned(),
                };
                ledger.problem("target", b"", &why);
                failed = Some(why);
            }
        });
        if failed.is_none() && stop.is_set() && !self.stop.is_set() {
            failed = self.limit.map(|limit| format!("the time limit of {limit:?} was reached"));
        }
        // An error may quote what can't be read.
        failed.map(|why| opaque::redacted(&why))
    }
}

impl Scanned {
    /// The result for a target, from its hits and its coverage.
    pub(super) fn new(hits: Hits, mut coverage: Coverage, failed: Option<String>) -> Self {
        let ledger = Ledger::new();
        let mut hits = hits.finish(&ledger);
        drop_checked_out(&mut hits);
        add_problems(&mut coverage, ledger.coverage().problems);
        Self { hits, coverage, failed, ..Self::default() }
    }
}

pub(super) fn add_problems(coverage: &mut Coverage, problems: Vec<Problem>) {
    coverage.problems.extend(problems);
    coverage.problems.sort();
    coverage.complete = coverage.problems.is_empty();
}

impl Target {
    /// True if another scan may read more of its containers: the user set a limit that depends on the
    /// machine, and a limit was reached. Limits that the user set are not problems, so these say nothing.
    pub(super) fn is_cut(&self, coverage: &Coverage) -> bool {
        let files = self.files.iter().map(|files| &files.containers);
        let history = self.history.iter().map(|history| &history.database.containers);
        let may_vary = files.chain(history).any(|containers| containers.limits.may_vary());
        may_vary && coverage.left_out.unopened > 0
    }

    /// Its sources, which `stop` ends. What a run may unpack in total counts for each target by
    /// itself, so that the result does not depend on the others.
    pub(super) fn sources(&self, stop: &Stop) -> Vec<Source> {
        let files = self.files.clone().map(|mut files| {
            files.stop = stop.clone();
            files.containers.totals = Arc::new(Totals::default());
            Source::Files(files)
        });
        let history = self.history.clone().map(|mut history| {
            history.database.stop = stop.clone();
            history.database.containers.totals = Arc::new(Totals::default());
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

/// The coverage with paths relative to the target, as far as they are below it.
pub(super) fn relative_to(target: &Target, mut coverage: Coverage) -> Coverage {
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

/// The record of a target. `None` if it can't be restored without a new scan, or if it would
/// contain a secret, as in the name of a ref, a file or the target.
pub(super) fn keep(target: &Target, coverage: &Coverage, hits: &[Hit]) -> Option<TargetState> {
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
pub(super) fn credentials(hits: &[Hit], min: Confidence) -> u64 {
    let sure = hits.iter().filter(|hit| hit.candidate.confidence >= min);
    let all: HashSet<Fingerprint> =
        sure.map(|hit| hit.candidate.credential.fingerprint()).collect();
    all.len() as u64
}
