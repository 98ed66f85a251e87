//! The ledger of what was scanned and what was not.
//!
//! Every source and stage writes to one [`Ledger`], from any thread. What could not be read is a
//! [`Problem`] here, never a lost log line: it decides the exit status and stands in every report.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Something that was asked for and could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// What it is: `file`, `folder`, `object`, `pack`, `commit`, `alternate`, `time` …
    pub what: String,
    /// Its path or name, escaped for display.
    pub path: String,
    /// Why it could not be read, and what to do about it.
    pub why: String,
}

/// What was left out on purpose: by an ignore file, an option, or a limit the user typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Files and folders that ignore files exclude.
    pub ignored: u64,
    /// Findings that a baseline, marker or configuration settles.
    pub suppressed: u64,
    /// AWS's own examples and placeholders.
    pub examples: u64,
    /// Findings below `--min-confidence`.
    pub below_confidence: u64,
    /// Files that `--include`, `--exclude` or the configuration leave out.
    pub excluded: u64,
    /// Files over `--max-file-size`.
    pub too_large: u64,
    /// Devices, sockets and FIFOs.
    pub special: u64,
    /// Symbolic links that were not followed.
    pub links: u64,
    /// Git repositories met on the way, whose history was not searched.
    pub repositories: u64,
    /// Git LFS objects that are not on this machine.
    pub lfs_missing: u64,
}

/// The ledger as a report shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Nothing that was asked for is missing.
    pub complete: bool,
    /// Files read.
    pub files: u64,
    /// Commits met.
    pub commits: u64,
    /// Git objects read.
    pub objects: u64,
    /// Bytes scanned, git objects at their inflated size.
    pub bytes: u64,
    /// What was left out on purpose.
    pub left_out: LeftOut,
    /// What could not be read, in order.
    pub problems: Vec<Problem>,
    /// Remarks that are no problem, such as "nothing is staged".
    pub notes: Vec<String>,
}

/// A counter of the ledger.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    /// Files read.
    Files,
    /// Commits met.
    Commits,
    /// Git objects read.
    Objects,
    /// Bytes scanned.
    Bytes,
    /// See [`LeftOut::ignored`].
    Ignored,
    /// See [`LeftOut::suppressed`].
    Suppressed,
    /// See [`LeftOut::examples`].
    Examples,
    /// See [`LeftOut::below_confidence`].
    BelowConfidence,
    /// See [`LeftOut::excluded`].
    Excluded,
    /// See [`LeftOut::too_large`].
    TooLarge,
    /// See [`LeftOut::special`].
    Special,
    /// See [`LeftOut::links`].
    Links,
    /// See [`LeftOut::repositories`].
    Repositories,
    /// See [`LeftOut::lfs_missing`].
    LfsMissing,
}

const COUNTS: usize = Count::LfsMissing as usize + 1;

/// Collects coverage from all threads.
#[derive(Debug, Default)]
pub struct Ledger {
    counts: [AtomicU64; COUNTS],
    problems: Mutex<Vec<Problem>>,
    notes: Mutex<Vec<String>>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `by` to a counter.
    pub fn add(&self, count: Count, by: u64) {
        self.counts[count as usize].fetch_add(by, Ordering::Relaxed);
    }

    /// The counter's value now; for progress.
    pub fn get(&self, count: Count) -> u64 {
        self.counts[count as usize].load(Ordering::Relaxed)
    }

    /// Records something that could not be read. `path` is raw; it is escaped here.
    pub fn problem(&self, what: &str, path: &[u8], why: &dyn Display) {
        let problem = Problem {
            what: what.to_owned(),
            path: crate::text::escape_path(path),
            why: crate::text::escape_line(&why.to_string()),
        };
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    /// Records a remark for the reader.
    pub fn note(&self, note: impl Into<String>) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note.into());
    }

    /// Whether anything could not be read so far.
    pub fn has_problems(&self) -> bool {
        !self.problems.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The ledger as it stands, problems and remarks sorted and each once.
    pub fn coverage(&self) -> Coverage {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        problems.sort();
        problems.dedup();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        notes.sort();
        notes.dedup();
        Coverage {
            complete: problems.is_empty(),
            files: self.get(Count::Files),
            commits: self.get(Count::Commits),
            objects: self.get(Count::Objects),
            bytes: self.get(Count::Bytes),
            left_out: LeftOut {
                ignored: self.get(Count::Ignored),
                suppressed: self.get(Count::Suppressed),
                examples: self.get(Count::Examples),
                below_confidence: self.get(Count::BelowConfidence),
                excluded: self.get(Count::Excluded),
                too_large: self.get(Count::TooLarge),
                special: self.get(Count::Special),
                links: self.get(Count::Links),
                repositories: self.get(Count::Repositories),
                lfs_missing: self.get(Count::LfsMissing),
            },
            problems,
            notes,
        }
    }
}
