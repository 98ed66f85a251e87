//! Joins the secrets of a rule with ids of its own form: Twilio's `AC…`, Alibaba's `LTAI…`.
//!
//! A secret without an id nearby is not a match. A single id and a single secret are certainly a
//! pair. Of several, only the order and the distance show which belong together, so the confidence is
//! lower.

use std::ops::Range;

use crate::finding::Confidence;
use crate::rules::{Author, Boundary, PartnerShape};

use super::super::view::View;
use super::judge::{is_labelled, tells_no_secret};
use super::kin::{self, Fit, Kin};
use super::{Look, Shaped};

/// Maximum number of ids of a stretch of text that are considered, and of secrets that are compared
/// with each other; more are a list, not keys.
const MOST: usize = 256;
/// An id counts as the nearest one only if the next one is this many times as far away.
const CLEARLY: usize = 3;
/// Bytes above a stretch in which the headings of its tables are searched for.
const ABOVE: usize = 16 * 1024;

/// An id of a view.
struct Id {
    text: String,
    /// Its place in the original.
    span: Range<usize>,
    /// Its place in the view.
    shown: Range<usize>,
}

impl Look<'_> {
    /// Gives each of `found`, which are at `spans` of the view, the id that belongs to it, and removes
    /// those without a label or an id nearby. The view's first byte is at `base`. Ids of a rule of the
    /// scanned project are shown only if they are not secrets.
    pub(super) fn join(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        base: usize,
        spans: &[Range<usize>],
        found: &mut Vec<Shaped>,
    ) {
        if found.is_empty() {
            return;
        }
        let ids = ids(partner, view, base);
        let near = |one: &Shaped| ids.iter().any(|id| gap(&id.span, &one.span) <= partner.distance);
        if !found.iter().any(near) {
            found.clear();
            return;
        }
        let is_list = found.len() > MOST;
        let kin = if is_list { Vec::new() } else { self.kin(partner, view, base, &ids, spans) };
        let is_secret: Vec<bool> = (0..found.len())
            .map(|at| near(&found[at]) && self.is_named(partner, view, &spans[at], kin.get(at)))
            .collect();
        let with = kin.into_iter().zip(&is_secret).filter(|(_, is)| **is);
        let mut kin: Vec<Kin> = with.map(|(kin, _)| kin).collect();
        let mut is_secret = is_secret.into_iter();
        found.retain(|_| is_secret.next().unwrap_or_default());
        prefer_same(&mut kin);
        let choices = if is_list {
            found.iter().map(|one| (nearest(&ids, one, |_| true), Confidence::Low)).collect()
        } else {
            choose(&ids, found, &kin, partner.distance)
        };
        let is_own = self.rule().author != Author::Target;
        for (one, (id, confidence)) in found.iter_mut().zip(choices) {
            one.confidence = one.confidence.min(confidence);
            let Some(id) = id.map(|id| &ids[id]) else { continue };
            if is_own || tells_no_secret(id.text.as_bytes()) {
                one.id = Some((id.text.clone(), id.span.clone()));
            }
        }
    }

    /// True if a label, or the heading of a column, names a secret, and its own name does not say that
    /// it is something else.
    fn is_named(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        span: &Range<usize>,
        kin: Option<&Kin>,
    ) -> bool {
        let (rule, text) = (self.rule(), &*view.text);
        let is_beside = || partner.is_beside(text, span.start);
        let is_other = !rule.labels.is_empty() && kin.is_some_and(|kin| kin.is_other);
        (!is_other || is_beside())
            && (kin.is_some_and(|kin| kin.is_headed)
                || is_labelled(rule, text, span.start, self.shape.reach)
                || is_beside())
    }

    /// How the secrets at `spans` of a view fit its ids.
    fn kin(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        base: usize,
        ids: &[Id],
        spans: &[Range<usize>],
    ) -> Vec<Kin> {
        // The text around a stretch tells more: what is above it names columns and scopes.
        let (text, start, moved) = match view.is_raw() {
            true => (&self.bytes[..base + view.text.len()], base.saturating_sub(ABOVE), base),
            false => (&*view.text, 0, 0),
        };
        let moved = |span: &Range<usize>| span.start + moved..span.end + moved;
        let ids: Vec<_> = ids.iter().map(|id| moved(&id.shown)).collect();
        let secrets: Vec<_> = spans.iter().map(moved).collect();
        let scene = kin::Scene { text, start, ids: &ids, secrets: &secrets };
        kin::kin(&scene, self.rule(), partner.distance)
    }
}

