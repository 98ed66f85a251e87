//! Steps 2 to 6: programs move to the new key, the old one rests, is deactivated, waits, is deleted.

use jiff::SignedDuration;
use keysweep_aws::{AccessKey, Error, KeyStatus, NewStatus};

use super::facts::{Facts, look_again};
use super::journal::{Change, Event};
use super::session::Session;
use super::words;
use crate::act::Failure;
use crate::act::facts::used as used_words;
use crate::run::Status;
use crate::text::escape_line;

/// AWS shows a use within this time.
const SHOWN_WITHIN: SignedDuration = SignedDuration::from_hours(4);

impl Session<'_, '_> {
    /// Steps 2 to 4: both keys work.
    pub(super) fn retire(&mut self, facts: &Facts, new: &AccessKey) -> Result<Status, Failure> {
        self.say("")?;
        self.say_step_1(new)?;
        if !self.is_moved(new)? {
            return Ok(Status::Findings);
        }
        if !self.rests(facts, new)? {
            return Ok(self.wait_for_time());
        }
        let old = self.old.clone();
        self.say("")?;
        self.say(&format!(
            "Step 4 of 6: deactivate {old}. Programs that still use it stop working; \
             'keysweep activate {old}' undoes that."
        ))?;
        if self.stops_before(&format!("deactivate {old}"))? {
            return Ok(Status::Findings);
        }
        if !self.cx.person.confirm("Deactivate it?")? {
            self.say("Nothing was changed.")?;
            return Ok(Status::Findings);
        }
        self.begin(facts)?;
        self.deactivate(facts, &old)?;
        self.say("  inactive")?;
        let until = words::day(self.now() + self.options.hold);
        self.say("")?;
        self.say(&format!(
            "Step 5 of 6: watch. If nothing breaks until {until}, run the same command again to \
             delete it."
        ))?;
        Ok(self.wait_for_time())
    }

    fn say_step_1(&mut self, new: &AccessKey) -> Result<(), Failure> {
        let known = self.journal.known();
        let made = new.created.or(known.made).map(words::date);
        let made = made.map(|made| format!(" made {made}")).unwrap_or_default();
        let kept = match known.kept {
            Some(place) => format!(", kept in {place}"),
            None => ", by somebody else: the user's tag says so".to_owned(),
        };
        self.say(&format!("step 1  {}{made}{kept}", new.id))
    }

    /// True if nothing that was looked at holds the old key with its secret.
    fn is_moved(&mut self, new: &AccessKey) -> Result<bool, Failure> {
        let found = self.look()?;
        if found.looked.is_empty() {
            self.say(
                "step 2  no place was searched (--in PATH), so it is not known whether all was moved",
            )?;
            return Ok(true);
        }
        if found.places.is_empty() {
            self.say("step 2  no searched place holds the old key any more")?;
            return Ok(true);
        }
        let held = found.places.iter().any(|place| place.holds.must_move());
        let (old, new) = (&self.old, &new.id);
        let line = if held {
            format!("\nStep 2 of 6: move these to {new}, then run the same command again:")
        } else {
            format!("step 2  {old} is still named in places, without its secret:")
        };
        self.say(&line)?;
        found.places.iter().try_for_each(|place| self.say(&format!("  {place}")))?;
        Ok(!held)
    }

    /// True if the old key was not used for long enough.
    fn rests(&mut self, facts: &Facts, new: &AccessKey) -> Result<bool, Failure> {
        let now = self.now();
        let made = new.created.or(self.journal.known().made).unwrap_or(now);
        let used = facts.used.at.filter(|used| *used > made);
        if used.is_some() {
            let by = used_words(Some(&facts.used));
            self.say(&format!("step 3  the old key was used after the new one was made: {by}"))?;
            let region = facts.used.region.as_deref().unwrap_or("REGION");
            let attribute = format!("AttributeKey=AccessKeyId,AttributeValue={}", self.old);
            self.say(&format!(
                "        from where: aws cloudtrail lookup-events --region {} \
                 --lookup-attributes {attribute}",
                crate::text::shell_word(region)
            ))?;
        }
        let since = used.unwrap_or(made);
        let rest = self.options.rest;
        let due = since + rest;
        let passed = now.duration_since(since);
        if rest < SHOWN_WITHIN {
            self.say(
                "        AWS shows a use up to four hours after it: --rest is shorter than that",
            )?;
        }
        if now < due {
            self.say("")?;
            self.say(&format!(
                "Step 3 of 6: wait. Since {} no use of {} is known; run the same command again on \
                 {} (--rest {}), or let it look by itself: --watch. What runs once a week or a \
                 month needs longer.",
                words::date(since),
                self.old,
                words::date(due),
                words::length(rest)
            ))?;
            return Ok(false);
        }
        self.say(&format!(
            "step 3  since {} no use of it is known: {}",
            words::date(since),
            words::length(passed)
        ))?;
        Ok(true)
    }

