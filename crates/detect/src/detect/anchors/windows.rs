//! The packed search: which bytes of each literal it compares, and which literals share a bucket.
//!
//! The crate compares the first four bytes of its patterns, nibble by nibble. Each of its buckets
//! knows which nibbles its patterns have at each of the four places, and all text that is a mixture
//! of them is examined. This module gives it a window of each literal, four bytes at any offset,
//! and fills the buckets so that as little text as possible is examined: with windows of rare
//! bytes, and with windows that are alike in one bucket. It is twice as fast as a search for the
//! beginnings of the literals in buckets that are filled in turn.

use std::collections::HashMap;

use aho_corasick::Span;
use aho_corasick::packed::{Config, MatchKind, Searcher};

use super::{Anchor, Literal};

/// Most literals of one search.
pub(super) const MOST: usize = 96;
/// Bytes that the crate compares.
pub(super) const WIDTH: usize = 4;
/// Its buckets, if there are more than 32 patterns; with fewer, or without AVX2, there are half as
/// many, and two of these share one.
const BUCKETS: usize = 16;
/// Most patterns that it accepts.
const PATTERNS: usize = 128;

/// A literal that holds a window.
#[derive(Clone, Copy, Debug)]
struct Place {
    literal: u16,
    /// The offset of the window in it.
    offset: usize,
}

/// A search for some literals.
pub(super) struct Windows {
    searcher: Searcher,
    /// For each pattern, the literals that hold it.
    places: Vec<Vec<Place>>,
}

impl Windows {
    /// A search for those of `literals` that `group` numbers; `None` if the processor has no
    /// instructions for it.
    pub(super) fn new(literals: &[Literal], group: &[u16]) -> Option<Self> {
        let plan = Plan::new(literals, group);
        let patterns = plan.patterns();
        let searcher = Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .heuristic_pattern_limits(false)
            .builder()
            .extend(&patterns)
            .build()?;
        let places = patterns.iter().map(|window| plan.places[*window].clone()).collect();
        Some(Self { searcher, places })
    }

    /// Appends all its literals in `text` from `start` on, in order of their windows.
    pub(super) fn find(
        &self,
        literals: &[Literal],
        text: &[u8],
        start: usize,
        found: &mut Vec<Anchor>,
    ) {
        let mut from = start;
        // The search resumes one byte behind each hit, so that it finds all overlapping literals.
        // The anchors of copied runs depend on this.
        while from < text.len()
            && let Some(hit) = self.searcher.find_in(text, Span { start: from, end: text.len() })
        {
            from = hit.start() + 1;
            for place in &self.places[hit.pattern().as_usize()] {
                let at = hit.start().checked_sub(place.offset).filter(|&at| at >= start);
                let bytes = &literals[usize::from(place.literal)].bytes;
                if let Some(at) = at
                    && text[at..].starts_with(bytes)
                {
                    found.push(Anchor::new(at, place.literal));
                }
            }
        }
    }
}

/// The nibbles that the windows of a bucket have at one place, and how many bytes have them, of
/// those in [`FREQUENCIES`]. The sums make it cheap to try a window: this is done whenever the program starts.
#[derive(Clone, Copy, Debug, Default)]
struct Nibbles {
    low: u16,
    high: u16,
    /// For each high nibble, the bytes with it and one of the low ones.
    of_high: [u32; 16],
    /// For each low nibble, the bytes with it and one of the high ones.
    of_low: [u32; 16],
    bytes: u32,
}

impl Nibbles {
    /// The number of bytes with one more window.
    fn with(&self, byte: u8) -> u32 {
        let (high, low) = nibbles(byte);
        let is_new = |set: u16, nibble: usize| u32::from(set >> nibble & 1 == 0);
        let (by_high, by_low) = (is_new(self.high, high), is_new(self.low, low));
        self.bytes
            + by_high * self.of_high[high]
            + by_low * self.of_low[low]
            + by_high * by_low * frequency(byte)
    }

    fn add(&mut self, byte: u8) {
        let (high, low) = nibbles(byte);
        self.bytes = self.with(byte);
        if self.low >> low & 1 == 0 {
            (0..16).for_each(|high| self.of_high[high] += u32::from(FREQUENCIES[high][low]));
        }
        if self.high >> high & 1 == 0 {
            (0..16).for_each(|low| self.of_low[low] += u32::from(FREQUENCIES[high][low]));
        }
        self.low |= 1 << low;
        self.high |= 1 << high;
    }
}

