//! xz, and the form before it that has no name but `.lzma`.

use std::io::{self, Read};

use lzma_rust2::{LzipReader, LzmaReader, XzReader};

use super::input::Input;
use super::{Fault, Members};

/// Reads an xz file.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let window = members.window();
    let stream = input.packed(members);
    Ok(members.member(b"", &mut decoder(stream, window))?)
}

/// Reads a `.lzma` file.
///
/// Its header may claim a dictionary of any size, though one of 4 GiB less a byte stands for any and
/// none is larger than the text. So it gets what the text or memory asks for; where that is too
/// little, decoding ends with an error when a match lies farther back.
pub(super) fn read_old(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let window = members.window();
    let mut stream = input.packed(members);
    let mut header = [0; 13];
    stream.read_exact(&mut header)?;
    let [properties, a, b, c, d, size @ ..] = header;
    let size = u64::from_le_bytes(size);
    let most = size.min(window.saturating_sub(PROBABILITIES)).max(SMALLEST);
    let dictionary = u64::from(u32::from_le_bytes([a, b, c, d])).min(most);
    let dictionary = u32::try_from(dictionary).unwrap_or(u32::MAX) & !15;
    Ok(members.member(
        b"",
        &mut LzmaReader::new_with_props(stream, size, properties, dictionary, None)?,
    )?)
}

/// Memory of a decoder beside its dictionary, rounded up, and its smallest dictionary.
const PROBABILITIES: u64 = 64 << 10;
const SMALLEST: u64 = 4 << 10;

/// Reads a file of lzip, whose sixth byte says how large its window is.
pub(super) fn read_lzip(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let size = input.head.get(5).map_or(0, |byte| 1_u64.wrapping_shl(u32::from(byte & 0x1f)));
    if size > members.window() {
        return Err(Fault::broken("its window takes too much memory: raise --max-memory"));
    }
    let stream = input.packed(members);
    Ok(members.member(b"", &mut LzipReader::new(stream))?)
}

/// The bytes that were packed as xz; `xz -9` takes a window of 64 MiB.
pub(super) fn decoder(packed: impl Read, window: u64) -> impl Read {
    XzReader::new_mem_limit(packed, true, kilobytes(window))
}

fn kilobytes(window: u64) -> u32 {
    u32::try_from(window >> 10).unwrap_or(u32::MAX)
}

/// The bytes that a zip packed by its method 14 (APPNOTE 5.8.8): its own header, then LZMA.
pub(super) fn of_zip(mut packed: impl Read, window: u64) -> io::Result<impl Read> {
    let mut header = [0; 9];
    packed.read_exact(&mut header)?;
    let dictionary = u32::from_le_bytes([header[5], header[6], header[7], header[8]]);
    let need = lzma_rust2::lzma_get_memory_usage_by_props(dictionary, header[4])?;
    if need > kilobytes(window) {
        return Err(io::Error::other("its window takes too much memory: raise --max-memory"));
    }
    LzmaReader::new_with_props(packed, u64::MAX, header[4], dictionary, None)
}
