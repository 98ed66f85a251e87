//! The delta forest of a pack, built from its headers alone.
//!
//! A delta has the kind of its base, so the kind of a root is that of all its descendants. Nothing
//! is inflated.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::pack::{EntryPlace, EntryType, Pack, header};

/// For each object of a pack, by its number in the index: true if it is read from another place.
pub type Skipped = Vec<bool>;

/// The objects of one pack that a pass reads.
#[derive(Debug, Default)]
pub struct Forest {
    /// All objects, in order of their offsets.
    pub nodes: Vec<Node>,
    /// The children of all nodes. Each node owns a range of it, the heaviest child last.
    pub children: Vec<u32>,
    /// Nodes that are not deltas, in order of their offsets.
    pub roots: Vec<(u32, Kind)>,
    /// Nodes whose base is not in this pack.
    pub outside: Vec<(u32, ObjectId)>,
    /// Index numbers of entries without a readable header or a valid base.
    pub broken: Vec<u32>,
    /// Number of entries whose offset is beyond the end of the pack.
    pub beyond: usize,
}

/// One object of a pack.
#[derive(Clone, Debug)]
pub struct Node {
    /// Offset of its compressed bytes.
    pub start: u64,
    /// Upper bound of the end of its compressed bytes: the offset of the next entry.
    pub end: u64,
    /// The inflated size of its bytes, of an object or of a delta.
    pub size: u64,
    /// Approximate cost of reading it and its descendants, in bytes; 0 if none of them is wanted.
    pub weight: u64,
    /// Its number in the pack's index.
    pub number: u32,
    /// The checksum of its stored bytes, if the index has checksums.
    pub crc32: u32,
    /// Its kind; `None` if its base is in another store.
    pub kind: Option<Kind>,
    first: u32,
    count: u32,
    header: u8,
    /// True if it is reported; false if it is read only for its children.
    pub wanted: bool,
}

impl Node {
    /// Offset of its entry in the pack, header included.
    pub fn offset(&self) -> u64 {
        self.start - u64::from(self.header)
    }

    /// Its children's range in [`Forest::children`].
    pub fn children(&self) -> Range<u32> {
        self.first..self.first + self.count
    }
}

/// An entry that may become a node.
#[derive(Clone, Copy)]
struct PackEntry {
    size: u64,
    /// The base's position in the list of places.
    base: u32,
    header: u8,
    sort: KindState,
}

/// The state of an entry's kind while it is resolved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KindState {
    Known(Kind),
    Delta,
    Outside,
    Broken,
    Beyond,
}

/// Marks an entry without a base in this pack.
const NONE: u32 = u32::MAX;

/// The contents of a pack's headers: every entry with its kind and its base.
pub struct Layout {
    places: Vec<EntryPlace>,
    entries: Vec<PackEntry>,
    outside: Vec<(u32, ObjectId)>,
}

impl Layout {
    /// Reads all headers of a pack.
    pub fn read(pack: &Pack, hash: gix::hash::Kind) -> Self {
        let places = pack.places();
        let (mut entries, named) = entries(pack, &places, hash);
        let outside = link(pack, &places, &mut entries, named);
        resolve_bases(&mut entries);
        Self { places, entries, outside }
    }

    /// The forest of the kinds that `keep` accepts. Deltas whose base is elsewhere are always
    /// included, since only the base reveals their kind.
    pub fn forest(&self, pack: &Pack, skipped: &Skipped, keep: &dyn Fn(Kind) -> bool) -> Forest {
        build_nodes(pack, self, skipped, keep)
    }
}

