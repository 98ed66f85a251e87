//! Encoded words of mail headers (RFC 2047): `=?utf-8?B?…?=` and `=?utf-8?Q?…?=`.
//!
//! A word has at most 75 characters, so a subject consists of several words, and their ends cut a
//! value. The words of one header are one text.

use std::ops::Range;

use base64::Engine as _;

use crate::finding::Encoding;

use super::decode::{BASE64, Decoded};

/// Maximum number of characters of a word. Careless programs write more than the standard allows.
const LONGEST: usize = 512;
/// Maximum number of characters of the name of a character set.
const CHARSET: usize = 40;
/// Maximum number of words that form one text.
const MOST: usize = 1024;

/// An encoded word.
struct Word {
    /// From `=?` to `?=`.
    span: Range<usize>,
    /// The encoded content.
    text: Range<usize>,
    /// The encoding is base64; otherwise it is Q.
    is_base64: bool,
}

/// The word that begins at `at`.
fn word(bytes: &[u8], at: usize) -> Option<Word> {
    let rest = bytes.get(at..)?.strip_prefix(b"=?")?;
    let is_charset = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.:*".contains(byte);
    let charset = rest.iter().take(CHARSET).take_while(is_charset).count();
    let [b'?', encoding @ (b'B' | b'b' | b'Q' | b'q'), b'?', ..] = *rest.get(charset..)? else {
        return None;
    };
    let start = at + 2 + charset + 3;
    let body = &bytes[start..bytes.len().min(start + LONGEST)];
    let len = memchr::memchr2(b'?', b'\n', body)?;
    if charset == 0 || !body[len..].starts_with(b"?=") {
        return None;
    }
    let text = start..start + len;
    Some(Word { span: at..text.end + 2, text, is_base64: matches!(encoding, b'B' | b'b') })
}

/// The length of the opening of a word at the beginning of `rest`, if its encoding is Q.
pub(super) fn opens_quoted(rest: &[u8]) -> Option<usize> {
    word(rest, 0).filter(|word| !word.is_base64).map(|word| word.text.start)
}

/// The number of blanks between two words.
fn blanks(text: &[u8]) -> usize {
    text.iter().take(8).take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// True if a run of base64 that begins at `start` belongs to an encoded word.
pub(super) fn is_word(bytes: &[u8], start: usize) -> bool {
    bytes[..start].ends_with(b"?B?") || bytes[..start].ends_with(b"?b?")
}

/// The text of the base64 words around the one whose letters begin at `start`.
pub(super) fn words(bytes: &[u8], start: usize) -> Option<Decoded> {
    let floor = start.saturating_sub(CHARSET + 5);
    let opened = floor + memchr::memmem::rfind(&bytes[floor..start], b"=?")?;
    let mut words = vec![word(bytes, opened).filter(|word| word.text.start == start)?];
    while let Some(before) = before(bytes, words[0].span.start).filter(|_| words.len() < MOST) {
        words.insert(0, before);
    }
    while words.len() < MOST {
        let end = words[words.len() - 1].span.end;
        let Some(next) = word(bytes, end + blanks(&bytes[end..])) else { break };
        if !next.is_base64 {
            break;
        }
        words.push(next);
    }
    let run = words[0].span.start..words[words.len() - 1].span.end;
    let mut decoded = Decoded {
        text: vec![],
        encoding: Some(Encoding::Base64),
        run: run.clone(),
        letters: vec![],
        unit: (1, 1),
    };
    for word in words {
        let Ok(text) = BASE64.decode(&bytes[word.text.clone()]) else { continue };
        // Six bits per letter: a byte begins in one letter and ends in the next.
        let letters =
            (0..text.len()).map(|at| ((word.text.start - run.start + at * 8 / 6) as u32, 2));
        decoded.letters.extend(letters);
        decoded.text.extend(text);
    }
    Some(decoded)
}

/// The base64 word before the one that begins at `start`.
fn before(bytes: &[u8], start: usize) -> Option<Word> {
    let head = bytes[..start].trim_ascii_end();
    let ended = head.len();
    if start - ended > 8 || !head.ends_with(b"?=") {
        return None;
    }
    let floor = ended.saturating_sub(LONGEST);
    // The last one, except for the `?=` of its end, which may be `=?=`.
    let opened =
        floor + memchr::memmem::rfind(&head[floor..ended.saturating_sub(3).max(floor)], b"=?")?;
    word(bytes, opened).filter(|word| word.span.end == ended && word.is_base64)
}

/// True if a text contains a word of the encoding Q.
pub(super) fn has_quoted(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"=?").any(|at| opens_quoted(&text[at..]).is_some())
}

/// The length of the separator between two words of the encoding Q, where `rest` begins with the
/// end of the first one; or the length of the opening of the first one.
pub(super) fn joint(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'?', b'=', next @ ..] => {
            let gap = blanks(next);
            opens_quoted(&next[gap..]).filter(|_| gap > 0).map(|len| 2 + gap + len)
        }
        [b'=', b'?', ..] => opens_quoted(rest),
        _ => None,
    }
}

/// True if a text ends inside a word of the encoding Q.
pub(super) fn is_inside(before: &[u8]) -> bool {
    let head = &before[before.len().saturating_sub(LONGEST)..];
    let opened = memchr::memmem::rfind(head, b"?=").map_or(0, |at| at + 2);
    memchr::memmem::rfind_iter(&head[opened..], b"=?")
        .next()
        .is_some_and(|at| !head[opened + at..].contains(&b'\n') && is_quoted(&head[opened + at..]))
}

/// True if the opening of a word declares the encoding Q.
fn is_quoted(word: &[u8]) -> bool {
    let marks = word.iter().enumerate().skip(2).filter(|(_, byte)| **byte == b'?');
    let Some((at, _)) = marks.into_iter().next() else { return false };
    matches!(word.get(at + 1..at + 3), Some([b'Q' | b'q', b'?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_subject_are_one_text() {
        let text =
            "Subject: =?utf-8?B?b25lIA==?=\r\n =?UTF-8?b?dHdvIHRocg==?= =?utf-8?B?ZWU=?=\r\nTo: x";
        for word in ["b25l", "dHdv", "ZWU="] {
            let start = text.find(word).expect("it");
            assert!(is_word(text.as_bytes(), start));
            let decoded = words(text.as_bytes(), start).expect("words");
            assert_eq!(decoded.text, b"one two three");
            assert_eq!(&text[decoded.outer(&(4..7))], "dHdv");
        }
    }

    #[test]
    fn quoted_words_are_reported_from_signs() {
        assert!(has_quoted(b"x: =?iso-8859-1?q?a=3Db?="));
        for text in ["if (a=?b)", "=?q?x?=", "=?utf-8?B?eA==?=", "=?utf-8?q?x\n?="] {
            assert!(!has_quoted(text.as_bytes()), "{text}");
        }
        assert!(is_inside(b"=?utf-8?q?ab") && !is_inside(b"=?utf-8?q?ab?= c"));
        assert!(!is_inside(b"=?utf-8?b?ab"));
    }
}
