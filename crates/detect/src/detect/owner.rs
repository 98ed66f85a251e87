//! The owner of a value according to text that is not its name: the user of a URL, the profile of a
//! command.

use std::collections::HashSet;
use std::ops::Range;

use super::item::{Item, Part};
use super::name::{Name, Role};
use super::words::{Meaning, is_usual, words};

/// Bytes of a line before a value that are read.
const LINE: usize = 200;
/// Minimum number of owners in a text.
const FEWEST: usize = 2;

/// The words of the profile for which a command sets a value: `aws --profile dev configure set …`.
pub(super) fn profile(text: &[u8], span: &Range<usize>) -> Vec<String> {
    const OPTION: &[u8] = b"--profile";
    let rest = &text[span.end..text.len().min(span.end + 80)];
    let after = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let head = &text[span.start.saturating_sub(LINE)..span.start];
    let before =
        &head[head.iter().rposition(|byte| b"\n;&|".contains(byte)).map_or(0, |at| at + 1)..];
    let of = |line: &[u8]| {
        let name = &line[memchr::memmem::find(line, OPTION)? + OPTION.len()..];
        let name = name.strip_prefix(b" ").or_else(|| name.strip_prefix(b"="))?;
        let end = name.iter().position(u8::is_ascii_whitespace).unwrap_or(name.len());
        Some(words(&name[..end]))
    };
    of(after).or_else(|| of(before)).unwrap_or_default()
}

/// Adds the owners that prefixes of lines name, to the names of the items on these lines: the services
/// of `docker compose logs`, the people of a chat, the name spaces of Pulumi. They count only if they
/// distinguish keys: two or more of them have an id as well as a secret.
pub(super) fn of_lines(text: &[u8], items: &mut [Item]) {
    if items.len() < 2 * FEWEST {
        return;
    }
    let owners: Vec<Vec<String>> = items.iter().map(|item| of_line(text, &item.span)).collect();
    let of = |is_id: bool| -> HashSet<&Vec<String>> {
        let with_owner = items.iter().zip(&owners).filter(|(_, owner)| !owner.is_empty());
        let halves = with_owner.filter(|(item, _)| match item.part {
            Part::Id { .. } => is_id,
            Part::Secret { .. } => !is_id,
            _ => false,
        });
        halves.map(|(_, owner)| owner).collect()
    };
    if of(true).intersection(&of(false)).count() < FEWEST {
        return;
    }
    for (item, owner) in items.iter_mut().zip(owners) {
        let name = &mut item.label.name;
        for word in owner {
            if !name.stem.contains(&word) {
                name.stem.push(word.clone());
            }
            if !name.rest.contains(&word) {
                name.rest.push(word);
            }
        }
    }
}

/// The words of the owner in the prefix of a value's line: `web_1  | `, `[10:01] alice: `,
/// `aws-alice:accessKey: `.
fn of_line(text: &[u8], span: &Range<usize>) -> Vec<String> {
    let end = span.start.min(text.len());
    let head = &text[end.saturating_sub(LINE)..end];
    let Some(newline) = memchr::memrchr(b'\n', head).or((end <= LINE).then_some(0)) else {
        return Vec::new();
    };
    let mut line = head[newline..].trim_ascii_start();
    loop {
        let stamp = match line.first() {
            Some(b'[') => memchr::memchr(b']', line).map_or(0, |at| at + 1),
            Some(byte) if byte.is_ascii_digit() => {
                line.iter().take_while(|byte| !byte.is_ascii_whitespace()).count()
            }
            _ => 0,
        };
        if stamp == 0 {
            break;
        }
        line = line[stamp..].trim_ascii_start();
    }
    let line = line.strip_prefix(b"<").unwrap_or(line);
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(byte);
    let (owner, rest) = line.split_at(line.iter().take_while(part).count());
    let bar = rest.trim_ascii_start();
    let is_prefix = bar.starts_with(b"| ")
        || rest.starts_with(b"> ")
        || rest.len() > 1 && rest[0] == b':' && rest[1] != b'=' && rest[1] != b':';
    let is_name = |word: &str| Meaning::of(word).has(Meaning::STOP);
    let words = words(owner);
    let role = Name::of(owner, false).role;
    if !is_prefix || role != Role::None || words.iter().all(|word| is_name(word) || is_usual(word))
    {
        return Vec::new();
    }
    words.into_iter().filter(|word| !is_usual(word)).collect()
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
