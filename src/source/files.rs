//! Files and folders.
//!
//! Takes paths as the user spelled them, walks folders in parallel, and passes each file's bytes to
//! the detector once. What was asked for and can't be read is a problem in the ledger; what a rule
//! leaves out is counted there. It does not know what a credential looks like.
//!
//! A path that the user names is always read, even if an ignore file, a glob or its place inside
//! `.git` would leave it out in a walk.

mod globs;
mod ignored;
mod open;
mod own;
mod pipes;
mod remarks;
mod roots;
mod tracked;
mod walk;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::coverage::Ledger;
use crate::scan::{Detector, Hit};
use crate::source::container;
use crate::stop::Stop;

pub use globs::{GlobError, Globs};
pub(super) use open::open;
pub use open::open as open_no_link;
pub use own::PARTIAL;

/// Options for files: what to read and what to leave out.
#[derive(Clone, Debug, Default)]
pub struct FileOptions {
    /// Files and folders as the user spelled them.
    pub paths: Vec<PathBuf>,
    /// The folder that reported paths are relative to, if not the one that [`scan`] chooses.
    pub counted_from: Option<PathBuf>,
    /// Folders that something else scans, as canonical paths: they are not entered.
    pub apart: Vec<PathBuf>,
    /// Files that this run writes: they are not read.
    pub outputs: Vec<PathBuf>,
    /// `.gitignore` and `.git/info/exclude` apply.
    pub obey_ignore_files: bool,
    /// `--include` and `--exclude`.
    pub globs: Globs,
    /// Bytes above which a file is left out; none by default.
    pub max_file_size: Option<u64>,
    /// The limits of containers.
    pub containers: container::ContainerOptions,
    /// Threads that walk and scan, at least 1.
    pub threads: usize,
    /// Ends the walk early.
    pub stop: Stop,
}

/// The folder whose configuration applies to `paths`: the root of their work tree or, outside of
/// any, the one folder among them that contains them all.
pub fn root(paths: &[PathBuf]) -> Option<PathBuf> {
    roots::Roots::new(paths, &Ledger::new()).top()
}

/// Scans everything below the paths.
///
/// Paths are reported relative to one folder that depends on the input alone: the deepest folder
/// that contains all paths or, if it is in a git work tree, the root of that work tree. A pipe of
/// the shell keeps its name.
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

/// True if the index of a repository tracks a file.
pub fn is_tracked(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let Some(top) = roots::work_tree(std::slice::from_ref(&path)) else { return false };
    let inner = path.strip_prefix(&top).unwrap_or(&path);
    tracked::Tracked::new(top.clone()).has_file(inner, &Ledger::new())
}

/// The first of `names` that is a regular file below `folder`, with its content. No link is
/// followed. One that can't be read, or has more than `largest` bytes, is recorded as a remark.
pub fn first_below(
    folder: &Path,
    names: Vec<String>,
    largest: usize,
    ledger: &Ledger,
) -> Option<(String, Vec<u8>)> {
    let is_file = |name: &String| {
        let path = folder.join(name);
        let mut above = path.ancestors().skip(1).take_while(|up| *up != folder);
        let is_folder = |up: &Path| up.symlink_metadata().is_ok_and(|found| found.is_dir());
        above.all(is_folder) && path.symlink_metadata().is_ok_and(|found| found.is_file())
    };
    let name = names.into_iter().find(is_file)?;
    let mut content = Vec::new();
    let most = largest as u64 + 1;
    let opened = open::open(&folder.join(&name));
    match opened.and_then(|file| file.take(most).read_to_end(&mut content)) {
        Ok(_) => Some((name, content)),
        Err(error) => {
            ledger.note(format!("{name} can't be read: {error}"));
            None
        }
    }
}

/// The git work tree that contains all paths; reported paths are relative to its root.
pub fn work_tree(options: &FileOptions) -> Option<PathBuf> {
    roots::work_tree(&options.paths)
}
