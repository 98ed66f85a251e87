//! The replacements for each kind of escape, mark and joint in a text; the rules of [`View`]s.
//!
//! [`View`]: super::view::View

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::header;
use crate::escapes::{Rewrite, control_sequence, escape, hex_byte};

/// True if a credential may contain this byte.
fn is_part(byte: Option<&u8>) -> bool {
    byte.is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// True if a token in a string literal may contain this byte. Outside of one, `-` and `_` may be an
/// operator and a continuation.
fn is_quoted_part(byte: Option<&u8>) -> bool {
    is_part(byte) || matches!(byte, Some(b'-' | b'_'))
}

/// Operators that join two string literals in some languages.
const OPERATORS: [&[u8]; 12] =
    [b".concat(", b"<<", b"<>", b"++", b"..", b"||", b"+", b".", b"&", b"~", b"^", b","];

/// Bytes with which a joint begins. Not `_`: Basic continues a line after a blank and `_`, so directly
/// after a word it is the word's own.
pub(super) const JOINTS: &[u8] = b"\\`^\"'}";

/// The length of the text between two joined pieces of a literal, the first of which ends at
/// `rest`.
pub(super) fn join(rest: &[u8], before: &[u8]) -> Option<usize> {
    if !is_quoted_part(before.last()) {
        return None;
    }
    match rest {
        // Most are inside a name, or escape a letter.
        [b'^', next, ..] if !next.is_ascii_whitespace() => return None,
        [b'\\', next, ..] if !next.is_ascii_whitespace() && *next != b'a' => return None,
        _ => {}
    }
    let blank = |from: usize| {
        rest[from.min(rest.len())..]
            .iter()
            .take(80)
            .take_while(|byte| byte.is_ascii_whitespace())
            .count()
    };
    let continued = |from: usize| match rest.get(from) {
        Some(b'\\' | b'`' | b'^' | b'_') => {
            let gap = blank(from + 1);
            rest[from + 1..from + 1 + gap].contains(&b'\n').then_some(1 + gap)
        }
        _ => None,
    };
    // Most joints begin with a quote, which neither of these does.
    let is_quote = matches!(rest, [b'"' | b'\'', ..]);
    if !is_quote && let Some(len) = continued(0).or_else(|| typeset(rest)) {
        return (is_part(before.last()) && is_part(rest.get(len))).then_some(len);
    }
    let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let mut at = 1 + blank(1);
    if let Some(len) = comment(&rest[at..]) {
        at += len;
        at += blank(at);
    }
    if !matches!(
        rest.get(at)?,
        b'<' | b'+' | b'.' | b'|' | b'&' | b'~' | b'^' | b',' | b'"' | b'\'' | b'`' | b'\\' | b'_'
    ) {
        return None;
    }
    let operator = OPERATORS.iter().find(|operator| rest[at..].starts_with(operator));
    let is_list = operator == Some(&&b","[..]);
    at += operator.map_or(0, |operator| operator.len());
    at += blank(at);
    at += continued(at).unwrap_or(0);
    // A shell joins adjacent strings, in quotes of either kind.
    let opens = match rest.get(at) {
        Some(&next) if at > 1 => next == quote,
        Some(&next) => next != quote && matches!(next, b'"' | b'\''),
        None => false,
    };
    let next = rest.get(at + 1);
    let is_joined = || operator.is_some() || rest[..at].contains(&b'\n');
    let joins = match next {
        Some(b'-') => is_joined() && (operator.is_some() || !is_option(&rest[at + 1..])),
        Some(b'_') => is_joined(),
        _ => is_part(next),
    };
    // Last, because it costs most: lists of strings are everywhere.
    (opens && joins && (!is_list || joins_a_list(rest, before))).then_some(at + 1)
}

/// True if a string literal is an option of a command. A shell does not join arguments, even if a
/// line break is between them.
fn is_option(literal: &[u8]) -> bool {
    let Some(name) = literal.strip_prefix(b"-") else { return false };
    let name = name.strip_prefix(b"-").unwrap_or(name);
    let is_letter = |byte: &&u8| byte.is_ascii_lowercase() || **byte == b'-';
    let len = match name {
        [letter, b'"' | b'\'' | b'`' | b'=' | b' ', ..] if letter.is_ascii_alphabetic() => 1,
        _ => name.iter().take_while(is_letter).count(),
    };
    matches!(name.get(len), Some(b'"' | b'\'' | b'`' | b'=' | b' '))
}

/// The length of a comment between two pieces.
fn comment(rest: &[u8]) -> Option<usize> {
    let near = &rest[..rest.len().min(120)];
    let body = near.strip_prefix(b"/*")?;
    memchr::memmem::find(body, b"*/").map(|len| len + 4)
}

/// The length of a separator between two runs of one word in RTF, as `}{\\insrsid9 `, or of a place
/// where TeX may break a line.
fn typeset(rest: &[u8]) -> Option<usize> {
    if let Some(after) = rest.strip_prefix(b"\\allowbreak") {
        return Some(12 + if after.starts_with(b"{}") { 2 } else { 1 });
    }
    let near = &rest[..rest.len().min(120)];
    let mut at = 1;
    near.starts_with(b"}").then_some(())?;
    at += near[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    near[at..].starts_with(b"{\\").then_some(())?;
    at += 1;
    while near.get(at) == Some(&b'\\') {
        at += 1;
        let word = near[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let number = |byte: &&u8| byte.is_ascii_digit() || **byte == b'-';
        at += word + near[at + word..].iter().take_while(number).count();
        (word > 0).then_some(())?;
    }
    // One blank ends the last control word, and is not part of the text.
    (near.get(at) == Some(&b' ')).then_some(at + 1)
}

/// Functions that join the list after them, and the method that joins the list before it. To compile a
/// search costs more than to search a few bytes.
static LIST_CALLS: LazyLock<([Finder<'_>; 4], Finder<'_>)> = LazyLock::new(|| {
    (["concat", "CONCAT", "paste", "join"].map(Finder::new), Finder::new(".join("))
});

/// True if the list around a comma is joined immediately: `concat!(…)`, `paste0(…)`,
/// `[…].join('')`.
fn joins_a_list(rest: &[u8], before: &[u8]) -> bool {
    let head = &before[before.len().saturating_sub(100)..];
    let tail = &rest[..rest.len().min(120)];
    let (calls, method) = &*LIST_CALLS;
    calls.iter().any(|call| call.find(head).is_some()) || method.find(tail).is_some()
}

/// True if a text looks like quoted-printable.
pub(super) fn is_quoted_printable(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'=', bytes).any(|at| match bytes[at + 1..] {
        [b'\n', ..] | [b'\r', b'\n', ..] | [b'3', b'D', ..] | [b'2', b'F' | b'B', ..] => true,
        [b'?', ..] => header::opens_quoted(&bytes[at..]).is_some(),
        _ => false,
    })
}

/// Maximum number of characters of a line of quoted-printable (RFC 2045 §6.7).
const QUOTED_LINE: usize = 76;

/// True if the line that ends with the `=` at `at` may be a line of quoted-printable with a soft
/// break: it is short, and all its other equals signs begin an escape.
pub(super) fn breaks_softly(text: &[u8], at: usize) -> bool {
    let floor = at.saturating_sub(QUOTED_LINE);
    let head = &text[floor..at];
    let Some(start) =
        memchr::memrchr(b'\n', head).map(|newline| newline + 1).or((floor == 0).then_some(0))
    else {
        return false;
    };
    let line = &head[start..];
    let is_escape = |at: usize| line.get(at + 1..).and_then(hex_byte).is_some();
    memchr::memchr_iter(b'=', line).all(is_escape)
}

/// True if a text contains what quoted-printable alone contains: its name in a header, an escaped
/// equals sign, or an escaped blank at the end of a line.
pub(super) fn names_quoted_printable(text: &[u8]) -> bool {
    let signs: [&[u8]; 4] = [b"=3D", b"=20\n", b"=20\r", b"quoted-printable"];
    signs.iter().any(|sign| memchr::memmem::find(text, sign).is_some())
}

/// Undoes quoted-printable (RFC 2045 §6.7).
pub(super) fn quoted_printable(rest: &[u8]) -> Rewrite {
    let body = rest.strip_prefix(b"=")?;
    if body.starts_with(b"\r\n") {
        return Some((3, None));
    }
    if body.starts_with(b"\n") {
        return Some((2, None));
    }
    Some((3, Some(hex_byte(body)?)))
}

/// This many escapes in a row write a value letter by letter.
const ESCAPED: usize = 8;

/// Finds values that are written letter by letter in escapes. Each byte of a text is read once, no
/// matter how many places ask.
pub(super) struct Escaped<'t> {
    text: &'t [u8],
    /// Bytes before this offset have been read.
    read: usize,
    /// The last escapes in a row that were found.
    found: Range<usize>,
}

impl<'t> Escaped<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, read: 0, found: 0..0 }
    }

    /// True if enough escapes in a row are between `at` and `until`. `at` grows from call to call
    /// and is not inside an escape.
    pub(super) fn is_between(&mut self, at: usize, until: usize) -> bool {
        loop {
            if self.found.start >= at && !self.found.is_empty() {
                return self.found.end <= until;
            }
            self.read = self.read.max(at);
            let rest = self.text.get(self.read..until).unwrap_or_default();
            let Some(next) = memchr::memchr3(b'\\', b'%', b'&', rest) else {
                self.read = self.read.max(until);
                return false;
            };
            let start = self.read + next;
            let mut end = start;
            let escapes = (0..ESCAPED).take_while(|_| {
                let len = self.text.get(end..).filter(|rest| !rest.is_empty()).and_then(escape);
                end += len.map_or(0, |(len, _)| len);
                len.is_some()
            });
            if escapes.count() == ESCAPED {
                self.found = start..end;
            }
            self.read = end.max(start + 1);
        }
    }
}

