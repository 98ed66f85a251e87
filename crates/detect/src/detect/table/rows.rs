//! Rows of a table of names and values: one cell names the value in another cell of its row.

use std::ops::Range;

use super::{Cell, Row, Tables, is_value};
use crate::detect::item::Part;
use crate::detect::name::{Name, Role};

/// Maximum number of bytes of a cell that is read as a name.
pub(super) const LONGEST_NAME: usize = 60;
/// Maximum number of words of a name that is a phrase.
const MOST_WORDS: usize = 4;

impl Tables<'_> {
    /// True if a row contains both halves of a key: its headings name them, and it is not a name
    /// with a value.
    pub(super) fn is_record(&self, row: &Row) -> bool {
        let first = self.items.partition_point(|item| item.span.start < row.span.start);
        let inside =
            || self.items[first..].iter().take_while(|item| item.span.start < row.span.end);
        if !self.labels.is_empty() {
            return inside().nth(1).is_some();
        }
        inside().any(|item| matches!(item.part, Part::Id { .. }))
            && inside().any(|item| matches!(item.part, Part::Secret { .. } | Part::Mail { .. }))
    }

    /// True if a row contains an item.
    pub(super) fn has_item(&self, row: &Row) -> bool {
        let first = self.items.partition_point(|item| item.span.start < row.span.start);
        let valued = |part: &Part| !matches!(part, Part::Vacant { .. });
        self.items[first..]
            .iter()
            .take_while(|item| item.span.start < row.span.end)
            .any(|item| valued(&item.part))
    }

    /// The cell of a row that names a half of a key, next to the value at `span`; the cells before
    /// the value come first.
    pub(super) fn half_name(&self, row: &Row, span: &Range<usize>) -> Option<Range<usize>> {
        if self.is_parenthesis(row) {
            return None;
        }
        let column = row.cells.iter().position(|cell| cell.contains(&span.start))?;
        let names = |cell: &&Range<usize>| {
            let text = self.cell_text(cell);
            let is_name = !text.is_empty() && text.len() <= LONGEST_NAME && !is_value(text);
            let role = || self.cell_name(cell).role;
            is_name
                && (matches!(role(), Role::KeyId | Role::SecretKey | Role::Secret)
                    || !self.labels.is_empty() && self.is_labelled(text))
        };
        let before = row.cells[..column].iter().rev().find(names);
        before.or_else(|| row.cells[column + 1..].iter().find(names)).cloned()
    }

    /// The cell directly before the value at `span`, if it is a name, or the name of a variable
    /// after it.
    pub(super) fn row_name(&self, row: &Row, span: &Range<usize>) -> Option<Range<usize>> {
        if !self.labels.is_empty() || self.is_parenthesis(row) || row.separator == b' ' {
            return None;
        }
        if matches!(row.separator, b',' | b';') && !self.is_listed(row) {
            return None;
        }
        let column = row.cells.iter().position(|cell| cell.contains(&span.start))?;
        let mut before = row.cells[..column].iter().rev();
        let cell = before.find(|cell| !self.cell_text(cell).is_empty());
        let named = cell.filter(|cell| self.is_name(cell));
        named
            .or_else(|| row.cells[column + 1..].iter().find(|cell| self.is_variable(cell)))
            .cloned()
    }

    /// True if a cell is a name of one word, or a phrase that says what a value is.
    fn is_name(&self, cell: &Range<usize>) -> bool {
        let text = self.cell_text(cell);
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        let blanks = text.iter().filter(|byte| **byte == b' ').count();
        let is_phrase = blanks > 0
            && blanks < MOST_WORDS
            && text.iter().all(|byte| is_part(byte) || *byte == b' ')
            && self.cell_name(cell).says();
        text.len() <= LONGEST_NAME
            && !is_value(text)
            && (text.iter().all(is_part) || is_phrase)
            && self.cell_name(cell).named
    }

    /// The cell of a value that a cell of its row names. No other row belongs to it.
    pub(super) fn by_row(&self, row: &Row, title: Range<usize>) -> Cell {
        let name = self.cell_name(&title);
        Cell { row: row.span.start, heading: row.span.start, name, title, is_row_name: true }
    }

    /// True if a name of variables (`HASHIDS_SALT`) is before the value: under the headings of a
    /// list of logins, the name of the row says more about it.
    pub(super) fn is_variable(&self, cell: &Range<usize>) -> bool {
        let text = self.cell_text(cell);
        let is_part =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        text.contains(&b'_') && text.iter().all(is_part)
    }

    fn cell_name(&self, cell: &Range<usize>) -> Name {
        let text = self.cell_text(cell);
        Name::of(text, text.contains(&b' '))
    }

    /// The content of a cell without the marks around it.
    fn cell_text(&self, cell: &Range<usize>) -> &[u8] {
        let text = &self.text[cell.clone()];
        let is_mark = |byte: &u8| b" \t\r\"'`*:".contains(byte);
        let start = text.iter().position(|byte| !is_mark(byte)).unwrap_or(text.len());
        let end = text.iter().rposition(|byte| !is_mark(byte)).map_or(start, |at| at + 1);
        &text[start..end]
    }

    /// True if a row is in parentheses, as those of SQL's `INSERT` and the arguments of a call.
    fn is_parenthesis(&self, row: &Row) -> bool {
        row.separator == b',' && self.text[..row.span.start].ends_with(b"(")
    }

    /// True if a line is one of several lines of as many cells: not the arguments of a call.
    fn is_listed(&self, row: &Row) -> bool {
        let begins = |line: &Range<usize>| {
            let first = self.text[line.clone()].first();
            first.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'"')
        };
        let fits = |line: Range<usize>| {
            begins(&line) && self.row(line, row.separator).cells.len() == row.cells.len()
        };
        let above = row.span.start.checked_sub(1).filter(|end| *end > self.start).map(|end| {
            let floor = self.start.max(end.saturating_sub(super::MOST_ROW));
            memchr::memrchr(b'\n', &self.text[floor..end]).map_or(floor, |at| floor + at + 1)..end
        });
        let from = (row.span.end + 1).min(self.text.len());
        let to = self.text.len().min(from + super::MOST_ROW);
        let below = from..memchr::memchr(b'\n', &self.text[from..to]).map_or(to, |at| from + at);
        let is_open = self.text[row.span.clone()].trim_ascii_end().ends_with(b",");
        begins(&row.span) && !is_open && (above.is_some_and(&fits) || fits(below))
    }
}
