//! `keysweep scan`, and what every command that scans has in common.

use std::error::Error;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::arguments::{
    CommonArguments, LimitArguments, ScanArguments, SelectionArguments, SettledArguments,
};
use super::output::{Outputs, status_of_failure};
use super::signals::Session;
use super::{complain, progress};
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::memory::Memory;
use crate::report::{self, Report};
use crate::run::policy::{self, Place, Policy};
use crate::run::{self, Options, Source, Status};
use crate::source::container::{self, Limits};
use crate::source::{files, stdin};
use crate::stop::Stop;

/// Carries out `keysweep scan`.
pub(super) fn scan(typed: ScanArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let stop = &session.stop;
    let outputs = Outputs::new(&typed.common.output)?;
    let (from_stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        typed.paths.into_iter().partition(|path| path == Path::new("-"));
    let mut sources = Vec::new();
    let root = files::root(&paths);
    let policy = policy(&typed.common.settled, root.clone().map_or(Place::Nowhere, Place::Folder))?;
    // Of a part of a repository nothing is stale.
    let resolved = |path: &PathBuf| path.canonicalize().ok();
    let whole = root.is_some() && paths.iter().any(|path| resolved(path) == root);
    let whole = whole && typed.selection.leaves_nothing_out();
    let whole = whole && typed.common.limits.leave_nothing_out();
    if !paths.is_empty() {
        let limits = &typed.common.limits;
        let mut selection = typed.selection;
        selection.exclude.extend(policy.exclude.iter().cloned());
        let files = files_options(paths, &selection, &outputs, limits, stop)?;
        sources.push(Source::Files(files));
    }
    if !from_stdin.is_empty() {
        let name = typed.stdin_name.unwrap_or_else(|| stdin::NAME.to_owned());
        sources.push(Source::Stdin(stdin::Options {
            name,
            containers: containers(&typed.common.limits),
            stop: stop.clone(),
        }));
    } else if typed.stdin_name.is_some() {
        return Err("--stdin-name needs the path '-', which stands for standard input".into());
    }
    let job = Job { command: "scan", sources, session, policy, whole };
    carry_out(job, &typed.common, &outputs)
}

/// What a command asks of a run.
pub(super) struct Job<'a> {
    pub(super) command: &'a str,
    pub(super) sources: Vec<Source>,
    pub(super) session: Session,
    pub(super) policy: Policy,
    /// Whether all that a baseline stands for is scanned.
    pub(super) whole: bool,
}

/// Reads what files say about the run.
pub(super) fn policy(typed: &SettledArguments, place: Place) -> Result<Policy, Box<dyn Error>> {
    policy::load(&policy::Options {
        place,
        config: typed.config.config.clone(),
        no_config: typed.config.no_config,
        baseline: typed.baseline.clone(),
        inline: !typed.no_inline_allow,
    })
}

/// Today in UTC: the same wherever a pipeline runs.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

pub(super) fn files_options(
    paths: Vec<PathBuf>,
    selection: &SelectionArguments,
    outputs: &Outputs,
    limits: &LimitArguments,
    stop: &Stop,
) -> Result<files::Options, files::GlobError> {
    Ok(files::Options {
        paths,
        counted_from: None,
        apart: Vec::new(),
        outputs: outputs.paths(),
        obey_ignore_files: !selection.no_ignore,
        globs: files::Globs::new(&selection.include, &selection.exclude)?,
        max_file_size: selection.max_file_size,
        containers: containers(limits),
        threads: threads(limits),
        stop: stop.clone(),
    })
}

/// The threads that were asked for, or one for each processor.
pub(super) fn threads(typed: &LimitArguments) -> usize {
    let processors = || thread::available_parallelism().map_or(1, NonZero::get);
    typed.threads.unwrap_or_else(processors)
}

/// The memory of a run.
pub(super) fn memory(typed: &LimitArguments) -> Memory {
    Memory::or_typed(typed.max_memory)
}

