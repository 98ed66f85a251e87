//! One text, from anchors to credentials: decode what is encoded, gather items around anchors,
//! join them, and carry what was found inside encoded text out to where that stands.

mod encoded;

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::finding::{Confidence, Encoding, Evidence, RuleId};
use crate::stop::Stop;

use super::anchors::{Anchor, Anchors, Class};
use super::announce;
use super::blocks;
use super::costs::Table;
use super::decode::{self, Decoded, MAX_DEPTH};
use super::dump;
use super::item::{self, Item, Part};
use super::label;
use super::numbers;
use super::outline::Outline;
use super::pair::{self, REACH_BYTES, REACH_LINES};
use super::region::{self, Reach};
use super::relation::{self, Context};
use super::shape::{Shaped, Shapes};
use super::structure::Structure;
use super::unpack;
use super::unread::Unreads;
use super::utf16;
use super::{mail, table, vacant};

/// Credentials of a text, in its own offsets.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// Ids with their secrets.
    pub joined: Vec<Joined>,
    /// Items that found no partner.
    pub loose: Vec<Item>,
    /// Secrets in reach of an id that are not its own by the evidence, the likeliest first.
    pub others: Vec<Other>,
    /// Matches of shape rules, with the encodings they stood in.
    pub shaped: Vec<(Shaped, Vec<Encoding>)>,
    /// Examples and placeholders.
    pub examples: u64,
    /// What was recognised and is not read.
    pub unread: Unreads,
    /// More was encoded than may be decoded: some of it was not looked into.
    pub truncated: bool,
    /// Something is encoded deeper than is decoded.
    pub too_deep: bool,
    /// There are more matches of shape rules than are told of one text.
    pub over_limit: bool,
    /// Rules of the scanned project that cost too much here.
    pub costly: BTreeSet<RuleId>,
}

/// What the encoded runs of a text hold.
#[derive(Debug, Default)]
struct Inner {
    /// Items that found no partner in their own run.
    loose: Vec<Item>,
    /// Where the ids of those that did stand.
    reported: HashSet<Range<usize>>,
    /// Runs that were looked into: what they share characters by, and where their first letter is.
    runs: Vec<Looked>,
}

/// An encoded run that was looked into.
#[derive(Debug)]
struct Looked {
    run: Range<usize>,
    alignment: u8,
    first: usize,
}

/// Most runs that share a place: as many alignments there are.
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
    /// How sure that is.
    pub confidence: Confidence,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// A secret that an id was not joined with.
