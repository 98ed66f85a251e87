//! `keysweep explain` and `keysweep rules`: what the program knows, told without a scan.

use std::error::Error;
use std::fs;
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
use crate::text::escape_path;

/// Of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// An access key id (AKIA… or ASIA…), the name of a rule, or 'root' for keys of the root user.
    #[arg(value_name = "KEY_ID|RULE|root", required_unless_present = "report")]
    subject: Option<String>,
    /// Explain each finding of this earlier report (json, jsonl or sarif).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "script"])]
    report: Option<PathBuf>,
    /// Print the commands alone, as a script that asks before each step.
    #[arg(long)]
    script: bool,
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
    let rules = in_force(&typed.config)?;
    if let Some(path) = &typed.report {
        let shown = || escape_path(path.as_os_str().as_encoded_bytes());
        let text = fs::read(path).map_err(|error| format!("{}: {error}", shown()))?;
        let told = explain::report::explain(&text, &rules);
        let told = told.map_err(|error| format!("{}: {error}", shown()))?;
        return print(|out| out.write_all(&told));
    }
    let subject = explain::subject(typed.subject.as_deref().unwrap_or_default(), &rules)?;
    if !typed.script {
        return print(|out| explain::explain(&subject, &rules, out));
    }
    match explain::guide(&subject, &rules) {
        Some(guide) => print(|out| explain::script::write(&guide, out)),
        None => Err("there is nothing to do, and so no script".into()),
    }
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
