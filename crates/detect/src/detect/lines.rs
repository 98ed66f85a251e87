//! The lines of items: which items share one, and which lines are records of several fields.

use super::item::Item;

/// The line of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Ascending; items of one line have the same number.
    pub number: u32,
    /// The line contains several fields (`name=value`, without blanks): a record in one line.
    pub is_record: bool,
}

/// Bytes of a line that are read on either side of its first item.
const MOST_LINE: usize = 512;

/// The lines of `items`, which are sorted.
pub(super) fn lines(text: &[u8], items: &[Item]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::with_capacity(items.len());
    let mut before = 0;
    for item in items {
        let at = item.span.start.min(text.len());
        let last = lines.last().copied();
        let same = last.filter(|_| memchr::memchr(b'\n', &text[before.min(at)..at]).is_none());
        lines.push(same.unwrap_or_else(|| Line {
            number: last.map_or(0, |last| last.number + 1),
            is_record: is_record(text, at),
        }));
        before = at;
    }
    lines
}

fn is_record(text: &[u8], at: usize) -> bool {
    let floor = at.saturating_sub(MOST_LINE);
    let start = memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |by| floor + by + 1);
    let ceiling = text.len().min(at + MOST_LINE);
    let end = memchr::memchr(b'\n', &text[at..ceiling]).map_or(ceiling, |by| at + by);
    let line = &text[start..end];
    let field = |&at: &usize| {
        let follows = line.get(at + 1).copied().unwrap_or(b' ');
        at > 0
            && line[at - 1].is_ascii_alphanumeric()
            && !follows.is_ascii_whitespace()
            && follows != b'='
    };
    memchr::memchr_iter(b'=', line).filter(field).nth(1).is_some()
}
