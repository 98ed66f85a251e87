//! Bytes written as numbers or one by one: lists in code, and dumps.
//!
//! Both are views of a stretch that something else announced, such as a label, or an id that a dump
//! shows next to its numbers.

use std::ops::Range;

use crate::aws::{KEY_ID_LEN, is_base32};

use super::dump;
use super::view::View;

/// Minimum number of entries of a list: an id has as many.
const FEWEST: usize = 20;
/// Maximum number of bytes between two entries, including a line break and its indentation.
const GAP: usize = 40;

/// Maximum number of bytes of an id that is written as a list.
const ID_LIST: usize = KEY_ID_LEN * (GAP + 4);

/// The notation of a list's entries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `0x41`
    Prefixed,
    /// `'A'` or `"A"`
    Quoted,
    /// `65`, or `41` in base 16
    Bare,
}

/// An entry: its form, its length and its digits or character.
struct ListEntry {
    form: Form,
    len: usize,
    inner: Range<usize>,
}

/// An entry's form, its span, and the span of its digits or character.
type Placed = (Form, Range<usize>, Range<usize>);

/// A stretch whose lists of bytes are replaced by the text that they encode; `None` if there are
/// none.
pub(super) fn list(bytes: &[u8]) -> Option<View<'static>> {
    let mut made = Made::default();
    let mut settled = 0;
    for comma in memchr::memchr2_iter(b',', b'[', bytes) {
        if comma < settled {
            continue;
        }
        let Some(start) = first_entry(bytes, comma, settled) else { continue };
        let (entries, end) = entries(bytes, start);
        if entries.len() < FEWEST {
            settled = settled.max(end.min(comma + 1));
            continue;
        }
        let Some(letters) = read(bytes, &entries) else {
            settled = end;
            continue;
        };
        made.copy(bytes, settled..start);
        for (letter, span) in letters {
            made.push(letter, &span);
        }
        settled = end;
    }
    if made.is_plain {
        return None;
    }
    made.copy(bytes, settled..bytes.len());
    Some(View::made(made.text, made.map))
}

/// True if a text contains the beginning of a list of bytes.
pub(super) fn begins_list(text: &[u8]) -> bool {
    let first = memchr::memchr2_iter(b',', b'[', text).find_map(|at| first_entry(text, at, 0));
    first.is_some_and(|start| entries(text, start).0.len() >= FEWEST / 2)
}

/// True if `at`, the place of the third letter, may be in an id that is written as a list or a
/// dump.
pub(super) fn may_be_id(bytes: &[u8], at: usize) -> bool {
    if bytes[at] == b' ' {
        return dump::is_in_dump(bytes, at);
    }
    // The literal of hexadecimal digits begins after its prefix.
    let start = if bytes[..at].ends_with(b"0x") { at - 2 } else { at };
    let (entries, _) = entries(&bytes[..bytes.len().min(at + ID_LIST)], start);
    let radix = if start < at { 16 } else { 10 };
    let letters = entries.iter().take(KEY_ID_LEN - 2).take_while(|(_, _, inner)| {
        let digits = std::str::from_utf8(&bytes[inner.clone()]).ok();
        digits.and_then(|digits| u8::from_str_radix(digits, radix).ok()).is_some_and(is_base32)
    });
    letters.count() == KEY_ID_LEN - 2
}

/// Start of the entry that a comma ends or a bracket opens.
fn first_entry(bytes: &[u8], at: usize, floor: usize) -> Option<usize> {
    if bytes[at] == b'[' {
        return entry(&bytes[at + 1..]).map(|_| at + 1);
    }
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'\'' | b'"' | b'\\');
    let len = bytes[floor..at].iter().rev().take(6).take_while(is_part).count();
    // `'+'` contains no letter.
    let start = if len == 1 && at - floor >= 3 { at - 3 } else { at - len };
    entry(&bytes[start..]).filter(|entry| start + entry.len == at).map(|_| start)
}

/// The entries of a list from `start` on, with their spans, and its end.
fn entries(bytes: &[u8], start: usize) -> (Vec<Placed>, usize) {
    let mut found: Vec<Placed> = Vec::new();
    let mut at = start;
    let mut end = start;
    while let Some(entry) = bytes.get(at..).and_then(entry) {
        if found.first().is_some_and(|(form, ..)| *form != entry.form) {
            break;
        }
        end = at + entry.len;
        found.push((entry.form, at..end, at + entry.inner.start..at + entry.inner.end));
        let is_gap = |byte: &&u8| matches!(byte, b',' | b' ' | b'\t' | b'\r' | b'\n' | b'\\');
        let gap = bytes[end..].iter().take(GAP).take_while(is_gap).count();
        if gap == 0 || gap == GAP {
            break;
        }
        at = end + gap;
    }
    (found, end)
}

