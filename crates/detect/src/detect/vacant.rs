//! Names of keys that have no value here: `AWS_SECRET_ACCESS_KEY=${SECRET}`.
//!
//! They show that the other half of a key is elsewhere, so they take part in pairing: an id whose
//! secret is named but absent must not be joined with an unrelated secret.

use std::ops::Range;

use super::item::{Item, Part};
use super::label::{Label, is_comment};
use super::name::{Name, Role};

/// Parts of the names of either half, in both cases.
const SIGNS: [&[u8]; 4] = [b"ecret", b"ECRET", b"ccess", b"CCESS"];
/// Maximum number of bytes of a name that are read.
const NAME: usize = 80;
/// Maximum number of places of a name that are searched for its value.
const MOST_REFERENCES: usize = 8;
/// Maximum number of names without a value that are examined in a stretch of text.
const MOST: usize = 256;

/// The halves that `text` names from `start` on without giving their values.
pub(super) fn vacant(text: &[u8], start: usize, items: &[Item]) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    for sign in SIGNS {
        for at in memchr::memmem::find_iter(&text[start..], sign).take(MOST) {
            found.extend(named(text, start, start + at, items));
        }
    }
    found.sort_by_key(|item| item.span.start);
    // `secret = env.SECRET || ''` names it twice.
    found.dedup_by(|b, a| {
        let near = b.span.start < a.span.end + NAME;
        a.span.start == b.span.start || near && a.label.name == b.label.name
    });
    found
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn named(text: &[u8], start: usize, at: usize, items: &[Item]) -> Option<Item> {
    let before = text[start..at].iter().rev().take(NAME).take_while(|byte| is_name(**byte)).count();
    let rest = &text[at..text.len().min(at + NAME)];
    let inside = rest.iter().take_while(|byte| is_name(**byte)).count();
    // "Secret access key: ask Bob": a phrase continues up to its colon.
    let phrase = rest[inside..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b' ')
        .count();
    let name = at - before..at + inside;
    let (end, name_end) = match operator(&text[name.end..]) {
        Some(end) => (name.end + end, name.end),
        None => (name.end + phrase + operator(&text[name.end + phrase..])?, name.end + phrase),
    };
    let name = Name::of(&text[name.start..name_end], name_end > name.end);
    let secret = match name.role {
        Role::SecretKey | Role::Secret => true,
        Role::KeyId => false,
        _ => return None,
    };
    let span = at - before..end;
    if !is_absent(text, end) || has_value(items, &span, &name) || refers(text, start, end, items) {
        return None;
    }
    let line = memchr::memrchr(b'\n', &text[start..span.start]).map_or(start, |by| start + by + 1);
    let comment = is_comment(&text[line..span.start]);
    Some(Item {
        span,
        decoded: Vec::new(),
        part: Part::Vacant { secret },
        label: Label { name, assigned: true, comment, ..Label::default() },
    })
}

/// The length of the text between a name and its value; `None` if it can't have a value.
fn operator(text: &[u8]) -> Option<usize> {
    let rest = &text[..text.len().min(12)];
    let skipped = rest.iter().take_while(|byte| b" \"'`]\t".contains(byte)).count();
    match rest.get(skipped) {
        // `define('SECRET_KEY', getenv(…))`; strings may be a list.
        Some(b',') if skipped > 0 => {
            let blanks = rest[skipped + 1..].iter().take_while(|byte| **byte == b' ').count();
            let value = text.get(skipped + 1 + blanks)?;
            value.is_ascii_alphabetic().then_some(skipped + 1)
        }
        Some(b'=' | b':' | b'>') => {
            let more = rest[skipped + 1..].iter().take_while(|byte| b"=>".contains(byte)).count();
            Some(skipped + 1 + more)
        }
        _ => None,
    }
}

/// True if the text at `at` can't be the value of a key.
fn is_absent(text: &[u8], at: usize) -> bool {
    let rest = &text[at..text.len().min(at + 160)];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let value = line.trim_ascii();
    // A container may hold the value.
    let holds = matches!(value, [b'{' | b'[' | b'(', ..]) && !value.starts_with(b"{{");
    let run = value
        .iter()
        .skip_while(|byte| b"\"'` ".contains(byte))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .count();
    // Behind a colon at the end of a line the value may be on the next line.
    let below = value.is_empty() && text[at - 1] != b'=';
    run < 16 && !below && !holds
}

/// True if a value is a name (`$aws_key`) that has its own value in the text.
fn refers(text: &[u8], start: usize, at: usize, items: &[Item]) -> bool {
    let rest = &text[at..text.len().min(at + NAME)];
    let skipped = rest.iter().take_while(|byte| b" \"'`$({".contains(byte)).count();
    let len = rest[skipped..].iter().take_while(|byte| is_name(**byte)).count();
    let name = &rest[skipped..skipped + len];
    if len < 3 {
        return false;
    }
    memchr::memmem::find_iter(&text[start..], name).take(MOST_REFERENCES).any(|by| {
        let end = start + by + len;
        let next = items.partition_point(|item| item.span.start < end);
        let assigned = operator(&text[end..]).is_some();
        assigned && items.get(next).is_some_and(|item| item.span.start < end + 12)
    })
}

/// True if an item is in the name or has the same name: it is then the value.
fn has_value(items: &[Item], span: &Range<usize>, name: &Name) -> bool {
    let next = items.partition_point(|item| item.span.end <= span.start);
    items[next..].first().is_some_and(|item| {
        let label = &item.label.name;
        item.span.start < span.end + 12
            || item.span.start < span.end + NAME
                && label.stem == name.stem
                && (label.role == name.role || label.role.is_secret() && name.role.is_secret())
                && label.stem == name.stem
    })
}
