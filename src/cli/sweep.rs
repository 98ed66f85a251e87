//! `keysweep sweep`.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

mod console;
mod earlier;
mod plan;
mod processes;

use console::Console;
use earlier::since;
use plan::PlanArguments;

use super::arguments::{
    AttributionArguments, CommonArguments, DatabaseArguments, LimitArguments, SelectionArguments,
};
use super::output::{Outputs, status_of_failure, stays_here};
use super::signals::Session;
use super::{conflicts, parse, progress, scan};
use crate::command::sweep::Template;
use crate::command::sweep::partial::PartialFile;
use crate::command::sweep::plan::Planned;
use crate::command::sweep::state::State;
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::report::{Report, View};
use crate::rules::RuleSet;
use crate::run::partial::PartialSink;
use crate::run::policy::{Policy, PolicyRoot};
use crate::run::sweep::{ResumeStore, Sweep};
use crate::run::target::Target;
use crate::run::{self, Outcome, RunOptions, Status};
use crate::source::files::Globs;

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub(super) struct SweepArguments {
    /// Repositories, folders of clones, folders and files
    #[arg(value_name = "TARGET", required_unless_present = "stdin")]
    targets: Vec<PathBuf>,
    /// Read targets from standard input, one on each line or separated by NUL: paths, or lines that
    /// --list --format jsonl wrote
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    plan: PlanArguments,
    /// Record finished targets in FILE, and resume from it after an interruption; after a complete
    /// sweep the next one starts again
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Write all hits to FILE, for `keysweep merge`: before findings are grouped, suppressed and
    /// limited, and without secrets; without --format and --output, no report is written
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    partial: Option<PathBuf>,
    /// Copy the results of targets that did not change from an earlier sweep, by its partial or by
    /// the partials in a folder; repeatable
    #[arg(long, value_name = "PARTIAL", conflicts_with = "show_secrets")]
    #[cfg_attr(feature = "verify", arg(conflicts_with_all = ["verify", "verify_dry_run", "only_live"]))]
    since: Vec<PathBuf>,
    /// End a target after TIME, report what was found in it, and continue with the next
    #[arg(long, value_name = "TIME", value_parser = parse::duration, help_heading = "Limits")]
    target_timeout: Option<Duration>,
    /// Scan N targets at a time, each in a process of its own [default: one for each processor, at
    /// most 8, as far as there is memory for them]
    #[arg(long, value_name = "N", value_parser = parse::threads, help_heading = "Limits")]
    jobs: Option<usize>,
    #[command(flatten)]
    attribution: AttributionArguments,
    #[command(flatten)]
    database: DatabaseArguments,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    common: CommonArguments,
}

pub(super) fn sweep(args: &SweepArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    let outputs = outputs(args)?;
    let ledger = Ledger::new();
    // One target must not decide for others, so no target's files are read.
    let packs = args.common.packs.packs();
    let policy = scan::policy(&args.common.suppressions, packs, PolicyRoot::Nowhere)?;
    conflicts::packs(&args.common, &policy.rules)?;
    let output = &args.common.output;
    let shows_progress = !output.quiet && !output.no_progress;
    let line = || "looking for repositories".to_owned();
    let plan = progress::with_line(shows_progress, &line, || plan::plan(args, &session, &ledger))?;
    if args.plan.list {
        return plan::write(&plan, args, &session);
    }
    let targets = targets(plan, args, &policy.exclude, &outputs, &session)?;
    let mut state = state(args, &policy)?;
    let since = since(args, &policy, &ledger)?;
    #[cfg(feature = "verify")]
    let (verify, would_verify) = args.common.verify.stage(args.common.fail_on, output.quiet)?;
    #[cfg(feature = "verify")]
    let keep_rivals = verify.is_some() || would_verify.is_some();
    #[cfg(not(feature = "verify"))]
    let keep_rivals = false;
    // Wrong usage empties no earlier partial.
    let mut partial = partial(args, &policy, &targets)?;
    let workers = processes::workers(args, &policy, &outputs, keep_rivals, &ledger);
    let Policy { rules, exclude, suppressions, .. } = policy;
    let engine = Engine::new(&rules);
    #[cfg(feature = "verify")]
    let engine = engine.keeping_rivals(keep_rivals);
    let options = RunOptions {
        min_confidence: args.common.min_confidence.into(),
        timeout: args.common.limits.timeout,
        began: session.began,
        memory: scan::memory(&args.common.limits),
        interrupted: session.interrupted,
        exclude: Globs::new(&[], &exclude)?,
        suppressions,
        include_suppressed: args.common.suppressions.include_suppressed,
        #[cfg(feature = "verify")]
        verify,
        ..RunOptions::new(Vec::new(), session.stop)
    };
    let jobs = processes::jobs(args);
    let console = Console::new(&targets, jobs, output.quiet);
    let job = Sweep {
        targets: &targets,
        target_timeout: args.target_timeout,
        memory: state.as_mut().map(|state| state as &mut (dyn ResumeStore + Send)),
        since: since.as_ref(),
        partial: partial.as_mut().map(|partial| partial as &mut dyn PartialSink),
        watcher: &console,
        jobs,
        threads: scan::threads(&args.common.limits),
        workers: workers.as_ref(),
    };
    let outcome = progress::with_line(shows_progress, &|| console.line(), || {
        run::sweep::sweep(job, &options, &engine, &rules, &ledger)
    })?;
    #[cfg(feature = "verify")]
    if let Some(options) = would_verify {
        super::verify::preview(&outcome.findings, &options);
    }
    report(args, outcome, &rules, &options, &outputs, (state, partial))
}

