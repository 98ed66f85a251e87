//! A bounded collection of values by key, which retains the same values in whatever order they
//! arrive.
//!
//! If there are too many, the greatest values of each key are dropped first, so that no key is lost
//! for the many values of another. If there are too many keys, the greatest keys are dropped.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The order of a key's values; it must be total over what distinguishes them.
type Order<V> = fn(&V, &V) -> Ordering;

/// Values by key, bounded in number.
#[derive(Debug)]
pub struct Bounded<K, V> {
    groups: BTreeMap<K, Vec<V>>,
    order: Order<V>,
    most: usize,
    /// Maximum number of values of a key; halved whenever all keys together have too many.
    each: usize,
    /// The number of values.
    total: usize,
    /// The number of values that were added.
    given: u64,
    /// A key was dropped.
    lost_keys: bool,
}

/// The result of a bounded collection.
#[derive(Debug)]
pub struct Retained<K, V> {
    /// The values of each key, in no order.
    pub groups: BTreeMap<K, Vec<V>>,
    /// The number of dropped values.
    pub dropped: u64,
    /// All values of some keys were dropped.
    pub lost_keys: bool,
}

impl<K: Ord + Clone, V> Bounded<K, V> {
    /// Retains up to `most` values, at least 1.
    pub fn new(most: usize, order: Order<V>) -> Self {
        let most = most.max(1);
        let each = most.checked_next_power_of_two().unwrap_or(most);
        let groups = BTreeMap::new();
        Self { groups, order, most, each, total: 0, given: 0, lost_keys: false }
    }

    /// Adds a value.
    pub fn add(&mut self, key: K, value: V) {
        self.given += 1;
        let (each, order) = (self.each, self.order);
        // A vector's first growth makes room for four, which most keys never need.
        let group = self.groups.entry(key).or_insert_with(|| Vec::with_capacity(1));
        group.push(value);
        self.total += 1;
        if group.len() >= each.saturating_mul(2) {
            self.total -= truncate(group, each, order);
        }
        // A quarter more is allowed for a while, because shrinking visits every key.
        if self.total > self.most + self.most / 4 {
            self.shrink();
        }
    }

    /// Returns the retained values.
    pub fn finish(mut self) -> Retained<K, V> {
        self.shrink();
        let dropped = self.given - self.total as u64;
        Retained { groups: self.groups, dropped, lost_keys: self.lost_keys }
    }

    fn shrink(&mut self) {
        self.truncate_all();
        while self.total > self.most && self.each > 1 {
            self.each /= 2;
            self.truncate_all();
        }
        while self.total > self.most {
            let Some((_, group)) = self.groups.pop_last() else { break };
            self.total -= group.len();
            self.lost_keys = true;
        }
    }

    fn truncate_all(&mut self) {
        for group in self.groups.values_mut() {
            self.total -= truncate(group, self.each, self.order);
        }
    }
}

/// Retains the least `each` values; returns the number of dropped ones.
fn truncate<V>(group: &mut Vec<V>, each: usize, order: Order<V>) -> usize {
    let before = group.len();
    if before > each {
        group.sort_by(order);
        group.truncate(each);
    }
    before - group.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(most: usize, values: &[(u8, u16)]) -> (Vec<(u8, Vec<u16>)>, u64, bool) {
        let mut bounded = Bounded::new(most, |a: &u16, b| a.cmp(b));
        for &(key, value) in values {
            bounded.add(key, value);
            assert!(bounded.total <= most + most / 4);
        }
        let Retained { groups, dropped, lost_keys } = bounded.finish();
        let sorted = groups.into_iter().map(|(key, mut values)| {
            values.sort_unstable();
            (key, values)
        });
        (sorted.collect(), dropped, lost_keys)
    }

    #[test]
    fn many_values_of_one_key_push_out_no_other_key() {
        let mut values: Vec<(u8, u16)> = (0..1000).map(|value| (1, value)).collect();
        values.push((2, 7));
        let (groups, dropped, lost_keys) = kept(16, &values);
        assert_eq!(groups, [(1, (0..8).collect()), (2, vec![7])]);
        assert_eq!((dropped, lost_keys), (992, false));
    }

    #[test]
    fn too_many_keys_lose_the_greatest() {
        let values: Vec<(u8, u16)> = (0..100).map(|key| (key, 0)).collect();
        let (groups, dropped, lost_keys) = kept(10, &values);
        assert_eq!(groups.len(), 10);
        assert!(groups.iter().all(|(key, _)| *key < 10));
        assert_eq!((dropped, lost_keys), (90, true));
    }

    proptest! {
        #[test]
        fn what_is_kept_does_not_depend_on_the_order(
            (values, shuffled) in proptest::collection::vec((0u8..12, 0u16..50), 0..200)
                .prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle())),
            most in 1usize..40,
        ) {
            prop_assert_eq!(kept(most, &values), kept(most, &shuffled));
        }
    }
}
