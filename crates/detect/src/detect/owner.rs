//! The owner of a value according to text that is not its name: the user of a URL, the profile of a
//! command.

use std::ops::Range;

use super::name::{Name, Role};
use super::words::words;

/// The words of the profile for which a command sets a value.
pub(super) fn profile(text: &[u8], span: &Range<usize>) -> Vec<String> {
    const OPTION: &[u8] = b"--profile ";
    let rest = &text[span.end..text.len().min(span.end + 80)];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let Some(at) = memchr::memmem::find(line, OPTION) else { return Vec::new() };
    let name = &line[at + OPTION.len()..];
    let end = name.iter().position(u8::is_ascii_whitespace).unwrap_or(name.len());
    words(&name[..end])
}

/// The name of a password in a URL, `scheme://user:PASSWORD@host`: it belongs to that user.
pub(super) fn login(text: &[u8], span: &Range<usize>) -> Option<Name> {
    if text.get(span.end) != Some(&b'@') {
        return None;
    }
    let head = text[..span.start].strip_suffix(b":")?;
    let head = &head[head.len().saturating_sub(80)..];
    let user = &head[memchr::memmem::rfind(head, b"://")? + 3..];
    let plain = !user.is_empty()
        && user.len() != crate::aws::KEY_ID_LEN
        && user.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
    plain.then(|| Name {
        role: Role::Password,
        stem: vec!["url".to_owned(), String::from_utf8_lossy(user).to_ascii_lowercase()],
        service: true,
        named: true,
        ..Name::default()
    })
}
