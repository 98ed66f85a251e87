//! `keysweep verify`, and `--verify` of every command that scans.

mod reported;

use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::arguments::{FailOnLevel, LimitArguments, OutputArguments, SelectionArguments};
use super::output::Outputs;
use super::signals::Session;
use super::{complain, progress, scan};
use crate::command::verify as command;
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::finding::{Confidence, Finding, Status as Verdict};
use crate::report::{self, Closing, Format, Report, View};
use crate::rules::RuleSet;
use crate::run::time_limit::TimeLimit;
use crate::run::{self, Source, Status, Verify};
use crate::source::git::{database, history, open};
use crate::source::stdin;
use crate::stop::Stop;
use crate::text::escape_path;
use crate::verify::{self, Endpoint, Environment, PartitionChoice, VerifyOptions};
use reported::{ReadOptions, Targets};

/// Arguments of every command that scans and reports.
#[derive(Debug, Args)]
#[command(next_help_heading = "Verification")]
pub(super) struct ScanVerifyArguments {
    #[command(flatten)]
    verify: VerifyArguments,
    /// Report only keys that AWS accepts now; implies --verify. The report says how many findings it
    /// leaves out and why, and the run is incomplete if AWS gave no answer about a key
    #[arg(long, conflicts_with = "verify_dry_run", help_heading = "Verification")]
    only_live: bool,
}

/// Arguments of every command that scans.
#[derive(Debug, Args)]
#[command(next_help_heading = "Verification")]
pub(super) struct VerifyArguments {
    /// Ask AWS which keys are live; each request appears in the CloudTrail of the key's owner
    #[arg(long, conflicts_with = "verify_dry_run")]
    verify: bool,
    /// Print what --verify would ask, and send nothing
    #[arg(long)]
    verify_dry_run: bool,
    #[command(flatten)]
    sts: StsArguments,
}

