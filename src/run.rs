//! The only wiring: sources, detector and collector joined into one run.
//!
//! Workers hand hits through a bounded channel to one collector, which groups them by credential;
//! the ledger travels alongside. Takes plain options, gives findings and coverage. Must not know
//! how they are written or what was typed to ask for them.

mod bounds;
mod collect;
mod memory_watch;
mod partners;
pub mod policy;
mod redact;
mod restore;
mod status;
pub mod sweep;
pub mod time_limit;
#[cfg(feature = "verify")]
mod verification;
mod watchdog;

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::civil::Date;

use crate::canary;
use crate::coverage::{Count, Coverage, Ledger};
use crate::detect::nameless;
use crate::finding::{Confidence, Finding, Occurrence, Status as Verdict};
use crate::memory::MemoryBudget;
use crate::provenance::Provenance;
use crate::rules::RuleSet;
use crate::scan::{Detector, Hit};
use crate::source::{files, git, stdin};
use crate::stop::Stop;
use crate::suppress::baseline::BaselineEntry;
use crate::suppress::{self, Counts, Suppressions};
use crate::text::escape_path;

use collect::{Collected, Collector};
pub use redact::provenance as redacted_provenance;
pub use status::{FailOn, Status, status};
use time_limit::TimeLimit;
#[cfg(feature = "verify")]
pub use verification::Verify;

/// Hits on their way to the collector; workers wait when it is this far behind.
const CHANNEL: usize = 1024;

/// What is told of a source on which the program fails.
const FAULT: &str =
    "scanning failed before its end, which is a fault of keysweep: please report it";

/// Stale entries of a baseline, or paths without a file, that are listed one by one.
const LISTED: usize = 20;

/// Where the bytes of a run come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Files and folders.
    Files(files::FileOptions),
    /// Standard input.
    Stdin(stdin::StdinOptions),
    /// All of a git repository.
    History(git::history::HistoryOptions),
    /// What the next commit would add.
    Staged(git::staged::StagedOptions),
    /// What a range of commits added.
    Range(git::range::RangeOptions),
}

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Scanned one after the other.
    pub sources: Vec<Source>,
    /// Findings below are counted, not reported.
    pub min_confidence: Confidence,
    /// For the whole run.
    pub timeout: Option<Duration>,
    /// From when its time counts: what came before the sources is part of the run.
    pub began: Instant,
    /// For the whole run; the sources share it.
    pub memory: MemoryBudget,
    /// Ends the sources early; the same flag that they hold.
    pub stop: Stop,
    /// Set, beside `stop`, by whoever interrupts the run.
    pub interrupted: Stop,
    /// Paths whose findings are left out, whatever source they come from.
    pub exclude: files::Globs,
    /// What was settled before.
    pub suppressions: Suppressions,
    /// The day by which entries of a baseline are over.
    pub today: Date,
    /// Whether settled findings stay among the findings, marked.
    pub include_suppressed: bool,
    /// Whether all that a baseline stands for is scanned, so that what is absent is stale.
    pub whole: bool,
    /// Whether and how keys are verified.
    #[cfg(feature = "verify")]
    pub verify: Option<Verify>,
}

impl RunOptions {
    /// What ends the run in time.
    /// Does `work` in the run's time and memory.
    fn bounded<T>(&self, clock: &TimeLimit, ledger: &Ledger, work: impl FnOnce() -> T) -> T {
        clock.limit(&self.stop, ledger, || {
            memory_watch::limit(self.memory.limit(), &self.stop, ledger, work)
        })
    }

