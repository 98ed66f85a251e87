//! Compound files ([MS-CFB]): Outlook messages, older Office documents, macros of newer ones,
//! installers. Streams that are containers are opened; macros ([MS-OVBA]) and the RTF text of a
//! message ([MS-OXRTFCP]) are unpacked. Everything else is scanned unchanged.

use std::io::{self, Read};

use super::input::{Input, Random};
use super::{Fault, Members};

/// Sector numbers from here on are not sectors but marks such as the end of a chain.
const LAST: u32 = 0xffff_fffa;
/// Limit in bytes of a stream that is unpacked as macros or as RTF.
const LARGEST: u64 = 64 << 20;
/// The stream with the text of a message, by property number: PidTagRtfCompressed, binary.
const RTF: &[u8] = b"__substg1.0_10090102";
/// The beginning of a macro's source, after the head of its first chunk.
const MACRO: &[u8] = b"\0Attribut";
/// The initial dictionary of compressed RTF.
const WORDS: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \
\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\
\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let file = Compound::open(&bytes, members)?;
    let mut remaining = bytes.len();
    for (path, entry) in file.streams() {
        // Streams that share bytes could expand a small file without limit.
        remaining = remaining
            .checked_sub(entry.size.min(remaining.saturating_add(1)))
            .ok_or_else(|| Fault::broken("its streams are longer than the file"))?;
        let mut stream = file.stream(&entry);
        if path.ends_with(RTF) {
            members.nested(&path, &mut lzfu(&take(&mut stream)?).as_slice())?;
            continue;
        }
        if is_macro(&path) {
            let text = take(&mut stream)?;
            let start = memchr::memmem::find(&text, MACRO).and_then(|at| at.checked_sub(3));
            if let Some(start) = start {
                members.member(&path, &mut ovba(&text[start..]).as_slice())?;
            }
            continue;
        }
        members.nested(&path, &mut stream)?;
    }
    Ok(())
}

fn take(stream: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_macro(path: &[u8]) -> bool {
    path.starts_with(b"VBA/") || memchr::memmem::find(path, b"/VBA/").is_some()
}

/// A directory entry of a storage or a stream.
#[derive(Clone, Debug)]
struct DirectoryEntry {
    name: Vec<u8>,
    kind: u8,
    /// Its siblings, and its first child.
    next: [u32; 3],
    start: u32,
    size: u64,
}

/// A compound file.
struct Compound<'b> {
    bytes: &'b Random<'b>,
    shift: u32,
    small_shift: u32,
    /// Streams shorter than this are in small sectors.
    cutoff: u64,
    table: Vec<u32>,
    small_table: Vec<u32>,
    /// The sectors of the stream that contains the small sectors.
    small: Vec<u32>,
    entries: Vec<DirectoryEntry>,
}

impl<'b> Compound<'b> {
    fn open(bytes: &'b Random<'b>, members: &mut dyn Members) -> Result<Self, Fault> {
        let mut header = [0; 512];
        bytes.read(0, &mut header)?;
        let word = |at: usize| u32_at(&header, at);
        let shift = u32::from(header[30]);
        if !matches!(shift, 9 | 12) || header[32] != 6 {
            return Err(Fault::broken("its header is damaged"));
        }
        let mut file = Self {
            bytes,
            shift,
            small_shift: 6,
            cutoff: u64::from(word(56)),
            table: Vec::new(),
            small_table: Vec::new(),
            small: Vec::new(),
            entries: Vec::new(),
        };
        // Tables and directory are not longer than the file.
        members.hold(2 * bytes.len())?;
        let mut parts: Vec<u32> = (0..109).map(|at| word(76 + at * 4)).collect();
        let per_sector = (1usize << shift) / 4;
        let mut next = word(68);
        for _ in 0..file.sectors() {
            if next >= LAST {
                break;
            }
            let mut numbers = file.numbers(next)?;
            next = numbers.pop().unwrap_or(LAST);
            parts.append(&mut numbers);
        }
        parts.retain(|&part| part < LAST);
        parts.truncate(file.sectors() / per_sector + 1);
        for part in parts {
            let mut numbers = file.numbers(part)?;
            file.table.append(&mut numbers);
        }
        for sector in file.chain(word(60)) {
            let mut numbers = file.numbers(sector)?;
            file.small_table.append(&mut numbers);
        }
        for sector in file.chain(word(48)) {
            let mut block = vec![0; 1 << shift];
            bytes.read(file.place(sector), &mut block)?;
            file.entries.extend(block.chunks_exact(128).map(|raw| entry(raw, shift == 9)));
        }
        file.small = file.entries.first().map(|root| file.chain(root.start)).unwrap_or_default();
        Ok(file)
    }

