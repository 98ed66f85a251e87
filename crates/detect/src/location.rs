//! Places in a text: byte spans, and the lines and columns for people and services.
//!
//! Lines and columns count from 1 and ends are exclusive. A column has two values, in Unicode
//! scalar values (text, JSON) and in UTF-16 code units (SARIF §3.30.6); an invalid byte counts one
//! in both. Only a line feed ends a line, as in git.

use std::ops::Range;

use serde::Serialize;

/// The byte order mark in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u64,
    /// Column in Unicode scalar values, from 1.
    pub column: u64,
    /// Column in UTF-16 code units, from 1.
    #[serde(skip)]
    pub column_utf16: u64,
}

impl Default for Position {
    fn default() -> Self {
        Self { line: 1, column: 1, column_utf16: 1 }
    }
}

/// A stretch of text; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    /// The place of its first character.
    pub start: Position,
    /// The place directly after its last character.
    pub end: Position,
}

/// Converts byte offsets into positions.
///
/// Offsets in ascending order need one pass over the text in total; an offset before the previous
/// one starts over.
pub struct LineIndex<'a> {
    bytes: &'a [u8],
    first: Position,
    offset: usize,
    at: Position,
}

impl<'a> LineIndex<'a> {
    /// Makes an index of `bytes`, whose first byte is at `first`.
    pub fn new(bytes: &'a [u8], first: Position) -> Self {
        Self { bytes, first, offset: 0, at: first }
    }

    /// The position of the byte at `offset`; an offset past the end means the end of the text.
    ///
    /// `offset` must not cut a character in two. The offsets of credentials never do, because these
    /// are ASCII.
    pub fn position(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.bytes.len());
        if offset < self.offset {
            self.offset = 0;
            self.at = self.first;
        }
        self.at = advance(self.at, &self.bytes[self.offset..offset]);
        self.offset = offset;
        self.at
    }

    /// The region of a span of bytes.
    pub fn region(&mut self, span: Range<usize>) -> Region {
        Region { start: self.position(span.start), end: self.position(span.end) }
    }
}

/// The position after `bytes` if they begin at `from`.
///
/// The byte order mark at the beginning of a text is not a character of its first line: editors do not
/// show it.
pub fn advance(from: Position, bytes: &[u8]) -> Position {
    let mut at = from;
    let is_first = from == Position::default();
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_first).unwrap_or(bytes);
    let tail = match memchr::memrchr(b'\n', bytes) {
        Some(last) => {
            at.line += memchr::memchr_iter(b'\n', &bytes[..=last]).count() as u64;
            at.column = 1;
            at.column_utf16 = 1;
            &bytes[last + 1..]
        }
        None => bytes,
    };
    for chunk in tail.utf8_chunks() {
        for character in chunk.valid().chars() {
            at.column += 1;
            at.column_utf16 += character.len_utf16() as u64;
        }
        at.column += chunk.invalid().len() as u64;
        at.column_utf16 += chunk.invalid().len() as u64;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_scalars_and_utf16_units() {
        let text = "a\n\u{1f600}é\u{fffd}x".as_bytes();
        let mut index = LineIndex::new(text, Position::default());
        let x = index.position(text.len() - 1);
        assert_eq!((x.line, x.column, x.column_utf16), (2, 4, 5));
    }

    #[test]
    fn a_byte_order_mark_is_no_character_of_the_first_line() {
        let text = "\u{feff}ab\u{feff}c\n\u{feff}d".as_bytes();
        let place = |offset: usize| {
            let at = LineIndex::new(text, Position::default()).position(offset);
            (at.line, at.column, at.column_utf16)
        };
        assert_eq!([place(0), place(3), place(4)], [(1, 1, 1), (1, 1, 1), (1, 2, 2)]);
        // Elsewhere it is a character.
        assert_eq!([place(8), place(13)], [(1, 4, 4), (2, 2, 2)]);
        let second = Position { line: 2, ..Position::default() };
        assert_eq!(LineIndex::new(text, second).position(3).column, 2);
    }

    #[test]
    fn an_invalid_byte_counts_one() {
        let mut index = LineIndex::new(b"\xff\xfe\xe2\x82x", Position::default());
        assert_eq!(index.position(4).column, 5);
    }

    proptest! {
        #[test]
        fn same_position_in_any_order(text in "[a\n\r é\u{1f600}]{0,80}", a in 0usize..200, b in 0usize..200) {
            let (a, b) = (boundary(&text, a), boundary(&text, b));
            let mut one = LineIndex::new(text.as_bytes(), Position::default());
            let first = (one.position(a), one.position(b));
            let mut two = LineIndex::new(text.as_bytes(), Position::default());
            let second = two.position(b);
            prop_assert_eq!(first.1, second);
            prop_assert_eq!(first.0, two.position(a));
        }
    }

    fn boundary(text: &str, offset: usize) -> usize {
        (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
    }
}
