//! Values that a table folds within their column, as `psql`, prettytable and rich do if the screen
//! is too narrow.

use std::ops::Range;

use crate::aws::{KEY_ID_LEN, KeyId, SECRET_LEN};

use super::random::{self, Strength};
use super::view::View;

/// Separators of a table's columns: ASCII, and the lines of Unicode's box drawing.
const BORDERS: [&[u8]; 4] = [b"|", "│".as_bytes(), "┃".as_bytes(), "║".as_bytes()];
/// Maximum number of columns of a table, and of bytes of a line.
const MOST: usize = 64;
const LONGEST: usize = 2048;
/// Minimum number of letters of a piece that continues below.
const SHORTEST: usize = 4;

/// A line of a table.
struct Line {
    span: Range<usize>,
    /// The spans between its borders.
    cells: Vec<Range<usize>>,
}

/// The border at the beginning of `rest`.
fn border(rest: &[u8]) -> Option<&'static [u8]> {
    let may = matches!(rest.first()?, b'|' | 0xe2);
    may.then(|| BORDERS.into_iter().find(|border| rest.starts_with(border)))?
}

/// True if `rest` continues with the border of a cell that a value fills completely.
pub(super) fn closes_a_cell(rest: &[u8]) -> bool {
    let rest = match rest {
        [b' ' | b'.', rest @ ..] => rest,
        // The ellipsis of psql.
        [0xe2, 0x80, 0xa6, rest @ ..] => rest,
        rest => rest,
    };
    border(rest).is_some()
}

/// The line that begins at `at`, if it has borders.
fn line(bytes: &[u8], at: usize) -> Option<Line> {
    let end = memchr::memchr(b'\n', &bytes[at..bytes.len().min(at + LONGEST)]);
    let end = end.map_or(bytes.len().min(at + LONGEST), |len| at + len);
    let text = &bytes[at..end];
    let (mut cells, mut from, mut here) = (Vec::new(), 0, 0);
    while here < text.len() && cells.len() < MOST {
        match border(&text[here..]) {
            Some(border) => {
                cells.push(at + from..at + here);
                here += border.len();
                from = here;
            }
            None => here += 1,
        }
    }
    if cells.is_empty() {
        return None;
    }
    let rest = text.len() - usize::from(text.ends_with(b"\r"));
    cells.push(at + from.min(rest)..at + rest);
    Some(Line { span: at..end, cells })
}

/// The content of a cell, and true if it fills its column and so may continue below.
///
/// `psql` marks this with a dot on either side.
fn piece(bytes: &[u8], cell: &Range<usize>) -> (Range<usize>, bool) {
    let text = &bytes[cell.clone()];
    let dotted = |text: &[u8]| {
        if text.ends_with(b".") {
            1
        } else if text.ends_with("…".as_bytes()) {
            3
        } else {
            0
        }
    };
    let lead = if text.starts_with(b".") {
        1
    } else if text.starts_with("…".as_bytes()) {
        3
    } else {
        0
    };
    let trail = dotted(text);
    let inner = &text[lead..text.len() - trail.min(text.len() - lead)];
    let blanks = inner.iter().take_while(|byte| **byte == b' ').count();
    let value = inner[blanks..].trim_ascii_end();
    let start = cell.start + lead + blanks;
    let span = start..start + value.len();
    let is_token = !value.is_empty()
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    let fills = trail > 0 || text.len() - (span.end - cell.start) <= 1;
    (span, is_token && fills)
}

/// True if a value is as long as values of its kind.
fn is_whole(value: &[u8]) -> bool {
    match value {
        [b'A', b'K' | b'S', b'I', b'A', ..] => value.len() >= KEY_ID_LEN,
        [b'I' | b'F' | b'A', b'Q' | b'w', b'o', ..] => false,
        _ => value.len() >= SECRET_LEN,
    }
}

