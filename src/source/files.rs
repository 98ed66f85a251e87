//! Files and folders.
//!
//! Takes paths as a user typed them; walks folders in parallel and hands each file's bytes to the
//! detector once. What was asked for and can't be read is a problem in the ledger, what a rule
//! leaves out is counted there. Must not know what a credential looks like.
//!
//! What the user names always wins: a PATH is read even if an ignore file, a glob or its place
//! inside `.git` would leave it out when it is met on the way.

mod globs;
mod ignored;
mod open;
mod own;
mod pipes;
mod remarks;
mod roots;
mod tracked;
mod walk;

use std::path::PathBuf;

use crate::coverage::Ledger;
use crate::scan::{Detector, Hit};
use crate::source::container;
use crate::stop::Stop;

pub use globs::{GlobError, Globs};
pub(super) use open::open;

/// What to read and what to leave out.
#[derive(Clone, Debug, Default)]
pub struct FileOptions {
    /// Files and folders as the user spelled them.
    pub paths: Vec<PathBuf>,
    /// The folder from which reported paths count, if it is to be another one than [`scan`] picks.
    pub counted_from: Option<PathBuf>,
    /// Folders that something else scans, in their one absolute spelling: they are not entered.
    pub apart: Vec<PathBuf>,
    /// Files this run itself writes: an earlier report is no input.
    pub outputs: Vec<PathBuf>,
    /// Whether `.gitignore` and `.git/info/exclude` are obeyed.
    pub obey_ignore_files: bool,
    /// What `--include` and `--exclude` leave.
    pub globs: Globs,
    /// Bytes above which a file is left out; none by default.
    pub max_file_size: Option<u64>,
    /// How far containers are opened.
    pub containers: container::ContainerOptions,
    /// Threads that walk and scan, at least 1.
    pub threads: usize,
    /// Ends the walk early.
    pub stop: Stop,
}

/// The folder whose configuration holds for `paths`: the root of the work tree that they lie in
/// or, outside of any, the one folder among them that holds them all.
pub fn root(paths: &[PathBuf]) -> Option<PathBuf> {
    roots::Roots::new(paths, &Ledger::new()).top()
}

/// Scans everything below the paths.
///
/// Paths are reported relative to one folder that depends on the input alone: the deepest folder
/// that holds all paths or, if it lies in a git work tree, the root of that work tree. A pipe of
/// the shell keeps the name by which it was given.
pub fn scan<D: Detector>(
    options: &FileOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut roots = roots::Roots::new(&options.paths, ledger);
    roots.set_apart(&options.apart);
    if let Some(folder) = &options.counted_from {
        roots.count_from(folder);
    }
    roots.note_places(ledger);
    walk::walk(options, &roots, detector, ledger, hits);
    pipes::scan(&roots.pipes, options, detector, ledger, hits);
}

/// The git work tree that holds all paths; reports count from its root.
pub fn work_tree(options: &FileOptions) -> Option<PathBuf> {
    roots::work_tree(&options.paths)
}
