//! The entries of trees that lead to hits.

use std::sync::OnceLock;

use gix::ObjectId;
use gix::hash::oid;
use gix::hashtable::HashMap;
use gix::objs::Kind;

use super::super::objects::on_threads;
use super::super::parse::{self, EntryKind};
use super::super::visitor::{Seen, Visitor};
use super::{Content, Reading};
use keysweep_base::copied::Copied;

/// Up to this many trees are read one by one.
const FEW: usize = 256;

/// Name, object and kind of an entry.
pub(super) type HitEntry = (Vec<u8>, ObjectId, EntryKind);

/// For each tree in `ids`, its entries that are hits or are in `ids` as well.
pub(super) fn entries(
    reading: Reading<'_>,
    ids: &[ObjectId],
    hits: &HashMap<ObjectId, Content>,
) -> Vec<Vec<HitEntry>> {
    let holding: HashMap<ObjectId, usize> =
        ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let hash = reading.objects.hash();
    let mut trees: Vec<Option<Vec<HitEntry>>> = vec![None; ids.len()];
    if ids.len() > FEW {
        let found = ids.iter().map(|_| OnceLock::new()).collect();
        let reader = HitEntryReader { hash, holding: &holding, hits, found };
        let wanted = |id: &oid| reader.wants_loose(id);
        let forests = reading.database.forests(&|kind| reader.wants(kind), Some(&wanted));
        reading.database.visit(reading.stop, &forests, &reader);
        trees = reader.found.into_iter().map(OnceLock::into_inner).collect();
    }
    let missing: Vec<usize> = (0..ids.len()).filter(|&at| trees[at].is_none()).collect();
    let read = on_threads(reading.objects, reading.threads, &missing, |objects, buffer, &at| {
        if reading.stop.is_set() {
            return Vec::new();
        }
        match objects.find(&ids[at], buffer) {
            Ok(Some(Kind::Tree)) => kept(buffer, hash, &holding, hits),
            _ => Vec::new(),
        }
    });
    for (at, entries) in missing.into_iter().zip(read) {
        trees[at] = Some(entries);
    }
    trees.into_iter().flatten().collect()
}

struct HitEntryReader<'a> {
    hash: gix::hash::Kind,
    holding: &'a HashMap<ObjectId, usize>,
    hits: &'a HashMap<ObjectId, Content>,
    found: Vec<OnceLock<Vec<HitEntry>>>,
}

impl Visitor for HitEntryReader<'_> {
    type BaseState = ();

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Tree
    }

    fn wants_loose(&self, id: &oid) -> bool {
        self.holding.contains_key(id)
    }

    fn object(&self, seen: &Seen<'_>, _: Option<(&(), &[Copied])>, bytes: &[u8]) {
        if seen.object.wanted
            && !seen.is_damaged
            && let Some(&at) = self.holding.get(seen.object.id())
        {
            // Each object is shown once, so the cell is empty.
            let _ = self.found[at].set(kept(bytes, self.hash, self.holding, self.hits));
        }
    }
}

fn kept(
    tree: &[u8],
    hash: gix::hash::Kind,
    holding: &HashMap<ObjectId, usize>,
    hits: &HashMap<ObjectId, Content>,
) -> Vec<HitEntry> {
    parse::tree(tree, hash)
        .map_while(|entry| entry)
        .filter(|entry| match entry.kind {
            EntryKind::Tree => holding.contains_key(entry.id),
            EntryKind::Blob => hits.contains_key(entry.id),
            EntryKind::Submodule => false,
        })
        .map(|entry| (entry.name.to_owned(), entry.id.to_owned(), entry.kind))
        .collect()
}
