//! Pairs whose anchors are encoded: an id in a value of base64, next to its secret in another one.
//!
//! A search of the text sees no anchor, so this follows after the runs of the text were decoded.

use std::ops::Range;

use crate::finding::Encoding;
use crate::rules::Reader;
use crate::stop::Stop;

use super::super::anchors::Anchor;
use super::super::chain::{self, AnchorSpan};
use super::super::values;
use super::{Look, Matches, Shaped, Shapes};

/// The literal of an anchor of a pair, and the encoded run that contains it.
pub(in super::super) type Inside = (u16, Range<usize>);

impl Shapes {
    /// Those anchors of a decoded `text` that are anchors of pairs, if the text is short enough to be
    /// half of one.
    pub(in super::super) fn of_pairs(&self, text: &[u8], anchors: &[Anchor]) -> Vec<Inside> {
        if text.len() > values::LONGEST {
            return Vec::new();
        }
        let is_of_pair = |anchor: &&Anchor| {
            let mut rules = self.by_literal[usize::from(anchor.literal)].iter();
            rules.any(|&rule| self.is_pair(rule))
        };
        let span =
            |anchor: &Anchor| anchor.at..anchor.at + self.lengths[usize::from(anchor.literal)];
        anchors.iter().filter(is_of_pair).map(|one| (one.literal, span(one))).collect()
    }

    /// The pairs of `bytes` whose anchors are `inside` of encoded runs, and which are not `known`.
    pub(in super::super) fn search_inside(
        &self,
        bytes: &[u8],
        inside: &[Inside],
        known: &[(Shaped, Vec<Encoding>)],
        stop: &Stop,
    ) -> Matches {
        let mut matches = Matches::default();
        let mut uses: Vec<(usize, (usize, usize))> = Vec::new();
        for (literal, span) in inside {
            let rules = self.by_literal[usize::from(*literal)].iter();
            let rules = rules.filter(|&&rule| self.is_pair(rule));
            uses.extend(rules.map(|&rule| (rule, (span.start, span.end))));
        }
        uses.sort_unstable();
        uses.dedup();
        for of_rule in uses.chunk_by(|(rule, _), (other, _)| rule == other) {
            let number = of_rule[0].0;
            let Some(shape) = &self.rules[number].shape else { continue };
            let places: Vec<AnchorSpan> =
                of_rule.iter().map(|&(_, span)| AnchorSpan { index: 0, span }).collect();
            let mut look =
                Look { is_inside: true, ..Look::new(self, (number, shape), bytes, stop) };
            if look.is_refused(&places, &mut matches) {
                continue;
            }
            let of_rule = known.iter().filter(|(one, _)| one.rule == self.rules[number].id);
            let spans: Vec<Range<usize>> = of_rule.map(|(one, _)| one.span.clone()).collect();
            look.reported.extend(spans.iter().map(|span| (span.start, span.end)));
            let before = matches.found.len();
            for chain in chain::chains(bytes, &places, shape.reach, |_| true) {
                let next = places.get(chain.end).map_or(bytes.len(), |place| place.span.0);
                // What an anchor in a run leads to is not kept for a delta.
                drop(look.chain(&places[chain], next, &mut matches));
            }
            let is_known = |span: &Range<usize>| {
                spans.iter().any(|known| known.start < span.end && span.start < known.end)
            };
            let fresh = matches.found.split_off(before);
            matches.found.extend(fresh.into_iter().filter(|one| !is_known(&one.span)));
        }
        matches
    }

    /// True if a rule joins secrets with ids, which may both be encoded values.
    pub(super) fn is_pair(&self, rule: usize) -> bool {
        let rule = &self.rules[rule];
        rule.shape.as_ref().is_some_and(|shape| shape.partner.is_some())
            && !rule.reader.is_some_and(Reader::is_private_key)
    }
}
