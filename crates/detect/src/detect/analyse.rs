//! Analyses one text, from anchors to credentials: decodes runs, collects items around anchors,
//! joins them, and carries results from encoded text to its place in the outer text.

mod encoded;

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::finding::{Confidence, Encoding, Evidence, RuleId};
use crate::stop::Stop;

use super::anchors::{Anchor, Anchors, Class};
use super::announce;
use super::blanks::Blanks;
use super::blocks;
use super::complete;
use super::costs::Table;
use super::decode::{self, Decoded, MAX_DEPTH};
use super::dump;
use super::item::{Item, Part};
use super::label;
use super::near_id;
use super::numbers;
use super::order::Ends;
use super::outline::Outline;
use super::pair::{self, REACH_BYTES, REACH_LINES};
use super::region::{self, Reach};
use super::relation::Context;
use super::shape::{Inside, Matches, Shaped, Shapes};
use super::structure::Structure;
use super::unpack;
use super::unread::Unreads;
use super::utf16;
use super::{mail, table, vacant};

use encoded::Encoded;

/// Credentials of a text, with offsets of this text.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// Ids with their secrets.
    pub joined: Vec<Joined>,
    /// Items without a partner.
    pub loose: Vec<Item>,
    /// True if the secrets come first in the last list of keys, `None` if this is not clear.
    pub reversed: Option<bool>,
    /// Secrets in reach of an id that the evidence does not assign to it, the likeliest first.
    pub others: Vec<Other>,
    /// Matches of shape rules, with the encodings around them.
    pub shaped: Vec<(Shaped, Vec<Encoding>)>,
    /// Anchors of pairs in encoded runs of the text.
    pub inside: Vec<Inside>,
    /// Number of examples and placeholders.
    pub examples: u64,
    /// Forms that were recognised but not read.
    pub unread: Unreads,
    /// There is more encoded text than may be decoded: a part of it was not examined.
    pub truncated: bool,
    /// Text is encoded deeper than is decoded.
    pub too_deep: bool,
    /// There are more matches of shape rules than are reported for one text.
    pub over_limit: bool,
    /// Rules of the scanned project that were too expensive here.
    pub costly: BTreeSet<RuleId>,
}

/// The results from the encoded runs of a text.
#[derive(Debug, Default)]
struct Inner {
    /// Items without a partner in their own run.
    loose: Vec<Item>,
    /// Places of the ids that have one.
    reported: HashSet<Range<usize>>,
    /// Runs that were examined, with their alignment and the place of the first letter.
    runs: Vec<Looked>,
}

/// An encoded run that was examined.
#[derive(Debug)]
struct Looked {
    run: Range<usize>,
    alignment: u8,
    first: usize,
}

/// Maximum number of runs that share a place: the number of alignments.
const SHARED: usize = 8;

/// An id with its secret and token.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    /// The id.
    pub id: Item,
    /// The secret.
    pub secret: Item,
    /// The session token.
    pub token: Option<Item>,
    /// The confidence that they belong together.
    pub confidence: Confidence,
    /// The evidence for it.
    pub evidence: Evidence,
}

/// A secret with which an id was not joined.
#[derive(Clone, Debug)]
pub(super) struct Other {
    /// The place of the id.
    pub id: Range<usize>,
    /// The secret.
    pub secret: Item,
    /// The confidence that a pair of the two would have.
    pub confidence: Confidence,
    /// The evidence for the pair.
    pub evidence: Evidence,
}

/// The components of detection.
pub(super) struct Tools {
    /// The table of literals.
    pub anchors: Arc<Anchors>,
    /// The shape rules.
    pub shapes: Arc<Shapes>,
    /// Stretches without items.
    pub blanks: Arc<Blanks>,
    /// Requests the end, even in the middle of a text.
    pub stop: Stop,
    /// The costs by which pairs are chosen.
    pub costs: Table,
    /// Secrets with which an id was not joined are kept.
    pub keeps_others: bool,
}

