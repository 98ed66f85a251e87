//! Chains: anchors of one rule so close together that the regions around them would overlap.
//!
//! A chain is examined as a whole. Otherwise a text of nothing but anchors would be searched once
//! for each anchor. Only the bytes around the beginning and the end of a chain decide where it
//! begins and ends. So a text that a delta made has the same chains where it has the same bytes: an
//! edit affects few anchors, and the results for the others remain valid.

use std::ops::Range;

/// Bytes from an anchor on that distinguish the anchors of a chain. More than a line, because many
/// lines begin alike.
const SAMPLE: usize = 128;
/// Places are few if at most one in this many is wanted.
const FEW: usize = 8;

/// An anchor of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnchorSpan {
    /// The index in the list of all anchors.
    pub index: usize,
    /// Start and end of its literal.
    pub span: (usize, usize),
}

/// The chains of `places` that contain a `wanted` one, as ranges of indices. `places` is sorted.
///
/// Anchors that are more than two reaches apart belong to two chains. A long chain is cut before
/// each anchor whose hash is less than the hashes of all others within two reaches. So cuts are
/// more than two reaches apart: the author of a text can make chains long, but can't have much text
/// searched twice.
pub(super) fn chains(
    bytes: &[u8],
    places: &[AnchorSpan],
    reach: usize,
    wanted: impl Fn(&AnchorSpan) -> bool,
) -> Vec<Range<usize>> {
    let wanted: Vec<usize> =
        places.iter().enumerate().filter(|(_, place)| wanted(place)).map(|(at, _)| at).collect();
    if wanted.len() * FEW <= places.len()
        && let Some(chains) = Near::new(bytes, places, reach).chains(&wanted)
    {
        return chains;
    }
    let cuts = cuts(bytes, places, 2 * reach);
    let mut chains: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut remaining = wanted.as_slice();
    for at in 1..=places.len() {
        if at == places.len() || cuts[at] || is_apart(&places[at - 1], &places[at], reach) {
            let inside = remaining.partition_point(|wanted| *wanted < at);
            if inside > 0 {
                chains.push(start..at);
            }
            remaining = &remaining[inside..];
            start = at;
        }
    }
    chains
}

fn is_apart(before: &AnchorSpan, place: &AnchorSpan, reach: usize) -> bool {
    place.span.0 > before.span.1 + 2 * reach
}

/// Finds the chains around a few of many places. Most anchors of a changed text are known, and
/// these are not examined.
struct Near<'a> {
    bytes: &'a [u8],
    places: &'a [AnchorSpan],
    reach: usize,
    /// Hashes of places, 0 if not yet known.
    hashes: Vec<u64>,
    /// Remaining comparisons. Beyond that, processing all places is cheaper.
    remaining: usize,
}

impl<'a> Near<'a> {
    fn new(bytes: &'a [u8], places: &'a [AnchorSpan], reach: usize) -> Self {
        Self { bytes, places, reach, hashes: vec![0; places.len()], remaining: places.len() }
    }

    /// The chains of places; `None` if this takes too long.
    fn chains(&mut self, wanted: &[usize]) -> Option<Vec<Range<usize>>> {
        let mut chains: Vec<Range<usize>> = Vec::new();
        for &at in wanted {
            if chains.last().is_some_and(|chain| chain.end > at) {
                continue;
            }
            let (mut start, mut end) = (at, at + 1);
            while !self.begins(start)? {
                start -= 1;
            }
            while end < self.places.len() && !self.begins(end)? {
                end += 1;
            }
            chains.push(start..end);
        }
        Some(chains)
    }

    /// True if a chain begins at a place.
    fn begins(&mut self, at: usize) -> Option<bool> {
        if at == 0 || is_apart(&self.places[at - 1], &self.places[at], self.reach) {
            return Some(true);
        }
        let (own, window) = (self.hash(at), 2 * self.reach);
        let place = self.places[at].span.0;
        for other in (0..at).rev().take_while(|&other| place - self.places[other].span.0 <= window)
        {
            self.remaining = self.remaining.checked_sub(1)?;
            if self.hash(other) <= own {
                return Some(false);
            }
        }
        for other in at + 1..self.places.len() {
            self.remaining = self.remaining.checked_sub(1)?;
            if self.places[other].span.0 - place > window {
                break;
            }
            if self.hash(other) <= own {
                return Some(false);
            }
        }
        Some(true)
    }

    fn hash(&mut self, at: usize) -> u64 {
        if self.hashes[at] == 0 {
            self.hashes[at] = hash(self.bytes, self.places[at].span.0);
        }
        self.hashes[at]
    }
}

/// Bytes before the first and after the last anchor of a chain that decide where it begins and
/// ends and what is found around it. `longest` is the length of the rule's longest literal.
pub(super) fn margin(reach: usize, longest: usize) -> usize {
    // The next anchor may be two reaches away; the anchors that make it a cut may be as far from
    // it.
    4 * reach + 2 * longest + SAMPLE + 1
}

