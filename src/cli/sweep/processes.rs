//! The processes of a sweep on the command line: how they are started, and how many.

use super::SweepArguments;
use crate::cli::output::Outputs;
use crate::cli::scan;
use crate::cli::worker::WorkerOptions;
use crate::coverage::Ledger;
use crate::run::policy::Policy;
use crate::run::sweep::{IN_ONE_PROCESS, PathText, Workers};

/// More targets at a time by default would need more memory than time it saves: each of them gets
/// several threads then.
const MOST_JOBS: usize = 8;

/// Options for the processes of targets; `None`, with a remark, if none can be started.
pub(super) fn workers(
    args: &SweepArguments,
    policy: &Policy,
    outputs: &Outputs,
    keep_rivals: bool,
    ledger: &Ledger,
) -> Option<Workers> {
    let kept = args.resume.iter().chain(&args.partial).cloned();
    let outputs = outputs.paths().into_iter().chain(kept);
    let config = policy.config.as_ref();
    let options = WorkerOptions {
        selection: args.selection.clone(),
        attribution: args.attribution.clone(),
        database: args.database.clone(),
        containers: args.common.limits.containers.clone(),
        max_memory: args.common.limits.max_memory,
        target_timeout: args.target_timeout,
        outputs: outputs.map(|path| PathText::from(&*path)).collect(),
        packs: policy.rules.packs.clone(),
        config: config.map(|(path, text)| (PathText::from(&**path), text.clone())),
        keep_rivals,
    };
    match options.workers() {
        Ok(workers) => Some(workers),
        Err(why) => {
            ledger.note(format!("{IN_ONE_PROCESS}: {why}"));
            None
        }
    }
}

/// The number of targets that are scanned at a time.
pub(super) fn jobs(args: &SweepArguments) -> usize {
    let processors = keysweep_base::processors::count();
    let limits = &args.common.limits;
    let granted = || processors.min(MOST_JOBS).min(scan::memory(limits).processes());
    args.jobs.unwrap_or_else(granted)
}
