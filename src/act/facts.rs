//! The facts of one key, collected before anything is done to it.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use keysweep_aws::{AccessKey, Attached, Error, Iam, KeyStatus, KeyUse, LastUsed, Named};

use super::{Context, Failure};
use crate::aws::KeyId;
use crate::text::escape_line;

/// A key, its user, and the user's other keys.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The key.
    pub key: AccessKey,
    /// The time of its last use.
    pub last_used: LastUsed,
    /// Its user; `None` if GetUser is not allowed.
    pub user: Option<Named>,
    /// The user's other keys, with their last use where that can be seen.
    pub others: Vec<(AccessKey, Option<LastUsed>)>,
    /// Policies by which AWS answers a leak that it noticed.
    pub quarantine: Vec<String>,
    /// True if this very key signs the requests.
    pub signs: bool,
    /// The facts that could not be read, each with its reason.
    pub unseen: Vec<String>,
}

/// The name with which all policies begin that AWS attaches to a user whose key it found leaked.
const QUARANTINE: &str = "AWSCompromisedKeyQuarantine";

impl Facts {
    /// Asks AWS for a key's user, and for all other facts about the key.
    ///
    /// # Errors
    /// If the key is of another account or of the root user, does not exist, or may not be read.
    pub fn gather(context: &Context<'_>, id: KeyId) -> Result<Self, Failure> {
        context.refuse_other_account(id)?;
        let iam = context.iam;
        let known = iam.key_use(id.as_str()).map_err(|error| not_found(iam, id.as_str(), error))?;
        let KeyUse { user: Some(name), last_used } = known else {
            return Err(of_root(id, &context.acting.caller.account));
        };
        let mut keys = iam.access_keys(&name)?;
        let at = keys.iter().position(|key| key.id == id.as_str());
        let Some(at) = at else {
            let name = escape_line(&name);
            let why = format!("{id} was deleted a moment ago: user {name} has no such key");
            return Err(Failure::refused(why));
        };
        let key = keys.remove(at);
        let mut unseen = Vec::new();
        let user = seen(iam.user(&name), &mut unseen);
        let attached = seen(iam.attached_policies(&name), &mut unseen).unwrap_or_default();
        let quarantine = attached.into_iter().filter(|policy| policy.name.starts_with(QUARANTINE));
        let quarantine = quarantine.map(|Attached { name, .. }| name).collect();
        let mut others = Vec::new();
        for other in keys {
            let used = seen(iam.key_use(&other.id), &mut unseen);
            others.push((other, used.map(|used| used.last_used)));
        }
        let signs = context.acting.key_id == id.as_str();
        Ok(Self { key, last_used, user, others, quarantine, signs, unseen })
    }

    /// Writes the facts for people.
    ///
    /// # Errors
    /// An error of the output.
    pub fn write(&self, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}", self.key.id)?;
        let mut line = |what: &str, text: &str| writeln!(out, "  {what:<11} {}", escape_line(text));
        match &self.user {
            Some(user) => line("user", &format!("{} ({})", user.name, user.arn))?,
            None => line("user", &self.key.user)?,
        }
        line("status", &status(&self.key, now))?;
        line("last used", &used(Some(&self.last_used)))?;
        for (other, last_used) in &self.others {
            let last = used(last_used.as_ref());
            let text = format!("{}, {}, last used {last}", other.id, status(other, now));
            line("other key", &text)?;
        }
        for policy in &self.quarantine {
            line(
                "quarantine",
                &format!(
                    "AWS attached {policy}: it knows of the leak, and the user cannot change its own \
                 keys"
                ),
            )?;
        }
        if self.signs {
            line(
                "signs",
                "this very key signs the requests, which changes its last use; once \
                 inactive it cannot activate itself",
            )?;
        }
        for unseen in &self.unseen {
            line("not seen", unseen)?;
        }
        Ok(())
    }
}

/// A value that may be missing, and is then noted as not seen: a leaked key must be deactivated even
/// if a value can't be read.
fn seen<T>(read: Result<T, Error>, unseen: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| unseen.push(error.to_string())).ok()
}

/// Status and age, as `active, made 2026-01-31 (12 days ago)`.
pub fn status(key: &AccessKey, now: Timestamp) -> String {
    let word = match &key.status {
        KeyStatus::Other(word) => format!("{word} (not known to this version)"),
        known => known.as_str().to_lowercase(),
    };
    match key.created {
        Some(created) => {
            let age = now.duration_since(created).max(SignedDuration::ZERO).as_hours() / 24;
            let ago = match age {
                0 => "today".to_owned(),
                1 => "1 day ago".to_owned(),
                days => format!("{days} days ago"),
            };
            format!("{word}, made {} ({ago})", created.strftime("%Y-%m-%d"))
        }
        None => word,
    }
}

/// The time of a key's last use, to the minute, and its service.
pub fn used(last_used: Option<&LastUsed>) -> String {
    let Some(used) = last_used else { return "not seen".to_owned() };
    let Some(at) = used.at else { return "never".to_owned() };
    let mut text = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    if let Some(service) = &used.service {
        text.push_str(&format!(", {service}"));
    }
    if let Some(region) = &used.region {
        text.push_str(&format!(" in {region}"));
    }
    text
}

/// Keys of the root user are managed by it alone.
fn of_root(id: KeyId, account: &str) -> Failure {
    Failure::refused(format!(
        "{id} is a key of the root user of account {account}, which no other identity can manage: \
         nothing was changed. Sign in as root, open Security credentials, deactivate and delete it \
         there; from an organization's management account: sts assume-root with the task policy \
         IAMDeleteRootUserCredentials"
    ))
}

/// The failure if IAM does not name the user of a key: it is deleted, of another account, or asking is
/// not allowed.
pub fn not_found(iam: &dyn Iam, key: &str, error: Error) -> Failure {
    let (Error::NotFound { .. } | Error::AccessDenied { .. }) = error else { return error.into() };
    let own = iam.caller().map(|caller| caller.account).unwrap_or_default();
    let denied = matches!(error, Error::AccessDenied { .. });
    match iam.account_of_key(key) {
        Ok(account) if account != own => Failure::refused(format!(
            "{key} is a key of account {account}, not of {own}: nothing was changed. Act with an \
             identity of account {account}"
        )),
        Ok(_) if denied => error.into(),
        Ok(_) => Failure::refused(format!(
            "{key} no longer exists: account {own}, to which it belonged, has no such key"
        )),
        Err(_) if denied => Failure::refused(format!(
            "{key}: {}. Either that is not allowed, or the key does not belong to account {own}",
            said(&error)
        )),
        Err(_) => Failure::refused(format!(
            "{key}: account {own} has no such key. It was deleted, or belongs to another account"
        )),
    }
}

fn said(error: &Error) -> String {
    escape_line(&error.to_string())
}
