//! Connects the stages: sources, detector and collector in one run.
//!
//! Workers send hits through a bounded channel to one collector, which groups them by credential.
//! The ledger travels alongside. A run takes plain options and returns findings and coverage. It
//! knows neither report formats nor the command line.

mod bounds;
mod collect;
mod gather;
mod memory_watch;
pub mod merge;
mod nothing;
mod owners;
pub mod partial;
mod partners;
pub mod policy;
pub mod record;
mod redact;
pub mod reported;
mod restore;
pub mod since;
mod status;
pub mod sweep;
pub mod target;
pub mod time_limit;
#[cfg(feature = "verify")]
mod verification;

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::canary;
use crate::coverage::{Count, Coverage, Ledger};
use crate::finding::{Confidence, Finding, Occurrence, Status as Verdict};
use crate::memory::MemoryBudget;
use crate::provenance::Provenance;
use crate::rules::RuleSet;
use crate::scan::{Detector, Hit};
use crate::source::{files, git, named, stdin};
use crate::stop::Stop;
use crate::suppress::baseline::BaselineEntry;
use crate::suppress::{self, Counts, Suppressions};

pub use collect::Spill;
use collect::{Collected, Collector};
use gather::gather;
use nothing::{reasons, something_scanned};
use owners::Owners;
use record::HitRecord;
pub use redact::{provenance as redacted_provenance, shows as shows_secret};
pub use status::{FailOn, Status, status};
use time_limit::TimeLimit;
#[cfg(feature = "verify")]
pub use verification::Verify;

/// The message for a run that a signal ended.
const INTERRUPTED: &str = "interrupted: the rest was not scanned";

/// Stale entries of a baseline, or paths without a file, that are listed by name.
const LISTED: usize = 20;

/// A source of bytes.
#[derive(Clone, Debug)]
pub enum Source {
    /// Files and folders.
    Files(files::FileOptions),
    /// Standard input.
    Stdin(stdin::StdinOptions),
    /// All of a git repository.
    History(git::history::HistoryOptions),
    /// The changes that the next commit would add.
    Staged(git::staged::StagedOptions),
    /// The changes that a range of commits added.
    Range(git::range::RangeOptions),
    /// The texts that an earlier report names.
    Named(Box<named::NamedOptions>),
}

/// The options of a run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Scanned one after the other.
    pub sources: Vec<Source>,
    /// Findings of less confidence are counted, not reported.
    pub min_confidence: Confidence,
    /// For the whole run.
    pub timeout: Option<Duration>,
    /// The start of the command: `timeout` counts from here.
    pub began: Instant,
    /// For the whole run; the sources share it.
    pub memory: MemoryBudget,
    /// Ends the sources early; the same flag that they hold.
    pub stop: Stop,
    /// Set in addition to `stop` if a signal interrupts the run.
    pub interrupted: Stop,
    /// Paths whose findings are left out, for all sources.
    pub exclude: files::Globs,
    /// Baseline, markers and allowed values.
    pub suppressions: Suppressions,
    /// The day on which entries of a baseline are judged.
    pub today: Date,
    /// Suppressed findings are reported, and marked.
    pub include_suppressed: bool,
    /// The sources cover all that the baseline covers, so an entry without a finding is stale.
    pub whole: bool,
    /// The options of verification, if keys are verified.
    #[cfg(feature = "verify")]
    pub verify: Option<Verify>,
}

impl RunOptions {
    /// A run that reports everything in `sources`, of any confidence, and begins now.
    ///
    /// Today is the day in UTC, so that the result does not depend on where a pipeline runs.
    pub fn new(sources: Vec<Source>, stop: Stop) -> Self {
        Self {
            sources,
            min_confidence: Confidence::Low,
            timeout: None,
            began: Instant::now(),
            memory: MemoryBudget::default(),
            stop,
            interrupted: Stop::default(),
            exclude: files::Globs::default(),
            suppressions: Suppressions::default(),
            today: Timestamp::now().to_zoned(TimeZone::UTC).date(),
            include_suppressed: true,
            whole: false,
            #[cfg(feature = "verify")]
            verify: None,
        }
    }