    fn clock(&self) -> TimeLimit {
        TimeLimit::new("--timeout", self.timeout, self.began)
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What was scanned and what was not.
    pub coverage: Coverage,
    /// Sorted: entries of the baseline of which nothing was met, if all that it stands for was read.
    pub stale: Vec<BaselineEntry>,
    /// The run was ended by a signal.
    pub interrupted: bool,
}

/// Why a run has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The walk met no file, or could read none.
    #[error("no file was scanned: {0}")]
    NothingScanned(String),
    /// A repository, or what was asked of it, can't be read at all.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// Nothing can take what is found.
    #[error(
        "the system gives no threads to scan with: {0}; raise the limit of processes (`ulimit -u`) or of memory"
    )]
    Threads(std::io::Error),
}

/// Where the scanned repository comes from; `None` unless the sources are one repository, as work
/// tree, history or both. To be told by [`redacted_provenance`] once it is known what was found.
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
    }
}

/// Whether files of a git work tree are among the sources.
pub fn is_in_repository(sources: &[Source]) -> bool {
    sources.iter().any(
        |source| matches!(source, Source::Files(options) if files::work_tree(options).is_some()),
    )
}

/// Runs all sources through `detector`.
///
/// `ledger` is the caller's, so that progress can be read off it meanwhile.
pub fn run<D: Detector>(
    options: &RunOptions,
    detector: &D,
    rules: &RuleSet,
    ledger: &Ledger,
) -> Result<Outcome, Error> {
    #[cfg(feature = "verify")]
    let until = options.timeout.map(|limit| options.began + limit);
    for dropped in &rules.dropped {
        ledger.problem("rule", dropped.place.as_bytes(), &dropped.why);
    }
    let mut collector = Collector::new(&options.memory);
    let stopped = detector.ended_by(&options.stop);
    let detector = stopped.as_ref().unwrap_or(detector);
    options.bounded(&options.clock(), ledger, || {
        gather(&options.sources, &options.exclude, detector, ledger, |hit| collector.add(hit))
    })?;
    let (findings, stale) = conclude(
        collector,
        options,
        rules,
        ledger,
        #[cfg(feature = "verify")]
        until,
    );
    let interrupted = options.interrupted.is_set();
    let coverage = ledger.coverage();
    let walks = options.sources.iter().any(|source| matches!(source, Source::Files(_)));
    if walks && coverage.files == 0 && !options.stop.is_set() {
        return Err(Error::NothingScanned(reasons(given(&options.sources), &coverage)));
    }
    Ok(Outcome { findings, coverage, stale, interrupted })
}

/// Makes findings of what was collected: grouped, verified if asked for, worst first. Beside them
/// the stale entries of the baseline.
fn conclude(
    collector: Collector,
    options: &RunOptions,
    rules: &RuleSet,
    ledger: &Ledger,
    #[cfg(feature = "verify")] until: Option<Instant>,
) -> (Vec<Finding>, Vec<BaselineEntry>) {
    if options.interrupted.is_set() {
        ledger.problem("run", b"", &"interrupted: what was not yet scanned is missing");
    }
    let Collected { mut findings, met, weak } =
        collector.finish(rules, options.min_confidence, ledger);
    partners::link(&mut findings);
    canary::decide(&mut findings);
    let mut counts = suppress::apply(&mut findings, &options.suppressions, options.today, &met);
    #[cfg(feature = "verify")]
    if let Some(how) = &options.verify {
        verify_within(&mut findings, how, options, until, ledger);
    }
    suppress::reopen_active(&mut findings, &mut counts);
    sort(&mut findings);
    // A settled secret in somebody else's path is a secret still.
    let stop = options.stop.of_part();
    options.clock().limit_quietly(&stop, ledger, || {
        redact::names(&mut findings, &weak, ledger, &stop);
    });
    let stale = finish_suppressions(&mut findings, counts, options, ledger);
    (findings, stale)
}

