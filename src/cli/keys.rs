//! `keysweep keys`.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::act::{ActArguments, settle, with_context};
use super::signals::Session;
use super::{complain, parse, progress};
use crate::act::places::Places;
use crate::act::policy::Verb;
use crate::act::{Context, Failure};
use crate::command::keys::{self as command, KeysOptions, Limits, Progress, Subject};
use crate::run::Status;
use crate::text::escape_path;

/// Arguments of `keys`.
#[derive(Debug, Args)]
pub(super) struct KeysArguments {
    /// Keys and users to check [default: all of the account].
    #[arg(value_name = "KEY_ID|USER")]
    subjects: Vec<String>,
    /// Mark the keys that this report of keysweep found (json, jsonl or sarif).
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// A key is due when it is older than this.
    #[arg(long, value_name = "DAYS", default_value = "90d", value_parser = parse::days)]
    max_age: i64,
    /// A key is due when it has not been used for longer than this.
    #[arg(long, value_name = "DAYS", default_value = "45d", value_parser = parse::days)]
    max_idle: i64,
    /// Format of the list.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    format: KeysFormat,
    /// Show no progress.
    #[arg(long)]
    no_progress: bool,
    #[command(flatten)]
    act: ActArguments,
}

/// The format of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KeysFormat {
    /// For people.
    Text,
    /// One document.
    Json,
    /// A row for each key, for spreadsheets.
    Csv,
}

/// Carries out `keysweep keys`.
pub(super) fn keys(args: &KeysArguments) -> Result<Status, Box<dyn Error>> {
    if let Some(printed) = args.act.print_policy(Verb::Keys, None) {
        return printed;
    }
    let session = Session::begin();
    Ok(settle(list(args, &session), &session))
}

fn list(args: &KeysArguments, session: &Session) -> Result<Status, Failure> {
    let subjects = args.subjects.iter().map(|args| command::subject(args));
    let options = KeysOptions {
        subjects: subjects.collect::<Result<_, _>>()?,
        report: args.report.as_ref().map(read_report).transpose()?,
        limits: Limits { max_age: args.max_age, max_idle: args.max_idle },
        format: match args.format {
            KeysFormat::Text => command::Format::Text,
            KeysFormat::Json => command::Format::Json,
            KeysFormat::Csv => command::Format::Csv,
        },
    };
    let key = match options.subjects.as_slice() {
        [Subject::Key(id)] => Some(*id),
        _ => None,
    };
    let opened = args.act.open(key, session)?;
    let work = |context: &mut Context<'_>| {
        if options.format == command::Format::Text {
            context.announce()?;
        } else {
            // Standard output is the document's.
            let _ = writeln!(io::stderr(), "{}", context.announcement());
        }
        let state = Progress::default();
        let listed = progress::with_line(!args.no_progress, &|| state.line(), || {
            command::keys(context, &options, &state)
        })?;
        if options.format == command::Format::Csv {
            for problem in &listed.problems {
                complain(&format_args!("not seen: {problem}"));
            }
        }
        Ok(listed.status)
    };
    with_context(&opened, session, None, work)
}

fn read_report(path: &PathBuf) -> Result<(String, Places), Failure> {
    let shown = escape_path(path.as_os_str().as_encoded_bytes());
    let fault = |why: String| Failure::refused(format!("{shown}: {why}"));
    let text = fs::read(path).map_err(|error| fault(error.to_string()))?;
    let places = Places::read(&text).map_err(|error| fault(error.to_string()))?;
    Ok((shown, places))
}
