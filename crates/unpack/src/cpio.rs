//! cpio: the new ASCII format, with and without checksums, and the older portable one.

use std::io::Read;

use super::input::Input;
use super::{Fault, Members, fill, skip};

/// The name of the last entry of an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// The layout of headers.
struct Form {
    header: usize,
    radix: u32,
    /// Positions of mode, name length and size.
    mode: (usize, usize),
    name: (usize, usize),
    size: (usize, usize),
    /// Alignment of the header with the name, and of the content.
    align: u64,
}

const NEW: Form =
    Form { header: 110, radix: 16, mode: (14, 8), name: (94, 8), size: (54, 8), align: 4 };
const OLD: Form =
    Form { header: 76, radix: 8, mode: (18, 6), name: (59, 6), size: (65, 11), align: 1 };

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.stream();
    let mut header = [0; 110];
    loop {
        let met = fill(&mut stream, &mut header[..6])?;
        let form = match &header[..met] {
            b"070701" | b"070702" => &NEW,
            b"070707" => &OLD,
            [] => return Err(Fault::broken("it ends without its last entry")),
            _ => return Err(Fault::broken("a header is damaged")),
        };
        stream.read_exact(&mut header[6..form.header])?;
        let number = |(at, length): (usize, usize)| {
            let digits = std::str::from_utf8(&header[at..at + length]).ok();
            digits.and_then(|digits| u64::from_str_radix(digits, form.radix).ok())
        };
        let (Some(mode), Some(length), Some(size)) = (
            number(form.mode),
            number(form.name).filter(|&length| length < 1 << 16),
            number(form.size),
        ) else {
            return Err(Fault::broken("a header is damaged"));
        };
        let mut name = vec![0; usize::try_from(length).expect("below 64 KiB")];
        stream.read_exact(&mut name)?;
        skip(&mut stream, padding(form.header as u64 + length, form.align))?;
        let name = &name[..memchr::memchr(0, &name).unwrap_or(name.len())];
        if name == TRAILER {
            return Ok(());
        }
        let mut bytes = (&mut stream).take(size);
        // Regular files only; links and devices have no content to scan.
        if mode & 0o170_000 == 0o100_000 {
            members.member(name, &mut bytes)?;
        } else {
            members.empty()?;
        }
        let remaining = bytes.limit();
        let padding = padding(size, form.align);
        if skip(&mut stream, remaining + padding)? > padding {
            return Err(Fault::broken("it ends in the middle of a member"));
        }
    }
}

fn padding(length: u64, align: u64) -> u64 {
    length.next_multiple_of(align) - length
}