/// Reads the headers; ref-delta entries are returned separately.
fn entries(
    pack: &Pack,
    places: &[EntryPlace],
    hash: gix::hash::Kind,
) -> (Vec<PackEntry>, Vec<(u32, ObjectId)>) {
    let bytes = pack.bytes();
    let named = Mutex::new(Vec::new());
    let stretches = Stretches::of(places);
    let read = |(at, &EntryPlace { offset, .. }): (usize, &EntryPlace)| {
        let broken = PackEntry { size: 0, base: NONE, header: 0, sort: KindState::Broken };
        let Some(rest) = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)) else {
            return PackEntry { sort: KindState::Beyond, ..broken };
        };
        if rest.len() <= hash.len_in_bytes() {
            return PackEntry { sort: KindState::Beyond, ..broken };
        }
        let Some(header) = header(rest, hash) else { return broken };
        let Ok(len) = u8::try_from(header.len) else { return broken };
        let entry =
            PackEntry { size: header.size, base: NONE, header: len, sort: KindState::Delta };
        match header.form {
            EntryType::Object(kind) => PackEntry { sort: KindState::Known(kind), ..entry },
            EntryType::RefDelta(id) => {
                named.lock().unwrap_or_else(PoisonError::into_inner).push((at as u32, id));
                PackEntry { sort: KindState::Outside, ..entry }
            }
            EntryType::OfsDelta(distance) => {
                let base = offset.checked_sub(distance).filter(|_| distance > 0);
                let base = base.and_then(|base| stretches.find(base));
                base.map_or(broken, |base| PackEntry { base, ..entry })
            }
        }
    };
    let entries = places.par_iter().enumerate().with_min_len(4096).map(read).collect();
    let mut named = named.into_inner().unwrap_or_else(PoisonError::into_inner);
    named.sort_unstable();
    (entries, named)
}

/// The first place in each stretch of a pack. A base is looked up for each entry, and a binary
/// search through all places would cost a cache miss at each step.
struct Stretches<'a> {
    places: &'a [EntryPlace],
    /// A stretch has `1 << bits` bytes, about one per entry.
    bits: u32,
    first: Vec<u32>,
}

impl<'a> Stretches<'a> {
    fn of(places: &'a [EntryPlace]) -> Self {
        let last = places.last().map_or(0, |place| place.offset);
        let mut bits = 0;
        while last >> bits > places.len() as u64 {
            bits += 1;
        }
        let mut first = Vec::with_capacity((last >> bits) as usize + 2);
        for (at, &EntryPlace { offset, .. }) in places.iter().enumerate() {
            while first.len() as u64 <= offset >> bits {
                first.push(at as u32);
            }
        }
        first.push(places.len() as u32);
        Self { places, bits, first }
    }

    /// The place that begins at `offset`.
    fn find(&self, offset: u64) -> Option<u32> {
        let stretch = usize::try_from(offset >> self.bits).ok()?;
        let low = *self.first.get(stretch)? as usize;
        let high = *self.first.get(stretch + 1)? as usize;
        let found =
            self.places[low..high].binary_search_by_key(&offset, |place| place.offset).ok()?;
        u32::try_from(low + found).ok()
    }
}

/// Sets the base of ref-delta entries if it is in this pack; returns the remaining entries.
///
/// Entries with an unreadable base are among them: another copy of the base may be readable.
fn link(
    pack: &Pack,
    places: &[EntryPlace],
    entries: &mut [PackEntry],
    named: Vec<(u32, ObjectId)>,
) -> Vec<(u32, ObjectId)> {
    let mut place = Vec::new();
    if !named.is_empty() {
        place.resize(places.len(), NONE);
        for (at, &EntryPlace { number, .. }) in places.iter().enumerate() {
            place[number as usize] = at as u32;
        }
    }
    let mut outside = Vec::new();
    for (at, id) in named {
        let entry = &mut entries[at as usize];
        match pack.find(&id).map(|number| place[number as usize]) {
            Some(base) if base != at => {
                entry.base = base;
                entry.sort = KindState::Delta;
            }
            Some(_) => entry.sort = KindState::Broken,
            None => outside.push((at, id)),
        }
    }
    for at in 0..entries.len() {
        let PackEntry { base, sort: KindState::Delta, .. } = entries[at] else { continue };
        if matches!(entries[base as usize].sort, KindState::Broken | KindState::Beyond) {
            entries[at] = PackEntry { base: NONE, sort: KindState::Outside, ..entries[at] };
            outside.push((at as u32, pack.id(places[base as usize].number).to_owned()));
        }
    }
    outside
}

/// Sets the kind of every delta to that of its root; a delta without a root is broken.
fn resolve_bases(entries: &mut [PackEntry]) {
    let mut chain = Vec::new();
    let mut met = vec![false; entries.len()];
    for at in 0..entries.len() {
        let mut here = at;
        while entries[here].sort == KindState::Delta && !std::mem::replace(&mut met[here], true) {
            chain.push(here);
            here = entries[here].base as usize;
        }
        // An undecided entry that was already visited is in this very chain, so the chain is a
        // circle.
        let sort = match entries[here].sort {
            KindState::Delta => KindState::Broken,
            sort => sort,
        };
        for here in chain.drain(..) {
            entries[here].sort = sort;
        }
    }
}

