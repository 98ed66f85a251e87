//! The search: all literals in one pass, with vector instructions.
//!
//! It compares a window of each literal, four bytes at any offset, after the manner of Teddy (Geoffrey
//! Langdale, Hyperscan). Each window belongs to a bucket, a bit of a byte. For each of its four places
//! there are two tables of sixteen bytes: one shuffle instruction says for each low nibble of a whole
//! vector of text which buckets have a window with it at that place, another one for each high nibble.
//! Text with a bit that is set at all four places is a candidate, and a hash table of the windows decides.
//!
//! The hash table is what makes it fast for hundreds of literals: a candidate costs the same, however
//! many windows its bucket has. Processors that look up a byte among 128 (AVX-512 VBMI) compare whole
//! bytes rather than nibbles, which lets through a tenth as many candidates.

mod frequencies;
mod plan;
mod tables;
mod vectors;

use std::collections::BTreeMap;

use fearless_simd::Level;
use fearless_simd::prelude::*;

use super::{Anchor, Literal};
use plan::{Choice, nibbles};
use vectors::{BLOCK, ByByte, ByNibble, Mark, Tables, block};

/// Maximum number of literals of one search.
pub(super) const MOST: usize = 4_096;
/// Bytes of a window.
pub(super) const WIDTH: usize = 4;
/// The buckets that a byte has bits for.
const SET: usize = 8;

/// A literal that holds a window.
#[derive(Clone, Copy, Debug)]
struct WindowPlace {
    literal: u16,
    /// The offset of the window in it.
    offset: usize,
}

/// A window in the hash table.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    window: u32,
    /// The literals that hold it, in [`Windows::places`]; none if the slot is empty.
    first: u16,
    count: u16,
}

/// A search for some literals.
pub(super) struct Windows {
    level: Level,
    /// One or two.
    sets: Vec<Tables>,
    slots: Vec<Slot>,
    /// Sorted by their windows.
    places: Vec<WindowPlace>,
    /// The bytes of a window: fewer than [`WIDTH`] if there is a shorter literal.
    width: usize,
    /// All windows are ASCII, with a byte at each place.
    is_ascii: bool,
}

impl Windows {
    /// A search for those of `literals` that `group` numbers; `None` if the processor has no
    /// instructions for it.
    pub(super) fn new(literals: &[Literal], group: &[u16]) -> Option<Self> {
        Self::with(Level::new(), literals, group)
    }

    fn with(level: Level, literals: &[Literal], group: &[u16]) -> Option<Self> {
        if !has_shuffles(level) {
            return None;
        }
        let bytes: Vec<&[u8]> =
            group.iter().map(|&literal| literals[usize::from(literal)].bytes.as_slice()).collect();
        let width = bytes.iter().map(|bytes| bytes.len()).min().unwrap_or(1).min(WIDTH);
        let plan = plan::plan(&bytes, width);
        let mut sets = vec![Tables::default(); plan::buckets(bytes.len()) / SET];
        let mut windows: BTreeMap<u32, Vec<WindowPlace>> = BTreeMap::new();
        for ((&literal, bytes), Choice { offset, bucket }) in group.iter().zip(&bytes).zip(plan) {
            let window = &bytes[offset..offset + width];
            sets[bucket / SET].add(window, bucket % SET);
            windows.entry(word(window)).or_default().push(WindowPlace { literal, offset });
        }
        let is_ascii =
            width == WIDTH && windows.keys().all(|window| window.to_le_bytes().is_ascii());
        let (slots, places) = slots(windows);
        Some(Self { level, sets, slots, places, width, is_ascii })
    }

    /// Appends all its literals in `text` from `start` on, in order of their windows. Literals that
    /// overlap are all found: the anchors of copied runs depend on this.
    pub(super) fn find(
        &self,
        literals: &[Literal],
        text: &[u8],
        start: usize,
        found: &mut Vec<Anchor>,
    ) {
        let text = &text[start..];
        let before = found.len();
        let mut marks = [Mark::default(); BLOCK];
        let mut at = 0;
        while at < text.len() {
            let (next, count) = self.mark(text, at, &mut marks);
            for &Mark { at, mut bits } in &marks[..count] {
                while bits != 0 {
                    self.examine(literals, text, at + bits.trailing_zeros() as usize, found);
                    bits &= bits - 1;
                }
            }
            at = next;
        }
        found[before..].iter_mut().for_each(|anchor| anchor.at += start);
    }

