//! SQLite databases: the rows of every table with column names, then the content of pages outside
//! of any table, such as deleted rows on free pages.
//!
//! The format is that of <https://www.sqlite.org/fileformat2.html>. A row is a line of text.

mod page;
mod row;
mod whole;

use std::collections::VecDeque;
use std::io::{self, Read};

use super::input::{Input, Random};
use super::{Fault, Members};
use page::{Cells, Pages};
use row::Values;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut pages = Pages::open(&bytes).ok_or_else(|| Fault::broken("its header is damaged"))?;
    let mut tables = Vec::new();
    let mut schema = Tree::new(&mut pages, 1, Vec::new());
    while let Some(values) = schema.next_values()? {
        tables.extend(Table::of(&values));
    }
    for table in tables {
        let mut rows = Rows::of(Tree::new(&mut pages, table.root, table.columns));
        // The rows of an index are in its table as well.
        if table.is_index {
            while rows.tree.next_values()?.is_some() {}
        } else {
            members.member(&table.name, &mut rows)?;
        }
    }
    members.member(
        b"(free pages)",
        &mut Rest { pages: &mut pages, at: 1, pending: VecDeque::new() },
    )?;
    match pages.damage() {
        None => Ok(()),
        Some((page, 1)) => Err(Fault::Broken(format!("page {page} is damaged"))),
        Some((page, faults)) => {
            Err(Fault::Broken(format!("{faults} of its pages are damaged, as page {page}")))
        }
    }
}

/// Reads a write-ahead log: its pages may not be in the database yet.
pub(super) fn read_log(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let size = page::size_of_log(&bytes).ok_or_else(|| Fault::broken("its header is damaged"))?;
    let frames = Frames { bytes: &bytes, size, at: 32, pending: VecDeque::new() };
    let mut frames = frames;
    Ok(members.member(b"(log)", &mut frames)?)
}

/// A table or an index, from the schema.
struct Table {
    name: Vec<u8>,
    root: u64,
    columns: Vec<Vec<u8>>,
    is_index: bool,
}

impl Table {
    /// Parses a row of `sqlite_schema`: type, name, table, root page, statement.
    fn of(values: &[Vec<u8>]) -> Option<Self> {
        let [kind, name, _, root, statement] = values else { return None };
        let root = std::str::from_utf8(root).ok()?.parse().ok().filter(|&root| root > 0)?;
        let columns = columns(statement);
        Some(Self { name: name.clone(), root, columns, is_index: kind == b"index" })
    }
}

/// The column names in a `CREATE TABLE` statement; empty if their order in a row may differ.
fn columns(statement: &[u8]) -> Vec<Vec<u8>> {
    let upper = statement.to_ascii_uppercase();
    let Some(open) = memchr::memchr(b'(', statement) else { return Vec::new() };
    if memchr::memmem::find(&upper, b"WITHOUT").is_some() {
        return Vec::new();
    }
    let (mut depth, mut start) = (0, open + 1);
    let mut columns = Vec::new();
    for (at, &byte) in statement.iter().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if (byte == b',' && depth == 1) || depth == 0 {
            let column = statement[start..at].trim_ascii_start();
            let name = match column.first() {
                Some(quote @ (b'"' | b'`' | b'\'')) => {
                    column[1..].split(|byte| byte == quote).next()
                }
                Some(b'[') => column[1..].split(|&byte| byte == b']').next(),
                _ => column.split(u8::is_ascii_whitespace).next(),
            };
            columns.push(name.unwrap_or_default().to_vec());
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    columns
}

/// The rows of a tree, in order.
struct Tree<'p, 'b> {
    pages: &'p mut Pages<'b>,
    /// The page whose cells are being read, and the numbers of the pages still to read.
    cells: Option<Cells>,
    ahead: Vec<u64>,
    columns: Vec<Vec<u8>>,
}

impl<'p, 'b> Tree<'p, 'b> {
    fn new(pages: &'p mut Pages<'b>, root: u64, columns: Vec<Vec<u8>>) -> Self {
        Self { pages, cells: None, ahead: vec![root], columns }
    }

    fn next_values(&mut self) -> io::Result<Option<Values>> {
        loop {
            if let Some(cells) = &mut self.cells {
                if let Some(values) = cells.next(self.pages)? {
                    return Ok(Some(values));
                }
                self.cells = None;
            }
            let Some(number) = self.ahead.pop() else { return Ok(None) };
            let Some(cells) = self.pages.enter(number)? else { continue };
            self.ahead.extend(cells.children().rev());
            self.cells = Some(cells);
        }
    }
}

/// The rows of a tree as text.
struct Rows<'p, 'b> {
    tree: Tree<'p, 'b>,
    pending: VecDeque<u8>,
}

impl<'p, 'b> Rows<'p, 'b> {
    fn of(tree: Tree<'p, 'b>) -> Self {
        Self { tree, pending: VecDeque::new() }
    }
}

impl Read for Rows<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.pending.len() < out.len() {
            let Some(values) = self.tree.next_values()? else { break };
            row::write(&values, &self.tree.columns, &mut self.pending);
        }
        self.pending.read(out)
    }
}

/// Content outside of any table: old rows of free pages, and the raw bytes of other pages.
struct Rest<'p, 'b> {
    pages: &'p mut Pages<'b>,
    at: u64,
    pending: VecDeque<u8>,
}

impl Read for Rest<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.pending.len() < out.len() && self.at <= self.pages.count() {
            self.pages.write_rest(self.at, &mut self.pending)?;
            self.at += 1;
        }
        self.pending.read(out)
    }
}

/// The pages of a log.
struct Frames<'b> {
    bytes: &'b Random<'b>,
    size: u64,
    at: u64,
    pending: VecDeque<u8>,
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.pending.len() < out.len() && self.at + 24 + self.size <= self.bytes.len() {
            let mut page = vec![0; usize::try_from(self.size).map_err(io::Error::other)?];
            self.bytes.read(self.at + 24, &mut page)?;
            page::write_alone(&page, &mut self.pending);
            self.at += 24 + self.size;
        }
        self.pending.read(out)
    }
}
