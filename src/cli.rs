//! The command line: arguments become the plain options of each stage, and the outcome becomes
//! output and an exit status.
//!
//! clap's types are used here and nowhere else. Only options that work are listed.

#[cfg(feature = "verify")]
mod act;
mod advice;
mod arguments;
mod baseline;
mod commands;
mod conflicts;
#[cfg(feature = "verify")]
mod deactivate;
mod demo;
mod generate;
mod git;
mod hook;
#[cfg(feature = "verify")]
mod keys;
mod lookup;
mod merge;
mod output;
mod parse;
mod progress;
mod report;
#[cfg(feature = "verify")]
mod rotate;
mod scan;
mod signals;
mod sweep;
#[cfg(feature = "verify")]
mod verify;
mod words;
mod worker;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::document::Faults;
use crate::opaque;
use crate::run::Status;
use crate::run::sweep::ARGUMENT;
use crate::text::{escape_line, escape_path};
use commands::{Cli, Command};
use words::Meant;

/// Parses the command line, runs the command, and returns the exit status.
pub fn main() -> ExitCode {
    hide_panics();
    let args: Vec<OsString> = std::env::args_os().collect();
    if let [_, argument] = args.as_slice()
        && argument == ARGUMENT
    {
        let status = catch_unwind(|| exit_status(worker::work())).unwrap_or(Status::Usage);
        return ExitCode::from(status.code());
    }
    let status = match parsed(&args) {
        // The panic hook has printed a message; the status says that something went wrong.
        Ok(cli) => catch_unwind(|| dispatch(cli.command)).unwrap_or(Status::Usage),
        Err(code) => return code,
    };
    ExitCode::from(status.code())
}

/// The parsed command line, or the meaning of an abbreviation. Otherwise the status with which the
/// program ends, after its message.
fn parsed(args: &[OsString]) -> Result<Cli, ExitCode> {
    if let Some(command) = commands::parsed_alone(args) {
        return Ok(Cli { command });
    }
    let answer = match Cli::try_parse_from(args) {
        Ok(cli) => return Ok(cli),
        Err(answer) => answer,
    };
    match words::meant(args, answer.kind()) {
        Meant::AsGiven => Err(explain_usage(&redacted_usage(args, &answer))),
        Meant::Words(words) => Cli::try_parse_from(&words)
            .map_err(|answer| explain_usage(&redacted_usage(&words, &answer))),
        Meant::Nothing(advice) => {
            complain(&advice);
            Err(ExitCode::from(Status::Usage.code()))
        }
    }
}

fn dispatch(command: Command) -> Status {
    match command {
        Command::Baseline(arguments) => exit_status(baseline::baseline(&arguments)),
        Command::Demo => exit_status(demo::demo()),
        Command::Explain(arguments) => exit_status(lookup::explain(&arguments)),
        Command::Rules(arguments) => exit_status(lookup::rules(&arguments)),
        Command::Completions(arguments) => exit_status(generate::completions(&arguments)),
        Command::Man(arguments) => exit_status(generate::man(&arguments)),
        Command::History(arguments) => exit_status(git::history(arguments)),
        Command::Staged(arguments) => exit_status(git::staged(arguments)),
        #[cfg(feature = "verify")]
        Command::Act(command) => exit_status(act::act(&command)),
        Command::InstallHook(arguments) => exit_status(hook::install_hook(&arguments)),
        Command::Range(arguments) => exit_status(git::range(arguments)),
        Command::Report(arguments) => exit_status(report::report(&arguments)),
        Command::Scan(arguments) => exit_status(scan::scan(arguments)),
        Command::Merge(arguments) => exit_status(merge::merge(&arguments)),
        Command::Sweep(arguments) => exit_status(sweep::sweep(&arguments)),
        #[cfg(feature = "verify")]
        Command::Verify(arguments) => exit_status(verify::verify(&arguments)),
    }
}

/// The status of a command; an error is printed and counts as wrong usage.
fn exit_status(result: Result<Status, Box<dyn std::error::Error>>) -> Status {
    result.unwrap_or_else(|error| {
        // Each fault of a document is one line.
        match error.downcast_ref::<Faults>() {
            Some(faults) => faults.0.iter().for_each(|fault| complain(fault)),
            None => complain(&error),
        }
        Status::Usage
    })
}

/// The same message for the same arguments, escaped and redacted: file names that a hook passes on
/// are hostile, and a secret that was given by mistake would end in a log.
fn redacted_usage(args: &[OsString], answer: &clap::Error) -> clap::Error {
    let shown = args.iter().map(|arg| opaque::redacted(&escape_path(arg.as_encoded_bytes())));
    match Cli::try_parse_from(shown) {
        Err(shown) if shown.kind() == answer.kind() => shown,
        _ => Cli::command().error(answer.kind(), "the arguments are not understood"),
    }
}

/// Prints help, the version or a usage error.
fn explain_usage(answer: &clap::Error) -> ExitCode {
    let code = u8::try_from(answer.exit_code()).unwrap_or(Status::Usage.code());
    match answer.print() {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(Status::Usage.code()),
    }
}

/// Prints an error to standard error.
fn complain(error: &dyn Display) {
    // If standard error is closed, nobody can read the message; the status still says that it
    // failed.
    let message = opaque::redacted(&escape_line(&error.to_string()));
    let _ = writeln!(io::stderr(), "keysweep: {message}");
}

/// A panic's message may quote the text that caused it, and so a secret. Only its source location
/// is printed.
fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        complain(&format_args!("internal error at {place}; please report it"));
    }));
}
