//! Compressed streams after a short header: HTTP answers as stored by `curl -i` and captures,
//! segments of Kafka's log, backups of Android, and gzip members inside of other binaries.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use memchr::memmem;

use super::input::Input;
use super::{DAMAGED, Fault, Members, lz4, skip, snappy, zstd};

/// Limit in bytes of an HTTP header.
const HEADER: usize = 64 << 10;
/// Bytes at the start of a text in which an HTTP answer must state its encoding.
const SHOWN: usize = 1 << 20;
/// Bytes of a Kafka batch before its records, and before the part that its length counts.
const BATCH: usize = 61;
const COUNTED: u64 = 12;
/// Limit in bytes of a batch: brokers accept 1 MiB by default.
const LARGEST: u64 = 64 << 20;
/// Bytes of a possible gzip member that are tried, and limit of their unpacked bytes.
const PROBE: usize = 4096;
const PROBED: u64 = 512;
/// Limit of false gzip members that are tried in one binary.
const PROBES: usize = 100;

/// True if a text consists of HTTP requests or answers, one of which is compressed.
pub(super) fn is_http(head: &[u8]) -> bool {
    const FIRST: [&[u8]; 5] = [b"HTTP/", b"GET /", b"POST /", b"PUT /", b"PATCH /"];
    FIRST.iter().any(|first| head.starts_with(first))
        && next_encoding(&head[..head.len().min(SHOWN)]).is_some()
}

/// Offset of the next header that names an encoding.
fn next_encoding(bytes: &[u8]) -> Option<usize> {
    let names: [&[u8]; 2] = [b"\nContent-Encoding:", b"\ncontent-encoding:"];
    names.iter().filter_map(|name| memmem::find(bytes, name)).min()
}

/// Reads the compressed bodies of HTTP (RFC 9110 §8.4, RFC 9112 §7.1).
pub(super) fn read_http(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    members.hold(bytes.len())?;
    let bytes = bytes.bytes()?;
    let mut at = 0;
    while let Some(found) = next_encoding(&bytes[at..]) {
        let name = at + found + 1;
        let near = &bytes[name..bytes.len().min(name + HEADER)];
        let ends =
            [&b"\r\n\r\n"[..], b"\n\n"].map(|end| memmem::find(near, end).map(|e| (e, end.len())));
        let Some((end, blank)) = ends.into_iter().flatten().min() else {
            at = name;
            continue;
        };
        let body = name + end + blank;
        // The other lines of the same header may come before this one.
        let start = memmem::rfind(&bytes[at..name], b"HTTP/").map_or(at, |start| at + start);
        let header = bytes[start.max(name.saturating_sub(HEADER))..name + end].to_ascii_lowercase();
        let value = |name: &[u8]| {
            let from = memmem::find(&header, name)? + name.len();
            let line = header[from..].split(|&byte| byte == b'\n').next()?;
            Some(line.trim_ascii())
        };
        let length = value(b"\ncontent-length:")
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let end = length.and_then(|length| body.checked_add(length)).unwrap_or(bytes.len());
        let mut packed = &bytes[body..end.clamp(body, bytes.len())];
        let chunked = value(b"\ntransfer-encoding:") == Some(b"chunked");
        let chunks = if chunked { unchunk(packed) } else { None };
        packed = chunks.as_deref().unwrap_or(packed);
        let coding = value(b"\ncontent-encoding:").unwrap_or_default();
        body_of(coding, packed, members)?;
        at = body;
    }
    Ok(())
}

/// Scans a body by its coding; an uncompressed one is scanned as text.
fn body_of(coding: &[u8], packed: &[u8], members: &mut dyn Members) -> Result<(), Fault> {
    let name = b"(body)";
    match (coding, packed) {
        (b"gzip" | b"x-gzip", [0x1f, 0x8b, ..]) => {
            members.member(name, &mut GzDecoder::new(packed))?;
        }
        (b"deflate", [0x78, ..]) => members.member(name, &mut ZlibDecoder::new(packed))?,
        (b"deflate", [_, ..]) => members.member(name, &mut DeflateDecoder::new(packed))?,
        (b"zstd", [0x28, 0xb5, ..]) => {
            let window = members.window();
            members.member(name, &mut zstd::decoder(packed, window))?;
        }
        (b"br", [_, ..]) if std::str::from_utf8(packed).is_err() => members.unopened("Brotli"),
        _ => {}
    }
    Ok(())
}

/// The bytes of a chunked body; `None` if it is not chunked.
fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = memchr::memchr(b'\n', &bytes[..bytes.len().min(64)]);
        let size = end.and_then(|end| {
            let digits = bytes[..end].split(|&byte| byte == b';').next()?.trim_ascii();
            usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        });
        let Some((end, size)) = end.zip(size).filter(|&(_, size)| size > 0) else { break };
        let rest = &bytes[end + 1..];
        let chunk = &rest[..size.min(rest.len())];
        body.extend_from_slice(chunk);
        bytes = rest[chunk.len()..].strip_prefix(b"\r\n").unwrap_or(&rest[chunk.len()..]);
    }
    (!body.is_empty()).then_some(body)
}

