//! Keys that are deleted without a rotation: one that an earlier run made and could not store, and
//! the new one of a rotation that is given up.

use jiff::SignedDuration;
use keysweep_aws::{AccessKey, KeyStatus};

use super::destination::Kept;
use super::facts::{Facts, look_again};
use super::journal::known::Pending;
use super::journal::{Change, Event};
use super::session::Session;
use super::words;
use crate::act::Failure;
use crate::act::facts::used as used_words;
use crate::run::Status;

/// A use is recorded once in this time; the trial of step 1 falls into the first of it.
const RECORDED: SignedDuration = SignedDuration::from_mins(15);

impl Session<'_, '_> {
    /// An earlier run ended between making a key and keeping its secret.
    pub(super) fn recover(&mut self, facts: &Facts, pending: &Pending) -> Result<Status, Failure> {
        let is_it = |key: &AccessKey| match &pending.key {
            Some(id) => key.id == *id,
            None => !pending.before.contains(&key.id) && key.id != self.old,
        };
        let listed = facts.others.iter().chain(&facts.new).find(|key| is_it(key)).cloned();
        let found = match listed {
            Some(found) => Some(found),
            // A key that was made a moment ago may not show yet.
            None => {
                let seen = |keys: &[AccessKey]| keys.iter().any(is_it);
                let keys = look_again(self.cx, &facts.user, &seen)?;
                keys.into_iter().find(|key| is_it(key))
            }
        };
        self.say("")?;
        let Some(found) = found else { return self.nothing_remains(facts, pending) };
        let record = pending.destination.as_ref();
        let kept = match record {
            Some(record) if pending.storing => record.kept(&found.id),
            _ => Kept::No,
        };
        match (kept, record) {
            (Kept::Yes, Some(record)) => {
                self.say(&format!(
                    "The last run ended after it had kept the secret of {} ({}), and before it \
                     could note that.",
                    found.id, record.words
                ))?;
                if self.stops_before("continue from there")? {
                    return Ok(Status::Findings);
                }
                self.adopt(facts, &found.id)
            }
            (Kept::Unknown, _) => self.ask_whether_kept(facts, &found),
            _ => self.offer_deletion(facts, pending, &found),
        }
    }

    /// The key was not made, or is gone.
    fn nothing_remains(&mut self, facts: &Facts, pending: &Pending) -> Result<Status, Failure> {
        self.say(
            "The last run ended before a key was made, or that key is gone: nothing remains of it.",
        )?;
        if self.only_looks() {
            return Ok(Status::Findings);
        }
        self.forget(pending)?;
        self.say("")?;
        // The facts hold no such key, so they are still right.
        if facts.others.is_empty() { self.make(facts) } else { self.two_keys(facts) }
    }

    fn forget(&mut self, pending: &Pending) -> Result<(), Failure> {
        if let Some(record) = &pending.destination {
            record.sweep_up();
        }
        let why = "looked up later: not there".to_owned();
        match &pending.key {
            Some(key) => self.note(Event::Seen { key: key.clone(), status: "gone".to_owned() }),
            None => self.note(Event::Failed { change: Change::Create, why }),
        }
    }

    fn adopt(&mut self, facts: &Facts, key: &str) -> Result<Status, Failure> {
        self.note(Event::Done { change: Change::Store, key: key.to_owned(), request: None })?;
        self.describe(facts, key);
        self.say("Step 2 of 6: run the same command again.")?;
        Ok(Status::Findings)
    }

    fn ask_whether_kept(&mut self, facts: &Facts, found: &AccessKey) -> Result<Status, Failure> {
        let id = &found.id;
        self.say(&format!(
            "The last run ended while the command of --to-command was keeping the secret of {id}. \
             Look where that command keeps it. If {id} is there, type 'kept'. If it is not, \
             nobody has its secret: type its last four characters to delete it."
        ))?;
        if self.stops_before("ask for one of these")? {
            return Ok(Status::Findings);
        }
        let answer = self.cx.person.type_in("kept, or the last four characters:")?;
        match answer.trim() {
            "kept" => self.adopt(facts, id),
            answer if answer == words::last_four(id) => self.remove(facts, id),
            _ => self.not_confirmed(),
        }
    }

