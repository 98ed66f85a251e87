//! `keysweep keys`: the keys of users, their age, their last use, and which of them are due.
//!
//! It takes an [`Iam`](keysweep_aws::Iam) and returns a list, the worst first. It changes nothing.

mod due;
mod gather;
mod show;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::act::places::Places;
use crate::act::{Context, Failure};
use crate::aws::{KeyId, KeyKind, SECRET_LEN};
use crate::principal::Principal;
use crate::run::Status;
use crate::text::escape_line;

pub use due::{Due, Limits};
pub use gather::{Gathered, Key};

/// The users whose keys are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One key.
    Key(KeyId),
    /// All keys of a user.
    User(String),
}

/// The format of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One document.
    Json,
    /// A row a key, for spreadsheets.
    Csv,
}

/// The options of `keysweep keys`.
#[derive(Clone, Debug, Default)]
pub struct KeysOptions {
    /// Users and keys; none means all of the account.
    pub subjects: Vec<Subject>,
    /// The report's name, and the places of keys in it.
    pub report: Option<(String, Places)>,
    /// The limits after which a key is due.
    pub limits: Limits,
    /// The format of the list.
    pub format: Format,
}

impl KeysOptions {
    /// The name of the report, for texts.
    fn report_name(&self) -> &str {
        self.report.as_ref().map_or("the report", |(name, _)| name.as_str())
    }
}

/// The counts for a line of progress.
#[derive(Debug, Default)]
pub struct Progress {
    users: AtomicUsize,
    done: AtomicUsize,
}

impl Progress {
    /// The line.
    pub fn line(&self) -> String {
        let (users, done) = (self.users.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed));
        if done == 0 {
            format!("{users} users")
        } else {
            format!("keys of {done} of {users} users")
        }
    }
}

/// Reads a key id, a user's name or a user's ARN.
///
/// # Errors
/// A text that is none of these. A secret in its place is not repeated.
pub fn subject(text: &str) -> Result<Subject, Failure> {
    let text = text.trim();
    if let Some(id) = KeyId::parse(text.as_bytes()) {
        if id.is_example() {
            let why = format!("{id} is an example or placeholder, not a key");
            return Err(Failure::refused(why));
        }
        return match id.kind() {
            KeyKind::LongTerm => Ok(Subject::Key(id)),
            KeyKind::Temporary => Err(Failure::refused(format!(
                "{id} is the key of a session: IAM does not list it, and it ends by itself; \
                 keysweep explain {id} says how to end it sooner"
            ))),
        };
    }
    if text.len() == SECRET_LEN
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/+".contains(&b))
    {
        return Err(Failure::refused(
            "what was given looks like a secret access key: give a key's id (AKIA…) or a user's \
             name, and treat that secret as leaked, as arguments are seen by other processes and \
             kept in the shell's history",
        ));
    }
    let name = match Principal::of(text) {
        Some(Principal::User(name)) => name,
        _ => text,
    };
    // IAM and STS quotas, "IAM name requirements".
    let is_name = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if is_name {
        return Ok(Subject::User(name.to_owned()));
    }
    let shown = escape_line(&text.chars().take(64).collect::<String>());
    Err(Failure::refused(format!("{shown:?} is neither the id of a key (AKIA…) nor a user's name")))
}

/// The result of a list.
#[derive(Debug)]
pub struct Listed {
    /// 1 if a key is due, 3 if some could not be looked at.
    pub status: Status,
    /// The things that could not be looked at. The text and the JSON contain them already.
    pub problems: Vec<String>,
}

/// Lists keys; status 1 if one is due, 3 if some could not be looked at.
///
/// # Errors
/// No key at all could be looked at, and why.
pub fn keys(
    context: &mut Context<'_>,
    options: &KeysOptions,
    progress: &Progress,
) -> Result<Listed, Failure> {
    let foreign = |subject: &Subject| match subject {
        Subject::Key(id) => context.refuse_other_account(*id).err(),
        Subject::User(_) => None,
    };
    let mut refused: Vec<Failure> = Vec::new();
    let mut subjects = Vec::new();
    for subject in &options.subjects {
        match foreign(subject) {
            Some(failure) => refused.push(failure),
            None => subjects.push(subject.clone()),
        }
    }
    if let Some(first) = refused.first().filter(|_| subjects.is_empty()) {
        return Err(first.clone());
    }
    let options = KeysOptions { subjects, ..options.clone() };
    let mut gathered = gather::gather(context.iam, &options, progress)?;
    gathered.problems.extend(refused.into_iter().map(|failure| failure.message));
    let now = context.clock.now();
    due::judge(&mut gathered, &options, now);
    show::write(context, &gathered, &options, now)?;
    let status = if gathered.problems.is_empty() { Status::Clean } else { Status::Incomplete };
    let due = if gathered.is_due() { Status::Findings } else { Status::Clean };
    Ok(Listed { status: status.merge(due), problems: gathered.problems })
}
