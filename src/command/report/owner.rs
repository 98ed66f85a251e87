//! The people who can act on a place of a finding.

use crate::finding::Occurrence;

/// The name for a place of which neither an owner nor an author is known.
pub const UNKNOWN: &str = "no known owner";

/// The code owners of a place or, if there are none, the author of the commit that brought the
/// credential there.
pub fn owners(place: &Occurrence) -> Vec<String> {
    if !place.origin.owners.is_empty() {
        return place.origin.owners.clone();
    }
    let author = place.origin.git.as_ref().and_then(|git| git.author.as_ref());
    match author {
        Some(author) => vec![format!("{} <{}>", author.name, author.email)],
        None => vec![UNKNOWN.to_owned()],
    }
}
