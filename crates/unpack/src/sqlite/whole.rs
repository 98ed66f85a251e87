//! Whether a page of a tree is whole: its cells, free blocks and fragments take all bytes behind the
//! place where its content begins, and no byte twice (section 1.6 of the file format). SQLite's
//! `PRAGMA integrity_check` demands the same.

use super::page::{Cells, u16_at};
use super::row;

/// Fewest bytes that a cell takes.
const LEAST: usize = 4;

impl Cells {
    /// Whether the page, of which SQLite uses so many bytes, is as the form demands.
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
        let (mut end, mut taken) = (content, usize::from(self.page[self.start + 7]));
        for (start, stop) in parts {
            if start < end || stop > usable {
                return false;
            }
            taken += stop - start;
            end = stop;
        }
        taken == usable - content
    }

    /// Where a cell begins and ends.
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

    /// Where the free blocks begin and end; they stand in order.
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
