//! The candidates in text, by vector instructions.
//!
//! Nothing here depends on the literals of the windows: it returns where a window may be.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, u8x16};

use super::{SET, WIDTH, nibbles};

const LONGEST_VECTOR: usize = 64;
/// Maximum number of vectors of text between two looks at the candidates in them. More would make the
/// search of the short texts that deltas insert slower.
pub(super) const BLOCK: usize = 64;
/// The bytes that a longest vector looks up at once: those of ASCII.
const ASCII: usize = 2 * LONGEST_VECTOR;

const _: () = assert!(SET == 8, "a bucket is a bit of a byte");

/// The buckets that have windows with a nibble, or with a byte, at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables {
    low: [[u8; 16]; WIDTH],
    high: [[u8; 16]; WIDTH],
    /// Windows of other bytes have no entry.
    ascii: [[u8; ASCII]; WIDTH],
}

impl Default for Tables {
    fn default() -> Self {
        Self { low: [[0; 16]; WIDTH], high: [[0; 16]; WIDTH], ascii: [[0; ASCII]; WIDTH] }
    }
}

impl Tables {
    /// Adds a window; a short one has any byte at the last places.
    pub(super) fn add(&mut self, window: &[u8], bucket: usize) {
        let bit = 1 << bucket;
        for place in 0..WIDTH {
            let (low, high) = (&mut self.low[place], &mut self.high[place]);
            let ascii = &mut self.ascii[place];
            if let Some(&byte) = window.get(place) {
                let (in_high, in_low) = nibbles(byte);
                low[in_low] |= bit;
                high[in_high] |= bit;
                if let Some(buckets) = ascii.get_mut(usize::from(byte)) {
                    *buckets |= bit;
                }
            } else {
                low.iter_mut().chain(high).chain(ascii).for_each(|buckets| *buckets |= bit);
            }
        }
    }
}

/// [`Tables`] in vectors: the buckets of each byte of a vector of text.
pub(super) trait Lookup<S: Simd>: Copy {
    /// The tables in vectors.
    fn new(simd: S, tables: &Tables) -> Self;
    /// The keys under which a text is looked up.
    fn key(text: S::u8s) -> (S::u8s, S::u8s);
    /// The buckets that have windows with such bytes at a place.
    fn buckets(&self, place: usize, key: (S::u8s, S::u8s)) -> S::u8s;
}

/// By the nibbles of a byte: also the buckets that have each nibble in another window.
#[derive(Clone, Copy)]
pub(super) struct ByNibble<S: Simd> {
    low: [S::u8s; WIDTH],
    high: [S::u8s; WIDTH],
}

// A closure is not inlined into code for other instructions, so there is none on this path.
impl<S: Simd> Lookup<S> for ByNibble<S> {
    #[inline(always)]
    fn new(simd: S, tables: &Tables) -> Self {
        let zeros = [S::u8s::splat(simd, 0); WIDTH];
        let mut vectors = Self { low: zeros, high: zeros };
        for place in 0..WIDTH {
            vectors.low[place] = S::u8s::block_splat(u8x16::from_slice(simd, &tables.low[place]));
            vectors.high[place] = S::u8s::block_splat(u8x16::from_slice(simd, &tables.high[place]));
        }
        vectors
    }

    #[inline(always)]
    fn key(text: S::u8s) -> (S::u8s, S::u8s) {
        (text & 15, text >> 4)
    }

    #[inline(always)]
    fn buckets(&self, place: usize, (low, high): (S::u8s, S::u8s)) -> S::u8s {
        self.low[place].swizzle_dyn_within_blocks(low)
            & self.high[place].swizzle_dyn_within_blocks(high)
    }
}

/// Compares ASCII bytes; other bytes have no buckets. For vectors of the longest kind.
#[derive(Clone, Copy)]
pub(super) struct ByByte<S: Simd> {
    first: [S::u8s; WIDTH],
    second: [S::u8s; WIDTH],
}

impl<S: Simd> Lookup<S> for ByByte<S> {
    #[inline(always)]
    fn new(simd: S, tables: &Tables) -> Self {
        let zeros = [S::u8s::splat(simd, 0); WIDTH];
        let mut vectors = Self { first: zeros, second: zeros };
        for place in 0..WIDTH {
            let (first, second) = tables.ascii[place].split_at(LONGEST_VECTOR);
            vectors.first[place] = S::u8s::from_slice(simd, first);
            vectors.second[place] = S::u8s::from_slice(simd, second);
        }
        vectors
    }

    #[inline(always)]
    fn key(text: S::u8s) -> (S::u8s, S::u8s) {
        (text, text)
    }

    #[inline(always)]
    fn buckets(&self, place: usize, (byte, _): (S::u8s, S::u8s)) -> S::u8s {
        self.first[place].concat_swizzle_dyn_precise(self.second[place], byte)
    }
}

/// The candidates of one vector of text, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// Offset of the vector.
    pub at: usize,
    /// The candidates, from the lowest bit on.
    pub bits: u64,
}

/// Marks the candidates of at most [`BLOCK`] vectors from `start` on. Returns where they end, and the
/// number of marks.
///
/// Nothing is examined here. A call would push the tables out of the registers, and a branch on a
/// candidate is mispredicted, so every vector is written and the next one overwrites it if it has none.
#[inline(always)]
pub(super) fn block<S: Simd, L: Lookup<S>, const SETS: usize>(
    simd: S,
    sets: [&Tables; SETS],
    text: &[u8],
    start: usize,
    marks: &mut [Mark; BLOCK],
) -> (usize, usize) {
    let length = S::u8s::LEN;
    let mut tables = [L::new(simd, sets[0]); SETS];
    for (vectors, set) in tables.iter_mut().zip(sets) {
        *vectors = L::new(simd, set);
    }
    let (mut at, mut count) = (start, 0);
    for _ in 1..BLOCK {
        let Some(part) = text.get(at..at + length + WIDTH - 1) else { break };
        let bits = candidates::<S, L, SETS>(simd, &tables, part);
        marks[count] = Mark { at, bits };
        count += usize::from(bits != 0);
        at += length;
    }
    let rest = text.get(at..).unwrap_or_default();
    if rest.len() < length + WIDTH - 1 && !rest.is_empty() {
        // The end of the text, and zeros.
        let mut padded = [0; LONGEST_VECTOR + WIDTH - 1];
        padded[..rest.len()].copy_from_slice(rest);
        let bits = candidates::<S, L, SETS>(simd, &tables, &padded[..length + WIDTH - 1]);
        marks[count] = Mark { at, bits };
        count += usize::from(bits != 0);
        at += length;
    }
    (at, count)
}

/// The places in a vector of text that some bucket may have a window at, a bit each. `part` is the
/// vector and the three bytes after it.
#[inline(always)]
fn candidates<S: Simd, L: Lookup<S>, const SETS: usize>(
    simd: S,
    tables: &[L; SETS],
    part: &[u8],
) -> u64 {
    let length = S::u8s::LEN;
    let mut buckets: [S::u8s; SETS] = [S::u8s::splat(simd, 0xff); SETS];
    for place in 0..WIDTH {
        let key = L::key(S::u8s::from_slice(simd, &part[place..place + length]));
        for set in 0..SETS {
            buckets[set] &= tables[set].buckets(place, key);
        }
    }
    let mut any = buckets[0];
    for other in &buckets[1..] {
        any |= *other;
    }
    !any.simd_eq(S::u8s::splat(simd, 0)).to_bitmask() & (u64::MAX >> (64 - length))
}
