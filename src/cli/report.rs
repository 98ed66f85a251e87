//! `keysweep report`.

mod diff;
mod partials;

use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::arguments::{Color, FailOnLevel, OutputArguments, format_parser};
use super::output::{self, OutputError, Outputs, status_of_failure, write_file};
use super::{complain, parse};
use crate::command::report::accounts;
use crate::command::report::filter::Filter;
use crate::command::report::group::{self, GroupBy};
use crate::command::report::merge::{Input, merge};
use crate::command::report::ticket::tickets;
use crate::finding::Status as Verdict;
use crate::report::{self, Closing, Limits, Report, Saved, View};
use crate::run::merge::PartialFile;
use crate::run::{self, FailOn, Status};
use crate::text::escape_path;

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Reports in json, jsonl or sarif, and partials of sweeps; `-` is a report on standard input.
    /// Several are merged
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Compare two reports, the older one first: what is new, gone, still there, or has another
    /// verdict. Exits with 1 if something new reaches --fail-on
    #[arg(long, conflicts_with_all = ["group_by", "ticket"])]
    diff: bool,
    /// Write a Markdown file for each credential to DIR, to open issues from: who acts, where it
    /// is, the steps as a list to tick off
    #[arg(long, value_name = "DIR")]
    ticket: Option<PathBuf>,
    /// Keep findings whose FIELD is VALUE: rule, severity, verdict, repository, account, path (a
    /// glob), author, owner, since (a day); repeatable
    #[arg(long, value_name = "FIELD=VALUE", help_heading = "Filter")]
    only: Vec<String>,
    /// Hide findings whose FIELD is VALUE; repeatable
    #[arg(long, value_name = "FIELD=VALUE", help_heading = "Filter")]
    not: Vec<String>,
    /// Group the findings (text and markdown only)
    #[arg(long, value_name = "FIELD", help_heading = "Filter")]
    group_by: Option<GroupField>,
    /// Exit with 1 if there are findings of at least this severity
    #[arg(long, value_name = "LEVEL", default_value = "warning", help_heading = "Verdict")]
    fail_on: FailOnLevel,
    /// Names of AWS accounts: CSV with an id and a name on each line, or the output of `aws organizations
    /// list-accounts`
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    #[command(flatten)]
    output: ReportOutput,
}

/// Format and destination.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
struct ReportOutput {
    /// Format of the report on standard output [default: text]
    #[arg(long, short, value_name = "FORMAT", value_parser = format_parser())]
    format: Option<String>,
    /// Write the report to FILE instead of standard output, in the format of its ending; or, as
    /// FORMAT=FILE, in addition to standard output; repeatable
    #[arg(long, short, value_name = "[FORMAT=]FILE")]
    output: Vec<String>,
    /// List every location and every problem in text
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
    /// Category of a SARIF report [default: that of the first report]
    #[arg(long, value_name = "NAME", value_parser = parse::category)]
    sarif_category: Option<String>,
    /// Print nothing if there is nothing to report
    #[arg(long, short)]
    quiet: bool,
    /// Use colours: always, never, or only in a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// See [`GroupBy`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum GroupField {
    /// The rule
    Rule,
    /// The severity
    Severity,
    /// The verdict of AWS
    Verdict,
    /// The repository or folder of a sweep
    Repository,
    /// The AWS account
    Account,
    /// The owners in CODEOWNERS, otherwise the author of the commit
    Owner,
    /// The path
    Path,
}

impl From<GroupField> for GroupBy {
    fn from(field: GroupField) -> Self {
        match field {
            GroupField::Rule => Self::Rule,
            GroupField::Severity => Self::Severity,
            GroupField::Verdict => Self::Verdict,
            GroupField::Repository => Self::Repository,
            GroupField::Account => Self::Account,
            GroupField::Owner => Self::Owner,
            GroupField::Path => Self::Path,
        }
    }
}

impl ReportOutput {
    fn arguments(&self) -> OutputArguments {
        OutputArguments {
            format: self.format.clone(),
            output: self.output.clone(),
            verbose: self.verbose,
            quiet: self.quiet,
            color: self.color,
            sarif_category: self.sarif_category.clone(),
            ..OutputArguments::plain()
        }
    }
}

pub(super) fn report(args: &ReportArguments) -> Result<Status, Box<dyn Error>> {
    let output = args.output.arguments();
    let outputs = Outputs::new(&output)?;
    if args.group_by.is_some()
        && let Some(format) = outputs.formats().find(|format| !format.can_group())
    {
        return Err(OutputError::Ungrouped { format: format.as_str() }.into());
    }
    let inputs = inputs(&args.files)?;
    if args.diff {
        return diff::report(args, &output, &outputs, &inputs);
    }
    let mut saved = merge(inputs);
    prepare(args, &mut saved)?;
    check_fail_on(args.fail_on.into(), &saved)?;
    write(args, &output, &outputs, &saved)
}

/// Reads the files.
fn inputs(files: &[PathBuf]) -> Result<Vec<Input>, Box<dyn Error>> {
    if files.iter().filter(|file| is_stdin(file)).count() > 1 {
        return Err("'-' is named twice, and standard input can be read once".into());
    }
    let (partials, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|file| !is_stdin(file) && partials::is_partial(file));
    let reports: Result<Vec<Input>, String> = files.into_iter().map(|file| read(file)).collect();
    let mut inputs = reports?;
    if !partials.is_empty() {
        let partials = partials.into_iter().map(|path| PartialFile {
            name: escape_path(path.as_os_str().as_encoded_bytes()),
            path: path.clone(),
        });
        inputs.push(partials::read(partials.collect())?);
    }
    Ok(inputs)
}

