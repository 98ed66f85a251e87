//! Lists of keys on lines that are all alike: ids and secrets that take turns.
//!
//! Nothing on a line says which id belongs to a secret, or, below a heading, that it is one. The whole
//! list does: it begins with one kind of half and ends with the other, and each line is like the next.

use std::ops::Range;

use crate::finding::Confidence;
use crate::rules::{Author, Boundary, PartnerShape};
use crate::stop::Stop;

use super::super::chain::AnchorSpan;
use super::super::view::View;
use super::{Look, Shaped, Shapes};

/// Minimum number of keys of a list.
const FEWEST: usize = 3;
/// Maximum number of halves of a list.
const MOST: usize = 20_000;

/// A half of a key of a list.
struct Half {
    span: Range<usize>,
    is_id: bool,
}

impl Shapes {
    /// Joins the keys of lists among the matches `found` in a text, which are sorted by rule and place.
    /// The text is a part of a longer one if it `is_cut` at its beginning or its end.
    pub(in super::super) fn join_lists(
        &self,
        bytes: &[u8],
        found: &mut Vec<Shaped>,
        is_cut: [bool; 2],
        stop: &Stop,
    ) {
        let rules: Vec<usize> = (0..self.rules.len())
            .filter(|&rule| self.is_pair(rule) && has_lists(&self.rules[rule].author))
            .filter(|&rule| !self.rules[rule].labels.is_empty())
            .filter(|&rule| found.iter().any(|one| one.rule == self.rules[rule].id))
            .collect();
        for number in rules {
            let Some(shape) = &self.rules[number].shape else { continue };
            let Some(partner) = &shape.partner else { continue };
            let id = &self.rules[number].id;
            let start = found.iter().position(|one| one.rule == *id).unwrap_or_default();
            let len = found[start..].iter().take_while(|one| one.rule == *id).count();
            let mut own: Vec<Shaped> = found.drain(start..start + len).collect();
            let look = Look::new(self, (number, shape), bytes, stop);
            let near =
                |a: &Half, b: &Half| b.span.start.saturating_sub(a.span.end) <= partner.distance;
            let mut from = 0;
            while let Some(one) = own.get(own.partition_point(|one| one.span.start < from)) {
                if stop.is_set() {
                    break;
                }
                let secret = one.span.clone();
                let (halves, end) = look.halves(partner, &secret, from);
                from = end.max(secret.end);
                for list in halves.chunk_by(near) {
                    if let Some(keys) = keys(bytes, list, partner.distance, is_cut) {
                        look.join_list(&keys, &mut own);
                    }
                }
            }
            found.splice(start..start, own);
        }
    }
}

/// A project that is scanned has rules of limited cost.
fn has_lists(author: &Author) -> bool {
    *author != Author::Target
}

