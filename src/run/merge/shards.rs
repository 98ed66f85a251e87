//! Finds missing shards of a divided sweep: a merge of the others would look complete.

use std::collections::{BTreeMap, BTreeSet};

/// A message for each number of shards of which some are missing. `shards` are the numbers of the
/// partials, each with the number of all.
pub(super) fn missing(shards: impl Iterator<Item = (u32, u32)>) -> Vec<String> {
    let mut by_count: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (number, count) in shards {
        by_count.entry(count).or_default().insert(number);
    }
    let messages = by_count.into_iter().filter_map(|(count, there)| {
        let first = (1..=count).find(|number| !there.contains(number))?;
        let missing = count as usize - there.len();
        let others = if missing > 1 { format!(" and {} more", missing - 1) } else { String::new() };
        Some(format!(
            "shard {first} of {count}{others}: no partial of it is here, so its targets are missing"
        ))
    });
    messages.collect()
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn the_first_missing_shard_is_named() {
        for (shards, expected) in [
            (&[][..], &[][..]),
            (&[(1, 1), (2, 3), (1, 3), (3, 3), (3, 3)], &[]),
            (&[(1, 2)], &["shard 2 of 2: "]),
            (&[(2, 4), (1, 2), (2, 2)], &["shard 1 of 4 and 2 more: "]),
            (
                &[(7, u32::MAX), (1, 3)],
                &["shard 2 of 3 and 1 more: ", "shard 1 of 4294967295 and "],
            ),
        ] {
            let found = missing(shards.iter().copied());
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (message, words) in found.iter().zip(expected) {
                assert!(message.starts_with(words), "{message}");
            }
        }
    }
}