    /// Runs `work` within the time and memory of the run.
    fn bounded<T>(&self, clock: &TimeLimit, ledger: &Ledger, work: impl FnOnce() -> T) -> T {
        clock.limit(&self.stop, ledger, || {
            memory_watch::limit(self.memory.limit(), &self.stop, ledger, work)
        })
    }

    /// The end of the time for the whole run.
    fn until(&self) -> Option<Instant> {
        self.timeout.map(|limit| self.began + limit)
    }

    fn clock(&self) -> TimeLimit {
        TimeLimit::new("--timeout", self.timeout, self.began)
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// The ledger, as reports show it.
    pub coverage: Coverage,
    /// Entries of the baseline without a finding, sorted; only if everything that they cover was
    /// read.
    pub stale: Vec<BaselineEntry>,
    /// The run was ended by a signal.
    pub interrupted: bool,
}

/// The reason why a run has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No file was found, or none could be read.
    #[error("no file was scanned: {0}")]
    NothingScanned(String),
    /// The repository can't be read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// No thread could be started.
    #[error(
        "no thread could be started for the scan: {0}; raise the limit of processes (`ulimit -u`) \
         or of memory"
    )]
    Threads(std::io::Error),
}

/// The origin of the scanned repository. `None` unless all sources are of one repository: its work
/// tree, its history or both. Pass it to [`redacted_provenance`] once the findings are known.
pub fn provenance(sources: &[Source]) -> Option<Provenance> {
    let none = git::open::Environment::default();
    let ([source] | [Source::Files(_), source @ Source::History(_)]) = sources else { return None };
    match source {
        Source::Files(options) => {
            git::provenance::of_repository(Some(&files::work_tree(options)?), &none)
        }
        Source::Stdin(_) => None,
        Source::History(options) => {
            git::provenance::of_repository(options.repo.as_deref(), &options.environment)
        }
        Source::Staged(options) => {
            git::provenance::of_repository(options.repo.as_deref(), &options.environment)
        }
        Source::Range(options) => git::range::provenance(options),
        Source::Named(_) => None,
    }
}

/// True if a source reads files of a git work tree.
pub fn is_in_repository(sources: &[Source]) -> bool {
    sources.iter().any(
        |source| matches!(source, Source::Files(options) if files::work_tree(options).is_some()),
    )
}

/// Scans all sources with `detector`.
///
/// The caller owns `ledger`, so that it can show progress meanwhile.
pub fn run<D: Detector>(
    options: &RunOptions,
    detector: &D,
    rules: &RuleSet,
    ledger: &Ledger,
) -> Result<Outcome, Error> {
    for dropped in &rules.dropped {
        ledger.problem("rule", dropped.place.as_bytes(), &dropped.why);
    }
    let mut collector = Collector::new(&options.memory);
    let owners = Owners::of_sources(&options.sources);
    let take = |mut hit: Hit| {
        owners.add(&mut hit.origin, ledger);
        collector.add(HitRecord::new(hit));
    };
    let stopped = detector.ended_by(&options.stop);
    let detector = stopped.as_ref().unwrap_or(detector);
    options.bounded(&options.clock(), ledger, || {
        gather(&options.sources, &options.exclude, detector, ledger, take)
    })?;
    let collected = collector.finish(rules, options.min_confidence, ledger);
    let outcome = conclude(collected, options, rules, ledger, options.until());
    something_scanned(&options.sources, options, &outcome.coverage)?;
    Ok(outcome)
}

