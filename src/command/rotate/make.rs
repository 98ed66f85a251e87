//! Step 1: the second key is made, tried and stored. Until then its secret exists in this process
//! alone, so everything that can be refused is refused before.

use std::time::Duration;

use keysweep_aws::{AccessKey, CreatedKey, Error, Tag};

use super::destination::{Destination, NewKey};
use super::facts::{Facts, look_again, tag_value};
use super::journal::{Change, Event};
use super::places::KeyPlace;
use super::session::{Found, Session};
use crate::act::Failure;
use crate::run::Status;
use crate::text::escape_line;

/// The seconds for which a new key may be refused: most work after 3, all that were reported after 15.
const PATIENCE: u64 = 60;

/// AWS attaches a policy of this name to the user of a key that it found in public.
const QUARANTINE: &str = "AWSCompromisedKeyQuarantine";

impl Session<'_, '_> {
    /// Makes the second key.
    pub(super) fn make(&mut self, facts: &Facts) -> Result<Status, Failure> {
        let found = self.look()?;
        self.list_places(&found)?;
        self.quarantine(facts)?;
        let user = escape_line(&facts.user);
        self.say("")?;
        self.say(&format!(
            "Step 1 of 6: make a second key for {user}. Both work from then on, so nothing is \
             interrupted."
        ))?;
        let Some(wanted) = &self.options.destination else {
            if self.stops_before(&format!("make a second key for {user}"))? {
                return Ok(Status::Findings);
            }
            return Err(Failure::refused(
                "name where the secret of the new key goes before it is made: --to-profile NAME, \
                 --to-file FILE or --to-command COMMAND",
            ));
        };
        let mut destination = Destination::prepare(wanted, &self.options.files, &self.old)?;
        self.say(&format!("Its secret goes to {} and nowhere else.", destination.describe()))?;
        if let Some(note) = destination.note() {
            self.say(&format!("Note: {note}."))?;
        }
        if self.stops_before(&format!("make a second key for {user}"))? {
            return Ok(Status::Findings);
        }
        if !self.cx.person.confirm("Make it?")? {
            self.say("Nothing was changed.")?;
            return Ok(Status::Findings);
        }
        // The journal is locked from here on: no other run works on this key.
        self.begin(facts)?;
        self.follow(facts)?;
        self.remember(&found)?;
        destination.open()?;
        let created = self.create(facts, &destination)?;
        self.keep(facts, &created, destination)?;
        self.describe(facts, &created.key.id);
        self.after_step_1(&found, &created.key.id)
    }

    fn list_places(&mut self, found: &Found) -> Result<(), Failure> {
        if found.looked.is_empty() {
            return self.say("\nNo place was searched: --in PATH looks for the key in files.");
        }
        let count = found.places.len();
        match count {
            0 => self.say("\nIt was not found in the searched places.")?,
            1 => self.say("\nIt was found in 1 place:")?,
            _ => self.say(&format!("\nIt was found in {count} places:"))?,
        }
        found.places.iter().try_for_each(|place| self.say(&format!("  {place}")))?;
        self.say("  Not searched: CI variables, secret stores, other machines.")?;
        let leaked = |place: &&KeyPlace| place.holds.must_move() && place.is_tracked();
        if let Some(place) = found.places.iter().find(leaked) {
            self.say(&format!(
                "\ngit tracks {}, so whoever has the repository has the secret. That is a leak: \
                 first 'keysweep deactivate {}', unless its access is harmless.",
                place.path, self.old
            ))?;
        }
        Ok(())
    }

