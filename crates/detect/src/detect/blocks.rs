//! Blocks that declare their own encoding: uuencode, Ascii85, base85 in code that decodes it, and
//! the literals of `git diff --binary`.

use std::io::Read as _;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::finding::Encoding;

use super::decode::{self, Decoded};

/// Maximum number of bytes of a block that are read.
const REACH: usize = 4 * 1024 * 1024;
/// Minimum number of characters of a string that is tried.
const SHORTEST: usize = 25;

/// The digits of base 85: those of git and Python (RFC 1924), and those of ZeroMQ (RFC 32/Z85).
const RFC_1924: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Bytes of a text in which a block may begin without an announcement.
const HEAD: usize = 512;

/// The place in the first lines of a text where a block begins.
pub(super) fn opens(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"<~") {
        return Some(0);
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    BEGIN
        .find_iter(head)
        .find(|&at| (at == 0 || bytes[at - 1] == b'\n') && uu_header(&bytes[at..]).is_some())
}

/// The first word of a block of uuencode. Every text is searched for it, and to compile a search costs
/// more than to search a short text.
static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("begin "));

/// True if a text is a drawing of draw.io.
pub(super) fn is_drawing(bytes: &[u8]) -> bool {
    bytes.starts_with(b"<mxfile")
}

/// The pages of a drawing, in base64, and the packed content of each: deflate without a header.
pub(super) fn pages(bytes: &[u8]) -> Vec<(Decoded, Decoded)> {
    let mut pages = Vec::new();
    for at in memchr::memmem::find_iter(bytes, b"<diagram").take(MOST_STRINGS) {
        let near = &bytes[at..bytes.len().min(at + 400)];
        let Some(start) = memchr::memchr(b'>', near).map(|len| at + len + 1) else { continue };
        let len = bytes[start..].iter().take_while(|byte| **byte != b'<').count();
        let Some(outer) = (len >= SHORTEST).then(|| decode::base64(bytes, start, 0)).flatten()
        else {
            continue;
        };
        let mut text = Vec::new();
        let packed = flate2::read::DeflateDecoder::new(&*outer.text);
        // A damaged stream gives the bytes that can be read.
        let _ = packed.take(REACH as u64).read_to_end(&mut text);
        let run = 0..outer.text.len();
        let encoding = Some(Encoding::Deflate);
        pages.push((outer, Decoded { text, encoding, run, letters: vec![], unit: (1, 1) }));
    }
    pages
}

/// The blocks that begin in a stretch of a text.
pub(super) fn within(bytes: &[u8], stretch: &Range<usize>) -> Vec<Decoded> {
    let text = &bytes[stretch.clone()];
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text, b"begin ") {
        let start = stretch.start + at;
        if start == 0 || bytes[start - 1] == b'\n' {
            found.extend(uuencoded(bytes, start));
        }
    }
    for at in memchr::memmem::find_iter(text, b"<~").take(MOST_STRINGS) {
        found.extend(ascii85(bytes, stretch.start + at));
    }
    if memchr::memmem::find(text, b"85").is_some() {
        found.extend(strings(bytes, stretch));
    }
    found
}

/// The decoded content of a block. Each byte has the place of the characters that encode it.
#[derive(Default)]
struct Block {
    text: Vec<u8>,
    letters: Vec<(u32, u8)>,
}

impl Block {
    /// The block as text; `None` if it is not text.
    fn readable(self, encoding: Encoding, run: Range<usize>) -> Option<Decoded> {
        let taste = &self.text[..self.text.len().min(64)];
        if taste.is_empty() || !decode::is_text(taste) {
            return None;
        }
        let letters = self.letters;
        Some(Decoded { text: self.text, encoding: Some(encoding), run, letters, unit: (1, 1) })
    }
}

/// The length of the line `begin MODE NAME`.
fn uu_header(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"begin ")?;
    let mode = rest.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let line = memchr::memchr(b'\n', &rest[..rest.len().min(300)])?;
    (matches!(mode, 3 | 4) && rest[mode] == b' ').then_some(b"begin ".len() + line + 1)
}

