//! Pieces of secrets: eight letters in a row are a fifth of a secret, and five of them are all of
//! it.
//!
//! A set of all runs of eight letters of all secrets. It finds them in a text, in a row or with
//! separators in between.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::opaque;

/// Letters of a piece.
pub(super) const LEAST: usize = 8;
/// Longest tag of markup between two parts of a secret.
const TAG: usize = 24;
/// Maximum number of bytes between two parts of a secret, except for a tag.
const GAP: usize = 12;

/// The pieces of all secrets.
pub(super) struct Pieces {
    /// Sorted; each is eight letters.
    all: Zeroizing<Vec<u64>>,
    /// Bits of hashes, which exclude most texts quickly.
    filter: Vec<u64>,
}

impl Pieces {
    pub(super) fn of(secrets: &[&[u8]]) -> Self {
        let mut all = Zeroizing::new(Vec::new());
        for secret in secrets {
            let pieces = secret.windows(LEAST).filter(|piece| !opaque::is_plain(piece));
            all.extend(pieces.filter_map(number));
        }
        all.sort_unstable();
        all.dedup();
        let words = (all.len() / 4).next_power_of_two().max(16);
        let mut filter = vec![0; words];
        for &piece in all.iter() {
            let bit = bit(piece, words);
            filter[bit / 64] |= 1 << (bit % 64);
        }
        Self { all, filter }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds the spans of pieces whose letters are in a row; overlapping ones are one span.
    pub(super) fn find(&self, text: &[u8], spans: &mut Vec<Range<usize>>) {
        let first = spans.len();
        for (at, window) in text.windows(LEAST).enumerate() {
            if !number(window).is_some_and(|piece| self.has(piece)) {
                continue;
            }
            match spans[first..].last_mut() {
                Some(last) if at <= last.end => last.end = at + LEAST,
                _ => spans.push(at..at + LEAST),
            }
        }
    }

    /// The positions of letters of pieces that are separated by other characters, by tags, or by
    /// the quotes and operators with which a language joins strings.
    pub(super) fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.is_empty() {
            return found;
        }
        for places in [joined(text, false), joined(text, true)] {
            let letters: Vec<u8> = places.iter().map(|&at| text[at]).collect();
            let backwards: Vec<u8> = letters.iter().rev().copied().collect();
            let mut spans = Vec::new();
            self.find(&letters, &mut spans);
            let mut turned = Vec::new();
            self.find(&backwards, &mut turned);
            let end = letters.len();
            spans.extend(turned.into_iter().map(|span| end - span.end..end - span.start));
            for span in spans {
                let places = &places[span];
                // One by one, because what is between distant letters is shown.
                for part in places.chunk_by(|one, two| two - one <= GAP) {
                    found.extend(part.first().zip(part.last()).map(|(one, two)| *one..two + 1));
                }
            }
        }
        found
    }

    fn has(&self, piece: u64) -> bool {
        let bit = bit(piece, self.filter.len());
        self.filter[bit / 64] >> (bit % 64) & 1 == 1 && self.all.binary_search(&piece).is_ok()
    }
}

fn number(piece: &[u8]) -> Option<u64> {
    piece.try_into().ok().map(u64::from_be_bytes)
}

/// The bit of a piece, in a number of words that is a power of two.
fn bit(piece: u64, words: usize) -> usize {
    let hash = piece.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 32) as usize & (words * 64 - 1)
}

/// The positions of the letters of a text without separators: `"ab" + "cd"`, `ab<wbr>cd`. With
/// `signs`, the letters `+` and `/`, which a secret may contain, are left out as well.
fn joined(text: &[u8], signs: bool) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match rest[0] {
            b'<' => {
                let tag = rest.iter().take(TAG).position(|&byte| byte == b'>');
                at += tag.map_or(1, |end| end + 1);
            }
            b'"' | b'\'' | b'`' => {
                // From the end of one string to the beginning of the next.
                let inner = rest[1..].iter().take(GAP);
                let inner = inner.take_while(|byte| !byte.is_ascii_alphanumeric());
                let next =
                    inner.enumerate().filter(|(_, byte)| matches!(byte, b'"' | b'\'' | b'`'));
                at += next.last().map_or(1, |(end, _)| end + 2);
            }
            byte => {
                if byte.is_ascii_alphanumeric() || (!signs && matches!(byte, b'+' | b'/')) {
                    places.push(at);
                }
                at += 1;
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"k3Xv9/QpZ7+LmW2cR8tBnY5dF1gHs4jVa6uEoKiT";

    fn shown(text: &str) -> String {
        let pieces = Pieces::of(&[SECRET]);
        let mut spans = Vec::new();
        pieces.find(text.as_bytes(), &mut spans);
        spans.extend(pieces.spans(text.as_bytes()));
        String::from_utf8_lossy(&opaque::masked(text.as_bytes(), spans)).into_owned()
    }

    #[test]
    fn pieces_are_hidden_however_they_are_joined() {
        for (text, without) in [
            ("x k3Xv9/Qp y", "x [redacted] y"),
            ("x k3Xv9/Q y", "x k3Xv9/Q y"),
            ("'k3Xv' + '9/Qp' .", "'[redacted]' ."),
            ("k3Xv<wbr>9/Qp!", "[redacted]!"),
            ("k3X v9/ QpZ", "[redacted]"),
            ("k 3 X v 9 / Q p", "[redacted]"),
            ("pQ/9vX3k", "[redacted]"),
            ("k3Xv9/QpZ7+LmW2c and R8tBnY5dF1g", "[redacted] and [redacted]"),
        ] {
            assert_eq!(shown(text), without, "{text}");
        }
    }

    #[test]
    fn words_of_a_secret_hide_no_words() {
        let pieces = Pieces::of(&[b"bedrock-api-key-password"]);
        assert!(pieces.is_empty());
    }
}
