//! LZ4 frames: any number, concatenated into one text.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::FrameDecoder;

use super::input::Input;
use super::{Fault, Members};

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let stream = input.packed(members);
    Ok(members.member(b"", &mut decoder(stream))?)
}

/// Decodes the stream.
pub(super) fn decoder(packed: impl BufRead) -> impl Read {
    Frames { decoder: FrameDecoder::new(packed) }
}

/// Reads consecutive frames: the decoder stops after each.
struct Frames<R: Read> {
    decoder: FrameDecoder<R>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoder.read(out)?;
            if count > 0 || out.is_empty() || self.decoder.get_mut().fill_buf()?.is_empty() {
                return Ok(count);
            }
        }
    }
}
