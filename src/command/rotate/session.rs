//! A run: reads the state, prints it, and chooses the next step.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use keysweep_aws::{AccessKey, KeyStatus};
use keysweep_base::paths::canonical;

use super::facts::{self, Facts};
use super::journal::{Event, Head, Journal};
use super::places::{KeyPlace, Seen, reported};
use super::{Mode, RotateOptions};
use crate::act::facts::{status, used};
use crate::act::{Context, Failure};
use crate::run::Status;
use crate::text::{escape_line, escape_path};

/// A run.
pub(super) struct Session<'a, 'b> {
    pub(super) cx: &'a mut Context<'b>,
    pub(super) options: &'a RotateOptions<'a>,
    pub(super) journal: Journal,
    /// The key that leaves.
    pub(super) old: String,
    /// The lines that were printed already: `--watch` prints only new ones.
    said: HashSet<String>,
    /// There is nothing to do but wait.
    waiting: bool,
}

/// The places of the old key.
pub(super) struct Found {
    pub(super) places: Vec<KeyPlace>,
    /// The files and folders that were looked at.
    pub(super) looked: Vec<String>,
}

impl<'a, 'b> Session<'a, 'b> {
    pub(super) fn new(
        cx: &'a mut Context<'b>,
        options: &'a RotateOptions<'a>,
        journal: Journal,
    ) -> Self {
        let old = options.key.to_string();
        Self { cx, options, journal, old, said: HashSet::new(), waiting: false }
    }

    /// Looks, and does the next step.
    pub(super) fn run(&mut self) -> Result<Status, Failure> {
        self.waiting = false;
        let facts = facts::look(self.cx, &self.journal, self.options.key)?;
        self.show(&facts)?;
        self.follow(&facts)?;
        if let Some(pending) = self.journal.known().pending {
            return self.recover(&facts, &pending);
        }
        match self.options.mode {
            Mode::Abandon => self.abandon(&facts),
            Mode::Next | Mode::Status => self.next(&facts),
        }
    }

    /// True if only time is missing.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Notes that only time is missing; the status of such a run.
    pub(super) fn wait_for_time(&mut self) -> Status {
        self.waiting = true;
        Status::Findings
    }

    /// Waits; `false` if a signal arrived.
    pub(super) fn wait(&mut self, time: Duration) -> bool {
        self.cx.clock.sleep(time)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.cx.clock.now()
    }

    /// Prints a line, unless an earlier look of the same run printed it.
    pub(super) fn say(&mut self, line: &str) -> Result<(), Failure> {
        if self.said.contains(line) && self.options.watch.is_some() {
            return Ok(());
        }
        self.said.insert(line.to_owned());
        writeln!(self.cx.out, "{line}")?;
        self.cx.out.flush()?;
        Ok(())
    }

    /// True if nothing may be changed, as the options ask.
    pub(super) fn only_looks(&self) -> bool {
        self.cx.dry_run || self.options.mode == Mode::Status
    }

    /// Prints what would be done, if nothing may be changed.
    pub(super) fn stops_before(&mut self, step: &str) -> Result<bool, Failure> {
        let only_looks = self.only_looks();
        if only_looks {
            let head = if self.cx.dry_run { "--dry-run: this would be next" } else { "Next" };
            self.say(&format!("{head}: {step}"))?;
        }
        Ok(only_looks)
    }

    /// Notes an event in the journal.
    pub(super) fn note(&mut self, event: Event) -> Result<(), Failure> {
        let now = self.now();
        self.journal.note(now, event)?;
        Ok(())
    }

    /// Begins the journal, before the first change.
    pub(super) fn begin(&mut self, facts: &Facts) -> Result<(), Failure> {
        let account = &self.cx.acting.caller.account;
        let head = Head::new(&self.old, account, &facts.user, facts.user_id.clone());
        self.journal.begin(head)?;
        if facts.adopted
            && let Some(new) = &facts.new
            && self.journal.known().new.is_none()
        {
            self.note(Event::Adopted { key: new.id.clone() })?;
        }
        Ok(())
    }

    fn show(&mut self, facts: &Facts) -> Result<(), Failure> {
        let now = self.now();
        let account = self.cx.acting.caller.account.clone();
        self.say("")?;
        self.say(&self.old.clone())?;
        let user = escape_line(&facts.user);
        self.say(&format!("  owner      user {user} of account {account}"))?;
        match &facts.old {
            Some(old) => {
                self.say(&format!("  state      {}", status(old, now)))?;
                self.say(&format!("  last used  {}", used(Some(&facts.used))))?;
            }
            None => self.say("  state      deleted, by somebody else")?,
        }
        if let Some(new) = &facts.new {
            let used = used(facts.new_used.as_ref());
            let line = format!("{}, {}, last used {used}", new.id, status(new, now));
            self.say(&format!("  new key    {line}"))?;
        }
        for other in &facts.others {
            let line = format!("{}, {}", escape_line(&other.id), status(other, now));
            self.say(&format!("  other key  {line}"))?;
        }
        if self.cx.acting.key_id == self.old {
            self.say(
                "  signs      this very key signs the requests, which changes its last use; once \
                 inactive it cannot activate itself",
            )?;
        }
        facts.notes.iter().try_for_each(|note| self.say(&format!("  {note}")))
    }

