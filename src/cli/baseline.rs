//! `keysweep baseline`.

use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::{
    ConfigArguments, DatabaseArguments, LimitArguments, MinConfidence, OutputArguments,
    PackArguments, SelectionArguments, SuppressionArguments,
};
use super::output::{Outputs, write_file};
use super::progress;
use super::scan;
use super::scan::{files_options, policy};
use super::signals::Session;
use crate::command::baseline::{Change, Choice, Only, change, choose, line};
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::document::Faults;
use crate::finding::{Finding, Suppression};
use crate::report::{self, Closing, Limits};
use crate::run::policy::{Error as Unread, PolicyRoot, at_root, named};
use crate::run::{self, RunOptions, Source, Status};
use crate::source::files;
use crate::source::git::open::{self, Environment};
use crate::source::git::{self, history};
use crate::suppress::Suppressions;
use crate::suppress::baseline::{Baseline, NAME};
use crate::suppress::detect_secrets::DetectSecrets;
use crate::suppress::gitleaks::Gitleaks;
use crate::text::escape_path;

/// Arguments of `baseline`.
#[derive(Debug, Args)]
pub(super) struct BaselineArguments {
    /// The repository, or a folder of files outside of one [default: the one around the current
    /// folder]
    #[arg(value_name = "REPO")]
    repo: Option<PathBuf>,
    /// Write to FILE [default: .keysweep-baseline at the root]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Suppress only the finding of this fingerprint, or those of this key id; repeatable. A key
    /// that --verify proves active is suppressed only if it is named
    #[arg(long, value_name = "FINGERPRINT|KEY_ID", value_parser = Only::parse)]
    only: Vec<Only>,
    /// Suppress without asking in a terminal
    #[arg(long, short = 'y')]
    yes: bool,
    /// Remove entries without a finding, and add none
    #[arg(long, conflicts_with_all = ["from_gitleaks", "from_detect_secrets", "reason", "only"])]
    prune: bool,
    /// Suppress what FILE makes gitleaks ignore: a .gitleaks.toml, a .gitleaksignore, or a JSON
    /// report that served as its baseline; repeatable
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    from_gitleaks: Vec<PathBuf>,
    /// Suppress the entries of FILE, a baseline of detect-secrets; repeatable
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    from_detect_secrets: Vec<PathBuf>,
    /// Why these findings are suppressed; written to each new entry
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Suppress findings of at least this confidence, the one that your scans use
    #[arg(long, value_name = "LEVEL", default_value = "medium")]
    min_confidence: MinConfidence,
    #[command(flatten)]
    packs: PackArguments,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    database: DatabaseArguments,
    #[command(flatten)]
    limits: LimitArguments,
    #[cfg(feature = "verify")]
    #[command(flatten)]
    verify: super::verify::VerifyArguments,
}

