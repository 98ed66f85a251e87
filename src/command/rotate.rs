//! `keysweep rotate`: a key and its successor, step by step, over days.
//!
//! The steps are those of AWS's chapter "Managing access keys for IAM users": make a second key,
//! move programs to it, check that the first is no longer used, deactivate it, check that nothing breaks,
//! delete it. Each run looks at the state in AWS first and then does at most the next step. What
//! was done is recorded in a journal and, for a second person who continues without it, in a tag of the user.

pub mod destination;
mod facts;
pub mod journal;
mod make;
mod orphan;
pub mod places;
pub mod profile;
mod session;
mod steps;
mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;

use crate::act::{Context, Failure};
use crate::aws::{KeyId, KeyKind};
use crate::run::Status;
use destination::{Files, Wanted};
use journal::Journal;
use places::Look;
use session::Session;

/// The task of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The next step.
    #[default]
    Next,
    /// Only report how far the rotation is.
    Status,
    /// Give it up: delete the new key.
    Abandon,
}

/// The options of `keysweep rotate`.
pub struct RotateOptions<'a> {
    /// The old key.
    pub key: KeyId,
    /// The destination of the new key's secret; step 1 needs it.
    pub destination: Option<Wanted>,
    /// The files of profiles.
    pub files: Files,
    /// `--in`: files and folders that may contain the key.
    pub paths: Vec<PathBuf>,
    /// `--report`: an earlier report of its places.
    pub report: Option<PathBuf>,
    /// The search for it there.
    pub look: &'a dyn Look,
    /// The time without use after which it is deactivated.
    pub rest: SignedDuration,
    /// The time that it stays deactivated before it is deleted.
    pub hold: SignedDuration,
    /// The pause between looks while there is nothing to do but wait; `None` looks once.
    pub watch: Option<Duration>,
    /// The task.
    pub mode: Mode,
    /// The path of the journal.
    pub journal: PathBuf,
}

impl From<journal::Error> for Failure {
    fn from(error: journal::Error) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<destination::Unfit> for Failure {
    fn from(error: destination::Unfit) -> Self {
        Self::refused(error.to_string())
    }
}

/// The closing words about a key whose rotation is over, so that nobody needs to be asked about it.
///
/// # Errors
/// If the journal can't be read.
pub fn finished(journal: &Path, key: KeyId) -> Result<Option<String>, Failure> {
    let journal = Journal::open(journal, &key.to_string())?;
    Ok(words::finished(&journal, &key.to_string()))
}

/// The key that replaces `key`, according to the journal.
///
/// # Errors
/// If the journal can't be read.
pub fn successor(journal: &Path, key: KeyId) -> Result<Option<String>, Failure> {
    Ok(Journal::open(journal, key.as_str())?.known().new)
}

/// Refuses a key that can't be rotated, before any question.
///
/// # Errors
/// A temporary key: status 2.
pub fn check_kind(key: KeyId) -> Result<(), Failure> {
    match key.kind() {
        KeyKind::LongTerm => Ok(()),
        KeyKind::Temporary => Err(Failure::refused(format!(
            "{key} is a temporary key: it ends by itself and there is nothing to rotate. If it \
             leaked: keysweep explain {key}"
        ))),
    }
}

/// Looks, and does the next step.
///
/// # Errors
/// Refused before any change (2), or an answer is missing (3).
pub fn rotate(context: &mut Context<'_>, options: &RotateOptions<'_>) -> Result<Status, Failure> {
    check_kind(options.key)?;
    let key = options.key.to_string();
    let journal = Journal::open(&options.journal, &key)?;
    if let Some(words) = words::finished(&journal, &key) {
        writeln!(context.out, "{words}")?;
        return Ok(Status::Clean);
    }
    context.refuse_other_account(options.key)?;
    context.announce()?;
    let mut session = Session::new(context, options, journal);
    loop {
        let status = session.run()?;
        match options.watch {
            Some(time) if session.is_waiting() => {
                if !session.wait(time) {
                    return Err(Failure::interrupted());
                }
            }
            _ => return Ok(status),
        }
    }
}
