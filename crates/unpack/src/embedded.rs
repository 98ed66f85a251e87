//! Data packed inside or after text: archives appended to a script, as by makeself, compressed
//! texts of PNG, variables of MATLAB, tables of `pg_dump -Fc`, and PHP programs that are archives
//! (phar).
//!
//! The parts of these files that are not packed are scanned as text as well.

use std::io::{BufReader, Read};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use memchr::memmem;

use super::input::{Input, Packed, Random};
use super::kind::Kind;
use super::{Fault, Members, bzip2};

/// Bytes of a PNG text, or of a name in a phar, that are searched for its start.
const NAME: u64 = 4096;
/// The end of a PHP program that is followed by data.
const HALT: &[u8] = b"__HALT_COMPILER();";

/// Offset of the packed data after a script, which start on their own line.
pub(super) fn of_script(head: &[u8]) -> Option<usize> {
    if !head.starts_with(b"#!") {
        return None;
    }
    let magics: [&[u8]; 5] = [
        b"\n\x1f\x8b\x08",
        b"\nBZh",
        b"\n\xfd7zXZ\0",
        b"\n\x28\xb5\x2f\xfd",
        b"\n\x04\x22\x4d\x18",
    ];
    let all = magics.iter().filter_map(|magic| memmem::find(head, magic));
    all.min().map(|at| at + 1)
}

/// Reads the data after a script.
pub(super) fn read_script(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let Some(at) = of_script(input.head) else { return Ok(()) };
    let bytes = input.random()?;
    Ok(members.nested(b"(payload)", &mut bytes.range(at as u64, u64::MAX))?)
}

/// Reads the compressed texts of a PNG (PNG specification, 11.3.3).
pub(super) fn read_png(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut at = 8;
    let mut header = [0; 8];
    while at + 8 <= bytes.len() {
        bytes.read(at, &mut header)?;
        let length = u64::from(u32::from_be_bytes([header[0], header[1], header[2], header[3]]));
        let mut start = Vec::new();
        bytes.range(at + 8, length.min(NAME)).read_to_end(&mut start)?;
        let skipped = match &header[4..] {
            // A keyword, a zero byte, the method.
            b"zTXt" => memchr::memchr(0, &start).map(|end| end + 2),
            b"iTXt" => compressed_text(&start),
            _ => None,
        };
        if let Some(skipped) = skipped {
            let packed =
                bytes.range(at + 8 + skipped as u64, length.saturating_sub(skipped as u64));
            members.member(&header[4..], &mut ZlibDecoder::new(BufReader::new(packed)))?;
        }
        at = at.saturating_add(length).saturating_add(12);
    }
    Ok(())
}

/// Offset of the text of an `iTXt` chunk if it is compressed: after keyword, flag, method, language
/// and translated keyword.
fn compressed_text(start: &[u8]) -> Option<usize> {
    let flag = memchr::memchr(0, start)? + 1;
    if *start.get(flag)? != 1 {
        return None;
    }
    let language = flag + 2;
    let keyword = language + memchr::memchr(0, start.get(language..)?)? + 1;
    Some(keyword + memchr::memchr(0, start.get(keyword..)?)? + 1)
}

/// Reads the compressed variables of MATLAB (MAT-File Format, "Level 5").
pub(super) fn read_mat(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut order = [0; 2];
    bytes.read(126, &mut order)?;
    let number = if &order == b"IM" { u32::from_le_bytes } else { u32::from_be_bytes };
    let mut at = 128;
    let mut tag = [0; 8];
    while at + 8 <= bytes.len() {
        bytes.read(at, &mut tag)?;
        let kind = number([tag[0], tag[1], tag[2], tag[3]]);
        let length = u64::from(number([tag[4], tag[5], tag[6], tag[7]]));
        if kind == 15 {
            let packed = BufReader::new(bytes.range(at + 8, length));
            members.member(b"(variable)", &mut ZlibDecoder::new(packed))?;
        }
        at = at.saturating_add(8).saturating_add(length);
    }
    Ok(())
}