/// Counts what was settled, and leaves it out unless it is wanted; gives the stale entries.
fn finish_suppressions(
    findings: &mut Vec<Finding>,
    counts: Counts,
    options: &RunOptions,
    ledger: &Ledger,
) -> Vec<BaselineEntry> {
    ledger.add(Count::Suppressed, counts.total());
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
        ledger.note(format!(
            "stale in the baseline, nothing of it was found: {hint} ({fingerprint})"
        ));
    }
    if stale.len() > LISTED {
        ledger.note(format!("stale in the baseline: {} more", stale.len() - LISTED));
    }
    if !options.include_suppressed {
        findings.retain(|finding| finding.suppressed.is_none());
    }
    stale
}

/// Verifies `findings` and puts them in order again.
#[cfg(feature = "verify")]
pub fn verify(findings: &mut Vec<Finding>, how: &Verify, ledger: &Ledger) {
    verification::verify(findings, how, ledger);
    sort(findings);
}

/// Verifies `findings` in what is left of the run's time, and no longer than it is not stopped.
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

/// Scans the sources; one thread takes what others find.
fn gather<D: Detector>(
    sources: &[Source],
    exclude: &files::Globs,
    detector: &D,
    ledger: &Ledger,
    take: impl FnMut(Hit) + Send,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel::<Hit>(CHANNEL);
        let take = move || receiver.into_iter().for_each(take);
        let taking = thread::Builder::new().spawn_scoped(scope, take).map_err(Error::Threads)?;
        // The taker lives until the sender is dropped, so a hit is never refused.
        let hits = |hit: Hit| {
            let path = hit.origin.path.as_deref().filter(|_| !exclude.is_empty());
            if path.is_some_and(|path| exclude.excludes_bytes(path)) {
                ledger.add(Count::Excluded, 1);
            } else if let Some(hit) = nameless::named(hit) {
                drop(sender.send(bounds::bounded(hit)));
            }
        };
        // Whatever a source fails on, what others and it itself found by then is reported.
        let scan = |source: &Source| match source {
            Source::Files(options) => {
                files::scan(options, detector, ledger, &hits);
                Ok(())
            }
            Source::Stdin(options) => {
                stdin::scan(options, detector, ledger, &hits);
                Ok(())
            }
            Source::History(options) => git::history::scan(options, detector, ledger, &hits),
            Source::Staged(options) => git::staged::scan(options, detector, ledger, &hits),
            Source::Range(options) => git::range::scan(options, detector, ledger, &hits),
        };
        let scanned = sources.iter().try_for_each(|source| {
            catch_unwind(AssertUnwindSafe(|| scan(source))).unwrap_or_else(|_| {
                ledger.problem("run", b"", &FAULT);
                Ok(())
            })
        });
        drop(sender);
        match taking.join() {
            Ok(()) => scanned.map_err(Error::Git),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Worst first, canaries last; the last keys make the order total.
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

/// Why a walk scanned no file, as far as the ledger tells.
fn reasons(mut given: Vec<String>, coverage: &Coverage) -> String {
    let left_out = &coverage.left_out;
    let counts = [
        (left_out.ignored, "ignored (--no-ignore scans them)"),
        (left_out.excluded, "excluded by --include or --exclude"),
        (left_out.too_large, "over --max-file-size"),
        (left_out.special, "no regular files"),
        (left_out.links, "links (name one to follow it)"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let mut reasons: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    let problems = coverage.problems.iter().take(3);
    reasons.extend(problems.map(|problem| format!("{}: {}", problem.path, problem.why)));
    if !reasons.is_empty() {
        return reasons.join("; ");
    }
    if given.len() > LISTED {
        let more = given.len() - LISTED;
        given.truncate(LISTED);
        given.push(format!("{more} more"));
    }
    format!("there is none in {}", given.join(", "))
}

/// The paths of `sources`, as they were typed.
fn given(sources: &[Source]) -> Vec<String> {
    let paths = sources.iter().filter_map(|source| match source {
        Source::Files(options) => Some(&options.paths),
        _ => None,
    });
    let shown = |path: &PathBuf| escape_path(path.as_os_str().as_encoded_bytes());
    paths.flatten().map(shown).collect()
}
