//! `keysweep scan`, and what all commands that scan share.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::{
    CommonArguments, LimitArguments, OutputArguments, ScanArguments, SelectionArguments,
    SuppressionArguments,
};
use super::output::{self, Outputs, status_of_failure};
use super::signals::Session;
use super::{complain, conflicts, progress};
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::memory::MemoryBudget;
use crate::opaque;
use crate::report::{self, Closing, Report, Times, View};
use crate::run::policy::{self, Policy, PolicyRoot};
use crate::run::time_limit::TimeLimit;
use crate::run::{self, RunOptions, Source, Status};
use crate::source::container::{self, Limits};
use crate::source::{files, stdin};
use crate::stop::Stop;
use crate::text::escape_path;
use keysweep_base::processors;

pub(super) fn scan(args: ScanArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let stop = &session.stop;
    let outputs = Outputs::new(&args.common.output)?;
    let named = match args.paths.is_empty() {
        true => vec![unnamed(&args.common, args.stdin_name.is_some(), &session)?],
        false => args.paths,
    };
    let (from_stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        named.into_iter().partition(|path| path == Path::new(STDIN));
    let mut sources = Vec::new();
    let root = files::root(&paths);
    let policy = policy(
        &args.common.suppressions,
        args.common.packs.packs(),
        root.clone().map_or(PolicyRoot::Nowhere, PolicyRoot::Folder),
    )?;
    // A scan of a part of a repository knows no stale entries.
    let resolved = |path: &PathBuf| path.canonicalize().ok();
    let whole = root.is_some() && paths.iter().any(|path| resolved(path) == root);
    let whole = whole && args.selection.leaves_nothing_out();
    let whole = whole && args.common.limits.leave_nothing_out();
    if !paths.is_empty() {
        let limits = &args.common.limits;
        let mut selection = args.selection;
        selection.exclude.extend(policy.exclude.iter().cloned());
        let files = files_options(paths, &selection, &outputs, limits, stop)?;
        sources.push(Source::Files(files));
    }
    if !from_stdin.is_empty() {
        let name = args.stdin_name.unwrap_or_else(|| stdin::NAME.to_owned());
        sources.push(Source::Stdin(stdin::StdinOptions {
            name,
            containers: containers(&args.common.limits),
            stop: stop.clone(),
        }));
    } else if args.stdin_name.is_some() {
        return Err("--stdin-name needs the path '-', which stands for standard input".into());
    }
    let job = Job { command: "scan", sources, session, policy, whole };
    carry_out(job, &args.common, &outputs)
}

/// The path that means standard input.
const STDIN: &str = "-";

/// The source without a PATH: standard input if it has data, as in ripgrep, otherwise the current
/// folder. A run that is stopped while it waits scans standard input, and so reports that it is
/// incomplete.
fn unnamed(args: &CommonArguments, is_stdin: bool, session: &Session) -> io::Result<PathBuf> {
    if is_stdin {
        return Ok(PathBuf::from(STDIN));
    }
    if !stdin::may_hold_data() {
        return Ok(PathBuf::from("."));
    }
    let clock = TimeLimit::new("--timeout", args.limits.timeout, session.began);
    let waiting = || {
        complain(&"no PATH: waiting for standard input; name a PATH such as . to scan files");
    };
    let wait = || stdin::holds_data(&session.stop, &waiting);
    if clock.limit(&session.stop, &Ledger::new(), wait)? == Some(false) {
        return Ok(PathBuf::from("."));
    }
    if !args.output.quiet {
        complain(&"no PATH: scanning standard input; name a PATH such as . to scan files");
    }
    Ok(PathBuf::from(STDIN))
}

/// The request of a command for a run.
pub(super) struct Job<'a> {
    pub(super) command: &'a str,
    pub(super) sources: Vec<Source>,
    pub(super) session: Session,
    pub(super) policy: Policy,
    /// The sources cover all that the baseline covers.
    pub(super) whole: bool,
}

/// Reads the files that configure the run.
pub(super) fn policy(
    args: &SuppressionArguments,
    packs: Option<Vec<String>>,
    place: PolicyRoot,
) -> Result<Policy, Box<dyn Error>> {
    policy::load(&policy::PolicyOptions {
        place,
        config: args.config.config.clone(),
        no_config: args.config.no_config,
        baseline: args.baseline.clone(),
        inline: !args.no_inline_allow,
        packs,
    })
}

