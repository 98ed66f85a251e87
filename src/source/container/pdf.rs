//! PDF: the streams that deflate packed, and the text that pages show.
//!
//! A page shows text in pieces, between which letters are moved: they are joined, a line of text a
//! line. What fonts show by the numbers of their glyphs is not text here.

use std::io::{BufReader, Read};

use flate2::bufread::ZlibDecoder;

use super::input::{Input, Random};
use super::{Fault, Members, fill};

/// Bytes before a stream in which its dictionary is looked for.
const DICTIONARY: usize = 4 << 10;
/// Bytes of a page whose text is joined; the rest is scanned as it stands.
const PAGE: usize = 16 << 20;
/// Bytes that are searched at a time.
const CHUNK: usize = 1 << 20;

/// Reads it.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let pdf = input.random()?;
    let mut buffer = vec![0; CHUNK];
    let mut from = 0u64;
    loop {
        let filled = fill(&mut pdf.range(from, CHUNK as u64), &mut buffer)?;
        let chunk = &buffer[..filled];
        let mut behind = 0;
        for at in memchr::memmem::find_iter(chunk, b"stream") {
            // The next chunk begins before it with its dictionary.
            if at + 16 > filled && filled == CHUNK || at < behind {
                continue;
            }
            let dictionary = &chunk[at.saturating_sub(DICTIONARY)..at];
            let Some(name) = deflated(dictionary) else { continue };
            let line = chunk[at + 6..].iter().take(2).take_while(|byte| b"\r\n".contains(byte));
            let start = at + 6 + line.count();
            if start > at + 6 {
                let used = stream(&pdf, from + start as u64, &name, members)?;
                behind = start.saturating_add(usize::try_from(used).unwrap_or(usize::MAX));
            }
        }
        if filled < CHUNK {
            return Ok(());
        }
        // A long stream is passed over, but for what may be the dictionary before the next.
        let next = from + (filled - DICTIONARY - 16) as u64;
        from = next.max((from + behind as u64).saturating_sub(DICTIONARY as u64)).min(pdf.len());
    }
}

/// Reads a stream; gives how many packed bytes it takes.
fn stream(pdf: &Random<'_>, at: u64, name: &[u8], members: &mut dyn Members) -> Result<u64, Fault> {
    let mut unpacked = ZlibDecoder::new(BufReader::new(pdf.range(at, u64::MAX)));
    let mut page = Vec::new();
    // What is damaged is read as far as it goes.
    let broken = (&mut unpacked).take(PAGE as u64).read_to_end(&mut page).err();
    if shows_text(&page) {
        page = text(&page);
    }
    if let Some(error) = broken {
        members.member(name, &mut page.as_slice())?;
        if page.is_empty() {
            return Ok(0);
        }
        members.unread(name, &format!("it could be read in part: {error}"))?;
    } else {
        members.member(name, &mut page.as_slice().chain(&mut unpacked))?;
    }
    Ok(unpacked.total_in())
}

/// The name of the object whose dictionary ends here, if deflate alone packed its stream.
fn deflated(before: &[u8]) -> Option<Vec<u8>> {
    let start = memchr::memmem::rfind(before, b"obj")?;
    let dictionary = &before[start..];
    let filters = memchr::memmem::find(dictionary, b"/Filter")?;
    let rest = dictionary[filters + 7..].trim_ascii_start();
    let rest = rest.strip_prefix(b"[").unwrap_or(rest).trim_ascii_start();
    let rest = rest.strip_prefix(b"/FlateDecode").or_else(|| rest.strip_prefix(b"/Fl"))?;
    let is_image = memchr::memmem::find(dictionary, b"/Image").is_some();
    if rest.trim_ascii_start().starts_with(b"/") && is_image {
        return None;
    }
    let number = before[..start].rsplit(|byte| !byte.is_ascii_digit() && *byte != b' ').next()?;
    let number = number.trim_ascii().split(|&byte| byte == b' ').next()?;
    Some([b"object ", number].concat())
}

/// Whether a stream is a page: an operator that shows text stands behind a string or an array. In
/// other streams, such as attached files, the same two letters are nothing.
fn shows_text(stream: &[u8]) -> bool {
    let mut shows =
        memchr::memmem::find_iter(stream, b"Tj").chain(memchr::memmem::find_iter(stream, b"TJ"));
    shows.any(|at| matches!(stream[..at].trim_ascii_end().last(), Some(b')' | b']' | b'>')))
}

/// The text that a page shows.
fn text(page: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut at = 0;
    while let Some(&byte) = page.get(at) {
        at += 1;
        match byte {
            b'(' => at = literal(page, at, &mut text),
            b'<' if page.get(at) != Some(&b'<') => at = hexadecimal(page, at, &mut text),
            // Between pieces of one array a wide gap stands for a space.
            b'-' | b'0'..=b'9' => {
                let end =
                    page[at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
                let end = at + end.count();
                let wide = byte == b'-'
                    && end - at >= 3
                    && page[at..end].iter().take(3).all(u8::is_ascii_digit);
                let in_array =
                    page[end..].trim_ascii_start().first().is_some_and(|next| b"(<".contains(next));
                if wide && in_array {
                    text.push(b' ');
                }
                at = end;
            }
            b'T' if matches!(page.get(at), Some(b'd' | b'D' | b'*' | b'm')) => text.push(b'\n'),
            b'\'' | b'"' => text.push(b'\n'),
            b'E' if page[at..].starts_with(b"T") => text.push(b'\n'),
            _ => {}
        }
    }
    text
}

/// A string in parentheses (ISO 32000-1, 7.3.4.2).
fn literal(page: &[u8], mut at: usize, text: &mut Vec<u8>) -> usize {
    let mut open = 1;
    while let Some(&byte) = page.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                let Some(&escaped) = page.get(at) else { break };
                at += 1;
                match escaped {
                    b'n' | b'r' => text.push(b'\n'),
                    b't' => text.push(b'\t'),
                    b'\n' | b'\r' => {}
                    b'0'..=b'7' => {
                        let more = page[at..]
                            .iter()
                            .take(2)
                            .take_while(|byte| matches!(byte, b'0'..=b'7'));
                        let end = at + more.count();
                        let code = page[at - 1..end]
                            .iter()
                            .fold(0u32, |code, digit| code * 8 + u32::from(digit - b'0'));
                        text.push((code & 0xff) as u8);
                        at = end;
                    }
                    other => text.push(other),
                }
                continue;
            }
            b'(' => open += 1,
            b')' => {
                open -= 1;
                if open == 0 {
                    break;
                }
            }
            _ => {}
        }
        text.push(byte);
    }
    at
}

/// A string of hexadecimal digits (7.3.4.3); a high byte of zero is that of a wide code. What is no
/// such string, as in the bytes of an image, hides nothing of what follows.
fn hexadecimal(page: &[u8], at: usize, text: &mut Vec<u8>) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace();
    let length = page[at..].iter().take_while(is_part).count();
    if page.get(at + length) != Some(&b'>') {
        return at;
    }
    let digits = page[at..at + length].iter().filter_map(|&digit| char::from(digit).to_digit(16));
    let digits: Vec<u32> = digits.collect();
    let bytes = digits.chunks(2).map(|pair| (pair[0] << 4 | pair.get(1).unwrap_or(&0)) as u8);
    text.extend(bytes.filter(|&byte| byte != 0));
    at + length + 1
}
