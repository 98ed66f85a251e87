//! Encoded runs of a text: selects those that are decoded, and carries the results outwards.

use super::super::blocks;
use super::super::decode::{self, Decoded};
use super::super::login::{self, Meaning};
use super::super::order::Ends;
use super::super::region::{self, Reach};
use super::super::unpack;
use super::super::unread::Unread;
use super::{Analysis, Inner, Joined, LABEL_REACH, Looked, SHARED, Tools, outwards};

/// Places around which encoded runs are searched for.
#[derive(Debug)]
pub(super) struct Encoded {
    /// Runs have at least [`decode::SHORTEST`] letters.
    pub(super) looks: Vec<(usize, Reach)>,
    /// Runs have at least [`decode::SHORTEST_VALUE`] letters.
    pub(super) values: Vec<(usize, Reach)>,
}

impl Encoded {
    /// Adds the name of an encoding.
    pub(super) fn name(&mut self, bytes: &[u8], at: usize, literal: &[u8]) {
        let meaning = login::meaning(bytes, at, literal);
        self.looks.extend((meaning != Meaning::Other).then_some((at, LABEL_REACH)));
        match meaning {
            Meaning::Decodes | Meaning::Name => self.values.push((at, DECODED_REACH)),
            Meaning::Field => self.values.push((at, FIELD_REACH)),
            Meaning::Other => {}
        }
    }

    /// Adds the name of a login.
    pub(super) fn login(&mut self, bytes: &[u8], at: usize, literal: &[u8]) {
        // Docker's configuration has more than one login in this reach.
        let is_docker = literal.starts_with(b"\"auth");
        self.looks.extend(is_docker.then_some((at, LABEL_REACH)));
        let value = login::value(bytes, at + literal.len());
        self.values.extend(value.map(|at| (at, LOGIN_REACH)));
    }
}

/// Reach of the first character of a login: its own line.
const LOGIN_REACH: Reach = Reach { bytes: 32, lines: 0 };
/// Reach of a word that decodes base64: a command and its argument.
const DECODED_REACH: Reach = Reach { bytes: 160, lines: 1 };
/// Reach of a field that names the encoding of another one, before it or after it: of cloud-init, and
/// of an answer of GitHub.
const FIELD_REACH: Reach = Reach { bytes: 2048, lines: 6 };

impl Tools {
    /// Decodes the runs near the places of `encoded`, and the content that the beginning of the text
    /// announces.
    pub(super) fn open_runs(
        &self,
        bytes: &[u8],
        mut encoded: Encoded,
        depth: usize,
        found: &mut Analysis,
        inner: &mut Inner,
        budget: &mut usize,
    ) {
        encoded.looks.extend(decode::is_one_run(bytes).then_some((0, LABEL_REACH)));
        encoded.looks.extend(blocks::opens(bytes).map(|at| (at, LABEL_REACH)));
        if blocks::is_patch(bytes) {
            self.patch(bytes, depth, found, inner, budget);
        }
        if blocks::is_drawing(bytes) {
            for (outer, page) in blocks::pages(bytes) {
                if *budget == 0 {
                    found.truncated = true;
                    break;
                }
                *budget = budget.saturating_sub(outer.text.len() + page.text.len());
                self.descend_into(&outer, Some(&page), depth, found, inner, budget);
            }
        }
        self.look(bytes, encoded, depth, found, inner, budget);
    }

    /// Decodes the binary files of a patch.
    fn patch(
        &self,
        bytes: &[u8],
        depth: usize,
        found: &mut Analysis,
        inner: &mut Inner,
        budget: &mut usize,
    ) {
        let (literals, deltas) = blocks::hunks(bytes);
        found.unread.add(Unread::GitDelta, deltas);
        for start in literals {
            if self.stop.is_set() {
                return;
            }
            if *budget == 0 {
                found.truncated = true;
                return;
            }
            if let Some(decoded) = blocks::literal(bytes, start) {
                self.descend(&decoded, 0, depth, found, inner, budget);
            }
        }
    }