#[derive(Clone, Debug)]
pub(super) struct Other {
    /// Where the id stands.
    pub id: Range<usize>,
    /// The secret.
    pub secret: Item,
    /// How sure a pair of the two would be.
    pub confidence: Confidence,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// What detection is made of.
pub(super) struct Tools {
    /// The table of literals.
    pub anchors: Arc<Anchors>,
    /// The shape rules.
    pub shapes: Arc<Shapes>,
    /// Asks for the end, in the middle of a text too.
    pub stop: Stop,
    /// By what pairs are chosen.
    pub costs: Table,
    /// Whether secrets that an id was not joined with are kept.
    pub keeps_others: bool,
}

/// Reach of an id's anchor.
pub(super) const ID_REACH: Reach = Reach { bytes: REACH_BYTES, lines: REACH_LINES };
/// Reach of a label's anchor: the value it announces stands close by.
pub(super) const LABEL_REACH: Reach = Reach { bytes: 512, lines: 3 };
/// Reach of a session token's beginning, which is as long as a token.
const TOKEN_REACH: Reach = Reach { bytes: 4096, lines: 3 };
/// Reach of a Kubernetes Secret's kind, which may stand before or behind all of its values.
const MANIFEST_REACH: Reach = Reach { bytes: 32 * 1024, lines: 1000 };
/// Reach of a list of numbers, which takes several bytes for each of its own.
pub(super) const LIST_REACH: Reach = Reach { bytes: 32 * 1024, lines: 4000 };
/// Decoded texts may be this many times the size of the text, all in all and at any depth, …
const DECODE_FACTOR: usize = 4;
/// … and this much more, so that a short text may hold what unpacks to a long one.
const DECODE_BASE: usize = unpack::LIMIT;

/// How many bytes may be decoded of a text of this length.
pub(super) fn decode_budget(len: usize) -> usize {
    len.saturating_mul(DECODE_FACTOR).saturating_add(DECODE_BASE)
}

/// Whether a text says by its beginning what it is, so that no literal of the first search needs to
/// stand in it.
pub(super) fn is_announced(bytes: &[u8]) -> bool {
    decode::is_one_run(bytes)
        || blocks::opens(bytes).is_some()
        || blocks::is_patch(bytes)
        || blocks::is_drawing(bytes)
        || dump::is_dump(bytes)
}

impl Tools {
    /// Analyses a text of known anchors, and marks those that are found to be quiet; `depth`
    /// counts the encodings around it.
    ///
    /// `budget` is how many bytes may be decoded yet, in this text and in all that are in it.
    pub(super) fn analyse(
        &self,
        bytes: &[u8],
        anchors: &mut [Anchor],
        depth: usize,
        budget: &mut usize,
    ) -> Analysis {
        let mut found = Analysis::default();
        let mut places: Vec<(usize, Reach)> = Vec::new();
        // Where nothing but encoded runs is looked for.
        let mut looks: Vec<(usize, Reach)> = Vec::new();
        let mut inner = Inner::default();
        let shaped = self.shapes.search(bytes, anchors, &self.stop);
        let (examples, shaped_here): (Vec<_>, Vec<_>) =
            shaped.found.into_iter().partition(|one| one.is_example);
        found.examples += examples.len() as u64;
        found.shaped.extend(shaped_here.into_iter().map(|one| (one, vec![])));
        found.over_limit |= shaped.over_limit;
        found.costly.extend(shaped.costly);
        places.extend(announce::labels(bytes, anchors, &self.anchors, &self.stop));
        let manifests = announce::manifests(bytes, anchors, &self.anchors);
        looks.extend(manifests.map(|at| (at, MANIFEST_REACH)));
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
                Class::Encoding => looks.push((anchor.at, LABEL_REACH)),
                Class::Label | Class::Listed | Class::Shape => {}
                class if depth < MAX_DEPTH => {
                    // One run of one alignment is decoded once, however many anchors it has.
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
            looks.extend(&places);
            if dump::is_dump(bytes) {
                places.push((0, Reach { bytes: bytes.len(), lines: u32::MAX }));
            }
            self.open_runs(bytes, &mut looks, depth, &mut found, &mut inner, budget);
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
            gather(bytes, region, &inner.loose[from..to], self, &mut found);
        }
        found
    }
}

/// Whether two runs told of the same item.
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

/// The items of a region, joined; `inner` are those that stand encoded in it.
fn gather(bytes: &[u8], region: Range<usize>, inner: &[Item], tools: &Tools, found: &mut Analysis) {
    let (mut items, examples) = item::all(&bytes[region.clone()]);
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
    relation::complete(text, &mut items, &outline, &cells);
    let context = Context::new(text, &items, &outline, &cells);
    let pairing = pair::pairs(&context, &structure, &tools.costs, tools.keeps_others);
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
    let rest = items.into_iter().zip(used).filter(|(_, used)| !used).map(|(item, _)| item);
    let mut rest = rest.filter(|item| !matches!(item.part, Part::Vacant { .. })).collect();
    found.joined.extend(mail::take(text, region.start, &mut rest, true));
    found.loose.append(&mut rest);
}

/// Adds the items that stand encoded in a region; what stands in clear wins over what the same
/// characters decode to. What fills its encoded text alone is named by what stands before that.
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

/// Moves what was found in a decoded text to the place of the encoded one.
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

/// Undoes the encoding that an anchor announces.
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

/// What tells runs apart that share characters.
fn alignment(class: Class, at: usize) -> u8 {
    match class {
        Class::Base64(place) => (at.wrapping_sub(usize::from(place)) % 4) as u8,
        Class::Packed => (at % 4) as u8,
        Class::Hex => 4 + (at % 2) as u8,
        _ => 6,
    }
}
