//! ar: libraries and Debian packages.

use std::io::Read;

use super::input::Input;
use super::{Fault, Members, fill, skip};

const HEADER: usize = 60;
/// Limit in bytes of the table of long names.
const NAMES: u64 = 1 << 20;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.stream();
    skip(&mut stream, 8)?;
    let mut names = Vec::new();
    let mut header = [0; HEADER];
    loop {
        match fill(&mut stream, &mut header)? {
            0 => return Ok(()),
            HEADER if header.ends_with(b"`\n") => {}
            _ => return Err(Fault::broken("a header is damaged")),
        }
        let size = decimal(&header[48..58]).ok_or_else(|| Fault::broken("a size is damaged"))?;
        let field = header[..16].trim_ascii_end();
        let mut bytes = (&mut stream).take(size);
        if field == b"//" {
            names.clear();
            (&mut bytes).take(NAMES).read_to_end(&mut names)?;
        } else if let Some(length) = field.strip_prefix(b"#1/") {
            // BSD stores a long name before the content.
            let length = decimal(length).filter(|&length| length <= size.min(NAMES));
            let mut name = Vec::new();
            (&mut bytes).take(length.unwrap_or(0)).read_to_end(&mut name)?;
            let end = memchr::memchr(0, &name).unwrap_or(name.len());
            members.member(&name[..end], &mut bytes)?;
        } else {
            members.member(&name(field, &names), &mut bytes)?;
        }
        let remaining = bytes.limit();
        if skip(&mut stream, remaining + (size & 1))? > size & 1 {
            return Err(Fault::broken("it ends in the middle of a member"));
        }
    }
}

/// A member's name: its own, terminated by a slash, or `/12`, an offset in the table of long names.
fn name(field: &[u8], names: &[u8]) -> Vec<u8> {
    let long = field.strip_prefix(b"/").and_then(decimal).and_then(|at| {
        let rest = names.get(usize::try_from(at).ok()?..)?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        Some(&rest[..end])
    });
    let name = long.unwrap_or(field);
    name.strip_suffix(b"/").filter(|name| !name.is_empty()).unwrap_or(name).to_vec()
}

/// A decimal number padded with spaces.
fn decimal(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.trim_end().parse().ok()
}
