//! Encoded text: base64 in its dialects and hexadecimal digits, found around an anchor or near one.
//! It is decoded with its offsets kept. [`super::utf16`] and [`super::unpack`] do the same for
//! UTF-16 and for packed data.
//!
//! A [`Decoded`] text is scanned like any other, and its results are reported at the place of the
//! encoded text. There are limits for the length of a run, the size of its content, and the depth.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::aws::SECRET_LEN;
use crate::escapes::hex_byte;
use crate::finding::Encoding;

use super::header;
use super::runs;
use super::unpack;
use super::unread::Unread;
use super::wrap::{self, Run};

/// Maximum number of encodings inside one another that are decoded.
pub(super) const MAX_DEPTH: usize = 3;

/// Reads base64 with or without padding, and with any unused bits in the last character.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A text that was encoded in another one.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The decoded text.
    pub text: Vec<u8>,
    /// The encoding.
    pub encoding: Option<Encoding>,
    /// The encoded run in the outer text.
    pub run: Range<usize>,
    /// The place in the run and the number of bytes of each letter; `unit.0` bytes of `text` are
    /// `unit.1` letters. Empty if there is no such correspondence.
    pub letters: Vec<(u32, u8)>,
    pub unit: (usize, usize),
}

impl Decoded {
    /// The place of the first significant letter. It distinguishes runs that share characters.
    pub(super) fn first(&self) -> usize {
        self.run.start + self.letters.first().map_or(0, |&(at, _)| at as usize)
    }

    /// The span of the outer text that encodes `span` of the decoded one; the whole run if the
    /// credential is its whole content.
    pub(super) fn outer(&self, span: &Range<usize>) -> Range<usize> {
        let blank = |part: &[u8]| part.iter().all(|&byte| byte.is_ascii_whitespace() || byte == 0);
        let alone = blank(&self.text[..span.start]) && blank(&self.text[span.end..]);
        if self.letters.is_empty() || alone {
            return self.run.clone();
        }
        let (bytes, width) = self.unit;
        let first = span.start * width / bytes;
        let last = (span.end * width).div_ceil(bytes).clamp(first + 1, self.letters.len());
        let at = |index: usize| {
            let (at, len) = self.letters[index.min(self.letters.len() - 1)];
            self.run.start + at as usize..self.run.start + at as usize + usize::from(len)
        };
        at(first).start..at(last - 1).end
    }
}

/// The base64 run around `at`. The character at `at` is number `place` of its quantum.
pub(super) fn base64(bytes: &[u8], at: usize, place: u8) -> Option<Decoded> {
    let run = wrap::around(bytes, at, is_base64);
    if header::is_word(bytes, run.span.start) {
        return header::words(bytes, run.span.start);
    }
    let here = run.places.partition_point(|&(offset, _)| (offset as usize) < at);
    decoded(bytes, &run, (here + 4 - usize::from(place)) % 4)
}

/// Decodes the letters of a run, without the first `skipped` ones, which are not a whole quantum.
fn decoded(bytes: &[u8], run: &Run, skipped: usize) -> Option<Decoded> {
    let text: Vec<u8> = run.letters.get(skipped..)?.iter().map(|&byte| standard(byte)).collect();
    // A single remaining character encodes nothing.
    let len = text.len() - usize::from(text.len() % 4 == 1);
    let mut text = BASE64.decode(&text[..len]).ok()?;
    let mut span = run.span.clone();
    let mut places = &run.places[skipped..];
    if let Some(len) = ends_before_a_word(run, skipped, &text) {
        text.truncate(len * 3 / 4);
        places = &places[..len];
        span.end = places.last().map_or(span.end, |&(at, len)| at as usize + usize::from(len));
    }
    span.end += bytes[span.end..].iter().take(2).take_while(|&&byte| byte == b'=').count();
    let letters = relative(places, span.start);
    Some(Decoded { text, encoding: Some(Encoding::Base64), run: span, letters, unit: (3, 4) })
}

/// The number of letters before the last line of a run, if that line is a word after a text: it is
/// not text if it is decoded, or has bits that no encoder writes. Packed data and UTF-16 may end in
/// any bytes.
fn ends_before_a_word(run: &Run, skipped: usize, text: &[u8]) -> Option<usize> {
    let len = run.before_last.checked_sub(skipped).filter(|len| *len > 0)?;
    let (before, last) = text.split_at_checked(len * 3 / 4)?;
    // The line break may cut a character in two.
    let rest = last.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
    let is_plain = || !unpack::is_packed(before) && memchr::memchr(0, before).is_none();
    let is_word = !is_text(&last[rest..]) || has_odd_end(&run.letters[skipped..]);
    (is_word && is_plain() && is_text(before)).then_some(len)
}

