//! The facts that AWS reports about a key, its user and the user's other keys: reads alone.

use std::time::Duration;

use keysweep_aws::{AccessKey, Error, KeyUse, LastUsed};

use super::journal::Journal;
use crate::act::facts::not_found;
use crate::act::{Context, Failure};
use crate::aws::KeyId;
use crate::text::escape_line;

/// The time by which a list may be behind a change, with some room.
const LAG: Duration = Duration::from_secs(5);

/// The facts that AWS reports.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The user whose key it is.
    pub(super) user: String,
    /// Its unique id; `None` if GetUser is not allowed.
    pub(super) user_id: Option<String>,
    /// The key that leaves; `None` if the user no longer has it.
    pub(super) old: Option<AccessKey>,
    /// The time of its last use.
    pub(super) used: LastUsed,
    /// The key that takes its place, if there is one already.
    pub(super) new: Option<AccessKey>,
    /// The time of the new key's last use; `None` if it is not known.
    pub(super) new_used: Option<LastUsed>,
    /// Only the user's tag identifies the new key.
    pub(super) adopted: bool,
    /// All other keys of the user.
    pub(super) others: Vec<AccessKey>,
    /// The facts that could not be read.
    pub(super) notes: Vec<String>,
}

/// The value of the tag by which somebody else can continue. The console shows a tag whose key is the
/// id of an access key as that key's description.
pub(super) fn tag_value(old: &str) -> String {
    format!("keysweep: replaces {old}")
}

/// Asks for all of it.
pub(super) fn look(cx: &mut Context<'_>, journal: &Journal, key: KeyId) -> Result<Facts, Failure> {
    let id = key.to_string();
    let (user, used) = owner(cx, journal, key)?;
    let mut notes = Vec::new();
    let user_id = user_id(cx, journal, &user, &mut notes)?;
    let mut keys = list(cx, &user, &id)?;
    let (new, adopted) = successor(cx, journal, &user, &id, &mut notes)?;
    let mut take = |wanted: &str| {
        let at = keys.iter().position(|one| one.id == wanted)?;
        Some(keys.remove(at))
    };
    let old = take(&id);
    let new = new.and_then(|new| take(&new));
    let new_used = new.as_ref().and_then(|new| cx.iam.key_use(&new.id).ok());
    let new_used = new_used.map(|answer| answer.last_used);
    Ok(Facts { user, user_id, old, used, new, new_used, adopted, others: keys, notes })
}

fn owner(cx: &Context<'_>, journal: &Journal, key: KeyId) -> Result<(String, LastUsed), Failure> {
    let account = &cx.acting.caller.account;
    let noted = journal.head().map(|head| head.user.clone());
    match (cx.iam.key_use(&key.to_string()), noted) {
        (Ok(KeyUse { user: Some(user), last_used }), _) => Ok((user, last_used)),
        (Ok(KeyUse { user: None, .. }), _) => Err(Failure::refused(format!(
            "{key} is a key of the root user of account {account}: IAM lets no other identity \
             change it. Sign in as root, make sure that nothing needs the key, and delete it \
             there; 'keysweep explain {key}' says how"
        ))),
        // A key that is gone has no owner; its user is read all the same.
        (Err(Error::NotFound { .. } | Error::AccessDenied { .. }), Some(user)) => {
            Ok((user, LastUsed::default()))
        }
        (Err(error), None) => Err(not_found(cx.iam, key.as_str(), error)),
        (Err(error), _) => Err(error.into()),
    }
}

fn user_id(
    cx: &Context<'_>,
    journal: &Journal,
    user: &str,
    notes: &mut Vec<String>,
) -> Result<Option<String>, Failure> {
    let noted = journal.head().and_then(|head| head.user_id.clone());
    let name = escape_line(user);
    match (cx.iam.user(user), noted) {
        (Ok(found), Some(noted)) if found.id != noted => Err(Failure::refused(format!(
            "user {name} is not the one whose key this was ({noted}): that one was deleted, and \
             {} was made under its name. Nothing was changed",
            escape_line(&found.id)
        ))),
        (Ok(found), _) => Ok(Some(found.id)),
        (Err(Error::NotFound { .. }), _) => Err(Failure::refused(format!(
            "there is no user {name} any more, and no key of it: there is nothing to rotate"
        ))),
        (Err(Error::AccessDenied { .. }), noted) => {
            notes.push("not seen: iam:GetUser is not allowed".to_owned());
            Ok(noted)
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// The user's keys. A list without the key may be some seconds old.
fn list(cx: &Context<'_>, user: &str, key: &str) -> Result<Vec<AccessKey>, Failure> {
    let keys = cx.iam.access_keys(user)?;
    if keys.iter().any(|one| one.id == key) {
        return Ok(keys);
    }
    if !cx.clock.sleep(LAG) {
        return Err(Failure::interrupted());
    }
    Ok(cx.iam.access_keys(user)?)
}

/// The id of the new key, by the journal or else by the user's tag.
fn successor(
    cx: &Context<'_>,
    journal: &Journal,
    user: &str,
    old: &str,
    notes: &mut Vec<String>,
) -> Result<(Option<String>, bool), Failure> {
    let known = journal.known();
    if known.new.is_some() || known.pending.is_some() {
        return Ok((known.new, false));
    }
    match cx.iam.user_tags(user) {
        Ok(tags) => {
            let value = tag_value(old);
            let tag = tags.into_iter().find(|tag| tag.value == value);
            Ok((tag.map(|tag| tag.key), true))
        }
        Err(Error::AccessDenied { .. }) => {
            notes.push(
                "not seen: iam:ListUserTags is not allowed, by which a rotation that somebody else \
                 began is known"
                    .to_owned(),
            );
            Ok((None, false))
        }
        Err(error) => Err(error.into()),
    }
}

/// The user's keys after a change whose answer was lost: lists lag behind changes by seconds, so a
/// list is asked for until it shows what `is_seen` looks for, or time is over.
pub(super) fn look_again(
    cx: &Context<'_>,
    user: &str,
    is_seen: &dyn Fn(&[AccessKey]) -> bool,
) -> Result<Vec<AccessKey>, Failure> {
    let mut keys = cx.iam.access_keys(user)?;
    for _ in 0..2 {
        if is_seen(&keys) || !cx.clock.sleep(LAG) {
            break;
        }
        keys = cx.iam.access_keys(user)?;
    }
    Ok(keys)
}
