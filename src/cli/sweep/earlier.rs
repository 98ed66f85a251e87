//! `--since`: the partials of earlier sweeps.

use std::error::Error;
use std::path::PathBuf;

use super::{SweepArguments, asked};
use crate::command::merge;
use crate::command::sweep::partial::options_digest;
use crate::coverage::Ledger;
use crate::run::policy::Policy;
use crate::run::since::Earlier;

/// A sweep would write over what it reads.
#[derive(Debug, thiserror::Error)]
#[error("--partial would overwrite a partial of --since, {0}: name another file")]
struct Overwritten(String);

/// The results of earlier sweeps.
pub(super) fn since(
    args: &SweepArguments,
    policy: &Policy,
    ledger: &Ledger,
) -> Result<Option<Earlier>, Box<dyn Error>> {
    if args.since.is_empty() {
        return Ok(None);
    }
    let files = merge::files(&args.since)?;
    // A partial that is not there yet, or a file that can't be resolved, is not the same file.
    let own = args.partial.as_ref().and_then(|path| path.canonicalize().ok());
    let is_own = |path: &PathBuf| own.is_some() && path.canonicalize().ok() == own;
    if let Some(file) = files.iter().find(|file| is_own(&file.path)) {
        return Err(Overwritten(file.name.clone()).into());
    }
    let files = files.into_iter().map(|file| (file.path, file.name)).collect();
    let earlier = Earlier::read(files, &options_digest(&asked(args, policy)));
    earlier.notes.iter().for_each(|note| ledger.note(note.as_str()));
    Ok(Some(earlier))
}