    /// Upper bound of the number of sectors.
    fn sectors(&self) -> usize {
        usize::try_from(self.bytes.len() >> self.shift).unwrap_or(usize::MAX)
    }

    fn place(&self, sector: u32) -> u64 {
        (u64::from(sector) + 1) << self.shift
    }

    /// The numbers stored in a sector.
    fn numbers(&self, sector: u32) -> io::Result<Vec<u32>> {
        let mut block = vec![0; 1 << self.shift];
        self.bytes.read(self.place(sector), &mut block)?;
        Ok(block.chunks_exact(4).map(|number| u32_at(number, 0)).collect())
    }

    /// The sectors of a chain; their number is bounded by that of all sectors.
    fn chain(&self, start: u32) -> Vec<u32> {
        chain(&self.table, start, self.sectors())
    }

    /// All streams with their paths.
    fn streams(&self) -> Vec<(Vec<u8>, DirectoryEntry)> {
        let mut seen = vec![false; self.entries.len()];
        let mut streams = Vec::new();
        let mut open: Vec<(u32, Vec<u8>)> =
            self.entries.first().map(|root| (root.next[2], Vec::new())).into_iter().collect();
        while let Some((number, folder)) = open.pop() {
            let number = number as usize;
            let Some(entry) = self.entries.get(number).filter(|_| !seen[number]) else { continue };
            seen[number] = true;
            open.extend(entry.next[..2].iter().map(|&next| (next, folder.clone())));
            let mut path = folder;
            path.extend_from_slice(&entry.name);
            match entry.kind {
                // The path grows with the names in it; one that is too long is not followed.
                1 if path.len() < 4096 => {
                    path.push(b'/');
                    open.push((entry.next[2], path));
                }
                2 => streams.push((path, entry.clone())),
                _ => {}
            }
        }
        streams
    }

    fn stream(&self, entry: &DirectoryEntry) -> Stream<'_, 'b> {
        let is_small = entry.size < self.cutoff;
        let shift = if is_small { self.small_shift } else { self.shift };
        let table = if is_small { &self.small_table } else { &self.table };
        let most = usize::try_from(entry.size >> shift).unwrap_or(usize::MAX).saturating_add(1);
        let sectors = chain(table, entry.start, most.min(table.len()));
        Stream { file: self, sectors, is_small, at: 0, size: entry.size }
    }
}

fn chain(table: &[u32], start: u32, most: usize) -> Vec<u32> {
    let next = |&sector: &u32| table.get(sector as usize).copied().filter(|&next| next < LAST);
    let first = Some(start).filter(|&start| start < LAST);
    std::iter::successors(first, next).take(most).collect()
}

