//! One text, from anchors to credentials: decode what is encoded, gather items around anchors,
//! join them, and carry what was found inside encoded text out to where that stands.

use std::collections::HashSet;
use std::ops::Range;

use crate::finding::{Confidence, Encoding};

use super::anchors::{Anchor, Anchors, Class};
use super::decode::{self, Decoded, MAX_DEPTH};
use super::item::{self, Item, Part};
use super::numbers;
use super::pair::{self, REACH_BYTES, REACH_LINES};
use super::region::{self, Reach};
use super::shape::{Shaped, Shapes};
use super::structure::Structure;
use super::undo;
use super::unpack;
use super::utf16;

/// Credentials of a text, in its own offsets.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// Ids with their secrets.
    pub joined: Vec<Joined>,
    /// Items that found no partner.
    pub loose: Vec<Item>,
    /// Matches of shape rules, with the encodings they stood in.
    pub shaped: Vec<(Shaped, Vec<Encoding>)>,
    /// Examples and placeholders.
    pub examples: u64,
    /// More was encoded than may be decoded: some of it was not looked into.
    pub cut: bool,
}

/// What the encoded runs of a text hold.
#[derive(Debug, Default)]
struct Inner {
    /// Items that found no partner in their own run.
    loose: Vec<Item>,
    /// Where the ids of those that did stand.
    told: HashSet<Range<usize>>,
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
}

/// What detection is made of.
pub(super) struct Tools {
    /// The table of literals.
    pub anchors: Anchors,
    /// The shape rules.
    pub shapes: Shapes,
}

/// Reach of an id's anchor.
const ID_REACH: Reach = Reach { bytes: REACH_BYTES, lines: REACH_LINES };
/// Reach of a label's anchor: the value it announces stands close by.
const LABEL_REACH: Reach = Reach { bytes: 512, lines: 3 };
/// Reach of a session token's beginning, which is as long as a token.
const TOKEN_REACH: Reach = Reach { bytes: 4096, lines: 3 };
/// Reach of a Kubernetes Secret's kind, which may stand before or behind all of its values.
const MANIFEST_REACH: Reach = Reach { bytes: 32 * 1024, lines: 1000 };
/// Reach of a list of numbers, which takes several bytes for each of its own.
const LIST_REACH: Reach = Reach { bytes: 32 * 1024, lines: 4000 };
/// How far behind a label a value is looked for before a region is made of it.
const VALUE_REACH: usize = 240;
/// As many matches of shape rules, told last, may be told again by the next literal.
const KNOWN_SHAPES: usize = 64;
/// Decoded texts may be this many times the size of the text, all in all and at any depth, …
const DECODE_FACTOR: usize = 4;
/// … and this much more, so that a short text may hold what unpacks to a long one.
const DECODE_BASE: usize = unpack::LIMIT;

