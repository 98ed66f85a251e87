//! Selects the marker of a place in history: the one at the tip.
//!
//! A place is reported with the text that introduced its credential. A marker is added in a later
//! commit, and removing it makes the finding count again; so the text at the tip decides as long as
//! it contains the credential.

use crate::finding::Candidate;

/// The marker of a credential in a text; `None` unless each of its `places` has one.
pub(super) fn of<'a>(places: impl Iterator<Item = &'a Candidate>) -> Option<&'static str> {
    let mut own = places.map(|candidate| candidate.sighting.marker);
    let first = own.next()??;
    own.all(|marker| marker.is_some()).then_some(first)
}