fn read(file: &Path) -> Result<Input, String> {
    let (name, text) = if is_stdin(file) {
        let mut text = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut text);
        ("standard input".to_owned(), read.map(|_| text))
    } else {
        (escape_path(file.as_os_str().as_encoded_bytes()), read_file(file))
    };
    let text = text.map_err(|error| format!("{name}: {error}"))?;
    let saved = Saved::read(&text).map_err(|error| format!("{name}: {error}"))?;
    Ok(Input { name, saved })
}

/// The content of a regular file. A device may have no end, and a named pipe no writer.
fn read_file(file: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(file)?.is_file() {
        let why = "not a regular file: name a file, or - for standard input";
        return Err(io::Error::other(why));
    }
    fs::read(file)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Adds the names of accounts, and filters.
fn prepare(args: &ReportArguments, saved: &mut Saved) -> Result<(), Box<dyn Error>> {
    add_accounts(args, saved)?;
    filter(args, saved)?.apply(saved);
    Ok(())
}

fn add_accounts(args: &ReportArguments, saved: &mut Saved) -> Result<(), Box<dyn Error>> {
    if let Some(file) = &args.accounts {
        let name = escape_path(file.as_os_str().as_encoded_bytes());
        let text = read_file(file).map_err(|error| format!("--accounts {name}: {error}"))?;
        let names = accounts::read(&text).map_err(|error| format!("--accounts {name}: {error}"))?;
        saved.accounts.extend(names);
    }
    Ok(())
}

/// The filter, with names that the report has.
fn filter(args: &ReportArguments, saved: &Saved) -> Result<Filter, Box<dyn Error>> {
    let filter = Filter::new(&args.only, &args.not, saved)?;
    filter.remarks.iter().for_each(|remark| complain(remark));
    Ok(filter)
}

/// Writes the tickets; continues after one that can't be written, and returns the first error.
fn write_tickets(report: &Report<'_>, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (mut new, mut updated) = (0, 0);
    let mut failed = None;
    for ticket in tickets(report, folder) {
        let written = ticket.map_err(|error| error.to_string()).and_then(|ticket| {
            write_file(&ticket.path, |out| out.write_all(&ticket.text))
                .map_err(|error| format!("{}: {error}", ticket.path.display()))?;
            Ok(ticket.exists)
        });
        match written {
            Ok(exists) => *if exists { &mut updated } else { &mut new } += 1,
            Err(error) => {
                if let Some(earlier) = failed.replace(error) {
                    complain(&earlier);
                }
            }
        }
    }
    let shown = escape_path(folder.as_os_str().as_encoded_bytes());
    complain(&format_args!("{new} new tickets in {shown}, {updated} written again"));
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Refuses a condition that no finding can meet.
fn check_fail_on(fail_on: FailOn, saved: &Saved) -> Result<(), Box<dyn Error>> {
    let was_asked = |verdict: Verdict| !matches!(verdict, Verdict::NotChecked | Verdict::Canary);
    let mut verdicts = saved.findings.iter().map(|finding| finding.verification.status);
    if fail_on == FailOn::Active && !saved.findings.is_empty() && !verdicts.any(was_asked) {
        return Err("--fail-on active needs a report with verdicts: scan with --verify, or ask \
                    with keysweep verify --report"
            .into());
    }
    Ok(())
}

/// Writes the report and, on standard error, what was scanned.
fn write(
    args: &ReportArguments,
    output: &OutputArguments,
    outputs: &Outputs,
    saved: &Saved,
) -> Result<Status, Box<dyn Error>> {
    let status = run::status(&saved.findings, &saved.coverage, args.fail_on.into());
    let limits = if output.verbose { Limits::verbose() } else { Limits::default() };
    let groups = args.group_by.map(|by| {
        let mut findings = saved.findings.clone();
        report::sort(&mut findings);
        group::groups(&findings, by.into(), &saved.accounts)
    });
    let exit = if saved.run.interrupted { Status::Interrupted } else { status };
    let report = Report {
        findings: &saved.findings,
        coverage: &saved.coverage,
        rules: &saved.rules,
        command: &saved.command,
        category: output.sarif_category.as_deref().or(saved.run.category.as_deref()),
        show_secrets: false,
        include_suppressed: saved.run.include_suppressed,
        baseline: saved.run.baseline,
        repository: saved.run.repository.as_ref(),
        exit: exit.code(),
        times: None,
        limits,
        view: View {
            filter: saved.filter.as_ref(),
            groups: groups.as_deref().unwrap_or_default(),
            accounts: Some(&saved.accounts),
        },
    };
    if let Some(folder) = &args.ticket {
        write_tickets(&report, folder)?;
    }
    let is_hiding = saved.filter.as_ref().is_some_and(|filter| filter.hidden > 0);
    let is_clean = saved.findings.is_empty() && saved.coverage.complete && !is_hiding;
    let silent = output.quiet && is_clean;
    let written = outputs.write(&report, silent);
    if !silent {
        let mut out = Vec::new();
        if !outputs.are_read() {
            report::write_total(&report, &mut out)?;
        }
        let closing = Closing {
            color: outputs.colors_stderr(),
            width: output::columns(io::stderr().is_terminal()),
            took: None,
        };
        report::write_coverage(report.coverage, limits, closing, &mut out)?;
        // If standard error is closed, the status still says what was found.
        let _ = io::stderr().write_all(&out);
    }
    match written {
        Ok(()) => Ok(status),
        Err(error) => {
            if !error.is_closed_pipe() {
                complain(&error);
            }
            Ok(status_of_failure(status))
        }
    }
}
