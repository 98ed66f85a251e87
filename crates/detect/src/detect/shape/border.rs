//! The borders of a match: the neighbours that make it a part of something longer, and the length that
//! a binary format writes before a string.

use std::ops::Range;

use regex::bytes::Captures;

use crate::rules::{Boundary, Shape};

/// True if the neighbours of a span make it a part of something longer.
pub(super) fn extends(boundary: Boundary, text: &[u8], span: &Range<usize>) -> bool {
    boundary.extends(text, span.clone())
        && (boundary.signs_before().contains(&b'_') || !is_framed(text, span))
        && !is_counted(text, span)
}

/// True for a span in underscores, as `_token_` in Markdown.
fn is_framed(text: &[u8], span: &Range<usize>) -> bool {
    let before = span.start.checked_sub(1).map(|at| text[at]);
    let next = text.get(span.end + 1);
    before == Some(b'_')
        && text.get(span.end) == Some(&b'_')
        && !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Number of characters of an AWS secret access key.
const AWS_SECRET: usize = 40;

/// True if a span of letters and digits is what `+` and `/` cut from a longer value in base64: an AWS
/// secret access key, or one with a plus or padding. A path in an address is none of these.
pub(super) fn is_cut_from_base64(text: &[u8], span: &Range<usize>) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    // Longer values exist, but what is that far away is no evidence.
    let (floor, ceiling) = (span.start.saturating_sub(NEAR), text.len().min(span.end + NEAR));
    let before = text[floor..span.start].iter().rev().take_while(|byte| is_digit(byte)).count();
    let after = text[span.end..ceiling].iter().take_while(|byte| is_digit(byte)).count();
    let run = span.start - before..span.end + after;
    let rest = [&text[run.start..span.start], &text[span.end..run.end]];
    let has_letters = |part: &&[u8]| part.iter().any(u8::is_ascii_alphanumeric);
    rest.iter().any(has_letters)
        && (run.len() == AWS_SECRET
            || rest.iter().any(|part| part.contains(&b'+'))
            || text.get(run.end) == Some(&b'='))
}

/// Fewest bytes of a string whose length is looked for.
const SHORTEST: usize = 16;
/// Bytes before a string in which a byte must be that no text contains.
const NEAR: usize = 64;
/// Bytes after a string that may describe the next one, if a sign of text is its length.
const MARKS: usize = 2;

/// True for a byte that no text contains.
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f)
}

/// True if a number before a span in a binary gives its length, so its neighbours are no part of it.
fn is_counted(text: &[u8], span: &Range<usize>) -> bool {
    let before = &text[span.start.saturating_sub(NEAR)..span.start];
    before.iter().any(|&byte| is_binary(byte))
        && lengths(before).into_iter().flatten().any(|length| length.bytes == span.len())
}

/// A length that is written before a string.
#[derive(Clone, Copy)]
struct Length {
    bytes: usize,
    /// It is one byte that is a sign of text, such as a quote.
    is_sign: bool,
}

/// The lengths that the bytes before a string may be: of one byte, of two or four in either order, and
/// of variable length. Avro doubles a length, and PostgreSQL doubles it with that of its header.
fn lengths(before: &[u8]) -> [Option<Length>; 5] {
    let of = |bytes: usize| Length { bytes, is_sign: false };
    let one = |byte: u8| {
        let is_sign = byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric() || byte == b' ';
        Length { bytes: usize::from(byte), is_sign }
    };
    let single = match before {
        [.., byte, 0, 0, 0] | [.., byte, 0] if *byte != 0 => Some(of(usize::from(*byte))),
        [.., before, byte] if is_binary(*before) || *before > 0x7e => Some(one(*byte)),
        // The mark of a string in CBOR and in Redis's files, and of a field in Protocol Buffers.
        [.., b'x' | b'@', byte] => Some(one(*byte)),
        [.., b'\n' | b'"' | b'*' | b'2' | b':', byte] => {
            Some(Length { is_sign: true, ..one(*byte) })
        }
        _ => None,
    };
    let last = before.last().copied().map_or(0, usize::from);
    let halved = single.filter(|one| one.bytes == last);
    let half = |less: usize| {
        let bytes = halved?.bytes.checked_sub(less)?;
        bytes.is_multiple_of(2).then(|| of(bytes / 2))
    };
    let wide = match before {
        [.., low, high @ 1..=0x0f, 0, 0] => Some(of(usize::from(*high) << 8 | usize::from(*low))),
        [.., high @ 1..=0x0f, low] => Some(of(usize::from(*high) << 8 | usize::from(*low))),
        _ => None,
    };
    let variable = match before {
        [.., low @ 0x80..=0xff, high @ 1..=0x0f] => {
            Some(of(usize::from(*high) << 7 | usize::from(*low & 0x7f)))
        }
        _ => None,
    };
    [single, half(0), half(3), wide, variable]
}

/// The match up to the length that a binary writes before it: the byte after a string may be a letter
/// that describes the next one.
pub(super) fn cut<'t>(shape: &Shape, text: &'t [u8], groups: Captures<'t>) -> Captures<'t> {
    let Some(whole) = groups.get(0) else { return groups };
    let before = &text[whole.start().saturating_sub(NEAR)..whole.start()];
    let is_own = groups.name("secret").is_none_or(|secret| secret.range() == whole.range());
    if !is_own || !before.iter().any(|&byte| is_binary(byte)) {
        return groups;
    }
    let is_shorter = |length: &Length| {
        let excess = whole.len().saturating_sub(length.bytes);
        length.bytes >= SHORTEST && excess > 0 && (!length.is_sign || excess <= MARKS)
    };
    let lengths = lengths(before);
    if lengths.iter().flatten().any(|length| length.bytes == whole.len()) {
        return groups;
    }
    // Half a length is weak evidence.
    let [single, _, _, wide, variable] = lengths;
    let shorter = [single, wide, variable].into_iter().flatten().filter(is_shorter);
    let ends = shorter.map(|length| whole.start() + length.bytes);
    let mut cut = ends.filter_map(|end| {
        let groups = shape.regex.regex().captures_at(&text[..end], whole.start())?;
        let is_same = groups.get(0)?.range() == (whole.start()..end);
        is_same.then_some(groups)
    });
    cut.next().unwrap_or(groups)
}
