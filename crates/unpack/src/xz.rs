//! xz, and the older format `.lzma`.

use std::io::{self, Read};

use lzma_rust2::{LzmaReader, XzReader};

use super::input::Input;
use super::{Fault, Members};

/// The properties of all lzip files: `lc` 3, `lp` 0, `pb` 2.
const LZIP: u8 = 0x5d;
const MEMORY: &str = "its window takes too much memory: raise --max-memory";

/// Reads an xz file.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let window = members.window();
    let stream = input.packed(members);
    Ok(members.member(b"", &mut decoder(stream, window))?)
}

/// Reads a `.lzma` file.
///
/// Its header may claim a dictionary of any size: 4 GiB less a byte means an unknown size, and no
/// dictionary is larger than the text. So the decoder gets a dictionary of the size that the text
/// or the memory allows. If that is too small, decoding ends with an error at a match that is
/// farther back.
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

/// Memory of a decoder without its dictionary, rounded up, and the smallest dictionary.
const PROBABILITIES: u64 = 64 << 10;
const SMALLEST: u64 = 4 << 10;

/// Decodes xz; `xz -9` needs a window of 64 MiB.
pub(super) fn decoder(packed: impl Read, window: u64) -> impl Read {
    XzReader::new_mem_limit(packed, true, kilobytes(window))
}

/// Reads a file of lzip: any number of members, concatenated into one text.
pub(super) fn read_lzip(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let packed = input.packed(members);
    let packed = Pushback { stream: packed, pending: Vec::new() };
    let mut lzip = Lzip::Between(Some(packed), members.window());
    Ok(members.member(b"", &mut lzip)?)
}

/// Consecutive members of lzip: a header, LZMA with an end mark, checksums.
enum Lzip<R: Read> {
    Between(Option<Pushback<R>>, u64),
    Within(Box<LzmaReader<Pushback<R>>>, u64),
}

impl<R: Read> Read for Lzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self {
                Self::Between(packed, window) => {
                    let window = *window;
                    let Some(mut stream) = packed.take() else { return Ok(0) };
                    let mut header = [0; 6];
                    let filled = super::fill(&mut stream, &mut header)?;
                    // Bytes after the last member are ignored.
                    if filled < header.len() || !header.starts_with(b"LZIP\x01") {
                        return Ok(0);
                    }
                    let size = 1u32.checked_shl(u32::from(header[5] & 0x1f)).unwrap_or_default();
                    let size = size - size / 16 * u32::from(header[5] >> 5);
                    let need = lzma_rust2::lzma_get_memory_usage_by_props(size, LZIP)?;
                    if need > kilobytes(window) {
                        return Err(io::Error::other(MEMORY));
                    }
                    let reader = LzmaReader::new_with_props(stream, u64::MAX, LZIP, size, None)?;
                    *self = Self::Within(Box::new(reader), window);
                }
                Self::Within(reader, window) => {
                    let count = reader.read(out)?;
                    if count > 0 || out.is_empty() {
                        return Ok(count);
                    }
                    let between = Self::Between(None, *window);
                    if let Self::Within(reader, window) = std::mem::replace(self, between) {
                        let (mut stream, unused) = reader.into_parts();
                        stream.pending.splice(..0, unused);
                        super::skip(&mut stream, 20)?;
                        *self = Self::Between(Some(stream), window);
                    }
                }
            }
        }
    }
}

/// A stream that takes back the bytes that a decoder read beyond its end.
struct Pushback<R> {
    stream: R,
    pending: Vec<u8>,
}

impl<R: Read> Read for Pushback<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.pending.is_empty() {
            return self.stream.read(out);
        }
        let count = out.len().min(self.pending.len());
        out[..count].copy_from_slice(&self.pending[..count]);
        self.pending.drain(..count);
        Ok(count)
    }
}

fn kilobytes(window: u64) -> u32 {
    u32::try_from(window >> 10).unwrap_or(u32::MAX)
}

/// Decodes method 14 of zip (APPNOTE 5.8.8): its own header, then LZMA.
pub(super) fn of_zip(mut packed: impl Read, window: u64) -> io::Result<impl Read> {
    let mut header = [0; 9];
    packed.read_exact(&mut header)?;
    let dictionary = u32::from_le_bytes([header[5], header[6], header[7], header[8]]);
    let need = lzma_rust2::lzma_get_memory_usage_by_props(dictionary, header[4])?;
    if need > kilobytes(window) {
        return Err(io::Error::other(MEMORY));
    }
    LzmaReader::new_with_props(packed, u64::MAX, header[4], dictionary, None)
}
