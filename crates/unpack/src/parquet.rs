//! Parquet: the text columns, combined into rows that are written as JSON.
//!
//! If an encoding or a codec is not supported, that is reported, and the file is scanned unchanged.

mod levels;
mod thrift;

use std::io::{self, BufReader, Read};
use std::ops::Range;

use flate2::bufread::MultiGzDecoder;

use super::input::{Input, Random};
use super::{Fault, Members, avro, snappy, zstd};
use thrift::Value;

/// Limits in bytes of the footer, and of a page.
const FOOTER: u64 = 64 << 20;
const PAGE: u64 = 64 << 20;
/// Sizes to try for a page's header, which includes statistics: most have some hundred bytes.
const HEADERS: [u64; 3] = [4 << 10, 64 << 10, 1 << 20];
/// Limit in bytes of a row.
const ROW: usize = 16 << 20;
/// Bytes per value, without its text.
const VALUE: u64 = 16;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let damaged = || Fault::broken("its footer is damaged");
    let mut tail = [0; 8];
    let at = bytes.len().checked_sub(8).ok_or_else(damaged)?;
    bytes.read(at, &mut tail)?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let start = at.checked_sub(length).filter(|_| tail.ends_with(b"PAR1") && length <= FOOTER);
    let start = start.ok_or_else(damaged)?;
    // The parsed footer takes several times its bytes.
    members.hold(16 * length)?;
    let mut footer = Vec::new();
    bytes.range(start, length).read_to_end(&mut footer)?;
    let footer = thrift::read(&mut footer.as_slice()).ok_or_else(damaged)?;
    let texts = notes(&footer);
    members.member(b"(metadata)", &mut texts.as_bytes())?;
    let leaves = leaves(footer.list(2));
    let mut file = File { bytes: &bytes, window: members.window(), remaining: bytes.len() };
    let mut whole = true;
    for group in footer.list(4) {
        let mut held = 16 * length;
        let mut columns = Vec::new();
        for (chunk, leaf) in group.list(1).iter().zip(&leaves) {
            let Some(metadata) = chunk.field(3).filter(|_| leaf.is_text) else { continue };
            let column = Column::read(&mut file, metadata, leaf, &mut |more| {
                held += more;
                members.hold(held)
            })?;
            members.count_unpacked(column.as_ref().map_or(0, |column| column.text.len() as u64))?;
            whole &= column.is_some();
            columns.extend(column);
        }
        let count = columns.iter().map(|column| column.rows.len()).max().unwrap_or_default();
        let mut rows = Rows { columns: &columns, at: 0, count, line: Vec::new(), read_of_line: 0 };
        members.member(b"(rows)", &mut rows)?;
    }
    if whole { Ok(()) } else { Err(Fault::Unopened("Parquet")) }
}

/// A file's bytes, each of which belongs to one page.
struct File<'b> {
    bytes: &'b Random<'b>,
    /// Limit in bytes of a decoder's window.
    window: u64,
    remaining: u64,
}

impl File<'_> {
    /// The header of the page at `at`, and the offset of its body.
    fn header(&self, at: u64) -> Result<(Value, u64), Fault> {
        for most in HEADERS {
            let mut header = Vec::new();
            self.bytes.range(at, most).read_to_end(&mut header)?;
            let mut rest = header.as_slice();
            if let Some(page) = thrift::read(&mut rest) {
                return Ok((page, at + (header.len() - rest.len()) as u64));
            }
        }
        Err(Fault::broken("a page is damaged"))
    }

    fn body(&mut self, at: u64, size: u64) -> Result<Vec<u8>, Fault> {
        // Pages that share bytes could expand a small file without limit.
        let remaining = self.remaining.checked_sub(size);
        self.remaining =
            remaining.ok_or_else(|| Fault::broken("its pages are longer than the file"))?;
        let mut packed = Vec::new();
        self.bytes.range(at, size).read_to_end(&mut packed)?;
        Ok(packed)
    }
}

/// The key-value metadata of the writer.
fn notes(footer: &Value) -> String {
    let mut notes = String::new();
    for note in footer.list(5) {
        for field in [1, 2] {
            avro::quote(note.bytes(field), &mut notes);
            notes.push_str(if field == 1 { ": " } else { "\n" });
        }
    }
    notes
}

/// A column that holds values.
struct Leaf {
    name: Vec<u8>,
    is_text: bool,
    /// The length of each value in bytes, if it is fixed.
    fixed: Option<usize>,
    /// Number of optional and of repeated fields on the path to it.
    optional: u32,
    repeated: u32,
}

