//! A target of a sweep: a repository, a folder or a file.

use std::path::PathBuf;

use crate::coverage::Problem;
use crate::source::{files, git};

/// One target: a repository, a folder or a file.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Its name in rows and in the coverage.
    pub name: String,
    /// The target of its occurrences: its name, or the folder of a single file.
    pub holder: String,
    /// Its absolute path, which identifies it in a later run.
    pub place: PathBuf,
    /// Its files, unless it is only a history.
    pub files: Option<files::FileOptions>,
    /// Its history, if it has one of its own.
    pub history: Option<git::history::HistoryOptions>,
    /// The reason why it can't be scanned.
    pub broken: Option<String>,
    /// Problems that were found before the scan.
    pub problems: Vec<Problem>,
    /// A remark about it.
    pub note: Option<String>,
    /// Its cost in comparison with others, roughly in bytes.
    pub weight: u64,
}
