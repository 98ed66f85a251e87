//! The meaning of glyph names (Adobe Glyph List), as far as keys and their context need it.

use super::lex::number;

/// The meaning of a glyph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glyph {
    Letter(char),
    /// Several letters in one glyph.
    Ligature(&'static str),
    /// A number in the font's own order.
    Numbered(u32),
    /// Any other sign.
    Other,
}

/// The punctuation of ASCII by name, and other separators of words.
const SIGNS: [(&[u8], char); 40] = [
    (b"space", ' '),
    (b"exclam", '!'),
    (b"quotedbl", '"'),
    (b"numbersign", '#'),
    (b"dollar", '$'),
    (b"percent", '%'),
    (b"ampersand", '&'),
    (b"quotesingle", '\''),
    (b"parenleft", '('),
    (b"parenright", ')'),
    (b"asterisk", '*'),
    (b"plus", '+'),
    (b"comma", ','),
    (b"hyphen", '-'),
    (b"minus", '-'),
    (b"period", '.'),
    (b"slash", '/'),
    (b"fraction", '/'),
    (b"colon", ':'),
    (b"semicolon", ';'),
    (b"less", '<'),
    (b"equal", '='),
    (b"greater", '>'),
    (b"question", '?'),
    (b"at", '@'),
    (b"bracketleft", '['),
    (b"backslash", '\\'),
    (b"bracketright", ']'),
    (b"asciicircum", '^'),
    (b"underscore", '_'),
    (b"grave", '`'),
    (b"braceleft", '{'),
    (b"bar", '|'),
    (b"braceright", '}'),
    (b"asciitilde", '~'),
    (b"quoteleft", '\u{2018}'),
    (b"quoteright", '\u{2019}'),
    (b"quotedblleft", '\u{201c}'),
    (b"quotedblright", '\u{201d}'),
    (b"nbspace", ' '),
];

const DIGITS: [&[u8]; 10] =
    [b"zero", b"one", b"two", b"three", b"four", b"five", b"six", b"seven", b"eight", b"nine"];

const LIGATURES: [(&[u8], &str); 10] = [
    (b"ff", "ff"),
    (b"fi", "fi"),
    (b"fl", "fl"),
    (b"ffi", "ffi"),
    (b"ffl", "ffl"),
    (b"f_f", "ff"),
    (b"f_i", "fi"),
    (b"f_l", "fl"),
    (b"f_f_i", "ffi"),
    (b"f_f_l", "ffl"),
];

/// The meaning of a glyph name.
pub(super) fn named(name: &[u8]) -> Glyph {
    // The part after a full stop names a variant.
    let dot = name.iter().position(|&byte| byte == b'.').filter(|&at| at > 0);
    let name = &name[..dot.unwrap_or(name.len())];
    if let &[letter @ (b'A'..=b'Z' | b'a'..=b'z')] = name {
        return Glyph::Letter(char::from(letter));
    }
    if let Some(&(_, sign)) = SIGNS.iter().find(|(known, _)| *known == name) {
        return Glyph::Letter(sign);
    }
    if let Some(digit) = DIGITS.iter().position(|&known| known == name) {
        return Glyph::Letter(char::from(b"0123456789"[digit]));
    }
    if let Some(&(_, letters)) = LIGATURES.iter().find(|(known, _)| *known == name) {
        return Glyph::Ligature(letters);
    }
    let hex = name.strip_prefix(b"uni").or_else(|| name.strip_prefix(b"u"));
    let hex = hex.filter(|hex| (4..=6).contains(&hex.len()));
    let code = hex.and_then(|hex| u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
    if let Some(letter) = code.and_then(char::from_u32) {
        return Glyph::Letter(letter);
    }
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (word, digits) = name.split_at(name.len() - digits);
    match (word, number(digits)) {
        (
            b"a" | b"c" | b"C" | b"cid" | b"cid:" | b"CID" | b"g" | b"G" | b"gid" | b"glyph"
            | b"index",
            Some(number),
        ) => Glyph::Numbered(number),
        _ => Glyph::Other,
    }
}

/// The ligatures of TeX's encodings OT1 and T1, for codes below the letters in a font without a
/// mapping.
pub(super) fn unnamed(code: u8) -> Option<&'static str> {
    Some(match code {
        0x0b | 0x1b => "ff",
        0x0c | 0x1c => "fi",
        0x0d | 0x1d => "fl",
        0x0e | 0x1e => "ffi",
        0x0f | 0x1f => "ffl",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_glyphs() {
        for (name, expected) in [
            (&b"A"[..], Glyph::Letter('A')),
            (b"nine", Glyph::Letter('9')),
            (b"a.alt", Glyph::Letter('a')),
            (b"slash", Glyph::Letter('/')),
            (b"uni002B", Glyph::Letter('+')),
            (b"u1F600", Glyph::Letter('\u{1f600}')),
            (b"f_i", Glyph::Ligature("fi")),
            (b"g12", Glyph::Numbered(12)),
            (b"cid:3", Glyph::Numbered(3)),
            (b"summation", Glyph::Other),
            (b".notdef", Glyph::Other),
            (b"g", Glyph::Letter('g')),
        ] {
            assert_eq!(named(name), expected, "{}", String::from_utf8_lossy(name));
        }
    }
}
