//! Strings of binary formats: a length precedes each string, and letters may touch it.

use super::super::random;
use super::{Scan, Strength};
use crate::aws::SECRET_LEN;
use std::ops::Range;

/// Names that programs store directly before a secret.
const NAMES: [(&[u8], &[u8]); 6] = [
    (b"secret_", b"key"),
    (b"secret-", b"key"),
    (b"secret_access_", b"key"),
    (b"secret-access-", b"key"),
    (b"", b"secretKey"),
    (b"", b"secretAccessKey"),
];

/// True if a number before a string gives its length `len`, in bytes that are not letters: one
/// byte, two, four or eight of either order, or a varint.
fn is_counted(before: &[u8], len: usize) -> bool {
    let Some(trimmed) = before.iter().rposition(|&byte| byte != 0) else { return false };
    let zeros = before.len() - 1 - trimmed;
    usize::from(before[trimmed]) == len && matches!(zeros, 0 | 1 | 3 | 7)
}

/// True if decimal digits and a colon before a string give its length (bencode).
fn is_counted_in_digits(before: &[u8], len: usize) -> bool {
    let digits = len.to_string();
    let Some(rest) = before.strip_suffix(b":") else { return false };
    rest.strip_suffix(digits.as_bytes())
        .is_some_and(|rest| !rest.last().is_some_and(u8::is_ascii_digit))
}

/// Letters that encode the length of an id: CBOR's text and bytes, Smile's tiny text.
const ID_LETTERS: &[u8] = b"tTS";
/// Letters that encode the length of a secret: Avro's zigzag varint, the short header of
/// PostgreSQL's `text`, Smile's small text.
const SECRET_LETTERS: &[u8] = b"PSg";

impl Scan<'_, '_> {
    /// True if a text contains bytes that no text contains: control characters, or invalid UTF-8.
    pub(super) fn is_binary(&self) -> bool {
        let kind = self.kind();
        kind.binary || kind.loose
    }

    /// True if the bytes before an id give its length.
    pub(super) fn is_counted_id(&self, span: &Range<usize>) -> bool {
        let before = &self.text[..span.start];
        is_counted_in_digits(before, span.len())
            || self.is_binary()
                && (is_counted(before, span.len())
                    || before.last().is_some_and(|letter| ID_LETTERS.contains(letter)))
    }

    /// Secrets in a longer run that are strings of a binary format, and the one of a pickle.
    pub(super) fn strings(&self, run: &Range<usize>) -> Vec<Range<usize>> {
        let text = &self.text[run.clone()];
        let from = |start: usize| run.start + start..run.start + start + SECRET_LEN;
        let strong = |span: &Range<usize>| {
            self.text.get(span.clone()).map(random::strength) == Some(Strength::Strong)
        };
        let before = &self.text[..run.start];
        let pickled = (1..=2).map(from).find(|span| self.is_pickled(span));
        if let Some(span) = pickled {
            return vec![span];
        }
        if is_counted_in_digits(before, SECRET_LEN)
            || self.is_binary() && is_counted(before, SECRET_LEN)
        {
            return vec![from(0)];
        }
        if !self.is_binary() {
            return vec![];
        }
        for (head, name) in NAMES {
            let span = from(name.len());
            if text.starts_with(name) && before.ends_with(head) && strong(&span) {
                return vec![span];
            }
        }
        // A letter is weak evidence: it counts only if nothing else is possible.
        let follows_id = self.id_end == Some(run.start);
        let lettered = SECRET_LETTERS.contains(&text[0]) && (follows_id || text.len() <= 42);
        if lettered && strong(&from(1)) { vec![from(1)] } else { vec![] }
    }

    /// True for a text of a pickle of protocol 0: `V`, the text, and the number of its memo on the
    /// next line.
    pub(super) fn is_pickled(&self, span: &Range<usize>) -> bool {
        let next = self.text.get(span.end..span.end + 3);
        let is_kept = matches!(next, Some([b'\n', b'p', b'0'..=b'9']));
        let Some(before) = self.text[..span.start].strip_suffix(b"V") else { return false };
        let opens = |before: &[u8]| before.is_empty() || before.ends_with(b"\n");
        let after = before.strip_suffix(b"a").or_else(|| before.strip_suffix(b"s"));
        is_kept && (opens(before) || after.is_some_and(opens))
    }
}
