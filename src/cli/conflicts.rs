//! Options that contradict each other, or together could never fail: a run with them would be
//! green whatever it met, so it does not begin.
//!
//! What one option alone can't be is refused where it is read. What clap can say of two, such as
//! `conflicts_with`, stands at the options themselves; `tests/it/conflicts.rs` lists all of them.

use std::path::{Path, PathBuf};

use super::arguments::{CommonArguments, FailOnLevel};
use super::output::Outputs;
use crate::text::escape_path;

/// Two options that can't both be meant.
#[derive(Debug, thiserror::Error)]
pub(super) enum Conflict {
    /// Only an answer of AWS says that a key is active.
    #[cfg(feature = "verify")]
    #[error(
        "--fail-on active needs --verify: without an answer of AWS no key is known to be active, and the run could never fail"
    )]
    NobodyAsked,
    /// A hook that lets everything pass.
    #[error("--hook with --fail-on never would stop nothing: leave one of them out")]
    IdleHook,
    /// A report in the place of what the run reads or keeps.
    #[error("--output would write over the file of {option}, {path}: name another one")]
    Overwritten {
        /// The option that names the file, too.
        option: &'static str,
        /// The file, escaped for display.
        path: String,
    },
}

/// Refuses what can't be meant. `resume` is the file of a sweep's state.
pub(super) fn check(
    args: &CommonArguments,
    outputs: &Outputs,
    resume: Option<&Path>,
) -> Result<(), Conflict> {
    #[cfg(feature = "verify")]
    if matches!(args.fail_on, FailOnLevel::Active) && !args.verify.asks() {
        return Err(Conflict::NobodyAsked);
    }
    if outputs.is_hook() && matches!(args.fail_on, FailOnLevel::Never) {
        return Err(Conflict::IdleHook);
    }
    let written: Vec<PathBuf> = outputs.paths().iter().map(|path| place(path)).collect();
    let suppressions = &args.suppressions;
    for (option, path) in [
        ("--baseline", suppressions.baseline.as_deref()),
        ("--config", suppressions.config.config.as_deref()),
        ("--resume", resume),
    ] {
        if let Some(path) = path.filter(|path| written.contains(&place(path))) {
            let path = escape_path(path.as_os_str().as_encoded_bytes());
            return Err(Conflict::Overwritten { option, path });
        }
    }
    Ok(())
}

/// A path by which two spellings of one file are known, whether or not it is there yet.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    match (path.canonicalize(), folder, path.file_name()) {
        (Ok(path), ..) => path,
        (Err(_), Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