    /// Notes what others did since the last run, so that dates are counted from when it was seen.
    pub(super) fn follow(&mut self, facts: &Facts) -> Result<(), Failure> {
        if self.only_looks() {
            return Ok(());
        }
        if facts.adopted && facts.new.is_some() {
            self.begin(facts)?;
        }
        let known = self.journal.known();
        if let Some(new) = known.new.filter(|_| facts.new.is_none()) {
            self.say(&format!("  {new}, which was to take its place, was deleted"))?;
            self.note(Event::Seen { key: new, status: "gone".to_owned() })?;
        }
        let seen = facts.old.as_ref().map(|old| &old.status);
        let changed = match seen {
            Some(KeyStatus::Active) => known.inactive.is_some(),
            Some(KeyStatus::Inactive) => known.inactive.is_none(),
            _ => false,
        };
        if let Some(status) = seen.filter(|_| changed) {
            let status = status.as_str().to_owned();
            self.note(Event::Seen { key: self.old.clone(), status })?;
        }
        let used = facts.used.at.map(|at| at.to_string());
        if used.is_some() && used != known.used {
            let (service, region) = (facts.used.service.clone(), facts.used.region.clone());
            self.note(Event::Used { date: used.unwrap_or_default(), service, region })?;
        }
        Ok(())
    }

    fn next(&mut self, facts: &Facts) -> Result<Status, Failure> {
        let Some(old) = facts.old.clone() else { return self.gone(facts) };
        let Some(new) = facts.new.clone() else {
            if !matches!(old.status, KeyStatus::Active | KeyStatus::Inactive) {
                return Err(self.no_known_state(&old));
            }
            return if facts.others.is_empty() { self.make(facts) } else { self.two_keys(facts) };
        };
        if new.status != KeyStatus::Active {
            self.say("")?;
            self.say(&format!(
                "{} is to take over and does not work: 'keysweep activate {}' first, or give the \
                 rotation up: keysweep rotate {} --abandon",
                new.id, new.id, self.old
            ))?;
            return Ok(Status::Findings);
        }
        match old.status {
            KeyStatus::Active => self.retire(facts, &new),
            KeyStatus::Inactive => self.finish(facts, &new),
            _ => Err(self.no_known_state(&old)),
        }
    }

    fn no_known_state(&self, key: &AccessKey) -> Failure {
        Failure::refused(format!(
            "{} has the state '{}', for which this version knows no step: nothing was changed",
            key.id,
            escape_line(key.status.as_str())
        ))
    }

    /// Somebody else deleted the key.
    fn gone(&mut self, facts: &Facts) -> Result<Status, Failure> {
        self.say("")?;
        let key = self.old.clone();
        if self.journal.head().is_none() {
            return Err(Failure::refused(format!("{key} is gone: there is nothing to rotate")));
        }
        if !self.only_looks() {
            self.note(Event::Seen { key: key.clone(), status: "gone".to_owned() })?;
        }
        let new = facts.new.as_ref().map(|new| format!(" {} took its place.", new.id));
        self.say(&format!("{key} was deleted by somebody else.{}", new.unwrap_or_default()))?;
        Ok(Status::Clean)
    }

    /// A user can't have three.
    pub(super) fn two_keys(&mut self, facts: &Facts) -> Result<Status, Failure> {
        self.say("")?;
        let user = crate::text::shell_word(&facts.user);
        let other = facts.others.first().map_or("", |key| key.id.as_str());
        let value =
            crate::text::shell_word(&format!("Key={other},Value={}", facts::tag_value(&self.old)));
        Err(Failure::refused(format!(
            "user {} already has another key, and a user can have two: decide about it by name. \
             If {other} is to take over: aws iam tag-user --user-name {user} --tags {value}. If \
             nothing needs it: keysweep deactivate {other}, and when nothing broke: aws iam \
             delete-access-key --user-name {user} --access-key-id {other}",
            escape_line(&facts.user)
        )))
    }

    /// Looks for the old key, in what was named or else where it was looked for before.
    pub(super) fn look(&mut self) -> Result<Found, Failure> {
        let mut paths = self.options.paths.clone();
        let mut missing = Vec::new();
        if let Some(report) = &self.options.report {
            let reported = reported(report, &self.old)?;
            paths.extend(reported.files);
            missing = reported.missing;
        }
        if paths.is_empty() && missing.is_empty() {
            paths = self.journal.known().looked.iter().map(PathBuf::from).collect();
        }
        let absent: Vec<PathBuf> = paths.iter().filter(|path| !path.exists()).cloned().collect();
        if let Some(path) = absent.iter().find(|path| self.options.paths.contains(path)) {
            let shown = escape_path(path.as_os_str().as_encoded_bytes());
            return Err(Failure::refused(format!("--in {shown}: there is no such file or folder")));
        }
        paths.retain(|path| !absent.contains(path));
        let seen = match paths.as_slice() {
            [] => Seen::default(),
            paths => self.options.look.look(paths, &self.old)?,
        };
        for path in &missing {
            self.say(&format!(
                "  not searched: {} (of the report) is not here",
                escape_line(path)
            ))?;
        }
        for problem in &seen.problems {
            self.say(&format!("  not searched: {}", escape_line(problem)))?;
        }
        let absolute = |path: PathBuf| canonical(&path).to_string_lossy().into_owned();
        let looked = paths.into_iter().map(absolute).collect();
        let found = Found { places: seen.places, looked };
        self.remember(&found)?;
        Ok(found)
    }

    /// Records the locations of the key, and where it was searched.
    pub(super) fn remember(&mut self, found: &Found) -> Result<(), Failure> {
        let known = self.journal.known();
        let is_known = known.places.as_ref() == Some(&found.places) && known.looked == found.looked;
        if self.only_looks() || is_known || found.looked.is_empty() {
            return Ok(());
        }
        let (places, looked) = (found.places.clone(), found.looked.clone());
        self.note(Event::Places { places, looked })
    }
}
