//! The errors that make a repository unreadable, each with advice.
//!
//! These errors end a command with status 2. Missing or damaged objects inside a repository are
//! problems in the coverage ledger instead.

use std::path::PathBuf;

/// The reason why a repository, or the requested part of it, can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path is not in a repository.
    #[error(
        "{} is not a git repository, nor inside one: name one, or read it as files with `keysweep scan`",
        .path.display()
    )]
    NotARepository {
        /// The path that was tried.
        path: PathBuf,
    },
    /// The path is a folder or file inside a repository, not a repository itself.
    #[error(
        "{} is not a git repository itself, it is in {}: name that one",
        .path.display(), .around.display()
    )]
    InsideAnother {
        /// The path that was given.
        path: PathBuf,
        /// The repository around it.
        around: PathBuf,
    },
    /// The pass over the objects can't begin.
    #[error(transparent)]
    Database(#[from] super::database::Error),
    /// A file in the git folder is not safe to read.
    #[error(transparent)]
    Malformed(#[from] super::preflight::MalformedFile),
    /// The path is a repository, but its format is unknown or damaged.
    #[error("{} can't be opened as a git repository: {why}; `git fsck` there may say more", .path.display())]
    Open {
        /// The repository.
        path: PathBuf,
        /// The error message of `gix`.
        why: String,
    },
    /// The refs are stored in a format that is not supported.
    #[error(
        "{} keeps its refs as {format}, which keysweep does not read: `git refs migrate --ref-format=files` converts a copy of it",
        .path.display()
    )]
    RefFormat {
        /// The repository.
        path: PathBuf,
        /// The format's name in `extensions.refStorage`.
        format: String,
    },
    /// A file in the git folder can't be read.
    #[error("{} can't be read: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// Refs name objects, but the database has none.
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
        /// The error of the decoder.
        why: String,
    },
    /// A revision of a range does not name a commit.
    #[error(
        "{name:?} is not a commit of this repository: fetch it first (`git fetch origin {name}`; in a CI checkout, fetch-depth: 0)"
    )]
    UnknownRevision {
        /// The revision as given, or an object id.
        name: String,
    },
    /// A range does not have the form `BASE..HEAD`.
    #[error("{text:?} is not a range: write BASE..HEAD, such as origin/main..HEAD")]
    NotARange {
        /// The text that was given.
        text: String,
    },
    /// A side of a range is empty, for example because a script's variable is unset.
    #[error(
        "{side} of the range {text:?} is empty: a variable without a value? Name a commit, such as HEAD; for a ref that is new, BASE is 40 zeros"
    )]
    EmptySide {
        /// `BASE` or `HEAD`.
        side: &'static str,
        /// The text that was given.
        text: String,
    },
    /// A line of standard input does not fit any supported hook.
    #[error(
        "line {line} of standard input has {fields} fields: a pre-receive hook gets 3 (old new ref), a pre-push hook 4 (ref id ref id)"
    )]
    NotAHook {
        /// The line number, from 1.
        line: usize,
        /// Number of fields in the line.
        fields: usize,
    },
    /// A field of standard input is not an object id.
    #[error(
        "line {line} of standard input: {field:?} is not an object id of this repository's kind"
    )]
    NotAnId {
        /// The line number, from 1.
        line: usize,
        /// The field.
        field: String,
    },
    /// A path given to `staged` is outside of the work tree.
    #[error("{} is outside of the work tree {}", .path.display(), .tree.display())]
    Outside {
        /// The path.
        path: PathBuf,
        /// The work tree.
        tree: PathBuf,
    },
}
