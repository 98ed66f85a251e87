//! Tables: rows of cells between separators, and the headings that name their columns.
//!
//! Comma- and tab-separated values, Markdown's tables, and the rows of SQL's `INSERT`. The heading
//! of a column names an item that fills a cell, and the item belongs to its row.

use std::ops::Range;

use super::item::Item;
use super::name::{Name, Role};
use super::words::words;

mod rows;

use rows::LONGEST_NAME;

/// The cell that an item fills.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Start of the row.
    pub row: usize,
    /// Start of the headings.
    pub heading: usize,
    /// The name of the column.
    pub name: Name,
    /// The place of that name.
    pub title: Range<usize>,
    /// The name is in the row, which contains no other half, and not in the headings.
    pub is_row_name: bool,
}

/// Maximum number of bytes of a row that are read.
const MOST_ROW: usize = 2048;
/// Bytes above a row in which its headings are searched for.
const ABOVE: usize = 16 * 1024;
/// Maximum number of cells of a row that are counted.
const MOST_CELLS: usize = 64;

/// The cells that the items of a text fill; the text is not read before `start`.
pub(super) fn cells(text: &[u8], start: usize, items: &[Item]) -> Vec<Option<Cell>> {
    labelled(text, start, items, &[], &mut None)
}

/// The headings of a table, and the place of a row from which on they are known.
pub(super) struct Headings(Row, usize);

/// Like [`cells`], but a heading names a secret by one of `labels`. A long table is read in parts:
/// `known` are the headings of the part before.
pub(super) fn labelled(
    text: &[u8],
    start: usize,
    items: &[Item],
    labels: &[String],
    known: &mut Option<Headings>,
) -> Vec<Option<Cell>> {
    let known_before = known.take().map(|Headings(row, last)| (row, last));
    let known_before = known_before.into_iter().collect();
    let mut tables = Tables { text, start, items, labels, known: known_before, headless: None };
    let cells: Vec<Option<Cell>> = items.iter().map(|item| tables.cell(&item.span)).collect();
    *known = tables.known.pop().map(|(row, last)| {
        // The next part may begin among these rows.
        let of_heading = |cell: &&Cell| !cell.is_row_name && cell.heading == row.span.start;
        let rows = cells.iter().flatten().filter(of_heading);
        let first = rows.map(|cell| cell.row).min().unwrap_or(last);
        Headings(row, first)
    });
    cells
}

struct Tables<'t> {
    text: &'t [u8],
    start: usize,
    items: &'t [Item],
    labels: &'t [String],
    /// Headings found so far, each with the place of the last row below them.
    known: Vec<(Row, usize)>,
    /// The shape of rows without headings, and the last of these rows.
    headless: Option<(Shape, usize)>,
}

/// The separator of a row, the number of its cells, and whether it contains both halves of a key.
type Shape = (u8, usize, bool);

/// A row: its cells and their separator.
#[derive(Clone, Debug)]
struct Row {
    span: Range<usize>,
    separator: u8,
    cells: Vec<Range<usize>>,
}

