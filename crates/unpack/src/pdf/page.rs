//! The text that a page shows (ISO 32000-1, 9.4).
//!
//! A page shows text in pieces, with moves between them. The pieces are joined, one line of text
//! per line. The font maps the codes of its glyphs to letters.

use std::collections::HashMap;

use super::facts::Key;
use super::fonts::{Fonts, Reading, Unlettered};
use super::lex::{is_regular, is_space, unhex};
use super::rows::Rows;

/// Limits of saved fonts, and of font names.
const SAVED: usize = 256;
const NAMES: usize = 1024;
/// White space after a number that is searched.
const GAP: usize = 16;

/// The text of a page.
pub(super) struct Text<'f> {
    pub(super) bytes: Vec<u8>,
    /// The same without breaks between pieces in one row, if there are any.
    pub(super) rows: Option<Vec<u8>>,
    /// True if some of it has no letters.
    pub(super) is_unread: bool,
    /// True if it was cut at the requested length.
    pub(super) is_truncated: bool,
    /// The largest number of fonts that a name of the page may mean.
    pub(super) choices: usize,
    /// The font at the end.
    pub(super) font: Option<Reading<'f>>,
}

/// A part of a page that is to be read.
#[derive(Clone, Copy)]
pub(super) struct Part<'p, 'f> {
    pub(super) page: &'p [u8],
    /// Its object number.
    pub(super) stream: Option<u32>,
    pub(super) fonts: &'f Fonts,
    /// The font at its start, if it is not the first part.
    pub(super) font: Option<Reading<'f>>,
    /// Limit of the text in bytes.
    pub(super) most: usize,
}

/// True if a stream is a page: an operator that shows text follows a string or an array. In other
/// streams, such as attached files, the same two letters mean nothing.
pub(super) fn shows_text(stream: &[u8]) -> bool {
    let mut shows =
        memchr::memmem::find_iter(stream, b"Tj").chain(memchr::memmem::find_iter(stream, b"TJ"));
    shows.any(|at| matches!(stream[..at].trim_ascii_end().last(), Some(b')' | b']' | b'>')))
}

/// The text of a part of a page, where each name means its font number `choice`.
pub(super) fn text<'f>(part: &Part<'_, 'f>, choice: usize) -> Text<'f> {
    let text = Text {
        bytes: Vec::new(),
        rows: None,
        is_unread: false,
        is_truncated: false,
        choices: 1,
        font: None,
    };
    let mut reader = PageReader {
        part: *part,
        page: part.page,
        at: 0,
        text,
        choice,
        named: HashMap::new(),
        font: part.font,
        saved: Vec::new(),
        unsaved: 0,
        codes: Vec::new(),
        numbers: [b""; 6],
        rows: Rows::default(),
        unlettered: Unlettered::default(),
    };
    reader.read();
    reader.text.rows = reader.rows.text();
    reader.text.is_unread = reader.unlettered.is_reportable();
    reader.text.font = reader.font;
    reader.text
}