fn nibbles(byte: u8) -> (usize, usize) {
    (usize::from(byte >> 4), usize::from(byte & 15))
}

fn frequency(byte: u8) -> u32 {
    let (high, low) = nibbles(byte);
    u32::from(FREQUENCIES[high][low])
}

/// How many places in texts have such bytes, one number for each of them.
fn places(bytes: impl Iterator<Item = u32>) -> f64 {
    bytes.map(f64::from).product()
}

/// A bucket while it is filled.
#[derive(Clone, Debug, Default)]
struct Bucket<'l> {
    windows: Vec<&'l [u8]>,
    /// Windows whose low nibbles are those of another one: the crate puts them into its bucket.
    alike: Vec<&'l [u8]>,
    nibbles: [Nibbles; WIDTH],
    /// The number of places in texts that are examined for it.
    places: f64,
}

impl<'l> Bucket<'l> {
    /// How much more text would be examined with one more window.
    fn cost(&self, window: &[u8]) -> f64 {
        let places = window.iter().zip(&self.nibbles);
        self::places(places.map(|(&byte, nibbles)| nibbles.with(byte))) - self.places
    }

    fn add(&mut self, window: &'l [u8], is_alike: bool) {
        let windows = if is_alike { &mut self.alike } else { &mut self.windows };
        windows.push(window);
        self.nibbles.iter_mut().zip(window).for_each(|(nibbles, &byte)| nibbles.add(byte));
        let nibbles = self.nibbles[..window.len()].iter();
        self.places = places(nibbles.map(|nibbles| nibbles.bytes));
    }
}

/// The windows of literals in buckets.
struct Plan<'l> {
    buckets: [Bucket<'l>; BUCKETS],
    places: HashMap<&'l [u8], Vec<Place>>,
}

impl<'l> Plan<'l> {
    /// Gives each literal the window and the bucket that cost least, the most frequent literals
    /// first.
    fn new(literals: &'l [Literal], group: &[u16]) -> Self {
        let bytes = |literal: &u16| literals[usize::from(*literal)].bytes.as_slice();
        let width = group.iter().map(|literal| bytes(literal).len()).min().unwrap_or(1).min(WIDTH);
        let rarest = |literal: &u16| {
            let windows = bytes(literal).windows(width);
            let all =
                windows.map(|window| self::places(window.iter().map(|&byte| frequency(byte))));
            all.fold(f64::INFINITY, f64::min)
        };
        let mut order: Vec<(f64, u16)> = group.iter().map(|one| (rarest(one), *one)).collect();
        order.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut buckets: [Bucket<'l>; BUCKETS] = Default::default();
        let mut places: HashMap<&[u8], Vec<Place>> = HashMap::new();
        let mut by_low: HashMap<u16, usize> = HashMap::new();
        for (_, literal) in order {
            let mut best = (f64::INFINITY, 0, None);
            for (offset, window) in bytes(&literal).windows(width).enumerate() {
                if places.contains_key(window) {
                    best = (0.0, offset, None);
                    break;
                }
                let known = by_low.get(&low_nibbles(window)).copied();
                for (number, bucket) in buckets.iter().enumerate() {
                    let fits = match known {
                        Some(known) => known == number,
                        None => bucket.windows.len() < PATTERNS / BUCKETS,
                    };
                    let cost = if fits { bucket.cost(window) } else { f64::INFINITY };
                    if cost < best.0 {
                        best = (cost, offset, Some((number, known.is_some())));
                    }
                }
            }
            let (_, offset, bucket) = best;
            let window = &bytes(&literal)[offset..offset + width];
            if let Some((number, is_alike)) = bucket {
                by_low.insert(low_nibbles(window), number);
                buckets[number].add(window, is_alike);
            }
            places.entry(window).or_default().push(Place { literal, offset });
        }
        Self { buckets, places }
    }

    /// The windows in an order that fills the buckets of the crate like these. It puts each pattern
    /// into the next bucket, but one whose low nibbles are known goes to theirs.
    fn patterns(&self) -> Vec<&'l [u8]> {
        let largest = self.buckets.iter().map(|bucket| bucket.windows.len()).max().unwrap_or(0);
        let mut patterns = Vec::new();
        for round in 0..largest {
            // A window that is given again adds nothing, and keeps the others in step.
            let next =
                |bucket: &Bucket<'l>| bucket.windows.get(round).or(bucket.windows.first()).copied();
            patterns.extend(self.buckets.iter().filter_map(next));
        }
        patterns.extend(self.buckets.iter().flat_map(|bucket| &bucket.alike));
        if patterns.len() > PATTERNS {
            let all = |bucket: &Bucket<'l>| [bucket.windows.clone(), bucket.alike.clone()].concat();
            patterns = self.buckets.iter().flat_map(all).collect();
        }
        patterns
    }
}