/// Endpoints and limits of verification.
#[derive(Debug, Args)]
#[command(next_help_heading = "Verification")]
struct StsArguments {
    /// Ask this STS instead of AWS's own: an https URL, or http on loopback
    #[arg(long, value_name = "URL", value_parser = Endpoint::parse)]
    sts_endpoint: Option<Endpoint>,
    /// Partitions to ask: auto, all, or aws, aws-us-gov, aws-cn and aws-eusc separated by commas
    /// [default: auto, those that nearby text names, then aws and aws-us-gov]
    #[arg(long, value_name = "NAME", value_parser = PartitionChoice::parse)]
    partition: Option<PartitionChoice>,
    /// Never ask about keys of this account; repeatable
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',', value_parser = verify::account)]
    skip_account: Vec<String>,
    /// Treat keys of this account as canaries and never ask about them; repeatable
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',', value_parser = verify::account)]
    canary_account: Vec<String>,
    /// Ask only about keys of this account; repeatable
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',', value_parser = verify::account)]
    only_account: Vec<String>,
    /// Ask AWS's FIPS endpoints; partitions without one are not asked
    #[arg(long, conflicts_with = "sts_endpoint")]
    fips: bool,
    /// User agent of the requests, which the key's owner sees in CloudTrail
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// Requests per second [default: 10]
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyCommand {
    /// The key to ask about or, with --report, the file, folder or repository that was scanned: keys
    /// are read again at the locations in the report or, if one is not there, everywhere in the
    /// target [default: .]
    #[arg(value_name = "KEY_ID|TARGET", required_unless_present = "report")]
    subject: Option<PathBuf>,
    /// Ask about the findings of this earlier report (json, jsonl or sarif)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print what would be asked, and send nothing; no report is written
    #[arg(long, help_heading = "Verification", conflicts_with_all = ["format", "output"])]
    verify_dry_run: bool,
    /// Report only keys of --report that AWS accepts now. The new report says how many findings it
    /// leaves out and why, and the run is incomplete if AWS gave no answer about a key
    #[arg(long, requires = "report", conflicts_with = "verify_dry_run")]
    #[arg(help_heading = "Verification")]
    only_live: bool,
    #[command(flatten)]
    sts: StsArguments,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

/// The verification stage, or the options of one for a dry run.
type Stage = (Option<Verify>, Option<VerifyOptions>);

impl ScanVerifyArguments {
    /// Says if AWS is asked.
    pub(super) fn asks(&self) -> bool {
        self.verify.verify || self.only_live
    }

    /// Says if only live keys are reported.
    pub(super) fn only_live(&self) -> bool {
        self.only_live
    }

    /// The verification stage, or the options of one for a dry run.
    ///
    /// If it is `silent`, the first request is not announced.
    pub(super) fn stage(
        &self,
        fail_on: FailOnLevel,
        silent: bool,
    ) -> Result<Stage, Box<dyn Error>> {
        self.verify.stage_if(self.asks(), fail_on, silent)
    }
}

impl VerifyArguments {
    /// The verification stage, or the options of one for a dry run.
    pub(super) fn stage(&self) -> Result<Stage, Box<dyn Error>> {
        self.stage_if(self.verify, FailOnLevel::Note, false)
    }

    fn stage_if(
        &self,
        asks: bool,
        fail_on: FailOnLevel,
        silent: bool,
    ) -> Result<Stage, Box<dyn Error>> {
        if !asks && matches!(fail_on, FailOnLevel::Active) {
            let why = "--fail-on active needs --verify: only AWS knows that a key is live";
            return Err(why.into());
        }
        if asks {
            let announce = if silent { |_: &str| {} } else { announce };
            return Ok((Some(Verify { options: self.sts.options()?, announce }), None));
        }
        if self.verify_dry_run {
            return Ok((None, Some(self.sts.options()?)));
        }
        match self.sts.first_given() {
            Some(option) => Err(format!("{option} needs --verify").into()),
            None => Ok((None, None)),
        }
    }
}

impl StsArguments {
    /// The options of the stage, with proxies and certificates from the environment.
    fn options(&self) -> Result<VerifyOptions, verify::OptionsError> {
        let mut options = VerifyOptions {
            endpoint: self.sts_endpoint.clone(),
            skip_accounts: self.skip_account.clone(),
            only_accounts: self.only_account.clone(),
            canary_accounts: self.canary_account.clone(),
            fips: self.fips,
            environment: Environment::read()?,
            ..VerifyOptions::default()
        };
        if let Some(partition) = &self.partition {
            options.partition = partition.clone();
        }
        if let Some(agent) = &self.user_agent {
            options.user_agent.clone_from(agent);
        }
        if let Some(rate) = self.rate {
            options.rate = rate;
        }
        options.check()?;
        Ok(options)
    }

    fn first_given(&self) -> Option<&'static str> {
        [
            (self.sts_endpoint.is_some(), "--sts-endpoint"),
            (self.partition.is_some(), "--partition"),
            (!self.skip_account.is_empty(), "--skip-account"),
            (!self.only_account.is_empty(), "--only-account"),
            (!self.canary_account.is_empty(), "--canary-account"),
            (self.fips, "--fips"),
            (self.user_agent.is_some(), "--user-agent"),
            (self.rate.is_some(), "--rate"),
        ]
        .into_iter()
        .find_map(|(given, option)| given.then_some(option))
    }
}

pub(super) fn verify(args: &VerifyCommand) -> Result<Status, Box<dyn Error>> {
    let options = args.sts.options()?;
    match &args.report {
        Some(report) => verify_report(args, report, options),
        None => verify_key(args, options),
    }
}

fn verify_key(args: &VerifyCommand, mut options: VerifyOptions) -> Result<Status, Box<dyn Error>> {
    let outputs = Outputs::new(&args.output)?;
    let format = outputs.for_one_key()?;
    let subject = args.subject.as_deref().map(|id| id.to_string_lossy()).unwrap_or_default();
    let id = command::read_id(&subject)?;
    // At a prompt Ctrl-C ends the program as usual; only the time after it has anything to report.
    let prompted = io::stdin().is_terminal().then(|| command::ask_for_key(id));
    let session = Session::ended_by(options.stop.clone());
    let key = match prompted {
        Some(key) => key,
        None => {
            let clock = TimeLimit::new("--timeout", args.limits.timeout, session.began);
            let input = stdin::until(&session.stop)?;
            clock.limit(&session.stop, &Ledger::new(), || command::read_key(id, input))
        }
    };
    if session.stop.is_set() {
        complain(&"the run ended before the secret was read: no request was sent");
        return Ok(ended(&session, Status::Incomplete));
    }
    let mut found = vec![key?];
    if args.verify_dry_run {
        preview(&found, &options);
        return Ok(Status::Clean);
    }
    bound(&mut options, args, session.began);
    run::verify(&mut found, &Verify { options, announce }, &Ledger::new());
    let mut out = Vec::new();
    for finding in &found {
        match format {
            Format::Json => command::write_json(finding, &mut out)?,
            _ => command::write_text(finding, &mut out)?,
        }
    }
    io::stdout().write_all(&out)?;
    Ok(ended(&session, verdict(&found)))
}

