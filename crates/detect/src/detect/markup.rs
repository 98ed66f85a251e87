//! Marks of markup: tags of XML and HTML, and marks of list items.

use super::name::Name;
use super::undo;

/// The name of an element: its name without a prefix, and the attribute that names it.
pub(super) fn element_name(name: &[u8], tag: &[u8]) -> Name {
    let local = name.rsplit(|&byte| byte == b':').next().unwrap_or(name);
    match attribute(tag) {
        Some(value) => Name::of(value, false),
        // The letters of `<p>` and `<b>` describe the format of a text.
        None if local.len() < 2 => Name::default(),
        None => Name::of(local, false),
    }
}

/// The attribute of a tag that names it.
pub(super) fn attribute(tag: &[u8]) -> Option<&[u8]> {
    [&b" name=\""[..], b" id=\"", b" key=\"", b" Name=\""].into_iter().find_map(|mark| {
        let value = &tag[memchr::memmem::find(tag, mark)? + mark.len()..];
        Some(&value[..memchr::memchr(b'"', value)?])
    })
}

/// The name at the beginning of a tag.
pub(super) fn tag_name(text: &[u8]) -> &[u8] {
    let part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    let len = text.iter().take(64).take_while(|byte| part(byte)).count();
    if text.first().is_some_and(u8::is_ascii_alphabetic) { &text[..len] } else { &[] }
}

/// End of the name of the value at `at`. Tags such as `<em class="hl">` describe the format of the
/// value, unless their own names say more.
pub(super) fn end_of_name(text: &[u8], at: usize) -> usize {
    let tags = undo::before_tags(text, at);
    if Name::of(&text[tags..at], false).says() { at } else { tags }
}

/// Elements of forms that have a value, and types of them that say nothing about it.
const FIELDS: [&[u8]; 3] = [b"input", b"textarea", b"option"];
const FIELD_TYPES: [&[u8]; 4] = [b"password", b"text", b"hidden", b"search"];

/// The text before an element of a form, or its type, if that is what an identifier is.
pub(super) fn before_field<'t>(before: &'t [u8], identifier: &[u8]) -> Option<&'t [u8]> {
    let Some(outside) = before.strip_suffix(b"<").filter(|_| FIELDS.contains(&identifier)) else {
        return before.strip_suffix(b"type=").filter(|_| FIELD_TYPES.contains(&identifier));
    };
    let mut rest = outside.trim_ascii_end();
    // The tags between a label and its field: `</label></td><td class="wide">`.
    while let Some(tag) = rest.strip_suffix(b">") {
        // The end of the tag of the previous value names that value.
        rest = rest[..memchr::memrchr(b'<', tag)?].trim_ascii_end();
    }
    Some(rest)
}

/// The text after a list item's mark.
pub(super) fn list_item(content: &[u8]) -> Option<&[u8]> {
    if content == b"-" {
        return Some(&[]);
    }
    content.strip_prefix(b"- ").or_else(|| content.strip_prefix(b"* "))
}
