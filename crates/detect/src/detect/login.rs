//! Logins in base64, and words that decode base64: what they say about the run after them.
//!
//! A login is a user and a password with a colon between them (RFC 7617 §2). The user may be the
//! public half of a key, and the provider's name is outside of the encoded text.

use base64::Engine as _;

use super::decode::{self, BASE64};
use super::view::View;

/// Maximum number of bytes between the name of a login and its value.
const LONGEST_GAP: usize = 12;

/// The beginning of the value after the name of a login, which ends at `end`, if it may be base64.
pub(super) fn value(bytes: &[u8], end: usize) -> Option<usize> {
    // Code may join the scheme and the value: `"Basic " + "…"`.
    let is_divider = |byte: &&u8| b" \t=:\"'\\+.(".contains(byte);
    let gap = bytes.get(end..)?.iter().take(LONGEST_GAP).take_while(is_divider).count();
    // A name that goes on is another one, as `_authToken`.
    let is_whole = gap > 0 || !bytes[..end].last()?.is_ascii_alphanumeric();
    let start = end + gap;
    (is_whole && decode::begins_run(bytes.get(start..)?, decode::SHORTEST_VALUE)).then_some(start)
}

/// Bytes before the name of an encoding, and after it, that say what it means.
const BEFORE: usize = 16;
const AFTER: usize = 32;

/// What the name of an encoding says about text near it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A command or a function decodes it: `base64 -d`, `base64_decode(`, `FromBase64String(`, `atob(`.
    Decodes,
    /// A field says how another one is encoded: `encoding: b64`.
    Field,
    /// Some of it may be base64.
    Name,
    /// Nothing: the letters have another meaning.
    Other,
}

/// The meaning of the name of an encoding at `at`.
pub(super) fn meaning(bytes: &[u8], at: usize, literal: &[u8]) -> Meaning {
    let end = at + literal.len();
    let before = &bytes[at.saturating_sub(BEFORE)..at];
    let after = &bytes[end..bytes.len().min(end + AFTER)];
    let contains = |text: &[u8], word: &[u8]| memchr::memmem::find(text, word).is_some();
    if contains(before, b"encod") {
        return Meaning::Field;
    }
    let decodes = match literal {
        b": b64" | b"\"b64\"" => return Meaning::Other,
        // The end of another name.
        b"atob(" if before.last().is_some_and(u8::is_ascii_alphanumeric) => return Meaning::Other,
        b"atob(" | b"64dec" | b"ecode64" => true,
        _ => {
            let options: [&[u8]; 5] = [b" -d", b" -D", b" --d", b"Encoded:", b"d'"];
            options.iter().any(|option| after.starts_with(option))
                || contains(after, b"ecode")
                || contains(before, b"ecode")
                || before.ends_with(b"FromB")
                || before.ends_with(b"from_b")
                || is_last_argument(before, after)
        }
    };
    if decodes { Meaning::Decodes } else { Meaning::Name }
}

/// True if the name of an encoding is an argument after a value: `Buffer.from("…", "base64")`. A call
/// with this argument alone encodes: `toString("base64")`.
fn is_last_argument(before: &[u8], after: &[u8]) -> bool {
    let quote = |byte: Option<&u8>| byte.filter(|byte| matches!(byte, b'"' | b'\'')).copied();
    let head = before.strip_suffix(b"b").unwrap_or_default();
    let value = head.split_last().map_or(head, |(_, rest)| rest).trim_ascii_end();
    quote(head.last()).is_some_and(|mark| after.first() == Some(&mark))
        && value.strip_suffix(b",").is_some_and(|value| quote(value.last()).is_some())
}

/// A view in which the logins of HTTP's `Basic` are decoded; `None` if there are none.
pub(super) fn shown(bytes: &[u8]) -> Option<View<'static>> {
    const SCHEME: &[u8] = b"asic ";
    let (mut text, mut map) = (Vec::new(), Vec::new());
    let mut settled = 0;
    for at in memchr::memmem::find_iter(bytes, SCHEME) {
        let Some(start) = value(bytes, at + SCHEME.len()).filter(|start| *start >= settled) else {
            continue;
        };
        let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let len = bytes[start..].iter().take_while(is_letter).count();
        let run = &bytes[start..start + len];
        // Another alphabet or a broken run is not a login. It is decoded elsewhere.
        let Ok(login) = BASE64.decode(run) else { continue };
        if !decode::is_text(&login) || !login.contains(&b':') {
            continue;
        }
        text.extend_from_slice(&bytes[settled..start]);
        map.extend((settled..start).map(|at| (at as u32, 1)));
        map.extend((0..login.len()).map(|byte| {
            let (first, last) = (byte * 4 / 3, ((byte + 1) * 4).div_ceil(3).min(len));
            ((start + first) as u32, (last - first) as u8)
        }));
        text.extend(login);
        let padding = bytes[start + len..].iter().take(2).take_while(|byte| **byte == b'=');
        settled = start + len + padding.count();
    }
    if settled == 0 {
        return None;
    }
    text.extend_from_slice(&bytes[settled..]);
    map.extend((settled..bytes.len()).map(|at| (at as u32, 1)));
    Some(View::made(text, map))
}