/// The leaves of a schema, which is stored depth first, in the order of their columns.
fn leaves(schema: &[Value]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    // For each open field: remaining children, name and levels.
    let mut open: Vec<(i64, Vec<u8>, u32, u32)> = Vec::new();
    for element in schema.iter().skip(1) {
        while open.last().is_some_and(|(remaining, ..)| *remaining == 0) {
            open.pop();
        }
        let (outer, mut optional, mut repeated) = match open.last_mut() {
            Some((remaining, name, optional, repeated)) => {
                *remaining -= 1;
                ([name, &b"."[..]].concat(), *optional, *repeated)
            }
            None => (Vec::new(), 0, 0),
        };
        optional += u32::from(element.int(3) > 0);
        repeated += u32::from(element.int(3) == 2);
        // A path longer than this is not extended further.
        let name = if outer.len() > 4096 { outer } else { [&outer, element.bytes(4)].concat() };
        if element.int(5) > 0 {
            open.push((element.int(5), name, optional, repeated));
            continue;
        }
        let kind = element.int(1);
        let fixed = usize::try_from(element.int(2)).ok().filter(|_| kind == 7);
        leaves.push(Leaf { name, is_text: matches!(kind, 6 | 7), fixed, optional, repeated });
    }
    leaves
}

/// The texts of a column in one row group.
struct Column<'l> {
    leaf: &'l Leaf,
    text: Vec<u8>,
    /// The values of each row.
    values: Vec<Range<usize>>,
    rows: Vec<Range<usize>>,
}

impl<'l> Column<'l> {
    /// Reads the pages of a column; `None` if the codec or encoding of one is not supported.
    fn read(
        file: &mut File<'_>,
        metadata: &Value,
        leaf: &'l Leaf,
        hold: &mut dyn FnMut(u64) -> Result<(), super::limits::Halt>,
    ) -> Result<Option<Self>, Fault> {
        let mut column = Self { leaf, text: Vec::new(), values: Vec::new(), rows: Vec::new() };
        let first = [metadata.int(11), metadata.int(9)].into_iter().filter(|&at| at > 0).min();
        let mut at = first.and_then(|at| u64::try_from(at).ok()).unwrap_or_default();
        let mut dictionary: Vec<Range<usize>> = Vec::new();
        let mut remaining = metadata.int(5);
        while remaining > 0 {
            let damaged = || Fault::broken("a page is damaged");
            let (page, body) = file.header(at)?;
            let size = u64::try_from(page.int(3)).ok().filter(|&size| size <= PAGE);
            let size = size.ok_or_else(damaged)?;
            at = body + size;
            let unpacked = u64::try_from(page.int(2)).ok().filter(|&size| size <= PAGE);
            hold(size + 2 * unpacked.ok_or_else(damaged)?)?;
            let packed = file.body(body, size)?;
            let codec = Codec { number: metadata.int(4), window: file.window };
            let Some(page) = Page::of(&page, &packed, codec)? else { return Ok(None) };
            hold(VALUE * 2 * page.count as u64)?;
            let start = column.text.len();
            column.text.extend_from_slice(&page.text);
            if page.is_dictionary {
                dictionary = plain(&column.text[start..], leaf.fixed, page.count)
                    .map(|span| start + span.start..start + span.end)
                    .collect();
                continue;
            }
            remaining -= page.count.max(1) as i64;
            if column.add(&page, start, &dictionary).is_none() {
                return Ok(None);
            }
        }
        Ok(Some(column))
    }

    /// Adds the values of a page whose text begins at `start`.
    fn add(&mut self, page: &Page, start: usize, dictionary: &[Range<usize>]) -> Option<()> {
        let text = self.text.get(start..)?;
        let (repeated, optional, body) = page.levels(text, self.leaf)?;
        let mut values: Box<dyn Iterator<Item = Range<usize>>> = match page.encoding {
            0 => {
                let offset = start + body;
                let spans = plain(&text[body..], self.leaf.fixed, page.count);
                Box::new(spans.map(move |span| offset + span.start..offset + span.end))
            }
            2 | 8 => {
                let (&bits, packed) = text[body..].split_first()?;
                let numbers = levels::hybrid(packed, u32::from(bits), page.count);
                Box::new(numbers.into_iter().filter_map(|at| dictionary.get(at as usize).cloned()))
            }
            _ => return None,
        };
        for at in 0..page.count {
            let known = self.values.len();
            if repeated.get(at).is_none_or(|&level| level == 0) {
                self.rows.push(known..known);
            }
            let is_there = optional.get(at).is_none_or(|&level| level == self.leaf.optional);
            if is_there {
                self.values.push(values.next()?);
            }
            self.rows.last_mut()?.end = self.values.len();
        }
        Some(())
    }
}

/// An uncompressed page.
struct Page {
    text: Vec<u8>,
    count: usize,
    encoding: i64,
    is_dictionary: bool,
    /// The lengths of both kinds of levels, if the header has them.
    lengths: Option<(usize, usize)>,
}

