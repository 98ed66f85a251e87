//! GitHub's `primaryLocationLineHash`: the hash by which code scanning recognises an alert in the
//! next upload.
//!
//! Each line of a file has a hash and a counter. The definition is that of
//! `github/codeql-action`, `src/fingerprints.ts`: a polynomial hash over a hundred UTF-16 code
//! units from the line's beginning on, without blanks and tabs, and with every line end read as a
//! line feed. The upload action warns of a value that differs from its own, so the algorithm can't
//! be changed. Unlike in [`crate::location`], a lone carriage return also ends a line.

use std::collections::{HashMap, VecDeque};

/// Number of code units that a hash covers.
const WINDOW: usize = 100;
/// Base of the polynomial.
const BASE: u64 = 37;
/// Follows the last code unit of a file.
const END_OF_FILE: u16 = u16::MAX;

/// Number of lines whose hashes are all kept.
const KEPT: u64 = 1 << 16;

/// The hash of each wanted line (from 1), and the number of lines up to it with the same hash.
///
/// The result is in the order of `wanted_lines`; `None` for a line that `bytes` do not contain.
/// After many lines it takes two passes over `bytes`, so as to keep few hashes.
pub fn line_hashes(bytes: &[u8], wanted_lines: &[u64]) -> Vec<Option<(u64, u32)>> {
    hashes(bytes, wanted_lines, KEPT)
}

/// [`line_hashes`] with one pass if the last wanted line is at most `kept`.
fn hashes(bytes: &[u8], wanted_lines: &[u64], kept: u64) -> Vec<Option<(u64, u32)>> {
    let mut found: HashMap<u64, (u64, u32)> = HashMap::with_capacity(wanted_lines.len());
    let last = wanted_lines.iter().copied().max().unwrap_or_default();
    let wanted: std::collections::HashSet<u64> = wanted_lines.iter().copied().collect();
    let mut all = Vec::new();
    each_line(bytes, last, |line, hash| {
        if last <= kept {
            all.push(hash);
        } else if wanted.contains(&line) {
            found.insert(line, (hash, 0));
        }
    });
    if last <= kept {
        let hash = |&line: &u64| all.get(usize::try_from(line).ok()?.checked_sub(1)?).copied();
        found.extend(wanted.iter().filter_map(|line| Some((*line, (hash(line)?, 0)))));
    }
    let mut counts: HashMap<u64, u32> = found.values().map(|&(hash, _)| (hash, 0)).collect();
    let mut count = |line: u64, hash: u64| {
        let Some(count) = counts.get_mut(&hash) else { return };
        *count += 1;
        if let Some(entry) = found.get_mut(&line) {
            entry.1 = *count;
        }
    };
    if last <= kept {
        (1..).zip(all).for_each(|(line, hash)| count(line, hash));
    } else {
        each_line(bytes, last, count);
    }
    wanted_lines.iter().map(|line| found.get(line).copied()).collect()
}

/// The value in SARIF: hexadecimal hash, colon, counter.
pub fn format(hash: u64, count: u32) -> String {
    format!("{hash:x}:{count}")
}

/// Calls `see` with number and hash of each line up to `last`, in order. The text after it is not
/// read.
fn each_line(bytes: &[u8], last: u64, see: impl FnMut(u64, u64)) {
    let mut rolling = Rolling::new(last, see);
    let mut rest = bytes;
    while !rest.is_empty() {
        let piece = &rest[..rest.len().min(PIECE)];
        let end = if piece.is_ascii() {
            rolling.take_ascii(piece);
            piece.len()
        } else {
            // A character that the end of a piece cuts belongs to the next one.
            let end = whole_characters(piece, rest.len() > piece.len());
            for chunk in piece[..end].utf8_chunks() {
                chunk.valid().encode_utf16().for_each(|unit| rolling.take(unit));
                if !chunk.invalid().is_empty() {
                    rolling.take(0xfffd);
                }
            }
            end
        };
        if rolling.done() {
            return;
        }
        rest = &rest[end..];
    }
    rolling.finish();
}

/// Bytes between two checks whether all lines were seen.
const PIECE: usize = 512;

/// The length of a piece without the beginning of a character at its end, if more text follows.
fn whole_characters(piece: &[u8], goes_on: bool) -> usize {
    let tail = piece.len().saturating_sub(4);
    let last = piece[tail..].iter().rposition(|byte| !matches!(byte, 0x80..=0xbf));
    match last {
        Some(at) if goes_on && piece[tail + at] >= 0xc0 && tail + at > 0 => tail + at,
        _ => piece.len(),
    }
}

/// The hash over all code units so far, and the lines that began less than a [`WINDOW`] ago. The
/// hash of a window is that at its end without that at its start.
struct Rolling<F> {
    /// The number of units so far.
    count: usize,
    /// For each of these lines, the number of units at which its window ends, and the hash over
    /// the units before it.
    starts: VecDeque<(usize, u64)>,
    /// The end of the first of these windows.
    due: usize,
    hash: u64,
    /// `BASE` to the power of `WINDOW`: the weight of what is before a window.
    leaving: u64,
    at_line_start: bool,
    after_return: bool,
    last: u64,
    seen: u64,
    see: F,
}

impl<F: FnMut(u64, u64)> Rolling<F> {
    fn new(last: u64, see: F) -> Self {
        Self {
            count: 0,
            starts: VecDeque::new(),
            due: usize::MAX,
            hash: 0,
            leaving: BASE.wrapping_pow(WINDOW as u32),
            at_line_start: true,
            after_return: false,
            last,
            seen: 0,
            see,
        }
    }

