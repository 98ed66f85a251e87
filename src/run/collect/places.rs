//! The places of a finding that stay in memory.

use crate::finding::{Confidence, Occurrence};
use crate::suppress;

/// The first places, and those by which a finding is judged: whether it is present, whether markers
/// suppress it, its evidence and its partition.
pub(super) struct Few {
    pub(super) places: Vec<Occurrence>,
    each: usize,
    confidence: Confidence,
    /// The facts that a place before has.
    known: [bool; FACTS],
}

/// The number of facts.
const FACTS: usize = 7;

impl Few {
    /// The first `each` places of a finding of this confidence.
    pub(super) fn new(each: usize, confidence: Confidence) -> Self {
        Self { places: Vec::new(), each, confidence, known: [false; FACTS] }
    }

    /// Adds the next place.
    pub(super) fn add(&mut self, place: Occurrence) {
        let facts = self.facts(&place);
        let is_first = facts.iter().zip(&self.known).any(|(now, before)| *now && !before);
        if self.places.len() < self.each || is_first {
            self.places.push(place);
        }
        self.known.iter_mut().zip(facts).for_each(|(known, now)| *known |= now);
    }

    /// The facts that the first place of a kind decides; see `Finding::is_present`,
    /// `Finding::evidence`, `suppress::apply` and the remedy.
    fn facts(&self, place: &Occurrence) -> [bool; FACTS] {
        let sighting = &place.sighting;
        let (in_tree, unmarked) = (suppress::in_tree(place), sighting.marker.is_none());
        let is_explained = sighting.evidence.is_some();
        [
            place.origin.is_present(),
            in_tree,
            unmarked,
            in_tree && unmarked,
            is_explained,
            is_explained && place.confidence == self.confidence,
            sighting.partition.is_some(),
        ]
    }
}