struct PageReader<'p, 'f> {
    part: Part<'p, 'f>,
    page: &'p [u8],
    at: usize,
    text: Text<'f>,
    choice: usize,
    /// The meanings of the page's font names.
    named: HashMap<Key, Option<Reading<'f>>>,
    font: Option<Reading<'f>>,
    saved: Vec<Option<Reading<'f>>>,
    /// Number of fonts beyond the limit of saved ones.
    unsaved: usize,
    /// The codes of the current string.
    codes: Vec<u8>,
    /// The last numbers.
    numbers: [&'p [u8]; 6],
    rows: Rows<'p>,
    unlettered: Unlettered,
}

impl<'p, 'f> PageReader<'p, 'f> {
    fn read(&mut self) {
        let mut name: &[u8] = b"";
        let (mut is_image, mut ends) = (false, true);
        while let Some(&byte) = self.page.get(self.at) {
            if self.text.bytes.len() >= self.part.most {
                self.text.is_truncated = true;
                return;
            }
            self.at += 1;
            match byte {
                b'(' => {
                    self.literal();
                    self.show(false);
                }
                b'<' if self.page.get(self.at) != Some(&b'<') && self.hexadecimal() => {
                    self.show(true);
                }
                b'/' => name = self.run(is_regular),
                b'-' | b'+' | b'.' | b'0'..=b'9' => self.number(byte),
                b'\'' | b'"' => {
                    self.rows.new_row();
                    self.end_line();
                }
                b'A'..=b'Z' | b'a'..=b'z' => {
                    self.at -= 1;
                    match self.run(|byte| byte.is_ascii_alphabetic() || byte == b'*') {
                        b"Td" | b"TD" => {
                            self.rows.move_by(self.numbers[5]);
                            self.end_line();
                        }
                        b"Tm" => {
                            let [_, b, c, d, _, y] = self.numbers;
                            self.rows.move_to([b, c, d, y]);
                            self.end_line();
                        }
                        b"T*" => {
                            self.rows.new_row();
                            self.end_line();
                        }
                        b"BT" => self.rows.begin(),
                        b"ET" => self.end_line(),
                        b"Tf" => self.font = self.select(name),
                        b"q" if self.saved.len() < SAVED => self.saved.push(self.font),
                        b"q" => self.unsaved += 1,
                        b"Q" if self.unsaved > 0 => self.unsaved -= 1,
                        b"Q" => self.font = self.saved.pop().unwrap_or(self.font),
                        b"BI" => is_image = true,
                        b"ID" if is_image && ends => (is_image, ends) = (false, self.pass_image()),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn run(&mut self, goes_on: impl Fn(u8) -> bool) -> &'p [u8] {
        let rest = &self.page[self.at..];
        let length = rest.iter().take_while(|&&byte| goes_on(byte)).count();
        self.at += length;
        &rest[..length]
    }

    fn end_line(&mut self) {
        self.text.bytes.push(b'\n');
        self.rows.end_line();
    }

    /// Reads a number; between pieces of an array, a wide gap means a space.
    fn number(&mut self, first: u8) {
        let start = self.at - 1;
        let digits = self.run(|byte| byte.is_ascii_digit() || byte == b'.');
        let wide =
            first == b'-' && digits.len() >= 3 && digits.iter().take(3).all(u8::is_ascii_digit);
        self.numbers.rotate_left(1);
        self.numbers[5] = &self.page[start..self.at];
        let mut next = self.page[self.at..].iter().take(GAP);
        let next = next.find(|byte| !byte.is_ascii_whitespace());
        if wide && next.is_some_and(|next| b"(<".contains(next)) {
            self.text.bytes.push(b' ');
            self.rows.show(b" ");
        }
    }

    /// Skips the bytes of an inline image, which may be anything; `false` if it does not end.
    fn pass_image(&mut self) -> bool {
        let rest = &self.page[self.at..];
        let mut ends = memchr::memmem::find_iter(rest, b"EI");
        let end = ends.find(|&at| {
            let is_apart = |byte: Option<&u8>| byte.is_none_or(|&byte| is_space(byte));
            is_apart(rest[..at].last()) && is_apart(rest.get(at + 2))
        });
        self.at += end.map_or(0, |end| end + 2);
        end.is_some()
    }

    /// The font that a name means.
    fn select(&mut self, name: &[u8]) -> Option<Reading<'f>> {
        let key = Key::of(name);
        if let Some(&known) = self.named.get(&key) {
            return known;
        }
        if self.named.len() == NAMES {
            self.unlettered.is_met();
            return None;
        }
        let fonts = self.part.fonts.named(self.part.stream, key);
        self.text.choices = self.text.choices.max(fonts.len());
        let font = fonts.get(self.choice).or(fonts.first());
        let reading = font.map(|&font| self.part.fonts.reading(font));
        self.named.insert(key, reading);
        reading
    }

    /// Adds the text of a string.
    fn show(&mut self, is_hex: bool) {
        let text = &mut self.text;
        let before = text.bytes.len();
        match self.font {
            Some(font) => {
                font.show(&self.codes, &mut text.bytes, self.part.most, &mut self.unlettered);
            }
            None => {
                // A zero high byte belongs to a wide code.
                if self.codes.contains(&0) {
                    self.unlettered.is_met();
                }
                text.bytes.extend(self.codes.iter().filter(|&&byte| !is_hex || byte != 0));
            }
        }
        self.rows.show(&text.bytes[before..]);
    }

    /// Reads a string in parentheses (7.3.4.2).
    fn literal(&mut self) {
        self.codes.clear();
        let mut open = 1;
        while let Some(&byte) = self.page.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => {
                    self.escape();
                    continue;
                }
                b'(' => open += 1,
                b')' if open == 1 => break,
                b')' => open -= 1,
                _ => {}
            }
            self.codes.push(byte);
        }
    }

    /// Reads the escape sequence after a backslash.
    fn escape(&mut self) {
        let Some(&escaped) = self.page.get(self.at) else { return };
        self.at += 1;
        match escaped {
            b'n' => self.codes.push(b'\n'),
            b'r' => self.codes.push(b'\r'),
            b't' => self.codes.push(b'\t'),
            b'b' => self.codes.push(8),
            b'f' => self.codes.push(12),
            b'\r' if self.page.get(self.at) == Some(&b'\n') => self.at += 1,
            b'\n' | b'\r' => {}
            b'0'..=b'7' => {
                self.at -= 1;
                let rest = self.page[self.at..].iter().take(3);
                let digits = rest.take_while(|byte| matches!(byte, b'0'..=b'7'));
                let (mut code, mut length) = (0u32, 0);
                for digit in digits {
                    (code, length) = (code * 8 + u32::from(digit - b'0'), length + 1);
                }
                self.at += length;
                self.codes.push(code as u8);
            }
            other => self.codes.push(other),
        }
    }

    /// Reads a string of hexadecimal digits (7.3.4.3). Bytes that are not such a string, as in an
    /// image, hide nothing after them.
    fn hexadecimal(&mut self) -> bool {
        let start = self.at;
        let digits = self.run(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace());
        if self.page.get(self.at) != Some(&b'>') {
            self.at = start;
            return false;
        }
        self.at += 1;
        self.codes.clear();
        self.codes.extend(unhex(digits));
        true
    }
}
