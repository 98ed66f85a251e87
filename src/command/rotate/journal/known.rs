//! The state of a rotation, from the lines of its journal.

use jiff::Timestamp;

use super::{Change, Event, JournalEntry};
use crate::command::rotate::destination::Record;
use crate::command::rotate::places::KeyPlace;

/// The state of a rotation, as far as its journal has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The key that leaves.
    pub old: String,
    /// The new key.
    pub new: Option<String>,
    /// The time at which it was made or adopted.
    pub made: Option<Timestamp>,
    /// The place of its secret, in words; `None` if nobody is known to have it.
    pub kept: Option<String>,
    /// A key whose making was begun and not finished.
    pub pending: Option<Pending>,
    /// The time at which the old key was deactivated, or seen to be inactive.
    pub inactive: Option<Timestamp>,
    /// The time at which the old key was deleted, or seen to be gone.
    pub gone: Option<Timestamp>,
    /// True if somebody else deleted it.
    pub gone_by_others: bool,
    /// The time at which the rotation was abandoned.
    pub abandoned: Option<Timestamp>,
    /// The locations of the old key at the last search.
    pub places: Option<Vec<KeyPlace>>,
    /// The files and folders that were looked at.
    pub looked: Vec<String>,
    /// The last use that was noted.
    pub used: Option<String>,
}

/// A key whose making was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The keys that the user had before.
    pub before: Vec<String>,
    /// Its id, if the answer came.
    pub key: Option<String>,
    /// The intended destination of its secret.
    pub destination: Option<Record>,
    /// True if keeping it was begun.
    pub storing: bool,
}

impl Known {
    /// Reads the lines of the journal of `old` in their order.
    pub fn of(entries: &[JournalEntry], old: &str) -> Self {
        let mut known = Self { old: old.to_owned(), ..Self::default() };
        for entry in entries {
            known.add(entry.at.parse().ok(), &entry.event);
        }
        known
    }

    fn add(&mut self, at: Option<Timestamp>, event: &Event) {
        match event {
            Event::Intend { change, known, destination, .. } => match change {
                Change::Create => {
                    self.pending = Some(Pending {
                        before: known.clone(),
                        key: None,
                        destination: destination.clone(),
                        storing: false,
                    });
                }
                Change::Store => self.pending.iter_mut().for_each(|one| one.storing = true),
                _ => {}
            },
            Event::Done { change, key, .. } => self.done(at, *change, key),
            Event::Failed { change: Change::Create, .. } => self.pending = None,
            Event::Seen { key, status } => self.seen(at, key, status),
            Event::Adopted { key } => {
                (self.new, self.made) = (Some(key.clone()), at);
            }
            Event::Places { places, looked } => {
                (self.places, self.looked) = (Some(places.clone()), looked.clone());
            }
            Event::Used { date, .. } => self.used = Some(date.clone()),
            Event::Abandoned => {
                (self.new, self.kept, self.made, self.abandoned) = (None, None, None, at);
            }
            Event::Failed { .. } | Event::Unknown { .. } => {}
        }
    }

    fn done(&mut self, at: Option<Timestamp>, change: Change, key: &str) {
        match change {
            Change::Create => {
                self.abandoned = None;
                self.made = at;
                self.pending.iter_mut().for_each(|one| one.key = Some(key.to_owned()));
            }
            Change::Store => {
                let pending = self.pending.take();
                let words = pending.and_then(|one| one.destination).map(|record| record.words);
                (self.new, self.kept) = (Some(key.to_owned()), words);
            }
            Change::Deactivate if key == self.old => self.inactive = at,
            Change::Delete if self.is_unkept(key) => self.pending = None,
            Change::Delete if self.new.as_deref() == Some(key) => self.new = None,
            Change::Delete if key == self.old => self.gone = at,
            Change::Delete | Change::Deactivate | Change::Tag | Change::Untag => {}
        }
    }

    /// True if it is the key that was made and not kept.
    fn is_unkept(&self, key: &str) -> bool {
        self.pending.as_ref().is_some_and(|one| {
            one.key.as_deref().map_or(!one.before.iter().any(|known| known == key), |id| id == key)
        })
    }

    fn seen(&mut self, at: Option<Timestamp>, key: &str, status: &str) {
        let new = self.new.as_deref() == Some(key);
        match status {
            "gone" if new => (self.new, self.kept, self.made) = (None, None, None),
            "gone" if self.is_unkept(key) => self.pending = None,
            _ if key != self.old => {}
            "gone" => (self.gone, self.gone_by_others) = (at, true),
            "Active" => self.inactive = None,
            _ => self.inactive = at,
        }
    }
}