/// Minimum number of bytes of a line that programs fold: LDIF folds at 76, `MANIFEST.MF` at 72, iCalendar at
/// 75 (RFC 2849, JAR File Specification, RFC 5545 §3.1).
const FOLDED: usize = 60;

/// True if a line continues on the next one, after one blank.
pub(super) fn is_folded(text: &[u8]) -> bool {
    let breaks = memchr::memchr2_iter(b'\r', b'\n', text);
    breaks.into_iter().any(|at| fold(&text[at..], &text[..at]).is_some())
}

/// Joins a line that continues on the next one, after one blank.
pub(super) fn fold(rest: &[u8], before: &[u8]) -> Rewrite {
    let len = match rest {
        [b'\n', b' ' | b'\t', ..] => 2,
        [b'\r', b'\n', b' ' | b'\t', ..] => 3,
        _ => return None,
    };
    let line = &before[before.len().checked_sub(FOLDED)?..];
    let folded = is_part(before.last()) && is_part(rest.get(len)) && !line.contains(&b'\n');
    folded.then_some((len, None))
}

/// Bytes with which a mark begins.
pub(super) const MARKS: &[u8] = b"\x1b[<^\xe2";

/// True if a text contains a mark.
pub(super) fn has_marks(text: &[u8]) -> bool {
    memchr::memchr(0x1b, text).is_some()
        || memchr::memchr2_iter(b'[', b'<', text).any(|at| marks(&text[at..]).is_some())
}

