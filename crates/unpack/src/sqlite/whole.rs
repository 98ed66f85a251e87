//! Checks whether a page of a tree is well-formed: its cells, free blocks and fragments take all
//! bytes after the start of its content, and no byte twice (section 1.6 of the file format).
//! SQLite's `PRAGMA integrity_check` requires the same.

use super::page::{Cells, u16_at};
use super::row;

/// Minimum length of a cell in bytes.
const LEAST: usize = 4;

impl Cells {
    /// True if the page is well-formed; `usable` is the number of bytes that SQLite uses.
    pub(super) fn is_whole(&self, usable: usize) -> bool {
        if !matches!(self.kind(), 2 | 5 | 10 | 13) {
            return false;
        }
        let content = match u16_at(&self.page, self.start + 5) {
            0 => 65536,
            content => content,
        };
        if content > usable || self.list() + 2 * self.count() > content {
            return false;
        }
        let cells = (0..self.count()).map(|number| self.extent(number, usable));
        let Some(mut parts) = cells.collect::<Option<Vec<(usize, usize)>>>() else { return false };
        let Some(free) = self.free_blocks(usable) else { return false };
        parts.extend(free);
        parts.sort_unstable();
        let (mut end, mut covered) = (content, usize::from(self.page[self.start + 7]));
        for (start, stop) in parts {
            if start < end || stop > usable {
                return false;
            }
            covered += stop - start;
            end = stop;
        }
        covered == usable - content
    }

    /// Start and end of a cell.
    fn extent(&self, number: usize, usable: usize) -> Option<(usize, usize)> {
        let at = self.cell(number)?;
        let end = if self.kind() == 5 {
            at + 4 + row::varint(self.page.get(at + 4..)?)?.1
        } else {
            let (length, local, _) = self.stored(at, usable)?;
            local.end + if local.len() as u64 == length { 0 } else { 4 }
        };
        Some((at, end.max(at + LEAST)))
    }

    /// Start and end of the free blocks, in order.
    fn free_blocks(&self, usable: usize) -> Option<Vec<(usize, usize)>> {
        let mut blocks = Vec::new();
        let mut at = u16_at(&self.page, self.start + 1);
        while at > 0 {
            let (next, size) = (u16_at(&self.page, at), u16_at(&self.page, at + 2));
            if size < LEAST || at + size > usable || (next > 0 && next < at + size) {
                return None;
            }
            blocks.push((at, at + size));
            at = next;
        }
        Some(blocks)
    }
}
