//! A text that consists of a secret: the name of its file is its label.
//!
//! The files of envdir have this form, and the secrets that Docker and Kubernetes mount. Detection
//! gets no file name, and in a history a text may have several. So the candidate is marked, and
//! [`named`] reads the name when it is known. A file `NAME` is read like `NAME=value`.

use std::ops::Range;

use crate::aws::SECRET_LEN;
use crate::finding::{Candidate, Confidence, RuleId};
use crate::location::Position;
use crate::rules::id::SECRET as NAMED;
use crate::scan::Hit;

use super::analyse::Analysis;
use super::finish;
use super::item::{self, Part};
use super::name::{Name, Role};

/// The rule of candidates that [`named`] has not seen yet. It is in no rule set and in no report.
const RULE: &str = "nameless";
/// Maximum number of bytes of such a text; longer ones contain more than a value.
const MOST: usize = 256;
/// Parent folders of a file whose names may show that it belongs to AWS.
const FOLDERS: usize = 3;

/// The secret that fills a text; its confidence is that with the most explicit name.
pub(super) fn candidate(bytes: &[u8], first: Position, owned: &Range<usize>) -> Option<Candidate> {
    let value = value(bytes)?;
    let (mut items, _) = item::all(bytes);
    let mut item = items.pop().filter(|_| items.is_empty())?;
    if item.span != value || !matches!(item.part, Part::Secret { .. }) {
        return None;
    }
    item.label.name = Name { role: Role::SecretKey, ..Name::default() };
    let found = Analysis { loose: vec![item], ..Analysis::default() };
    let mut candidate = finish::candidates(bytes, first, owned, found).pop()?;
    candidate.credential.rule = RuleId::new(RULE);
    Some(candidate)
}

/// The place of the value in a text that contains nothing else but blanks, quotes and a byte order
/// mark.
fn value(bytes: &[u8]) -> Option<Range<usize>> {
    if bytes.len() < SECRET_LEN || bytes.len() > MOST {
        return None;
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let quote = text.first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let quoted = quote.and_then(|quote| text[1..].strip_suffix(&[quote]));
    let text = quoted.unwrap_or(text);
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    if text.len() < SECRET_LEN || !text.iter().all(part) {
        return None;
    }
    let start = memchr::memmem::find(bytes, text)?;
    Some(start..start + text.len())
}

/// Applies the name of a hit's file if that is its label; `None` if the name is not a label.
pub fn named(mut hit: Hit) -> Option<Hit> {
    let Hit { origin, candidate } = &mut hit;
    if candidate.credential.rule.as_str() != RULE {
        return Some(hit);
    }
    let path = origin.path.iter().map(Vec::as_slice);
    let inside = candidate.inside.iter().map(String::as_bytes);
    let components: Vec<&[u8]> = path
        .chain(inside)
        .flat_map(|path| path.split(|byte| matches!(byte, b'/' | b'\\')))
        .filter(|part| !part.is_empty())
        .collect();
    let (file, folders) = components.split_last()?;
    let name = Name::of(file, false);
    let of_aws = folders.iter().rev().take(FOLDERS).any(|folder| Name::of(folder, false).aws);
    match name.role {
        Role::SecretKey => {}
        Role::Secret if of_aws && !name.service => {}
        Role::Secret => candidate.confidence = Confidence::Low,
        _ => return None,
    }
    candidate.credential.rule = RuleId::new(NAMED);
    Some(hit)
}

/// A candidate with the rule that it has once its file's name was read, whatever that name is.
pub fn as_named(mut candidate: Candidate) -> Candidate {
    if candidate.credential.rule.as_str() == RULE {
        candidate.credential.rule = RuleId::new(NAMED);
    }
    candidate
}