/// The length of the marks at the beginning of a text.
pub(super) fn marks_len(rest: &[u8]) -> Option<usize> {
    let may = matches!(rest.first()?, 0x1b | b'[' | b'<' | b'^' | 0xe2);
    may.then(|| marks(rest)).flatten().map(|marks| marks.len)
}

/// Replaces a colour by a blank. An element in `<>` separates words anyway.
pub(super) fn blank_mark(rest: &[u8], _: &[u8]) -> Rewrite {
    marks(rest).filter(|marks| marks.coloured).map(|marks| (marks.len, Some(b' ')))
}

/// Removes a mark inside a word, and replaces others as [`blank_mark`] does.
pub(super) fn mark(rest: &[u8], before: &[u8]) -> Rewrite {
    let marks = marks(rest)?;
    if is_part(before.last()) && is_part(rest.get(marks.len)) {
        return Some((marks.len, None));
    }
    marks.coloured.then_some((marks.len, Some(b' ')))
}

/// Marks that follow each other.
struct Marks {
    len: usize,
    /// They include control sequences.
    coloured: bool,
}

/// Maximum number of marks that are treated as one.
const MOST_MARKS: usize = 8;

fn marks(rest: &[u8]) -> Option<Marks> {
    let mut marks = Marks { len: 0, coloured: false };
    // `[m` and `[K` may be ordinary text, unless there are several of them.
    let mut sure = 0;
    for _ in 0..MOST_MARKS {
        let rest = &rest[marks.len..];
        let (len, weight) = match rest.first() {
            Some(0x1b) => (control_sequence(rest).map(|(len, _)| len), 2),
            Some(b'^') if rest.starts_with(b"^[[") => (colour(&rest[2..]).map(|len| len + 2), 2),
            // The visible symbol of an escape byte.
            Some(0xe2) if rest.starts_with("\u{241b}[".as_bytes()) => {
                (colour(&rest[3..]).map(|len| len + 3), 2)
            }
            Some(b'[') => {
                (colour(rest), if matches!(rest.get(1), Some(b'm' | b'K')) { 1 } else { 2 })
            }
            Some(b'<') => {
                let Some(len) = tag(rest) else { break };
                marks.len += len;
                sure += 2;
                continue;
            }
            _ => break,
        };
        let Some(len) = len else { break };
        marks.len += len;
        marks.coloured = true;
        sure += weight;
    }
    (sure >= 2).then_some(marks)
}

