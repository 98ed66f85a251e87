//! What makes reading a repository impossible, each with the way out.
//!
//! These end a command with status 2. Whatever is merely missing or damaged inside a repository
//! is a problem in the coverage ledger instead.

use std::path::PathBuf;

/// Why a repository, or the part of it that was asked for, can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing there is a repository.
    #[error(
        "{} is not a git repository, nor inside one: name one, or read it as files with `keysweep scan`",
        .path.display()
    )]
    NotARepository {
        /// The path that was tried.
        path: PathBuf,
    },
    /// A folder or file inside a repository was named as if it were one.
    #[error(
        "{} is not a git repository itself, it lies in {}: name that one",
        .path.display(), .around.display()
    )]
    InsideAnother {
        /// What was named.
        path: PathBuf,
        /// The repository around it.
        around: PathBuf,
    },
    /// The pass over its objects can't begin.
    #[error(transparent)]
    Database(#[from] super::database::Error),
    /// A file of git's own can't be read without harm.
    #[error(transparent)]
    Malformed(#[from] super::preflight::MalformedFile),
    /// It is a repository, but its form is unknown or broken.
    #[error("{} can't be opened as a git repository: {why}; `git fsck` there may say more", .path.display())]
    Open {
        /// The repository.
        path: PathBuf,
        /// What the reader of git's format says.
        why: String,
    },
    /// Its refs are kept in a form that can't be read.
    #[error(
        "{} keeps its refs as {format}, which keysweep does not read: `git refs migrate --ref-format=files` converts a copy of it",
        .path.display()
    )]
    RefFormat {
        /// The repository.
        path: PathBuf,
        /// The form's name in `extensions.refStorage`.
        format: String,
    },
    /// A file of git's own can't be read.
    #[error("{} can't be read: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Refs name objects, and none is here.
    #[error("{} has refs, but no object of it can be read: fetch it again, or correct extensions.objectFormat in its config", .path.display())]
    NoObjects {
        /// The repository.
        path: PathBuf,
    },
    /// The index can't be read.
    #[error("the index {} can't be read: {why}; `git status` there may rebuild it", .path.display())]
    Index {
        /// The index file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A revision of a range names nothing.
    #[error(
        "{name:?} is no commit of this repository: fetch it first (`git fetch origin {name}`; in a CI checkout, fetch-depth: 0)"
    )]
    UnknownRevision {
        /// The revision as it was typed, or an object id.
        name: String,
    },
    /// A range is not of the form `BASE..HEAD`.
    #[error("{text:?} is no range: write BASE..HEAD, such as origin/main..HEAD")]
    NotARange {
        /// What was typed.
        text: String,
    },
    /// A side of a range is empty, as a variable of a script is that was never set.
    #[error(
        "{side} of the range {text:?} is empty: a variable without a value? Name a commit, such as HEAD; for a ref that is new, BASE is 40 zeros"
    )]
    EmptySide {
        /// `BASE` or `HEAD`.
        side: &'static str,
        /// What was typed.
        text: String,
    },
    /// A line of standard input is of no hook.
    #[error(
        "line {line} of standard input has {fields} fields: a pre-receive hook gets 3 (old new ref), a pre-push hook 4 (ref id ref id)"
    )]
    NotAHook {
        /// The line, from 1.
        line: usize,
        /// How many fields it has.
        fields: usize,
    },
    /// A line of standard input holds something else where an object id belongs.
    #[error("line {line} of standard input: {field:?} is no object id of this repository's kind")]
    NotAnId {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        field: String,
    },
    /// A path of `staged` is outside of the work tree.
    #[error("{} is outside of the work tree {}", .path.display(), .tree.display())]
    Outside {
        /// The path.
        path: PathBuf,
        /// The work tree.
        tree: PathBuf,
    },
}