    /// Marks the candidates of a block of `text` that begins at `at`. Returns the end of the block, and
    /// the number of marks.
    fn mark(&self, text: &[u8], at: usize, marks: &mut [Mark; BLOCK]) -> (usize, usize) {
        if let [one] = self.sets.as_slice() {
            self.mark_sets([one], text, at, marks)
        } else {
            self.mark_sets([&self.sets[0], &self.sets[1]], text, at, marks)
        }
    }

    fn mark_sets<const SETS: usize>(
        &self,
        sets: [&Tables; SETS],
        text: &[u8],
        at: usize,
        marks: &mut [Mark; BLOCK],
    ) -> (usize, usize) {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            if let Some(simd) = self.level.as_avx512().filter(|_| self.is_ascii) {
                return simd.vectorize(
                    #[inline(always)]
                    || block::<_, ByByte<_>, SETS>(simd, sets, text, at, marks),
                );
            }
            if let Some(simd) = self.level.as_avx512() {
                return simd.vectorize(
                    #[inline(always)]
                    || block::<_, ByNibble<_>, SETS>(simd, sets, text, at, marks),
                );
            }
            if let Some(simd) = self.level.as_avx2() {
                return simd.vectorize(
                    #[inline(always)]
                    || block::<_, ByNibble<_>, SETS>(simd, sets, text, at, marks),
                );
            }
            if let Some(simd) = self.level.as_sse4_2() {
                return simd.vectorize(
                    #[inline(always)]
                    || block::<_, ByNibble<_>, SETS>(simd, sets, text, at, marks),
                );
            }
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(simd) = self.level.as_neon() {
            return simd.vectorize(
                #[inline(always)]
                || block::<_, ByNibble<_>, SETS>(simd, sets, text, at, marks),
            );
        }
        unreachable!("a search is made only for a processor that has the instructions")
    }