    /// Decodes the runs near places that contain text. A run near a credential, a label or the name
    /// of an encoding needs no literal of its own. Each run is examined once.
    fn look(
        &self,
        bytes: &[u8],
        Encoded { mut looks, mut values }: Encoded,
        depth: usize,
        found: &mut Analysis,
        inner: &mut Inner,
        budget: &mut usize,
    ) {
        inner.runs.sort_by_key(|one| one.run.start);
        let known = inner.runs.len();
        let looks = region::around(bytes, &mut looks);
        let values = region::around(bytes, &mut values);
        let may_be_short = |at: usize| {
            let next = values.partition_point(|region| region.end <= at);
            values.get(next).is_some_and(|region| region.start <= at)
        };
        for region in region::merged(&mut [&looks[..], &values].concat()) {
            let mut at = region.start;
            while let Some(run) = decode::next_run(bytes, at, region.end, decode::SHORTEST_VALUE) {
                if self.stop.is_set() {
                    return;
                }
                let is_short = run.len() < decode::SHORTEST;
                if is_short && !may_be_short(run.start) {
                    at = run.end;
                    continue;
                }
                let (end, decoded) = decode::readable(bytes, run.start, decode::SHORTEST_VALUE);
                at = end;
                let Some(decoded) = decoded else {
                    found.unread.count(decode::packed_otherwise(&bytes[run.start..end]));
                    continue;
                };
                let first = decoded.first();
                let before = inner.runs[..known].partition_point(|one| one.run.start <= first);
                let mut near = inner.runs[..before].iter().rev().take(SHARED);
                if near.any(|one| one.run == decoded.run && one.first == first) {
                    continue;
                }
                if *budget == 0 {
                    found.truncated = true;
                    return;
                }
                self.descend(&decoded, 0, depth, found, inner, budget);
            }
        }
        for decoded in looks.iter().flat_map(|region| blocks::within(bytes, region)) {
            if *budget == 0 {
                found.truncated = true;
                return;
            }
            self.descend(&decoded, 0, depth, found, inner, budget);
        }
    }

    /// Analyses a decoded text and carries its results to the outer text.
    pub(super) fn descend(
        &self,
        decoded: &Decoded,
        alignment: u8,
        depth: usize,
        found: &mut Analysis,
        inner: &mut Inner,
        budget: &mut usize,
    ) {
        inner.runs.push(Looked { run: decoded.run.clone(), alignment, first: decoded.first() });
        *budget = budget.saturating_sub(decoded.text.len());
        let (members, truncated) = unpack::unpack(decoded, *budget);
        found.truncated |= truncated;
        if members.is_empty() {
            self.descend_into(decoded, None, depth, found, inner, budget);
        }
        for member in &members {
            *budget = budget.saturating_sub(member.text.len());
            self.descend_into(decoded, Some(member), depth, found, inner, budget);
        }
    }

    /// Analyses a decoded text, or the content that is packed in it.
    fn descend_into(
        &self,
        decoded: &Decoded,
        member: Option<&Decoded>,
        depth: usize,
        found: &mut Analysis,
        inner: &mut Inner,
        budget: &mut usize,
    ) {
        let text = &member.unwrap_or(decoded).text;
        let mut anchors = self.anchors.find(text, &self.stop);
        let of_pairs = self.shapes.of_pairs(text, &anchors);
        let mut inside = self.analyse(text, &mut anchors, depth + 1, budget, &Ends::default());
        inside.inside.extend(of_pairs);
        if let Some(member) = member {
            inside = outwards(inside, member);
        }
        let inside = outwards(inside, decoded);
        found.examples += inside.examples;
        found.unread.append(&inside.unread);
        found.truncated |= inside.truncated;
        found.too_deep |= inside.too_deep;
        found.over_limit |= inside.over_limit;
        found.costly.extend(inside.costly);
        // Another alignment of the same run may have reported it.
        let reported = |one: &Joined| inner.reported.contains(&one.id.span);
        let joined: Vec<Joined> = inside.joined.into_iter().filter(|one| !reported(one)).collect();
        if member.is_none() {
            inner.reported.extend(joined.iter().map(|one| one.id.span.clone()));
        }
        found.joined.extend(joined);
        found.shaped.extend(inside.shaped);
        found.inside.extend(inside.inside);
        found.others.extend(inside.others);
        inner.loose.extend(inside.loose);
    }
}
