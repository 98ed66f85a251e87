//! Rich Text Format (RTF 1.9.1): the text as shown to a reader, one paragraph per line. Programs
//! start a new run inside a word wherever something was changed or checked.

use super::input::Input;
use super::{Fault, Members};

/// Limit in bytes; the bytes after it are scanned unchanged.
const LARGEST: u64 = 64 << 20;

/// Groups without text.
const NO_TEXT: [&[u8]; 12] = [
    b"fonttbl",
    b"colortbl",
    b"stylesheet",
    b"listtable",
    b"listoverridetable",
    b"rsidtbl",
    b"pict",
    b"objdata",
    b"themedata",
    b"datastore",
    b"colorschememapping",
    b"latentstyles",
];

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let length = bytes.len().min(LARGEST);
    members.hold(2 * length)?;
    let mut rtf = Vec::new();
    std::io::Read::read_to_end(&mut bytes.range(0, length), &mut rtf)?;
    Ok(members.member(b"(text)", &mut text(&rtf).as_slice())?)
}

/// Settings of a group and of nested ones.
#[derive(Clone, Copy)]
struct Group {
    hidden: bool,
    /// Number of replacement letters after a Unicode one, for programs without Unicode.
    spare: usize,
}

fn text(rtf: &[u8]) -> Vec<u8> {
    let mut page = Page {
        text: Vec::new(),
        group: Group { hidden: false, spare: 1 },
        groups: Vec::new(),
        spare: 0,
    };
    let mut at = 0;
    while let Some(&byte) = rtf.get(at) {
        at += 1;
        match byte {
            b'{' => page.groups.push(page.group),
            b'}' => page.group = page.groups.pop().unwrap_or(page.group),
            b'\r' | b'\n' => continue,
            b'\\' => {
                at = page.word(&Word::at(rtf, at), rtf);
                continue;
            }
            _ => {
                page.put(&[byte]);
                continue;
            }
        }
        page.spare = 0;
    }
    page.text.push(b'\n');
    page.text
}

/// The text while it is extracted.
struct Page {
    text: Vec<u8>,
    group: Group,
    /// The groups around the current one.
    groups: Vec<Group>,
    /// Remaining replacement letters of the last Unicode one.
    spare: usize,
}

impl Page {
    fn put(&mut self, letters: &[u8]) {
        if self.spare > 0 {
            self.spare -= 1;
        } else if !self.group.hidden {
            self.text.extend_from_slice(letters);
        }
    }

    /// Handles a control word; returns the end of its arguments.
    fn word(&mut self, word: &Word<'_>, rtf: &[u8]) -> usize {
        let mut utf8 = [0; 4];
        match (word.name, word.number) {
            (b"par" | b"line" | b"row" | b"sect" | b"page" | b"\n" | b"\r", _) => self.put(b"\n"),
            (b"cell" | b"nestcell" | b"tab", _) => self.put(b"\t"),
            (b"~", _) => self.put(b" "),
            (b"_" | b"endash" | b"emdash", _) => self.put(b"-"),
            (b"\\" | b"{" | b"}", _) => self.put(word.name),
            (b"lquote" | b"rquote", _) => self.put(b"'"),
            (b"ldblquote" | b"rdblquote", _) => self.put(b"\""),
            (b"'", _) => {
                let digits = rtf.get(word.end..word.end + 2).unwrap_or_default();
                let byte = std::str::from_utf8(digits).ok();
                let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let letter = byte.map(|byte| char::from(byte).encode_utf8(&mut utf8).as_bytes());
                self.put(letter.unwrap_or_default());
                return word.end + digits.len();
            }
            (b"u", Some(number)) => {
                let unit = u32::try_from(number.rem_euclid(0x1_0000)).unwrap_or_default();
                let letter = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.spare = 0;
                self.put(letter.encode_utf8(&mut utf8).as_bytes());
                self.spare = self.group.spare;
            }
            (b"uc", Some(number)) => {
                self.group.spare = usize::try_from(number.clamp(0, 16)).unwrap_or_default();
            }
            (b"bin", Some(number)) => {
                return word.end.saturating_add(usize::try_from(number).unwrap_or_default());
            }
            (name, _) if name == b"*" || NO_TEXT.contains(&name) => self.group.hidden = true,
            _ => {}
        }
        word.end
    }
}

/// A control word or symbol, without its backslash.
struct Word<'t> {
    name: &'t [u8],
    number: Option<i32>,
    end: usize,
}

impl<'t> Word<'t> {
    fn at(rtf: &'t [u8], at: usize) -> Self {
        let rest = rtf.get(at..).unwrap_or_default();
        let letters = rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        if letters == 0 {
            let name = &rest[..rest.len().min(1)];
            return Self { name, number: None, end: at + 1 };
        }
        let signed = usize::from(rest.get(letters) == Some(&b'-'));
        let digits = rest[letters + signed..].iter().take(10);
        let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
        let signed = if digits == 0 { 0 } else { signed };
        let number = &rest[letters..letters + signed + digits];
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        let end = letters + signed + digits;
        let end = end + usize::from(rest.get(end) == Some(&b' '));
        Self { name: &rest[..letters], number, end: at + end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_one_text_and_paragraphs_are_lines() {
        for (rtf, expected) in [
            (r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}AB{\b CD}\insrsid9 E\par F}", "ABCDE\nF\n"),
            (r"{\rtf1 a\'2bb\u43?c\u8211\'96d}", "a+b+c\u{2013}d\n"),
            (r"{\rtf1{\*\generator x;}a\{b\}\\c\~d\cell e\row}", "a{b}\\c d\te\n\n"),
            (r"{\rtf1\uc0\u65 B\uc2\u67 xyD}", "ABCD\n"),
            (r"{\rtf1 a{\pict\bin3 }}}b}c", "ac\n"),
            (r"{\rtf1 {\*\x{y}z}a", "a\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&text(rtf.as_bytes())), expected, "{rtf}");
        }
    }
}
