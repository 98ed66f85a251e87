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

/// A secret of a view.
struct Half<'v> {
    text: &'v [u8],
    /// Its place in the original.
    span: Range<usize>,
    /// Its place in the view.
    shown: Range<usize>,
    /// Its index among the matches that need an id; `None` if another region reports it.
    number: Option<usize>,
}

impl Look<'_> {
    /// Gives each of `found`, which are at the first of `spans` of the view, the id that belongs to
    /// it, and removes those without a label or an id nearby. The second of `spans` are secrets that
    /// other regions report, which may be those of the same ids. The view's first byte is at `base`.
    /// Ids of a rule of the scanned project are shown only if they are not secrets. `false` if a text
    /// further away may make one of those removed a credential.
    pub(super) fn join(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        base: usize,
        [own, others]: [&[Range<usize>]; 2],
        found: &mut Vec<Shaped>,
    ) -> bool {
        if found.is_empty() {
            return true;
        }
        let ids = ids(partner, view, base);
        let near =
            |span: &Range<usize>| ids.iter().any(|id| gap(&id.span, span) <= partner.distance);
        let mut halves = halves(view, base, own, others);
        halves.retain(|half| near(&half.span));
        if halves.iter().all(|half| half.number.is_none()) {
            found.clear();
            return true;
        }
        let is_list = halves.len() > MOST;
        let kin = if is_list { Vec::new() } else { self.kin(partner, view, base, &ids, &halves) };
        let is_secret: Vec<bool> = (0..halves.len())
            .map(|at| self.is_named(partner, view, &halves[at].shown, kin.get(at)))
            .collect();
        let is_whole = is_secret.iter().all(|is_secret| *is_secret);
        let with = kin.into_iter().zip(&is_secret).filter(|(_, is)| **is);
        let mut kin: Vec<Kin> = with.map(|(kin, _)| kin).collect();
        let mut is_secret = is_secret.into_iter();
        halves.retain(|_| is_secret.next().unwrap_or_default());
        for (half, kin) in halves.iter().zip(&mut kin) {
            prefer_beside(partner, view, &ids, half, kin);
        }
        prefer_same(&mut kin);
        let is_cut = base > 0 || base + view.original(&(0..view.text.len())).end < self.bytes.len();
        let choices = if is_list {
            halves.iter().map(|half| (nearest(&ids, half, |_| true), Confidence::Low)).collect()
        } else {
            choose(&ids, &halves, &kin, in_turn(&ids, &halves, partner.distance, is_cut))
        };
        let is_own = self.rule().author != Author::Target;
        let mut is_kept = vec![false; found.len()];
        for (half, (id, confidence)) in halves.iter().zip(choices) {
            let Some(number) = half.number else { continue };
            is_kept[number] = true;
            let one = &mut found[number];
            one.confidence = one.confidence.min(confidence);
            let Some(id) = id.map(|id| &ids[id]) else { continue };
            if is_own || tells_no_secret(id.text.as_bytes()) {
                one.id = Some((id.text.clone(), id.span.clone()));
            }
        }
        let mut is_kept = is_kept.into_iter();
        found.retain(|_| is_kept.next().unwrap_or_default());
        is_whole
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
        let is_adjacent = || partner.is_adjacent(text, span.start);
        let is_other = !rule.labels.is_empty() && kin.is_some_and(|kin| kin.is_other);
        (!is_other || is_adjacent())
            && (kin.is_some_and(|kin| kin.is_headed)
                || is_labelled(rule, text, span.start, self.shape.reach)
                || is_adjacent())
    }

    /// How the secrets of a view fit its ids.
    fn kin(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        base: usize,
        ids: &[Id],
        secrets: &[Half<'_>],
    ) -> Vec<Kin> {
        // The text around a stretch tells more: what is above it names columns and scopes.
        let (text, start, moved) = match view.is_raw() {
            true => (&self.bytes[..base + view.text.len()], base.saturating_sub(ABOVE), base),
            false => (&*view.text, 0, 0),
        };
        let moved = |span: &Range<usize>| span.start + moved..span.end + moved;
        let ids: Vec<_> = ids.iter().map(|id| moved(&id.shown)).collect();
        let secrets: Vec<_> = secrets.iter().map(|half| moved(&half.shown)).collect();
        let end = base + view.original(&(0..view.text.len())).end;
        let is_whole = end >= self.bytes.len();
        let scene = kin::Scene { text, start, is_whole, ids: &ids, secrets: &secrets };
        kin::kin(&scene, self.rule(), partner.distance)
    }
}

/// The secrets of a view in order: the `own` ones, which need an id, and the others.
fn halves<'v>(
    view: &'v View<'_>,
    base: usize,
    own: &[Range<usize>],
    others: &[Range<usize>],
) -> Vec<Half<'v>> {
    let own = own.iter().enumerate().map(|(number, span)| (span, Some(number)));
    let all = own.chain(others.iter().map(|span| (span, None)));
    let mut halves: Vec<Half<'_>> = all
        .map(|(shown, number)| {
            let original = view.original(shown);
            let span = base + original.start..base + original.end;
            Half { text: &view.text[shown.clone()], span, shown: shown.clone(), number }
        })
        .collect();
    halves.sort_by_key(|half| half.shown.start);
    halves
}

/// Leaves a secret to the id directly before it, as in `ID:SECRET`.
fn prefer_beside(
    partner: &PartnerShape,
    view: &View<'_>,
    ids: &[Id],
    half: &Half<'_>,
    kin: &mut Kin,
) {
    if !partner.is_adjacent(&view.text, half.shown.start) {
        return;
    }
    let own = ids.iter().rposition(|id| id.shown.end <= half.shown.start);
    for (at, fit) in kin.fits.iter_mut().enumerate() {
        *fit = if Some(at) == own { Fit::Same } else { Fit::Apart };
    }
}

