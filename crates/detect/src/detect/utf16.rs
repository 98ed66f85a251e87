//! UTF-16 inside a text of another form: strings of programs, of registries and of messages.

use std::ops::Range;

use crate::finding::Encoding;

use super::decode::Decoded;

/// Maximum number of bytes of a string that are read on either side of an anchor.
const REACH: usize = 256 * 1024;
/// Distance from an anchor within which other strings are searched for; an id reaches as far.
const NEAR: usize = 8 * 1024;
/// Minimum number of characters of such a string.
const SHORTEST: usize = 4;
/// Maximum number of consecutive units that are not Latin letters. A longer sequence is not text, but happens to
/// be readable as such.
const FOREIGN: usize = 256;

/// The text of the UTF-16 around the low byte of the third letter of an id at `at`, and of the
/// strings that are separate from it, one per line. `inside` means that it is in another encoding.
///
/// Characters beyond ASCII become one byte that ends every token.
pub(super) fn around(bytes: &[u8], at: usize, inside: bool) -> Decoded {
    let (little, big) = (string(bytes, at, true), string(bytes, at - 1, false));
    // These letters are the same in both byte orders, except for the first of the id if no zero
    // precedes it. The right order can be read further at either end.
    let only_little = at < 5 || bytes[at - 5] != 0;
    let is_little = only_little
        || match plain(bytes, &little, true).cmp(&plain(bytes, &big, false)) {
            std::cmp::Ordering::Equal => at.is_multiple_of(2),
            order => order.is_gt(),
        };
    let own = if is_little { little } else { big };
    let mut spans = Vec::new();
    strings(bytes, at.saturating_sub(NEAR).min(own.start)..own.start, is_little, &mut spans);
    let before = spans.len();
    spans.push(own.clone());
    strings(bytes, own.end..bytes.len().min(at + NEAR).max(own.end), is_little, &mut spans);
    debug_assert_eq!(spans[before], own);
    decoded(bytes, &spans, is_little, inside)
}

/// The beginnings of files whose strings are UTF-16: programs and libraries of Windows and .NET, the
/// hives of a registry, and the documents and mails of older Office.
const PROGRAMS: [&[u8]; 3] = [b"MZ", b"regf", b"\xd0\xcf\x11\xe0"];
/// Minimum number of characters of a string of a program; every token has more.
const LONG: usize = 16;

/// True if a text begins like a file whose strings are UTF-16.
pub(super) fn is_program(bytes: &[u8]) -> bool {
    PROGRAMS.iter().any(|head| bytes.starts_with(head))
}

/// The long strings of a program, one per line.
pub(super) fn of_program(bytes: &[u8]) -> Option<Decoded> {
    let mut spans = Vec::new();
    strings(bytes, 0..bytes.len(), true, &mut spans);
    spans.retain(|span| span.len() >= 2 * LONG);
    (!spans.is_empty()).then(|| decoded(bytes, &spans, true, false))
}

/// The text of strings, one per line. There is at least one.
fn decoded(bytes: &[u8], spans: &[Range<usize>], is_little: bool, inside: bool) -> Decoded {
    let (first, last) = (spans[0].start, spans[spans.len() - 1].end);
    let mut text = Vec::new();
    let mut letters = Vec::new();
    for span in spans {
        if !text.is_empty() {
            text.push(b'\n');
            letters.push(((span.start - first) as u32, 0));
        }
        for at in span.clone().step_by(2) {
            text.push(shown(unit(bytes, at, is_little).unwrap_or_default()));
            letters.push(((at - first) as u32, 2));
        }
    }
    let encoding = inside.then_some(Encoding::Utf16);
    Decoded { text, encoding, run: first..last, letters, unit: (1, 1) }
}

/// The byte that represents a unit.
fn shown(unit: u16) -> u8 {
    match u8::try_from(unit) {
        // Programs end their strings with a zero.
        Ok(0) => b'\n',
        Ok(byte) if byte.is_ascii() => byte,
        _ => 0x80,
    }
}

fn unit(bytes: &[u8], at: usize, little: bool) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    let pair = [pair[0], pair[1]];
    Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
}

