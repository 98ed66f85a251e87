//! The bounds of the names that lead to a finding. Their author chooses their length, and a pack or a
//! zip may compress them a thousandfold, so each is bounded before it is kept, searched for secrets,
//! and written to a report.

use crate::scan::Hit;
use crate::text::{shorten, shorten_text};

/// Longest path: checkouts on macOS and Windows have no longer ones.
const PATH: usize = 2 << 10;
/// Longest name of a member, a ref, a person or a target.
pub(super) const NAME: usize = 512;

/// A hit whose names are bounded.
pub(super) fn bounded(mut hit: Hit) -> Hit {
    let origin = &mut hit.origin;
    if let Some(path) = &mut origin.path
        && let Some(shorter) = shorten(path, PATH)
    {
        *path = shorter;
    }
    let names = origin.inside.iter_mut().chain(&mut hit.candidate.inside).chain(&mut origin.target);
    names.for_each(|name| shorten_text(name, NAME));
    if let Some(git) = &mut origin.git {
        git.refs.iter_mut().for_each(|name| shorten_text(name, NAME));
        for person in git.author.iter_mut().chain(&mut git.committer) {
            shorten_text(&mut person.name, NAME);
            shorten_text(&mut person.email, NAME);
        }
    }
    hit
}