/// Leaves an id to the secrets whose names are the same, and a secret to such ids.
fn prefer_same(fits: &mut [Kin]) {
    let of_ids = fits.first().map_or(0, |kin| kin.fits.len());
    let taken: Vec<bool> =
        (0..of_ids).map(|id| fits.iter().any(|kin| kin.fits[id] >= Fit::Same)).collect();
    for kin in fits {
        let has_same = kin.fits.iter().any(|fit| *fit >= Fit::Same);
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
fn nearest(ids: &[Id], one: &Half<'_>, is_allowed: impl Fn(usize) -> bool) -> Option<usize> {
    let allowed = ids.iter().enumerate().filter(|(at, _)| is_allowed(*at));
    allowed.map(|(at, id)| (gap(&id.span, &one.span), at)).min().map(|(_, at)| at)
}

/// For each secret the index of its id, and the highest confidence of the pair; or of the secret
/// alone, if no id fits it, or several do equally well.
fn choose(
    ids: &[Id],
    halves: &[Half<'_>],
    kin: &[Kin],
    in_turn: Option<Vec<usize>>,
) -> Vec<(Option<usize>, Confidence)> {
    let fits = |id: usize, secret: usize| kin[secret].fits.get(id) > Some(&Fit::Apart);
    let of_order =
        in_turn.filter(|order| order.iter().enumerate().all(|(secret, &id)| fits(id, secret)));
    // A pair that may be another is reported only on request; its secret is shown without an id.
    let unsure = |secret: usize, id: Option<usize>| match kin[secret].is_akin {
        true => (None, Confidence::Medium),
        false => (id, Confidence::Low),
    };
    let mut chosen: Vec<Option<usize>> = Vec::with_capacity(halves.len());
    let mut is_clear: Vec<bool> = Vec::with_capacity(halves.len());
    for (number, half) in halves.iter().enumerate() {
        let near = nearest(ids, half, |id| fits(id, number));
        let at = of_order.as_ref().map_or(near, |order| Some(order[number]));
        chosen.push(at);
        let rivals = ids.iter().enumerate().filter(|(id, _)| fits(*id, number)).map(|(_, id)| id);
        is_clear.push(at.is_some_and(|at| {
            let own = gap(&ids[at].span, &half.span);
            let mut rivals = rivals.filter(|id| id.text != ids[at].text);
            of_order.is_some() || rivals.all(|id| gap(&id.span, &half.span) >= (own + 1) * CLEARLY)
        }));
    }
    let is_only = |number: usize, own: usize| {
        let same = |id: &usize| ids[*id].text == ids[own].text;
        (0..ids.len()).filter(|&id| fits(id, number)).all(|id| same(&id))
            && (0..ids.len()).filter(same).all(|id| {
                let mut others = halves.iter().enumerate().filter(|(at, _)| fits(id, *at));
                others.all(|(_, other)| other.text == halves[number].text)
            })
    };
    // Of several secrets of one id, the nearest may be its own.
    let is_rivalled = |number: usize, id: &Id| {
        let half = &halves[number];
        let own = gap(&id.span, &half.span);
        of_order.is_none()
            && halves.iter().enumerate().any(|(other, another)| {
                other != number
                    && chosen[other].is_some_and(|other| ids[other].text == id.text)
                    && another.text != half.text
                    && gap(&id.span, &another.span) <= own * CLEARLY
            })
    };
    // A single pair is one, whatever its names are.
    let is_alone = ids.iter().all(|id| id.text == ids[0].text)
        && halves.iter().all(|half| half.text == halves[0].text);
    let choice = |number: usize| match chosen[number] {
        Some(id) if is_only(number, id) && (is_alone || kin[number].fits[id] == Fit::Named) => {
            (Some(id), Confidence::High)
        }
        Some(id) if is_only(number, id) || is_clear[number] && !is_rivalled(number, &ids[id]) => {
            (Some(id), Confidence::Medium)
        }
        id => unsure(number, id),
    };
    (0..halves.len()).map(choice).collect()
}

/// The ids of secrets that alternate with ids: the same order throughout, and each pair within the
/// distance. If the text `is_cut`, the halves of other keys may be missing at its ends, so each half
/// must be nearer to its own than to the next.
fn in_turn(ids: &[Id], halves: &[Half<'_>], distance: usize, is_cut: bool) -> Option<Vec<usize>> {
    if ids.len() != halves.len() || ids.len() < 2 {
        return None;
    }
    let pairs = || ids.iter().zip(halves);
    let is_near = pairs().all(|(id, one)| gap(&id.span, &one.span) <= distance);
    let ids_first = pairs().all(|(id, one)| id.span.end <= one.span.start)
        && ids.iter().skip(1).zip(halves).all(|(next, one)| one.span.end <= next.span.start);
    let secrets_first = pairs().all(|(id, one)| one.span.end <= id.span.start)
        && halves.iter().skip(1).zip(ids).all(|(next, id)| id.span.end <= next.span.start);
    let is_clear = |at: usize| {
        let (id, own) = (&ids[at].span, &halves[at].span);
        let other = if ids_first { at.checked_sub(1) } else { Some(at + 1) };
        let other = other.and_then(|other| halves.get(other));
        other.is_none_or(|other| gap(id, &other.span) > gap(id, own))
    };
    let is_sure = !is_cut || (0..ids.len()).all(is_clear);
    (is_near && is_sure && (ids_first || secrets_first)).then(|| (0..ids.len()).collect())
}