    fn offer_deletion(
        &mut self,
        facts: &Facts,
        pending: &Pending,
        found: &AccessKey,
    ) -> Result<Status, Failure> {
        let id = &found.id;
        let line = if pending.key.is_some() {
            format!(
                "The last run ended between making {id} and keeping its secret: nobody has its \
                 secret."
            )
        } else {
            format!(
                "The last run ended while it was making a key, and {id} came after it began. If \
                 nobody else made it, nobody has its secret. If somebody did, type 'theirs'."
            )
        };
        self.say(&line)?;
        if self.stops_before(&format!("delete {id}, after its last four characters are typed"))? {
            return Ok(Status::Findings);
        }
        let answer = self.cx.person.type_in("Delete it? Type its last four characters:")?;
        match answer.trim() {
            answer if answer == words::last_four(id) => {
                if let Some(record) = &pending.destination {
                    record.sweep_up();
                }
                self.remove(facts, id)
            }
            "theirs" if pending.key.is_none() => {
                self.forget(pending)?;
                self.say("It is not touched.")?;
                Ok(Status::Findings)
            }
            _ => self.not_confirmed(),
        }
    }

    fn not_confirmed(&mut self) -> Result<Status, Failure> {
        self.say("Nothing was deleted.")?;
        Ok(Status::Findings)
    }

    /// Deactivates a key and deletes it: no active key is ever deleted that could be in use.
    fn remove(&mut self, facts: &Facts, key: &str) -> Result<Status, Failure> {
        self.deactivate_other(facts, key)?;
        self.delete(facts, key)?;
        self.say("  deleted")?;
        self.say("")?;
        self.say("Run the same command again to make another one.")?;
        Ok(Status::Findings)
    }

    fn deactivate_other(&mut self, facts: &Facts, key: &str) -> Result<(), Failure> {
        let keys = self.cx.iam.access_keys(&facts.user)?;
        match keys.iter().find(|one| one.id == key) {
            Some(found) if found.status != KeyStatus::Inactive => self.deactivate(facts, key),
            _ => Ok(()),
        }
    }

    /// Gives the rotation up: the new key is deleted, if nothing uses it.
    pub(super) fn abandon(&mut self, facts: &Facts) -> Result<Status, Failure> {
        let Some(new) = facts.new.clone() else {
            return Err(Failure::refused(format!(
                "no key is known to take the place of {}: there is nothing to abandon",
                self.old
            )));
        };
        if facts.old.as_ref().is_none_or(|old| old.status != KeyStatus::Active) {
            return Err(Failure::refused(format!(
                "{} does not work: activate it first (keysweep activate {}), otherwise no key \
                 would remain",
                self.old, self.old
            )));
        }
        let Some(used) = &facts.new_used else {
            return Err(Failure::refused(format!(
                "it is not known whether {} is in use: its last use was not seen. Nothing was changed",
                new.id
            )));
        };
        let by_us = |at| {
            used.service.as_deref() == Some("sts")
                && new.created.is_some_and(|made| at < made + RECORDED)
        };
        if used.at.is_some_and(|at| !by_us(at)) {
            return Err(Failure::refused(format!(
                "{} is in use ({}): move that back to {} first. Nothing was changed",
                new.id,
                used_words(Some(used)),
                self.old
            )));
        }
        self.say("")?;
        if let Some(kept) = self.journal.known().kept {
            self.say(&format!(
                "{} is kept in {kept}, which will no longer work: the secret of {} is not put back \
                 there.",
                new.id, self.old
            ))?;
        }
        self.say(&format!(
            "Give the rotation up: delete {}. Only this command has used it.",
            new.id
        ))?;
        if self.stops_before(&format!("delete {}", new.id))? {
            return Ok(Status::Findings);
        }
        if !self.is_confirmed(&new.id)? {
            return Ok(Status::Findings);
        }
        self.begin(facts)?;
        self.deactivate_other(facts, &new.id)?;
        self.delete(facts, &new.id)?;
        self.undescribe(facts, &new.id);
        self.note(Event::Abandoned)?;
        self.say("  deleted")?;
        self.say(&format!("{} is as it was before the rotation began.", self.old))?;
        Ok(Status::Clean)
    }
}