fn verify_report(
    args: &VerifyCommand,
    earlier: &Path,
    mut options: VerifyOptions,
) -> Result<Status, Box<dyn Error>> {
    let outputs = Outputs::new(&args.output)?;
    let mut earlier = read_report(earlier)?;
    let (rules, ledger) = (RuleSet::builtin(), Ledger::new());
    let engine = Engine::new(&rules).keeping_rivals(true);
    let Session { interrupted, began, .. } = Session::ended_by(options.stop.clone());
    bound(&mut options, args, began);
    let target = args.subject.clone().unwrap_or_else(|| PathBuf::from("."));
    let stop = options.stop.clone();
    let whole = |place: &Path| sources_in(place.to_owned(), args, &outputs, &stop);
    let all = SelectionArguments::everything();
    let files = scan::files_options(Vec::new(), &all, &outputs, &args.limits, &stop)?;
    let targets = Targets::new(&mut earlier, &target, &ReadOptions { whole: &whole, files })?;
    let sources = whole(&target)?;
    let repository = outputs.name_repository().then(|| run::provenance(&sources)).flatten();
    let search = run::RunOptions {
        timeout: args.limits.timeout,
        began,
        memory: scan::memory(&args.limits),
        interrupted,
        ..run::RunOptions::new(Vec::new(), stop.clone())
    };
    let shows_progress = !args.output.quiet && !args.output.no_progress;
    let outcome = progress::with_progress(shows_progress, &ledger, || {
        let mut missing = |found: &[Finding]| targets.missing(&earlier, found, &ledger);
        run::reported::run(&search, &targets.reported, &mut missing, &engine, &rules, &ledger)
    })?;
    let mut findings = outcome.findings;
    let repository = repository.map(|provenance| run::redacted_provenance(provenance, &findings));
    keep(&earlier, &mut findings, &ledger);
    if args.verify_dry_run {
        return Ok(preview_report(&findings, &options, args, &ledger));
    }
    run::verify(&mut findings, &Verify { options, announce }, &ledger);
    command::note_nothing_asked(&earlier, &findings, &ledger);
    let mut coverage = ledger.coverage();
    let keep_live = || command::live::keep(&mut findings, &mut coverage);
    let filter = args.only_live.then(keep_live);
    // As in a scan, what the option hides does not count, and a key that may be live is a problem.
    let mut status = verdict(&findings);
    if !coverage.complete {
        status = status.merge(Status::Incomplete);
    }
    if outcome.interrupted || search.interrupted.is_set() {
        status = status.merge(Status::Interrupted);
    }
    let report = Report {
        findings: &findings,
        coverage: &coverage,
        rules: &rules,
        command: "verify",
        category: args.output.sarif_category.as_deref(),
        show_secrets: args.output.show_secrets,
        include_suppressed: false,
        baseline: false,
        repository: repository.as_ref(),
        exit: status.code(),
        times: Some(&scan::times(began)),
        limits: args.output.limits(),
        view: View { filter: filter.as_ref(), ..View::default() },
    };
    Ok(scan::write_report(&report, status, &args.output, &outputs, began))
}

fn read_report(path: &Path) -> Result<command::Earlier, String> {
    let shown = escape_path(path.as_os_str().as_encoded_bytes());
    let text = fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
    command::read_report(&text).map_err(|error| format!("{shown}: {error}"))
}

