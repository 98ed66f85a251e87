//! Rich Text Format (RTF 1.9.1): the text as a reader sees it, a paragraph a line. Programs begin a
//! new run within a word wherever something was changed or checked.

use super::input::Input;
use super::{Fault, Members};

/// Bytes that are read so; what follows is scanned as it stands.
const LARGEST: u64 = 64 << 20;

/// Groups that hold no text.
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

/// Reads it.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let length = bytes.len().min(LARGEST);
    members.hold(2 * length)?;
    let mut rtf = Vec::new();
    std::io::Read::read_to_end(&mut bytes.range(0, length), &mut rtf)?;
    Ok(members.member(b"(text)", &mut text(&rtf).as_slice())?)
}

/// What holds in a group and in those in it.
#[derive(Clone, Copy)]
struct Group {
    hidden: bool,
    /// Letters that stand behind one of Unicode for programs that know none.
    spare: usize,
}

fn text(rtf: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut groups = Vec::new();
    let mut group = Group { hidden: false, spare: 1 };
    let mut passed = 0;
    let mut at = 0;
    while let Some(&byte) = rtf.get(at) {
        at += 1;
        let mut put = |letters: &[u8]| {
            if passed > 0 {
                passed -= 1;
            } else if !group.hidden {
                text.extend_from_slice(letters);
            }
        };
        match byte {
            b'{' => {
                groups.push(group);
                passed = 0;
            }
            b'}' => {
                group = groups.pop().unwrap_or(group);
                passed = 0;
            }
            b'\r' | b'\n' => {}
            b'\\' => {
                let word = Word::at(rtf, at);
                at = word.end;
                match (word.name, word.number) {
                    (b"*", _) => group.hidden = true,
                    (b"par" | b"line" | b"row" | b"sect" | b"page" | b"\n" | b"\r", _) => {
                        put(b"\n")
                    }
                    (b"cell" | b"nestcell" | b"tab", _) => put(b"\t"),
                    (b"~", _) => put(b" "),
                    (b"_" | b"endash" | b"emdash", _) => put(b"-"),
                    (b"\\" | b"{" | b"}", _) => put(word.name),
                    (b"lquote" | b"rquote", _) => put(b"'"),
                    (b"ldblquote" | b"rdblquote", _) => put(b"\""),
                    (b"'", _) => {
                        let digits = rtf.get(at..at + 2).unwrap_or_default();
                        at += digits.len();
                        let byte = std::str::from_utf8(digits).ok();
                        let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                        let mut utf8 = [0; 4];
                        put(byte.map_or(b"", |byte| {
                            char::from(byte).encode_utf8(&mut utf8).as_bytes()
                        }));
                    }
                    (b"u", Some(number)) => {
                        let unit = u32::try_from(number.rem_euclid(0x1_0000)).unwrap_or_default();
                        let letter = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                        if !group.hidden {
                            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        passed = group.spare;
                    }
                    (b"uc", Some(number)) => {
                        group.spare = usize::try_from(number.clamp(0, 16)).unwrap_or_default();
                    }
                    (b"bin", Some(number)) => {
                        at = at.saturating_add(usize::try_from(number).unwrap_or_default());
                    }
                    (name, _) if NO_TEXT.contains(&name) => group.hidden = true,
                    _ => {}
                }
            }
            _ => put(&[byte]),
        }
    }
    text.push(b'\n');
    text
}

/// A control word or symbol, without the backslash before it.
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
            (r"{\rtf1 a{\pict\bin3 }}}b}c", "abc\n"),
            (r"{\rtf1 {\*\x{y}z}a", "a\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&text(rtf.as_bytes())), expected, "{rtf}");
        }
    }
}
