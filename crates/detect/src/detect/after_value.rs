//! Names that follow their values: `{"value": "…", "key": "secretKey"}`, `… # aws secret key`,
//! `<input value="…" name="secret_key">`, `SET v = '…' WHERE k = 'secret_key'`.

use std::ops::Range;

use super::name::{Name, Role};

/// Bytes on either side of a value in which its tag is read.
const REACH: usize = 200;
/// Attributes that name a tag's value.
const ATTRIBUTES: [&[u8]; 6] = [b"name", b"Name", b"NAME", b"key", b"Key", b"id"];

/// The name after a value, up to the end of its object or in a comment.
pub(super) fn name(text: &[u8], span: &Range<usize>, named: bool) -> Option<Name> {
    let rest = &text[span.end..text.len().min(span.end + 100)];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let stop = line.iter().position(|byte| matches!(byte, b'}' | b')' | b';' | b'#'));
    let object = &line[..stop.unwrap_or(line.len())];
    // `"value": "…", "key": "secretKey"`, `value = '…' WHERE name = 'secretKey'`.
    let named_by = [&b"name"[..], b"Name", b"NAME", b"key", b"Key"].into_iter().find_map(|key| {
        let at = memchr::memmem::find(object, key)?;
        let lone = at == 0 || b" \t\"'{,(".contains(&object[at - 1]);
        let rest = object[at + key.len()..].trim_ascii_start();
        let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
        let value =
            rest.trim_ascii_start().split_first().filter(|(mark, _)| matches!(mark, b':' | b'='));
        value.filter(|_| lone).map(|(_, value)| value)
    });
    let named_by = named_by.or_else(|| condition(line));
    if let Some(value) = named_by {
        let end = value.iter().position(|&byte| byte == b',').unwrap_or(value.len());
        return Some(Name::of(&value[..end], false)).filter(|name| name.role != Role::None);
    }
    if named {
        return None;
    }
    let marks: [&[u8]; 6] = [b"#", b"//", b"<-", b"(", b"-- ", b"/*"];
    let begins = |at: &usize| marks.iter().any(|mark| line[*at..].starts_with(mark));
    let may = |at: &usize| matches!(line[*at], b'#' | b'/' | b'<' | b'(' | b'-');
    let at = (0..line.len()).filter(may).find(begins)?;
    // Only a closing quote or a comma may be between them, not another value.
    let between = line[..at].iter().any(u8::is_ascii_alphanumeric);
    let name = Name::of(&line[at..], true);
    let telling = matches!(name.role, Role::SecretKey | Role::Secret | Role::KeyId);
    (!between && telling).then_some(name)
}

/// The value that the condition of an `UPDATE` compares a column with.
fn condition(line: &[u8]) -> Option<&[u8]> {
    let rest = [&b" WHERE "[..], b" where "].into_iter().find_map(|word| {
        memchr::memmem::find(line, word).map(|at| line[at + word.len()..].trim_ascii_start())
    })?;
    let value = &rest[memchr::memchr(b'=', rest)? + 1..];
    let value = value.trim_ascii_start().strip_prefix(b"'")?;
    Some(&value[..memchr::memchr(b'\'', value)?])
}

/// The name that an attribute after the value at `span` gives to it, if none before it does.
pub(super) fn attribute(text: &[u8], span: &Range<usize>) -> Option<Name> {
    let head = &text[span.start.saturating_sub(REACH)..span.start];
    let head = &head[memchr::memrchr(b'<', head)? + 1..];
    let is_open = head.first().is_some_and(u8::is_ascii_alphabetic) && !head.contains(&b'>');
    if !is_open || value_of(head).is_some() {
        return None;
    }
    let tail = text.get(span.end..text.len().min(span.end + REACH))?;
    let tail = &tail[..memchr::memchr2(b'>', b'<', tail)?];
    Some(Name::of(value_of(tail)?, false)).filter(|name| name.named)
}

/// The value of the attribute that names a tag.
fn value_of(attributes: &[u8]) -> Option<&[u8]> {
    ATTRIBUTES.into_iter().find_map(|name| {
        memchr::memmem::find_iter(attributes, name).find_map(|at| {
            let value = attributes[at + name.len()..].strip_prefix(b"=")?;
            let (quote, value) = value.split_first()?;
            let begins = at > 0 && attributes[at - 1].is_ascii_whitespace();
            let is_quote = matches!(quote, b'"' | b'\'');
            let end = memchr::memchr(*quote, value).filter(|_| begins && is_quote)?;
            Some(&value[..end])
        })
    })
}
