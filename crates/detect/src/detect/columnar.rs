//! Columnar files (Parquet, ORC, Arrow). Adjacent values belong to one column, and the values of
//! one row are far apart. The smallest and the largest id of a column are next to the smallest and
//! the largest secret of another column, which belong to other rows.
//!
//! So an id and a secret are one key only if there is nothing but text between them, because they
//! are then one value, or if the text contains no other id and no other secret.

use std::ops::Range;

use crate::finding::Confidence;

use super::analyse::{Analysis, Joined, Other};
use super::item::{Item, Part};
use super::name::Role;

/// Separates pairs that were joined only by nearness; `whole` means that `text` is the whole file.
pub(super) fn take_apart(text: &[u8], whole: bool, keeps_others: bool, found: &mut Analysis) {
    let lone = whole && is_lone(found);
    for mut joined in std::mem::take(&mut found.joined) {
        if is_one_value(text, &joined) {
            found.joined.push(joined);
            continue;
        }
        if lone {
            joined.confidence = joined.confidence.min(Confidence::Medium);
            found.joined.push(joined);
            continue;
        }
        if keeps_others {
            found.others.push(Other {
                id: joined.id.span.clone(),
                secret: joined.secret.clone(),
                confidence: Confidence::Low,
                evidence: joined.evidence,
            });
        }
        let mut secret = joined.secret;
        // A secret that only an id supported is reported without it, too.
        if secret.label.name.role != Role::SecretKey {
            secret.label.name.role = Role::Secret;
            secret.label.name.service = false;
        }
        found.loose.extend([joined.id, secret].into_iter().chain(joined.token));
    }
    found.loose.sort_by_key(|item| item.span.start);
}

/// True if all pairs are equal and nothing else may be a half of one.
fn is_lone(found: &Analysis) -> bool {
    let Some(first) = found.joined.first() else { return false };
    let same = |item: &Item, other: &Item| match (&item.part, &other.part) {
        (Part::Id { id, .. }, Part::Id { id: other, .. }) => id == other,
        (Part::Secret { value, .. }, Part::Secret { value: other, .. })
        | (Part::Mail { value }, Part::Mail { value: other }) => value.expose() == other.expose(),
        // A session token is not a half of a key.
        (_, Part::Token { .. } | Part::Vacant { .. }) => true,
        _ => false,
    };
    let known = |item: &Item| same(&first.id, item) || same(&first.secret, item);
    found.joined.iter().all(|joined| known(&joined.id) && known(&joined.secret))
        && found.loose.iter().all(known)
        && found.others.iter().all(|other| known(&other.secret))
}

/// True if there is nothing but text between the two.
fn is_one_value(text: &[u8], joined: &Joined) -> bool {
    let (id, secret): (&Range<usize>, _) = (&joined.id.span, &joined.secret.span);
    let between = id.end.min(secret.end)..id.start.max(secret.start);
    let between = text.get(between).unwrap_or_default();
    between.iter().all(|&byte| byte >= b' ' && byte != 0x7f || byte.is_ascii_whitespace())
}