impl Tables<'_> {
    fn cell(&mut self, span: &Range<usize>) -> Option<Cell> {
        let row = self.row_of(span)?;
        let is_record = self.is_record(&row);
        if !is_record && let Some(title) = self.half_name(&row, span) {
            // Another rule's words may name the row, but not its value.
            return self.labels.is_empty().then(|| self.by_row(&row, title));
        }
        let by_row = if is_record { None } else { self.row_name(&row, span) };
        if let Some(title) = by_row.clone().filter(|title| self.is_variable(title)) {
            return Some(self.by_row(&row, title));
        }
        let Some(heading) = self.heading(&row, span, is_record) else {
            return by_row.map(|title| self.by_row(&row, title));
        };
        let cell = title(&heading, &row, span)?;
        let name = Name::of(&self.text[cell.clone()], false);
        let (row, heading) = (row.span.start, heading.span.start);
        Some(Cell { row, heading, name, title: cell, is_row_name: false })
    }

    /// The row in which an item fills a cell.
    fn row_of(&self, span: &Range<usize>) -> Option<Row> {
        let marks: &[u8] = b" \t\"'`*";
        let before = &self.text[self.start..span.start];
        let before = before.iter().rposition(|byte| !b"\"'`* ".contains(byte));
        let left = before.map_or(b'\n', |at| self.text[self.start + at]);
        let after = &self.text[span.end.min(self.text.len())..];
        let right = after.iter().find(|byte| !marks.contains(byte) || **byte == b'\t');
        let right = right.copied().unwrap_or(b'\n');
        if left == b'>' {
            return self.element_row(span);
        }
        let separators = b",;|\t";
        let separator = [left, right].into_iter().find(|byte| separators.contains(byte));
        let Some(separator) = separator else { return self.aligned_row(span) };
        let fits = |byte: u8| byte == separator || b"\r\n()".contains(&byte);
        if !fits(left) || !fits(right) {
            return None;
        }
        Some(self.row(self.bounds(span.start, separator)?, separator))
    }

    /// The row of a table of markup: the text between `<tr` and the next `</tr`.
    fn element_row(&self, span: &Range<usize>) -> Option<Row> {
        let floor = self.start.max(span.start.saturating_sub(MOST_ROW));
        let start = floor + memchr::memmem::rfind(&self.text[floor..span.start], b"<tr")?;
        let ceiling = self.text.len().min(span.start + MOST_ROW);
        let end = memchr::memmem::find(&self.text[span.start..ceiling], b"</tr")? + span.start;
        Some(self.elements(start..end))
    }

    fn elements(&self, span: Range<usize>) -> Row {
        let text = &self.text[span.clone()];
        let opens = |at: &usize| text[*at..].starts_with(b"<td") || text[*at..].starts_with(b"<th");
        let starts: Vec<usize> =
            memchr::memchr_iter(b'<', text).filter(opens).take(MOST_CELLS).collect();
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let inner = |(start, end): (usize, usize)| {
            let after =
                |from: usize| memchr::memchr(b'>', &text[from..end]).map(|at| from + at + 1);
            let mut open = after(start).unwrap_or(start);
            // `<td><p><code>`: the content of the cell begins after its own tags.
            while let Some(next) = after(open).filter(|_| text[open..end].starts_with(b"<")) {
                if text[open..end].starts_with(b"</t") {
                    break;
                }
                open = next;
            }
            let close = memchr::memchr(b'<', &text[open..end]).map_or(end, |at| open + at);
            span.start + open..span.start + close.max(open)
        };
        let cells = starts.iter().copied().zip(ends).map(inner).collect();
        Row { span: span.clone(), separator: b'<', cells }
    }

    /// A row of columns that blanks align.
    fn aligned_row(&self, span: &Range<usize>) -> Option<Row> {
        let before = &self.text[self.start..span.start];
        let after = &self.text[span.end.min(self.text.len())..];
        let apart = before.ends_with(b"  ") || before.ends_with(b"\n") || before.is_empty();
        let ends = after.starts_with(b"  ")
            || after.trim_ascii_start().is_empty()
            || after.starts_with(b"\n")
            || after.starts_with(b"\r");
        if !apart || !ends {
            return None;
        }
        Some(self.row(self.bounds(span.start, b' ')?, b' '))
    }

    /// The line, or the parenthesis, around a place.
    fn bounds(&self, at: usize, separator: u8) -> Option<Range<usize>> {
        let floor = self.start.max(at.saturating_sub(MOST_ROW));
        let ceiling = self.text.len().min(at + MOST_ROW);
        let line = memchr::memrchr(b'\n', &self.text[floor..at]).map_or(floor, |by| floor + by + 1);
        let end = memchr::memchr(b'\n', &self.text[at..ceiling]).map_or(ceiling, |by| at + by);
        if separator == b',' {
            let opened = self.text[line..at].iter().rposition(|byte| matches!(byte, b'(' | b')'));
            if let Some(by) = opened.filter(|by| self.text[line + by] == b'(') {
                let closed = memchr::memchr(b')', &self.text[at..end])?;
                return Some(line + by + 1..at + closed);
            }
        }
        let begins = line == self.start || self.text[line - 1] == b'\n';
        begins.then_some(line..end)
    }

    fn row(&self, span: Range<usize>, separator: u8) -> Row {
        if separator == b' ' {
            return self.aligned(span);
        }
        let mut cells = Vec::new();
        let mut from = span.start;
        let mut quoted = false;
        for at in span.clone() {
            let byte = self.text[at];
            quoted ^= byte == b'"';
            if byte == separator && !quoted && cells.len() < MOST_CELLS {
                cells.push(from..at);
                from = at + 1;
            }
        }
        cells.push(from..span.end);
        Row { span, separator, cells }
    }

    fn aligned(&self, span: Range<usize>) -> Row {
        let mut cells: Vec<Range<usize>> = Vec::new();
        for at in span.clone() {
            if self.text[at].is_ascii_whitespace() {
                continue;
            }
            // One blank is part of a cell, two blanks separate cells.
            if let Some(last) = cells.last_mut().filter(|last| at - last.end < 2) {
                last.end = at + 1;
            } else if cells.len() < MOST_CELLS {
                cells.push(at..at + 1);
            }
        }
        Row { span, separator: b' ', cells }
    }

    /// The headings above a row: the nearest row of as many cells that names the halves of a key,
    /// and that suits the items of the row.
    fn heading(&mut self, row: &Row, span: &Range<usize>, is_record: bool) -> Option<Row> {
        let known = self.known.iter_mut().rev().take(4).find(|(heading, last)| {
            let follows = row.span.start >= *last && row.span.start - *last <= ABOVE;
            follows
                && fits(heading, row)
                && suits(self.text, self.labels, heading, row, span, is_record)
        });
        if let Some((heading, last)) = known {
            *last = row.span.start;
            return Some(heading.clone());
        }
        // Rows below one without headings have none either, so the search is not repeated.
        let cells = if row.separator == b' ' { 0 } else { row.cells.len() };
        let shape = (row.separator, cells, is_record);
        let headless = self
            .headless
            .is_some_and(|(other, last)| other == shape && row.span.start - last <= MOST_ROW);
        let suited = |heading: &Row| suits(self.text, self.labels, heading, row, span, is_record);
        let found = if headless { None } else { self.search(row, suited) };
        match &found {
            Some(found) => self.known.push((found.clone(), row.span.start)),
            None => self.headless = Some((shape, row.span.start)),
        }
        found
    }

    fn search(&self, row: &Row, suited: impl Fn(&Row) -> bool) -> Option<Row> {
        if row.cells.len() < 2 {
            return None;
        }
        let floor = self.start.max(row.span.start.saturating_sub(ABOVE));
        let mut end = row.span.start;
        for _ in 0..64 {
            let before = &self.text[floor..end];
            // The parenthesis before a row in parentheses contains its headings.
            let span = if row.separator == b'<' {
                let closed = memchr::memmem::rfind(before, b"</tr")?;
                floor + memchr::memmem::rfind(&before[..closed], b"<tr")?..floor + closed
            } else if self.text[..row.span.start].ends_with(b"(") {
                // `(name, secret) VALUES (…), (…)`: the previous rows end in `)`, too.
                let values = before.to_ascii_lowercase();
                let values = memchr::memmem::rfind(&values, b"values")?;
                let closed = memchr::memrchr(b')', &before[..values])?;
                if !before[closed + 1..values].trim_ascii().is_empty() {
                    return None;
                }
                let opened = memchr::memrchr(b'(', &before[..closed])?;
                floor + opened + 1..floor + closed
            } else {
                let line_end = memchr::memrchr(b'\n', before)?;
                let line = memchr::memrchr(b'\n', &before[..line_end]).map_or(0, |at| at + 1);
                floor + line..floor + line_end
            };
            if span.len() > MOST_ROW {
                return None;
            }
            end = if span.start > floor { span.start } else { floor };
            let heading = self.headings(span, row);
            if fits(&heading, row)
                && self.names_halves(&heading)
                && !self.has_item(&heading)
                && suited(&heading)
            {
                return Some(heading);
            }
            if end == floor {
                return None;
            }
        }
        None
    }

    /// The possible headings of a row; those of SQL's `COPY` are in a parenthesis.
    fn headings(&self, span: Range<usize>, row: &Row) -> Row {
        let line = &self.text[span.clone()];
        match row.separator {
            b'<' => self.elements(span),
            b'\t' if line.starts_with(b"COPY ") => {
                let opened = memchr::memchr(b'(', line).map_or(0, |at| at + 1);
                let closed = memchr::memrchr(b')', line).unwrap_or(line.len()).max(opened);
                let inner = self.row(span.start + opened..span.start + closed, b',');
                Row { separator: b'\t', ..inner }
            }
            separator => self.row(span, separator),
        }
    }

    /// True if the cells of a row name an id and a secret, and contain neither.
    fn names_halves(&self, row: &Row) -> bool {
        if row.cells.len() < 2 {
            return false;
        }
        let mut secret = false;
        let mut other = false;
        for cell in &row.cells {
            let text = self.text[cell.clone()].trim_ascii();
            // `SK2f0c…` is an id of Twilio, not a name with the word `sk`.
            if text.len() > LONGEST_NAME || is_value(text) {
                return false;
            }
            let name = Name::of(text, true);
            // Tencent's `secret_id` is not a secret.
            let is_secret = match self.labels.is_empty() {
                true => name.role.is_secret(),
                false => self.is_labelled(text),
            };
            secret |= is_secret;
            other |= name.named && !is_secret;
        }
        secret && other
    }

    fn is_labelled(&self, title: &[u8]) -> bool {
        let joined = words(title).concat();
        self.labels.iter().any(|label| joined.contains(label.as_str()))
    }
}

