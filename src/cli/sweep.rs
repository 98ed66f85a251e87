//! `keysweep sweep`.

use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;

use super::arguments::{CommonArguments, DatabaseArguments, LimitArguments, SelectionArguments};
use super::git::read_lines;
use super::output::{Outputs, stays_here};
use super::signals::Session;
use super::{conflicts, parse, progress, scan};
use crate::command::sweep::rows::Rows;
use crate::command::sweep::state::State;
use crate::command::sweep::{self, Template};
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::report::{Report, View};
use crate::run::policy::{Policy, PolicyRoot};
use crate::run::sweep::{Ended, ResumeStore, Sweep, Watcher};
use crate::run::target::Target;
use crate::run::time_limit::TimeLimit;
use crate::run::{self, RunOptions, Status};
use crate::source::files::Globs;

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub(super) struct SweepArguments {
    /// Repositories, folders of clones, folders and files
    #[arg(value_name = "TARGET", required_unless_present = "stdin")]
    targets: Vec<PathBuf>,
    /// Read targets from standard input, one a line or separated by NUL
    #[arg(long)]
    stdin: bool,
    /// Record finished targets in FILE, and resume from it after an interruption; after a complete
    /// sweep the next one starts again
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// End a target after TIME, report what was found in it, and continue with the next
    #[arg(long, value_name = "TIME", value_parser = parse::duration, help_heading = "Limits")]
    target_timeout: Option<Duration>,
    #[command(flatten)]
    database: DatabaseArguments,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    common: CommonArguments,
}

pub(super) fn sweep(args: &SweepArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let outputs = Outputs::new(&args.common.output)?;
    conflicts::check(&args.common, &outputs, args.resume.as_deref())?;
    let ledger = Ledger::new();
    // One target must not decide for others, so no target's files are read.
    let policy = scan::policy(&args.common.suppressions, PolicyRoot::Nowhere)?;
    let output = &args.common.output;
    let shows_progress = !output.quiet && !output.no_progress;
    let line = || "looking for repositories".to_owned();
    let targets = progress::with_line(shows_progress, &line, || {
        targets(args, &policy.exclude, &outputs, &session, &ledger)
    })?;
    let mut state = state(args, &policy)?;
    #[cfg(feature = "verify")]
    let (verify, would_verify) = args.common.verify.stage(args.common.fail_on)?;
    let Policy { rules, exclude, suppressions, .. } = policy;
    let engine = Engine::new(&rules);
    #[cfg(feature = "verify")]
    let engine = engine.keeping_rivals(verify.is_some() || would_verify.is_some());
    let options = RunOptions {
        sources: Vec::new(),
        min_confidence: args.common.min_confidence.into(),
        timeout: args.common.limits.timeout,
        began: session.began,
        memory: scan::memory(&args.common.limits),
        stop: session.stop,
        interrupted: session.interrupted,
        exclude: Globs::new(&[], &exclude)?,
        suppressions,
        today: scan::today(),
        include_suppressed: args.common.suppressions.include_suppressed,
        whole: false,
        #[cfg(feature = "verify")]
        verify,
    };
    let console = Console::new(&targets, output.quiet);
    let job = Sweep {
        targets: &targets,
        target_timeout: args.target_timeout,
        memory: state.as_mut().map(|state| state as &mut dyn ResumeStore),
        watcher: &console,
    };
    let outcome = progress::with_line(shows_progress, &|| console.line(), || {
        run::sweep::sweep(job, &options, &engine, &rules, &ledger)
    })?;
    #[cfg(feature = "verify")]
    if let Some(options) = would_verify {
        super::verify::preview(&outcome.findings, &options);
    }
    let found = run::status(&outcome.findings, &outcome.coverage, args.common.fail_on.into());
    let status = if outcome.interrupted { found.merge(Status::Interrupted) } else { found };
    let report = Report {
        findings: &outcome.findings,
        coverage: &outcome.coverage,
        rules: &rules,
        command: "sweep",
        category: output.sarif_category.as_deref(),
        show_secrets: output.show_secrets,
        include_suppressed: options.include_suppressed,
        baseline: options.suppressions.baseline.is_some(),
        repository: None,
        exit: status.code(),
        times: Some(&scan::times(options.began)),
        limits: output.limits(),
        view: View::default(),
    };
    let written = scan::write_report(&report, status, output, &outputs, options.began);
    // A sweep without a complete report can be resumed.
    if let Some(state) = state.as_mut().filter(|_| !options.stop.is_set() && written == status) {
        state.end()?;
    }
    Ok(written)
}

/// The targets on the command line and on standard input.
fn targets(
    args: &SweepArguments,
    exclude: &[String],
    outputs: &Outputs,
    session: &Session,
    ledger: &Ledger,
) -> Result<Vec<Target>, Box<dyn Error>> {
    let mut paths = args.targets.clone();
    if args.stdin {
        let list = read_lines(session, args.common.limits.timeout)?;
        paths.extend(sweep::read_list(&list));
        if paths.is_empty() && !session.stop.is_set() {
            ledger.note("standard input names no target");
        }
    }
    let (limits, stop) = (&args.common.limits, &session.stop);
    let mut selection = args.selection.clone();
    selection.exclude.extend_from_slice(exclude);
    let mut files = scan::files_options(Vec::new(), &selection, outputs, limits, stop)?;
    files.outputs.extend(args.resume.clone());
    let database = args.database.options(limits, stop);
    let template = Template { files, database, stop: stop.clone() };
    // The time limit of the run includes the search; the run reports it.
    let clock = TimeLimit::new("--timeout", limits.timeout, session.began);
    Ok(clock.limit(stop, &Ledger::new(), || sweep::targets(&paths, &template)))
}

/// The state file of `--resume`.
fn state(args: &SweepArguments, policy: &Policy) -> Result<Option<State>, Box<dyn Error>> {
    let Some(path) = &args.resume else { return Ok(None) };
    stays_here(path)?;
    Ok(Some(State::open(path, &asked(args, policy))?))
}

/// The options that affect findings. With other options the recorded targets are useless.
fn asked(args: &SweepArguments, policy: &Policy) -> String {
    let LimitArguments { containers, max_memory, .. } = &args.common.limits;
    let own: Vec<_> = policy.rules.rules.iter().filter(|rule| rule.file.is_some()).collect();
    let policy = format!("{:?} {own:?}", policy.exclude);
    format!("{:?} {:?} {containers:?} {max_memory:?} {policy}", args.selection, args.database)
}

/// Shows the progress of a sweep on standard error.
struct Console {
    rows: Rows,
    quiet: bool,
    now: Mutex<Option<(usize, Arc<Ledger>, Instant)>>,
}

impl Console {
    fn new(targets: &[Target], quiet: bool) -> Self {
        Self { rows: Rows::new(targets), quiet, now: Mutex::default() }
    }

    fn line(&self) -> String {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line = |(number, ledger, since): (usize, Arc<Ledger>, Instant)| {
            self.rows.line(number, &ledger, since.elapsed())
        };
        now.map(line).unwrap_or_default()
    }
}

impl Watcher for Console {
    fn begins(&self, number: usize, ledger: &Arc<Ledger>) {
        let now = Some((number, Arc::clone(ledger), Instant::now()));
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn ended(&self, ended: &Ended<'_>) {
        let row = self.rows.row(ended);
        let nothing_to_report = ended.problems == 0 && ended.swept.credentials == 0;
        if !(self.quiet && nothing_to_report) {
            progress::row(&row);
        }
    }
}
