//! Escapes of strings, URLs, markup and terminals: their length, and the byte that each represents.

use std::borrow::Cow;

/// The result of a rule: the number of bytes that it takes, and the byte that they represent.
pub type Rewrite = Option<(usize, Option<u8>)>;

/// True if `rest` begins with an escape of strings, URLs or markup.
pub fn is_escape(rest: &[u8]) -> bool {
    !rest.is_empty() && escape(rest).is_some()
}

/// The byte that an escape at the beginning of `rest` represents.
pub fn escaped_byte(rest: &[u8]) -> Option<u8> {
    rest.first()?;
    escape(rest)?.1
}

/// Two hexadecimal digits at the beginning of `text`.
pub fn hex_byte(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*text.first()?)?, digit(*text.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
}

/// A character's number as a byte; a character beyond ASCII becomes a byte that ends every token.
fn byte_of(number: Option<u32>) -> Option<u8> {
    number.map(|number| u8::try_from(number).ok().filter(u8::is_ascii).unwrap_or(0x80))
}

/// The number that `digits` represent in `radix`.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// An escape at the beginning of `rest`, which is not empty.
pub fn escape(rest: &[u8]) -> Rewrite {
    match rest[0] {
        b'\\' => backslash(rest),
        // Written by `escape()` of JavaScript.
        b'%' if rest.get(1) == Some(&b'u') => {
            Some((6, Some(byte_of(number(rest.get(2..6)?, 16))?)))
        }
        b'%' => Some((3, Some(hex_byte(&rest[1..])?))),
        b'&' => entity(rest),
        0x1b => control_sequence(rest),
        _ => None,
    }
}

/// A control sequence of a terminal (ECMA-48 §5.4), such as a colour, as in logs.
pub fn control_sequence(rest: &[u8]) -> Rewrite {
    let body = rest.strip_prefix(b"\x1b[")?;
    let len = body.iter().take(48).position(|byte| !matches!(byte, b' '..=b'?'))?;
    matches!(body[len], b'@'..=b'~').then_some((len + 3, Some(b' ')))
}

/// `\n`, `\/`, `\u002f`, `\u{2f}`, `\U0000002f`, `\x2f`, `\057`, `\e[` and similar escapes, after
/// any number of backslashes: a string inside a string doubles them.
fn backslash(rest: &[u8]) -> Rewrite {
    let slashes = rest.iter().take(9).take_while(|&&byte| byte == b'\\').count();
    let body = &rest[slashes..];
    let (len, byte) = match *body.first()? {
        b'n' | b'r' => (1, Some(b'\n')),
        b't' => (1, Some(b'\t')),
        byte @ (b'/' | b'+' | b'"' | b'\'' | b'=' | b':' | b' ' | b'#' | b'!' | b'&') => {
            (1, Some(byte))
        }
        // Only the beginning of a control sequence: in paths, `\e` often begins a folder's name.
        b'e' | b'E' if body.get(1) == Some(&b'[') => (1, Some(0x1b)),
        b'x' | b'u' if body.get(1) == Some(&b'{') => {
            let len = body.iter().take(10).position(|&byte| byte == b'}')?;
            (len + 1, byte_of(number(&body[2..len], 16)))
        }
        b'x' => (3, hex_byte(&body[1..])),
        b'u' => (5, byte_of(number(body.get(1..5)?, 16))),
        b'U' => (9, byte_of(number(body.get(1..9)?, 16))),
        b'0'..=b'3' => (3, byte_of(number(body.get(..3)?, 8))),
        _ => return None,
    };
    Some((slashes + len, Some(byte?)))
}

/// A value with the ampersands of markup undone, which an expression of a query may contain. No
/// credential contains one, and the same query is written with either.
pub fn without_markup(value: &[u8]) -> Cow<'_, [u8]> {
    const ESCAPED: &[u8] = b"&amp;";
    let Some(first) = memchr::memmem::find(value, ESCAPED) else { return Cow::Borrowed(value) };
    let mut made = value[..first].to_vec();
    let mut rest = &value[first..];
    while let [next, after @ ..] = rest {
        made.push(*next);
        rest = if rest.starts_with(ESCAPED) { &rest[ESCAPED.len()..] } else { after };
    }
    Cow::Owned(made)
}

/// A character reference of HTML and XML.
fn entity(rest: &[u8]) -> Rewrite {
    let end = rest.iter().take(10).position(|&byte| byte == b';')?;
    let byte = match &rest[1..end] {
        b"amp" => b'&',
        b"quot" => b'"',
        b"apos" => b'\'',
        b"lt" => b'<',
        b"gt" => b'>',
        b"sol" => b'/',
        b"plus" => b'+',
        b"equals" => b'=',
        b"nbsp" => b' ',
        name => {
            let digits = name.strip_prefix(b"#")?;
            let hex = digits.strip_prefix(b"x").or_else(|| digits.strip_prefix(b"X"));
            let value = hex.map_or_else(|| number(digits, 10), |digits| number(digits, 16));
            byte_of(Some(value?))?
        }
    };
    Some((end + 1, Some(byte)))
}
