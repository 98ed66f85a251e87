//! Loose objects of git: a repository in an image or a tarball stores its newest objects this way.

use std::io::Read as _;

use flate2::bufread::ZlibDecoder;

use super::input::Input;
use super::{Fault, Members};

/// Length of the longest kind, and the beginning of a size.
const SHOWN: usize = 8;

/// True if a text is a loose object: it starts with a header such as `blob 123` once it is
/// inflated.
pub(super) fn is_one(head: &[u8]) -> bool {
    let (Some(&method), Some(&flags)) = (head.first(), head.get(1)) else { return false };
    // RFC 1950 §2.2; this rules out most texts.
    if method & 0x8f != 8 || (u16::from(method) << 8 | u16::from(flags)) % 31 != 0 {
        return false;
    }
    let mut shown = [0; SHOWN];
    let kinds: [&[u8]; 4] = [b"blob ", b"commit ", b"tag ", b"tree "];
    ZlibDecoder::new(head).read_exact(&mut shown).is_ok()
        && kinds.iter().any(|kind| {
            let size = shown.strip_prefix(*kind);
            size.and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit)
        })
}

/// Reads the object, including its header.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = ZlibDecoder::new(input.packed(members));
    Ok(members.member(b"(object)", &mut stream)?)
}
