//! The tokens of PDF objects and of CMaps (ISO 32000-1, 7.2 and 7.3).
//!
//! It accepts any bytes without errors, and reads every byte once.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, without its slash.
    Name(&'a [u8]),
    /// A non-negative integer.
    Number(u32),
    /// The digits between `<` and `>`.
    Hex(&'a [u8]),
    /// A string in parentheses.
    Text,
    DictionaryBegins,
    DictionaryEnds,
    ArrayBegins,
    ArrayEnds,
    /// Anything else.
    Word(&'a [u8]),
}

/// Splits bytes into tokens.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn is_next(&self, byte: u8) -> bool {
        self.bytes.get(self.at) == Some(&byte)
    }

    /// Returns `two` and consumes the next byte if it is `byte`; otherwise returns `one`.
    fn either(&mut self, byte: u8, two: Token<'a>, one: Token<'a>) -> Token<'a> {
        if self.is_next(byte) {
            self.at += 1;
            return two;
        }
        one
    }

    fn run(&mut self, goes_on: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|&&byte| goes_on(byte)).count();
        self.at += length;
        &rest[..length]
    }

    fn text(&mut self) -> Token<'a> {
        let mut open = 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => open += 1,
                b')' if open == 1 => break,
                b')' => open -= 1,
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
        Token::Text
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.run(is_space);
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            return Some(match byte {
                b'%' => {
                    self.run(|byte| !matches!(byte, b'\r' | b'\n'));
                    continue;
                }
                b'/' => Token::Name(self.run(is_regular)),
                b'(' => self.text(),
                b'[' => Token::ArrayBegins,
                b']' => Token::ArrayEnds,
                b'<' if !self.is_next(b'<') => {
                    let digits = self.run(|byte| byte.is_ascii_hexdigit() || is_space(byte));
                    self.either(b'>', Token::Hex(digits), Token::Word(b"<"))
                }
                b'<' => self.either(b'<', Token::DictionaryBegins, Token::Word(b"<")),
                b'>' => self.either(b'>', Token::DictionaryEnds, Token::Word(b">")),
                b'{' | b'}' | b')' => continue,
                _ => {
                    self.at -= 1;
                    let word = self.run(is_regular);
                    number(word).map_or(Token::Word(word), Token::Number)
                }
            });
        }
    }
}

/// White space (7.2.2).
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// True if the byte may be part of a name, a number or an operator.
pub(super) fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

/// A number in decimal digits.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The bytes of a hexadecimal string; a missing last digit is 0.
pub(super) fn unhex(digits: &[u8]) -> impl Iterator<Item = u8> {
    let mut digits = digits.iter().filter_map(|&digit| char::from(digit).to_digit(16));
    std::iter::from_fn(move || Some((digits.next()? << 4 | digits.next().unwrap_or(0)) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_an_object() {
        let text = b"<</A#20B/C 12 0 R%x\n/D[<41 4>(a\\)(b))-1.5]>>true";
        let tokens: Vec<Token<'_>> = Tokens::new(text).collect();
        use Token::{
            ArrayBegins, ArrayEnds, DictionaryBegins, DictionaryEnds, Hex, Name, Number, Text, Word,
        };
        let expected = [
            DictionaryBegins,
            Name(b"A#20B"),
            Name(b"C"),
            Number(12),
            Number(0),
            Word(b"R"),
            Name(b"D"),
            ArrayBegins,
            Hex(b"41 4"),
            Text,
            Word(b"-1.5"),
            ArrayEnds,
            DictionaryEnds,
            Word(b"true"),
        ];
        assert_eq!(tokens, expected);
        assert_eq!(unhex(b"41 4").collect::<Vec<_>>(), [0x41, 0x40]);
    }

    #[test]
    fn a_cut_object_gives_few_tokens() {
        for text in [&b"(a\\"[..], b"<<", b"<4", b"/", b">", b"%", b"((("] {
            assert!(Tokens::new(text).count() < 3);
        }
    }
}
