//! Inflates zlib streams of known size.
//!
//! The buffer has exactly the stated size. libdeflate inflates a whole stream in one call and is
//! fast; a stream that it rejects is read by zlib-rs up to the damage.

use flate2::{Decompress, FlushDecompress};

/// Deflate expands by a factor of at most 1,032 (RFC 1951: a match of 258 bytes takes 2 bits).
const MOST: u64 = 1032;

/// Inflates one stream after another; each thread has its own.
pub struct Inflater {
    exact: libdeflater::Decompressor,
    stream: Decompress,
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl Inflater {
    /// Allocates the tables.
    pub fn new() -> Self {
        Self { exact: libdeflater::Decompressor::new(), stream: Decompress::new(true) }
    }

    /// Inflates a stream that must fill `out` exactly. Returns true if it did and its checksum is
    /// correct.
    ///
    /// Bytes after the end of the stream are ignored.
    pub fn exact(&mut self, input: &[u8], out: &mut [u8]) -> bool {
        self.exact.zlib_decompress(input, out) == Ok(out.len())
    }

    /// Inflates a damaged stream and returns the number of bytes written to `out` before the
    /// damage.
    pub fn readable(&mut self, input: &[u8], out: &mut [u8]) -> usize {
        self.stream.reset(true);
        // The bytes that were written before an error still count.
        while let Ok(status) = self.step(input, out) {
            if status != flate2::Status::Ok || self.written() == out.len() {
                break;
            }
        }
        self.written().min(out.len())
    }

    /// The length of the stream at the start of `input`, and its inflated length; `None` if it is
    /// damaged or truncated.
    pub fn measure(&mut self, input: &[u8], scratch: &mut [u8]) -> Option<(usize, u64)> {
        self.stream.reset(true);
        loop {
            let read = usize::try_from(self.stream.total_in()).ok()?;
            let written = self.stream.total_out();
            let rest = input.get(read..)?;
            match self.stream.decompress(rest, scratch, FlushDecompress::None).ok()? {
                flate2::Status::StreamEnd => {
                    let read = usize::try_from(self.stream.total_in()).ok()?;
                    return Some((read, self.stream.total_out()));
                }
                _ if self.stream.total_out() == written && rest.is_empty() => return None,
                _ if self.stream.total_out() == written
                    && self.stream.total_in() == read as u64 =>
                {
                    return None;
                }
                _ => {}
            }
        }
    }

    fn step(
        &mut self,
        input: &[u8],
        out: &mut [u8],
    ) -> Result<flate2::Status, flate2::DecompressError> {
        let read = usize::try_from(self.stream.total_in()).unwrap_or(usize::MAX);
        let written = self.written();
        let before = (read, written);
        let status = self.stream.decompress(
            input.get(read..).unwrap_or_default(),
            out.get_mut(written..).unwrap_or_default(),
            FlushDecompress::None,
        )?;
        let after = (usize::try_from(self.stream.total_in()).unwrap_or(usize::MAX), self.written());
        Ok(if before == after { flate2::Status::BufError } else { status })
    }

    fn written(&self) -> usize {
        usize::try_from(self.stream.total_out()).unwrap_or(usize::MAX)
    }
}

/// True if a stream of `compressed` bytes can inflate to `size`. This check keeps a header with a
/// false size from costing memory.
pub fn is_plausible(size: u64, compressed: usize) -> bool {
    size <= (compressed as u64).saturating_mul(MOST)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(bytes).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    fn text() -> Vec<u8> {
        (0..20_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
    }

    #[test]
    fn a_stream_fills_its_buffer_or_is_refused() {
        let text = text();
        let mut packed = deflate(&text);
        packed.extend_from_slice(b"the next entry");
        let mut inflater = Inflater::new();
        let mut out = vec![0; text.len()];
        assert!(inflater.exact(&packed, &mut out));
        assert!(out == text);
        assert!(!inflater.exact(&packed, &mut vec![0; text.len() - 1]));
        assert!(!inflater.exact(&packed, &mut vec![0; text.len() + 1]));
        assert!(!inflater.exact(&packed[..packed.len() / 2], &mut out));
    }

    #[test]
    fn what_stands_before_the_damage_is_read() {
        let text = text();
        let packed = deflate(&text);
        let mut inflater = Inflater::new();
        let mut out = vec![0; text.len()];
        let read = inflater.readable(&packed[..packed.len() / 2], &mut out);
        assert!(read > text.len() / 3, "{read} of {}", text.len());
        assert!(out[..read] == text[..read]);
    }

    #[test]
    fn a_stream_tells_where_it_ends() {
        let text = text();
        let mut packed = deflate(&text);
        let len = packed.len();
        packed.extend_from_slice(b"the next entry");
        let mut inflater = Inflater::new();
        let mut scratch = vec![0; 1000];
        assert_eq!(inflater.measure(&packed, &mut scratch), Some((len, text.len() as u64)));
        assert_eq!(inflater.measure(&packed[..len - 1], &mut scratch), None);
    }

    #[test]
    fn zeros_reach_the_ratio_that_a_header_may_claim() {
        let zeros = vec![0; 1 << 20];
        let packed = deflate(&zeros);
        assert!(is_plausible(1 << 20, packed.len()));
        assert!(!is_plausible(1 << 40, packed.len()));
    }
}
