//! zip and formats based on it: jar, war, apk, whl, nupkg, docx, xlsx, odt, plans of Terraform.
//!
//! The central directory at the end lists the members. Without it, and for bytes that it does not
//! cover, such as those of a replaced member, members are read in order. Members may not share
//! bytes: otherwise a small file could expand without limit.

mod office;
mod order;
mod whole;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::input::{Input, Packed, Random, Range};
use super::limits::Halt;
use super::{Fault, Members, bzip2, xz, zstd};
use office::Office;
use whole::Inflater;

/// Length of the end record (APPNOTE 4.3.16) without its comment.
const END: usize = 22;
/// Lengths of a directory header (4.3.12) and of a local header (4.3.7), without names.
const ENTRY: u64 = 46;
const LOCAL: u64 = 30;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let zip = input.random()?;
    match directory(&zip)? {
        Some(directory) => {
            let mut ranges = BTreeMap::new();
            let mut office = Office::new(&zip, &directory);
            let listed = entries(&zip, &directory, &mut ranges, &mut office, members);
            if !matches!(listed, Err(Fault::Halt(_))) {
                office.rest(members)?;
            }
            if let Err(halt @ Fault::Halt(_)) = listed {
                return Err(halt);
            }
            unlisted(&zip, &directory, &ranges, members)?;
            listed
        }
        None => order::read(&zip, members),
    }
}

/// Reads the bytes that the directory does not cover: members between the listed ones, and the
/// comment after it.
fn unlisted(
    zip: &Random<'_>,
    directory: &Directory,
    ranges: &BTreeMap<u64, u64>,
    members: &mut dyn Members,
) -> Result<(), Fault> {
    let mut from = 0;
    for (&start, &end) in ranges.iter().chain([(&directory.start, &directory.end)]) {
        if start > from {
            order::gap(zip, from, start, members)?;
        }
        from = from.max(end);
    }
    if directory.comment < zip.len() {
        let mut comment = zip.range(directory.comment, u64::MAX);
        members.member(b"(comment)", &mut comment)?;
    }
    Ok(())
}

/// The location of the directory.
struct Directory {
    start: u64,
    end: u64,
    /// Bytes before the zip, which its offsets do not include.
    before: u64,
    /// Offset of its comment.
    comment: u64,
}

/// A directory entry.
struct ZipEntry {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    checksum: u32,
    packed: u64,
    size: u64,
    offset: u64,
}

/// Finds the directory through the end record.
fn directory(zip: &Random<'_>) -> Result<Option<Directory>, Fault> {
    let reach = zip.len().min((END + 0xffff) as u64);
    let from = zip.len() - reach;
    let mut tail = vec![0; usize::try_from(reach).expect("64 KiB")];
    zip.read(from, &mut tail)?;
    let ends = memchr::memmem::rfind_iter(&tail, b"PK\x05\x06");
    for at in ends.filter(|at| at + END <= tail.len()) {
        let record = &tail[at..];
        let (mut size, mut start) = (u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
        let mut end = from + at as u64;
        let comment = end + END as u64;
        if let Some(wide) = wide_end(zip, end) {
            (size, start, end) = wide;
        }
        let Some(real) = end.checked_sub(size) else { continue };
        let Some(before) = real.checked_sub(start) else { continue };
        return Ok(Some(Directory { start: real, end, before, comment }));
    }
    Ok(None)
}

/// Size, offset and end of the directory of a zip64 (4.3.14, 4.3.15).
fn wide_end(zip: &Random<'_>, end: u64) -> Option<(u64, u64, u64)> {
    let mut locator = [0; 20];
    zip.read(end.checked_sub(20)?, &mut locator).ok()?;
    if !locator.starts_with(b"PK\x06\x07") {
        return None;
    }
    // Bytes before the zip shift it: then it is directly before its locator.
    for at in [u64_at(&locator, 8), end.checked_sub(20 + 56)?] {
        let mut record = [0; 56];
        if zip.read(at, &mut record).is_ok() && record.starts_with(b"PK\x06\x06") {
            return Some((u64_at(&record, 40), u64_at(&record, 48), at));
        }
    }
    None
}

/// Iterates over the directory entries.
struct Listing<'z> {
    bytes: BufReader<Range<'z>>,
    before: u64,
}

impl<'z> Listing<'z> {
    fn new(zip: &'z Random<'_>, directory: &Directory) -> Self {
        let length = directory.end - directory.start;
        let bytes = BufReader::with_capacity(64 << 10, zip.range(directory.start, length));
        Self { bytes, before: directory.before }
    }

    /// The next member, with its comment.
    fn next(&mut self) -> Result<Option<(ZipEntry, Vec<u8>)>, Fault> {
        let mut header = [0; ENTRY as usize];
        match super::fill(&mut self.bytes, &mut header)? {
            0 => return Ok(None),
            46 if header.starts_with(b"PK\x01\x02") => {}
            // A signature may follow the members.
            _ if header.starts_with(b"PK\x05\x05") => return Ok(None),
            _ => return Err(Fault::broken("its directory is damaged")),
        }
        let mut rest = [28, 30, 32].map(|at| vec![0; usize::from(u16_at(&header, at))]);
        for part in &mut rest {
            self.bytes.read_exact(part)?;
        }
        let [name, extra, comment] = rest;
        let mut entry = ZipEntry {
            name,
            flags: u16_at(&header, 8),
            method: u16_at(&header, 10),
            checksum: u32_at(&header, 16),
            packed: u64::from(u32_at(&header, 20)),
            size: u64::from(u32_at(&header, 24)),
            offset: u64::from(u32_at(&header, 42)),
        };
        wide_sizes(&extra, &mut entry);
        entry.offset = entry.offset.saturating_add(self.before);
        Ok(Some((entry, comment)))
    }
}

