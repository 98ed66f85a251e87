//! A target of a sweep: a repository, a folder or a file.

use std::path::PathBuf;

use crate::coverage::Problem;
use crate::source::{files, git};

/// One target: a repository, a folder or a file.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// How it is called in rows and in the coverage.
    pub name: String,
    /// What its places are said to be in: its name, or the folder of a single file.
    pub holder: String,
    /// Its absolute path, by which a later run knows it again.
    pub place: PathBuf,
    /// Its files, unless it has none apart from a history.
    pub files: Option<files::FileOptions>,
    /// Its history, if it has one of its own.
    pub history: Option<git::history::HistoryOptions>,
    /// Why there is nothing to scan, if it can't be found.
    pub broken: Option<String>,
    /// What is known to be unreadable before it is scanned.
    pub problems: Vec<Problem>,
    /// A remark on it.
    pub note: Option<String>,
    /// What it costs in comparison with others, roughly in bytes.
    pub weight: u64,
}