/// The heading of the value at `span`.
fn title(heading: &Row, row: &Row, span: &Range<usize>) -> Option<Range<usize>> {
    if row.separator == b' ' {
        let column = span.start - row.span.start;
        return heading.cells.iter().find(|c| c.start - heading.span.start == column).cloned();
    }
    let column = row.cells.iter().position(|cell| cell.contains(&span.start))?;
    heading.cells.get(column).cloned()
}

/// True if the heading of a value says which half it is.
///
/// `DB_PASSWORD | hunter2` names a secret, too. But it is not above a column of secrets: nothing
/// that is above the value has a meaning then. If the row contains both halves, their places are enough.
fn suits(
    text: &[u8],
    labels: &[String],
    heading: &Row,
    row: &Row,
    span: &Range<usize>,
    is_record: bool,
) -> bool {
    if is_record || !labels.is_empty() {
        return true;
    }
    let role = |title: Range<usize>| Name::of(&text[title], false).role;
    title(heading, row, span).is_none_or(|title| role(title) != Role::None)
}

/// True if a text has a run of letters and digits as long as an id.
fn is_value(text: &[u8]) -> bool {
    let runs = text.split(|byte| !byte.is_ascii_alphanumeric());
    runs.into_iter()
        .any(|run| run.len() >= 16 && run.iter().filter(|b| b.is_ascii_digit()).count() > 1)
}

/// True if a row may belong to headings.
fn fits(heading: &Row, row: &Row) -> bool {
    heading.separator == row.separator
        && (row.separator == b' ' || heading.cells.len() == row.cells.len())
}
