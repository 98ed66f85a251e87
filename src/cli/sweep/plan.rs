//! The plan of a sweep on the command line: `--list`, `--shard`, and the targets that are given.

use std::error::Error;
use std::io::{self, BufWriter, Write as _};

use clap::Args;

use super::super::git::read_lines;
use super::super::signals::Session;
use super::SweepArguments;
use crate::command::sweep;
use crate::command::sweep::plan::{self, Kind, List, Planned};
use crate::command::sweep::shard::Shard;
use crate::coverage::Ledger;
use crate::report::amounts;
use crate::run::Status;
use crate::run::time_limit::TimeLimit;

/// Arguments that select targets, or only list them.
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// List the targets with their estimated cost and scan nothing; with --format jsonl as lines
    /// that --stdin reads back
    #[arg(long, conflicts_with_all = ["output", "partial", "resume", "target_timeout", "show_secrets"])]
    #[cfg_attr(feature = "verify", arg(conflicts_with_all = ["verify", "verify_dry_run", "only_live"]))]
    pub(super) list: bool,
    /// Scan only shard I of N, counted from 1. Every target belongs to one shard, by a hash of its
    /// name: give each shard the same targets
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<Shard>,
}

/// Options that exclude each other, beyond what clap knows.
#[derive(Debug, thiserror::Error)]
enum Conflict {
    #[error("a plan is written as text or jsonl, not as {0}")]
    Format(String),
    #[error(
        "standard input has targets of a plan, and the command line names {0}: give either, \
         because names of paths depend on all of them"
    )]
    Both(String),
    #[error("the search for repositories did not end, so there is no plan")]
    Unfinished,
}

/// The targets on the command line and on standard input, or the shard of them.
pub(super) fn plan(
    args: &SweepArguments,
    session: &Session,
    ledger: &Ledger,
) -> Result<Vec<Planned>, Box<dyn Error>> {
    let stop = &session.stop;
    let limit = args.common.limits.timeout;
    let mut paths = args.targets.clone();
    let mut listed = Vec::new();
    if args.stdin {
        match plan::read_list(&read_lines(session, limit)?)? {
            List::Paths(more) => paths.extend(more),
            List::Plan(plan) => listed = plan,
        }
        if let (Some(path), false) = (paths.first(), listed.is_empty()) {
            return Err(Conflict::Both(path.display().to_string()).into());
        }
        if paths.is_empty() && listed.is_empty() && !stop.is_set() {
            ledger.note("standard input names no target");
        }
    }
    // The time limit of the run includes the search; the run reports it.
    let clock = TimeLimit::new("--timeout", limit, session.began);
    let found = clock.limit(stop, &Ledger::new(), || {
        let mut found = sweep::plan(&paths, stop);
        if args.plan.list {
            sweep::set_weights(&mut found, !args.database.no_alternates);
        }
        found
    });
    let mut plan = if listed.is_empty() { found } else { listed };
    if let Some(shard) = args.plan.shard {
        let all = plan.len();
        plan.retain(|planned| shard.has(&planned.name));
        ledger.note(format!("shard {shard}: {} of {all} targets", plan.len()));
    }
    Ok(plan)
}

/// Writes the plan to standard output.
pub(super) fn write(
    plan: &[Planned],
    args: &SweepArguments,
    session: &Session,
) -> Result<Status, Box<dyn Error>> {
    let format = args.common.output.format.as_deref().unwrap_or("text");
    if !matches!(format, "text" | "jsonl") {
        return Err(Conflict::Format(format.to_owned()).into());
    }
    if session.interrupted.is_set() {
        return Ok(Status::Interrupted);
    }
    if session.stop.is_set() {
        return Err(Conflict::Unfinished.into());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        "jsonl" => plan::write_lines(plan, &mut out)?,
        _ => plan::write_text(plan, &mut out)?,
    }
    out.flush()?;
    if !args.common.output.quiet {
        let weight = amounts(0, 0, 0, plan.iter().map(|planned| planned.weight).sum());
        let shard = args.plan.shard.map(|shard| format!("shard {shard}: ")).unwrap_or_default();
        let count = match plan.len() {
            1 => "1 target".to_owned(),
            count => format!("{count} targets"),
        };
        writeln!(io::stderr(), "{shard}{count}, estimated cost {weight} of packs")?;
    }
    let is_missing = |planned: &&Planned| planned.kind == Kind::Missing;
    Ok(match plan.iter().filter(is_missing).count() {
        0 => Status::Clean,
        missing if missing == plan.len() => Status::Usage,
        _ => Status::Incomplete,
    })
}