/// A control sequence that sets a colour or clears a line, without its escape byte.
fn colour(rest: &[u8]) -> Option<usize> {
    let body = rest.strip_prefix(b"[")?;
    let len = body.iter().take(16).position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    matches!(body[len], b'm' | b'K').then_some(len + 2)
}

/// Elements of markup that do not separate words.
const INLINE: [&[u8]; 19] = [
    b"mark",
    b"wbr",
    b"b",
    b"i",
    b"u",
    b"s",
    b"em",
    b"strong",
    b"span",
    b"font",
    b"code",
    b"kbd",
    b"tt",
    b"var",
    b"samp",
    b"ins",
    b"del",
    b"hl",
    b"text:span",
];
/// Maximum number of bytes of a tag.
const LONGEST_TAG: usize = 300;

/// The length of a tag that does not separate words.
fn tag(rest: &[u8]) -> Option<usize> {
    let body = rest.strip_prefix(b"<")?;
    let body = body.strip_prefix(b"/").unwrap_or(body);
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b':';
    let name = &body[..body.iter().take(12).take_while(is_name).count()];
    let after = body.get(name.len())?;
    let ends = matches!(after, b'>' | b'/' | b' ' | b'\n');
    if !ends || !INLINE.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }
    let rest = &rest[..rest.len().min(LONGEST_TAG)];
    memchr::memchr(b'>', rest).map(|end| end + 1)
}

/// Start of the tags directly before `at` that do not separate words.
pub(super) fn before_tags(text: &[u8], at: usize) -> usize {
    let mut start = at;
    for _ in 0..MOST_MARKS {
        let head = &text[start.saturating_sub(LONGEST_TAG)..start];
        if head.last() != Some(&b'>') {
            break;
        }
        let Some(opens) = memchr::memrchr(b'<', head) else { break };
        let len = head.len() - opens;
        if tag(&head[opens..]) != Some(len) {
            break;
        }
        start -= len;
    }
    start
}
