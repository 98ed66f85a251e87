//! PDF: the contents of its streams, and the text that pages show.
//!
//! Pages show text as codes of a font, and the definition of a font may be anywhere in the file. So
//! the file is read twice: first for fonts ([`gather`]), then for streams. Encrypted content is
//! reported, and so is text that no font maps to letters.

mod cmap;
mod facts;
mod filter;
mod fonts;
mod gather;
mod glyphs;
mod lex;
mod lzw;
mod page;
mod parts;
mod rows;
mod walk;

use std::io::{self, BufReader, Read};

use flate2::bufread::ZlibDecoder;

use super::input::{Input, Random};
use super::limits::Halt;
use super::{Fault, Members, READ_IN_PART};
use filter::{Filter, Packed, packed, unpacked};
use fonts::Fonts;
use gather::Gather;
use page::Part;
use parts::Parts;
use walk::{Stream, Visitor, walk};

/// Bytes of a page whose text is joined; the remaining ones are scanned unchanged.
const PAGE: usize = 16 << 20;
/// Bytes of a page that need no claim of memory.
const SMALL: usize = 1 << 20;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let pdf = input.random()?;
    let (fonts, is_encrypted, budget) = Gather::new(&pdf, members).fonts()?;
    if is_encrypted {
        members.encrypted()?;
    }
    if budget.is_over {
        let why = "it has more font data than is kept: text in these fonts may be missing; \
                   unpack it, or raise --max-memory";
        members.unread(b"(fonts)", &why)?;
    }
    let held = budget.room;
    let parts = Parts::default();
    let mut show = Show { pdf: &pdf, members, fonts: &fonts, is_encrypted, held, parts };
    walk(&pdf, &mut show)?;
    Ok(show.parts.give(show.members)?)
}

/// Bytes that are kept of all fonts of a PDF.
struct Budget {
    used: u64,
    /// The current limit.
    room: u64,
    /// True if the limit was exceeded.
    is_over: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { used: 0, room: Self::STEP, is_over: false }
    }
}

impl Budget {
    /// Room that is enough for nearly every PDF.
    const STEP: u64 = 8 << 20;
    /// Limit for any PDF.
    const MOST: u64 = 64 << 20;

    /// Takes `bytes`, if there is room.
    fn takes(&mut self, bytes: usize) -> bool {
        let used = self.used.saturating_add(bytes as u64);
        if used > self.room {
            self.is_over = true;
            return false;
        }
        self.used = used;
        true
    }

    /// Raises the limit, if it is nearly reached and there is memory.
    fn widen(&mut self, members: &mut dyn Members) {
        let wider = self.room + Self::STEP;
        let is_short = self.room - self.used < Self::STEP / 2;
        if is_short && wider <= Self::MOST && members.hold(wider).is_ok() {
            self.room = wider;
        }
    }
}

/// Emits the streams, and the text of those that are pages.
struct Show<'s, 'p> {
    pdf: &'s Random<'p>,
    members: &'s mut dyn Members,
    fonts: &'s Fonts,
    is_encrypted: bool,
    /// Bytes held by fonts.
    held: u64,
    /// Pages that may continue in another stream.
    parts: Parts<'s>,
}

impl Visitor for Show<'_, '_> {
    fn object(&mut self, _: Option<u32>, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn stream(&mut self, stream: &Stream<'_>) -> Result<u64, Fault> {
        let name = [b"object ", stream.number].concat();
        let number = lex::number(stream.number);
        match packed(stream.dictionary) {
            Packed::Image => Ok(0),
            Packed::Unknown(filter) => {
                let why = format!("packed by {filter}, which is not read: unpack it");
                self.unread(&name, &why)?;
                Ok(0)
            }
            Packed::By(filters) => match filters.split_first() {
                // The compressed data mark their own end.
                Some((Filter::Flate, others)) => {
                    let bytes = BufReader::new(self.pdf.range(stream.at, u64::MAX));
                    let mut zlib = ZlibDecoder::new(bytes);
                    let is_empty =
                        self.give(&name, number, &mut unpacked(&mut zlib, others), true)?;
                    let used = zlib.total_in();
                    if is_empty {
                        // Data that are not a stream hide nothing, but unpacking them took time.
                        self.members.count_unpacked(used)?;
                        return Ok(0);
                    }
                    Ok(stream.at + used)
                }
                first => {
                    let end = end(self.pdf, stream.at)?;
                    let bytes = self.pdf.range(stream.at, end - stream.at);
                    self.give(&name, number, &mut unpacked(bytes, &filters), first.is_some())?;
                    Ok(end)
                }
            },
        }
    }
}

impl Show<'_, '_> {
    /// Emits the content of a stream; returns true if nothing of it could be read.
    fn give(
        &mut self,
        name: &[u8],
        number: Option<u32>,
        bytes: &mut dyn Read,
        is_packed: bool,
    ) -> Result<bool, Fault> {
        let mut page = Vec::new();
        // A damaged stream is read up to the damage.
        let broken = (&mut *bytes).take(PAGE as u64).read_to_end(&mut page).err();
        let mut nothing = io::empty();
        let rest: &mut dyn Read = if broken.is_some() { &mut nothing } else { bytes };
        if page::shows_text(&page) {
            self.page(name, number, &page, rest)?;
        } else if is_packed {
            self.members.member(name, &mut page.as_slice().chain(rest))?;
        } else {
            // It is scanned unchanged, except for nested containers.
            self.members.nested(name, &mut page.as_slice().chain(rest))?;
        }
        if let Some(error) = broken.filter(|_| !page.is_empty()) {
            self.unread(name, &format!("{READ_IN_PART}{error}"))?;
            return Ok(false);
        }
        Ok(page.is_empty())
    }

