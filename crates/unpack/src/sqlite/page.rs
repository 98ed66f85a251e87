//! Pages of SQLite (sections 1.3 to 1.6 of its file format): cells, overflow pages, and unused
//! space.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use super::row::{self, Encoding, Values};
use crate::input::Random;

/// Limit in bytes of one row; SQLite itself allows 1 GB.
const LONGEST: u64 = 64 << 20;

/// The pages of a database, and which of them were read.
pub(super) struct Pages<'b> {
    bytes: &'b Random<'b>,
    size: usize,
    /// Bytes of a page that SQLite uses.
    usable: usize,
    encoding: Encoding,
    /// One bit per page.
    seen: Vec<u64>,
    /// One bit for each page that a tree names and that is malformed: its raw bytes are scanned as
    /// well.
    torn: Vec<u64>,
    /// The least of them, and the number of faults.
    faults: Option<(u64, u64)>,
}

/// The remaining cells of a page.
pub(super) struct Cells {
    number: u64,
    /// True if the page belongs to a tree.
    is_owned: bool,
    pub(super) page: Vec<u8>,
    /// Offset of the page's own header: after the file's header on the first page.
    pub(super) start: usize,
    at: usize,
    /// Bytes that the remaining cells may take. Cells share no bytes: otherwise a page could expand
    /// without limit.
    left: usize,
}

/// A cell as stored on a page.
enum Stored {
    /// The length of the payload, its range on the page, and the first overflow page.
    Row(u64, Range<usize>, u64),
    /// The cells take more than the page has: their content is not usable.
    Shared,
}

/// Page size of a log, in bytes.
pub(super) fn size_of_log(bytes: &Random<'_>) -> Option<u64> {
    let mut header = [0; 32];
    bytes.read(0, &mut header).ok()?;
    let size = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
    (size.is_power_of_two() && (512..=65536).contains(&size)).then_some(u64::from(size))
}

impl<'b> Pages<'b> {
    pub(super) fn open(bytes: &'b Random<'b>) -> Option<Self> {
        let mut header = [0; 100];
        bytes.read(0, &mut header).ok()?;
        let size = match u16_at(&header, 16) {
            1 => 65536,
            size if size >= 512 && size.is_power_of_two() => size,
            _ => return None,
        };
        let usable = size.checked_sub(usize::from(header[20])).filter(|&usable| usable >= 480)?;
        let encoding = match header[59] {
            2 => Encoding::Utf16Little,
            3 => Encoding::Utf16Big,
            _ => Encoding::Utf8,
        };
        let pages = bytes.len() / size as u64 + 1;
        let seen = vec![0; usize::try_from(pages / 64 + 1).ok()?];
        let torn = seen.clone();
        Some(Self { bytes, size, usable, encoding, seen, torn, faults: None })
    }

    /// Number of pages; they are numbered from 1.
    pub(super) fn count(&self) -> u64 {
        self.bytes.len() / self.size as u64
    }

    /// The first page that is damaged or missing, and the number of faults.
    pub(super) fn damage(&self) -> Option<(u64, u64)> {
        self.faults
    }

    fn note_damage(&mut self, number: u64) {
        let (word, bit) = place(number);
        let Some(torn) = self.torn.get_mut(word) else {
            let (first, faults) = self.faults.unwrap_or((number, 0));
            self.faults = Some((first.min(number), faults + 1));
            return;
        };
        if *torn & bit == 0 {
            *torn |= bit;
            let (first, faults) = self.faults.unwrap_or((number, 0));
            self.faults = Some((first.min(number), faults + 1));
        }
    }

    fn is_torn(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        self.torn.get(word).is_some_and(|torn| torn & bit != 0)
    }

    /// Reads a page of a tree, once; `None` if it was already read or does not exist, which does
    /// not occur in an intact tree.
    pub(super) fn enter(&mut self, number: u64) -> io::Result<Option<Cells>> {
        if !self.mark(number) {
            self.note_damage(number);
            return Ok(None);
        }
        let cells = self.cells(number)?;
        if !cells.is_whole(self.usable) {
            self.note_damage(number);
        }
        if !matches!(cells.kind(), 2 | 5 | 10 | 13) {
            return Ok(None);
        }
        Ok(Some(Cells { is_owned: true, ..cells }))
    }

    fn cells(&self, number: u64) -> io::Result<Cells> {
        Ok(Cells::new(self.page(number)?, number, if number == 1 { 100 } else { 0 }))
    }

