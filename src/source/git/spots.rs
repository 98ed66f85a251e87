//! Finds the place of a hit in the version of a file that a code host shows.
//!
//! A code host shows one version of a file, that of HEAD or of the end of a range; for a change it
//! shows only the changed lines. The result is a [`Spot`] if that place differs from the one that
//! was found.

use gix::ObjectId;
use gix::objs::Kind;

use super::objects::Objects;
use crate::finding::{Candidate, Spot};
use crate::line_hash;

/// The place of a credential in another version of the file, where its places are `there`; `nth` is
/// the index of the place among several.
pub(super) fn in_version<'a>(
    there: impl Iterator<Item = &'a Candidate>,
    nth: usize,
) -> Option<Spot> {
    there.take(nth + 1).last().map(|place| place.sighting.spot())
}

/// True if a pair's id was in the file before, and its secret was not.
pub(super) fn adds_secret_alone<'a>(
    pair: &Candidate,
    before: impl Iterator<Item = &'a Candidate>,
) -> bool {
    let (id, secret) = (&pair.credential.key_id, &pair.credential.secret);
    if pair.sighting.id.is_none() || pair.sighting.secret.is_none() {
        return false;
    }
    let (mut had_id, mut had_secret) = (false, false);
    for known in before {
        had_id |= known.credential.key_id == *id;
        had_secret |= known.credential.secret == *secret;
    }
    had_id && !had_secret
}

/// Moves `spot`, a place in `blob`, to its secret.
pub(super) fn at_secret(objects: &Objects, blob: &ObjectId, spot: &Spot) -> Spot {
    let mut buffer = Vec::new();
    let read = matches!(objects.find(blob, &mut buffer), Ok(Some(Kind::Blob)));
    let line = spot.secret.map(|region| region.start.line).filter(|_| read);
    let line_hash = line.and_then(|line| line_hash::line_hashes(&buffer, &[line])[0]);
    let (id, secret) = (spot.id, spot.secret);
    Spot { id, secret, at_secret: true, snippet: String::new(), line_hash }
}
