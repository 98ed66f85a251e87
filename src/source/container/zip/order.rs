//! A zip without its directory, as one that was cut: members in the order of their headers.

use std::io::{BufReader, Read};

use flate2::bufread::DeflateDecoder;

use super::{LOCAL, u16_at, u32_at};
use crate::source::container::input::Random;
use crate::source::container::{Fault, Members, fill};

/// What begins a member's header.
const SIGNATURE: &[u8] = b"PK\x03\x04";

/// Reads what has a header, and ends with the fault that there is no directory.
pub(super) fn read(zip: &Random<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut at = 0;
    while let Some(found) = next(zip, at)? {
        at = found + LOCAL;
        let mut header = [0; LOCAL as usize];
        zip.read(found, &mut header)?;
        let mut name = vec![0; usize::from(u16_at(&header, 26))];
        zip.read(at, &mut name)?;
        at += name.len() as u64 + u64::from(u16_at(&header, 28));
        let (flags, method) = (u16_at(&header, 6), u16_at(&header, 8));
        let packed = u64::from(u32_at(&header, 18));
        let rest = zip.range(at, u64::MAX);
        if flags & 1 != 0 {
            members.encrypted()?;
        } else if method == 8 {
            // Where it ends it says itself; the header may not know.
            let mut stream = DeflateDecoder::new(BufReader::new(rest));
            members.member(&name, &mut stream)?;
            at += stream.total_in();
        } else if method == 0 {
            members.member(&name, &mut rest.take(packed))?;
            at += packed;
        } else {
            members.unread(&name, &"not read: the zip has lost its directory")?;
        }
    }
    Err(Fault::broken("it has no directory, as one that was cut off"))
}

/// The place of the next header from `at` on.
fn next(zip: &Random<'_>, mut at: u64) -> Result<Option<u64>, Fault> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let filled = fill(&mut zip.range(at, buffer.len() as u64), &mut buffer)?;
        if let Some(found) = memchr::memmem::find(&buffer[..filled], SIGNATURE) {
            return Ok(Some(at + found as u64));
        }
        if filled < buffer.len() {
            return Ok(None);
        }
        at += (filled - (SIGNATURE.len() - 1)) as u64;
    }
}