/// Keeps the findings of the earlier report. Those that the target no longer has are problems: they
/// were asked for, and nothing is known about them.
fn keep(earlier: &command::Earlier, findings: &mut Vec<Finding>, ledger: &Ledger) {
    for (fingerprint, key_id) in earlier.missing(findings) {
        findings.extend(key_id.and_then(|id| verify::compose(findings, id, fingerprint)));
    }
    let missing = earlier.keep(findings);
    for (fingerprint, key_id) in &missing {
        let what = key_id.unwrap_or_else(|| fingerprint.as_str());
        ledger.note(format!("{what} of the earlier report is no longer in the target"));
    }
    let why = match missing.len() {
        0 => return,
        1 => "1 finding of the earlier report is no longer in the target: it can't be verified \
              without its secret"
            .to_owned(),
        count => format!(
            "{count} findings of the earlier report are no longer in the target: they can't be \
             verified without their secrets"
        ),
    };
    ledger.problem("verification", b"", &why);
}

/// Everything in a target: its files, ignored ones included, and the history of a repository.
fn sources_in(
    target: PathBuf,
    args: &VerifyCommand,
    outputs: &Outputs,
    stop: &Stop,
) -> Result<Vec<Source>, Box<dyn Error>> {
    let mut sources = Vec::new();
    if !open::is_git_folder(&target) {
        let (paths, everything) = (vec![target.clone()], SelectionArguments::everything());
        let files = scan::files_options(paths, &everything, outputs, &args.limits, stop)?;
        sources.push(Source::Files(files));
    }
    if open::is_repository(&target) {
        let database = database::DatabaseOptions {
            threads: scan::threads(&args.limits),
            containers: scan::containers(&args.limits),
            stop: stop.clone(),
            ..database::DatabaseOptions::default()
        };
        let environment = open::Environment::default();
        let repo = Some(target);
        sources.push(Source::History(history::HistoryOptions {
            repo,
            environment,
            database,
            min_confidence: Confidence::Low,
            since: None,
        }));
    }
    Ok(sources)
}

/// The time limit of the command ends its requests as well.
fn bound(options: &mut VerifyOptions, args: &VerifyCommand, began: Instant) {
    options.until = args.limits.timeout.map(|limit| began + limit);
}

/// The status, unless a signal ended the command.
fn ended(session: &Session, status: Status) -> Status {
    if session.interrupted.is_set() { Status::Interrupted } else { status }
}

/// The status of `verify`: 1 if a key is active, 3 if nothing was proved about one, otherwise 0. A
/// wrong secret proves nothing: the id is in use, and what leaked may still be valid elsewhere.
fn verdict(findings: &[Finding]) -> Status {
    let any = |status| findings.iter().any(|finding| finding.verification.status == status);
    match (any(Verdict::Active), any(Verdict::Unknown) || any(Verdict::WrongSecret)) {
        (true, _) => Status::Findings,
        (false, true) => Status::Incomplete,
        (false, false) => Status::Clean,
    }
}

/// Prints to standard error what would be asked.
pub(super) fn preview(findings: &[Finding], options: &VerifyOptions) {
    let inquiries = verify::preview(findings, options);
    if inquiries.is_empty() {
        complain(&"--verify would send no request: there is no key id");
    }
    inquiries.iter().for_each(|inquiry| complain(inquiry));
}

/// Prints to standard error what would be asked about an earlier report, and what could not be read.
/// No report says it.
fn preview_report(
    findings: &[Finding],
    options: &VerifyOptions,
    args: &VerifyCommand,
    ledger: &Ledger,
) -> Status {
    preview(findings, options);
    let coverage = ledger.coverage();
    if !(args.output.quiet && coverage.complete) {
        let (closing, mut out) = (Closing { color: false, width: None, took: None }, Vec::new());
        // Writing to memory can't fail. A closed standard error does not change the status.
        let _ = report::write_coverage(&coverage, args.output.limits(), closing, &mut out);
        let _ = io::stderr().write_all(&out);
    }
    if coverage.complete { Status::Clean } else { Status::Incomplete }
}

/// Announces on standard error that requests will be sent.
fn announce(text: &str) {
    if io::stderr().is_terminal() {
        // This overwrites the progress line.
        let _ = io::stderr().write_all(b"\r\x1b[K");
    }
    complain(&text);
}
