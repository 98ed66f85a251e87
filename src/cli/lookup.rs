//! `keysweep explain` and `keysweep rules`: what the program knows, mostly without a scan.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::{ConfigArguments, PackArguments};
use super::complain;
use super::signals::Session;
use crate::command::{explain, rules};
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::rules::RuleSet;
use crate::run::policy::{self, PolicyRoot};
use crate::run::{self, Source, Status};
use crate::source::files;
use crate::text::{escape_line, escape_path};

/// Problems that `explain --why` lists.
const PROBLEMS: usize = 3;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// An access key id (AKIA… or ASIA…), the name of a rule, or 'root' for keys of the root user
    #[arg(value_name = "KEY_ID|RULE|root", required_unless_present = "report")]
    subject: Option<String>,
    /// With --why: the file or folder that contains the key [default: .]
    #[arg(value_name = "PATH", requires = "why")]
    path: Option<PathBuf>,
    /// Print the evidence on which the id was paired with its secret, and what else was considered
    #[arg(long, conflicts_with_all = ["report", "script"])]
    why: bool,
    /// Explain each finding of this earlier report (json, jsonl or sarif)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "script"])]
    report: Option<PathBuf>,
    /// Print only the commands, as a script that asks before each step
    #[arg(long)]
    script: bool,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    /// Format of the list; json contains every field of each rule
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
    #[command(flatten)]
    packs: PackArguments,
    #[command(flatten)]
    config: ConfigArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ListFormat {
    /// One line each
    Text,
    /// One document
    Json,
}

pub(super) fn explain(args: &ExplainArguments) -> Result<Status, Box<dyn Error>> {
    let rules = in_force(&args.config, None)?;
    if let Some(path) = &args.report {
        let shown = || escape_path(path.as_os_str().as_encoded_bytes());
        let text = fs::read(path).map_err(|error| format!("{}: {error}", shown()))?;
        let explained = explain::report::explain(&text, &rules);
        let explained = explained.map_err(|error| format!("{}: {error}", shown()))?;
        return print(|out| out.write_all(&explained));
    }
    let subject = explain::subject(args.subject.as_deref().unwrap_or_default(), &rules)?;
    if args.why {
        return why(&subject, args, &rules);
    }
    if !args.script {
        return print(|out| explain::explain(&subject, &rules, out));
    }
    match explain::guide(&subject, &rules) {
        Some(guide) => print(|out| explain::script::write(&guide, out)),
        None => Err("there is nothing to do, so there is no script".into()),
    }
}

/// Scans for one key and prints why it was joined with its secret.
fn why(
    subject: &explain::Subject,
    args: &ExplainArguments,
    rules: &RuleSet,
) -> Result<Status, Box<dyn Error>> {
    let explain::Subject::Key(id) = subject else {
        return Err(
            "--why explains an access key id (AKIA… or ASIA…), for which it looks for the \
             secret"
                .into(),
        );
    };
    let Session { stop, interrupted, began } = Session::begin();
    let path = args.path.clone().unwrap_or_else(|| PathBuf::from("."));
    let shown = escape_path(path.as_os_str().as_encoded_bytes());
    let files = files::FileOptions {
        paths: vec![path],
        obey_ignore_files: true,
        threads: keysweep_base::processors::count(),
        stop: stop.clone(),
        ..files::FileOptions::default()
    };
    let sources = vec![Source::Files(files)];
    let options = run::RunOptions { began, interrupted, ..run::RunOptions::new(sources, stop) };
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
        "{id} was not found in {shown}; name the file or folder that contains it (for a history, \
         check out a commit that contains it first)"
    )
    .into())
}

pub(super) fn rules(args: &RulesArguments) -> Result<Status, Box<dyn Error>> {
    let rules = in_force(&args.config, args.packs.packs())?;
    print(|out| match args.format {
        ListFormat::Text => rules::write_text(&rules, out),
        ListFormat::Json => rules::write_json(&rules, out),
    })
}

/// The rules that apply here: built-in ones, and those of the configuration.
fn in_force(args: &ConfigArguments, packs: Option<Vec<String>>) -> Result<RuleSet, Box<dyn Error>> {
    let place = files::root(&[PathBuf::from(".")]).map_or(PolicyRoot::Nowhere, PolicyRoot::Folder);
    let options = policy::PolicyOptions {
        place,
        config: args.config.clone(),
        no_config: args.no_config,
        packs,
        ..policy::PolicyOptions::default()
    };
    let rules = policy::load(&options)?.rules;
    for dropped in &rules.dropped {
        complain(&format_args!("{}: {}", dropped.place, dropped.why));
    }
    Ok(rules)
}

/// Writes to standard output; a closed pipe is not an error.
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