impl Page {
    /// `None` if the codec is not supported.
    fn of(header: &Value, packed: &[u8], codec: Codec) -> Result<Option<Self>, Fault> {
        let field = match header.int(1) {
            0 => 5,
            2 => 7,
            3 => 8,
            _ => return Ok(None),
        };
        let damaged = || Fault::broken("a page is damaged");
        let inner = header.field(field).ok_or_else(damaged)?;
        let length = |field| usize::try_from(inner.int(field)).unwrap_or(usize::MAX);
        let lengths = (field == 8).then(|| (length(6), length(5)));
        let clear = lengths.map_or(0, |(one, two)| one.saturating_add(two)).min(packed.len());
        let most = usize::try_from(header.int(2)).unwrap_or_default();
        let is_clear = field == 8 && inner.field(7) == Some(&Value::Int(0));
        let (levels, body) = packed.split_at(clear);
        let body = if is_clear { Some(body.to_vec()) } else { codec.unpack(body, most)? };
        let Some(body) = body else { return Ok(None) };
        let text = [levels, &body].concat();
        let count = length(1).min(most.saturating_mul(8).saturating_add(1 << 20));
        let encoding = inner.int(if field == 8 { 4 } else { 2 });
        Ok(Some(Self { text, count, encoding, is_dictionary: field == 7, lengths }))
    }

    /// The levels of the values, empty if all are the same, and the offset of the values.
    fn levels(&self, text: &[u8], leaf: &Leaf) -> Option<(Vec<u32>, Vec<u32>, usize)> {
        let mut at = 0;
        let mut read = |most: u32, length: Option<usize>| {
            if most == 0 {
                at += length.unwrap_or_default();
                return Some(Vec::new());
            }
            let length = match length {
                Some(length) => length,
                None => {
                    let header = text.get(at..at + 4)?;
                    at += 4;
                    u32::from_le_bytes(*header.first_chunk()?) as usize
                }
            };
            let packed = text.get(at..at.checked_add(length)?)?;
            at += length;
            Some(levels::hybrid(packed, u32::BITS - most.leading_zeros(), self.count))
        };
        let repeated = read(leaf.repeated, self.lengths.map(|(one, _)| one))?;
        let optional = read(leaf.optional, self.lengths.map(|(_, two)| two))?;
        (at <= text.len()).then_some((repeated, optional, at))
    }
}

/// The compression of a column's pages.
#[derive(Clone, Copy)]
struct Codec {
    number: i64,
    window: u64,
}

impl Codec {
    fn unpack(self, packed: &[u8], most: usize) -> Result<Option<Vec<u8>>, Fault> {
        let mut text = Vec::new();
        let damaged = || Fault::broken("a page is damaged");
        match self.number {
            0 => text.extend_from_slice(packed),
            1 => text = snappy::unpack(packed, most).ok_or_else(damaged)?,
            2 => drop(MultiGzDecoder::new(packed).take(most as u64).read_to_end(&mut text)?),
            6 => {
                let stream = zstd::decoder(BufReader::new(packed), self.window);
                stream.take(most as u64).read_to_end(&mut text)?;
            }
            7 => text = lz4_flex::block::decompress(packed, most).map_err(|_| damaged())?,
            _ => return Ok(None),
        }
        Ok(Some(text))
    }
}

/// Consecutive values: of a fixed length, or each preceded by its length.
fn plain(text: &[u8], fixed: Option<usize>, count: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    (0..count).map_while(move |_| {
        let length = match fixed {
            Some(length) => length,
            None => {
                let header = text.get(at..at + 4)?;
                at += 4;
                u32::from_le_bytes(*header.first_chunk()?) as usize
            }
        };
        let span = at..at.checked_add(length)?;
        at = span.end;
        (at <= text.len()).then_some(span)
    })
}

/// The rows of a row group as lines.
struct Rows<'c, 'l> {
    columns: &'c [Column<'l>],
    at: usize,
    count: usize,
    line: Vec<u8>,
    /// Bytes of the line that were read.
    read_of_line: usize,
}

impl Read for Rows<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read_of_line == self.line.len() {
            if self.at == self.count {
                return Ok(0);
            }
            self.line.clear();
            self.read_of_line = 0;
            let mut line = String::from("{");
            for column in self.columns {
                let values = column.rows.get(self.at).cloned().unwrap_or_default();
                for value in column.values.get(values).unwrap_or_default() {
                    if line.len() > ROW {
                        return Err(io::Error::other("a row is longer than 16 MiB"));
                    }
                    line.push_str(if line.len() > 1 { ", " } else { "" });
                    avro::quote(&column.leaf.name, &mut line);
                    line.push_str(": ");
                    avro::quote(column.text.get(value.clone()).unwrap_or_default(), &mut line);
                }
            }
            line.push_str("}\n");
            self.line = line.into_bytes();
            self.at += 1;
        }
        let count = (&self.line[self.read_of_line..]).read(out)?;
        self.read_of_line += count;
        Ok(count)
    }
}