/// Reach of an id's anchor.
pub(super) const ID_REACH: Reach = Reach { bytes: REACH_BYTES, lines: REACH_LINES };
/// Reach of a label's anchor: its value is nearby.
pub(super) const LABEL_REACH: Reach = Reach { bytes: 512, lines: 3 };
/// Reach of a session token's beginning, as long as a token.
const TOKEN_REACH: Reach = Reach { bytes: 4096, lines: 3 };
/// Reach of a Kubernetes Secret's kind, which may precede or follow all of its values.
const MANIFEST_REACH: Reach = Reach { bytes: 32 * 1024, lines: 1000 };
/// Reach of a list of numbers, which takes several bytes for each byte that it encodes.
pub(super) const LIST_REACH: Reach = Reach { bytes: 32 * 1024, lines: 4000 };
/// Decoded texts, in total and at any depth, may be this many times the size of the text, …
const DECODE_FACTOR: usize = 4;
/// … plus this much, so that a short text may contain one that unpacks to a long one.
const DECODE_BASE: usize = unpack::LIMIT;

/// The number of bytes that may be decoded for a text of this length.
pub(super) fn decode_budget(len: usize) -> usize {
    len.saturating_mul(DECODE_FACTOR).saturating_add(DECODE_BASE)
}

/// True if the beginning of a text declares its form. The text then needs no literal of the first
/// search.
pub(super) fn is_announced(bytes: &[u8]) -> bool {
    decode::is_one_run(bytes)
        || blocks::opens(bytes).is_some()
        || blocks::is_patch(bytes)
        || blocks::is_drawing(bytes)
        || utf16::is_program(bytes)
        || dump::is_dump(bytes)
}

impl Tools {
    /// Analyses a text with its anchors, and marks those that turn out to be quiet. `depth` is the
    /// number of encodings around the text.
    ///
    /// `budget` is the remaining number of bytes that may be decoded, in this text and in all texts
    /// inside it.
    pub(super) fn analyse(
        &self,
        bytes: &[u8],
        anchors: &mut [Anchor],
        depth: usize,
        budget: &mut usize,
        ends: &Ends,
    ) -> Analysis {
        let mut found = Analysis::default();
        let mut places: Vec<(usize, Reach)> = Vec::new();
        let mut inner = Inner::default();
        self.search_shapes(bytes, anchors, ends, &mut found);
        places.extend(announce::labels(bytes, anchors, self));
        let manifests = announce::manifests(bytes, anchors, &self.anchors);
        let values: Vec<(usize, Reach)> = manifests.map(|at| (at, MANIFEST_REACH)).collect();
        let mut encoded = Encoded { looks: values.clone(), values };
        for anchor in anchors.iter().filter(|anchor| !anchor.quiet.is_quiet()) {
            if self.stop.is_set() {
                return found;
            }
            let literal = self.anchors.literal(*anchor);
            match literal.class {
                Class::Id if announce::may_be_id(bytes, anchor.at) => {
                    places.push((anchor.at, ID_REACH));
                }
                Class::Listed if numbers::may_be_id(bytes, anchor.at) => {
                    places.push((anchor.at, LIST_REACH));
                }
                Class::Escaped => places.push((anchor.at, ID_REACH)),
                Class::Token => places.push((anchor.at, TOKEN_REACH)),
                Class::Encoding => encoded.name(bytes, anchor.at, &literal.bytes),
                Class::Login => encoded.login(bytes, anchor.at, &literal.bytes),
                Class::Label | Class::Listed | Class::Shape | Class::Start => {}
                class if depth < MAX_DEPTH => {
                    // One run of one alignment is decoded once, regardless of its number of
                    // anchors.
                    let alignment = alignment(class, anchor.at);
                    let known =
                        |one: &Looked| one.run.contains(&anchor.at) && one.alignment == alignment;
                    if inner.runs.iter().rev().take(SHARED).any(known) {
                        continue;
                    }
                    if *budget == 0 {
                        found.truncated = true;
                        continue;
                    }
                    let Some(decoded) = open(bytes, anchor.at, class, depth) else { continue };
                    self.descend(&decoded, alignment, depth, &mut found, &mut inner, budget);
                }
                _ => {}
            }
        }
        if depth < MAX_DEPTH {
            encoded.looks.extend(&places);
            if dump::is_dump(bytes) {
                places.push((0, Reach { bytes: bytes.len(), lines: u32::MAX }));
            }
            self.open_runs(bytes, encoded, depth, &mut found, &mut inner, budget);
            if !found.inside.is_empty() {
                let Analysis { inside, shaped, .. } = &found;
                let more = self.shapes.search_inside(bytes, inside, shaped, &self.stop);
                found.add(more);
            }
        } else {
            found.too_deep = decode::is_one_run(bytes);
        }
        inner.loose.sort_by_key(|item| item.span.start);
        inner.loose.dedup_by(|next, one| is_same(one, next));
        places.extend(inner.loose.iter().map(|item| (item.span.start, ID_REACH)));
        for region in region::around(bytes, &mut places) {
            if self.stop.is_set() {
                break;
            }
            let from = inner.loose.partition_point(|item| item.span.start < region.start);
            let to = inner.loose.partition_point(|item| item.span.start < region.end);
            gather(bytes, region, &inner.loose[from..to], self, ends, &mut found);
        }
        found
    }

