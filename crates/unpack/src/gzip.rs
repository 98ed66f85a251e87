//! gzip (RFC 1952): any number of members, concatenated into one text.

use flate2::bufread::MultiGzDecoder;

use super::input::{Input, Packed};
use super::{Fault, Members};

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let name = name(input.head).unwrap_or_default();
    if input.whole {
        let mut stream = MultiGzDecoder::new(Packed::new(input.head, members));
        return Ok(members.member(&name, &mut stream)?);
    }
    let mut stream = MultiGzDecoder::new(input.packed(members));
    Ok(members.member(&name, &mut stream)?)
}

/// The file name in the header.
fn name(head: &[u8]) -> Option<Vec<u8>> {
    let flags = *head.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        let length = head.get(at..at + 2)?;
        at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
    }
    if flags & 8 == 0 {
        return None;
    }
    let rest = head.get(at..)?;
    let end = memchr::memchr(0, rest.get(..rest.len().min(4096))?)?;
    Some(rest[..end].to_vec())
}