/// True if no encoder writes so many letters, or the unused bits of the last one, which are zero.
fn has_odd_end(letters: &[u8]) -> bool {
    let unused = match letters.len() % 4 {
        0 => return false,
        1 => return true,
        2 => 16,
        _ => 4,
    };
    // The signs of both alphabets are 62 and 63, whose last bits are not zero.
    let value = letters.last().map_or(0, |&last| match last {
        b'A'..=b'Z' => last - b'A',
        b'a'..=b'z' => last - b'a' + 26,
        b'0'..=b'9' => last - b'0' + 52,
        _ => 62,
    });
    !value.is_multiple_of(unused)
}

/// The run of hexadecimal digits around `at`, where a pair begins.
pub(super) fn hex(bytes: &[u8], at: usize) -> Option<Decoded> {
    let run = wrap::around(bytes, at, |byte| byte.is_ascii_hexdigit());
    let here = run.places.partition_point(|&(offset, _)| (offset as usize) < at);
    let places = run.places.get(here % 2..)?;
    let text = run.letters[here % 2..].chunks_exact(2).filter_map(hex_byte).collect();
    let letters = relative(places, run.span.start);
    Some(Decoded { text, encoding: Some(Encoding::Hex), run: run.span, letters, unit: (1, 2) })
}

/// The run of base32 that begins at `at` (RFC 4648 §6).
fn base32(bytes: &[u8], at: usize) -> Option<Decoded> {
    let run = wrap::around(bytes, at, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'2'..=b'7' => Some(letter - b'2' + 26),
        _ => None,
    };
    let values: Vec<u8> = run.letters.iter().map_while(|&letter| value(letter)).collect();
    if values.len() < run.letters.len() {
        return None;
    }
    let bits = |at: usize| values.get(at).map_or(0, |&five| u32::from(five));
    let text = (0..values.len() * 5 / 8).map(|byte| {
        let (first, skipped) = (byte * 8 / 5, byte * 8 % 5);
        let three = bits(first) << 10 | bits(first + 1) << 5 | bits(first + 2);
        (three >> (7 - skipped)) as u8
    });
    let letters = relative(&run.places, run.span.start);
    let (text, run) = (text.collect(), run.span);
    Some(Decoded { text, encoding: Some(Encoding::Base32), run, letters, unit: (5, 8) })
}

/// Places relative to the beginning of a run.
fn relative(places: &[(u32, u8)], start: usize) -> Vec<(u32, u8)> {
    places.iter().map(|&(at, len)| (at - start as u32, len)).collect()
}

/// Minimum number of letters of a run that is decoded because of the text near it.
pub(super) const SHORTEST: usize = 40;
/// The same where the text says that a value is base64: the shortest tokens have 24 characters.
pub(super) const SHORTEST_VALUE: usize = 28;
/// Number of its letters that are decoded first, to decide if it is text.
const TASTE: usize = 64;