/// Writes the report, and ends the state file and the partial.
fn report(
    args: &SweepArguments,
    mut outcome: Outcome,
    rules: &RuleSet,
    options: &RunOptions,
    outputs: &Outputs,
    (mut state, partial): (Option<State>, Option<PartialFile>),
) -> Result<Status, Box<dyn Error>> {
    let output = &args.common.output;
    let filter = args.common.keep_live(&mut outcome.findings, &mut outcome.coverage);
    let found = run::status(&outcome.findings, &outcome.coverage, args.common.fail_on.into());
    let status = if outcome.interrupted { found.merge(Status::Interrupted) } else { found };
    let report = Report {
        findings: &outcome.findings,
        coverage: &outcome.coverage,
        rules,
        command: "sweep",
        category: output.sarif_category.as_deref(),
        show_secrets: output.show_secrets,
        include_suppressed: options.include_suppressed,
        baseline: options.suppressions.baseline.is_some(),
        repository: None,
        exit: status.code(),
        times: Some(&scan::times(options.began)),
        limits: output.limits(),
        view: View { filter: filter.as_ref(), ..View::default() },
    };
    let written = scan::write_report(&report, status, output, outputs, options.began);
    let written = match partial.map(PartialFile::finish) {
        Some(Err(error)) => {
            super::complain(&error);
            status_of_failure(written)
        }
        Some(Ok(())) | None => written,
    };
    // A sweep without a complete report can be resumed.
    if let Some(state) = state.as_mut().filter(|_| !options.stop.is_set() && written == status) {
        state.end()?;
    }
    Ok(written)
}

/// The destinations of the report.
fn outputs(args: &SweepArguments) -> Result<Outputs, Box<dyn Error>> {
    let outputs = Outputs::new(&args.common.output)?;
    let kept = [("--resume", args.resume.as_deref()), ("--partial", args.partial.as_deref())];
    conflicts::check(&args.common, &outputs, &kept)?;
    // A partial replaces the report on standard output, as a file of --output does.
    let is_replaced = args.partial.is_some() && args.common.output.format.is_none();
    Ok(if is_replaced { outputs.without_stdout(&args.common.output) } else { outputs })
}

/// The targets with the options of this run.
fn targets(
    plan: Vec<Planned>,
    args: &SweepArguments,
    exclude: &[String],
    outputs: &Outputs,
    session: &Session,
) -> Result<Vec<Target>, Box<dyn Error>> {
    let (limits, stop) = (&args.common.limits, &session.stop);
    let mut selection = args.selection.clone();
    selection.exclude.extend_from_slice(exclude);
    let mut files = scan::files_options(Vec::new(), &selection, outputs, limits, stop)?;
    files.outputs.extend(args.resume.iter().chain(&args.partial).cloned());
    let database = args.attribution.applied(args.database.options(limits, stop));
    let template = Template { files, database };
    Ok(plan.into_iter().map(|planned| planned.target(&template)).collect())
}

/// The file of `--partial`.
fn partial(
    args: &SweepArguments,
    policy: &Policy,
    targets: &[Target],
) -> Result<Option<PartialFile>, Box<dyn Error>> {
    let Some(path) = &args.partial else { return Ok(None) };
    stays_here(path)?;
    Ok(Some(PartialFile::create(path, &asked(args, policy), targets, args.plan.shard)?))
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
    let own: Vec<_> = policy.rules.in_force().filter(|rule| rule.file.is_some()).collect();
    let packs = policy.rules.packs.names();
    let policy = format!("{:?} {own:?} {packs}", policy.exclude);
    let asked =
        format!("{:?} {:?} {containers:?} {max_memory:?} {policy}", args.selection, args.database);
    // Results of earlier sweeps are valid without the word.
    if args.attribution.no_attribution { asked + " --no-attribution" } else { asked }
}
