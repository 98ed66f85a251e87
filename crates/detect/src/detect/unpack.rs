//! Unpacks gzip, zlib streams and zip archives in an encoded run, up to a limit.
//!
//! Files of these forms are containers, which a source opens. Here they are values in a text.

use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};

use crate::finding::Encoding;

use super::decode::Decoded;

/// Maximum number of unpacked bytes of one run.
pub(super) const LIMIT: usize = 4 * 1024 * 1024;
/// Maximum number of members of an archive.
const MOST_MEMBERS: usize = 1000;

/// A local header of a zip archive (APPNOTE 4.3.7).
const MEMBER: &[u8] = b"PK\x03\x04";
const HEADER: usize = 30;

/// True if bytes begin like a packed format.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8]) || bytes.starts_with(MEMBER) || is_zlib(bytes)
}

/// True if `bytes` begins with a zlib header (RFC 1950 §2.2): deflate, the usual window, no
/// dictionary.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, flags, ..] if (0x7800 + u16::from(*flags)) % 31 == 0 && flags & 0x20 == 0)
}

/// The unpacked content of a decoded text, and whether the limit cut it; nothing if it is not
/// packed.
///
/// A damaged or truncated stream gives the bytes that can be read.
pub(super) fn unpack(outer: &Decoded, budget: usize) -> (Vec<Decoded>, bool) {
    let mut room = LIMIT.min(budget);
    let packed = &*outer.text;
    let (texts, encoding) = if packed.starts_with(&[0x1f, 0x8b, 8]) {
        (vec![read(GzDecoder::new(packed), &mut room)], Encoding::Gzip)
    } else if is_zlib(packed) {
        (vec![read(ZlibDecoder::new(packed), &mut room)], Encoding::Zlib)
    } else if packed.starts_with(MEMBER) {
        (members(packed, &mut room), Encoding::Zip)
    } else {
        return (vec![], false);
    };
    let made = |text| Decoded {
        text,
        encoding: Some(encoding),
        run: 0..packed.len(),
        letters: vec![],
        unit: (1, 1),
    };
    (texts.into_iter().filter(|text| !text.is_empty()).map(made).collect(), room == 0)
}

fn read(stream: impl Read, room: &mut usize) -> Vec<u8> {
    let mut text = Vec::new();
    // A truncated stream gives an error after the bytes that were read.
    let _ = stream.take(*room as u64).read_to_end(&mut text);
    *room -= text.len();
    text
}

/// The members of a zip archive, in the order of their bytes.
fn members(zip: &[u8], room: &mut usize) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    let mut at = 0;
    while let Some(next) = memchr::memmem::find(&zip[at.min(zip.len())..], MEMBER) {
        let start = at + next;
        let Some(header) = zip.get(start..start + HEADER) else { break };
        let u16_at = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let body = start + HEADER + u16_at(26) + u16_at(28);
        let packed = zip.get(body..).unwrap_or_default();
        at = start + HEADER;
        match u16_at(8) {
            0 => {
                let size = u16_at(18) | u16_at(20) << 16;
                // The sizes of a member that was written as a stream follow it (4.4.4).
                let end = memchr::memmem::find(packed, b"PK").unwrap_or(packed.len());
                let size = if size == 0 { end } else { size };
                at = body.saturating_add(size);
                texts.push(read(packed.get(..size).unwrap_or(packed), room));
            }
            8 => texts.push(read(DeflateDecoder::new(packed), room)),
            _ => {}
        }
        if *room == 0 || texts.len() == MOST_MEMBERS {
            break;
        }
    }
    texts
}
