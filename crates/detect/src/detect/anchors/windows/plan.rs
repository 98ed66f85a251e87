//! Selects the four bytes of each literal that the search compares, and the literals that share a
//! bucket.
//!
//! A bucket knows which nibbles its windows have at each of the four places, and the search examines
//! all text that is a mixture of them. So the plan takes windows of rare bytes, and puts windows that
//! are alike into one bucket.
//!
//! The plan for the built-in literals is in [`super::tables`], since it would take longer to make than
//! many a run takes. A plan determines only the speed: with any plan the search finds all literals.

use super::frequencies::FREQUENCIES;
use super::tables::{NARROW, Row, WIDE};
use super::{SET, WIDTH};

/// Maximum number of literals for which one set of buckets is faster than two.
const FEW: usize = 112;

/// The window of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its offset in the literal.
    pub offset: usize,
    /// Its bucket.
    pub bucket: usize,
}

/// The number of buckets for so many literals.
pub(super) fn buckets(literals: usize) -> usize {
    if literals <= FEW { SET } else { 2 * SET }
}

/// The windows of literals, of at least `width` bytes each.
pub(super) fn plan(literals: &[&[u8]], width: usize) -> Vec<Choice> {
    let buckets = buckets(literals.len());
    let table = if buckets == SET { NARROW } else { WIDE };
    let mut plan = Plan::new(literals, width, buckets);
    plan.take_known(table);
    plan.take_others();
    plan.choices.into_iter().flatten().collect()
}

/// A literal as a table names it (FNV-1a). If two share a number, one gets a window that suits the other.
fn number(literal: &[u8]) -> u32 {
    literal
        .iter()
        .fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The windows while they are chosen.
struct Plan<'l> {
    literals: &'l [&'l [u8]],
    width: usize,
    buckets: Vec<Bucket>,
    choices: Vec<Option<Choice>>,
}

impl<'l> Plan<'l> {
    fn new(literals: &'l [&'l [u8]], width: usize, buckets: usize) -> Self {
        let buckets = vec![Bucket::default(); buckets];
        Self { literals, width, buckets, choices: vec![None; literals.len()] }
    }

    fn window(&self, literal: usize, offset: usize) -> &'l [u8] {
        &self.literals[literal][offset..offset + self.width]
    }

    /// Takes the windows that a table has.
    fn take_known(&mut self, table: &[Row]) {
        for (literal, bytes) in self.literals.iter().enumerate() {
            let number = number(bytes);
            let Ok(at) = table.binary_search_by_key(&number, |row| row.0) else { continue };
            let choice =
                Choice { offset: usize::from(table[at].1), bucket: usize::from(table[at].2) };
            if choice.offset + self.width <= bytes.len() {
                self.choices[literal] = Some(choice);
            }
        }
        // The buckets are filled only if something is left to be compared with them.
        if self.choices.iter().any(Option::is_none) {
            for literal in 0..self.literals.len() {
                if let Some(Choice { offset, bucket }) = self.choices[literal] {
                    let window = self.window(literal, offset);
                    self.buckets[bucket].add(window);
                }
            }
        }
    }

    /// Gives each other literal the window and the bucket that cost least, the most frequent first.
    fn take_others(&mut self) {
        let missing = (0..self.literals.len()).filter(|&literal| self.choices[literal].is_none());
        let mut order: Vec<(f64, usize)> =
            missing.map(|literal| (self.rarest(literal), literal)).collect();
        order.sort_by(|one, other| other.0.total_cmp(&one.0));
        for (_, literal) in order {
            let choice = self.cheapest(literal);
            let window = self.window(literal, choice.offset);
            self.buckets[choice.bucket].add(window);
            self.choices[literal] = Some(choice);
        }
    }

    /// The frequency of the rarest window of a literal.
    fn rarest(&self, literal: usize) -> f64 {
        let windows = self.literals[literal].windows(self.width);
        let all = windows.map(|window| places(window.iter().map(|&byte| frequency(byte))));
        all.fold(f64::INFINITY, f64::min)
    }

    fn cheapest(&self, literal: usize) -> Choice {
        let mut best = (f64::INFINITY, Choice { offset: 0, bucket: 0 });
        for (offset, window) in self.literals[literal].windows(self.width).enumerate() {
            for (bucket, filled) in self.buckets.iter().enumerate() {
                let cost = filled.cost(window);
                if cost < best.0 {
                    best = (cost, Choice { offset, bucket });
                }
            }
        }
        best.1
    }
}

/// The nibbles that the windows of a bucket have at one place, and how many bytes have them, of those in
/// [`FREQUENCIES`]. The sums make it cheap to try a window.
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

pub(super) fn nibbles(byte: u8) -> (usize, usize) {
    (usize::from(byte >> 4), usize::from(byte & 15))
}

fn frequency(byte: u8) -> u32 {
    let (high, low) = nibbles(byte);
    u32::from(FREQUENCIES[high][low])
}

/// The number of places in texts that have such bytes; `bytes` has one number for each of them.
fn places(bytes: impl Iterator<Item = u32>) -> f64 {
    bytes.map(f64::from).product()
}

/// A bucket while it is filled.
#[derive(Clone, Debug, Default)]
struct Bucket {
    nibbles: [Nibbles; WIDTH],
    /// The number of places in texts that are examined for it.
    places: f64,
}

impl Bucket {
    /// The additional text that is examined with one more window.
    fn cost(&self, window: &[u8]) -> f64 {
        let places = window.iter().zip(&self.nibbles);
        self::places(places.map(|(&byte, nibbles)| nibbles.with(byte))) - self.places
    }

    fn add(&mut self, window: &[u8]) {
        self.nibbles.iter_mut().zip(window).for_each(|(nibbles, &byte)| nibbles.add(byte));
        let nibbles = self.nibbles[..window.len()].iter();
        self.places = places(nibbles.map(|nibbles| nibbles.bytes));
    }
}

#[cfg(test)]
mod tests;