impl Look<'_> {
    /// The ids around a secret, from `floor` on, each not far from the next one, with the secrets near
    /// them, in order; and the end of the text that has them.
    fn halves(
        &self,
        partner: &PartnerShape,
        around: &Range<usize>,
        floor: usize,
    ) -> (Vec<Half>, usize) {
        let (bytes, step) = (self.bytes, 2 * partner.distance + around.len());
        let ids = |window: Range<usize>| -> Vec<Range<usize>> {
            let all = partner.id.regex().captures_iter(&bytes[window.clone()]);
            let spans = all.filter_map(|groups| {
                let id = groups.name("id").or_else(|| groups.get(0))?;
                Some(window.start + id.start()..window.start + id.end())
            });
            spans.filter(|span| !Boundary::Alphanumeric.extends(bytes, span.clone())).collect()
        };
        let (mut start, mut end) = (around.start, around.end);
        while let Some(first) = ids(floor.max(start.saturating_sub(step))..start).first() {
            start = first.start;
        }
        let mut count = 0;
        while let next = ids(end..bytes.len().min(end + step))
            && let Some(last) = next.last()
            && count < MOST
        {
            end = last.end;
            count += next.len();
        }
        let window = floor.max(start.saturating_sub(step))..bytes.len().min(end + step);
        let mut halves: Vec<Half> =
            ids(window.clone()).into_iter().map(|span| Half { span, is_id: true }).collect();
        let text = &bytes[..window.end];
        let view = View::raw(text);
        let mut from = window.start;
        while let Some(groups) = self.shape.regex.regex().captures_at(text, from)
            && let Some(whole) = groups.get(0)
        {
            from = whole.end().max(whole.start() + 1);
            let span = groups.name("secret").unwrap_or(whole).range();
            if self.has_form(&groups, &view, 0) {
                halves.push(Half { span, is_id: false });
            }
        }
        halves.sort_by_key(|half| half.span.start);
        (halves, end)
    }

    /// Joins the keys of a list, if no match contradicts it. A list on whose lines is nothing but ids
    /// and secrets needs a label before its first one alone.
    fn join_list(&self, keys: &[[Range<usize>; 2]], own: &mut Vec<Shaped>) {
        let bytes = self.bytes;
        let at = |span: &Range<usize>, own: &[Shaped]| {
            own.binary_search_by_key(&span.start, |one| one.span.start)
                .ok()
                .filter(|&at| own[at].span == *span)
        };
        let is_other = |[id, secret]: &[Range<usize>; 2]| {
            let known = at(secret, own).and_then(|at| own[at].id.as_ref());
            known.is_some_and(|(_, place)| place != id)
        };
        let [id, secret] = &keys[0];
        let between = id.end.min(secret.end)..id.start.max(secret.start);
        let is_bare = !bytes[between].iter().any(u8::is_ascii_alphanumeric);
        let is_found = |[_, secret]: &[Range<usize>; 2]| at(secret, own).is_some();
        let is_labelled = if is_bare { is_found(&keys[0]) } else { keys.iter().all(is_found) };
        if !is_labelled || keys.iter().any(is_other) {
            return;
        }
        let whole = (id.start.min(secret.start), keys.iter().flatten().map(|it| it.end).max());
        let piece = [AnchorSpan { index: 0, span: (whole.0, whole.1.unwrap_or(whole.0)) }];
        let mut fresh = Vec::new();
        for [id, secret] in keys {
            let name = String::from_utf8_lossy(&bytes[id.clone()]).into_owned();
            let join = |one: &mut Shaped| {
                one.id.get_or_insert_with(|| (name.clone(), id.clone()));
                if !one.is_made_up {
                    let sure = self.rule().confidence.min(Confidence::Medium);
                    one.confidence = one.confidence.max(sure);
                }
            };
            if let Some(at) = at(secret, own) {
                join(&mut own[at]);
                continue;
            }
            let text = &bytes[..bytes.len().min(secret.end + 1)];
            let Some(groups) = self.shape.regex.regex().captures_at(text, secret.start) else {
                continue;
            };
            let one = self.shaped(&groups, &View::raw(text), 0, &piece, &[]);
            if let Some(mut one) = one.filter(|one| one.span == *secret) {
                join(&mut one);
                fresh.push(one);
            }
        }
        own.extend(fresh);
        own.sort_by_key(|one| one.span.start);
    }
}

/// The ids and secrets of a list in pairs; `None` if they do not take turns, if a half is missing at an
/// end, or if the lines are not alike.
fn keys(
    bytes: &[u8],
    halves: &[Half],
    distance: usize,
    is_cut: [bool; 2],
) -> Option<Vec<[Range<usize>; 2]>> {
    let (first, last) = (halves.first()?, halves.last()?);
    let is_whole = (!is_cut[0] || first.span.start > distance)
        && (!is_cut[1] || last.span.end + distance < bytes.len());
    let take_turns = halves.windows(2).all(|two| two[0].is_id != two[1].is_id);
    if !is_whole || !take_turns || !halves.len().is_multiple_of(2) || halves.len() < 2 * FEWEST {
        return None;
    }
    let gap = |two: &[Half]| form(&bytes[two[0].span.end..two[1].span.start]);
    let inner = gap(halves);
    let outer = gap(&halves[1..]);
    let is_alike =
        |(at, two): (usize, &[Half])| gap(two) == if at % 2 == 0 { &*inner } else { &*outer };
    // The first line is like the others, too.
    let line = memchr::memrchr(b'\n', &outer)? + 1;
    let start = memchr::memrchr(b'\n', &bytes[..first.span.start]).map_or(0, |at| at + 1);
    if !halves.windows(2).enumerate().all(is_alike)
        || form(&bytes[start..first.span.start]) != outer[line..]
    {
        return None;
    }
    let key = |two: &[Half]| {
        let (one, other) = (two[0].span.clone(), two[1].span.clone());
        if two[0].is_id { [one, other] } else { [other, one] }
    };
    Some(halves.chunks_exact(2).map(key).collect())
}

/// A text with each number as one digit.
fn form(text: &[u8]) -> Vec<u8> {
    let mut form: Vec<u8> = Vec::with_capacity(text.len());
    for &byte in text {
        match byte.is_ascii_digit() {
            true if form.last() == Some(&b'0') => {}
            true => form.push(b'0'),
            false => form.push(byte),
        }
    }
    form
}