    fn done(&self) -> bool {
        self.seen >= self.last
    }

    fn take(&mut self, unit: u16) {
        const RETURN: u16 = b'\r' as u16;
        const FEED: u16 = b'\n' as u16;
        let follows_return = std::mem::replace(&mut self.after_return, unit == RETURN);
        if unit == u16::from(b' ') || unit == u16::from(b'\t') || (follows_return && unit == FEED) {
            return;
        }
        let unit = if unit == RETURN { FEED } else { unit };
        self.report();
        if self.at_line_start {
            let end = self.count + WINDOW;
            self.due = self.due.min(end);
            self.starts.push_back((end, self.hash));
        }
        self.at_line_start = unit == FEED;
        self.roll(unit);
    }

    /// Takes the bytes of a piece, each one code unit.
    fn take_ascii(&mut self, mut piece: &[u8]) {
        while let Some((&first, rest)) = piece.split_first() {
            self.take(u16::from(first));
            piece = rest;
            if self.at_line_start {
                continue;
            }
            // Up to the next blank, or to the end of a window, only the hash changes.
            let most = self.due.saturating_sub(self.count).min(piece.len());
            let mut len = 0;
            for &byte in piece[..most].iter().take_while(|byte| **byte > b' ') {
                self.hash = self.hash.wrapping_mul(BASE).wrapping_add(u64::from(byte));
                len += 1;
            }
            self.count += len;
            self.after_return &= len == 0;
            piece = &piece[len..];
        }
    }

    fn finish(mut self) {
        self.take(END_OF_FILE);
        for _ in 0..WINDOW {
            self.report();
            self.roll(0);
        }
    }

    /// Reports the line that began a whole window ago, if there is one.
    fn report(&mut self) {
        if self.due != self.count {
            return;
        }
        if let Some((_, before)) = self.starts.pop_front() {
            self.seen += 1;
            let hash = self.hash.wrapping_sub(self.leaving.wrapping_mul(before));
            (self.see)(self.seen, hash);
        }
        self.due = self.starts.front().map_or(usize::MAX, |&(end, _)| end);
    }

    fn roll(&mut self, unit: u16) {
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(u64::from(unit));
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A simple implementation: normalise, cut at each line's start, hash a hundred units.
    fn naive(bytes: &[u8]) -> Vec<(u64, u32)> {
        let text = String::from_utf8_lossy(bytes);
        let mut units = Vec::new();
        let mut previous = 0;
        for unit in text.encode_utf16() {
            let second_half = previous == 13 && unit == 10;
            previous = unit;
            if unit != 32 && unit != 9 && !second_half {
                units.push(if unit == 13 { 10 } else { unit });
            }
        }
        units.push(END_OF_FILE);
        let starts = (0..units.len()).filter(|&at| at == 0 || units[at - 1] == 10);
        let hashes: Vec<u64> = starts
            .map(|start| {
                (start..start + WINDOW).fold(0u64, |hash, at| {
                    let unit = units.get(at).copied().unwrap_or(0);
                    hash.wrapping_mul(BASE).wrapping_add(u64::from(unit))
                })
            })
            .collect();
        (0..hashes.len())
            .map(|at| {
                (hashes[at], hashes[..=at].iter().filter(|&&h| h == hashes[at]).count() as u32)
            })
            .collect()
    }

    #[test]
    fn known_values() {
        // From the tests of github/codeql-action, src/fingerprints.test.ts.
        let shown = |text: &str, line| {
            let (hash, count) = line_hashes(text.as_bytes(), &[line])[0].expect("a line");
            format(hash, count)
        };
        assert_eq!(shown("", 1), "c129715d7a2bc9a3:1");
        assert_eq!(shown(" a\nb\n  \t\tc\n d", 1), "271789c17abda88f:1");
        assert_eq!(
            shown("x = 2\nx = 1\nprint(x)\nx = 3\nprint(x)\nx = 4\nprint(x)\n", 8),
            "c129715d7a2bc9a3:1"
        );
        assert_eq!(line_hashes(b"one\n", &[3, 1])[0], None);
    }

    proptest! {
        #[test]
        fn equals_the_plain_law(text in r"([ab \t\n\réz\x{1f600}]|abcdefghijklm\n){0,160}", cut in 0usize..40) {
            let mut bytes = text.into_bytes();
            bytes.truncate(bytes.len().saturating_sub(cut));
            let expected = naive(&bytes);
            let lines: Vec<u64> = (1..=expected.len() as u64).collect();
            for kept in [0, KEPT] {
                let found: Vec<_> = hashes(&bytes, &lines, kept).into_iter().flatten().collect();
                prop_assert_eq!(&found, &expected);
            }
        }

        /// Pieces end in the middle of characters, of broken ones, and of line ends.
        #[test]
        fn pieces_change_nothing(
            part in r"([ab\n\ré€\x{1f600}]|[abc]{30}\n){1,20}", broken in any::<u8>(), wanted in 1..60_u64,
        ) {
            let part = [part.as_bytes(), &[broken]].concat();
            let bytes = part.repeat(1 + 4 * PIECE / part.len());
            let expected = naive(&bytes).get(wanted as usize - 1).copied();
            for kept in [0, KEPT] {
                prop_assert_eq!(hashes(&bytes, &[wanted], kept)[0], expected);
            }
        }
    }
}