/// Leaves an id to the secrets whose names are the same, and a secret to such ids.
fn prefer_same(fits: &mut [Kin]) {
    let of_ids = fits.first().map_or(0, |kin| kin.fits.len());
    let taken: Vec<bool> =
        (0..of_ids).map(|id| fits.iter().any(|kin| kin.fits[id] == Fit::Same)).collect();
    for kin in fits {
        let has_same = kin.fits.contains(&Fit::Same);
        for (fit, taken) in kin.fits.iter_mut().zip(&taken) {
            if *fit == Fit::Near && (*taken || has_same) {
                *fit = Fit::Apart;
            }
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
        Some(Id {
            text: String::from_utf8_lossy(id.as_bytes()).into_owned(),
            span,
            shown: id.range(),
        })
    });
    ids.take(MOST).collect()
}

/// The bytes between two spans.
pub(super) fn gap(one: &Range<usize>, other: &Range<usize>) -> usize {
    one.start.saturating_sub(other.end).max(other.start.saturating_sub(one.end))
}

/// The index of the nearest id of those that are allowed.
fn nearest(ids: &[Id], one: &Shaped, is_allowed: impl Fn(usize) -> bool) -> Option<usize> {
    let allowed = ids.iter().enumerate().filter(|(at, _)| is_allowed(*at));
    allowed.map(|(at, id)| (gap(&id.span, &one.span), at)).min().map(|(_, at)| at)
}

/// For each secret the index of its id, and the highest confidence of the pair; or of the secret, if
/// no id fits it.
fn choose(
    ids: &[Id],
    found: &[Shaped],
    kin: &[Kin],
    distance: usize,
) -> Vec<(Option<usize>, Confidence)> {
    let fits = |id: usize, secret: usize| kin[secret].fits.get(id) > Some(&Fit::Apart);
    let of_order = in_turn(ids, found, distance)
        .filter(|order| order.iter().enumerate().all(|(secret, &id)| fits(id, secret)));
    let mut chosen: Vec<(Option<usize>, Confidence)> = Vec::with_capacity(found.len());
    for (number, one) in found.iter().enumerate() {
        if let Some(order) = &of_order {
            chosen.push((Some(order[number]), Confidence::Medium));
            continue;
        }
        let Some(at) = nearest(ids, one, |id| fits(id, number)) else {
            let confidence = if kin[number].is_akin { Confidence::Medium } else { Confidence::Low };
            chosen.push((None, confidence));
            continue;
        };
        let own = gap(&ids[at].span, &one.span);
        let other = ids.iter().enumerate().filter(|(id, _)| fits(*id, number)).map(|(_, id)| id);
        let other = other.filter(|id| id.text != ids[at].text);
        let other = other.map(|id| gap(&id.span, &one.span)).min();
        let is_clear = other.is_none_or(|other| other >= (own + 1) * CLEARLY);
        let confidence = if is_clear { Confidence::Medium } else { Confidence::Low };
        chosen.push((Some(at), confidence));
    }
    let is_single = |(number, secret): (usize, &Shaped)| {
        let Some(own) = chosen[number].0.map(|own| &ids[own]) else { return false };
        let of_secret = (0..ids.len()).filter(|&other| fits(other, number));
        let same = |id: &usize| ids[*id].text == own.text;
        of_secret.clone().all(|other| same(&other))
            && (0..ids.len()).filter(same).all(|id| {
                let mut others = found.iter().enumerate().filter(|(at, _)| fits(id, *at));
                others.all(|(_, other)| other.secret.expose() == secret.secret.expose())
            })
    };
    let single: Vec<bool> = found.iter().enumerate().map(is_single).collect();
    for (number, one) in found.iter().enumerate() {
        let Some(id) = chosen[number].0.map(|id| &ids[id]) else { continue };
        if single[number] {
            chosen[number].1 = Confidence::High;
            continue;
        }
        // Of several secrets of one id, the nearest may be its own.
        let own = gap(&id.span, &one.span);
        let is_rivalled = of_order.is_none()
            && found.iter().enumerate().any(|(other, another)| {
                other != number
                    && chosen[other].0.is_some_and(|other| ids[other].text == id.text)
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