/// How many bytes may be decoded of a text of this length.
pub(super) fn decode_budget(len: usize) -> usize {
    len.saturating_mul(DECODE_FACTOR).saturating_add(DECODE_BASE)
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
        for anchor in anchors.iter_mut().filter(|anchor| !anchor.quiet) {
            let literal = self.anchors.literal(*anchor);
            match literal.class {
                Class::Id if may_be_id(bytes, anchor.at) => places.push((anchor.at, ID_REACH)),
                Class::Listed => places.push((anchor.at, LIST_REACH)),
                Class::Escaped => places.push((anchor.at, ID_REACH)),
                Class::Label => {
                    places.extend(announces(bytes, anchor.at).map(|reach| (anchor.at, reach)));
                    if names_a_manifest(bytes, anchor.at) {
                        looks.push((anchor.at, MANIFEST_REACH));
                    }
                }
                Class::Token => places.push((anchor.at, TOKEN_REACH)),
                Class::Encoding => looks.push((anchor.at, LABEL_REACH)),
                Class::Shape => {
                    anchor.quiet = !self.shape(bytes, anchor.at, &literal.bytes, &mut found);
                }
                class if depth < MAX_DEPTH => {
                    // One run of one alignment is decoded once, however many anchors it has.
                    let alignment = alignment(class, anchor.at);
                    let known =
                        |one: &Looked| one.run.contains(&anchor.at) && one.alignment == alignment;
                    if inner.runs.iter().rev().take(SHARED).any(known) {
                        continue;
                    }
                    if *budget == 0 {
                        found.cut = true;
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
            if decode::is_one_run(bytes) {
                looks.push((0, LABEL_REACH));
            }
            self.look(bytes, &mut looks, depth, &mut found, &mut inner, budget);
        }
        inner.loose.sort_by_key(|item| item.span.start);
        inner.loose.dedup_by(|next, one| is_same(one, next));
        places.extend(inner.loose.iter().map(|item| (item.span.start, ID_REACH)));
        for region in region::around(bytes, &mut places) {
            let from = inner.loose.partition_point(|item| item.span.start < region.start);
            let to = inner.loose.partition_point(|item| item.span.start < region.end);
            gather(bytes, region, &inner.loose[from..to], &mut found);
        }
        found
    }

    /// Looks into the runs near `places` that say text: what stands near a credential, a label or
    /// the name of an encoding needs no literal of its own.
    fn look(
        &self,
        bytes: &[u8],
        places: &mut [(usize, Reach)],
        depth: usize,
        found: &mut Analysis,
        inner: &mut Inner,
        budget: &mut usize,
    ) {
        inner.runs.sort_by_key(|one| one.run.start);
        let known = inner.runs.len();
        for region in region::around(bytes, places) {
            let mut at = region.start;
            while at < region.end {
                let (end, decoded) = decode::readable(bytes, at);
                at = end;
                let Some(decoded) = decoded else { continue };
                let first = decoded.first();
                let before = inner.runs[..known].partition_point(|one| one.run.start <= first);
                let mut near = inner.runs[..before].iter().rev().take(SHARED);
                if near.any(|one| one.run == decoded.run && one.first == first) {
                    continue;
                }
                if *budget == 0 {
                    found.cut = true;
                    return;
                }
                self.descend(&decoded, 0, depth, found, inner, budget);
            }
        }
    }

    /// Takes the matches around a literal; says whether there are any.
    fn shape(&self, bytes: &[u8], at: usize, literal: &[u8], found: &mut Analysis) -> bool {
        let mut shaped = Vec::new();
        self.shapes.around(bytes, at, literal, &mut shaped);
        let any = !shaped.is_empty();
        for one in shaped {
            // Anchors come in order, and so does what is around them: it was just told.
            let known = found
                .shaped
                .iter()
                .rev()
                .take(KNOWN_SHAPES)
                .any(|(known, _)| known.rule == one.rule && known.span == one.span);
            if !known {
                found.shaped.push((one, vec![]));
            }
        }
        any
    }

    /// Analyses a decoded text and carries what is in it to the outer one.
    fn descend(
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
        let (members, cut) = unpack::unpack(decoded, *budget);
        found.cut |= cut;
        if members.is_empty() {
            self.descend_into(decoded, None, depth, found, inner, budget);
        }
        for member in &members {
            *budget = budget.saturating_sub(member.text.len());
            self.descend_into(decoded, Some(member), depth, found, inner, budget);
        }
    }

    /// Analyses a decoded text, or what is packed in it.
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
        let mut anchors = self.anchors.find(text);
        let mut inside = self.analyse(text, &mut anchors, depth + 1, budget);
        if let Some(member) = member {
            inside = outwards(inside, member);
        }
        let inside = outwards(inside, decoded);
        found.examples += inside.examples;
        found.cut |= inside.cut;
        // Another alignment of the same run may have told of it.
        let told = |one: &Joined| inner.told.contains(&one.id.span);
        let joined: Vec<Joined> = inside.joined.into_iter().filter(|one| !told(one)).collect();
        if member.is_none() {
            inner.told.extend(joined.iter().map(|one| one.id.span.clone()));
        }
        found.joined.extend(joined);
        found.shaped.extend(inside.shaped);
        inner.loose.extend(inside.loose);
    }
}

/// Whether two runs told of the same item.
fn is_same(one: &Item, other: &Item) -> bool {
    one.span == other.span
        && match (&one.part, &other.part) {
            (Part::Id { id, .. }, Part::Id { id: next, .. }) => id == next,
            (Part::Secret { value, .. }, Part::Secret { value: next, .. })
            | (Part::Token { value, .. }, Part::Token { value: next, .. }) => {
                value.expose() == next.expose()
            }
            _ => false,
        }
}

/// The items of a region, joined; `inner` are those that stand encoded in it.
fn gather(bytes: &[u8], region: Range<usize>, inner: &[Item], found: &mut Analysis) {
    let (mut items, examples) = item::all(&bytes[region.clone()]);
    found.examples += examples;
    for item in &mut items {
        item.span = region.start + item.span.start..region.start + item.span.end;
    }
    // What stands in clear wins over what the same characters decode to.
    let decoded = inner.iter().filter(|item| {
        let next = items.partition_point(|known| known.span.end <= item.span.start);
        items.get(next).is_none_or(|known| known.span.start >= item.span.end)
    });
    let mut decoded: Vec<Item> = decoded.cloned().collect();
    items.append(&mut decoded);
    items.sort_by_key(|item| item.span.start);
    let structure = Structure::new(&bytes[..region.end], &items);
    let pairs = pair::pairs(&items, &structure);
    let mut used = vec![false; items.len()];
    for pair in pairs {
        for index in [Some(pair.id), Some(pair.secret), pair.token].into_iter().flatten() {
            used[index] = true;
        }
        found.joined.push(Joined {
            id: items[pair.id].clone(),
            secret: items[pair.secret].clone(),
            token: pair.token.map(|token| items[token].clone()),
            confidence: pair.confidence,
        });
    }
    let rest = items.into_iter().zip(used).filter(|(_, used)| !used).map(|(item, _)| item);
    found.loose.extend(rest);
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

/// Whether an id, whole or broken by an escape, a mark or a joint, may begin at `at`.
fn may_be_id(bytes: &[u8], at: usize) -> bool {
    let body = &bytes[at + 4..bytes.len().min(at + 20)];
    let plain = body.iter().take_while(|&&byte| crate::aws::is_base32(byte)).count();
    match body.get(plain) {
        None => plain == 16,
        // A fold, or the end of a dump's line.
        Some(b'\n' | b'\r' | b'|') => {
            let rest = bytes[at + 4 + plain..].trim_ascii_start();
            rest.len() < bytes.len() - at - 5 - plain
                && rest.first().is_some_and(u8::is_ascii_alphanumeric)
                || numbers::is_in_dump(bytes, at)
        }
        Some(byte) => {
            matches!(
                byte,
                b'\\' | b'%' | b'&' | b'=' | b'"' | b'\'' | b'`' | b'^' | b'_' | b'<' | b'[' | 0x1b
            )
        }
    }
}

/// The reach of a label, if something long enough to be a secret stands behind it, escaped or not.
///
/// What is written by escapes or numbers alone is several times as long.
fn announces(bytes: &[u8], at: usize) -> Option<Reach> {
    let rest = &bytes[at..bytes.len().min(at + VALUE_REACH)];
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"+/\\%&;#=\"'".contains(&byte);
    let (mut at, mut run, mut before) = (0, 0, 0);
    while at < rest.len() && run < crate::aws::SECRET_LEN {
        let byte = rest[at];
        // A soft break of quoted-printable and a continued line break no value.
        let goes_on =
            part(byte) || matches!(byte, b'\n' | b'\r') && matches!(before, b'=' | b'\\' | b'\r');
        match if goes_on { None } else { undo::marks_len(&rest[at..]) } {
            // Marks inside of a value are none of its letters.
            Some(len) => at += len,
            None => {
                run = if goes_on { run + 1 } else { 0 };
                at += 1;
            }
        }
        before = byte;
    }
    let long = run >= crate::aws::SECRET_LEN;
    if numbers::begins_list(rest) {
        return Some(LIST_REACH);
    }
    if undo::is_escaped_throughout(rest) || numbers::is_in_dump(bytes, at) {
        return Some(ID_REACH);
    }
    long.then_some(LABEL_REACH)
}

/// Whether a label is the kind of a Kubernetes Secret, whose values are in base64.
fn names_a_manifest(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(12)..at];
    let kind = before.strip_suffix(b"S").unwrap_or(before);
    let quoted = kind.strip_suffix(b"\"").unwrap_or(kind).trim_ascii_end();
    quoted.ends_with(b"kind:") || quoted.ends_with(b"kind\":") || quoted.ends_with(b"kind\\\":")
}