fn low_nibbles(window: &[u8]) -> u16 {
    window.iter().fold(0, |all, byte| all << 4 | u16::from(byte & 15))
}

/// How often each byte occurs, of 65,536 bytes: a quarter each of source code, of a history of
/// source code, of documents and scripts of a Linux system, and of its programs.
#[rustfmt::skip]
const FREQUENCIES: [[u16; 16]; 16] = [
    [4495, 439, 224, 197, 228, 182, 129, 93, 201, 942, 1394, 78, 81, 71, 161, 360],
    [146, 61, 58, 57, 59, 64, 44, 42, 96, 43, 41, 37, 49, 37, 37, 101],
    [6424, 104, 318, 129, 211, 83, 140, 151, 597, 568, 325, 72, 620, 314, 334, 410],
    [421, 304, 236, 179, 139, 118, 122, 89, 145, 129, 454, 415, 159, 341, 277, 60],
    [88, 496, 183, 288, 368, 485, 194, 138, 603, 441, 57, 80, 372, 201, 283, 262],
    [245, 49, 313, 363, 414, 196, 113, 102, 94, 85, 49, 156, 100, 167, 45, 1294],
    [118, 1582, 512, 1118, 948, 2846, 879, 464, 649, 1675, 95, 219, 1017, 684, 1599, 1531],
    [867, 69, 1726, 1689, 2413, 959, 264, 264, 304, 315, 98, 170, 90, 179, 58, 45],
    [79, 44, 40, 148, 114, 136, 47, 37, 50, 323, 32, 234, 46, 153, 42, 38],
    [59, 35, 34, 34, 39, 37, 32, 31, 41, 30, 30, 30, 36, 34, 32, 50],
    [50, 31, 30, 40, 37, 33, 31, 30, 39, 30, 30, 31, 34, 32, 29, 34],
    [45, 32, 30, 32, 35, 35, 50, 42, 55, 39, 44, 35, 40, 39, 48, 43],
    [129, 82, 59, 75, 67, 58, 53, 72, 51, 49, 36, 33, 40, 33, 35, 34],
    [59, 40, 48, 39, 34, 33, 36, 34, 44, 34, 35, 43, 34, 33, 37, 53],
    [59, 43, 46, 37, 40, 43, 40, 44, 151, 87, 39, 58, 47, 46, 43, 55],
    [60, 41, 62, 55, 37, 38, 59, 49, 60, 46, 50, 50, 53, 61, 85, 575],
];

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
    use proptest::{collection, prop_assert_eq, sample};

    use super::super::{Anchors, Class};
    use super::*;
    use crate::rules::{Pack, Packs, RuleSet};
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

    fn text(literals: &[Literal]) -> impl Strategy<Value = Vec<u8>> + use<> {
        let all: Vec<Vec<u8>> = literals.iter().map(|literal| literal.bytes.clone()).collect();
        let whole = sample::select(all);
        let cut = (whole.clone(), any::<sample::Index>())
            .prop_map(|(bytes, at)| bytes[at.index(bytes.len())..].to_vec());
        let other = collection::vec(prop_oneof![Just(b' '), Just(b'A'), any::<u8>()], 0..40);
        let parts = prop_oneof![3 => whole, 2 => cut, 2 => other];
        collection::vec(parts, 0..30).prop_map(|parts| parts.concat())
    }

    /// Those of rules may be short, many, and as alike as somebody wants.
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
    }

    /// The cost of the search is that of examining what a bucket lets through.
    #[test]
    fn little_text_is_examined() {
        // Those of AWS fill one search; the tokens of other providers need more than one.
        let rules = RuleSet { packs: Packs::of([Pack::Aws]), ..RuleSet::builtin() };
        let literals = Anchors::new(&rules).literals;
        let plan = Plan::new(&literals, &group(&literals));
        assert!(plan.patterns().len() <= PATTERNS);
        let places: f64 = plan.buckets.iter().map(|bucket| bucket.places).sum();
        let share = places / 65_536_f64.powi(4);
        assert!(share < 1.0 / 30_000.0, "one place in {:.0}", 1.0 / share);
    }
}