/// For each of `places`, true if a chain is cut before it. Two cuts are more than `window` bytes
/// apart.
fn cuts(bytes: &[u8], places: &[AnchorSpan], window: usize) -> Vec<bool> {
    let near = |a: usize, b: usize| places[b].span.0 - places[a].span.0 <= window;
    let mut least = vec![true; places.len()];
    // Places that may be the least of those to come, the least first.
    let mut open: Vec<(usize, u64)> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let hash = hash(bytes, place.span.0);
        while let Some((before, _)) = open.pop_if(|(_, other)| *other > hash) {
            least[before] &= !near(before, at);
        }
        if let Some(&(before, other)) = open.last().filter(|(before, _)| near(*before, at)) {
            least[at] = false;
            least[before] &= other != hash;
        }
        open.push((at, hash));
    }
    least
}

/// A hash of the bytes at `at`, eight at a time.
fn hash(bytes: &[u8], at: usize) -> u64 {
    let sample = &bytes[at..bytes.len().min(at + SAMPLE)];
    let hash = sample.chunks(8).fold(0_u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95)
    });
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(bytes: &[u8]) -> Vec<AnchorSpan> {
        let found = memchr::memmem::find_iter(bytes, b"key").enumerate();
        found.map(|(index, at)| AnchorSpan { index, span: (at, at + 3) }).collect()
    }

    /// The chains of a text, as offsets of their first anchors.
    fn starts(bytes: &[u8], reach: usize) -> Vec<usize> {
        let places = places(bytes);
        let chains = chains(bytes, &places, reach, |_| true);
        chains.iter().map(|chain| places[chain.start].span.0).collect()
    }

    #[test]
    fn equal_anchors_are_one_chain_and_distant_ones_are_not() {
        // The end of the text makes the last ones differ.
        let mut equal = b"key".repeat(1000);
        equal.resize(4000, b'.');
        assert!(starts(&equal, 10).iter().all(|&at| at == 0 || at > 3000 - SAMPLE));
        assert!(starts(b"key.....key....................................key", 10).contains(&47));
        assert!(starts(b"", 10).is_empty());
    }

    proptest! {
        /// Cuts match their definition and are far apart.
        #[test]
        fn a_cut_is_the_least_of_its_surroundings(text in "(key|[a-d ]{1,9}){0,60}", window in 1usize..60) {
            let bytes = text.as_bytes();
            let places = places(bytes);
            let hashes: Vec<u64> = places.iter().map(|one| hash(bytes, one.span.0)).collect();
            let cuts = cuts(bytes, &places, window);
            for (at, cut) in cuts.iter().enumerate() {
                let wanted = (0..places.len()).all(|other| {
                    let apart = places[at].span.0.abs_diff(places[other].span.0);
                    other == at || apart > window || hashes[at] < hashes[other]
                });
                prop_assert_eq!(*cut, wanted, "{}", at);
            }
        }

        /// A request for few places gets those chains of all that contain them.
        #[test]
        fn the_chains_of_few_are_among_those_of_all(
            text in "(key|[a-d ]{1,9}){0,90}", reach in 1usize..12, one in any::<prop::sample::Index>(),
        ) {
            let places = places(text.as_bytes());
            prop_assume!(places.len() >= FEW);
            let one = one.index(places.len());
            let all = chains(text.as_bytes(), &places, reach, |_| true);
            let wanted = chains(text.as_bytes(), &places, reach, |place| place.index == one);
            let holding: Vec<_> = all.into_iter().filter(|chain| chain.contains(&one)).collect();
            prop_assert_eq!(&wanted, &holding);
            let mut near = Near::new(text.as_bytes(), &places, reach);
            near.remaining = usize::MAX;
            prop_assert_eq!(near.chains(&[one]), Some(holding));
        }

        /// Text beyond the margin changes no chain.
        #[test]
        fn chains_depend_on_what_is_near(
            before in "(key|[a-d ]{1,9}){0,30}", text in "(key|[a-d ]{1,9}){20,60}",
            after in "(key|[a-d ]{1,9}){0,30}", reach in 1usize..12,
        ) {
            let margin = margin(reach, 3);
            let (alone, within) = (text.clone(), [before.as_str(), &text, &after].concat());
            let inside = margin..text.len().saturating_sub(margin);
            let of_alone: Vec<usize> =
                starts(alone.as_bytes(), reach).into_iter().filter(|at| inside.contains(at)).collect();
            let moved = starts(within.as_bytes(), reach);
            let moved = moved.into_iter().filter_map(|at| at.checked_sub(before.len()));
            let of_within: Vec<usize> = moved.filter(|at| inside.contains(at)).collect();
            prop_assert_eq!(of_alone, of_within);
        }
    }
}
