//! Databases with packed data among other bytes: dumps of Redis and tables of RocksDB. The packed
//! data are extracted without parsing the rest.

use std::io::Read;

use flate2::bufread::GzDecoder;

use super::input::{Input, Random};
use super::{Fault, Members, xz, zstd};

/// The end of a RocksDB table.
const TABLE: &[u8] = b"\xf7\xcf\xf4\x85\xb7\x41\xe2\x88";

/// True if a text may contain packed streams among other bytes.
pub(super) fn is_one(head: &[u8], whole: bool) -> bool {
    head.starts_with(REDIS) || whole && head.ends_with(TABLE)
}

/// Limit of streams that are tried in one file.
const MOST: usize = 10_000;

/// A stream that ends at its first damage.
struct Quiet<R>(R);

impl<R: Read> Read for Quiet<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        Ok(self.0.read(out).unwrap_or(0))
    }
}

/// Reads packed data among other bytes: gzip, zip archives, Zstandard and xz, and the compressed
/// strings of Redis.
///
/// A stream that the file's own structure splits is read up to the split.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
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

/// The start of a Redis dump, and of a compressed string in it.
const REDIS: &[u8] = b"REDIS0";
const LZF: u8 = 0xc3;
/// Limit in bytes of such a string.
const STRING: usize = 16 << 20;

/// The LZF string at the start of `bytes`, if its lengths are valid.
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

/// Decodes LZF: literals, and copies of earlier output.
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
