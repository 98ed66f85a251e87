//! `keysweep merge`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::arguments::{FailOnLevel, MinConfidence, OutputArguments, SuppressionArguments};
use super::conflicts;
use super::output::{Outputs, stays_here, write_file};
use super::signals::Session;
use super::{parse, progress, scan};
use crate::command::merge;
use crate::coverage::{Ledger, Problem};
use crate::memory::MemoryBudget;
use crate::report::{self, Format, Report, Style, Times, View};
use crate::rules::RuleSet;
use crate::run::merge::{Merge, Merged};
use crate::run::policy::{Policy, PolicyRoot};
use crate::run::{self, Outcome, RunOptions, Spill, Status};
use crate::source::files::Globs;

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// Partials, and folders that contain them
    #[arg(value_name = "PARTIAL", required = true)]
    partials: Vec<PathBuf>,
    /// Write a report for each target to --output-dir, in the format of --format [default: json],
    /// with paths relative to the target
    #[arg(long, value_name = "WHAT", requires = "output_dir", help_heading = "Output")]
    split_by: Option<SplitBy>,
    /// The folder for the reports of --split-by
    #[arg(long, value_name = "DIR", requires = "split_by", help_heading = "Output")]
    output_dir: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    /// Report findings of at least this confidence
    #[arg(long, value_name = "LEVEL", default_value = "medium", help_heading = "Verdict")]
    min_confidence: MinConfidence,
    /// Exit with 1 if there are findings of at least this severity
    #[arg(long, value_name = "LEVEL", default_value = "warning", help_heading = "Verdict")]
    fail_on: FailOnLevel,
    #[command(flatten)]
    suppressions: SuppressionArguments,
    /// Hold one credential for each 4K of SIZE, and one location for formats other than json, jsonl,
    /// sarif and csv; if you set SIZE, it also limits the whole process [default: 512M for locations, a
    /// quarter of the machine's memory for credentials]
    #[arg(long, value_name = "SIZE", help_heading = "Limits", value_parser = parse::memory)]
    max_memory: Option<u64>,
}

/// The subject of each report of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SplitBy {
    /// A target: a repository, a file, or the files of a folder outside of its repositories
    Target,
}

/// Options that a merge can't obey.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("--show-secrets: a partial contains no secret; `keysweep sweep` shows them")]
    Secrets,
    #[cfg(feature = "verify")]
    #[error(
        "--fail-on active: a merge asks AWS nothing, so it could never fail; give the merged report \
         to `keysweep verify --report`"
    )]
    Active,
    #[error("{path}: {error}")]
    Folder { path: String, error: std::io::Error },
}

pub(super) fn merge(args: &MergeArguments) -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    if args.output.show_secrets {
        return Err(Refused::Secrets.into());
    }
    #[cfg(feature = "verify")]
    if matches!(args.fail_on, FailOnLevel::Active) {
        return Err(Refused::Active.into());
    }
    let outputs = Outputs::new(&args.output)?;
    // The reports of the targets replace that on standard output.
    let splits = args.split_by.is_some();
    let outputs = if splits { outputs.without_stdout(&args.output) } else { outputs };
    let suppressions = &args.suppressions;
    let baseline = ("--baseline", suppressions.baseline.as_deref());
    conflicts::overwritten(
        &outputs,
        &[baseline, ("--config", suppressions.config.config.as_deref())],
    )?;
    let policy = scan::policy(suppressions, None, PolicyRoot::Nowhere)?;
    let files = merge::files(&args.partials)?;
    for file in &files {
        conflicts::overwritten(&outputs, &[("a PARTIAL", Some(&file.path))])?;
    }
    let (options, rules) = options(args, policy, session)?;
    let ledger = Ledger::new();
    let shows_progress = !args.output.quiet && !args.output.no_progress;
    let line = || "reading partials".to_owned();
    let (merge, Merged { mut outcome, stored }) =
        progress::with_line(shows_progress, &line, || {
            let merge = Merge::survey(files, &options.stop);
            let spill = spill(args, &options.memory, outputs.folder(), outputs.formats());
            let outcome = merge.outcome(&options, Some(&spill), &rules, &ledger);
            outcome.map(|merged| (merge, merged))
        })?;
    let times = merge.times().map(|(start, end)| Times { start: start.into(), end: end.into() });
    let write = |outcome: &Outcome, outputs: &Outputs| {
        let status = status(args, outcome);
        let report = report(args, &options, &rules, outcome, status, times.as_ref());
        // The time of the scans is not that of the merge.
        scan::write_report(&report, status, &args.output, outputs, None)
    };
    let (streaming, holding) = outputs.divided(Format::streams_places);
    let is_divided = stored > 0 && holding.formats().next().is_some();
    let written = if is_divided {
        let status = status(args, &outcome);
        let report = report(args, &options, &rules, &outcome, status, times.as_ref());
        let whole = streaming.write(&report, false);
        // Only these leave something out, and only they say so.
        leave_out(&mut outcome, stored);
        let written = write(&outcome, &holding);
        whole?;
        written
    } else {
        write(&outcome, &outputs)
    };
    if let Some(folder) = args.output_dir.as_deref().filter(|_| !options.stop.is_set()) {
        split(args, &merge, &options, &rules, folder, times.as_ref())?;
    }
    Ok(written)
}