    /// Writes the content of a page that no tree has read: its old rows, or its bytes.
    pub(super) fn write_rest(&mut self, number: u64, out: &mut VecDeque<u8>) -> io::Result<()> {
        let is_new = self.mark(number);
        let cells = self.cells(number)?;
        if !is_new && self.is_torn(number) {
            carve(&cells.page[cells.start..], self.encoding, out);
        } else if !is_new {
            // Deleted rows are between the list of cells and the first cell.
            if matches!(cells.kind(), 2 | 5 | 10 | 13) {
                cells.write_gaps(self.encoding, out);
            }
        } else if cells.kind() == 13 {
            self.write_rows(cells, out)?;
        } else {
            carve(&cells.page, self.encoding, out);
        }
        Ok(())
    }

    fn write_rows(&mut self, mut cells: Cells, out: &mut VecDeque<u8>) -> io::Result<()> {
        while let Some(values) = cells.next(self)? {
            row::write(&values, &[], out);
        }
        cells.write_gaps(self.encoding, out);
        Ok(())
    }

    fn page(&self, number: u64) -> io::Result<Vec<u8>> {
        let mut page = vec![0; self.size];
        self.bytes.read((number - 1) * self.size as u64, &mut page)?;
        Ok(page)
    }

    /// Marks a page as read; `false` if it was read already or does not exist.
    fn mark(&mut self, number: u64) -> bool {
        if number == 0 || number > self.count() {
            return false;
        }
        let (word, bit) = place(number);
        let word = &mut self.seen[word];
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Assembles a payload whose first part, `local`, is on its page.
    fn payload(&mut self, length: u64, local: &[u8], overflow: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(length.min(LONGEST)).unwrap_or(usize::MAX);
        let mut payload = local[..local.len().min(length)].to_vec();
        let mut next = overflow;
        while payload.len() < length && self.mark(next) {
            let page = self.page(next)?;
            next = u64::from(u32::from_be_bytes([page[0], page[1], page[2], page[3]]));
            let wanted = (length - payload.len()).min(self.usable - 4);
            payload.extend_from_slice(&page[4..4 + wanted]);
        }
        Ok(payload)
    }
}

impl Cells {
    fn new(page: Vec<u8>, number: u64, start: usize) -> Self {
        let left = page.len();
        Self { number, is_owned: false, page, start, at: 0, left }
    }

    pub(super) fn kind(&self) -> u8 {
        self.page[self.start]
    }

    pub(super) fn count(&self) -> usize {
        u16_at(&self.page, self.start + 3)
    }

    fn is_inner(&self) -> bool {
        matches!(self.kind(), 2 | 5)
    }

    /// Offset of the list of cells.
    pub(super) fn list(&self) -> usize {
        self.start + if self.is_inner() { 12 } else { 8 }
    }

    /// Offset of a cell.
    pub(super) fn cell(&self, number: usize) -> Option<usize> {
        let at = self.list() + 2 * number;
        (number < self.count() && at + 2 <= self.page.len()).then(|| u16_at(&self.page, at))
    }