/// How far containers are opened; each source of a run that gets its own has its own totals.
pub(super) fn containers(all: &LimitArguments) -> container::Options {
    let typed = &all.containers;
    let limits = Limits::default();
    let limits = Limits {
        depth: limits.depth.or_typed(typed.depth),
        members: limits.members.or_typed(typed.max_members),
        unpacked: limits.unpacked.or_typed(typed.max_unpacked),
        ratio: limits.ratio.or_typed(typed.max_ratio),
        time: limits.time.or_typed(typed.max_unpack_time),
        held: limits.held.or_typed(typed.max_held),
        run_members: limits.run_members.or_typed(typed.max_run_members),
        run_unpacked: limits.run_unpacked.or_typed(typed.max_run_unpacked),
    };
    let memory = memory(all);
    container::Options { limits, memory, ..container::Options::default() }
}

/// Runs the sources of a command and reports.
pub(super) fn carry_out(
    job: Job<'_>,
    typed: &CommonArguments,
    outputs: &Outputs,
) -> Result<Status, Box<dyn Error>> {
    let Session { stop, interrupted, began } = job.session;
    let Policy { rules, exclude, settled, unreadable } = job.policy;
    let baseline = settled.baseline.is_some();
    let ledger = Ledger::new();
    for object in &unreadable {
        let why = "BASE can't be read, so neither its configuration nor its baseline is obeyed";
        ledger.problem("base", object.as_bytes(), &why);
    }
    #[cfg(feature = "verify")]
    let (verify, would_verify) = typed.verify.stage(typed.fail_on)?;
    let engine = Engine::new(&rules);
    #[cfg(feature = "verify")]
    let engine = engine.keeping_rivals(verify.is_some() || would_verify.is_some());
    let options = Options {
        sources: job.sources,
        min_confidence: typed.min_confidence.into(),
        timeout: typed.limits.timeout,
        began,
        memory: memory(&typed.limits),
        stop,
        interrupted,
        exclude: files::Globs::new(&[], &exclude)?,
        settled,
        today: today(),
        include_suppressed: typed.settled.include_suppressed,
        whole: job.whole,
        #[cfg(feature = "verify")]
        verify,
    };
    let repository = outputs.tell_repository().then(|| run::provenance(&options.sources)).flatten();
    let shows_progress = !typed.output.quiet && !typed.output.no_progress && !outputs.is_hook();
    let mut outcome = progress::with_progress(shows_progress, &ledger, || {
        run::run(&options, &engine, &rules, &ledger)
    })?;
    if !outcome.stale.is_empty() {
        let what = "`keysweep baseline --prune` removes what neither files nor history hold";
        outcome.coverage.notes.push(what.to_owned());
    }
    #[cfg(feature = "verify")]
    if let Some(options) = would_verify {
        super::verify::preview(&outcome.findings, &options);
    }
    let repository = repository.map(|told| run::veiled(told, &outcome.findings));
    let mut status = run::status(&outcome.findings, &outcome.coverage, typed.fail_on.into());
    if outcome.interrupted {
        status = status.merge(Status::Interrupted);
    }
    let report = Report {
        findings: &outcome.findings,
        coverage: &outcome.coverage,
        rules: &rules,
        command: job.command,
        category: typed.output.sarif_category.as_deref(),
        show_secrets: typed.output.show_secrets,
        include_suppressed: typed.settled.include_suppressed,
        baseline,
        repository: repository.as_ref(),
        exit: status.code(),
        limits: report::Limits::default(),
    };
    Ok(tell(&report, status, typed.output.quiet, outputs))
}

/// Writes the report, and beside it what was scanned; gives the status that this leaves.
pub(super) fn tell(report: &Report<'_>, status: Status, quiet: bool, outputs: &Outputs) -> Status {
    let nothing_to_tell = report.findings.is_empty() && report.coverage.complete;
    let silent = (quiet && nothing_to_tell) || outputs.is_hook();
    let written = outputs.write(report, silent);
    if !silent {
        let mut out = Vec::new();
        let color = outputs.colors_stderr();
        // Into memory, which can't fail, and to standard error in one piece.
        let _ = report::write_coverage(report.coverage, report.limits, color, &mut out);
        let _ = io::stderr().write_all(&out);
    }
    match written {
        Ok(()) => status,
        Err(error) => {
            if !error.is_closed_pipe() {
                complain(&error);
            }
            status_of_failure(status)
        }
    }
}
