//! LZW in PDF (ISO 32000-1, 7.4.4.2): codes of 9 to 12 bits, the high bit first.

use std::io::{self, BufRead, ErrorKind, Read};

use weezl::decode::Decoder;
use weezl::{BitOrder, LzwError, LzwStatus};

/// The decoded bytes.
pub(super) struct Lzw<R> {
    bytes: R,
    decoder: Decoder,
    /// The reason why the output ended.
    broken: Option<LzwError>,
}

impl<R: BufRead> Lzw<R> {
    /// With `early`, codes grow by a bit one code early, as in TIFF.
    pub(super) fn new(bytes: R, early: bool) -> Self {
        let of = if early { Decoder::with_tiff_size_switch } else { Decoder::new };
        Self { bytes, decoder: of(BitOrder::Msb, 8), broken: None }
    }
}

impl<R: BufRead> Read for Lzw<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(error) = self.broken {
                return Err(io::Error::new(ErrorKind::InvalidData, error.to_string()));
            }
            let packed = self.bytes.fill_buf()?;
            let is_last = packed.is_empty();
            let step = self.decoder.decode_bytes(packed, out);
            self.bytes.consume(step.consumed_in);
            let has_more = match step.status {
                Ok(LzwStatus::Ok) => true,
                // A truncated stream ends, and so does one that yields nothing more.
                Ok(LzwStatus::NoProgress) => step.consumed_in > 0 && !is_last,
                Ok(LzwStatus::Done) => false,
                Err(error) => {
                    self.broken = Some(error);
                    true
                }
            };
            if step.consumed_out > 0 || out.is_empty() || !has_more {
                return Ok(step.consumed_out);
            }
        }
    }
}