    /// The child pages of an inner page, in order.
    pub(super) fn children(&self) -> impl DoubleEndedIterator<Item = u64> {
        let at = |place: usize| {
            let bytes = self.page.get(place..place + 4)?;
            Some(u64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])))
        };
        let count = if self.is_inner() { self.count() } else { 0 };
        let cells = (0..count).filter_map(|number| at(self.cell(number)?));
        let last = self.is_inner().then(|| at(self.start + 8)).flatten();
        cells.chain(last).collect::<Vec<_>>().into_iter()
    }

    /// The next row; a damaged one is skipped.
    pub(super) fn next(&mut self, pages: &mut Pages<'_>) -> io::Result<Option<Values>> {
        // The inner pages of a table contain no rows.
        if self.kind() == 5 {
            return Ok(None);
        }
        while let Some(stored) = self.next_stored(pages.usable) {
            let Stored::Row(length, local, overflow) = stored else {
                return Ok(Some(vec![self.page.clone()]));
            };
            let payload = pages.payload(length, &self.page[local], overflow)?;
            let values = row::values(&payload, pages.encoding);
            // Free pages are in no tree: their rows may be partly overwritten.
            if self.is_owned && (values.is_none() || (payload.len() as u64) < length.min(LONGEST)) {
                pages.note_damage(self.number);
            }
            if values.is_some() {
                return Ok(values);
            }
        }
        Ok(None)
    }

    /// The next cell; one with a damaged header is skipped.
    fn next_stored(&mut self, usable: usize) -> Option<Stored> {
        while let Some(at) = self.cell(self.at) {
            self.at += 1;
            let Some((length, local, overflow)) = self.stored(at, usable) else { continue };
            let Some(left) = self.left.checked_sub(local.len()) else {
                self.at = usize::from(u16::MAX);
                return Some(Stored::Shared);
            };
            self.left = left;
            return Some(Stored::Row(length, local, overflow));
        }
        None
    }

    /// The length of a payload, its range on this page, and its first overflow page.
    pub(super) fn stored(&self, at: usize, usable: usize) -> Option<(u64, Range<usize>, u64)> {
        let at = if self.kind() == 2 { at + 4 } else { at };
        let (length, used) = row::varint(self.page.get(at..)?)?;
        let mut at = at + used;
        if self.kind() == 13 {
            at += row::varint(self.page.get(at..)?)?.1;
        }
        let most = if self.kind() == 13 { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        let least = (usable - 12) * 32 / 255 - 23;
        let local = match usize::try_from(length).ok()? {
            length if length <= most => length,
            length => {
                let even = least + (length - least) % (usable - 4);
                if even <= most { even } else { least }
            }
        };
        let bytes = self.page.get(at..)?;
        let overflow = bytes.get(local..local + 4).filter(|_| local as u64 != length);
        let overflow =
            overflow.map_or(0, |page| u32::from_be_bytes([page[0], page[1], page[2], page[3]]));
        Some((length, at..at + local.min(bytes.len()), u64::from(overflow)))
    }

    /// Writes the bytes of a page that belong to no cell.
    fn write_gaps(&self, encoding: Encoding, out: &mut VecDeque<u8>) {
        let content = match u16_at(&self.page, self.start + 5) {
            0 => 65536,
            content => content,
        };
        let list_end = self.list() + 2 * self.count();
        carve(self.page.get(list_end..content).unwrap_or_default(), encoding, out);
        let (mut free, mut end) = (u16_at(&self.page, self.start + 1), 0);
        // Free blocks are in order; each has the offset of the next and its own size.
        while let Some(block) = self.page.get(free..).filter(|block| free > 0 && block.len() > 4) {
            if free < end {
                // Blocks share no bytes: otherwise a page could expand without limit.
                return write_bytes(&self.page[end..], out);
            }
            let freed = &block[..u16_at(block, 2).clamp(4, block.len())];
            end = free + freed.len();
            match row::beheaded(freed, encoding) {
                Some(values) => row::write(&values, &[], out),
                None => carve(&freed[4..], encoding, out),
            }
            let next = u16_at(block, 0);
            if next <= free {
                break;
            }
            free = next;
        }
    }
}

/// Writes unknown bytes: whole rows in them as rows, the others unchanged.
fn carve(bytes: &[u8], encoding: Encoding, out: &mut VecDeque<u8>) {
    let (mut at, mut written) = (0, 0);
    while at < bytes.len() {
        // A row is preceded by its length and its number.
        match row::carved(&bytes[at..], encoding).filter(|_| bytes[at] > 8) {
            Some((values, length)) => {
                write_bytes(&bytes[written..at], out);
                row::write(&values, &[], out);
                at += length;
                written = at;
            }
            None => at += 1,
        }
    }
    write_bytes(&bytes[written..], out);
}

/// Writes bytes unchanged, unless they are all zero.
fn write_bytes(bytes: &[u8], out: &mut VecDeque<u8>) {
    if bytes.iter().any(|&byte| byte != 0) {
        out.extend(bytes);
        out.push_back(b'\n');
    }
}

/// Writes the rows of a single page without overflow; for a page of another type, its bytes.
pub(super) fn write_alone(page: &[u8], out: &mut VecDeque<u8>) {
    if page[0] != 13 {
        let start = if page.starts_with(b"SQLite format 3\0") { 100 } else { 0 };
        return carve(&page[start..], Encoding::Utf8, out);
    }
    let mut cells = Cells::new(page.to_vec(), 0, 0);
    while let Some(stored) = cells.next_stored(page.len()) {
        let Stored::Row(_, local, _) = stored else {
            write_bytes(page, out);
            continue;
        };
        if let Some(values) = row::values(&page[local], Encoding::Utf8) {
            row::write(&values, &[], out);
        }
    }
    cells.write_gaps(Encoding::Utf8, out);
}

/// The word and the bit of a page.
fn place(number: u64) -> (usize, u64) {
    (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..at + 2).map_or(0, |pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])))
}
