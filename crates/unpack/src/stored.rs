//! Forms in which packed bytes stand between others: backups of Android, blocks of Avro, and what can
//! be taken out of captures of packets, documents of OLE and tables of RocksDB without reading these.

use std::io::{BufReader, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

use super::input::{Input, Random};
use super::{Fault, Members, xz, zstd};

/// How a backup of Android begins (its version, whether it is packed, and how it is encrypted follow,
/// a line each).
const BACKUP: &[u8] = b"ANDROID BACKUP\n";
/// How a file of Avro begins.
const AVRO: &[u8] = b"Obj\x01";
/// Bytes of an Avro file's header that are read.
const HEADER: usize = 1 << 20;
/// How a compound file of OLE begins: documents, tables and messages of Outlook.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// How captures of packets begin, in either byte order.
const CAPTURES: [&[u8]; 5] = [
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
];
/// How a table of RocksDB ends.
const TABLE: &[u8] = b"\xf7\xcf\xf4\x85\xb7\x41\xe2\x88";

pub(super) fn is_backup(head: &[u8]) -> bool {
    head.starts_with(BACKUP)
}

/// Whether a text is a file of Avro whose blocks are packed by deflate.
pub(super) fn is_avro(head: &[u8]) -> bool {
    let near = &head[..head.len().min(HEADER)];
    head.starts_with(AVRO) && memchr::memmem::find(near, b"avro.codec\x0edeflate").is_some()
}

/// Whether a text may hold packed streams between what is not packed.
pub(super) fn is_mixed(head: &[u8], whole: bool) -> bool {
    head.starts_with(COMPOUND)
        || head.starts_with(REDIS)
        || is_capture(head)
        || whole && is_table(head)
}

/// Whether a text ends as a table of RocksDB.
pub(super) fn is_table(text: &[u8]) -> bool {
    text.ends_with(TABLE)
}

/// Whether a text is a capture of packets.
pub(super) fn is_capture(head: &[u8]) -> bool {
    CAPTURES.iter().any(|magic| head.starts_with(magic))
}

/// Reads a backup of Android.
pub(super) fn read_backup(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let rest = &input.head[BACKUP.len()..];
    let mut lines = rest.splitn(4, |byte| *byte == b'\n');
    let (_, packed, cipher) = (lines.next(), lines.next(), lines.next());
    let Some(body) = lines.next() else { return Err(Fault::broken("its header ends too early")) };
    if cipher != Some(b"none") {
        return Ok(members.encrypted()?);
    }
    let start = input.head.len() - body.len();
    let mut stream = BufReader::new(input.stream());
    super::skip(&mut stream, start as u64)?;
    match packed {
        Some(b"1") => Ok(members.member(b"", &mut ZlibDecoder::new(stream))?),
        _ => Ok(members.member(b"", &mut stream)?),
    }
}

/// Reads the blocks of an Avro file (Avro specification, "Object Container Files").
pub(super) fn read_avro(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut at = AVRO.len() as u64;
    // The header: keys with their values, in runs that are counted.
    loop {
        let count = number(&bytes, &mut at)?;
        if count == 0 {
            break;
        }
        if count < 0 {
            number(&bytes, &mut at)?;
        }
        for _ in 0..count.unsigned_abs().saturating_mul(2) {
            let size = length(&bytes, &mut at)?;
            at = at.saturating_add(size);
        }
    }
    at = at.saturating_add(SYNC);
    while at < bytes.len() {
        number(&bytes, &mut at)?;
        let size = length(&bytes, &mut at)?;
        let packed = BufReader::new(bytes.range(at, size));
        members.member(b"", &mut DeflateDecoder::new(packed))?;
        at = at.saturating_add(size).saturating_add(SYNC);
    }
    Ok(())
}

/// Bytes of the mark between blocks.
const SYNC: u64 = 16;

/// A number of Avro, whose sign is its lowest bit.
fn number(bytes: &Random<'_>, at: &mut u64) -> Result<i64, Fault> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        bytes.read(*at, &mut byte)?;
        *at += 1;
        number |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok((number >> 1) as i64 ^ -((number & 1) as i64));
        }
    }
    Err(Fault::broken("a number in it has no end"))
}