/// Makes the outcome from what was collected. Findings are verified until `until` if that is asked for,
/// and sorted worst first.
fn conclude(
    collected: Collected,
    options: &RunOptions,
    rules: &RuleSet,
    ledger: &Ledger,
    #[cfg_attr(not(feature = "verify"), expect(unused_variables))] until: Option<Instant>,
) -> Outcome {
    if options.interrupted.is_set() {
        ledger.problem("run", b"", &INTERRUPTED);
    }
    let Collected { mut findings, met, weak, .. } = collected;
    partners::link(&mut findings);
    canary::decide(&mut findings);
    let mut counts = suppress::apply(&mut findings, &options.suppressions, options.today, &met);
    // A credential that was not searched for is not known to be gone.
    let is_off =
        |entry: &BaselineEntry| rules.get(&entry.rule).is_some_and(|rule| !rules.applies(rule));
    counts.absent.retain(|entry| !is_off(entry));
    #[cfg(feature = "verify")]
    if let Some(how) = &options.verify {
        verify_within(&mut findings, how, options, until, ledger);
        verification::note_others(&findings, ledger);
    }
    suppress::reopen_active(&mut findings, &mut counts);
    sort(&mut findings);
    // A suppressed secret may not show up in another finding's path either.
    let stop = options.stop.of_part();
    options.clock().limit_quietly(&stop, ledger, || {
        redact::names(&mut findings, &weak, ledger, &stop);
    });
    let stale = finish_suppressions(&mut findings, counts, options, ledger);
    let interrupted = options.interrupted.is_set();
    Outcome { findings, coverage: ledger.coverage(), stale, interrupted }
}

/// Counts suppressed findings and removes them unless they are wanted. Returns the stale entries.
fn finish_suppressions(
    findings: &mut Vec<Finding>,
    counts: Counts,
    options: &RunOptions,
    ledger: &Ledger,
) -> Vec<BaselineEntry> {
    if !options.include_suppressed {
        ledger.add(Count::Suppressed, counts.total());
    }
    for entry in &counts.expired {
        let until = entry.until.map(|until| until.to_string()).unwrap_or_default();
        ledger.note(format!(
            "suppressed only until {until} by the baseline: {} ({})",
            entry.hint, entry.fingerprint
        ));
    }
    let stale = if options.whole && !ledger.has_problems() { counts.absent } else { Vec::new() };
    for entry in stale.iter().take(LISTED) {
        let BaselineEntry { hint, fingerprint, .. } = entry;
        ledger.note(format!("stale in the baseline, no finding for: {hint} ({fingerprint})"));
    }
    if stale.len() > LISTED {
        ledger.note(format!("stale in the baseline: {} more", stale.len() - LISTED));
    }
    if !options.include_suppressed {
        findings.retain(|finding| finding.suppressed.is_none());
    }
    stale
}

/// Verifies `findings` and sorts them again.
#[cfg(feature = "verify")]
pub fn verify(findings: &mut Vec<Finding>, how: &Verify, ledger: &Ledger) {
    verification::verify(findings, how, ledger);
    sort(findings);
}

/// Verifies `findings` in the remaining time of the run, until it is stopped.
#[cfg(feature = "verify")]
fn verify_within(
    findings: &mut Vec<Finding>,
    how: &Verify,
    options: &RunOptions,
    until: Option<Instant>,
    ledger: &Ledger,
) {
    let mut how = how.clone();
    how.options.until = until;
    how.options.stop = options.stop.clone();
    verification::verify(findings, &how, ledger);
}

/// Sorts by severity, canaries last. The last keys make the order total.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let first = |finding: &Finding| {
            (
                finding.verification.status == Verdict::Canary,
                Reverse(finding.severity),
                finding.verification.status != Verdict::Active,
                Reverse(finding.confidence),
            )
        };
        first(a)
            .cmp(&first(b))
            .then_with(|| a.credential.rule.cmp(&b.credential.rule))
            .then_with(|| {
                let places = (a.occurrences.first(), b.occurrences.first());
                places.0.map(Occurrence::order).cmp(&places.1.map(Occurrence::order))
            })
            .then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
}
