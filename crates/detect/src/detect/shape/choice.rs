//! Chooses the id of each secret among those that fit it.
//!
//! Names and records come first ([`super::kin`]); order and distance decide among the ids that are
//! left. Where these leave two ids, a secret is reported alone.

use std::ops::Range;

use crate::finding::Confidence;

use super::kin::{Fit, Kin};
use super::partner::{Half, Id, gap};

/// An id counts as the nearest one only if the next one is this many times as far away.
const CLEARLY: usize = 3;

/// The ids and secrets of a view, in order.
pub(super) struct Choice<'a> {
    ids: &'a [Id],
    halves: &'a [Half<'a>],
    kin: &'a [Kin],
    /// The ids of all secrets, if ids and secrets take turns and fit in this order.
    of_order: Option<Vec<Option<usize>>>,
    /// For each secret the id that it gets, or would get if it were clear.
    chosen: Vec<Option<usize>>,
}

impl<'a> Choice<'a> {
    /// Compares halves at most `distance` apart. If the text `is_cut`, there may be more of them.
    pub(super) fn new(
        ids: &'a [Id],
        halves: &'a [Half<'a>],
        kin: &'a [Kin],
        distance: usize,
        is_cut: bool,
    ) -> Self {
        let mut choice = Self { ids, halves, kin, of_order: None, chosen: Vec::new() };
        let order = in_turn(ids, halves, distance, is_cut);
        choice.of_order = order.filter(|ids| {
            let mut ids = ids.iter().enumerate();
            ids.all(|(half, id)| id.is_none_or(|id| choice.fits(id, half)))
        });
        choice.chosen = match &choice.of_order {
            Some(order) => order.clone(),
            None => (0..halves.len())
                .map(|half| nearest(ids, &halves[half], |id| choice.fits(id, half)))
                .collect(),
        };
        choice
    }

    /// For each secret its id, and the highest confidence of the pair; or of the secret alone, if no
    /// id fits it, or several do equally well.
    pub(super) fn all(&self) -> Vec<(Option<usize>, Confidence)> {
        // A single pair is one, whatever its names are.
        let is_alone = self.ids.iter().all(|id| id.text == self.ids[0].text)
            && self.halves.iter().all(|half| half.text == self.halves[0].text);
        let of_half = |half: usize| match self.chosen[half] {
            Some(id) if self.is_only(half, id) => {
                let is_sure = is_alone || self.kin[half].fits[id] == Fit::Named;
                (Some(id), if is_sure { Confidence::High } else { Confidence::Medium })
            }
            Some(id) if self.is_clear(half, id) => (Some(id), Confidence::Medium),
            // A pair that may be another is reported only on request.
            _ if self.kin[half].is_akin => (None, Confidence::Medium),
            id => (id, Confidence::Low),
        };
        (0..self.halves.len()).map(of_half).collect()
    }

    fn fits(&self, id: usize, half: usize) -> bool {
        self.kin[half].fits.get(id) > Some(&Fit::Apart)
    }

    /// True if no other id fits a secret, and no other secret fits its id.
    fn is_only(&self, half: usize, own: usize) -> bool {
        let same = |id: &usize| self.ids[*id].text == self.ids[own].text;
        let ids = 0..self.ids.len();
        ids.clone().filter(|&id| self.fits(id, half)).all(|id| same(&id))
            && ids.filter(same).all(|id| {
                let mut halves = self.halves.iter().enumerate();
                halves.all(|(at, other)| !self.fits(id, at) || other.text == self.halves[half].text)
            })
    }

    /// True if order or distance leave no other id to a secret, and no other secret to the id.
    fn is_clear(&self, half: usize, own: usize) -> bool {
        if self.of_order.is_some() {
            return true;
        }
        let (id, secret) = (&self.ids[own], &self.halves[half]);
        let distance = gap(&id.span, &secret.span);
        let is_far = |(at, other): (usize, &Id)| {
            // The ids of a list on another line are equally near.
            let is_listed = other.line == id.line && secret.line != id.line;
            other.text == id.text
                || !self.fits(at, half)
                || !is_listed && gap(&other.span, &secret.span) >= (distance + 1) * CLEARLY
        };
        // Of several secrets of one id, the nearest may be its own. On lines in turn, the secret on the
        // line before an id and that on the line after it are equally near.
        let lines = |other: &Half<'_>| id.line.abs_diff(other.line);
        let is_beside = |other: &Half<'_>| lines(secret) > 0 && lines(other) <= lines(secret);
        let rivals = |(at, other): (usize, &Half<'_>)| {
            let is_chosen = self.chosen[at].is_some_and(|other| self.ids[other].text == id.text);
            at != half
                && (is_chosen || self.fits(own, at) && is_beside(other))
                && other.text != secret.text
                && gap(&id.span, &other.span) <= distance * CLEARLY
        };
        self.ids.iter().enumerate().all(is_far)
            && !self.halves.iter().enumerate().any(rivals)
            && !self.is_between_groups(half, own)
    }

    /// True if an id ends a group of ids and a secret begins one of secrets, or the reverse. That the
    /// two are neighbours is then no evidence.
    fn is_between_groups(&self, half: usize, own: usize) -> bool {
        let (id, secret) = (&self.ids[own], &self.halves[half]);
        let is_first = id.span.start < secret.span.start;
        let next = |at: usize, back: bool| if back { at.checked_sub(1) } else { Some(at + 1) };
        let other_id = next(own, is_first)
            .filter(|&at| at < self.ids.len() && self.fits(at, half))
            .map(|at| &self.ids[at])
            .filter(|other| other.text != id.text);
        let other_half = next(half, !is_first)
            .filter(|&at| at < self.halves.len() && self.fits(own, at))
            .map(|at| &self.halves[at])
            .filter(|other| other.text != secret.text);
        let (Some(other_id), Some(other_half)) = (other_id, other_half) else { return false };
        let lies_between = |span: &Range<usize>, a: &Range<usize>, b: &Range<usize>| {
            a.start.min(b.start) < span.start && span.start < a.start.max(b.start)
        };
        let mut ids = self.ids.iter();
        let mut halves = self.halves.iter();
        !halves.any(|one| lies_between(&one.span, &other_id.span, &id.span))
            && !ids.any(|one| lies_between(&one.span, &secret.span, &other_half.span))
    }
}