    /// Says so if AWS itself knows of a leak: then the key must not stay active for days.
    fn quarantine(&mut self, facts: &Facts) -> Result<(), Failure> {
        let attached = match self.cx.iam.attached_policies(&facts.user) {
            Ok(attached) => attached,
            Err(Error::AccessDenied { .. }) => {
                return self.say(
                    "  not seen: iam:ListAttachedUserPolicies is not allowed, by which AWS marks a \
                     leak that it knows of",
                );
            }
            Err(error) => return Err(error.into()),
        };
        let Some(policy) = attached.iter().find(|one| one.name.starts_with(QUARANTINE)) else {
            return Ok(());
        };
        let line = format!(
            "\nAWS attached {} to the user: it found the key in public. That is a leak: first \
             'keysweep deactivate {}', then rotate it.",
            escape_line(&policy.name),
            self.old
        );
        self.say(&line)
    }

    fn create(&mut self, facts: &Facts, destination: &Destination) -> Result<CreatedKey, Failure> {
        let keys = facts.old.iter().chain(&facts.new).chain(&facts.others);
        let known: Vec<String> = keys.map(|key| key.id.clone()).collect();
        let destination = Some(destination.record());
        let change = Change::Create;
        self.note(Event::Intend { change, key: None, known: known.clone(), destination })?;
        match self.cx.iam.create_access_key(&facts.user) {
            Ok(created) => {
                let (key, request) = (created.key.id.clone(), created.request_id.clone());
                let noted = self.note(Event::Done { change, key, request });
                match noted {
                    Ok(()) => self.say(&format!("  made      {}", created.key.id))?,
                    // Without the line the next run would not know the key.
                    Err(why) => return Err(self.undo(facts, &created.key, &why.to_string())),
                }
                Ok(created)
            }
            Err(Error::OutcomeUnknown { why, .. }) => {
                self.note(Event::Unknown { change, why: why.clone() })?;
                Err(self.lost_answer(facts, &known, &why)?)
            }
            Err(error) => {
                self.note(Event::Failed { change, why: error.to_string() })?;
                Err(error.into())
            }
        }
    }

    /// The failure if CreateAccessKey was not answered, with the key that may exist now.
    fn lost_answer(
        &mut self,
        facts: &Facts,
        known: &[String],
        why: &str,
    ) -> Result<Failure, Failure> {
        let is_new = |key: &&AccessKey| !known.contains(&key.id);
        let seen = |keys: &[AccessKey]| keys.iter().any(|key| is_new(&key));
        let keys = look_again(self.cx, &facts.user, &seen)?;
        let found = keys.iter().find(is_new).map(|key| key.id.clone());
        let what = match found {
            Some(id) => format!(
                "key {id} is there now, and its secret was in the answer: unless somebody else \
                 made it, nobody has its secret"
            ),
            None => "no new key is listed so far".to_owned(),
        };
        Ok(Failure::incomplete(format!(
            "it is not known whether a key was made ({}); {what}. The request was not repeated. Run \
             the same command again: it looks, and cleans up",
            escape_line(why)
        )))
    }

    /// Tries the new key and stores its secret; if that fails, the key is deleted again.
    fn keep(
        &mut self,
        facts: &Facts,
        created: &CreatedKey,
        destination: Destination,
    ) -> Result<(), Failure> {
        match self.try_it(facts, created) {
            Ok(0) => self.say("  tried     works at once")?,
            Ok(seconds) => {
                self.say(&format!("  tried     works, {seconds} s after it was made"))?;
            }
            Err(why) => return Err(self.undo(facts, &created.key, &why)),
        }
        let key = created.key.id.clone();
        let change = Change::Store;
        let intend =
            Event::Intend { change, key: Some(key.clone()), known: Vec::new(), destination: None };
        if let Err(why) = self.note(intend) {
            return Err(self.undo(facts, &created.key, &why.to_string()));
        }
        let place = destination.describe();
        let new = NewKey {
            user: &facts.user,
            id: &key,
            secret: &created.secret,
            created: created.key.created,
        };
        if let Err(why) = destination.store(&new) {
            let why = why.to_string();
            return Err(self.undo(facts, &created.key, &why));
        }
        self.say(&format!("  kept      {place}"))?;
        // It is kept: if this line can't be written, the next run finds it where it was to go.
        let noted = self.note(Event::Done { change, key, request: None });
        noted.map_err(Failure::after_a_change)
    }