/// True if a text begins with a record batch of Kafka ("Record Batch", version 2).
pub(super) fn is_kafka(head: &[u8]) -> bool {
    let Some(header) = head.get(..BATCH) else { return false };
    let number = |at: usize| {
        i32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let (length, last, records) = (number(8), number(23), number(57));
    header[0] == 0
        && header[16] == 2
        && header[21] == 0
        && header[22] & 0xc0 == 0
        && header[22] & 7 <= 4
        && (49..=LARGEST as i32).contains(&length)
        && (1..=length).contains(&records)
        && last >= records - 1
}

/// Reads the batches of a segment of Kafka's log.
pub(super) fn read_kafka(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.packed(members);
    loop {
        let mut header = Vec::new();
        (&mut stream).take(BATCH as u64).read_to_end(&mut header)?;
        // Segments are preallocated, with zeros at their end.
        if header.iter().all(|&byte| byte == 0) {
            return Ok(());
        }
        if !is_kafka(&header) {
            return Err(Fault::broken("a batch is damaged"));
        }
        let length = u64::from(u32::from_be_bytes([header[8], header[9], header[10], header[11]]));
        let left = length + COUNTED - BATCH as u64;
        let mut batch = BufReader::new((&mut stream).take(left));
        let name = b"(batch)";
        match header[22] & 7 {
            0 => members.member(name, &mut batch)?,
            1 => members.member(name, &mut GzDecoder::new(&mut batch))?,
            3 => members.member(name, &mut lz4::decoder(&mut batch))?,
            4 => {
                let window = members.window();
                members.member(name, &mut zstd::decoder(&mut batch, window))?;
            }
            _ => {
                members.hold(left + LARGEST)?;
                let mut packed = Vec::new();
                batch.read_to_end(&mut packed)?;
                match unsnap(&packed) {
                    Some(records) => members.member(name, &mut records.as_slice())?,
                    None => members.unread(name, &format_args!("{DAMAGED}batch"))?,
                }
            }
        }
        let rest = batch.into_inner().limit();
        skip(&mut stream, rest)?;
    }
}

/// The records of a batch compressed with Snappy: as one block, or after a header in blocks with
/// lengths, as written by Java.
fn unsnap(packed: &[u8]) -> Option<Vec<u8>> {
    let most = usize::try_from(LARGEST).unwrap_or(usize::MAX);
    let Some(mut rest) = packed.strip_prefix(b"\x82SNAPPY\0").and_then(|rest| rest.get(8..)) else {
        return snappy::unpack(packed, most);
    };
    let mut records = Vec::new();
    while let Some((length, blocks)) = rest.split_first_chunk() {
        let (block, next) = blocks.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        records.extend(snappy::unpack(block, most - records.len())?);
        rest = next;
    }
    Some(records)
}

/// True if a text is a backup of Android: four lines, then zlib with a tar in it.
pub(super) fn is_android(head: &[u8]) -> bool {
    head.starts_with(b"ANDROID BACKUP\n")
}

pub(super) fn read_android(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.packed(members);
    let mut lines = Vec::new();
    for _ in 0..4 {
        let mut line = Vec::new();
        (&mut stream).take(64).read_until(b'\n', &mut line)?;
        lines.push(line);
    }
    if lines[3] != b"none\n" {
        return Ok(members.encrypted()?);
    }
    if lines[2] == b"0\n" {
        return Ok(members.member(b"(backup.tar)", &mut stream)?);
    }
    Ok(members.member(b"(backup.tar)", &mut ZlibDecoder::new(stream))?)
}

/// Offset of the next gzip member from `at` on: its header has usual values (RFC 1952 §2.3.1), and
/// its data can be unpacked.
fn next_gzip(bytes: &[u8], at: usize, probes: &mut usize) -> Option<usize> {
    let starts = memmem::find_iter(&bytes[at..], b"\x1f\x8b\x08").map(|found| at + found);
    let mut starts = starts;
    starts.find(|&start| {
        let rest = &bytes[start..];
        let header = rest.get(..10);
        let usual = header.is_some_and(|header| {
            header[3] < 0x20 && matches!(header[8..], [0 | 2 | 4, 0..=13 | 255])
        });
        if !usual || *probes == 0 {
            return false;
        }
        let is_one = is_gzip(&rest[..rest.len().min(PROBE)]);
        *probes -= usize::from(!is_one);
        is_one
    })
}

fn is_gzip(start: &[u8]) -> bool {
    let mut text = Vec::new();
    let ended = GzDecoder::new(start).take(PROBED).read_to_end(&mut text);
    let cut = ended.is_err_and(|error| error.kind() != io::ErrorKind::UnexpectedEof);
    !text.is_empty() && !cut
}

/// True if a binary contains a gzip member.
pub(super) fn holds_gzip(head: &[u8]) -> bool {
    memchr::memchr(0, &head[..head.len().min(1024)]).is_some()
        && next_gzip(head, 1, &mut { PROBES }).is_some()
}

/// Reads the gzip members in a binary.
pub(super) fn read_inside(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    members.hold(bytes.len())?;
    let bytes = bytes.bytes()?;
    let mut at = 1;
    let mut probes = PROBES;
    while let Some(start) = next_gzip(&bytes, at, &mut probes) {
        let mut packed = Lenient { stream: GzDecoder::new(&bytes[start..]) };
        members.member(format!("(gzip at {start})").as_bytes(), &mut packed)?;
        let left = packed.stream.get_ref().len();
        at = (bytes.len() - left).max(start + 10);
    }
    Ok(())
}

/// A stream that ends at its first error: data in the middle of a binary may be fragmented.
struct Lenient<R> {
    stream: R,
}

impl<R: Read> Read for Lenient<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(self.stream.read(out).unwrap_or_default())
    }
}
