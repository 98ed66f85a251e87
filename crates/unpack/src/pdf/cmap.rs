//! The letters of a font's codes: its `/ToUnicode` CMap (ISO 32000-1, 9.10.3; Adobe technical notes
//! 5014 and 5411).

use std::cmp::Reverse;

use super::Budget;
use super::glyphs::{Glyph, named};
use super::lex::{Token, Tokens, unhex};

/// Limit of codespace entries.
const SPACES: usize = 16;
/// Limit of UTF-16 units per code.
const UNITS: usize = 16;
/// Limit of codes in a range that map to several letters each.
const EXPANDED: u32 = 256;
/// Limit of overlapping ranges that are searched.
const OVERLAPS: usize = 16;
/// Marks an index in the list of texts.
const TEXT: u32 = 1 << 31;

/// A map of codes to letters.
#[derive(Debug, Default)]
pub(super) struct CMap {
    spaces: Vec<Space>,
    ranges: Vec<Range>,
    texts: Vec<Box<str>>,
}

/// Codes of one length (5014, 7.1): each byte is between those of the two ends.
#[derive(Clone, Copy, Debug)]
struct Space {
    length: usize,
    low: u32,
    high: u32,
}

/// Consecutive codes with consecutive letters.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: u32,
    high: u32,
    /// The first letter, or the index of a text.
    to: u32,
}

/// The section that an operator opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Other,
    Spaces,
    Letters,
    Ranges,
}

