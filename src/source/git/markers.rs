//! Which marker counts for a place of history: the one that stands there at the tip.
//!
//! A place is told by the text that introduced its credential. Whoever settles it writes a marker
//! in a later commit, and whoever takes a marker away wants the finding back; so the text of the
//! tip decides as long as it holds the credential.

use crate::finding::Candidate;

/// The marker of a credential in a text; `None` unless each of its `places` in it has one.
pub(super) fn of<'a>(places: impl Iterator<Item = &'a Candidate>) -> Option<&'static str> {
    let mut own = places.map(|candidate| candidate.sighting.marker);
    let first = own.next()??;
    own.all(|marker| marker.is_some()).then_some(first)
}