/// The block of uuencode whose first line begins at `start` (POSIX, `uuencode`).
fn uuencoded(bytes: &[u8], start: usize) -> Option<Decoded> {
    let mut at = start + uu_header(&bytes[start..])?;
    let first = at;
    let ceiling = bytes.len().min(at + REACH);
    let mut block = Block::default();
    while at < ceiling {
        let end = memchr::memchr(b'\n', &bytes[at..ceiling]).map_or(ceiling, |len| at + len);
        let line = bytes[at..end].strip_suffix(b"\r").unwrap_or(&bytes[at..end]);
        let Some((&count, body)) = line.split_first() else { break };
        let len = usize::from(count.wrapping_sub(b' ') & 0x3f);
        if len == 0 || !(b' '..=b'`').contains(&count) {
            break;
        }
        // Blanks at the end of a line may be lost.
        let bits = |index: usize| body.get(index).map_or(0, |byte| byte.wrapping_sub(b' ') & 0x3f);
        for byte in 0..len {
            let (high, low) = (bits(byte * 8 / 6), bits(byte * 8 / 6 + 1));
            block.text.push(match byte % 3 {
                0 => high << 2 | low >> 4,
                1 => high << 4 | low >> 2,
                _ => high << 6 | low,
            });
            block.letters.push(((at + 1 + byte * 8 / 6 - first) as u32, 2));
        }
        at = end + 1;
    }
    block.readable(Encoding::Uuencode, first..at.min(bytes.len()))
}

/// The block between `<~`, at `start`, and `~>`, as written by btoa and PostScript.
fn ascii85(bytes: &[u8], start: usize) -> Option<Decoded> {
    let first = start + 2;
    let body = &bytes[first..bytes.len().min(first + REACH)];
    let digit = |byte: u8| (b'!'..=b'u').contains(&byte).then(|| byte - b'!');
    let ends = body
        .iter()
        .position(|&byte| digit(byte).is_none() && byte != b'z' && !byte.is_ascii_whitespace())?;
    if ends < SHORTEST || !body[ends..].starts_with(b"~>") {
        return None;
    }
    let block = base85(&body[..ends], digit, Some(b'z'))?;
    block.readable(Encoding::Base85, first..first + ends)
}

/// Maximum number of strings of a stretch that are tried.
const MOST_STRINGS: usize = 32;

/// Strings of base85, if a name such as `b85decode` announces them.
fn strings(bytes: &[u8], stretch: &Range<usize>) -> Vec<Decoded> {
    let text = &bytes[stretch.clone()];
    let names: [&[u8]; 8] = [b"b", b"B", b"ase", b"ASE", b"a", b"A", b"scii", b"SCII"];
    let (mut is_named, mut is_z85) = (false, false);
    for at in memchr::memmem::find_iter(text, b"85") {
        let before = &text[..at];
        is_z85 |= before.ends_with(b"z") || before.ends_with(b"Z");
        is_named |= names.iter().any(|name| before.ends_with(name));
    }
    if !is_z85 && !is_named {
        return vec![];
    }
    let value = |alphabet: &[u8; 85]| {
        let mut values = [None; 256];
        alphabet
            .iter()
            .enumerate()
            .for_each(|(at, &one)| values[usize::from(one)] = Some(at as u8));
        values
    };
    let (rfc, z85) = (value(RFC_1924), value(Z85));
    let mut found = Vec::new();
    let mut settled = 0;
    for at in memchr::memchr2_iter(b'"', b'\'', text).take(8 * MOST_STRINGS) {
        let start = stretch.start + at + 1;
        if start < settled || found.len() == MOST_STRINGS {
            continue;
        }
        let body = &bytes[start..bytes.len().min(start + REACH)];
        let Some(len) = memchr::memchr2(bytes[start - 1], b'\n', body) else { continue };
        let string = &body[..len];
        if len < SHORTEST || body[len] == b'\n' {
            continue;
        }
        let ascii = |byte: u8| (b'!'..=b'u').contains(&byte).then(|| byte - b'!');
        let block =
            (if is_z85 { base85(string, |byte| z85[usize::from(byte)], None) } else { None })
                .or_else(|| base85(string, |byte| rfc[usize::from(byte)], None))
                .and_then(|block| block.readable(Encoding::Base85, start..start + len))
                .or_else(|| {
                    let block = base85(string, ascii, Some(b'z'))?;
                    block.readable(Encoding::Base85, start..start + len)
                });
        if let Some(block) = block {
            settled = start + len;
            found.push(block);
        }
    }
    found
}

/// Decodes digits of base 85, five for four bytes; `zeros` represents four zero bytes. `None` if
/// there are other characters among them.
fn base85(text: &[u8], digit: impl Fn(u8) -> Option<u8>, zeros: Option<u8>) -> Option<Block> {
    let mut block = Block::default();
    let mut group: Vec<(u8, usize)> = Vec::with_capacity(5);
    for (at, &byte) in text.iter().enumerate() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        if zeros == Some(byte) && group.is_empty() {
            block.text.extend([0; 4]);
            block.letters.extend([(at as u32, 1); 4]);
            continue;
        }
        group.push((digit(byte)?, at));
        if group.len() == 5 {
            four(&group, &mut block)?;
            group.clear();
        }
    }
    match group.len() {
        0 => {}
        1 => return None,
        _ => four(&group, &mut block)?,
    }
    Some(block)
}