    /// The seconds until the new key worked, as a key of the same user.
    fn try_it(&mut self, facts: &Facts, created: &CreatedKey) -> Result<u64, String> {
        let mut last = String::new();
        for seconds in 0..=PATIENCE {
            match self.cx.iam.caller_with(&created.key.id, &created.secret) {
                Ok(caller) => {
                    let name = caller.arn.rsplit('/').next().unwrap_or_default();
                    let same = match &facts.user_id {
                        Some(id) => *id == caller.user_id,
                        None => name == facts.user,
                    };
                    let other = || format!("STS takes it for {}", escape_line(&caller.arn));
                    return if same { Ok(seconds) } else { Err(other()) };
                }
                Err(error) => last = error.to_string(),
            }
            if seconds < PATIENCE && !self.cx.clock.sleep(Duration::from_secs(1)) {
                return Err("interrupted before it worked".to_owned());
            }
        }
        Err(format!("it did not work within {PATIENCE} s: {last}"))
    }

    /// Deletes a key whose secret nobody has, which restores the state before.
    fn undo(&mut self, facts: &Facts, key: &AccessKey, why: &str) -> Failure {
        let (id, old) = (&key.id, self.old.clone());
        let what = format!("its secret could not be kept ({why}):");
        let change = Change::Delete;
        // The journal may be the very thing that can't be written.
        let intend =
            Event::Intend { change, key: Some(id.clone()), known: Vec::new(), destination: None };
        let _ = self.note(intend);
        match self.cx.iam.delete_access_key(&facts.user, id) {
            Ok(request) => {
                let _ = self.note(Event::Done { change, key: id.clone(), request });
                Failure::incomplete(format!("{what} {id} is deleted again, and {old} is as it was"))
            }
            Err(error) => {
                let _ = self.note(Event::Unknown { change, why: error.to_string() });
                Failure::incomplete(format!(
                    "{what} and {id} could not be deleted again ({error}). Nobody has its secret. \
                     Run the same command again: it looks, and cleans up"
                ))
            }
        }
    }

    /// Lets somebody else continue, by a tag that the console shows as the key's description.
    pub(super) fn describe(&mut self, facts: &Facts, new: &str) {
        let value = tag_value(&self.old);
        let change = Change::Tag;
        let key = Some(new.to_owned());
        let _ = self.note(Event::Intend { change, key, known: Vec::new(), destination: None });
        let tag = Tag { key: new.to_owned(), value: value.clone() };
        let line = match self.cx.iam.tag_user(&facts.user, &tag) {
            Ok(()) => {
                let key = new.to_owned();
                let _ = self.note(Event::Done { change, key, request: None });
                format!("  described as '{value}'")
            }
            Err(error) => {
                let _ = self.note(Event::Failed { change, why: error.to_string() });
                format!(
                    "  not described ({}): the next person needs the journal, {}",
                    escape_line(&error.to_string()),
                    self.journal.place()
                )
            }
        };
        let _ = self.say(&line);
    }

    fn after_step_1(&mut self, found: &Found, new: &str) -> Result<Status, Failure> {
        self.say("")?;
        if found.places.is_empty() {
            self.say(&format!(
                "Step 2 of 6: move whatever uses {} to {new}, then run the same command again.",
                self.old
            ))?;
            return Ok(Status::Findings);
        }
        self.say(&format!("Step 2 of 6: move these to {new}, then run the same command again:"))?;
        // The destination itself may have been one of them.
        let again = self.look()?;
        again.places.iter().try_for_each(|place| self.say(&format!("  {place}")))?;
        if again.places.is_empty() {
            self.say("  none in the searched places")?;
        }
        Ok(Status::Findings)
    }
}
