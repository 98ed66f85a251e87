//! Zstandard (RFC 8878): any number of frames, concatenated into one text.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::input::Input;
use super::{Fault, Members, skip};

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let stream = input.packed(members);
    let window = members.window();
    Ok(members.member(b"", &mut decoder(stream, window))?)
}

/// Decodes Zstandard; `zstd --long` needs a window of 128 MiB.
pub(super) fn decoder(packed: impl BufRead, window: u64) -> impl Read {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(window);
    Frames { packed, decoder, in_frame: false, is_wrong: false }
}

/// Reads consecutive frames.
struct Frames<R> {
    packed: R,
    decoder: FrameDecoder,
    in_frame: bool,
    /// True if a frame's checksum was wrong: the following frames are read before that is reported.
    is_wrong: bool,
}

impl<R: BufRead> Frames<R> {
    /// Starts the next frame; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    skip(&mut self.packed, u64::from(length))?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame {
                if !self.next()? {
                    let why = "the checksum of a frame is wrong";
                    return if self.is_wrong { Err(io::Error::other(why)) } else { Ok(0) };
                }
                self.in_frame = true;
            }
            if self.decoder.can_collect() > 0 || out.is_empty() {
                return self.decoder.read(out);
            }
            if self.decoder.is_finished() {
                self.in_frame = false;
                let stated = self.decoder.get_checksum_from_data();
                self.is_wrong |=
                    stated.is_some() && stated != self.decoder.get_calculated_checksum();
                continue;
            }
            self.decoder
                .decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(io::Error::other)?;
        }
    }
}