/// Adds the bytes of up to five digits; missing digits count as the largest.
fn four(group: &[(u8, usize)], block: &mut Block) -> Option<()> {
    let digits = group.iter().map(|(digit, _)| *digit).chain(std::iter::repeat(84)).take(5);
    let number = digits.fold(0_u64, |sum, digit| sum * 85 + u64::from(digit));
    let number = u32::try_from(number).ok()?;
    let (first, last) = (group[0].1, group[group.len() - 1].1);
    for &byte in &number.to_be_bytes()[..group.len() - 1] {
        block.text.push(byte);
        block.letters.push((first as u32, u8::try_from(last + 1 - first).unwrap_or(u8::MAX)));
    }
    Some(())
}

/// True if a text is output of `git diff`, `git show`, `git log` or `git format-patch`.
pub(super) fn is_patch(bytes: &[u8]) -> bool {
    if !matches!(bytes.first(), Some(b'd' | b'F' | b'c')) {
        return false;
    }
    bytes.starts_with(b"diff --git ")
        || bytes.starts_with(b"From ") && bytes.get(45) == Some(&b' ')
        || bytes.starts_with(b"commit ") && bytes.get(7).is_some_and(u8::is_ascii_hexdigit)
}

/// The beginnings of the digits of a patch's whole files, and the number of files with changes
/// only. Such changes can't be read without the file.
pub(super) fn hunks(bytes: &[u8]) -> (Vec<usize>, u64) {
    let line = |at: usize| {
        let len = memchr::memchr(b'\n', &bytes[at..bytes.len().min(at + 24)])?;
        let is_size = bytes[at..at + len].trim_ascii_end().iter().all(u8::is_ascii_digit);
        (is_size && len > 0).then_some(at + len + 1)
    };
    let begins = |sign: &'static [u8]| {
        memchr::memmem::find_iter(bytes, sign).filter_map(move |at| line(at + sign.len()))
    };
    (begins(b"\nliteral ").collect(), begins(b"\ndelta ").count() as u64)
}

/// The content of the lines of base85 from `start` on: a packed file.
pub(super) fn literal(bytes: &[u8], start: usize) -> Option<Decoded> {
    let mut values = [None; 256];
    RFC_1924.iter().enumerate().for_each(|(at, &one)| values[usize::from(one)] = Some(at as u8));
    let ceiling = bytes.len().min(start + REACH);
    let (mut at, mut text) = (start, Vec::new());
    while at < ceiling {
        let end = memchr::memchr(b'\n', &bytes[at..ceiling]).map_or(ceiling, |len| at + len);
        let line = bytes[at..end].strip_suffix(b"\r").unwrap_or(&bytes[at..end]);
        let Some((&count, body)) = line.split_first() else { break };
        let len = match count {
            b'A'..=b'Z' => count - b'A' + 1,
            b'a'..=b'z' => count - b'a' + 27,
            _ => break,
        };
        let Some(block) = base85(body, |byte| values[usize::from(byte)], None) else { break };
        text.extend(block.text.iter().take(usize::from(len)));
        at = end + 1;
    }
    let at = at.min(bytes.len());
    let run = start..at;
    let encoding = Some(Encoding::Base85);
    (!text.is_empty()).then_some(Decoded { text, encoding, run, letters: vec![], unit: (1, 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a line of text, and one more of it";

    fn one(text: &str) -> Option<(String, Decoded)> {
        let found = within(text.as_bytes(), &(0..text.len())).into_iter().next()?;
        Some((String::from_utf8_lossy(&found.text).into_owned(), found))
    }

    #[test]
    fn a_block_of_uuencode_is_read() {
        let block = "begin 644 x\nB82!L:6YE(&]F('1E>'0L(&%N9\"!O;F4@;6]R92!O9B!I=```\n`\nend\n";
        let (text, decoded) = one(block).expect("a block");
        assert_eq!(text, TEXT);
        assert_eq!(&block[decoded.outer(&(0..3))], "82!L");
        assert_eq!(opens(block.as_bytes()), Some(0));
        assert_eq!(opens(format!("x\n{block}").as_bytes()), Some(2));
        assert!(opens(b"begin 1 x\n").is_none() && opens(b"begin the day").is_none());
    }

    #[test]
    fn strings_of_base85_are_read_where_they_are_named() {
        for text in [
            "b85decode('VIXX2Ze<{EW*~HBcyufvVQyp~Z*FBEZEtdAAa7<MX><')",
            "a85decode(b\"@3BB#DIjr/Afu2,G]YJZ@;]TuDf0,/D/XH++E(j7Blj\")",
            "<~@3BB#DIjr/Afu2,G]YJZ@;]TuDf0,/D/XH++E(j7Blj~>",
        ] {
            assert_eq!(one(text).expect("a string").0, TEXT, "{text}");
        }
        assert!(one(&format!("x = 85; y = '{}'", "ab".repeat(20))).is_none());
    }
}