    /// Searches for the matches of shape rules.
    fn search_shapes(
        &self,
        bytes: &[u8],
        anchors: &mut [Anchor],
        ends: &Ends,
        found: &mut Analysis,
    ) {
        let mut shaped = self.shapes.search(bytes, anchors, &self.stop);
        let is_cut = [ends.cut_before, ends.cut_after];
        self.shapes.join_lists(bytes, &mut shaped.found, is_cut, &self.stop);
        found.add(shaped);
    }
}

impl Analysis {
    /// Adds the matches of shape rules.
    fn add(&mut self, shaped: Matches) {
        let (examples, shaped_here): (Vec<_>, Vec<_>) =
            shaped.found.into_iter().partition(|one| one.is_example);
        self.examples += examples.len() as u64;
        self.shaped.extend(shaped_here.into_iter().map(|mut one| {
            let decoded = std::mem::take(&mut one.decoded);
            (one, decoded)
        }));
        self.over_limit |= shaped.over_limit;
        self.costly.extend(shaped.costly);
    }
}

/// True if two runs reported the same item.
fn is_same(one: &Item, other: &Item) -> bool {
    one.span == other.span
        && match (&one.part, &other.part) {
            (Part::Id { id, .. }, Part::Id { id: next, .. }) => id == next,
            (Part::Secret { value, .. }, Part::Secret { value: next, .. })
            | (Part::Token { value, .. }, Part::Token { value: next, .. })
            | (Part::Mail { value }, Part::Mail { value: next }) => value.expose() == next.expose(),
            _ => false,
        }
}

/// Joins the items of a region; `inner` are the items that are encoded in it.
fn gather(
    bytes: &[u8],
    region: Range<usize>,
    inner: &[Item],
    tools: &Tools,
    ends: &Ends,
    found: &mut Analysis,
) {
    let (mut items, examples) = tools.blanks.items(&bytes[region.clone()]);
    found.examples += examples;
    for item in &mut items {
        item.span = region.start + item.span.start..region.start + item.span.end;
    }
    let text = &bytes[..region.end];
    adopt(text, region.start, inner, &mut items);
    if !items.iter().any(|item| matches!(item.part, Part::Id { .. } | Part::Secret { .. })) {
        found.loose.append(&mut items);
        return;
    }
    let mut vacant = vacant::vacant(text, region.start, &items);
    items.append(&mut vacant);
    items.sort_by_key(|item| item.span.start);
    found.joined.extend(mail::take(text, region.start, &mut items, false));
    let structure = Structure::new(text, &items);
    let outline = Outline::new(text, region.start, &items);
    let cells = table::cells(text, region.start, &items);
    complete::labels(text, &mut items, &outline, &cells);
    let context = Context::new(text, &items, &outline, &cells);
    let ends = ends.within(&region, bytes.len());
    let pairing = pair::pairs(&context, &structure, &tools.costs, &ends, tools.keeps_others);
    found.reversed = pairing.reversed;
    found.others.extend(pairing.others.into_iter().map(|pair| Other {
        id: items[pair.id].span.clone(),
        secret: items[pair.secret].clone(),
        confidence: pair.confidence,
        evidence: pair.evidence,
    }));
    let mut used = vec![false; items.len()];
    for pair in pairing.pairs {
        for index in [Some(pair.id), Some(pair.secret), pair.token].into_iter().flatten() {
            used[index] = true;
        }
        found.joined.push(Joined {
            id: items[pair.id].clone(),
            secret: items[pair.secret].clone(),
            token: pair.token.map(|token| items[token].clone()),
            confidence: pair.confidence,
            evidence: pair.evidence,
        });
    }
    near_id::mark(text, &mut items, &used);
    let rest = items.into_iter().zip(used).filter(|(_, used)| !used).map(|(item, _)| item);
    let mut rest: Vec<Item> =
        rest.filter(|item| !matches!(item.part, Part::Vacant { .. })).collect();
    found.joined.extend(mail::take(text, region.start, &mut rest, true));
    found.loose.append(&mut rest);
}