    /// Appends the literals whose window is at a place.
    #[inline]
    fn examine(&self, literals: &[Literal], text: &[u8], at: usize, found: &mut Vec<Anchor>) {
        let Some(window) = text.get(at..at + self.width) else { return };
        let window = match window.try_into() {
            Ok(bytes) => u32::from_le_bytes(bytes),
            Err(_) => word(window),
        };
        let mut slot = hash(window, self.slots.len());
        while let Some(&Slot { window: other, first, count }) = self.slots.get(slot)
            && count > 0
        {
            if other == window {
                let places = usize::from(first)..usize::from(first + count);
                return self.compare(literals, &self.places[places], text, at, found);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    #[cold]
    fn compare(
        &self,
        literals: &[Literal],
        places: &[WindowPlace],
        text: &[u8],
        at: usize,
        found: &mut Vec<Anchor>,
    ) {
        for place in places {
            let bytes = &literals[usize::from(place.literal)].bytes;
            if let Some(at) = at.checked_sub(place.offset)
                && text[at..].starts_with(bytes)
            {
                found.push(Anchor::new(at, place.literal));
            }
        }
    }
}

/// True if the processor can look up a whole vector of nibbles at once.
fn has_shuffles(level: Level) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return level.as_sse4_2().is_some();
    #[cfg(target_arch = "aarch64")]
    return level.as_neon().is_some();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

/// At most four bytes as a number.
fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

/// The slot of a window among `slots`, a power of two (Knuth's multiplicative hash).
#[inline(always)]
fn hash(window: u32, slots: usize) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> 16) as usize & (slots - 1)
}

/// A hash table that is at most a quarter full, and the literals of all windows.
fn slots(windows: BTreeMap<u32, Vec<WindowPlace>>) -> (Vec<Slot>, Vec<WindowPlace>) {
    let mut slots = vec![Slot::default(); (windows.len() * 4).next_power_of_two()];
    let mut all = Vec::new();
    for (window, places) in windows {
        let mut slot = hash(window, slots.len());
        while slots[slot].count > 0 {
            slot = (slot + 1) & (slots.len() - 1);
        }
        slots[slot] = Slot { window, first: all.len() as u16, count: places.len() as u16 };
        all.extend(places);
    }
    (slots, all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
    use proptest::{collection, prop_assert_eq, sample};

    use super::super::{Anchors, Class};
    use super::*;
    use crate::rules::RuleSet;
    use crate::stop::Stop;

    fn builtin() -> Vec<Literal> {
        Anchors::new(&RuleSet::builtin()).literals
    }

    fn group(literals: &[Literal]) -> Vec<u16> {
        (0..literals.len() as u16).collect()
    }

    /// All literals in a text, found one by one.
    fn one_by_one(literals: &[Literal], text: &[u8]) -> Vec<(usize, u16)> {
        let places = (0..text.len()).flat_map(|at| {
            let here = move |literal: &Literal| text[at..].starts_with(&literal.bytes);
            // A short literal counts at the beginning alone; elsewhere its widened forms do.
            let counts = move |literal: &Literal| at == 0 || literal.class != Class::Start;
            let hits = literals.iter().enumerate();
            let hits = hits.filter(move |(_, literal)| here(literal) && counts(literal));
            hits.map(move |(number, _)| (at, number as u16))
        });
        places.collect()
    }

    fn found(literals: Vec<Literal>, text: &[u8]) -> Vec<(usize, u16)> {
        let anchors = Anchors::of(literals).find(text, &Stop::default());
        anchors.iter().map(|anchor| (anchor.at, anchor.literal)).collect()
    }

    /// Every length of vector that this processor has.
    fn levels() -> Vec<Level> {
        let level = Level::new();
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        return [
            Some(level),
            level.as_avx2().map(Level::Avx2),
            level.as_sse4_2().map(Level::Sse4_2),
        ]
        .into_iter()
        .flatten()
        .collect();
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        vec![level]
    }

    fn text(literals: &[Literal]) -> impl Strategy<Value = Vec<u8>> + use<> {
        let all: Vec<Vec<u8>> = literals.iter().map(|literal| literal.bytes.clone()).collect();
        let whole = sample::select(all);
        let cut = (whole.clone(), any::<sample::Index>())
            .prop_map(|(bytes, at)| bytes[at.index(bytes.len())..].to_vec());
        let other = collection::vec(prop_oneof![Just(b' '), Just(b'A'), any::<u8>()], 0..40);
        let parts = prop_oneof![3 => whole, 2 => cut, 2 => other];
        collection::vec(parts, 0..30).prop_map(|parts| parts.concat())
    }

    /// The literals of rules may be short, many, and very similar to each other.
    fn literals() -> impl Strategy<Value = Vec<Literal>> {
        let letter = prop_oneof![Just(b'a'), Just(b'q'), Just(b'A'), Just(b'1'), any::<u8>()];
        let bytes = collection::vec(letter, 3..9);
        collection::btree_set(bytes, 1..150).prop_map(|all| {
            all.into_iter().map(|bytes| Literal::new(bytes, Class::Shape)).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_built_in_literal_is_found_wherever_it_stands(text in text(&builtin())) {
            prop_assert_eq!(found(builtin(), &text), one_by_one(&builtin(), &text));
        }

        #[test]
        fn every_literal_of_any_table_is_found(
            (literals, text) in literals().prop_flat_map(|all| (Just(all.clone()), text(&all))),
        ) {
            prop_assert_eq!(found(literals.clone(), &text), one_by_one(&literals, &text));
        }

        #[test]
        fn vectors_of_every_length_find_the_same(
            (literals, text) in literals().prop_flat_map(|all| (Just(all.clone()), text(&all))),
            start in 0_usize..70,
        ) {
            let start = start.min(text.len());
            let mut wanted = one_by_one(&literals, &text);
            wanted.retain(|(at, _)| *at >= start);
            for level in levels() {
                let Some(search) = Windows::with(level, &literals, &group(&literals)) else { continue };
                let mut found = Vec::new();
                search.find(&literals, &text, start, &mut found);
                found.sort_unstable();
                let found: Vec<_> = found.iter().map(|one| (one.at, one.literal)).collect();
                prop_assert_eq!(&found, &wanted, "{:?}", level);
            }
        }
    }
}
