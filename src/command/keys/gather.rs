//! Asks IAM for keys, their owners and their last use.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use keysweep_aws::{AccessKey, Error, Iam, LastUsed};

use super::{Due, KeysOptions, Progress, Subject};
use crate::act::Failure;
use crate::act::facts::not_found;
use crate::text::escape_line;

/// A key with all facts about it.
#[derive(Clone, Debug)]
pub struct Key {
    /// As IAM lists it.
    pub key: AccessKey,
    /// The time of its last use; `None` if AWS did not answer.
    pub last_used: Option<LastUsed>,
    /// Its places in the report.
    pub places: Vec<String>,
    /// The reasons why it is due, the worst first; empty if it is not.
    pub due: Vec<Due>,
    /// Further remarks about it.
    pub notes: Vec<String>,
}

/// The keys of an account or of some users, with the problems of looking.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The keys.
    pub keys: Vec<Key>,
    /// The number of users that were looked at.
    pub users: usize,
    /// The number of keys that the root user has; `None` if that was not asked or could not be
    /// seen.
    pub root_keys: Option<u64>,
    /// The things that could not be looked at or were refused, each with its reason.
    pub problems: Vec<String>,
    /// Further remarks.
    pub notes: Vec<String>,
}

impl Gathered {
    /// True if a key is due, one of the root user included.
    pub fn is_due(&self) -> bool {
        self.root_keys.is_some_and(|keys| keys > 0)
            || self.keys.iter().any(|key| !key.due.is_empty())
    }
}

/// The number of requests that run at once.
const THREADS: usize = 4;

/// Problems that are listed one by one.
const LISTED: usize = 5;

pub(super) fn gather(
    iam: &dyn Iam,
    options: &KeysOptions,
    progress: &Progress,
) -> Result<Gathered, Failure> {
    let mut gathered = Gathered::default();
    let mut wanted: Option<Vec<String>> = None;
    let users = if options.subjects.is_empty() {
        match iam.root_access_keys() {
            Ok(keys) => gathered.root_keys = Some(keys),
            Err(error) => {
                gathered.problems.push(format!("keys of the root user: {}", said(&error)));
            }
        }
        all_users(iam, progress)?
    } else {
        let mut ids = Vec::new();
        let users = users_of(iam, &options.subjects, &mut ids, &mut gathered)?;
        wanted = Some(ids);
        users
    };
    progress.users.store(users.len(), Ordering::Relaxed);
    look(iam, &users, progress, &mut gathered)?;
    gathered.users = users.len();
    if let Some(wanted) = wanted {
        let named = |user: &str| {
            options.subjects.iter().any(|one| matches!(one, Subject::User(name) if name == user))
        };
        gathered.keys.retain(|key| named(&key.key.user) || wanted.contains(&key.key.id));
    }
    Ok(gathered)
}

fn all_users(iam: &dyn Iam, progress: &Progress) -> Result<Vec<String>, Failure> {
    let mut users = Vec::new();
    iam.users(&mut |page| {
        users.extend(page.into_iter().map(|user| user.name));
        progress.users.store(users.len(), Ordering::Relaxed);
        true
    })?;
    Ok(users)
}

/// The users whose keys were asked for; `ids` gets the keys that were.
fn users_of(
    iam: &dyn Iam,
    subjects: &[Subject],
    ids: &mut Vec<String>,
    gathered: &mut Gathered,
) -> Result<Vec<String>, Failure> {
    let mut users: Vec<String> = Vec::new();
    let mut first: Option<Failure> = None;
    for subject in subjects {
        let user = match subject {
            Subject::User(name) => name.clone(),
            Subject::Key(id) => match iam.key_use(id.as_str()) {
                Ok(found) => match found.user {
                    Some(user) => {
                        ids.push(id.to_string());
                        user
                    }
                    None => {
                        gathered.root_keys = Some(gathered.root_keys.unwrap_or(0) + 1);
                        gathered.notes.push(format!("{id} is a key of the root user"));
                        continue;
                    }
                },
                Err(error) => {
                    let failure = not_found(iam, id.as_str(), error);
                    gathered.problems.push(failure.message.clone());
                    first.get_or_insert(failure);
                    continue;
                }
            },
        };
        if !users.contains(&user) {
            users.push(user);
        }
    }
    match first {
        Some(failure) if users.is_empty() && gathered.notes.is_empty() => Err(failure),
        _ => Ok(users),
    }
}

/// Lists the keys of all users, several at once, each with its last use.
fn look(
    iam: &dyn Iam,
    users: &[String],
    progress: &Progress,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    let (next, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let found: Mutex<Vec<(usize, KeysOfUser)>> = Mutex::new(Vec::new());
    let work = || {
        while !ended.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(user) = users.get(at) else { return };
            let keys = keys_of(iam, user);
            // A server that does not answer for one user does not for the next: 5,000 must not wait for it.
            let silent = matches!(keys, Err(Error::NoAnswer { .. } | Error::Throttled { .. }));
            ended.fetch_or(silent, Ordering::Relaxed);
            progress.done.fetch_add(1, Ordering::Relaxed);
            found.lock().unwrap_or_else(PoisonError::into_inner).push((at, keys));
        }
    };
    thread::scope(|scope| {
        for _ in 1..THREADS.min(users.len()) {
            // If no thread can be started, this one does it all.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(at, _)| *at);
    let seen = found.iter().filter(|(_, keys)| keys.is_ok()).count();
    let failed: Vec<(&String, &Error)> = found
        .iter()
        .filter_map(|(at, keys)| Some((users.get(*at)?, keys.as_ref().err()?)))
        .filter(|(_, error)| users.len() == 1 || !matches!(error, Error::NotFound { .. }))
        .collect();
    if let (0, Some((_, error))) = (seen, failed.first()) {
        return Err((*error).clone().into());
    }
    for (user, error) in failed.iter().take(LISTED) {
        gathered.problems.push(format!("keys of user {}: {}", escape_line(user), said(error)));
    }
    let more = failed.len().saturating_sub(LISTED);
    let unseen = users.len() - found.len();
    for (count, why) in [(more, "the same"), (unseen, "no longer asked")] {
        if count > 0 {
            gathered.problems.push(format!("keys of {count} more users: {why}"));
        }
    }
    gathered.keys.extend(found.into_iter().filter_map(|(_, keys)| keys.ok()).flatten());
    Ok(())
}

type KeysOfUser = Result<Vec<Key>, Error>;

fn keys_of(iam: &dyn Iam, user: &str) -> KeysOfUser {
    let mut found = Vec::new();
    for key in iam.access_keys(user)? {
        let (last_used, notes) = match iam.key_use(&key.id) {
            Ok(known) => (Some(known.last_used), Vec::new()),
            // Deleted in between.
            Err(Error::NotFound { .. }) => continue,
            Err(error @ Error::AccessDenied { .. }) => {
                (None, vec![format!("last use not seen: {}", said(&error))])
            }
            Err(error) => return Err(error),
        };
        found.push(Key { key, last_used, places: Vec::new(), due: Vec::new(), notes });
    }
    Ok(found)
}

fn said(error: &Error) -> String {
    escape_line(&error.to_string())
}
