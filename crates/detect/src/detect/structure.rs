//! Structure: the text between two items, measured in lines, brackets and paragraphs.
//!
//! Languages are not parsed, only their common marks are. Everything between neighbours is counted
//! once, so that the distance of any two items is a sum over the gaps between them.

use std::ops::Range;

use super::item::Item;

/// Counts for the text between two neighbouring items.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    bytes: usize,
    lines: u32,
    /// The net number of opened brackets, and the lowest depth before.
    rise: i32,
    lowest: i32,
    /// Blank lines, rulers with headings, and list items that begin.
    blanks: u32,
    rulers: u32,
    entries: u32,
    /// Smallest indentation of the lines that begin here.
    indent: u32,
}

/// Bytes before the first item in which the beginning of its line is searched for.
const LOOK_BACK: usize = 64 * 1024;

/// The gaps between the items of a stretch of text.
pub(super) struct Structure {
    /// `gaps[n]` lies before item `n`.
    gaps: Vec<Gap>,
    /// Indentation of each item's line.
    indents: Vec<u32>,
    /// Lines and bytes of all gaps up to each item.
    sums: Vec<(u32, usize)>,
}

/// The distance of items whose indices differ by more contains only lines and bytes.
const FAR: usize = 32;

/// The distance of two items.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Distance {
    /// Bytes between them.
    pub bytes: usize,
    /// Line breaks between them.
    pub lines: u32,
    /// Brackets and elements closed after the one and opened before the other.
    pub crossings: u32,
    /// Blank lines between them.
    pub blanks: u32,
    /// Rulers and headings between them.
    pub rulers: u32,
    /// List items that begin between them.
    pub entries: u32,
    /// A line between them is indented less than both.
    pub dedented: bool,
}

impl Structure {
    /// Measures the gaps between `items`, which are sorted.
    ///
    /// Each byte is read once: a line of megabytes costs no more than many lines of the same size.
    pub(super) fn new(text: &[u8], items: &[Item]) -> Self {
        let mut gaps = Vec::with_capacity(items.len());
        let mut indents = Vec::with_capacity(items.len());
        // The gap before the first item is never used, only the indentation of its line.
        let first = items.first().map_or(0, |item| item.span.start);
        let (mut previous_end, mut before, mut columns) =
            (first, first.saturating_sub(LOOK_BACK), None);
        for item in items {
            let start = item.span.start.max(previous_end);
            gaps.push(measure(text, previous_end..start));
            let from = before.min(start);
            let newline = memchr::memrchr(b'\n', &text[from..start]);
            let line = newline.map_or(from, |newline| from + newline + 1);
            // Without a line break it is the line of the previous item.
            let same = columns.filter(|_| newline.is_none());
            let indented = same.unwrap_or_else(|| indent(&text[line..start]));
            columns = Some(indented);
            indents.push(indented);
            before = start;
            // An encoded item may end far after the text around it that was copied.
            previous_end = item.span.end.min(text.len());
        }
        let mut sum = (0, 0);
        let sums = gaps.iter().map(|gap: &Gap| {
            sum = (sum.0 + gap.lines, sum.1 + gap.bytes);
            sum
        });
        let sums = sums.collect();
        Self { gaps, indents, sums }
    }

    /// The number of lines between the first item and this one.
    pub(super) fn line(&self, item: usize) -> u32 {
        self.sums[item].0
    }

    /// The distance of two items, in either order.
    pub(super) fn between(&self, a: usize, b: usize) -> Distance {
        let (from, to) = (a.min(b), a.max(b));
        if to - from <= FAR
            && let Some((_, distance)) = self.forwards(from).find(|(item, _)| *item == to)
        {
            return distance;
        }
        let lines = self.sums[to].0 - self.sums[from].0;
        Distance { lines, bytes: self.sums[to].1 - self.sums[from].1, ..Distance::default() }
    }

    /// Distances from item `from` to the following items, nearest first.
    pub(super) fn forwards(&self, from: usize) -> impl Iterator<Item = (usize, Distance)> + '_ {
        let mut sum = Gap { indent: u32::MAX, ..Gap::default() };
        (from + 1..self.gaps.len()).map(move |to| {
            let gap = &self.gaps[to];
            sum.lowest = sum.lowest.min(sum.rise + gap.lowest);
            sum.rise += gap.rise;
            sum.bytes += gap.bytes;
            sum.lines += gap.lines;
            sum.blanks += gap.blanks;
            sum.rulers += gap.rulers;
            sum.entries += gap.entries;
            sum.indent = sum.indent.min(gap.indent);
            let edge = self.indents[from].min(self.indents[to]);
            let distance = Distance {
                bytes: sum.bytes,
                lines: sum.lines,
                crossings: (-sum.lowest + (sum.rise - sum.lowest)).unsigned_abs(),
                blanks: sum.blanks,
                rulers: sum.rulers,
                entries: sum.entries,
                dedented: sum.indent < edge,
            };
            (to, distance)
        })
    }
}

/// Number of blanks and tabs at the beginning of a line.
fn indent(line: &[u8]) -> u32 {
    line.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count() as u32
}

fn measure(text: &[u8], span: Range<usize>) -> Gap {
    let gap = &text[span.clone()];
    let mut sum = Gap { bytes: gap.len(), indent: u32::MAX, ..Gap::default() };
    let mut at = 0;
    while at < gap.len() {
        match gap[at] {
            b'{' | b'[' | b'(' => sum.rise += 1,
            b'}' | b']' | b')' => sum.rise -= 1,
            b'<' if gap.get(at + 1) == Some(&b'/') => sum.rise -= 1,
            b'<' if gap.get(at + 1).is_some_and(u8::is_ascii_alphabetic) => {
                let tag = &gap[at..gap.len().min(at + 200)];
                let end = tag.iter().position(|&byte| byte == b'>');
                let empty = end.is_some_and(|end| tag[end - 1] == b'/') || tag.starts_with(b"<br");
                sum.rise += i32::from(!empty);
            }
            b'\\' if gap.get(at + 1) == Some(&b'n') => sum.lines += 1,
            b'\n' => {
                let line = &text[span.start + at + 1..text.len().min(span.end + 120)];
                begin_line(line, &mut sum);
            }
            _ => {}
        }
        sum.lowest = sum.lowest.min(sum.rise);
        at += 1;
    }
    sum
}

/// Counts the features of a line's beginning; `rest` begins with the line.
fn begin_line(rest: &[u8], sum: &mut Gap) {
    sum.lines += 1;
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let blank = line.trim_ascii();
    if blank.is_empty() {
        sum.blanks += 1;
        return;
    }
    sum.indent = sum.indent.min(indent(line));
    let ruler = blank.len() >= 3
        && blank.iter().all(|&byte| matches!(byte, b'-' | b'=' | b'#' | b'*' | b'_'));
    let heading = blank.starts_with(b"## ") || blank.starts_with(b"### ");
    sum.rulers += u32::from(ruler || heading);
    sum.entries += u32::from(blank.starts_with(b"- ") || blank.starts_with(b"* "));
}