    /// Emits the text of a page, and the bytes after it unchanged.
    fn page(
        &mut self,
        name: &[u8],
        number: Option<u32>,
        page: &[u8],
        rest: &mut dyn Read,
    ) -> Result<(), Fault> {
        // Three texts are held at a time.
        let most = SMALL + 2 * page.len();
        let holds = (page.len() + 3 * most) as u64;
        if page.len() > SMALL && self.members.hold(self.held + holds).is_err() {
            self.members.member(name, &mut page.chain(rest))?;
            let why = "the text that it shows is not joined: there is not enough memory: raise \
                       --max-memory";
            return Ok(self.members.unread(name, &why)?);
        }
        let whole = number.and_then(|number| self.fonts.page(number));
        let font = self.parts.font(whole);
        let part = Part { page, stream: number, fonts: self.fonts, font, most };
        let first = page::text(&part, 0);
        // The bytes read count, even if the page shows less.
        self.members.count_unpacked(page.len().saturating_sub(first.bytes.len()) as u64)?;
        if page.len() == PAGE {
            self.parts.give(self.members)?;
            self.members.member(name, &mut first.bytes.as_slice().chain(rest))?;
        } else {
            self.parts.add(whole, name, &first, self.members)?;
        }
        let (mut is_unread, mut is_truncated) = (first.is_unread, first.is_truncated);
        for choice in 1..first.choices {
            let other = page::text(&part, choice);
            self.members.count_unpacked(page.len() as u64)?;
            if other.bytes != first.bytes {
                parts::give(name, &other.bytes, other.rows.as_deref(), self.members)?;
            }
            (is_unread, is_truncated) =
                (is_unread & other.is_unread, is_truncated | other.is_truncated);
        }
        if is_unread {
            self.members.unlettered()?;
        }
        if is_truncated {
            self.unread(name, &"it shows more text than is read")?;
        }
        if page.len() > SMALL {
            self.members.hold(self.held)?;
        }
        Ok(())
    }

    /// Reports a member that can't be read, unless the file is encrypted.
    fn unread(&mut self, name: &[u8], why: &dyn std::fmt::Display) -> Result<(), Halt> {
        if self.is_encrypted { Ok(()) } else { self.members.unread(name, why) }
    }
}

/// The unpacked content of the stream at `at`.
fn opened<'s>(pdf: &'s Random<'_>, at: u64, filters: &[Filter]) -> io::Result<Box<dyn Read + 's>> {
    let length = match filters.first() {
        Some(Filter::Flate) => u64::MAX,
        _ => end(pdf, at)? - at,
    };
    Ok(unpacked(pdf.range(at, length), filters))
}

/// The end of a stream that does not mark its own end: before the next stream that ends or begins.
/// So streams do not share bytes, and none hides another.
fn end(pdf: &Random<'_>, at: u64) -> io::Result<u64> {
    const WORD: &[u8] = b"stream";
    // Most streams are short.
    let mut buffer = vec![0; 1 << 10];
    let mut from = at;
    loop {
        let filled = super::fill(&mut pdf.range(from, buffer.len() as u64), &mut buffer)?;
        let chunk = &buffer[..filled];
        let is_last = filled < buffer.len();
        for place in memchr::memmem::find_iter(chunk, WORD) {
            let is_end = chunk[..place].ends_with(b"end");
            if is_end || matches!(chunk.get(place + WORD.len()), Some(b'\r' | b'\n')) {
                return Ok(from + (place - if is_end { 3 } else { 0 }) as u64);
            }
        }
        if is_last {
            return Ok(from + filled as u64);
        }
        from += (filled - 16) as u64;
        buffer.resize(64 << 10, 0);
    }
}