/// Reads the tables of `pg_dump -Fc`. Only the table of contents has their offsets, and its layout
/// differs between versions. So tables are found by the length and the first bytes of their first
/// piece.
pub(super) fn read_dump(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut window = vec![0; WINDOW];
    let mut at = 0;
    while at + 7 < bytes.len() {
        let mut filled = 0;
        let mut piece = bytes.range(at, WINDOW as u64);
        while filled < window.len() {
            match piece.read(&mut window[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        let seen = &window[..filled];
        let starts = memchr::memchr_iter(0x78, seen).filter(|&x| {
            let flags = seen.get(x + 1).copied().unwrap_or_default();
            (0x7800 | u16::from(flags)) % 31 == 0 && flags & 0x20 == 0
        });
        let mut end = at;
        for start in starts {
            let Some(before) = (at + start as u64).checked_sub(5) else { continue };
            let mut pieces = Pieces { bytes: &bytes, at: before, remaining: 0, ended: false };
            if before >= end && pieces.is_plausible() {
                members.member(b"(table)", &mut ZlibDecoder::new(BufReader::new(&mut pieces)))?;
                end = pieces.at;
            }
        }
        at = end.max(at + filled.saturating_sub(7).max(1) as u64);
    }
    Ok(())
}

/// Bytes of a dump that are searched at a time.
const WINDOW: usize = 64 << 10;

/// Data in pieces: each is preceded by a sign and its length in four bytes; the last one is empty.
struct Pieces<'b> {
    bytes: &'b Random<'b>,
    at: u64,
    remaining: u64,
    ended: bool,
}

impl Pieces<'_> {
    fn length(&self) -> Option<u64> {
        let mut header = [0; 5];
        // A truncated piece ends the data; the decoder then reports the truncation.
        self.bytes.read(self.at, &mut header).ok()?;
        let [0, length @ ..] = header else { return None };
        Some(u64::from(u32::from_le_bytes(length)))
    }

    fn is_plausible(&self) -> bool {
        self.length().is_some_and(|length| length > 2 && self.at + 5 + length < self.bytes.len())
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.remaining == 0 && !self.ended {
            self.remaining = self.length().unwrap_or_default();
            self.at += 5;
            self.ended = self.remaining == 0;
        }
        if self.ended {
            return Ok(0);
        }
        let count = self.bytes.range(self.at, self.remaining).read(out)?;
        self.at += count as u64;
        self.remaining -= count as u64;
        self.ended = count == 0;
        Ok(count)
    }
}

/// Bytes at the end of a text that reveal appended packed data.
const END: usize = 64;

/// A script or PHP program with packed data after it.
pub(super) fn of_program(head: &[u8], whole: bool) -> Option<Kind> {
    if !head.starts_with(b"#!") && !head.starts_with(b"<?php") {
        return None;
    }
    // Most scripts are text up to their end, and only the end is checked then.
    let end = &head[head.len().saturating_sub(END)..];
    if whole && end.iter().all(|&byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        return None;
    }
    match manifest(head) {
        Some(_) => Some(Kind::Phar),
        None => of_script(head).map(|_| Kind::Script),
    }
}

/// Offset of the manifest (PHP manual, "Phar file format").
fn manifest(head: &[u8]) -> Option<usize> {
    let at = memmem::find(head, HALT)? + HALT.len();
    let rest = head.get(at..)?;
    let close = rest.strip_prefix(b" ?>").or_else(|| rest.strip_prefix(b"?>"));
    let Some(rest) = close else { return Some(at) };
    let at = head.len() - rest.len();
    let line = rest.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    Some(at + line)
}

/// Reads the compressed files of a phar.
pub(super) fn read_phar(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let Some(start) = manifest(input.head) else { return Ok(()) };
    let bytes = input.random()?;
    let list = List { bytes: &bytes, at: start as u64 };
    let broken = || Fault::broken("its list of files is damaged");
    for (name, place, length, flags) in list.entries().ok_or_else(broken)? {
        let packed = BufReader::new(bytes.range(place, length));
        match flags & 0xf000 {
            0x1000 => members.member(&name, &mut DeflateDecoder::new(packed))?,
            0x2000 => {
                let packed = Packed::new(packed, members);
                members.member(&name, &mut bzip2::decoder(packed))?;
            }
            // It is stored uncompressed, and is scanned with the program.
            _ => members.nested(&name, &mut bytes.range(place, length))?,
        }
    }
    Ok(())
}

/// The manifest of a phar.
struct List<'b> {
    bytes: &'b Random<'b>,
    at: u64,
}

/// A file's name, offset, packed length and flags.
type PharEntry = (Vec<u8>, u64, u64, u32);

impl List<'_> {
    fn entries(mut self) -> Option<Vec<PharEntry>> {
        let length = self.number()?;
        let end = self.at.checked_add(u64::from(length))?;
        if end > self.bytes.len() {
            return None;
        }
        let count = self.number()?;
        self.at += 6;
        self.text()?;
        self.pass()?;
        let mut entries = Vec::new();
        let mut place = end;
        for _ in 0..count {
            let name = self.text()?;
            self.at += 8;
            let packed = u64::from(self.number()?);
            self.at += 4;
            let flags = self.number()?;
            self.pass()?;
            // Entries are inside the manifest, which bounds their number.
            if self.at > end {
                return None;
            }
            entries.push((name, place, packed, flags));
            place = place.checked_add(packed)?;
        }
        Some(entries)
    }

    fn number(&mut self) -> Option<u32> {
        let mut bytes = [0; 4];
        // A truncated manifest is damaged, and reported as such.
        self.bytes.read(self.at, &mut bytes).ok()?;
        self.at += 4;
        Some(u32::from_le_bytes(bytes))
    }

    /// Skips a field that does not affect the offsets of files.
    fn pass(&mut self) -> Option<()> {
        let length = u64::from(self.number()?);
        self.at = self.at.checked_add(length)?;
        Some(())
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let length = u64::from(self.number()?);
        if length > NAME {
            return None;
        }
        let mut text = Vec::new();
        self.bytes.range(self.at, length).read_to_end(&mut text).ok()?;
        self.at += length;
        Some(text)
    }
}