fn entries(
    zip: &Random<'_>,
    directory: &Directory,
    ranges: &mut BTreeMap<u64, u64>,
    office: &mut Office<'_>,
    members: &mut dyn Members,
) -> Result<(), Fault> {
    let mut listing = Listing::new(zip, directory);
    let mut inflater = Inflater::default();
    while let Some((entry, comment)) = listing.next()? {
        if !comment.is_empty() {
            members.member(&[&entry.name[..], b" (comment)"].concat(), &mut comment.as_slice())?;
        }
        if entry.packed == 0 && entry.size == 0 {
            let end = entry.offset.saturating_add(LOCAL + entry.name.len() as u64);
            ranges.insert(entry.offset, end);
            members.empty()?;
            continue;
        }
        self::entry(zip, &entry, ranges, &mut inflater, office, members)?;
    }
    Ok(())
}

/// Up to `most` bytes of a member that a document needs for reading another one.
fn find(zip: &Random<'_>, directory: &Directory, name: &[u8], most: u64) -> Option<Vec<u8>> {
    let mut listing = Listing::new(zip, directory);
    let entry = loop {
        let (entry, _) = listing.next().ok()??;
        if entry.name == name {
            break entry;
        }
    };
    let mut local = [0; LOCAL as usize];
    zip.read(entry.offset, &mut local).ok()?;
    let names = u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
    let packed = zip.range(entry.offset + LOCAL + names, entry.packed);
    let mut bytes = Vec::new();
    match entry.method {
        0 => packed.take(most).read_to_end(&mut bytes).ok()?,
        8 => DeflateDecoder::new(BufReader::new(packed)).take(most).read_to_end(&mut bytes).ok()?,
        _ => return None,
    };
    Some(bytes)
}

/// Reads one member.
fn entry(
    zip: &Random<'_>,
    entry: &ZipEntry,
    ranges: &mut BTreeMap<u64, u64>,
    inflater: &mut Inflater,
    office: &mut Office<'_>,
    members: &mut dyn Members,
) -> Result<(), Halt> {
    let mut local = [0; LOCAL as usize];
    let found = zip.read(entry.offset, &mut local);
    if found.is_err() || !local.starts_with(b"PK\x03\x04") {
        return members.unread(&entry.name, &"damaged: it is not where the directory says");
    }
    let names = u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
    let start = entry.offset + LOCAL + names;
    let end = start.saturating_add(entry.packed);
    let overlaps = ranges.range(..end).next_back().is_some_and(|(_, &other)| other > entry.offset);
    if overlaps {
        let why = "not read: it shares bytes with another member, as only a bomb does";
        return members.unread(&entry.name, &why);
    }
    ranges.insert(entry.offset, end);
    // A flag in the directory alone would hide a member from strict readers only.
    if entry.flags & u16_at(&local, 6) & 1 != 0 || entry.method == 99 {
        return members.encrypted();
    }
    if let Some(bytes) = inflater.inflate(zip.range(start, entry.packed), entry) {
        return office.member(&entry.name, &mut &*bytes, members);
    }
    match zip.range(start, entry.packed) {
        Range::Memory(packed) => member(entry, Packed::new(packed, members), office, members),
        file @ Range::File { .. } => {
            let packed = BufReader::with_capacity(64 << 10, file);
            member(entry, Packed::new(packed, members), office, members)
        }
    }
}

/// Unpacks one member (4.4.5).
fn member(
    entry: &ZipEntry,
    mut packed: impl BufRead,
    office: &mut Office<'_>,
    members: &mut dyn Members,
) -> Result<(), Halt> {
    let window = members.window();
    let name = &entry.name;
    let mut bytes: Box<dyn Read + '_> = match entry.method {
        0 => Box::new(&mut packed),
        8 => Box::new(DeflateDecoder::new(packed)),
        12 => Box::new(bzip2::decoder(packed)),
        14 => match xz::of_zip(packed, window) {
            Ok(bytes) => Box::new(bytes),
            Err(error) => return members.unread(name, &error),
        },
        93 => Box::new(zstd::decoder(packed, window)),
        95 => Box::new(xz::decoder(packed, window)),
        other => {
            let why = format!("packed by method {other} of zip, which is not read: unpack it");
            return members.unread(name, &why);
        }
    };
    let mut bytes = Verified { bytes: &mut bytes, sum: Crc::new(), checksum: entry.checksum };
    match entry.method {
        0 | 8 => office.member(name, &mut bytes, members),
        _ => members.member(name, &mut bytes),
    }
}

/// A member's bytes; reading ends with an error if the checksum is wrong (4.4.7).
struct Verified<'b> {
    bytes: &'b mut dyn Read,
    sum: Crc,
    checksum: u32,
}

impl Read for Verified<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(out)?;
        self.sum.update(&out[..count]);
        if count == 0 && !out.is_empty() && self.sum.sum() != self.checksum {
            return Err(io::Error::other("its checksum is wrong"));
        }
        Ok(count)
    }
}

/// Reads 64-bit sizes from the extra field (4.5.3).
fn wide_sizes(mut extra: &[u8], entry: &mut ZipEntry) {
    while extra.len() >= 4 {
        let length = usize::from(u16_at(extra, 2));
        let Some(mut field) = extra.get(4..4 + length) else { return };
        if u16_at(extra, 0) == 1 {
            for value in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
                if *value == 0xffff_ffff && field.len() >= 8 {
                    *value = u64_at(field, 0);
                    field = &field[8..];
                }
            }
            return;
        }
        extra = &extra[4 + length..];
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
