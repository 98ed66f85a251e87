//! bzip2: any number of streams, concatenated into one text.

use std::io::{BufRead, Read};

use ::bzip2::bufread::MultiBzDecoder;

use super::input::Input;
use super::{Fault, Members};

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let stream = input.packed(members);
    Ok(members.member(b"", &mut decoder(stream))?)
}

/// Decodes the stream.
pub(super) fn decoder(packed: impl BufRead) -> impl Read {
    MultiBzDecoder::new(packed)
}