    /// Gives a key the status Inactive; an answer that was lost is looked up.
    pub(super) fn deactivate(&mut self, facts: &Facts, key: &str) -> Result<(), Failure> {
        let change = Change::Deactivate;
        let id = Some(key.to_owned());
        self.note(Event::Intend { change, key: id, known: Vec::new(), destination: None })?;
        let request = match self.cx.iam.update_access_key(&facts.user, key, NewStatus::Inactive) {
            Ok(request) => request,
            Err(Error::OutcomeUnknown { why, .. }) => {
                self.note(Event::Unknown { change, why: why.clone() })?;
                let is_done = |keys: &[AccessKey]| {
                    keys.iter().any(|one| one.id == key && one.status == KeyStatus::Inactive)
                };
                if !is_done(&look_again(self.cx, &facts.user, &is_done)?) {
                    return Err(unknown("deactivated", key, &why));
                }
                None
            }
            Err(error) => {
                self.note(Event::Failed { change, why: error.to_string() })?;
                return Err(error.into());
            }
        };
        self.note(Event::Done { change, key: key.to_owned(), request })
    }

    /// Deletes a key; a lost answer is looked up. The key is inactive, and its last characters were
    /// typed.
    pub(super) fn delete(&mut self, facts: &Facts, key: &str) -> Result<(), Failure> {
        let change = Change::Delete;
        let id = Some(key.to_owned());
        self.note(Event::Intend { change, key: id, known: Vec::new(), destination: None })?;
        let request = match self.cx.iam.delete_access_key(&facts.user, key) {
            Ok(request) => request,
            // Somebody else deleted it, or an earlier answer was lost.
            Err(Error::NotFound { .. }) => None,
            Err(Error::OutcomeUnknown { why, .. }) => {
                self.note(Event::Unknown { change, why: why.clone() })?;
                let is_done = |keys: &[AccessKey]| keys.iter().all(|one| one.id != key);
                if !is_done(&look_again(self.cx, &facts.user, &is_done)?) {
                    return Err(unknown("deleted", key, &why));
                }
                None
            }
            Err(error) => {
                self.note(Event::Failed { change, why: error.to_string() })?;
                return Err(error.into());
            }
        };
        self.note(Event::Done { change, key: key.to_owned(), request })
    }

    /// Asks for the last four characters of a key that is to be deleted.
    pub(super) fn is_confirmed(&mut self, key: &str) -> Result<bool, Failure> {
        let answer = self.cx.person.type_in("Type its last four characters to delete it:")?;
        if answer.trim() == words::last_four(key) {
            return Ok(true);
        }
        self.say("These are not its last four characters: nothing was deleted.")?;
        Ok(false)
    }

    /// Steps 5 and 6: the old key is inactive.
    pub(super) fn finish(&mut self, facts: &Facts, new: &AccessKey) -> Result<Status, Failure> {
        let old = self.old.clone();
        self.say("")?;
        self.say_step_1(new)?;
        let now = self.now();
        let noted = self.journal.known().inactive;
        let used = facts.used.at.filter(|used| noted.is_some_and(|noted| *used > noted));
        if used.is_some() {
            let by = used_words(Some(&facts.used));
            self.say(&format!("step 5  something tried to use it after that: {by}"))?;
        }
        let since = used.or(noted).unwrap_or(now);
        let due = since + self.options.hold;
        let known = if noted.is_some() { "inactive since" } else { "inactive, seen first" };
        self.say(&format!("step 4  {old} {known} {}", words::date(noted.unwrap_or(now))))?;
        if now < due {
            self.say("")?;
            self.say(&format!(
                "Step 5 of 6: watch. If nothing breaks until {}, run the same command again to \
                 delete it (--hold {}). 'keysweep activate {old}' undoes the deactivation.",
                words::day(due),
                words::length(self.options.hold)
            ))?;
            return Ok(self.wait_for_time());
        }
        self.say("")?;
        self.say(&format!("Step 6 of 6: delete {old}. This can't be undone."))?;
        if self.stops_before(&format!("delete {old}, after its last four characters are typed"))? {
            return Ok(Status::Findings);
        }
        if !self.is_confirmed(&old)? {
            return Ok(Status::Findings);
        }
        self.begin(facts)?;
        // Somebody may have activated it while the question was open.
        let keys = self.cx.iam.access_keys(&facts.user)?;
        if keys.iter().any(|key| key.id == old && key.status != KeyStatus::Inactive) {
            return Err(Failure::refused(format!(
                "{old} is no longer inactive: somebody activated it. Nothing was deleted"
            )));
        }
        self.delete(facts, &old)?;
        self.say("  deleted")?;
        self.undescribe(facts, &new.id);
        self.last_words(facts, new)
    }

    /// Removes the tag that lets a second person continue.
    pub(super) fn undescribe(&mut self, facts: &Facts, new: &str) {
        let change = Change::Untag;
        let event = match self.cx.iam.untag_user(&facts.user, new) {
            Ok(()) => Event::Done { change, key: new.to_owned(), request: None },
            Err(error) => Event::Failed { change, why: error.to_string() },
        };
        let _ = self.note(event);
    }

    fn last_words(&mut self, facts: &Facts, new: &AccessKey) -> Result<Status, Failure> {
        let user = escape_line(&facts.user);
        let (old, new, place) = (self.old.clone(), &new.id, self.journal.place());
        let only =
            if facts.others.is_empty() { "is the only key" } else { "takes its place as a key" };
        self.say("")?;
        self.say(&format!(
            "{old} is rotated: {new} {only} of {user}. What was done and when: {place}"
        ))?;
        Ok(Status::Clean)
    }
}

fn unknown(what: &str, key: &str, why: &str) -> Failure {
    Failure::incomplete(format!(
        "it is not known whether {key} was {what} ({}), and a list does not show it so far. The \
         request was not repeated. Run the same command again: it looks first",
        escape_line(why)
    ))
}
