//! `keysweep explain` and `keysweep rules`: what the program knows, told without a scan.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::ConfigArguments;
use super::complain;
use crate::command::{explain, rules};
use crate::rules::RuleSet;
use crate::run::Status;
use crate::run::policy::{self, Place};
use crate::source::files;

/// Of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// An access key id (AKIA… or ASIA…), or the name of a rule.
    #[arg(value_name = "KEY_ID|RULE")]
    subject: String,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Of `rules`.
#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    /// How to list them; json holds all of every rule.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
    #[command(flatten)]
    config: ConfigArguments,
}

/// How lists are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ListFormat {
    /// A line each.
    Text,
    /// One document.
    Json,
}

/// Carries out `keysweep explain`.
pub(super) fn explain(typed: &ExplainArguments) -> Result<Status, Box<dyn Error>> {
    let subject = explain::subject(&typed.subject, &in_force(&typed.config)?)?;
    print(|out| explain::explain(&subject, out))
}

/// Carries out `keysweep rules`.
pub(super) fn rules(typed: &RulesArguments) -> Result<Status, Box<dyn Error>> {
    let rules = in_force(&typed.config)?;
    print(|out| match typed.format {
        ListFormat::Text => rules::write_text(&rules, out),
        ListFormat::Json => rules::write_json(&rules, out),
    })
}

/// The rules of this place: built-in ones, and those of its configuration.
fn in_force(typed: &ConfigArguments) -> Result<RuleSet, Box<dyn Error>> {
    let place = files::root(&[PathBuf::from(".")]).map_or(Place::Nowhere, Place::Folder);
    let options = policy::Options {
        place,
        config: typed.config.clone(),
        no_config: typed.no_config,
        ..policy::Options::default()
    };
    let rules = policy::load(&options)?.rules;
    for dropped in &rules.dropped {
        complain(&format_args!("{}: {}", dropped.place, dropped.why));
    }
    Ok(rules)
}

/// Writes to standard output; a reader that went away needs no telling.
pub(super) fn print(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Status, Box<dyn Error>> {
    let mut text = Vec::new();
    write(&mut text)?;
    match io::stdout().write_all(&text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Status::Clean),
    }
}
