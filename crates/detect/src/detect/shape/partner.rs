//! Joins the secrets of a rule with ids of its own form: Twilio's `AC…`, Alibaba's `LTAI…`.
//!
//! A secret without an id nearby is not a match. A single id and a single secret are certainly a
//! pair. Of several, only the order and the distance show which belong together, so the confidence is
//! lower.

use std::ops::Range;

use crate::finding::Confidence;
use crate::rules::{Boundary, PartnerShape};

use super::super::view::View;
use super::Shaped;
use super::judge::tells_no_secret;

/// Maximum number of ids of a stretch of text that are considered, and of secrets that are compared
/// with each other; more are a list, not keys.
const MOST: usize = 256;
/// An id counts as the nearest one only if the next one is this many times as far away.
const CLEARLY: usize = 3;

/// An id of a view.
struct Id {
    text: String,
    span: Range<usize>,
}

/// Gives each of `found` the id that belongs to it, and removes those without one. The view's first
/// byte is at `base`. Ids of a rule of the scanned project are shown only if they are not secrets.
pub(super) fn join(
    partner: &PartnerShape,
    view: &View<'_>,
    base: usize,
    is_own: bool,
    found: &mut Vec<Shaped>,
) {
    if found.is_empty() {
        return;
    }
    let ids = ids(partner, view, base);
    found.retain(|one| ids.iter().any(|id| gap(&id.span, &one.span) <= partner.distance));
    let choices = if found.len() > MOST {
        found.iter().map(|one| (nearest(&ids, one), Confidence::Low)).collect()
    } else {
        choose(&ids, found, partner.distance)
    };
    for (one, (id, confidence)) in found.iter_mut().zip(choices) {
        one.confidence = one.confidence.min(confidence);
        let id = &ids[id];
        if is_own || tells_no_secret(id.text.as_bytes()) {
            one.id = Some((id.text.clone(), id.span.clone()));
        }
    }
}

/// The ids of a view, in order.
fn ids(partner: &PartnerShape, view: &View<'_>, base: usize) -> Vec<Id> {
    let text = &*view.text;
    let matches = partner.id.regex().captures_iter(text);
    let ids = matches.filter_map(|groups| {
        let id = groups.name("id").or_else(|| groups.get(0))?;
        if Boundary::Alphanumeric.extends(text, id.range()) {
            return None;
        }
        let original = view.original(&id.range());
        let span = base + original.start..base + original.end;
        Some(Id { text: String::from_utf8_lossy(id.as_bytes()).into_owned(), span })
    });
    ids.take(MOST).collect()
}

/// The bytes between two spans.
fn gap(one: &Range<usize>, other: &Range<usize>) -> usize {
    one.start.saturating_sub(other.end).max(other.start.saturating_sub(one.end))
}

/// The index of the nearest id.
fn nearest(ids: &[Id], one: &Shaped) -> usize {
    let near = ids.iter().enumerate().map(|(at, id)| (gap(&id.span, &one.span), at));
    near.min().map_or(0, |(_, at)| at)
}

/// For each secret the index of its id, and the highest confidence of the pair.
fn choose(ids: &[Id], found: &[Shaped], distance: usize) -> Vec<(usize, Confidence)> {
    let of_order = in_turn(ids, found, distance);
    let mut chosen: Vec<(usize, Confidence)> = Vec::with_capacity(found.len());
    for (number, one) in found.iter().enumerate() {
        if let Some(order) = &of_order {
            chosen.push((order[number], Confidence::Medium));
            continue;
        }
        let at = nearest(ids, one);
        let own = gap(&ids[at].span, &one.span);
        let other = ids.iter().filter(|id| id.text != ids[at].text);
        let other = other.map(|id| gap(&id.span, &one.span)).min();
        let is_clear = other.is_none_or(|other| other >= (own + 1) * CLEARLY);
        let confidence = if is_clear { Confidence::Medium } else { Confidence::Low };
        chosen.push((at, confidence));
    }
    let is_single = |(number, one): (usize, &Shaped)| {
        let id = &ids[chosen[number].0];
        let near = |span: &Range<usize>, other: &Range<usize>| gap(span, other) <= distance;
        ids.iter().all(|other| other.text == id.text || !near(&other.span, &one.span))
            && found.iter().all(|other| {
                other.secret.expose() == one.secret.expose() || !near(&other.span, &id.span)
            })
    };
    let single: Vec<bool> = found.iter().enumerate().map(is_single).collect();
    for (number, one) in found.iter().enumerate() {
        if single[number] {
            chosen[number].1 = Confidence::High;
            continue;
        }
        // Of several secrets of one id, the nearest may be its own.
        let id = &ids[chosen[number].0];
        let own = gap(&id.span, &one.span);
        let is_rivalled = of_order.is_none()
            && found.iter().enumerate().any(|(other, another)| {
                other != number
                    && ids[chosen[other].0].text == id.text
                    && another.secret.expose() != one.secret.expose()
                    && gap(&id.span, &another.span) <= own * CLEARLY
            });
        if is_rivalled {
            chosen[number].1 = Confidence::Low;
        }
    }
    chosen
}

/// The ids of secrets that alternate with ids: the same order throughout, and each pair within the
/// distance.
fn in_turn(ids: &[Id], found: &[Shaped], distance: usize) -> Option<Vec<usize>> {
    if ids.len() != found.len() || ids.len() < 2 {
        return None;
    }
    let pairs = || ids.iter().zip(found);
    let is_near = pairs().all(|(id, one)| gap(&id.span, &one.span) <= distance);
    let ids_first = pairs().all(|(id, one)| id.span.end <= one.span.start)
        && ids.iter().skip(1).zip(found).all(|(next, one)| one.span.end <= next.span.start);
    let secrets_first = pairs().all(|(id, one)| one.span.end <= id.span.start)
        && found.iter().skip(1).zip(ids).all(|(next, id)| id.span.end <= next.span.start);
    (is_near && (ids_first || secrets_first)).then(|| (0..ids.len()).collect())
}