/// An entry at the beginning of `rest`.
fn entry(rest: &[u8]) -> Option<ListEntry> {
    let quote = *rest.first()?;
    if matches!(quote, b'\'' | b'"') {
        let escaped = usize::from(rest.get(1) == Some(&b'\\'));
        let closes = rest.get(2 + escaped) == Some(&quote);
        return closes.then_some(ListEntry {
            form: Form::Quoted,
            len: 3 + escaped,
            inner: 1 + escaped..2 + escaped,
        });
    }
    let (form, start) = match rest {
        [b'0', b'x' | b'X', ..] => (Form::Prefixed, 2),
        _ => (Form::Bare, 0),
    };
    let digits = rest[start..].iter().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let most = if form == Form::Prefixed { 2 } else { 3 };
    let ends = !rest.get(start + digits).is_some_and(u8::is_ascii_alphanumeric);
    ((1..=most).contains(&digits) && ends).then_some(ListEntry {
        form,
        len: start + digits,
        inner: start..start + digits,
    })
}

/// The text of a list's entries and the place of each letter; `None` if it is not text.
fn read(bytes: &[u8], entries: &[Placed]) -> Option<Vec<(u8, Range<usize>)>> {
    let value = |radix: u32| {
        let number = |inner: &Range<usize>| {
            let digits = std::str::from_utf8(&bytes[inner.clone()]).ok()?;
            u8::from_str_radix(digits, radix).ok()
        };
        let values = entries.iter().map(|(_, span, inner)| Some((number(inner)?, span.clone())));
        values.collect::<Option<Vec<_>>>()
    };
    match entries.first()?.0 {
        Form::Quoted => {
            let letter = |inner: &Range<usize>| match bytes[inner.start] {
                b'n' if bytes[inner.start - 1] == b'\\' => b'\n',
                letter => letter,
            };
            Some(entries.iter().map(|(_, span, inner)| (letter(inner), span.clone())).collect())
        }
        Form::Prefixed => value(16).and_then(text),
        Form::Bare => value(10).and_then(text).or_else(|| {
            let two = entries.iter().all(|(_, _, inner)| inner.len() == 2);
            two.then(|| value(16)).flatten().and_then(text)
        }),
    }
}

/// The letters of a text, which may be UTF-16; `None` if they are not text.
fn text(mut letters: Vec<(u8, Range<usize>)>) -> Option<Vec<(u8, Range<usize>)>> {
    let zeros = letters.iter().filter(|(letter, _)| *letter == 0).count();
    if zeros * 3 > letters.len() {
        letters.retain(|(letter, _)| *letter != 0);
    }
    let is_text = |letter: u8| letter >= b' ' && letter != 0x7f || letter.is_ascii_whitespace();
    let odd = letters.iter().filter(|(letter, _)| !is_text(*letter)).count();
    (odd * 16 <= letters.len() && letters.len() >= FEWEST).then_some(letters)
}

/// A view under construction.
pub(super) struct Made {
    pub text: Vec<u8>,
    pub map: Vec<(u32, u8)>,
    pub is_plain: bool,
}

impl Default for Made {
    fn default() -> Self {
        Self { text: vec![], map: vec![], is_plain: true }
    }
}

impl Made {
    pub(super) fn copy(&mut self, bytes: &[u8], span: Range<usize>) {
        self.text.extend_from_slice(&bytes[span.clone()]);
        self.map.extend(span.map(|at| (at as u32, 1)));
    }

    pub(super) fn push(&mut self, letter: u8, span: &Range<usize>) {
        self.is_plain = false;
        self.text.push(letter);
        self.map.push((span.start as u32, span.len() as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id=ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// The text of a view, and the part of the original that its last letter represents.
    fn shown(view: Option<View<'_>>, text: &str) -> (String, String) {
        let Some(view) = view else { return Default::default() };
        let last = view.text.iter().rposition(|&byte| byte == b'Z').expect("the last letter");
        let span = view.original(&(last..last + 1));
        (String::from_utf8_lossy(&view.text).into_owned(), text[span].to_owned())
    }

    #[test]
    fn lists_of_bytes_are_the_text_that_they_are() {
        let join =
            |one: fn(u8) -> String, by: &str| TEXT.bytes().map(one).collect::<Vec<_>>().join(by);
        for (list, last) in [
            (join(|byte| format!("0x{byte:02x}"), ", "), "0x5a"),
            (join(|byte| format!("0X{byte:02X}"), ",\n   "), "0X5A"),
            (join(|byte| byte.to_string(), ","), "90"),
            (join(|byte| byte.to_string(), " "), "90"),
            (join(|byte| format!("{byte:02x}"), ","), "5a"),
            (join(|byte| format!("{byte:02x},00"), ","), "5a"),
            (join(|byte| format!("'{}'", char::from(byte)), ", "), "'Z'"),
        ] {
            let text = format!("key = [{list}];");
            let (view, source) = shown(super::list(text.as_bytes()), &text);
            assert_eq!((view.as_str(), source.as_str()), (&*format!("key = [{TEXT}];"), last));
        }
        for text in ["[1, 2, 3, 4, 5]", "a, b, c, d, e, f", &"0,".repeat(40), &"200, ".repeat(40)] {
            assert!(super::list(text.as_bytes()).is_none_or(|view| !view.text.contains(&b'A')));
        }
    }
}
