//! Halves that the text around them keeps apart: the files and the sides of a patch, rows of values
//! without headings, and headings that name an owner.

use std::ops::Range;

use super::item::Item;
use super::name::Name;
use super::outline::{Kind, Outline, Scope};

/// Bytes before the first item of a text in which a patch may begin.
const HEAD: usize = 16 * 1024;

/// Maximum number of bytes of a row, and of a line of a patch, that are read.
const ROW: usize = 2048;

/// The place of an item in a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// The number of the file.
    file: u32,
    /// The mark of its line: `-` if it is removed, `+` if it is added.
    sign: u8,
}

/// The sides of `items`, which are sorted; none if the text is not a patch.
pub(super) fn sides(text: &[u8], items: &[Item]) -> Vec<Side> {
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return Vec::new() };
    let end = last.span.start.min(text.len());
    let floor = first.span.start.min(end).saturating_sub(HEAD);
    if memchr::memmem::find(&text[floor..end], b"\n@@ -").is_none() {
        return Vec::new();
    }
    let (mut at, mut file) = (floor, 0);
    let side = |item: &Item| {
        let start = item.span.start.min(text.len());
        if start > at {
            file += memchr::memmem::find_iter(&text[at..start], b"\n+++ ").count() as u32;
            at = start;
        }
        // Lines of a patch are short. In a longer one, items would be read again and again.
        let near = start.saturating_sub(ROW);
        let line = memchr::memrchr(b'\n', &text[near..start]).map(|by| near + by + 1);
        Side { file, sign: line.and_then(|line| text.get(line).copied()).unwrap_or(b' ') }
    };
    items.iter().map(side).collect()
}

impl Side {
    /// True if two items are in different files, or one is removed and the other is added.
    pub(super) fn differs(self, other: Self) -> bool {
        let signs = [self.sign, other.sign];
        self.file != other.file || signs == *b"-+" || signs == *b"+-"
    }
}

/// True if two items are in different rows of values (`('alice', 'AKIA…', NULL), ('bob', NULL, '…')`),
/// in different columns.
pub(super) fn are_in_tuples(
    text: &[u8],
    outline: &Outline,
    spans: [&Range<usize>; 2],
    of: [usize; 2],
) -> bool {
    let [a, b] = of.map(|scope| outline.scope(scope));
    let column = |scope: &Scope, span: &Range<usize>| {
        let end = span.start.max(scope.start).min(text.len());
        memchr::memchr_iter(b',', &text[scope.start..end]).count()
    };
    of[0] != of[1]
        && a.parent == b.parent
        && a.separators == b.separators
        && a.separators > 1
        && spans[0].start.saturating_sub(a.start) < ROW
        && spans[1].start.saturating_sub(b.start) < ROW
        && is_tuple(text, a)
        && is_tuple(text, b)
        && column(a, spans[0]) != column(b, spans[1])
}

/// True if a scope is one of several lists of values, not the arguments of a call.
fn is_tuple(text: &[u8], scope: &Scope) -> bool {
    let Kind::Bracket(b'(' | b'[') = scope.kind else { return false };
    let before = text[..scope.start.saturating_sub(1)].trim_ascii_end();
    let word = &before[before.len().saturating_sub(6)..];
    matches!(before.last(), Some(b',' | b'[' | b'(')) || word.eq_ignore_ascii_case(b"values")
}

/// True if the headings above two items name different owners: `## alice` and `## bob`. A comment
/// in the middle of a record is not such a heading.
pub(super) fn have_owners(
    text: &[u8],
    outline: &Outline,
    spans: [&Range<usize>; 2],
    [a, b]: [&[usize]; 2],
) -> bool {
    let heading = |scopes: &[usize]| {
        let mut scopes = scopes.iter().map(|&scope| outline.scope(scope));
        let heading = scopes.find(|scope| matches!(scope.kind, Kind::Heading(_)))?;
        is_owner(&heading.name).then_some(&heading.name.stem)
    };
    let between = spans[0].end.min(spans[1].end)..spans[0].start.max(spans[1].start);
    let between = text.get(between).unwrap_or_default();
    heading(a).zip(heading(b)).is_some_and(|(one, other)| one != other)
        && [&b"\n\n"[..], b"\n\r\n"].iter().any(|b| memchr::memmem::find(between, b).is_some())
}

/// True if a name consists of a half and one word, which is its owner: `alice key`.
pub(super) fn is_owner(name: &Name) -> bool {
    name.stem.len() == 1 && name.rest == name.stem
}
