//! A sorted list of object ids, numbered, with fast lookup.
//!
//! Ids are hashes, so their first bits spread them evenly over buckets, and a lookup reads one
//! bucket and one or two ids. A forged index may put many ids into one bucket: a binary search
//! bounds the lookup then. A hash table would take twice the memory.

use gix::ObjectId;
use gix::hash::oid;

/// The greatest number of bits that select a bucket.
const MOST_BITS: u32 = 24;

/// Sorted ids; the number of an id is its position.
#[derive(Default)]
pub struct SortedIds {
    ids: Vec<ObjectId>,
    /// For each bucket, the number of its first id; one more at the end.
    first: Vec<u32>,
    /// The bits of the first four bytes that do not select a bucket.
    shift: u32,
}

impl SortedIds {
    /// Creates the list from `ids`, which must be sorted and without duplicates.
    pub fn new(ids: Vec<ObjectId>) -> Self {
        let bits = ids.len().checked_ilog2().unwrap_or(0).min(MOST_BITS);
        let shift = 32 - bits;
        let mut first = Vec::with_capacity((1 << bits) + 1);
        for (number, id) in ids.iter().enumerate() {
            let number = u32::try_from(number).expect("fewer than 2^32 ids");
            let bucket = bucket(id, shift);
            first.resize(first.len().max(bucket + 1), number);
        }
        first.resize((1 << bits) + 1, u32::try_from(ids.len()).expect("fewer than 2^32 ids"));
        Self { ids, first, shift }
    }

    /// The number of an id; `None` if it is not in the list.
    pub fn find(&self, id: &oid) -> Option<u32> {
        let bucket = bucket(id, self.shift);
        let start = *self.first.get(bucket)?;
        let ids = self.ids.get(start as usize..*self.first.get(bucket + 1)? as usize)?;
        let at = ids.binary_search_by(|one| one.as_bytes().cmp(id.as_bytes())).ok()?;
        u32::try_from(start as usize + at).ok()
    }

    /// The ids in order.
    pub fn as_slice(&self) -> &[ObjectId] {
        &self.ids
    }
}

fn bucket(id: &oid, shift: u32) -> usize {
    let prefix = id.as_bytes().first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    prefix.checked_shr(shift).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(prefix: u32, last: u8) -> ObjectId {
        let mut bytes = [last; 20];
        bytes[..4].copy_from_slice(&prefix.to_be_bytes());
        ObjectId::from(bytes)
    }

    proptest! {
        #[test]
        fn an_id_is_found_where_a_search_finds_it(
            // Ids with similar prefixes are in one bucket.
            prefixes in proptest::collection::vec(
                prop_oneof![any::<u32>(), 0..9u32, (u32::MAX - 9)..=u32::MAX], 0..300,
            ),
            others in proptest::collection::vec(any::<u32>(), 0..50),
        ) {
            let mut ids: Vec<ObjectId> =
                prefixes.iter().flat_map(|&prefix| [id(prefix, 0), id(prefix, 1)]).collect();
            ids.sort_unstable();
            ids.dedup();
            let sorted = SortedIds::new(ids.clone());
            let all = ids.iter().copied().chain(others.into_iter().map(|prefix| id(prefix, 2)));
            for id in all {
                let expected = ids.binary_search(&id).ok().map(|at| at as u32);
                prop_assert_eq!(sorted.find(&id), expected);
            }
        }
    }
}
