//! Problems of one kind, limited in number and bytes. Scanned content may cause any number of them,
//! so the ones that are kept do not depend on the order of arrival.

use std::collections::BTreeMap;

/// Maximum number of listed problems of a kind.
const MOST: usize = 10_000;
/// Limit in bytes of their texts.
const BYTES: usize = 4 << 20;

/// The path and the reason of a problem.
type Text = (String, String);

/// The least problems of a kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Problems {
    /// The number of times that each was reported.
    kept: BTreeMap<Text, u64>,
    bytes: usize,
    /// The least dropped problem. None from it on is kept; otherwise a short one would be kept or
    /// not depending on whether it follows a long one.
    end: Option<Text>,
    /// The number of dropped problems.
    dropped: u64,
}

impl Problems {
    pub(super) fn add(&mut self, text: Text, times: u64) {
        if self.end.as_ref().is_some_and(|end| text >= *end) {
            self.dropped += times;
            return;
        }
        let size = size(&text);
        let known = self.kept.entry(text).or_default();
        if *known == 0 {
            self.bytes += size;
        }
        *known += times;
        while self.kept.len() > MOST || self.bytes > BYTES {
            let Some((last, times)) = self.kept.pop_last() else { break };
            self.bytes -= self::size(&last);
            self.dropped += times;
            self.end = Some(last);
        }
    }

    /// Adds those of another ledger.
    pub(super) fn add_all(&mut self, other: Self) {
        for (text, times) in other.kept {
            self.add(text, times);
        }
        self.dropped += other.dropped;
    }

    /// Applies `hide` to the texts.
    pub(super) fn redact(&mut self, hide: &dyn Fn(&mut String)) {
        let old = std::mem::take(self);
        self.dropped = old.dropped;
        for ((mut path, mut why), times) in old.kept {
            hide(&mut path);
            hide(&mut why);
            self.add((path, why), times);
        }
        self.end = self.end.take().or(old.end);
    }

    /// Each problem once, sorted, and finally the number of those that are not listed.
    pub(super) fn listed(&self) -> impl Iterator<Item = Text> {
        let more = (self.dropped > 0)
            .then(|| (String::new(), format!("{} more of them are not listed", self.dropped)));
        self.kept.keys().cloned().chain(more)
    }
}

fn size((path, why): &Text) -> usize {
    path.len() + why.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(texts: &[(u32, usize)]) -> Vec<Text> {
        let mut problems = Problems::default();
        for &(number, length) in texts {
            problems.add((format!("{number:05}"), "x".repeat(length)), 1);
        }
        problems.listed().collect()
    }

    #[test]
    fn many_are_cut_and_counted() {
        let listed = listed(&(0..12_000).rev().map(|number| (number, 1)).collect::<Vec<_>>());
        assert_eq!(listed.len(), MOST + 1);
        assert_eq!(listed[MOST - 1].0, "09999");
        assert_eq!(listed[MOST].1, "2000 more of them are not listed");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_kept_does_not_depend_on_the_order(
            (texts, shuffled) in proptest::collection::vec((0u32..40, 0..BYTES / 3), 0..30)
                .prop_flat_map(|texts| (Just(texts.clone()), Just(texts).prop_shuffle())),
        ) {
            prop_assert!(listed(&texts) == listed(&shuffled));
        }
    }
}