fn options(
    args: &MergeArguments,
    policy: Policy,
    session: Session,
) -> Result<(RunOptions, RuleSet), Box<dyn Error>> {
    let Policy { rules, exclude, suppressions, .. } = policy;
    let options = RunOptions {
        min_confidence: args.min_confidence.into(),
        began: session.began,
        memory: MemoryBudget::explicit_or_granted(args.max_memory),
        interrupted: session.interrupted,
        exclude: Globs::new(&[], &exclude)?,
        suppressions,
        include_suppressed: args.suppressions.include_suppressed,
        ..RunOptions::new(Vec::new(), session.stop)
    };
    Ok((options, rules))
}

/// The report of an outcome. It has the same bytes as that of a sweep.
fn report<'a>(
    args: &'a MergeArguments,
    options: &RunOptions,
    rules: &'a RuleSet,
    outcome: &'a Outcome,
    status: Status,
    times: Option<&'a Times>,
) -> Report<'a> {
    Report {
        findings: &outcome.findings,
        coverage: &outcome.coverage,
        rules,
        command: "sweep",
        category: args.output.sarif_category.as_deref(),
        show_secrets: false,
        include_suppressed: options.include_suppressed,
        baseline: options.suppressions.baseline.is_some(),
        repository: None,
        exit: status.code(),
        times,
        limits: args.output.limits(),
        view: View::default(),
    }
}

fn status(args: &MergeArguments, outcome: &Outcome) -> Status {
    let found = run::status(&outcome.findings, &outcome.coverage, args.fail_on.into());
    if outcome.interrupted { found.merge(Status::Interrupted) } else { found }
}

/// The part of the hits that is in memory: little if all formats read them one after the other.
fn spill(
    args: &MergeArguments,
    memory: &MemoryBudget,
    folder: Option<PathBuf>,
    mut formats: impl Iterator<Item = Format>,
) -> Spill {
    /// Hits that are sorted at a time.
    const SORTED: usize = 1 << 15;
    let most = memory.places();
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    let credentials = MemoryBudget::credentials(args.max_memory);
    match formats.all(Format::streams_places) {
        true => Spill { folder, held: most.min(SORTED), places: 1, credentials },
        false => Spill { folder, held: most, places: most, credentials },
    }
}

/// Says in a report of a format that lists what is in memory how much it leaves out.
fn leave_out(outcome: &mut Outcome, stored: u64) {
    let coverage = &mut outcome.coverage;
    coverage.problems.push(Problem {
        what: "findings".to_owned(),
        path: String::new(),
        why: format!(
            "{stored} places of credentials are too many for this format: json, jsonl, sarif and csv \
             list all, or raise --max-memory"
        ),
    });
    coverage.problems.sort();
    coverage.complete = false;
}

/// Writes a report for each target.
fn split(
    args: &MergeArguments,
    merge: &Merge,
    options: &RunOptions,
    rules: &RuleSet,
    folder: &Path,
    times: Option<&Times>,
) -> Result<(), Box<dyn Error>> {
    let format = args.output.format.as_deref().and_then(Format::parse).unwrap_or(Format::Json);
    let ending = format.endings().first().copied().unwrap_or("txt");
    stays_here(folder)?;
    let failed = |path: &Path, error| Refused::Folder { path: path.display().to_string(), error };
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let spill = spill(args, &options.memory, Some(folder.to_owned()), [format].into_iter());
    for name in merge.names() {
        let (merged, repository) = merge.of_target(name, options, Some(&spill), rules)?;
        let Merged { mut outcome, stored } = merged;
        if stored > 0 && !format.streams_places() {
            leave_out(&mut outcome, stored);
        }
        let status = status(args, &outcome);
        let report = Report {
            repository: repository.as_ref(),
            ..report(args, options, rules, &outcome, status, times)
        };
        let path = folder.join(merge::report_name(name, ending));
        let written =
            write_file(&path, |out| report::write(format, &report, Style::default(), out));
        written.map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
