//! All places of a finding, including those that are not in memory.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::{Finding, Occurrence};

/// The places of a finding outside of memory.
pub trait PlaceSource: fmt::Debug + Send + Sync {
    /// Reads all of them, in the order of a finding's occurrences.
    fn read(&self) -> Box<dyn Iterator<Item = io::Result<Occurrence>> + '_>;
}

/// The places of a finding that are not all in memory.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Reads the places.
    pub source: Arc<dyn PlaceSource>,
    /// The number of places.
    pub count: u64,
    /// The targets of the places, each once.
    pub targets: BTreeSet<Option<Arc<str>>>,
    /// Mail address and name of the authors at the places, each once.
    pub authors: BTreeSet<(Arc<str>, Arc<str>)>,
}

impl Finding {
    /// All places: those in memory, or read one after the other.
    pub fn places(&self) -> Box<dyn Iterator<Item = io::Result<Cow<'_, Occurrence>>> + '_> {
        match &self.stored {
            Some(stored) => Box::new(stored.source.read().map(|place| place.map(Cow::Owned))),
            None => Box::new(self.occurrences.iter().map(|place| Ok(Cow::Borrowed(place)))),
        }
    }

    /// The number of all places.
    pub fn place_count(&self) -> u64 {
        self.stored.as_ref().map_or(self.occurrences.len() as u64, |stored| stored.count)
    }

    /// The targets of a sweep that contain it.
    pub fn targets(&self) -> BTreeSet<Option<&str>> {
        match &self.stored {
            Some(stored) => stored.targets.iter().map(Option::as_deref).collect(),
            None => self.occurrences.iter().map(|place| place.origin.target.as_deref()).collect(),
        }
    }

    /// Mail address and name of the authors of the commits that added it.
    pub fn authors(&self) -> BTreeSet<(&str, &str)> {
        match &self.stored {
            Some(stored) => {
                stored.authors.iter().map(|(email, name)| (&**email, &**name)).collect()
            }
            None => self.occurrences.iter().filter_map(Occurrence::author).collect(),
        }
    }
}

impl Occurrence {
    /// Mail address and name of the author of the commit that added it.
    pub fn author(&self) -> Option<(&str, &str)> {
        let author = self.origin.git.as_ref()?.author.as_ref()?;
        Some((&author.email, &author.name))
    }
}