/// The index of the nearest id of those that are allowed.
pub(super) fn nearest(
    ids: &[Id],
    one: &Half<'_>,
    is_allowed: impl Fn(usize) -> bool,
) -> Option<usize> {
    let allowed = ids.iter().enumerate().filter(|(at, _)| is_allowed(*at));
    allowed.map(|(at, id)| (gap(&id.span, &one.span), at)).min().map(|(_, at)| at)
}

/// The ids of secrets that alternate with ids: the same order throughout, and each pair within the
/// distance. If the text `is_cut`, the halves of other keys may be missing at its ends: see [`cut`].
fn in_turn(
    ids: &[Id],
    halves: &[Half<'_>],
    distance: usize,
    is_cut: bool,
) -> Option<Vec<Option<usize>>> {
    if is_cut {
        return cut(ids, halves, distance);
    }
    if ids.len() != halves.len() || ids.len() < 2 {
        return None;
    }
    let pairs = || ids.iter().zip(halves);
    let is_near = pairs().all(|(id, one)| gap(&id.span, &one.span) <= distance);
    let ids_first = pairs().all(|(id, one)| id.span.end <= one.span.start)
        && ids.iter().skip(1).zip(halves).all(|(next, one)| one.span.end <= next.span.start);
    let secrets_first = pairs().all(|(id, one)| one.span.end <= id.span.start)
        && halves.iter().skip(1).zip(ids).all(|(next, id)| id.span.end <= next.span.start);
    (is_near && (ids_first || secrets_first)).then(|| (0..ids.len()).map(Some).collect())
}

/// The ids of secrets that alternate with ids in a part of a text. The first half there is not
/// evidence, so the halves of each pair must be fewer lines from each other than from the next ones.
fn cut(ids: &[Id], halves: &[Half<'_>], distance: usize) -> Option<Vec<Option<usize>>> {
    struct Place<'a> {
        span: &'a Range<usize>,
        line: usize,
        id: Option<usize>,
    }
    let of_ids = ids.iter().enumerate();
    let of_ids = of_ids.map(|(at, id)| Place { span: &id.span, line: id.line, id: Some(at) });
    let of_halves = halves.iter().map(|one| Place { span: &one.span, line: one.line, id: None });
    let mut places: Vec<Place<'_>> = of_ids.chain(of_halves).collect();
    places.sort_by_key(|place| place.span.start);
    let alternate = places.windows(2).all(|two| two[0].id.is_some() != two[1].id.is_some());
    if !alternate || places.len() < 3 {
        return None;
    }
    let lines = |two: &[Place<'_>]| two[1].line - two[0].line;
    let near = |two: &[Place<'_>]| gap(two[0].span, two[1].span);
    // One of each two gaps in turn is inside a pair.
    let gaps = |first: usize| places.windows(2).skip(first).step_by(2);
    let is_clear = |first: &usize| {
        let most = gaps(*first).map(lines).max().unwrap_or_default();
        let wide = gaps(*first).map(near).max().unwrap_or_default();
        gaps(*first).all(|two| near(two) <= distance)
            && gaps(1 - *first).all(|two| match most {
                0 => lines(two) > 0 || near(two) >= (wide + 1) * CLEARLY,
                _ => lines(two) > most,
            })
    };
    let first = [0, 1].into_iter().find(is_clear)?;
    let mut own = vec![None; halves.len()];
    for two in gaps(first) {
        let half = two.iter().find(|place| place.id.is_none())?;
        let at = halves.partition_point(|one| one.span.start < half.span.start);
        own[at] = two.iter().find_map(|place| place.id);
    }
    Some(own)
}
