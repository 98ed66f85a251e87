//! Encoded text: base64 in its dialects, hexadecimal digits, UTF-16 and gzip, found around an
//! anchor and undone with the offsets kept.
//!
//! A [`Decoded`] text is scanned like any other; what is found in it is reported at the place of
//! the encoded text. Everything is bounded: a run, what comes out of it, and the depth.

use std::collections::VecDeque;
use std::io::Read as _;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::aws::SECRET_LEN;
use crate::finding::Encoding;

/// How deep encodings are undone inside one another.
pub(super) const MAX_DEPTH: usize = 3;
/// Most bytes of a run that are looked at on either side of an anchor.
const RUN_REACH: usize = 256 * 1024;
/// Most bytes that come out of gzip.
pub(super) const GUNZIP_LIMIT: usize = 4 * 1024 * 1024;

/// Reads base64 with or without padding, and whatever bits the last character has to spare.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A text that stood encoded in another one.
#[derive(Debug)]
pub(super) struct Decoded {
    /// What it says.
    pub text: Vec<u8>,
    /// How it was hidden.
    pub encoding: Option<Encoding>,
    /// The encoded run in the outer text.
    pub run: Range<usize>,
    /// Where in the outer text each unit of `text` begins; a unit is `unit.0` bytes of `text` in
    /// `unit.1` characters of the run. Empty if there is no such correspondence.
    chars: Vec<u32>,
    unit: (usize, usize),
}

impl Decoded {
    /// The span of the outer text that encodes `span` of the decoded one: all of the run where
    /// the credential is all that it holds.
    pub(super) fn outer(&self, span: &Range<usize>) -> Range<usize> {
        let blank = |part: &[u8]| part.iter().all(|&byte| byte.is_ascii_whitespace() || byte == 0);
        let alone = blank(&self.text[..span.start]) && blank(&self.text[span.end..]);
        if self.chars.is_empty() || alone {
            return self.run.clone();
        }
        let (bytes, width) = self.unit;
        let first = span.start * width / bytes;
        let last = (span.end * width).div_ceil(bytes).clamp(first + 1, self.chars.len());
        let at =
            |index: usize| self.run.start + self.chars[index.min(self.chars.len() - 1)] as usize;
        at(first)..at(last - 1) + 1
    }
}

/// The base64 run around `at`, whose character there is the `place`th of its quantum.
pub(super) fn base64(bytes: &[u8], at: usize, place: u8) -> Option<Decoded> {
    let (mut run, chars) = characters(bytes, at, is_base64);
    let here = chars.partition_point(|&offset| run.start + (offset as usize) < at);
    let chars = chars.get((here + 4 - usize::from(place)) % 4..)?.to_vec();
    let text: Vec<u8> =
        chars.iter().map(|&offset| standard(bytes[run.start + offset as usize])).collect();
    // One character left over encodes nothing.
    let len = text.len() - usize::from(text.len() % 4 == 1);
    let text = BASE64.decode(&text[..len]).ok()?;
    run.end += bytes[run.end..].iter().take(2).take_while(|&&byte| byte == b'=').count();
    Some(Decoded { text, encoding: Some(Encoding::Base64), run, chars, unit: (3, 4) })
}

