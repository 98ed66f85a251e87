//! Chooses the windows of the built-in literals by how often pairs of bytes occur.
//!
//! Single bytes, by which windows are chosen during a run, say little about words: `mail` and
//! `api/` consist of bytes that are rarer than those of many a token. Pairs distinguish them, but
//! take too long to be used in each run.

use std::array::from_fn;

use super::super::{Choice, WIDTH, nibbles};

/// The frequencies of pairs of ASCII bytes: a line for each first byte, a character for each second
/// one. A pair occurs 2^((c - '0') / 2) times in 2^31 bytes. Of an eighth each of the trees of git,
/// botocore, Rails and LocalStack, of `/usr/share` of a Linux system, of an SDK in Python, and of
/// programs and headers.
const PAIRS: &str = include_str!("pairs.txt");
/// Values of a byte of ASCII.
const ASCII: usize = 128;
/// The cost of a place that holds a window, relative to a place that only looks like it.
const WINDOW: f64 = 8.0;
/// The cost of a place that has only the nibbles of windows, relative to a place that has their
/// bytes: few processors compare nibbles.
const NIBBLES: f64 = 0.25;

/// Maximum number of rounds of moves.
const ROUNDS: usize = 12;
/// Shuffles the order of literals that are about equally frequent. Which order leads to the best plan is
/// chance: of forty-five, none had more than 620 bytes for each place that is examined with the default packs,
/// and this one had. Another one is worth a try when the literals change.
const SEED: u32 = 3_286_892_693;

type Window = [u8; WIDTH];

/// The probabilities of bytes, and of the byte after each byte.
pub(super) struct Pairs {
    first: Vec<f64>,
    next: Vec<Vec<f64>>,
}

impl Pairs {
    pub(super) fn new() -> Self {
        // Without functions that differ between platforms.
        let root = [1.0, std::f64::consts::SQRT_2];
        let times = |character: u8| {
            let halves = character - b'0';
            f64::from(1_u32 << (halves / 2)) * root[usize::from(halves % 2)]
        };
        let mut next: Vec<Vec<f64>> =
            PAIRS.lines().map(|line| line.bytes().map(times).collect()).collect();
        assert!(next.len() == ASCII && next.iter().all(|row| row.len() == ASCII));
        let mut first: Vec<f64> = next.iter().map(|row| row.iter().sum()).collect();
        for (row, sum) in next.iter_mut().zip(&first) {
            row.iter_mut().for_each(|times| *times /= sum);
        }
        let all: f64 = first.iter().sum();
        first.iter_mut().for_each(|times| *times /= all);
        Self { first, next }
    }

    /// The share of places in texts that have one of some bytes at each place of a window.
    fn share(&self, bytes: &[Vec<u8>; WIDTH]) -> f64 {
        let mut shares: Vec<f64> =
            bytes[0].iter().map(|&byte| self.first[usize::from(byte)]).collect();
        for (before, here) in bytes.iter().zip(&bytes[1..]) {
            let share = |&byte: &u8| -> f64 {
                let from = before.iter().zip(&shares);
                from.map(|(&b, share)| share * self.next[usize::from(b)][usize::from(byte)]).sum()
            };
            shares = here.iter().map(share).collect();
        }
        shares.iter().sum()
    }

    /// The share of places that the search examines for a bucket, if it compares bytes.
    pub(super) fn by_byte(&self, windows: &[Window]) -> f64 {
        self.share(&from_fn(|place| {
            let mut bytes: Vec<u8> = windows.iter().map(|window| window[place]).collect();
            bytes.sort_unstable();
            bytes.dedup();
            bytes
        }))
    }

    /// The same, if it compares nibbles.
    pub(super) fn by_nibble(&self, windows: &[Window]) -> f64 {
        self.share(&from_fn(|place| {
            let (mut low, mut high) = (0_u16, 0_u16);
            for (in_high, in_low) in windows.iter().map(|window| nibbles(window[place])) {
                low |= 1 << in_low;
                high |= 1 << in_high;
            }
            let has = |byte: &u8| {
                let (in_high, in_low) = nibbles(*byte);
                low >> in_low & 1 == 1 && high >> in_high & 1 == 1
            };
            (0..ASCII as u8).filter(has).collect()
        }))
    }

    /// The cost of a bucket without the windows in it.
    fn mixtures(&self, windows: &[Window]) -> f64 {
        if windows.is_empty() {
            return 0.0;
        }
        self.by_byte(windows) + NIBBLES * self.by_nibble(windows)
    }

    /// The cost of a window.
    fn held(&self, window: Window) -> f64 {
        WINDOW * self.share(&window.map(|byte| vec![byte]))
    }
}

pub(super) fn window(literal: &[u8], offset: usize) -> Window {
    from_fn(|place| literal[offset + place])
}

fn windows(literal: &[u8]) -> impl Iterator<Item = Window> {
    (0..=literal.len() - WIDTH).map(|offset| window(literal, offset))
}

/// Gives each literal the window and the bucket that cost least, the most frequent literal first, and
/// moves them until no move pays.
pub(super) fn tune(literals: &[&[u8]], buckets: usize) -> Vec<Choice> {
    let pairs = Pairs::new();
    let held: Vec<Vec<(Window, f64)>> = literals
        .iter()
        .map(|bytes| windows(bytes).map(|window| (window, pairs.held(window))).collect())
        .collect();
    let rarest = |literal: usize| {
        let least = held[literal].iter().map(|it| it.1).fold(f64::INFINITY, f64::min);
        let share = super::super::number(literals[literal]).wrapping_mul(SEED) >> 16 & 0xff;
        least * (1.0 + f64::from(share) / 16.0)
    };
    let mut order: Vec<usize> = (0..literals.len()).collect();
    order.sort_by(|&one, &other| rarest(other).total_cmp(&rarest(one)));
    let mut choices: Vec<Option<Choice>> = vec![None; literals.len()];
    let fill = |choices: &[Option<Choice>], bucket: usize| -> (Vec<Window>, f64) {
        let chosen = choices.iter().zip(literals).filter_map(|(choice, bytes)| {
            choice.filter(|it| it.bucket == bucket).map(|it| window(bytes, it.offset))
        });
        let windows: Vec<Window> = chosen.collect();
        let cost = pairs.mixtures(&windows);
        (windows, cost)
    };
    let mut filled = vec![(Vec::new(), 0.0); buckets];
    for _ in 0..ROUNDS {
        let before = choices.clone();
        for &literal in &order {
            if let Some(old) = choices[literal].take() {
                filled[old.bucket] = fill(&choices, old.bucket);
            }
            let mut best = (f64::INFINITY, Choice { offset: 0, bucket: 0 });
            for (bucket, (windows, cost)) in filled.iter_mut().enumerate() {
                for (offset, &(window, held)) in held[literal].iter().enumerate() {
                    let is_new = !windows.contains(&window);
                    windows.push(window);
                    let more = pairs.mixtures(windows) - *cost + if is_new { held } else { 0.0 };
                    windows.pop();
                    if more < best.0 {
                        best = (more, Choice { offset, bucket });
                    }
                }
            }
            choices[literal] = Some(best.1);
            filled[best.1.bucket] = fill(&choices, best.1.bucket);
        }
        if choices == before {
            break;
        }
    }
    choices.into_iter().flatten().collect()
}