impl CMap {
    /// Adds the definitions in a stream; later ones override. Damaged parts are skipped.
    pub(super) fn read(&mut self, text: &[u8], budget: &mut Budget) {
        let mut section = Section::Other;
        // The codes before the letters, and their lengths in bytes.
        let mut codes: Vec<(u32, usize)> = Vec::new();
        let mut listed: Option<u32> = None;
        for token in Tokens::new(text) {
            match token {
                Token::Word(word) => {
                    section = match word {
                        b"begincodespacerange" => Section::Spaces,
                        b"beginbfchar" => Section::Letters,
                        b"beginbfrange" => Section::Ranges,
                        _ => Section::Other,
                    };
                    codes.clear();
                    listed = None;
                }
                Token::ArrayBegins if section == Section::Ranges && codes.len() == 2 => {
                    listed = Some(0);
                }
                Token::ArrayEnds => {
                    codes.clear();
                    listed = None;
                }
                Token::Hex(digits) => match (section, codes.as_slice(), listed) {
                    (Section::Other, ..) => {}
                    (Section::Spaces, &[(low, length)], _) => {
                        let (high, _) = code(digits);
                        if self.spaces.len() < SPACES && (1..=4).contains(&length) {
                            self.spaces.push(Space { length, low, high });
                        }
                        codes.clear();
                    }
                    (Section::Letters, &[(low, _)], _) => {
                        self.add(low, low, &units(digits), budget);
                        codes.clear();
                    }
                    (Section::Ranges, &[(low, _), (high, _)], Some(number)) => {
                        let at = low.checked_add(number).filter(|&at| at <= high);
                        if let Some(at) = at {
                            self.add(at, at, &units(digits), budget);
                        }
                        listed = Some(number.saturating_add(1));
                    }
                    (Section::Ranges, &[(low, _), (high, _)], None) => {
                        self.add(low, high, &units(digits), budget);
                        codes.clear();
                    }
                    _ => codes.push(code(digits)),
                },
                Token::Name(name) if section == Section::Letters && codes.len() == 1 => {
                    if let Glyph::Letter(letter) = named(name) {
                        self.add(codes[0].0, codes[0].0, &[letter as u32 as u16], budget);
                    }
                    codes.clear();
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, low: u32, high: u32, units: &[u16], budget: &mut Budget) {
        let letters = char::decode_utf16(units.iter().copied());
        let letters: Vec<char> = letters.map(|one| one.unwrap_or('\u{fffd}')).collect();
        match letters.as_slice() {
            [] => {}
            &[letter] => self.push(Range { low, high, to: letter.into() }, budget),
            // The last letter is counted up.
            [before @ .., last] => {
                let most = high.saturating_sub(low).min(EXPANDED - 1);
                for more in 0..=most {
                    let last = char::from_u32(u32::from(*last) + more).unwrap_or('\u{fffd}');
                    let text: String = before.iter().chain([&last]).collect();
                    if !budget.takes(text.len() + size_of::<Box<str>>()) {
                        return;
                    }
                    let to = TEXT | u32::try_from(self.texts.len()).expect("a budget bounds them");
                    self.texts.push(text.into());
                    let Some(low) = low.checked_add(more) else { return };
                    self.push(Range { low, high: low, to }, budget);
                }
            }
        }
    }

    fn push(&mut self, range: Range, budget: &mut Budget) {
        let same = self.ranges.last().is_some_and(|last| {
            (last.low, last.high, last.to) == (range.low, range.high, range.to)
        });
        if range.low <= range.high && !same && budget.takes(size_of::<Range>()) {
            self.ranges.push(range);
        }
    }

    /// Sorts the ranges for lookups.
    pub(super) fn seal(&mut self) {
        // Of ranges with the same start, the search from the end finds the shortest first; of equal
        // ones, the last wins.
        self.ranges.sort_by_key(|range| (range.low, Reverse(range.high)));
        self.ranges.reverse();
        self.ranges.dedup_by_key(|range| (range.low, range.high));
        self.ranges.reverse();
        self.ranges.shrink_to_fit();
    }

    /// True if it has no definitions.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Number of following bytes that form one code, if a codespace matches.
    pub(super) fn length(&self, bytes: &[u8]) -> Option<usize> {
        let fits = |space: &&Space| {
            let Some(code) = bytes.get(..space.length) else { return false };
            let ends = [space.low, space.high].map(u32::to_be_bytes);
            let bytes = code.iter().zip(&ends[0][4 - space.length..]);
            let mut bytes = bytes.zip(&ends[1][4 - space.length..]);
            bytes.all(|((byte, low), high)| (low..=high).contains(&byte))
        };
        self.spaces.iter().find(fits).or(self.spaces.first()).map(|space| space.length)
    }

    /// Appends the letters of a code to a text; `false` if the code is not defined.
    pub(super) fn spell(&self, code: u32, text: &mut Vec<u8>) -> bool {
        let after = self.ranges.partition_point(|range| range.low <= code);
        let mut before = self.ranges[..after].iter().rev().take(OVERLAPS);
        let Some(range) = before.find(|range| range.high >= code) else { return false };
        if range.to & TEXT != 0 {
            let letters = &self.texts[(range.to & !TEXT) as usize];
            text.extend_from_slice(letters.as_bytes());
            return true;
        }
        let letter = range.to.checked_add(code - range.low).and_then(char::from_u32);
        let letter = letter.unwrap_or('\u{fffd}');
        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        true
    }
}

/// A code of at most four bytes, and its length.
fn code(digits: &[u8]) -> (u32, usize) {
    unhex(digits).fold((0, 0), |(code, length), byte| (code << 8 | u32::from(byte), length + 1))
}

/// Letters as UTF-16 units; a single byte is one unit as well.
fn units(digits: &[u8]) -> Vec<u16> {
    let bytes: Vec<u8> = unhex(digits).take(2 * UNITS).collect();
    match bytes.as_slice() {
        &[byte] => vec![byte.into()],
        bytes => bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str, codes: &[u32]) -> String {
        let mut map = CMap::default();
        map.read(text.as_bytes(), &mut Budget::default());
        map.seal();
        let mut letters = Vec::new();
        for &code in codes {
            if !map.spell(code, &mut letters) {
                letters.push(b'.');
            }
        }
        String::from_utf8(letters).expect("letters")
    }

    #[test]
    fn the_last_entry_of_a_code_and_the_narrowest_range_apply() {
        let text = "beginbfrange <00> <ff> <0061> <10> <10> <0041> endbfrange \
                    beginbfchar <10> <0042> <11> <00660069> <12> <D83DDE00> <13> /at endbfchar";
        assert_eq!(spelled(text, &[0, 0x10, 0x11, 0x12, 0x13, 0x14, 0x100]), "aBfi\u{1f600}@u.");
    }

    #[test]
    fn codes_are_as_long_as_their_codespace_says() {
        let text = "begincodespacerange <00> <80> <8140> <9ffc> endcodespacerange";
        let mut map = CMap::default();
        map.read(text.as_bytes(), &mut Budget::default());
        let lengths = [&b"\x41\x41"[..], b"\x81\x40", b"\x81\x20", b"\x81"];
        assert_eq!(lengths.map(|bytes| map.length(bytes)), [1, 2, 1, 1].map(Some));
        assert_eq!(CMap::default().length(b"a"), None);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let texts = "beginbfrange <0000> <ffff> <00410042> endbfrange ".repeat(10_000);
        let ranges = "beginbfrange <0000> <ffff> <0041> <0001> <ffff> <0042> ".repeat(400_000);
        for text in [texts, ranges] {
            let (mut map, mut budget) = (CMap::default(), Budget::default());
            map.read(text.as_bytes(), &mut budget);
            assert!(budget.is_over && budget.used <= budget.room);
            let kept = map.ranges.len() * size_of::<Range>() + map.texts.len() * 18;
            assert!(kept as u64 <= budget.room, "{kept}");
            map.seal();
            assert!(map.ranges.len() <= 256, "what is said again is kept once");
        }
    }
}
