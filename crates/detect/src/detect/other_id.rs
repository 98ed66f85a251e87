//! Ids of other providers: the access key of MinIO, Wasabi, Ceph and others that speak the protocol
//! of S3 has no prefix of AWS, but its name, or its place next to a secret, shows it.
//!
//! Its secret belongs to it, and not to an AWS id nearby. So the id takes part in pairing like the
//! name of an id that has no value ([`super::vacant`]).

use std::ops::Range;

use crate::aws::{KEY_ID_LEN, KeyId, SECRET_LEN};

use super::item::{Item, Part};
use super::label::{self, Label};
use super::name::{Name, Role};
use super::runs;

/// Bytes on either side of a secret in which its id is searched for.
const REACH: usize = 300;
/// Maximum number of bytes of an id.
const MOST_ID: usize = 64;
/// Maximum number of secrets whose neighbourhood is searched.
const MOST: usize = 128;
/// Maximum number of marks between an id without a name and its secret.
const MOST_MARKS: usize = 8;
/// The first letters of ids of AWS that have no secret: users, roles, groups and others.
const UNIQUE: [&[u8]; 11] = [
    b"ABIA", b"ACCA", b"AGPA", b"AIDA", b"AIPA", b"AKIA", b"ANPA", b"ANVA", b"APKA", b"AROA",
    b"ASIA",
];

const LETTERS: runs::Class = runs::alphanumeric_and(b"");

/// The ids of other providers near secrets of `text`, which is not read before `start`.
pub(super) fn near(text: &[u8], start: usize, items: &[Item]) -> Vec<Item> {
    let has_id = items.iter().any(|item| item.id().is_some());
    if !has_id {
        return Vec::new();
    }
    let mut found: Vec<Item> = Vec::new();
    let secrets = items.iter().filter(|item| matches!(item.part, Part::Secret { .. }));
    for secret in secrets.take(MOST) {
        let mut at = start.max(secret.span.start.saturating_sub(REACH));
        let end = text.len().min(secret.span.end + REACH);
        while let Some(span) = runs::next(text, at, end, KEY_ID_LEN - 4, &LETTERS) {
            at = span.end;
            let known = found.iter().any(|one| one.span == span);
            if known || !may_be_id(text, &span) || overlaps(items, &span) {
                continue;
            }
            found.extend(id(text, start, items, span, secret));
        }
    }
    found.sort_by_key(|item| item.span.start);
    found
}

/// The id at `span`, if it is that of a secret.
fn id(
    text: &[u8],
    start: usize,
    items: &[Item],
    span: Range<usize>,
    secret: &Item,
) -> Option<Item> {
    let before = items[..items.partition_point(|item| item.span.end <= span.start)].last();
    let from = before.map_or(start, |item| item.span.end);
    let label = label::read(&text[start..], from - start, &(span.start - start..span.end - start));
    let (name, own) = (&label.name, &secret.label.name);
    let named = name.role == Role::KeyId && name.rest == own.rest
        || matches!(name.role, Role::KeyId | Role::Key)
            && !name.stem.is_empty()
            && name.stem == own.stem;
    let label = if named && own.role.is_secret() {
        Label { name: Name { role: Role::KeyId, ..name.clone() }, ..label }
    } else if is_next_to(text, &span, secret) {
        Label::default()
    } else {
        return None;
    };
    let part = Part::Vacant { secret: false };
    Some(Item { span, decoded: Vec::new(), part, label, near_id: false })
}

/// True if a run of letters may be an id that is not one of AWS.
fn may_be_id(text: &[u8], span: &Range<usize>) -> bool {
    let value = &text[span.clone()];
    let before = span.start.checked_sub(1).map_or(b' ', |at| text[at]);
    let after = text.get(span.end).copied().unwrap_or(b' ');
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    value.len() <= MOST_ID
        && value.len() != SECRET_LEN
        && digits >= 2
        && digits < value.len()
        && !before.is_ascii_alphanumeric()
        && !b"+/_-.@$%\\".contains(&before)
        && !b"+/_-.@(=".contains(&after)
        && !UNIQUE.iter().any(|head| value.starts_with(head))
        && KeyId::parse(value).is_none()
}

/// True if an id without a name and a secret have only marks between them on one line, as in
/// `("…", "…")`.
fn is_next_to(text: &[u8], span: &Range<usize>, secret: &Item) -> bool {
    let value = &text[span.clone()];
    let capitals = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let Some(gap) = text.get(span.end..secret.span.start) else { return false };
    !secret.label.assigned
        && secret.label.name.role == Role::None
        && value.len() == KEY_ID_LEN
        && value.iter().all(capitals)
        && (1..=MOST_MARKS).contains(&gap.len())
        && !gap.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte == b'\n')
}

/// True if an item is at a place.
fn overlaps(items: &[Item], span: &Range<usize>) -> bool {
    let next = items.partition_point(|item| item.span.end <= span.start);
    items.get(next).is_some_and(|item| item.span.start < span.end)
}
