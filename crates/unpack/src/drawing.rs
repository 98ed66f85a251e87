//! Drawings: the texts of SVG, whose pieces are joined into lines, and the pages of draw.io, which
//! are compressed with deflate and encoded in base64.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::bufread::DeflateDecoder;
use memchr::memmem;

use super::input::Input;
use super::{Fault, Members};

/// Bytes at the start of a text that are searched for the tags of a drawing.
const SHOWN: usize = 4096;
/// Limit in bytes; the bytes after it are scanned unchanged.
const LARGEST: u64 = 64 << 20;

fn begins(head: &[u8], tag: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    start.starts_with(b"<") && memmem::find(&start[..start.len().min(SHOWN)], tag).is_some()
}

/// True if a text is an SVG with texts in pieces.
pub(super) fn is_svg(head: &[u8]) -> bool {
    begins(head, b"<svg") && memmem::find(head, b"<tspan").is_some()
}

/// True if a text is a draw.io drawing.
pub(super) fn is_drawio(head: &[u8]) -> bool {
    begins(head, b"<mxfile")
}

fn whole(input: Input<'_>, members: &mut dyn Members) -> Result<Vec<u8>, Fault> {
    let bytes = input.random()?;
    let length = bytes.len().min(LARGEST);
    members.hold(3 * length)?;
    let mut all = Vec::new();
    bytes.range(0, length).read_to_end(&mut all)?;
    Ok(all)
}

/// Extracts the texts of an SVG.
pub(super) fn read_svg(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let text = texts(&whole(input, members)?);
    Ok(members.member(b"(text)", &mut text.as_slice())?)
}

/// The content of the `text` elements, one per line; a piece that moves down starts a new line.
fn texts(svg: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut rest = svg;
    let mut within = false;
    while let Some(open) = memchr::memchr(b'<', rest) {
        if within {
            lines.extend(rest[..open].iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }));
        }
        let tag = &rest[open..];
        let end = memchr::memchr(b'>', tag).map_or(tag.len(), |end| end + 1);
        let tag = &tag[..end];
        let has = |name: &[u8]| memmem::find(tag, name).is_some();
        if tag.starts_with(b"<text") && !tag.ends_with(b"/>") {
            within = true;
        } else if tag.starts_with(b"</text") {
            within = false;
            lines.push(b'\n');
        } else if tag.starts_with(b"<tspan") && (has(b" dy=") || has(b" y=")) {
            lines.push(b'\n');
        } else if tag.starts_with(b"<tspan") && has(b" x=") {
            lines.push(b'\t');
        }
        rest = &rest[open + end..];
    }
    lines
}

/// Unpacks the pages of a draw.io drawing; uncompressed pages are scanned as text.
pub(super) fn read_drawio(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = whole(input, members)?;
    let mut rest = bytes.as_slice();
    while let Some(at) = memmem::find(rest, b"<diagram") {
        rest = &rest[at + 8..];
        let Some(open) = memchr::memchr(b'>', rest) else { break };
        rest = &rest[open + 1..];
        let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
        let Ok(packed) = STANDARD.decode(rest[..length].trim_ascii()) else { continue };
        if !packed.is_empty() {
            members.member(b"(page)", &mut DeflateDecoder::new(packed.as_slice()))?;
        }
        rest = &rest[length..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::texts;

    #[test]
    fn pieces_of_a_text_are_one_line() {
        for (svg, expected) in [
            ("<svg><text><tspan>a=</tspan><tspan>b</tspan></text><text>c</text></svg>", "a=b\nc\n"),
            ("<svg><text><tspan x='1'>a</tspan><tspan x='9'>b</tspan></text></svg>", "\ta\tb\n"),
            ("<text><tspan x='1' dy='2'>a</tspan><tspan dy='2'>b</tspan></text>", "\na\nb\n"),
            ("<title>t</title><text/>u<text>a\nb</text>v", "a b\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&texts(svg.as_bytes())), expected, "{svg}");
        }
    }
}