fn length(bytes: &Random<'_>, at: &mut u64) -> Result<u64, Fault> {
    u64::try_from(number(bytes, at)?).map_err(|_| Fault::broken("a length in it is negative"))
}

/// Most streams that are tried of one file.
const MOST: usize = 10_000;

/// A stream whose damage is its end.
struct Quiet<R>(R);

impl<R: Read> Read for Quiet<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        Ok(self.0.read(out).unwrap_or(0))
    }
}

/// Reads what is packed between other bytes: gzip, zip archives, Zstandard and xz, and the strings
/// that Redis packs.
///
/// A stream that the file's own structure cuts in two is read to the cut.
pub(super) fn read_mixed(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    if matches!(bytes, Random::File(..)) {
        members.hold(bytes.len())?;
    }
    let all = bytes.bytes()?;
    if all.starts_with(REDIS) {
        let starts = memchr::memchr_iter(LZF, &all).filter_map(|at| string_of_redis(&all[at..]));
        for text in starts.take(MOST) {
            members.member(b"(string)", &mut &text[..])?;
        }
        return Ok(());
    }
    let magics: [&[u8]; 4] = [b"\x1f\x8b\x08", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0"];
    let mut starts: Vec<usize> =
        magics.iter().flat_map(|magic| memchr::memmem::find_iter(&all, magic)).take(MOST).collect();
    starts.sort_unstable();
    let window = members.window();
    let mut in_zip = 0;
    for start in starts {
        let rest = &all[start..];
        match rest[0] {
            // An archive is read from its first member on.
            b'P' if start >= in_zip => {
                let end = memchr::memmem::find(rest, b"PK\x05\x06");
                in_zip = end.map_or(all.len(), |end| start + end + 22).min(all.len());
                members.nested(b"(packed)", &mut &all[start..in_zip])?;
            }
            b'P' => {}
            0x1f => members.member(b"(packed)", &mut Quiet(GzDecoder::new(rest)))?,
            0x28 => members.member(b"(packed)", &mut Quiet(zstd::decoder(rest, window)))?,
            _ => members.member(b"(packed)", &mut Quiet(xz::decoder(rest, window)))?,
        }
    }
    Ok(())
}

/// How a dump of Redis begins, and how a string of it that is packed.
const REDIS: &[u8] = b"REDIS0";
const LZF: u8 = 0xc3;
/// Most bytes of such a string.
const STRING: usize = 16 << 20;

/// The string that is packed by LZF at the beginning of `bytes`, if its lengths are right.
fn string_of_redis(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut at = 1;
    let mut length = || {
        let first = *bytes.get(at)?;
        let (length, width) = match first >> 6 {
            0 => (usize::from(first), 1),
            1 => (usize::from(first & 0x3f) << 8 | usize::from(*bytes.get(at + 1)?), 2),
            _ if first == 0x80 => {
                let four = bytes.get(at + 1..at + 5)?;
                (u32::from_be_bytes([four[0], four[1], four[2], four[3]]) as usize, 5)
            }
            _ => return None,
        };
        at += width;
        Some(length)
    };
    let (packed, size) = (length()?, length()?);
    if packed == 0 || packed >= size || size > STRING {
        return None;
    }
    lzf(bytes.get(at..at.checked_add(packed)?)?, size)
}

/// What LZF packed: literals, and copies of what came out before.
fn lzf(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let (mut text, mut at) = (Vec::with_capacity(size), 0);
    while at < packed.len() {
        let control = usize::from(packed[at]);
        at += 1;
        if control < 32 {
            text.extend_from_slice(packed.get(at..at + control + 1)?);
            at += control + 1;
        } else {
            let mut len = control >> 5;
            if len == 7 {
                len += usize::from(*packed.get(at)?);
                at += 1;
            }
            let back = (control & 0x1f) << 8 | usize::from(*packed.get(at)?);
            at += 1;
            let from = text.len().checked_sub(back + 1)?;
            (from..from + len + 2).for_each(|at| text.push(text[at]));
        }
        if text.len() > size {
            return None;
        }
    }
    (text.len() == size).then_some(text)
}