/// The run of hexadecimal digits around `at`, where a pair begins.
pub(super) fn hex(bytes: &[u8], at: usize) -> Option<Decoded> {
    let (run, chars) = characters(bytes, at, |byte| byte.is_ascii_hexdigit());
    let here = chars.partition_point(|&offset| run.start + (offset as usize) < at);
    let chars = chars.get(here % 2..)?.to_vec();
    let digit = |&offset: &u32| {
        char::from(bytes[run.start + offset as usize]).to_digit(16).unwrap_or(0) as u8
    };
    let text = chars.chunks_exact(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect();
    Some(Decoded { text, encoding: Some(Encoding::Hex), run, chars, unit: (1, 2) })
}

/// The run of `part` around `at`, and the offsets in it of the characters that count.
fn characters(bytes: &[u8], at: usize, part: impl Fn(u8) -> bool) -> (Range<usize>, Vec<u32>) {
    let lines = run(bytes, at, part);
    let start = lines.first().map_or(at, |line| line.start);
    let end = lines.last().map_or(at, |line| line.end);
    let chars = lines.into_iter().flatten().map(|at| (at - start) as u32).collect();
    (start..end, chars)
}

/// The UTF-16 text around the low byte of an ASCII character at `at`.
///
/// `little` says which byte of a unit comes first. The text ends where a unit is neither ASCII nor
/// a letter of another script; what is not ASCII is shown as one byte that ends every token.
pub(super) fn utf16(bytes: &[u8], at: usize, little: bool, inside: bool) -> Decoded {
    let unit = |at: usize| {
        let pair = bytes.get(at..at + 2)?;
        Some(if little {
            u16::from_le_bytes([pair[0], pair[1]])
        } else {
            u16::from_be_bytes([pair[0], pair[1]])
        })
    };
    let is_text = |unit: u16| matches!(unit, 0x00 | 0x09 | 0x0a | 0x0d | 0x20..=0x7e | 0xa0..=0x17f | 0x0370..=0x05ff | 0x3000..=0x9fff | 0xac00..=0xd7ff | 0xfeff);
    let floor = at.saturating_sub(RUN_REACH);
    let mut start = at;
    while start >= floor + 2 && unit(start - 2).is_some_and(is_text) {
        start -= 2;
    }
    let mut end = at;
    while end < at + RUN_REACH && unit(end).is_some_and(is_text) {
        end += 2;
    }
    let text = (start..end)
        .step_by(2)
        .filter_map(unit)
        .map(|unit| match u8::try_from(unit) {
            // Programs end their strings with a zero.
            Ok(0) => b'\n',
            Ok(byte) if byte.is_ascii() => byte,
            _ => 0x80,
        })
        .collect();
    let chars = (0..(end - start) as u32).collect();
    let encoding = inside.then_some(Encoding::Utf16);
    Decoded { text, encoding, run: start..end, chars, unit: (1, 2) }
}

/// What gzip holds, up to a bound; a damaged or cut stream gives what can be read.
pub(super) fn gunzip(outer: &Decoded, budget: usize) -> Option<Decoded> {
    let mut text = Vec::new();
    let limit = GUNZIP_LIMIT.min(budget) as u64;
    let mut reader = flate2::read::GzDecoder::new(&*outer.text).take(limit);
    // A cut stream is an error after the bytes that were read.
    let _ = reader.read_to_end(&mut text);
    let run = 0..outer.text.len();
    (!text.is_empty()).then_some(Decoded {
        text,
        encoding: Some(Encoding::Gzip),
        run,
        chars: vec![],
        unit: (1, 1),
    })
}

/// A secret, or what else `accepts` takes, that is all that an encoded value holds, and the
/// encodings, outermost first.
pub(super) fn value(
    text: &[u8],
    accepts: impl Fn(&[u8]) -> bool,
) -> Option<(Vec<u8>, Vec<Encoding>)> {
    let mut text = text.to_vec();
    let mut decoded = Vec::new();
    for _ in 0..MAX_DEPTH {
        let hex = text.len() == 2 * SECRET_LEN && text.iter().all(u8::is_ascii_hexdigit);
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

/// Of either alphabet (RFC 4648 §4 and §5).
fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// The lines of the maximal run of `part` around `at`: line breaks and indentation are left out
/// where a whole line of the run is continued. Break and gap may be written as `\\n`, in a string.
fn run(bytes: &[u8], at: usize, part: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let floor = at.saturating_sub(RUN_REACH);
    let ceiling = bytes.len().min(at + RUN_REACH);
    let is_break = |at: usize| matches!(bytes[at], b'n' | b'r') && at > 0 && bytes[at - 1] == b'\\';
    let back = |end: usize| {
        let len = (floor..end).rev().take_while(|&at| part(bytes[at]) && !is_break(at)).count();
        end - len
    };
    let ahead =
        |start: usize| start + bytes[start..ceiling].iter().take_while(|&&byte| part(byte)).count();
    let mut lines = VecDeque::new();
    lines.push_back(back(at)..ahead(at));
    while let Some(first) = lines.front().cloned() {
        let Some(gap) = gap_before(&bytes[floor..first.start]) else { break };
        let above = back(first.start - gap)..first.start - gap;
        if above.len() < MIN_LINE || lines.len() == 1 && above.len() < first.len() {
            break;
        }
        lines.push_front(above);
    }
    while let Some(last) = lines.back().cloned() {
        let Some(gap) = gap_behind(&bytes[last.end..ceiling]) else { break };
        let next = last.end + gap..ahead(last.end + gap);
        // A shorter line ends the block, and so does what is longer than the lines before.
        if last.len() < MIN_LINE || next.is_empty() || next.len() > last.len() {
            break;
        }
        lines.push_back(next);
    }
    lines.into()
}

/// Length of the one line break, and the blanks around it, at the end of `text`.
fn gap_before(text: &[u8]) -> Option<usize> {
    if text.ends_with(b"\\n") {
        return Some(if text.ends_with(b"\\r\\n") { 4 } else { 2 });
    }
    let gap = text.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let breaks = memchr::memchr_iter(b'\n', &text[text.len() - gap..]).count();
    (breaks == 1).then_some(gap)
}

/// Length of the one line break, and the blanks around it, at the beginning of `text`.
fn gap_behind(text: &[u8]) -> Option<usize> {
    for gap in [&b"\\n"[..], b"\\r\\n"] {
        if text.starts_with(gap) {
            return Some(gap.len());
        }
    }
    let gap = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let breaks = memchr::memchr_iter(b'\n', &text[..gap]).count();
    (breaks == 1).then_some(gap)
}

/// The least width at which encoders wrap their lines is 60; blocks in documents may be narrower.
const MIN_LINE: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_back_to_the_encoded_characters() {
        let text = b"key: eHh4YWJjeHh4 end";
        let decoded = base64(text, 9, 0).expect("base64");
        assert_eq!((&*decoded.text, decoded.run.clone()), (&b"xxxabcxxx"[..], 5..17));
        assert_eq!(&text[decoded.outer(&(3..6))], b"YWJj");
        assert_eq!(decoded.outer(&(0..9)), 5..17);
    }

    #[test]
    fn joins_the_lines_of_a_wrapped_block() {
        let line = "QUJD".repeat(16);
        let text = format!("x:\n  {line}\n  {line}\n  QUJD\n\nrest");
        let decoded = base64(text.as_bytes(), 5 + 64 + 3 + 8, 0).expect("base64");
        assert_eq!(decoded.text, "ABC".repeat(33).into_bytes());
    }

    #[test]
    fn an_encoded_value_is_undone_to_its_secret() {
        let secret = b"Ab3/".repeat(10);
        let once = BASE64.encode(&secret);
        let twice = BASE64.encode(&once);
        assert_eq!(
            value(once.as_bytes(), |_| false),
            Some((secret.clone(), vec![Encoding::Base64]))
        );
        assert_eq!(value(twice.as_bytes(), |_| false), Some((secret, vec![Encoding::Base64; 2])));
    }
}
