//! Which place of a file a service is to show for a hit.
//!
//! A service shows one version of a file: HEAD's, or the end of a range; and of a change only the
//! lines that it touched. Takes what was found in the blobs on both sides, gives a
//! [`Spot`] where that is another place than the one that was found.

use gix::ObjectId;
use gix::objs::Kind;

use super::objects::Objects;
use crate::finding::{Candidate, Spot};
use crate::line_hash;

/// The place of a credential in another version of the file, whose places of it are `there`;
/// `nth` says which of several places in the one is that in the other.
pub(super) fn in_version<'a>(
    there: impl Iterator<Item = &'a Candidate>,
    nth: usize,
) -> Option<Spot> {
    there.take(nth + 1).last().map(|place| place.sighting.spot())
}

/// Whether a pair's id stood in the file before, and its secret did not.
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

/// Points `spot`, a place in `blob`, at its secret.
pub(super) fn at_secret(objects: &Objects, blob: &ObjectId, spot: &Spot) -> Spot {
    let mut buffer = Vec::new();
    let read = matches!(objects.find(blob, &mut buffer), Ok(Some(Kind::Blob)));
    let line = spot.secret.map(|region| region.start.line).filter(|_| read);
    let line_hash = line.and_then(|line| line_hash::line_hashes(&buffer, &[line])[0]);
    let (id, secret) = (spot.id, spot.secret);
    Spot { id, secret, at_secret: true, snippet: String::new(), line_hash }
}
