//! tar: POSIX (ustar, pax), GNU and the older format.
//!
//! Links, folders and devices have no content. Every entry is read: a later entry of the same name,
//! or a whiteout of a container image, hides nothing.

use std::io::Read;

use super::input::Input;
use super::{Fault, Members, fill, skip};

const BLOCK: usize = 512;
/// Limit in bytes of a name or of a pax header; longer ones are skipped.
const LONGEST: u64 = 1 << 20;

/// True if the checksum in a header is right, over signed or unsigned bytes.
pub(super) fn has_checksum(header: &[u8]) -> bool {
    let Some(stated) = octal(&header[148..156]) else { return false };
    let bytes = || {
        let outside = |at: &usize| !(148..156).contains(at);
        (0..BLOCK).map(move |at| if outside(&at) { header[at] } else { b' ' })
    };
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.stream();
    let mut header = [0; BLOCK];
    let mut next = Named::default();
    let mut at = 0;
    let mut ended = false;
    loop {
        match fill(&mut stream, &mut header)? {
            0 => return Ok(()),
            BLOCK => {}
            _ => return Err(Fault::broken("it ends in the middle of a header")),
        }
        at += BLOCK as u64;
        // Two zero blocks end an archive, but another archive may be appended.
        if header.iter().all(|&byte| byte == 0) {
            ended = true;
            continue;
        }
        if !has_checksum(&header) {
            // Tapes are padded with any bytes after the end.
            if ended {
                return Ok(());
            }
            let why = format!("the header at byte {} is damaged", at - BLOCK as u64);
            return Err(Fault::Broken(why));
        }
        let size = match next.size.take() {
            Some(size) => size,
            None => number(&header[124..136]).ok_or_else(|| Fault::broken("a size is damaged"))?,
        };
        let padded = size.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64);
        let kind = header[156];
        match kind {
            b'x' | b'L' | b'g' => {
                let text = small(&mut stream, size, padded)?;
                match kind {
                    b'x' => next.pax(&text),
                    b'L' => next.name = Some(until_nul(&text).to_vec()),
                    _ => {}
                }
            }
            // Folders, links and devices: some tools write a size for them, but no content.
            b'1'..=b'6' => {
                members.empty()?;
                next = Named::default();
                continue;
            }
            _ => {
                if kind == b'S' {
                    sparse(&mut stream, &header)?;
                }
                let name = next.name.take().unwrap_or_else(|| name(&header));
                let mut bytes = (&mut stream).take(size);
                members.member(&name, &mut bytes)?;
                let left = bytes.limit();
                let short = skip(&mut stream, left + (padded - size))?;
                if short > padded - size {
                    let why = "it ends in the middle of a member, or the member's size is wrong";
                    return Err(Fault::broken(why));
                }
                next = Named::default();
            }
        }
        // These bytes were read, so the sum fits.
        at += padded;
    }
}

/// The settings of headers before an entry.
#[derive(Default)]
struct Named {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Named {
    /// Parses lines such as `30 path=some/name\n` (POSIX.1-2001, pax).
    fn pax(&mut self, mut text: &[u8]) {
        while let Some(space) = memchr::memchr(b' ', text) {
            let length = std::str::from_utf8(&text[..space]).ok().and_then(|len| len.parse().ok());
            let Some(record) = length.and_then(|length: usize| text.get(space + 1..length)) else {
                return;
            };
            text = &text[space + 1 + record.len()..];
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(path) = record.strip_prefix(b"path=") {
                self.name = Some(path.to_vec());
            } else if let Some(path) = record.strip_prefix(b"GNU.sparse.name=") {
                self.name = Some(path.to_vec());
            } else if let Some(size) = record.strip_prefix(b"size=") {
                self.size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
            }
        }
    }
}

/// The text of a header; empty if it is too long.
fn small(stream: &mut impl Read, size: u64, padded: u64) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    if size <= LONGEST {
        stream.take(size).read_to_end(&mut text)?;
    }
    if skip(stream, padded - text.len() as u64)? > 0 {
        return Err(Fault::broken("it ends in the middle of a header"));
    }
    Ok(text)
}

/// Skips the additional blocks with GNU's map of a sparse file.
fn sparse(stream: &mut impl Read, header: &[u8; BLOCK]) -> Result<(), Fault> {
    let mut more = header[482];
    let mut block = [0; BLOCK];
    while more != 0 {
        if fill(stream, &mut block)? < BLOCK {
            return Err(Fault::broken("it ends in the middle of a header"));
        }
        more = block[504];
    }
    Ok(())
}

fn name(header: &[u8; BLOCK]) -> Vec<u8> {
    let name = until_nul(&header[..100]);
    let prefix = until_nul(&header[345..500]);
    if &header[257..263] == b"ustar\0" && !prefix.is_empty() {
        return [prefix, b"/", name].concat();
    }
    name.to_vec()
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    memchr::memchr(0, bytes).map_or(bytes, |end| &bytes[..end])
}

/// A number in octal digits or, for large numbers of GNU, in base 256.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 == 0 {
        return octal(field);
    }
    let first = u64::from(field[0] & 0x7f);
    field[1..].iter().try_fold(first, |number, &byte| {
        number.checked_mul(256).map(|number| number | u64::from(byte))
    })
}

/// A number in octal digits, with spaces before it and a space or NUL after it.
fn octal(field: &[u8]) -> Option<u64> {
    let text = field.trim_ascii_start();
    let end = text.iter().position(|byte| !matches!(byte, b'0'..=b'7')).unwrap_or(text.len());
    if text[end..].first().is_some_and(|byte| !matches!(byte, 0 | b' ')) {
        return None;
    }
    text[..end].iter().try_fold(0u64, |number, digit| {
        number.checked_mul(8).map(|number| number + u64::from(digit - b'0'))
    })
}