/// Adds the items that are encoded in a region. Unencoded items take precedence over results of
/// decoding the same characters. An item that fills its encoded text is named by the text before
/// that.
fn adopt(text: &[u8], start: usize, inner: &[Item], items: &mut Vec<Item>) {
    let known = items.len();
    for item in inner {
        let next = items[..known].partition_point(|known| known.span.end <= item.span.start);
        if items[..known].get(next).is_some_and(|known| known.span.start < item.span.end) {
            continue;
        }
        let mut item = item.clone();
        if !item.label.name.named {
            let before = items[..known][..next].last().map_or(start, |item| item.span.end);
            let span = item.span.start - start..item.span.end.min(text.len()) - start;
            item.label = label::read(&text[start..], before - start, &span);
        }
        items.push(item);
    }
    items.sort_by_key(|item| item.span.start);
}

/// Moves the results in a decoded text to the place of the encoded text.
fn outwards(mut inside: Analysis, decoded: &Decoded) -> Analysis {
    let carry = |item: &mut Item| {
        item.span = decoded.outer(&item.span);
        if let Some(encoding) = decoded.encoding {
            item.decoded.insert(0, encoding);
        }
    };
    for joined in &mut inside.joined {
        carry(&mut joined.id);
        carry(&mut joined.secret);
        joined.token.iter_mut().for_each(carry);
    }
    inside.loose.iter_mut().for_each(carry);
    for other in &mut inside.others {
        other.id = decoded.outer(&other.id);
        carry(&mut other.secret);
    }
    inside.inside.iter_mut().for_each(|(_, span)| *span = decoded.outer(span));
    for (shaped, encodings) in &mut inside.shaped {
        shaped.span = decoded.outer(&shaped.span);
        if let Some((_, span)) = &mut shaped.id {
            *span = decoded.outer(span);
        }
        if let Some(encoding) = decoded.encoding {
            encodings.insert(0, encoding);
        }
    }
    inside
}

/// Decodes the text that an anchor announces.
fn open(bytes: &[u8], at: usize, class: Class, depth: usize) -> Option<Decoded> {
    match class {
        Class::Base64(place) => decode::base64(bytes, at, place),
        Class::Packed => decode::base64(bytes, at, 0),
        Class::Hex => decode::hex(bytes, at),
        Class::Utf16 if at >= 3 => {
            let is_id = bytes[at - 3] == b'A' && matches!(bytes[at - 1], b'K' | b'S');
            is_id.then(|| utf16::around(bytes, at + 1, depth > 0))
        }
        _ => None,
    }
}

/// A number that distinguishes runs that share characters.
fn alignment(class: Class, at: usize) -> u8 {
    match class {
        Class::Base64(place) => (at.wrapping_sub(usize::from(place)) % 4) as u8,
        Class::Packed => (at % 4) as u8,
        Class::Hex => 4 + (at % 2) as u8,
        _ => 6,
    }
}
