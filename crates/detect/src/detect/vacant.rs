//! Names of keys that have no value here: `AWS_SECRET_ACCESS_KEY=${SECRET}`.
//!
//! They show that the other half of a key is elsewhere, so they take part in pairing: an id whose
//! secret is named but absent must not be joined with an unrelated secret.

use std::ops::Range;

use super::item::{Item, Part};
use super::label::{Label, is_comment};
use super::name::{Name, Role};
use super::other_id;
use super::words::words;

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
    let mut found: Vec<Item> = other_id::near(text, start, items);
    for sign in SIGNS {
        for at in memchr::memmem::find_iter(&text[start..], sign).take(MOST) {
            found.extend(named(text, start, start + at, items));
        }
    }
    found.sort_by_key(|item| item.span.start);
    // `secret = env.SECRET || ''` names it twice; a name of the other half begins the next key.
    found.dedup_by(|b, a| {
        let near = b.span.start < a.span.end + NAME;
        a.span.start == b.span.start
            || near
                && a.label.name == b.label.name
                && !text
                    .get(a.span.end..b.span.start)
                    .is_some_and(|between| names_other(between, a.label.name.role))
    });
    found
}

/// True if a byte may be part of a name.
pub(super) fn is_name(byte: u8) -> bool {
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
    absent(text, start, items, at - before..end, name, secret)
}

/// The names with a word of `labels` that `text` gives no value from `start` on.
pub(super) fn labelled(text: &[u8], start: usize, items: &[Item], labels: &[String]) -> Vec<Item> {
    if labels.is_empty() {
        return Vec::new();
    }
    let place = |at: usize| {
        let at = start + at;
        let before = &text[start.max(at.saturating_sub(NAME))..at];
        let end = before.iter().rposition(|byte| !b" \"'`]\t".contains(byte))? + 1;
        let begin = before[..end].iter().rposition(|byte| !is_name(*byte)).map_or(0, |by| by + 1);
        // `<secret></secret>`; in `token->get()` and `token > 5` there is no value.
        if text[at] == b'>' && !before[..begin].ends_with(b"<") {
            return None;
        }
        let joined = words(&before[begin..end]).concat();
        if !labels.iter().any(|label| joined.contains(label.as_str())) {
            return None;
        }
        let name = Name::of(&before[begin..end], false);
        let value = at - before.len() + end;
        let value = value + operator(&text[value..])?;
        absent(text, start, items, at - before.len() + begin..value, name, true)
    };
    memchr::memchr3_iter(b'=', b':', b'>', &text[start..]).filter_map(place).take(MOST).collect()
}

/// A name of a half whose value, which would be at the end of `span`, is not there.
fn absent(
    text: &[u8],
    start: usize,
    items: &[Item],
    span: Range<usize>,
    name: Name,
    secret: bool,
) -> Option<Item> {
    let end = span.end;
    if !is_absent(text, end)
        || has_value(text, items, &span, &name)
        || refers(text, start, end, items)
    {
        return None;
    }
    let line = memchr::memrchr(b'\n', &text[start..span.start]).map_or(start, |by| start + by + 1);
    let comment = is_comment(&text[line..span.start]);
    Some(Item {
        span,
        decoded: Vec::new(),
        part: Part::Vacant { secret },
        label: Label { name, assigned: true, comment, ..Label::default() },
        near_id: false,
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
    // After a colon at the end of a line the value may be on the next line.
    let below = value.is_empty() && text[at - 1] != b'=' && !is_followed_by_field(text, at);
    run < 16 && !below && !holds
}

/// True if the next line is indented as much as that of `at`, and is a field: the field before it is
/// empty.
fn is_followed_by_field(text: &[u8], at: usize) -> bool {
    let indent = |line: &[u8]| line.iter().take_while(|byte| **byte == b' ').count();
    let start = memchr::memrchr(b'\n', &text[at.saturating_sub(NAME)..at]);
    let line = start.map_or(&text[..at], |by| &text[at.saturating_sub(NAME) + by + 1..]);
    let rest = &text[at..text.len().min(at + 160)];
    let next = memchr::memchr(b'\n', rest).map_or(&[][..], |by| &rest[by + 1..]);
    let next = &next[..memchr::memchr(b'\n', next).unwrap_or(next.len())];
    indent(next) <= indent(line) && names_field(next)
}

/// True if a value is a name (`$aws_key`) that has its own value in the text.
fn refers(text: &[u8], start: usize, at: usize, items: &[Item]) -> bool {
    let rest = &text[at..text.len().min(at + NAME)];
    // Text after an empty string is not its content.
    if matches!(rest.trim_ascii_start(), [b'"', b'"', ..] | [b'\'', b'\'', ..]) {
        return false;
    }
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

/// True if an item is in the name or has the same name: it is then the value. If the other half is
/// named between the two, the item belongs to the next key.
fn has_value(text: &[u8], items: &[Item], span: &Range<usize>, name: &Name) -> bool {
    let next = items.partition_point(|item| item.span.end <= span.start);
    items[next..].first().is_some_and(|item| {
        let label = &item.label.name;
        let gap = text.get(span.end..item.span.start).unwrap_or_default();
        let own = has_own_name(gap);
        item.span.start < span.end + 12 && !own
            || item.span.start < span.end + NAME
                // `AWS_SECRET_ACCESS_KEY=` above `SECRET_KEY=…`: these are two secrets.
                && !(own && name.aws && !label.aws)
                && label.stem == name.stem
                && (label.role == name.role || label.role.is_secret() && name.role.is_secret())
                && !names_other(&text[span.end..item.span.start], name.role)
    })
}

/// True if the value after the text between an empty name and it has a name of its own: on a line
/// below, or in the next field.
fn has_own_name(gap: &[u8]) -> bool {
    memchr::memrchr2(b'\n', b',', gap).is_some_and(|at| names_field(&gap[at + 1..]))
}

/// True if a line or a field begins with a name and its operator.
fn names_field(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let marks = line.iter().take_while(|byte| b"\"'-$ ".contains(byte)).count();
    let len = line[marks..].iter().take_while(|byte| is_name(**byte)).count();
    let name = &line[marks..marks + len];
    len > 0 && operator(&line[marks + len..]).is_some() && Name::of(name, false).named
}

/// True if a text names the other half of a key than `role`, in an assignment, or ends a record and
/// begins another one.
fn names_other(text: &[u8], role: Role) -> bool {
    if [&b"],"[..], b"},"].iter().any(|end| memchr::memmem::find(text, end).is_some()) {
        return true;
    }
    let places = SIGNS.into_iter().flat_map(|sign| memchr::memmem::find_iter(text, sign));
    places.into_iter().any(|at| {
        let start = text[..at].iter().rposition(|byte| !is_name(*byte)).map_or(0, |by| by + 1);
        let len = text[at..].iter().take_while(|byte| is_name(**byte)).count();
        let found = Name::of(&text[start..at + len], false).role;
        let is_other = match role {
            Role::KeyId => found.is_secret(),
            _ => found == Role::KeyId,
        };
        is_other && operator(&text[at + len..]).is_some()
    })
}