fn entry(raw: &[u8], short: bool) -> DirectoryEntry {
    let length = usize::from(raw[64]).min(64).saturating_sub(2);
    let name = raw[..length].chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let name: String =
        char::decode_utf16(name).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let high = if short { 0 } else { u64::from(u32_at(raw, 124)) };
    DirectoryEntry {
        name: name.into_bytes(),
        kind: raw[66],
        next: [u32_at(raw, 68), u32_at(raw, 72), u32_at(raw, 76)],
        start: u32_at(raw, 116),
        size: high << 32 | u64::from(u32_at(raw, 120)),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The bytes of a stream.
struct Stream<'f, 'b> {
    file: &'f Compound<'b>,
    sectors: Vec<u32>,
    is_small: bool,
    at: u64,
    size: u64,
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Compound { shift, small_shift, bytes, small, .. } = self.file;
        let own = if self.is_small { *small_shift } else { *shift };
        let index = usize::try_from(self.at >> own).unwrap_or(usize::MAX);
        let Some(&sector) = self.sectors.get(index).filter(|_| self.at < self.size) else {
            return Ok(0);
        };
        let within = self.at & ((1 << own) - 1);
        let length = ((1 << own) - within).min(self.size - self.at);
        let place = if self.is_small {
            let offset = u64::from(sector) << own;
            let Some(&outer) = small.get(usize::try_from(offset >> shift).unwrap_or(usize::MAX))
            else {
                return Ok(0);
            };
            self.file.place(outer) + (offset & ((1 << shift) - 1))
        } else {
            self.file.place(sector)
        };
        let count = bytes.range(place + within, length).read(out)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Unpacks the source of a macro ([MS-OVBA] 2.4.1): independent chunks of 4,096 bytes.
fn ovba(packed: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = packed.get(1..).unwrap_or_default();
    while let [low, high, body @ ..] = rest {
        let header = u16::from_le_bytes([*low, *high]);
        let size = usize::from(header & 0xfff) + 1;
        let chunk = &body[..size.min(body.len())];
        rest = &body[chunk.len()..];
        if header >> 12 & 7 != 3 {
            break;
        }
        if header & 0x8000 == 0 {
            text.extend_from_slice(chunk);
        } else {
            ovba_chunk(chunk, &mut text);
        }
    }
    text
}

fn ovba_chunk(chunk: &[u8], text: &mut Vec<u8>) {
    let start = text.len();
    let mut bytes = chunk.iter().copied();
    while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            let Some(low) = bytes.next() else { return };
            if flags >> bit & 1 == 0 {
                text.push(low);
                continue;
            }
            let Some(high) = bytes.next() else { return };
            let token = u16::from_le_bytes([low, high]);
            let known = text.len() - start;
            let bits = known.max(1).next_power_of_two().trailing_zeros().clamp(4, 12);
            let length = usize::from(token & (0xffff >> bits)) + 3;
            let back = usize::from(token >> (16 - bits)) + 1;
            if back > known || known + length > 4096 {
                return;
            }
            for _ in 0..length {
                text.push(text[text.len() - back]);
            }
        }
    }
}

/// Unpacks the RTF of a message ([MS-OXRTFCP] 2.2).
fn lzfu(packed: &[u8]) -> Vec<u8> {
    let body = packed.get(16..).unwrap_or_default();
    match packed.get(8..12) {
        Some(b"MELA") => return body.to_vec(),
        Some(b"LZFu") => {}
        _ => return Vec::new(),
    }
    let mut dictionary = [b' '; 4096];
    dictionary[..WORDS.len()].copy_from_slice(WORDS);
    let mut place = WORDS.len();
    let mut text = Vec::new();
    let mut bytes = body.iter().copied();
    while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            let Some(first) = bytes.next() else { return text };
            let (from, length) = if flags >> bit & 1 == 0 {
                dictionary[place] = first;
                (place, 1)
            } else {
                let Some(second) = bytes.next() else { return text };
                let token = usize::from(u16::from_be_bytes([first, second]));
                if token >> 4 == place {
                    return text;
                }
                (token >> 4, (token & 15) + 2)
            };
            for at in 0..length {
                let letter = dictionary[(from + at) % 4096];
                text.push(letter);
                dictionary[place] = letter;
                place = (place + 1) % 4096;
            }
        }
    }
    text
}
