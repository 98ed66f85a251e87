//! Loose objects of git: a repository that lies in an image or a tarball keeps its newest ones so.

use std::io::Read as _;

use flate2::bufread::ZlibDecoder;

use super::input::Input;
use super::{Fault, Members};

/// Letters of the longest kind, and the beginning of a size.
const SHOWN: usize = 8;

/// Whether a text is an object: it begins with `blob 123` once it is inflated.
pub(super) fn is_one(head: &[u8]) -> bool {
    let (Some(&method), Some(&flags)) = (head.first(), head.get(1)) else { return false };
    // RFC 1950 §2.2; most texts are told apart by this.
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

/// Reads it, its header too.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = ZlibDecoder::new(input.packed(members));
    Ok(members.member(b"(object)", &mut stream)?)
}