/// Builds nodes from the wanted entries, and links them to their children.
fn build_nodes(
    pack: &Pack,
    layout: &Layout,
    skipped: &Skipped,
    keep: &dyn Fn(Kind) -> bool,
) -> Forest {
    let Layout { places, entries, outside } = layout;
    let len = (pack.bytes().len() - pack.trailer()) as u64;
    let mut forest = Forest::default();
    let mut node_of = vec![NONE; entries.len()];
    let mut bases = Vec::new();
    for (at, (entry, place)) in entries.iter().zip(places).enumerate() {
        let EntryPlace { offset, number, crc32 } = *place;
        match entry.sort {
            KindState::Known(kind) if !keep(kind) => continue,
            KindState::Broken => {
                forest.broken.push(number);
                continue;
            }
            KindState::Beyond => {
                forest.beyond += 1;
                continue;
            }
            _ => {}
        }
        let node = forest.nodes.len() as u32;
        node_of[at] = node;
        if let (KindState::Known(kind), NONE) = (entry.sort, entry.base) {
            forest.roots.push((node, kind));
        }
        bases.push(entry.base);
        forest.nodes.push(Node {
            start: offset + u64::from(entry.header),
            end: places.get(at + 1).map_or(len, |next| next.offset.min(len)),
            size: entry.size,
            weight: 0,
            number,
            crc32,
            kind: if let KindState::Known(kind) = entry.sort { Some(kind) } else { None },
            first: 0,
            count: 0,
            header: entry.header,
            wanted: !skipped.get(number as usize).copied().unwrap_or(false),
        });
    }
    forest.outside = outside.iter().map(|&(at, id)| (node_of[at as usize], id)).collect();
    forest.outside.retain(|&(node, _)| node != NONE);
    for base in bases.iter_mut().filter(|base| **base != NONE) {
        *base = node_of[*base as usize];
    }
    join(&mut forest, &bases);
    order_by_weight(&mut forest, &bases);
    forest
}

/// Fills in the children of all nodes, in order of their offsets.
fn join(forest: &mut Forest, bases: &[u32]) {
    for &base in bases.iter().filter(|base| **base != NONE) {
        forest.nodes[base as usize].count += 1;
    }
    let mut first = 0;
    for node in &mut forest.nodes {
        node.first = first;
        first += node.count;
        node.count = 0;
    }
    forest.children = vec![0; first as usize];
    for (child, &base) in bases.iter().enumerate().filter(|(_, base)| **base != NONE) {
        let node = &mut forest.nodes[base as usize];
        forest.children[(node.first + node.count) as usize] = child as u32;
        node.count += 1;
    }
}

/// Computes the weight of every subtree and moves each node's heaviest child to the end.
fn order_by_weight(forest: &mut Forest, bases: &[u32]) {
    let roots = forest.roots.iter().map(|root| root.0);
    let mut order: Vec<u32> = roots.chain(forest.outside.iter().map(|node| node.0)).collect();
    // The size of the root estimates the cost of a result: results are about as large as their
    // bases.
    let mut sizes: Vec<u32> = vec![0; forest.nodes.len()];
    let mut at = 0;
    while let Some(&here) = order.get(at) {
        at += 1;
        let node = &forest.nodes[here as usize];
        sizes[here as usize] = match bases[here as usize] {
            NONE => u32::try_from(node.size).unwrap_or(u32::MAX),
            base => sizes[base as usize],
        };
        let children = node.children();
        order.extend(&forest.children[children.start as usize..children.end as usize]);
    }
    for &here in order.iter().rev() {
        let node = &forest.nodes[here as usize];
        let children = node.children();
        let range = children.start as usize..children.end as usize;
        let below: u64 = forest.children[range.clone()]
            .iter()
            .map(|&one| forest.nodes[one as usize].weight)
            .sum();
        if let Some(heaviest) =
            range.clone().max_by_key(|&one| forest.nodes[forest.children[one] as usize].weight)
        {
            forest.children[heaviest..range.end].rotate_left(1);
        }
        let node = &mut forest.nodes[here as usize];
        if node.wanted || below > 0 {
            let own =
                256 + (node.end.saturating_sub(node.start)) + u64::from(sizes[here as usize] / 8);
            node.weight = below + own;
        }
    }
}
