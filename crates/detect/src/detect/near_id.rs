//! Secrets next to an id that has no secret.
//!
//! Names may forbid to call two halves one key: another use, an old key, a token. But forty random
//! letters next to an id are never a coincidence to be silent about: they are reported at low, alone.

use super::item::{Item, Part};
use super::random::Strength;

/// Maximum number of lines between the two.
const LINES: usize = 4;
/// Maximum number of bytes between the two.
const BYTES: usize = 600;

/// Marks the secrets of no pair that are next to an id of no pair; `items` are sorted.
pub(super) fn mark(text: &[u8], items: &mut [Item], used: &[bool]) {
    let ids: Vec<(usize, usize)> = items
        .iter()
        .zip(used)
        .filter(|(item, used)| !**used && matches!(item.part, Part::Id { signs: false, .. }))
        .map(|(item, _)| (item.span.start, item.span.end))
        .collect();
    for (item, _) in items.iter_mut().zip(used).filter(|(_, used)| !**used) {
        if !matches!(item.part, Part::Secret { strength: Strength::Strong, .. }) {
            continue;
        }
        let next = ids.partition_point(|(_, end)| *end <= item.span.start);
        let before = next.checked_sub(1).map(|at| ids[at].1..item.span.start);
        let after = ids.get(next).map(|(start, _)| item.span.end..*start);
        let is_near = |gap: &std::ops::Range<usize>| {
            gap.len() <= BYTES
                && text
                    .get(gap.clone())
                    .is_some_and(|gap| memchr::memchr_iter(b'\n', gap).nth(LINES).is_none())
        };
        item.near_id = before.iter().chain(&after).any(is_near);
    }
}