/// A stretch in which each folded value of its tables is one piece; `None` if there are none.
pub(super) fn unfolded(bytes: &[u8]) -> Option<View<'static>> {
    let mut made = Unfolded::default();
    let mut above: Option<Line> = None;
    let mut rows: Vec<Line> = Vec::new();
    let mut at = 0;
    memchr::memchr2(b'|', 0xe2, bytes)?;
    while at < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len + 1);
        let next = line(bytes, at).filter(|line| line.span.end + 1 >= end);
        let fits = above.as_ref().zip(next.as_ref()).is_some_and(|(a, b)| {
            a.cells.len() == b.cells.len()
                && a.cells
                    .iter()
                    .zip(&b.cells)
                    .rev()
                    .skip(1)
                    .all(|(one, other)| one.end - a.span.start == other.end - b.span.start)
        });
        if !fits {
            made.block(bytes, &std::mem::take(&mut rows));
        }
        match next {
            Some(next) => {
                above = Some(Line { span: next.span.clone(), cells: next.cells.clone() });
                rows.push(next);
            }
            None => {
                above = None;
                made.copy(bytes, at..end);
            }
        }
        at = end;
    }
    made.block(bytes, &rows);
    made.is_folded.then(|| View::made(made.text, made.map))
}

/// A view under construction.
#[derive(Default)]
struct Unfolded {
    text: Vec<u8>,
    map: Vec<(u32, u8)>,
    is_folded: bool,
}

impl Unfolded {
    fn copy(&mut self, bytes: &[u8], span: Range<usize>) {
        self.text.extend_from_slice(&bytes[span.clone()]);
        self.map.extend(span.map(|at| (at as u32, 1)));
    }

    /// Adds lines of one table with the same borders. A row may have several lines.
    fn block(&mut self, bytes: &[u8], lines: &[Line]) {
        let mut at = 0;
        while at < lines.len() {
            let columns = lines[at].cells.len();
            let pieces: Vec<Vec<Range<usize>>> =
                (0..columns).map(|column| column_of(bytes, &lines[at..], column)).collect();
            let height = pieces.iter().map(Vec::len).max().unwrap_or(1);
            if height > 1 {
                self.is_folded = true;
                for pieces in pieces {
                    pieces.into_iter().for_each(|piece| self.copy(bytes, piece));
                    self.text.extend_from_slice(b" | ");
                    let end = self.map.last().copied().unwrap_or_default();
                    self.map.extend([end; 3]);
                }
                self.text.push(b'\n');
                self.map.push(self.map.last().copied().unwrap_or_default());
            } else {
                let span = lines[at].span.clone();
                self.copy(bytes, span.start..bytes.len().min(span.end + 1));
            }
            at += height;
        }
    }
}

/// The pieces of the value that begins in a column of the first of `lines`: several if together
/// they are a credential.
fn column_of(bytes: &[u8], lines: &[Line], column: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut value: Vec<u8> = Vec::new();
    for line in lines {
        let (span, fills) = piece(bytes, &line.cells[column]);
        if span.len() < if fills { SHORTEST } else { 1 } && !pieces.is_empty() {
            break;
        }
        value.extend_from_slice(&bytes[span.clone()]);
        pieces.push(span);
        if !fills || is_whole(&value) {
            break;
        }
    }
    let is_credential = match value.len() {
        KEY_ID_LEN => KeyId::parse(&value).is_some(),
        SECRET_LEN => random::strength(&value) == Strength::Strong,
        len => len >= 100 && !is_whole(&value),
    };
    pieces.truncate(if is_credential { pieces.len() } else { 1 });
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AKIAABCDEFGHIJKLMNOP";

    #[test]
    fn values_folded_in_their_column_are_whole() {
        for text in [
            "| prod | AKIAABCDEF | x |\n|      | GHIJKLMNOP |   |\n+---+\n| dev  | abc        | y |\n",
            "│ prod │ AKIAABCDEF │ x │\n│      │ GHIJKLMNOP │   │\n└──────┘\n",
            " prod | AKIAABCDEF.| x \n      |.GHIJKLMNOP | \n",
            "aws | AKIAABCDEF.\n_id |.GHIJKLMNOP\n",
        ] {
            let view = unfolded(text.as_bytes()).expect("a fold");
            let shown = String::from_utf8_lossy(&view.text).into_owned();
            let at = shown.find(ID).unwrap_or_else(|| panic!("{shown}"));
            let span = view.original(&(at..at + ID.len()));
            assert!(text[span.clone()].starts_with("AKIAABCDEF"), "{text}");
            assert!(text[span].ends_with("GHIJKLMNOP"), "{text}");
        }
        for text in ["| a | b |\n| c | d |\n", "a | b\n", "x || y\nz || y\n"] {
            assert!(unfolded(text.as_bytes()).is_none(), "{text}");
        }
    }
}