/// Decodes the base64 or the hexadecimal digits that begin at `at`, if they contain text or packed
/// data. Also returns the end of the run. A run has at least `least` letters.
///
/// Only the beginning is decoded before that is known, because most runs contain neither.
pub(super) fn readable(bytes: &[u8], at: usize, least: usize) -> (usize, Option<Decoded>) {
    let len = bytes[at..].iter().take_while(|&&byte| is_base64(byte)).count();
    let head = &bytes[at..at + len.min(TASTE)];
    let end = at + len.max(1);
    if len < least {
        return (end, None);
    }
    if head.iter().all(u8::is_ascii_hexdigit) {
        let text: Vec<u8> = head.chunks_exact(2).filter_map(hex_byte).collect();
        let opened = is_text(&text).then(|| hex(bytes, at)).flatten();
        return (opened.as_ref().map_or(end, |opened| end.max(opened.run.end)), opened);
    }
    if head.iter().all(|&byte| byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'))
        && let Some(opened) = base32(bytes, at).filter(|opened| is_text(&opened.text))
    {
        return (end.max(opened.run.end), Some(opened));
    }
    // A path or a word may touch the run: it is then text at one of four offsets.
    let place = (0..4).find(|&skipped| {
        let head = &head[skipped..];
        let letters: Vec<u8> =
            head[..head.len() / 4 * 4].iter().map(|&byte| standard(byte)).collect();
        BASE64.decode(letters).is_ok_and(|text| is_text(&text))
    });
    let opened = place.and_then(|skipped| base64(bytes, at + skipped, 0));
    (opened.as_ref().map_or(end, |opened| end.max(opened.run.end)), opened)
}

/// The packed form in a run of base64 that is not unpacked here, according to its first letters.
pub(super) fn packed_otherwise(run: &[u8]) -> Option<Unread> {
    const HEADS: [(&[u8], Unread); 6] = [
        (b"/Td6WFo", Unread::Xz),
        (b"QlpoO", Unread::Bzip2),
        (b"QlpoM", Unread::Bzip2),
        (b"QlpoN", Unread::Bzip2),
        (b"KLUv/", Unread::Zstd),
        (b"U2FsdGVkX1", Unread::Encrypted),
    ];
    HEADS.iter().find(|(head, _)| run.starts_with(head)).map(|(_, kind)| *kind)
}

/// The next run that may be [`readable`], from `at` on; it begins before `until`.
pub(super) fn next_run(
    bytes: &[u8],
    at: usize,
    until: usize,
    least: usize,
) -> Option<Range<usize>> {
    runs::next(bytes, at, until, least, &LETTERS)
}

/// True if a run of at least `least` letters begins at the beginning of `rest`.
pub(super) fn begins_run(rest: &[u8], least: usize) -> bool {
    rest.get(..least).is_some_and(|head| head.iter().all(|&byte| is_base64(byte)))
}

/// True if a stretch contains a run that is [`readable`], or packed in a form that is counted.
pub(super) fn holds_readable(stretch: &[u8]) -> bool {
    let mut at = 0;
    while let Some(run) = next_run(stretch, at, stretch.len(), SHORTEST) {
        let (end, decoded) = readable(stretch, run.start, SHORTEST);
        if decoded.is_some() || packed_otherwise(&stretch[run.start..end]).is_some() {
            return true;
        }
        at = end;
    }
    false
}

/// True if the letters of a run encode text or packed data, at any alignment.
pub(super) fn says_text(letters: &[u8]) -> bool {
    readable(&letters[..letters.len().min(TASTE)], 0, SHORTEST).1.is_some()
}

/// Number of first lines of a text, one of which may be the only value.
const FIRST_LINES: usize = 3;

/// True if a text is one encoded run, or its first lines contain one, with or without a name.
pub(super) fn is_one_run(bytes: &[u8]) -> bool {
    let mut rest = bytes[..bytes.len().min(4 * TASTE)].trim_ascii_start();
    for _ in 0..FIRST_LINES {
        let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        if is_run_line(&rest[..end]) {
            return true;
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    false
}

/// True if a line is one encoded run, with or without a name.
fn is_run_line(line: &[u8]) -> bool {
    // Most lines are shorter.
    if line.len() < SHORTEST {
        return false;
    }
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let name = line.iter().take(SHORTEST).take_while(is_name).count();
    let is_assigned = name < SHORTEST && line.get(name) == Some(&b'=');
    let value = &line[if is_assigned { name + 1 } else { 0 }..];
    let len = value.iter().take_while(|&&byte| is_base64(byte)).count();
    len >= SHORTEST && value[len..].iter().all(|&byte| byte == b'=') && says_text(&value[..len])
}

/// True if bytes begin like a text, or like data that is unpacked here.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    if unpack::is_packed(bytes) {
        return true;
    }
    let bytes = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
    let zeros = bytes.iter().skip(1).step_by(2).filter(|&&byte| byte == 0).count();
    if zeros * 5 >= bytes.len() * 2 {
        return bytes.iter().step_by(2).all(|&byte| is_letter(byte));
    }
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    bytes[..valid].iter().all(|&byte| is_letter(byte))
}

/// True for bytes of a text: all but control characters, except blanks and the escape byte of
/// colours.
fn is_letter(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f || byte.is_ascii_whitespace() || byte == 0x1b
}

/// A secret, or another value that `accepts` takes, that is the whole content of an encoded value;
/// with its encodings, outermost first.
pub(super) fn value(
    text: &[u8],
    accepts: impl Fn(&[u8]) -> bool,
) -> Option<(Vec<u8>, Vec<Encoding>)> {
    let mut text = text.to_vec();
    let mut decoded = Vec::new();
    for _ in 0..MAX_DEPTH {
        let hex = text.len() >= 2 * SECRET_LEN
            && text.len().is_multiple_of(2)
            && text.iter().all(u8::is_ascii_hexdigit);
        text = if hex {
            decoded.push(Encoding::Hex);
            self::hex(&text, 0)?.text
        } else {
            decoded.push(Encoding::Base64);
            let standard: Vec<u8> = text.iter().map(|&byte| standard(byte)).collect();
            BASE64.decode(standard).ok()?
        };
        if text.len() >= 2 * SECRET_LEN && text.iter().skip(1).step_by(2).all(|&byte| byte == 0) {
            decoded.push(Encoding::Utf16);
            text = text.into_iter().step_by(2).collect();
        }
        let trimmed = text.trim_ascii();
        let secret = trimmed.len() == SECRET_LEN
            && trimmed.iter().all(|&byte| is_base64(byte) && !matches!(byte, b'-' | b'_'));
        if secret || accepts(trimmed) {
            return Some((trimmed.to_vec(), decoded));
        }
        if trimmed.len() < SECRET_LEN
            || !trimmed.iter().all(|&byte| is_base64(byte) || byte == b'=')
        {
            return None;
        }
        text = trimmed.to_vec();
    }
    None
}

/// The letters of both alphabets (RFC 4648 §4 and §5).
const LETTERS: runs::Class = runs::alphanumeric_and(b"+/-_");

/// True for letters of either alphabet.
fn is_base64(byte: u8) -> bool {
    LETTERS[usize::from(byte)]
}

/// The letter of the standard alphabet for one of either alphabet.
pub(super) fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

#[cfg(test)]
mod tests;