pub(super) fn files_options(
    paths: Vec<PathBuf>,
    selection: &SelectionArguments,
    outputs: &Outputs,
    limits: &LimitArguments,
    stop: &Stop,
) -> Result<files::FileOptions, files::GlobError> {
    Ok(files::FileOptions {
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

/// The number of threads: that of the option, or one for each processor, as far as there is memory
/// for them.
pub(super) fn threads(args: &LimitArguments) -> usize {
    args.threads.unwrap_or_else(|| processors::count().min(MemoryBudget::threads()))
}

pub(super) fn memory(args: &LimitArguments) -> MemoryBudget {
    MemoryBudget::explicit_or_granted(args.max_memory)
}

/// The limits of containers. Each call makes new totals.
pub(super) fn containers(all: &LimitArguments) -> container::ContainerOptions {
    let args = &all.containers;
    let limits = Limits::default();
    let limits = Limits {
        depth: limits.depth.or_explicit(args.depth),
        members: limits.members.or_explicit(args.max_members),
        unpacked: limits.unpacked.or_explicit(args.max_unpacked),
        ratio: limits.ratio.or_explicit(args.max_ratio),
        time: limits.time.or_explicit(args.max_unpack_time),
        held: limits.held.or_explicit(args.max_held),
        run_members: limits.run_members.or_explicit(args.max_run_members),
        run_unpacked: limits.run_unpacked.or_explicit(args.max_run_unpacked),
    };
    let memory = memory(all);
    container::ContainerOptions { limits, memory, ..container::ContainerOptions::default() }
}

/// Runs the sources of a command and reports.
pub(super) fn carry_out(
    job: Job<'_>,
    args: &CommonArguments,
    outputs: &Outputs,
) -> Result<Status, Box<dyn Error>> {
    conflicts::check(args, outputs, &[])?;
    let Session { stop, interrupted, began } = job.session;
    let Policy { rules, exclude, suppressions, unreadable, config: _ } = job.policy;
    let baseline = suppressions.baseline.is_some();
    let ledger = Ledger::new();
    if job.command == "scan" && run::is_in_repository(&job.sources) {
        ledger.note("the history was not scanned: `keysweep history` reads all of it");
    }
    for object in &unreadable {
        let why = "BASE can't be read, so neither its configuration nor its baseline applies";
        ledger.problem("base", object.as_bytes(), &why);
    }
    #[cfg(feature = "verify")]
    let (verify, would_verify) =
        args.verify.stage(args.fail_on, args.output.quiet || outputs.is_hook())?;
    conflicts::packs(args, &rules)?;
    let engine = Engine::new(&rules);
    #[cfg(feature = "verify")]
    let engine = engine.keeping_rivals(verify.is_some() || would_verify.is_some());
    let options = RunOptions {
        min_confidence: args.min_confidence.into(),
        timeout: args.limits.timeout,
        began,
        memory: memory(&args.limits),
        interrupted,
        exclude: files::Globs::new(&[], &exclude)?,
        suppressions,
        include_suppressed: args.suppressions.include_suppressed,
        whole: job.whole,
        #[cfg(feature = "verify")]
        verify,
        ..RunOptions::new(job.sources, stop)
    };
    let repository = outputs.name_repository().then(|| run::provenance(&options.sources)).flatten();
    let shows_progress = !args.output.quiet && !args.output.no_progress && !outputs.is_hook();
    let mut outcome = progress::with_progress(shows_progress, &ledger, || {
        run::run(&options, &engine, &rules, &ledger)
    })?;
    if !outcome.stale.is_empty() {
        let what = "`keysweep baseline --prune` removes entries that neither the files nor the \
             history contain";
        outcome.coverage.notes.push(what.to_owned());
    }
    #[cfg(feature = "verify")]
    if let Some(options) = would_verify {
        super::verify::preview(&outcome.findings, &options);
    }
    let repository =
        repository.map(|provenance| run::redacted_provenance(provenance, &outcome.findings));
    let filter = args.keep_live(&mut outcome.findings, &mut outcome.coverage);
    let mut status = run::status(&outcome.findings, &outcome.coverage, args.fail_on.into());
    if outcome.interrupted {
        status = status.merge(Status::Interrupted);
    }
    let report = Report {
        findings: &outcome.findings,
        coverage: &outcome.coverage,
        rules: &rules,
        command: job.command,
        category: args.output.sarif_category.as_deref(),
        show_secrets: args.output.show_secrets,
        include_suppressed: args.suppressions.include_suppressed,
        baseline,
        repository: repository.as_ref(),
        exit: status.code(),
        times: Some(&times(began)),
        limits: args.output.limits(),
        view: View { filter: filter.as_ref(), ..View::default() },
    };
    Ok(write_report(&report, status, &args.output, outputs, began))
}

/// Writes the report, and the coverage to standard error, with the time that a scan has taken since it
/// `began`. Returns the exit status.
pub(super) fn write_report(
    report: &Report<'_>,
    status: Status,
    args: &OutputArguments,
    outputs: &Outputs,
    began: impl Into<Option<Instant>>,
) -> Status {
    let hides = report.view.filter.is_some_and(|filter| filter.hidden > 0);
    let nothing_to_report = report.findings.is_empty() && report.coverage.complete && !hides;
    let silent = (args.quiet && nothing_to_report) || outputs.is_hook();
    let written = outputs.write(report, silent);
    if !silent {
        let mut out = Vec::new();
        // Writing to memory can't fail; standard error gets it in one piece.
        let _ = closing(report, args, outputs, began.into(), &mut out);
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

/// The lines on standard error after the report. No report contains them, because its bytes depend
/// on the input alone, and users would not see them in a report for programs.
fn closing(
    report: &Report<'_>,
    args: &OutputArguments,
    outputs: &Outputs,
    began: Option<Instant>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if !outputs.are_read() {
        report::write_total(report, out)?;
    }
    let closing = Closing {
        color: outputs.colors_stderr(),
        width: output::columns(io::stderr().is_terminal()),
        took: began.map(|began| began.elapsed()),
    };
    report::write_coverage(report.coverage, report.limits, closing, out)?;
    if args.verbose || report.command == "sweep" {
        // An argument may contain a secret, for example the URL of an endpoint.
        let words = std::env::args_os().skip(1);
        let words: Vec<String> = words.map(|word| escape_path(word.as_encoded_bytes())).collect();
        let words = opaque::redacted(&words.join(" "));
        let version = env!("CARGO_PKG_VERSION");
        writeln!(out, "keysweep {version} on {}: keysweep {words}", now())?;
    }
    Ok(())
}

/// The current time in UTC, RFC 3339, in seconds.
pub(super) fn now() -> String {
    seconds(Timestamp::now())
}

fn seconds(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The times of a run that started at `began`.
pub(super) fn times(began: Instant) -> Times {
    let end = Timestamp::now();
    let start = end.checked_sub(began.elapsed()).unwrap_or(end);
    Times { start: seconds(start), end: seconds(end) }
}
