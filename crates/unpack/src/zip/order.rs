//! Members of a zip in the order of their local headers, for a zip without its directory, such as a
//! truncated one, and for bytes that the directory does not cover.

use std::io::{BufReader, Read};

use flate2::bufread::DeflateDecoder;

use super::{LOCAL, u16_at, u32_at};
use crate::input::Random;
use crate::{Fault, Members, fill};

/// The signature of a local header.
const SIGNATURE: &[u8] = b"PK\x03\x04";
/// Methods that may be used, and the last version that defines a new one.
const METHODS: [u16; 7] = [0, 8, 9, 12, 14, 93, 95];
const LAST_VERSION: u16 = 63;

/// Reads everything with a local header, then fails because there is no directory.
pub(super) fn read(zip: &Random<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    stretch(zip, 0, zip.len(), members, &|_| true)?;
    Err(Fault::broken("it has no directory: it may be truncated"))
}

/// Reads local headers in a range that the directory does not cover. A self-extracting program
/// contains the same signature, so all parts of a header must be valid.
pub(super) fn gap(
    zip: &Random<'_>,
    from: u64,
    to: u64,
    members: &mut dyn Members,
) -> Result<(), Fault> {
    let is_header = |header: &[u8]| {
        u16_at(header, 4) & 0xff <= LAST_VERSION
            && METHODS.contains(&u16_at(header, 8))
            && u16_at(header, 26) > 0
    };
    stretch(zip, from, to, members, &is_header)
}

fn stretch(
    zip: &Random<'_>,
    from: u64,
    to: u64,
    members: &mut dyn Members,
    is_header: &dyn Fn(&[u8]) -> bool,
) -> Result<(), Fault> {
    let mut at = from;
    while let Some(found) = next(zip, at, to)? {
        at = found + LOCAL;
        if at > to {
            break;
        }
        let mut header = [0; LOCAL as usize];
        zip.read(found, &mut header)?;
        if !is_header(&header) {
            continue;
        }
        let mut name = vec![0; usize::from(u16_at(&header, 26))];
        zip.read(at, &mut name)?;
        at += name.len() as u64 + u64::from(u16_at(&header, 28));
        let (flags, method) = (u16_at(&header, 6), u16_at(&header, 8));
        let packed = u64::from(u32_at(&header, 18));
        let rest = zip.range(at, to.saturating_sub(at));
        if flags & 1 != 0 {
            members.encrypted()?;
        } else if method == 8 {
            // The compressed data mark their own end; the header may not have the size.
            let mut stream = DeflateDecoder::new(BufReader::new(rest));
            members.member(&name, &mut stream)?;
            at += stream.total_in();
        } else if method == 0 {
            members.member(&name, &mut rest.take(packed))?;
            at += packed;
        } else {
            let why = format!("packed by method {method}, and no directory says how long it is");
            members.unread(&name, &why)?;
        }
    }
    Ok(())
}

/// The offset of the next header in a range.
fn next(zip: &Random<'_>, mut at: u64, to: u64) -> Result<Option<u64>, Fault> {
    if at.saturating_add(LOCAL) > to {
        return Ok(None);
    }
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = to.saturating_sub(at).min(buffer.len() as u64);
        let filled = fill(&mut zip.range(at, length), &mut buffer)?;
        if let Some(found) = memchr::memmem::find(&buffer[..filled], SIGNATURE) {
            return Ok(Some(at + found as u64));
        }
        if filled < buffer.len() {
            return Ok(None);
        }
        at += (filled - (SIGNATURE.len() - 1)) as u64;
    }
}
