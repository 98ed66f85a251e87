//! rpm: two headers, then a compressed cpio archive.
//!
//! The headers contain the scripts of the package, as texts separated by NUL bytes.

use std::io::Read;

use super::input::Input;
use super::{Fault, Members, skip};

const LEAD: u64 = 96;
/// Limit in bytes of a header.
const LONGEST: u64 = 256 << 20;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.stream();
    skip(&mut stream, LEAD)?;
    for (name, align) in [(&b"signature"[..], 8), (b"header", 1)] {
        let mut intro = [0; 16];
        stream.read_exact(&mut intro)?;
        if !intro.starts_with(&[0x8e, 0xad, 0xe8]) {
            return Err(Fault::broken("a header is damaged"));
        }
        let number = |at: usize| {
            u64::from(u32::from_be_bytes([intro[at], intro[at + 1], intro[at + 2], intro[at + 3]]))
        };
        let (index, store) = (number(8) * 16, number(12));
        if index + store > LONGEST {
            return Err(Fault::broken("a header is damaged"));
        }
        skip(&mut stream, index)?;
        let mut texts = (&mut stream).take(store);
        members.member(name, &mut texts)?;
        let left = texts.limit();
        skip(&mut stream, left + (store.next_multiple_of(align) - store))?;
    }
    Ok(members.member(b"payload", &mut stream)?)
}
