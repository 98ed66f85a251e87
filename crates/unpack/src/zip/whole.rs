//! Members that are inflated in one call: those of a known size that fit into small buffers.
//!
//! Most members of a program's archives have a few kilobytes, for which the state of a streaming
//! decoder costs as much as its work. One decoder and two buffers serve all members of an archive.

use std::io::Read;

use super::ZipEntry;
use crate::input::Range;

/// Limit in bytes of a member, packed and unpacked.
const MOST: u64 = 1 << 20;
/// Deflate expands by a factor of at most 1,032 (RFC 1951: a match of 258 bytes takes 2 bits).
const EXPANSION: u64 = 1032;

/// Inflates one member after the other.
#[derive(Default)]
pub(super) struct Inflater {
    exact: Option<libdeflater::Decompressor>,
    packed: Vec<u8>,
    bytes: Vec<u8>,
}

impl Inflater {
    /// The bytes of a member that is packed by deflate; `None` if it is large, or is not what the
    /// directory says. Such a member is read as a stream, up to the damage.
    pub(super) fn inflate(&mut self, packed: Range<'_>, entry: &ZipEntry) -> Option<&[u8]> {
        let fits = entry.packed <= MOST && entry.size <= MOST;
        let is_plausible = entry.size <= entry.packed.saturating_mul(EXPANSION);
        if entry.method != 8 || !fits || !is_plausible {
            return None;
        }
        let packed = match packed {
            Range::Memory(packed) => packed,
            mut file @ Range::File { .. } => {
                let packed = room(&mut self.packed, entry.packed)?;
                // The stream meets the same error, and reports it.
                file.read_exact(packed).ok()?;
                packed
            }
        };
        let bytes = room(&mut self.bytes, entry.size)?;
        let exact = self.exact.get_or_insert_with(libdeflater::Decompressor::new);
        let is_whole = exact.deflate_decompress(packed, bytes) == Ok(bytes.len());
        (is_whole && libdeflater::crc32(bytes) == entry.checksum).then_some(&*bytes)
    }
}

/// The first bytes of a buffer, which grows to the largest member.
fn room(buffer: &mut Vec<u8>, length: u64) -> Option<&mut [u8]> {
    let length = usize::try_from(length).ok()?;
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    buffer.get_mut(..length)
}