pub(super) fn baseline(args: &BaselineArguments) -> Result<Status, Box<dyn Error>> {
    let change_wanted = Change {
        only: args.only.clone(),
        gitleaks: read_all(&args.from_gitleaks, Gitleaks::parse)?,
        detect_secrets: read_all(&args.from_detect_secrets, DetectSecrets::parse)?,
        prune: args.prune,
        reason: args.reason.clone(),
    };
    let root = root(args)?;
    let path = args.baseline.clone().unwrap_or_else(|| root.join(NAME));
    let mut baseline = existing(args, &root)?;
    let ledger = Ledger::new();
    let Found { outcome, complete, is_dry } = find(args, &root, &baseline, &ledger)?;
    if !complete && args.prune {
        print_coverage(&outcome);
        if outcome.interrupted {
            return Ok(Status::Interrupted);
        }
        return Err(
            "nothing was removed, because something could not be read and may contain the missing \
             findings"
                .into(),
        );
    }
    print_coverage(&outcome);
    if change_wanted.reason.as_ref().is_some_and(|it| run::shows_secret(it, &outcome.findings)) {
        let why = "--reason contains a secret that was found, and the file is committed: write it \
                   without the secret";
        return Err(why.into());
    }
    let chosen = choose(&baseline, &outcome.findings, &change_wanted)?;
    if outcome.interrupted {
        return Ok(Status::Interrupted);
    }
    list(&chosen).map_err(|error| {
        format!("{}: nothing was changed, as nobody can read the list: {error}", shown(&path))
    })?;
    if is_dry {
        writeln!(io::stdout(), "{}: nothing was changed", shown(&path))?;
        return Ok(Status::Clean);
    }
    if !chosen.accepted.is_empty() && args.only.is_empty() && !args.yes && !agreed(&chosen)? {
        writeln!(io::stdout(), "{}: nothing was changed", shown(&path))?;
        return Ok(Status::Findings);
    }
    let changed =
        change(&mut baseline, &outcome.findings, &outcome.stale, chosen, change_wanted.prune);
    let text = baseline.to_text();
    write_file(&path, |out| out.write_all(text.as_bytes()))
        .map_err(|error| format!("{}: {error}", shown(&path)))?;
    let sentence = changed.sentence(baseline.entries().len());
    writeln!(io::stdout(), "{}: {sentence}", shown(&path))?;
    Ok(if complete { Status::Clean } else { Status::Incomplete })
}

/// The folder whose findings are suppressed: the repository or folder that the user named, never
/// one around it.
fn root(args: &BaselineArguments) -> Result<PathBuf, Box<dyn Error>> {
    let here = Path::new(".");
    let is_named = args.repo.is_some() || open::is_git_folder(here);
    let place = args.repo.as_deref().unwrap_or(here);
    let environment = Environment::default();
    let opened = is_named.then(|| open::open(Some(place), &environment)).transpose();
    let root = match opened {
        Ok(Some(repo)) => match open::work_tree(&repo, &environment) {
            Some(tree) => Some(tree),
            None if args.baseline.is_some() => Some(repo.git_dir().to_owned()),
            None => {
                let why = "has no work tree, so there is no place for a baseline: name a file \
                     with --baseline";
                return Err(format!("{} {why}", shown(place)).into());
            }
        },
        Ok(None) | Err(git::Error::NotARepository { .. }) => files::root(&[place.to_owned()]),
        Err(error) => return Err(error.into()),
    };
    let root = root.ok_or_else(|| format!("{} is not a folder", shown(place)))?;
    Ok(root.canonicalize().map_err(|error| format!("{}: {error}", shown(&root)))?)
}

/// Prints what is going to be suppressed, and which active keys are not.
fn list(chosen: &Choice<'_>) -> io::Result<()> {
    let mut list = Vec::new();
    for (finding, _) in &chosen.accepted {
        writeln!(list, "suppresses {}", line(finding))?;
    }
    for finding in &chosen.active {
        writeln!(list, "leaves     {}", line(finding))?;
    }
    if let Some(first) = chosen.active.first() {
        let name = first.fingerprint.as_str();
        writeln!(list, "An active key is suppressed only by name: --only {name}")?;
    }
    io::stdout().write_all(&list)
}