/// True if a unit may occur in a text: letters and signs of any script, surrogates, and blanks.
/// Control characters, private use and two bytes of ASCII text are excluded.
fn is_text(unit: u16) -> bool {
    let shifted = unit & 0xff == 0 && matches!(unit >> 8, 0x20..=0x7e) && unit != 0x3000;
    let known = matches!(unit, 0 | 0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0xa0..=0xdfff | 0xf900..=0xfdcf | 0xfdf0..=0xfffd);
    known && !shifted
}

/// The number of Latin letters in a string.
fn plain(bytes: &[u8], span: &Range<usize>, little: bool) -> usize {
    let units = span.clone().step_by(2).filter_map(|at| unit(bytes, at, little));
    units.filter(|unit| matches!(unit, 0x09..=0xff)).count()
}

/// The string around the unit at `at`.
///
/// Characters that are not Latin belong to it if Latin follows: bytes that are not text often read
/// like some script.
fn string(bytes: &[u8], at: usize, little: bool) -> Range<usize> {
    let reads = |at: usize| unit(bytes, at, little).filter(|unit| is_text(*unit));
    let floor = at.saturating_sub(REACH);
    let (mut start, mut next, mut foreign) = (at, at, 0);
    while next >= floor + 2 && foreign < FOREIGN {
        let Some(unit) = reads(next - 2) else { break };
        next -= 2;
        (start, foreign) = if unit < 0x0100 { (next, 0) } else { (start, foreign + 1) };
    }
    let (mut end, mut next, mut foreign) = (at, at, 0);
    while next < at + REACH && foreign < FOREIGN {
        let Some(unit) = reads(next) else { break };
        next += 2;
        (end, foreign) = if unit < 0x0100 { (next, 0) } else { (end, foreign + 1) };
    }
    start..end
}

/// The strings of ASCII in `range`, at odd and even offsets.
fn strings(bytes: &[u8], range: Range<usize>, little: bool, found: &mut Vec<Range<usize>>) {
    let is_ascii = |at: usize| {
        let unit = unit(bytes, at, little).unwrap_or_default();
        at + 2 <= range.end && matches!(unit, 0x09 | 0x0a | 0x0d | 0x20..=0x7e)
    };
    let mut at = range.start;
    while at < range.end {
        let start = at;
        while is_ascii(at) {
            at += 2;
        }
        if at - start >= 2 * SHORTEST {
            found.push(start..at);
        } else {
            at = start + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], at: usize) -> (String, Decoded) {
        let decoded = around(bytes, at, true);
        (String::from_utf8_lossy(&decoded.text).into_owned(), decoded)
    }

    #[test]
    fn strings_that_stand_apart_are_lines() {
        let units =
            |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for odd in [0, 1] {
            let bytes = [
                &[1, 2, 3, 4][..3 + odd],
                &units("first one"),
                &[0xff, 1, 1],
                &units("AKIA\u{201c}x\u{1f511}y"),
                &[3, 0, 5],
                &units("last one"),
                &[7, 7, 7],
            ]
            .concat();
            let at = bytes.windows(4).position(|four| four == b"A\0K\0").expect("the anchor") + 4;
            let (text, decoded) = read(&bytes, at);
            assert_eq!(text, "first one\nAKIA\u{fffd}x\u{fffd}\u{fffd}y\nlast one");
            let at = decoded.text.windows(4).position(|four| four == b"last").expect("it");
            let span = decoded.outer(&(at..at + 4));
            assert_eq!(&bytes[span], &*units("last"));
        }
    }

    #[test]
    fn the_order_of_bytes_is_the_one_that_reads_on() {
        for odd in 0..4 {
            let bytes: Vec<u8> = "é AKIA é".encode_utf16().flat_map(u16::to_be_bytes).collect();
            let bytes = [&[3, 3, 3, 3][..odd], &bytes, &[3, 3]].concat();
            let at = bytes.windows(4).position(|four| four == b"A\0K\0").expect("the anchor") + 4;
            let (text, decoded) = read(&bytes, at);
            assert_eq!(text, "\u{fffd} AKIA \u{fffd}", "{odd}");
            assert_eq!(decoded.run, odd..odd + 16);
        }
    }
}
