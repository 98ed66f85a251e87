//! Remarks of a walk about entries that it left out unexpectedly.

use std::path::{Path, PathBuf};

use super::roots::{Roots, bytes};
use crate::coverage::Ledger;
use crate::text::escape_path;

/// Most paths in a remark.
const NAMED: usize = 5;

/// Reports folders named `.git` that were not entered, though they are not repositories.
pub(super) fn empty_dot_git(mut paths: Vec<Vec<u8>>, ledger: &Ledger) {
    paths.sort();
    if !paths.is_empty() {
        let what = match paths.len() {
            1 => "1 folder named .git is no repository and was".to_owned(),
            count => format!("{count} folders named .git are no repositories and were"),
        };
        ledger.note(format!("{what} not entered: name it to scan it: {}", named(&paths)));
    }
}

/// Reports ignore files that are too large to apply.
pub(super) fn oversized(paths: &[PathBuf], roots: &Roots, ledger: &Ledger) {
    let paths: Vec<Vec<u8>> = paths.iter().map(|path| shown(path, roots)).collect();
    if !paths.is_empty() {
        let what =
            "too large to be obeyed (over 256 KiB or 4,096 patterns), so nothing below is left out";
        ledger.note(format!("ignore files {what}: {}", named(&paths)));
    }
}

/// The reported path of an ignore file; one above all roots is relative to the work tree.
fn shown(path: &Path, roots: &Roots) -> Vec<u8> {
    let inside = roots.roots.iter().find_map(|root| {
        let inner = path.strip_prefix(&root.walked).or(path.strip_prefix(&root.canonical)).ok()?;
        Some(roots.shown(&root.walked.join(inner), inner.components().count()))
    });
    let top = roots.top().unwrap_or_default();
    inside.unwrap_or_else(|| bytes(path.strip_prefix(top).unwrap_or(path)))
}

fn named(paths: &[Vec<u8>]) -> String {
    let first: Vec<String> = paths.iter().take(NAMED).map(|path| escape_path(path)).collect();
    let rest = paths.len() - first.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    first.join(", ") + &more
}
