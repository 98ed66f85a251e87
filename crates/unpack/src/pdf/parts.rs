//! The parts of a page: its contents may be split into several streams at any point, and are read
//! as one (ISO 32000-1, 7.7.3.3).

use super::super::Members;
use super::super::limits::Halt;
use super::fonts::Reading;
use super::page::Text;

/// Bytes of text that are kept until the next part.
const KEPT: usize = 1 << 20;

/// Consecutive parts of a page.
#[derive(Default)]
pub(super) struct Parts<'f> {
    /// The object of the page.
    page: Option<u32>,
    /// The font at the end of the last part.
    font: Option<Reading<'f>>,
    /// The name of the first part.
    name: Vec<u8>,
    text: Vec<u8>,
    /// The same without breaks in rows.
    rows: Vec<u8>,
    has_rows: bool,
}

impl<'f> Parts<'f> {
    /// The font at the start of a part of this page.
    pub(super) fn font(&self, page: Option<u32>) -> Option<Reading<'f>> {
        self.font.filter(|_| page.is_some() && page == self.page)
    }

    /// Adds the text of a part of this page, and the font at its end. Text that nothing can
    /// continue is emitted at once.
    pub(super) fn add(
        &mut self,
        page: Option<u32>,
        name: &[u8],
        text: &Text<'f>,
        members: &mut dyn Members,
    ) -> Result<(), Halt> {
        let is_alone = page.is_none() || text.bytes.len() > KEPT;
        let goes_on = page == self.page && self.text.len() + text.bytes.len() <= KEPT;
        if is_alone || !goes_on {
            self.give(members)?;
        }
        (self.page, self.font) = (page, text.font);
        if is_alone {
            return give(name, &text.bytes, text.rows.as_deref(), members);
        }
        if self.text.is_empty() {
            self.name = name.to_vec();
        }
        let rows = text.rows.as_ref().unwrap_or(&text.bytes);
        for (kept, more) in [(&mut self.text, &text.bytes), (&mut self.rows, rows)] {
            if !kept.is_empty() {
                kept.push(b'\n');
            }
            kept.extend_from_slice(more);
        }
        self.has_rows |= text.rows.is_some();
        Ok(())
    }

    /// Emits the kept text.
    pub(super) fn give(&mut self, members: &mut dyn Members) -> Result<(), Halt> {
        let (text, rows) = (std::mem::take(&mut self.text), std::mem::take(&mut self.rows));
        let has_rows = std::mem::take(&mut self.has_rows);
        if text.is_empty() {
            return Ok(());
        }
        give(&self.name, &text, has_rows.then_some(rows.as_slice()), members)
    }
}

/// Emits a text, and the same without breaks in its rows.
pub(super) fn give(
    name: &[u8],
    text: &[u8],
    rows: Option<&[u8]>,
    members: &mut dyn Members,
) -> Result<(), Halt> {
    let mut texts = [Some(text), rows].into_iter().flatten();
    texts.try_for_each(|mut text| members.member(name, &mut text))
}