/// Asks the user. Without a terminal there is no question.
fn agreed(chosen: &Choice<'_>) -> io::Result<bool> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Ok(true);
    }
    let count = chosen.accepted.len();
    write!(io::stdout(), "Suppress {count}? They will no longer be reported. [y/N] ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// The result of the scan.
struct Found {
    outcome: run::Outcome,
    complete: bool,
    /// `--verify-dry-run`: nothing is changed.
    is_dry: bool,
}

/// All findings of the files and, in a repository, of its history, suppressed or not.
fn find(
    args: &BaselineArguments,
    root: &Path,
    baseline: &Baseline,
    ledger: &Ledger,
) -> Result<Found, Box<dyn Error>> {
    let Session { stop, interrupted, began } = Session::begin();
    let suppression_args = SuppressionArguments {
        baseline: None,
        include_suppressed: true,
        no_inline_allow: true,
        config: args.config.clone(),
    };
    let place = PolicyRoot::Folder(root.to_owned());
    let policy = policy(&suppression_args, args.packs.packs(), place)?;
    let selection = SelectionArguments {
        include: Vec::new(),
        exclude: policy.exclude.clone(),
        no_ignore: false,
        max_file_size: None,
    };
    let outputs = Outputs::new(&OutputArguments::plain())?;
    let files = files_options(vec![root.to_owned()], &selection, &outputs, &args.limits, &stop)?;
    let mut sources = vec![Source::Files(files)];
    if open::is_repository(root) {
        sources.push(Source::History(history::HistoryOptions {
            repo: Some(root.to_owned()),
            environment: Environment::from_process(),
            min_confidence: args.min_confidence.into(),
            database: args.database.options(&args.limits, &stop),
            since: None,
        }));
    }
    let engine = Engine::new(&policy.rules);
    #[cfg(feature = "verify")]
    let (verify, would_verify) = args.verify.stage()?;
    #[cfg(feature = "verify")]
    let engine = engine.keeping_rivals(verify.is_some() || would_verify.is_some());
    let suppressions = Suppressions {
        baseline: Some(baseline.clone()),
        allow: policy.suppressions.allow,
        inline: false,
    };
    let options = RunOptions {
        min_confidence: args.min_confidence.into(),
        timeout: args.limits.timeout,
        began,
        memory: scan::memory(&args.limits),
        interrupted,
        exclude: files::Globs::new(&[], &policy.exclude)?,
        suppressions,
        whole: !args.database.no_alternates && args.limits.leave_nothing_out(),
        #[cfg(feature = "verify")]
        verify,
        ..RunOptions::new(sources, stop)
    };
    let mut outcome = progress::with_progress(true, ledger, || {
        run::run(&options, &engine, &policy.rules, ledger)
    })?;
    #[cfg(feature = "verify")]
    let is_dry = would_verify.is_some();
    #[cfg(not(feature = "verify"))]
    let is_dry = false;
    #[cfg(feature = "verify")]
    if let Some(options) = would_verify {
        super::verify::preview(&outcome.findings, &options);
    }
    // Findings that the configuration allows need no entry.
    let allowed = |finding: &Finding| {
        finding.suppressed.as_ref().is_some_and(|suppression| suppression.by == Suppression::CONFIG)
    };
    outcome.findings.retain(|finding| !allowed(finding));
    let complete = outcome.coverage.complete && !outcome.interrupted;
    Ok(Found { outcome, complete, is_dry })
}

fn print_coverage(outcome: &run::Outcome) {
    let mut out = Vec::new();
    let closing = Closing { color: false, width: None, took: None };
    // Writing to memory can't fail; standard error gets it in one piece.
    let _ = report::write_coverage(&outcome.coverage, Limits::default(), closing, &mut out);
    let _ = io::stderr().write_all(&out);
}

/// The existing baseline; an empty one if there is none.
fn existing(args: &BaselineArguments, root: &Path) -> Result<Baseline, Box<dyn Error>> {
    let Some(path) = &args.baseline else {
        let own = at_root(root, NAME)?;
        let own = own.map(|(path, text)| Baseline::parse(&path, &text)).transpose()?;
        return Ok(own.unwrap_or_default());
    };
    match named(path) {
        Ok((path, text)) => Ok(Baseline::parse(&path, &text)?),
        Err(Unread::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(Baseline::default())
        }
        Err(error) => Err(error.into()),
    }
}

fn read_all<T>(
    paths: &[PathBuf],
    parse: fn(&Path, &str) -> Result<T, Faults>,
) -> Result<Vec<T>, Box<dyn Error>> {
    let mut all = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", shown(path)))?;
        all.push(parse(path, &text)?);
    }
    Ok(all)
}

fn shown(path: &Path) -> String {
    escape_path(path.as_os_str().as_encoded_bytes())
}
