//! `keysweep rotate`.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::SignedDuration;

use super::act::{ActArguments, ChangeArguments, settle, with_context};
use super::deactivate::key_id;
use super::parse;
use super::signals::Session;
use crate::act::Failure;
use crate::act::policy::Verb;
use crate::aws::KeyId;
use crate::command::rotate::destination::{Files, Wanted};
use crate::command::rotate::places::Scan;
use crate::command::rotate::{self, Mode, RotateOptions, journal};
use crate::run::Status;

/// Arguments of `rotate`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("destination").multiple(false))]
pub(super) struct RotateArguments {
    /// The id of the key that is to be replaced.
    #[arg(value_name = "KEY_ID", required_unless_present = "policy")]
    key: Option<String>,
    /// Write the new key into this profile of ~/.aws/credentials, and into every other profile that
    /// holds the old one. Nothing else of the file changes.
    #[arg(long, value_name = "NAME", group = "destination", help_heading = "New key")]
    to_profile: Option<String>,
    /// Write the new key into this new file, which only its owner may read: .csv, .json or .env.
    #[arg(long, value_name = "FILE", group = "destination", help_heading = "New key")]
    to_file: Option<PathBuf>,
    /// Run this command of the shell with the new key as JSON on its standard input.
    #[arg(long, value_name = "COMMAND", group = "destination", help_heading = "New key")]
    to_command: Option<String>,
    /// Look for the old key in these files and folders, as they are now.
    #[arg(long = "in", value_name = "PATH", num_args = 1.., help_heading = "Old key")]
    paths: Vec<PathBuf>,
    /// Look in the files in which this report of keysweep found it (json, jsonl or sarif).
    #[arg(long, value_name = "FILE", help_heading = "Old key")]
    report: Option<PathBuf>,
    /// Deactivate the old key when it has not been used for this long.
    #[arg(long, value_name = "DAYS", default_value = "7d", value_parser = parse::days)]
    #[arg(help_heading = "Old key")]
    rest: i64,
    /// Delete it when it has been inactive for this long.
    #[arg(long, value_name = "DAYS", default_value = "7d", value_parser = parse::days)]
    #[arg(help_heading = "Old key")]
    hold: i64,
    /// While there is nothing to do but wait, look again this often.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "15m", value_parser = parse::duration)]
    watch: Option<Duration>,
    /// Say how far the rotation is, and change nothing.
    #[arg(long, conflicts_with_all = ["abandon", "watch", "dry_run"])]
    status: bool,
    /// Give up the rotation: delete the new key, if nothing has used it.
    #[arg(long, conflicts_with_all = ["watch", "destination"])]
    abandon: bool,
    /// Keep the journal here [default: keysweep/rotations/KEY_ID.jsonl in XDG_STATE_HOME or
    /// ~/.local/state].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    change: ChangeArguments,
    #[command(flatten)]
    act: ActArguments,
}

/// Carries out `keysweep rotate`.
pub(super) fn rotate(args: &RotateArguments) -> Result<Status, Box<dyn Error>> {
    let key = args.key.as_deref().map(key_id).transpose()?;
    if let Some(printed) = args.act.print_policy(Verb::Rotate, key) {
        return printed;
    }
    let key = key.ok_or("give the id of a key (AKIA…)")?;
    rotate::check_kind(key)?;
    let journal = match &args.journal {
        Some(path) => path.clone(),
        None => journal::path(&states()?, key.as_str()),
    };
    // After its deletion nobody else knows of the key.
    if let Some(words) = rotate::finished(&journal, key)? {
        writeln!(io::stdout(), "{words}")?;
        return Ok(Status::Clean);
    }
    let session = Session::begin();
    let done = carry_out(args, key, journal, &session);
    Ok(settle(done, &session))
}

fn carry_out(
    args: &RotateArguments,
    key: KeyId,
    journal: PathBuf,
    session: &Session,
) -> Result<Status, Failure> {
    // Once there is a new key, it signs for itself: what the old one signs counts as a use of it.
    let new = rotate::successor(&journal, key)?.and_then(|id| KeyId::parse(id.as_bytes()));
    let opened = args.act.open(Some(new.unwrap_or(key)), session)?;
    let look = Scan { stop: session.stop.clone() };
    let options = RotateOptions {
        key,
        destination: args.destination(),
        files: files()?,
        paths: args.paths.clone(),
        report: args.report.clone(),
        look: &look,
        rest: SignedDuration::from_hours(args.rest * 24),
        hold: SignedDuration::from_hours(args.hold * 24),
        watch: args.watch,
        mode: match (args.status, args.abandon) {
            (true, _) => Mode::Status,
            (false, true) => Mode::Abandon,
            (false, false) => Mode::Next,
        },
        journal,
    };
    with_context(&opened, session, Some(&args.change), |context| rotate::rotate(context, &options))
}

impl RotateArguments {
    fn destination(&self) -> Option<Wanted> {
        let profile = self.to_profile.clone().map(Wanted::Profile);
        let file = self.to_file.clone().map(Wanted::File);
        profile.or(file).or(self.to_command.clone().map(Wanted::Command))
    }
}

/// The folder of states (XDG Base Directory Specification): a relative one is not obeyed.
fn states() -> Result<PathBuf, Failure> {
    let named = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    match named {
        Some(folder) => Ok(folder),
        None => Ok(home()?.join(".local").join("state")),
    }
}

fn home() -> Result<PathBuf, Failure> {
    let why = "there is no home folder (HOME): name the journal by --journal";
    env::home_dir().filter(|home| home.is_absolute()).ok_or_else(|| Failure::refused(why))
}

/// The two files of profiles, or what their variables name in their place.
fn files() -> Result<Files, Failure> {
    let place = |variable: &str, name: &str| -> Result<PathBuf, Failure> {
        match env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from) {
            Some(path) => match path.strip_prefix("~") {
                Ok(rest) => Ok(home()?.join(rest)),
                Err(_) => Ok(path),
            },
            None => Ok(home()?.join(Path::new(".aws")).join(name)),
        }
    };
    Ok(Files {
        credentials: place("AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
        config: place("AWS_CONFIG_FILE", "config")?,
    })
}
