//! `keysweep explain` and `keysweep rules`: what the program knows, most of it told without
//! a scan.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use clap::{Args, ValueEnum};

use super::arguments::ConfigArguments;
use super::signals::Session;
use super::{complain, scan};
use crate::command::{explain, rules};
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::finding::Confidence;
use crate::memory::Memory;
use crate::rules::RuleSet;
use crate::run::policy::{self, Place};
use crate::run::{self, Source, Status};
use crate::source::files;
use crate::suppress::Suppressions;
use crate::text::{escape_line, escape_path};

/// Texts that could not be read, of which `explain --why` tells.
const PROBLEMS: usize = 3;

/// Of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// An access key id (AKIA… or ASIA…), the name of a rule, or 'root' for keys of the root user.
    #[arg(value_name = "KEY_ID|RULE|root", required_unless_present = "report")]
    subject: Option<String>,
    /// With --why: the file or folder that holds the key [default: .].
    #[arg(value_name = "PATH", requires = "why")]
    path: Option<PathBuf>,
    /// Say on what evidence the id was joined with its secret, and what else came into question.
    #[arg(long, conflicts_with_all = ["report", "script"])]
    why: bool,
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
    if typed.why {
        return why(&subject, typed, &rules);
    }
    if !typed.script {
        return print(|out| explain::explain(&subject, &rules, out));
    }
    match explain::guide(&subject, &rules) {
        Some(guide) => print(|out| explain::script::write(&guide, out)),
        None => Err("there is nothing to do, and so no script".into()),
    }
}

/// Scans for one key and says why it was joined with its secret.
fn why(
    subject: &explain::Subject,
    typed: &ExplainArguments,
    rules: &RuleSet,
) -> Result<Status, Box<dyn Error>> {
    let explain::Subject::Key(id) = subject else {
        return Err("--why explains an access key id (AKIA… or ASIA…), of which it looks for the \
                    secret"
            .into());
    };
    let Session { stop, interrupted, began } = Session::begin();
    let path = typed.path.clone().unwrap_or_else(|| PathBuf::from("."));
    let shown = escape_path(path.as_os_str().as_encoded_bytes());
    let files = files::Options {
        paths: vec![path],
        obey_ignore_files: true,
        threads: thread::available_parallelism().map_or(1, NonZero::get),
        stop: stop.clone(),
        ..files::Options::default()
    };
    let options = run::Options {
        sources: vec![Source::Files(files)],
        min_confidence: Confidence::Low,
        timeout: None,
        began,
        memory: Memory::default(),
        stop,
        interrupted,
        exclude: files::Globs::default(),
        settled: Suppressions::default(),
        today: scan::today(),
        include_suppressed: true,
        whole: false,
        #[cfg(feature = "verify")]
        verify: None,
    };
    let engine = Engine::new(rules).keeping_rivals(true);
    let outcome = run::run(&options, &engine, rules, &Ledger::new())?;
    for problem in outcome.coverage.problems.iter().take(PROBLEMS) {
        complain(&format!("not read: {}: {}", escape_line(&problem.path), problem.why));
    }
    let mut found = false;
    let status = print(|out| {
        found = explain::why(id, &outcome.findings, out)?;
        Ok(())
    })?;
    if outcome.interrupted {
        return Ok(Status::Interrupted);
    }
    if found {
        return Ok(status);
    }
    Err(format!(
        "{id} was not found in {shown}; give the file or folder that holds it (in a history, check \
         out the commit that holds it first)"
    )
    .into())
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
