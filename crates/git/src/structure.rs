//! Reads the commits and trees of a whole database in one walk over its packs and loose objects.
//!
//! A walk from the tips reads one object after another, and each costs its whole delta chain. If
//! all of them are needed, reading them in storage order applies each delta once. The result
//! contains what attribution needs: parents and root trees of commits, and the subtrees of trees.
//! Objects that can't be read are absent.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gix::hash::oid;
use gix::hashtable::HashMap;
use gix::objs::Kind;
use gix::{ObjectId, hashtable};

use super::database::Database;
use super::parse::{self, Commit, EntryKind};
use super::visitor::{Seen, Visitor};
use keysweep_base::copied::Copied;
use keysweep_base::stop::Stop;

/// A tree's number in [`Inventory`].
pub type Number = u32;

/// All commits and trees of a database that could be read.
#[derive(Default)]
pub struct Inventory {
    /// Sorted by id.
    pub commits: Vec<(ObjectId, Commit)>,
    /// Ids of the trees, and of objects that may be trees.
    pub ids: Vec<ObjectId>,
    /// Their numbers.
    pub numbers: HashMap<ObjectId, Number>,
    /// The content of each tree, by number.
    pub trees: Vec<OnceLock<Tree>>,
    /// Trees that name a tree which is not among `ids`.
    pub unlisted: Vec<(Number, ObjectId)>,
}

/// The part of a tree that is kept.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The trees that it names.
    pub subtrees: Arc<[Number]>,
    /// True if it names a blob with a credential.
    pub hit: bool,
}

impl Inventory {
    /// Reads all commits, and all trees if `hits`, the blobs with credentials, is not empty.
    /// Returns `None` if `stop` is set before the end.
    pub fn read(
        database: &Database,
        hits: &hashtable::HashSet<ObjectId>,
        stop: &Stop,
    ) -> Option<Self> {
        let with_trees = !hits.is_empty();
        let keep = |kind| kind == Kind::Commit || (kind == Kind::Tree && with_trees);
        let forests = database.forests(&keep, None);
        let ids = if with_trees { database.possible_trees(&forests) } else { Vec::new() };
        let mut numbers = HashMap::default();
        numbers.reserve(ids.len());
        for (number, id) in ids.iter().enumerate() {
            let number = Number::try_from(number).expect("fewer than 2^32 trees");
            numbers.insert(*id, number);
        }
        let reader = InventoryReader {
            hash: database.hash(),
            numbers: &numbers,
            trees: ids.iter().map(|_| OnceLock::new()).collect(),
            filter: Filter::of(hits),
            hits,
            commits: Mutex::default(),
            unlisted: Mutex::default(),
        };
        database.visit(stop, &forests, &reader);
        if stop.is_set() {
            return None;
        }
        let InventoryReader { trees, commits, unlisted, .. } = reader;
        let mut commits = commits.into_inner().unwrap_or_else(PoisonError::into_inner);
        commits.sort_unstable_by_key(|commit| commit.0);
        let mut unlisted = unlisted.into_inner().unwrap_or_else(PoisonError::into_inner);
        unlisted.sort_unstable();
        Some(Self { commits, ids, numbers, trees, unlisted })
    }
}

struct InventoryReader<'a> {
    hash: gix::hash::Kind,
    numbers: &'a HashMap<ObjectId, Number>,
    trees: Vec<OnceLock<Tree>>,
    filter: Filter,
    hits: &'a hashtable::HashSet<ObjectId>,
    commits: Mutex<Vec<(ObjectId, Commit)>>,
    unlisted: Mutex<Vec<(Number, ObjectId)>>,
}

/// The part of a tree that is kept for deltas of it.
#[derive(Default)]
struct Named {
    /// The offsets of its entries, and the end of the last one; empty if nothing was kept.
    starts: Vec<u32>,
    /// The offset of each entry that names a subtree, and the number of that subtree.
    places: Vec<(u32, Number)>,
    /// The offset of each entry that names a hit.
    hits: Vec<u32>,
    subtrees: Option<Arc<[Number]>>,
}

impl Visitor for InventoryReader<'_> {
    type BaseState = Named;

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Commit || (kind == Kind::Tree && !self.hits.is_empty())
    }

    fn object(&self, seen: &Seen<'_>, base: Option<(&Named, &[Copied])>, bytes: &[u8]) -> Named {
        // An unwanted object keeps no state, and its children are read like whole objects.
        if !seen.object.wanted || seen.is_damaged {
            return Named::default();
        }
        let id = seen.object.id();
        if seen.kind == Kind::Tree {
            return self.tree(id, base, bytes, seen.object.is_base);
        }
        if let Some(commit) = parse::commit(bytes) {
            let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
            commits.push((id.to_owned(), commit));
        }
        Named::default()
    }
}

impl InventoryReader<'_> {
    fn tree(
        &self,
        id: &oid,
        base: Option<(&Named, &[Copied])>,
        bytes: &[u8],
        is_base: bool,
    ) -> Named {
        let (Some(&number), Ok(_)) = (self.numbers.get(id), u32::try_from(bytes.len())) else {
            return Named::default();
        };
        let mut named = Named::default();
        let mut inherited = base.map(|(base, copied)| Inherited { base, copied });
        let (mut at, mut has_unlisted) = (0, false);
        while at < bytes.len() {
            if let Some(inherited) = &mut inherited {
                at = inherited.take(at, is_base, &mut named);
            }
            let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { break };
            // The walk that reaches a malformed tree reports it.
            let Some((entry, behind)) = parse::entry(rest, self.hash) else {
                return Named::default();
            };
            // The length was checked to fit.
            let start = at as u32;
            match entry.kind {
                EntryKind::Blob => {
                    if self.filter.may_hold(entry.id) && self.hits.contains(entry.id) {
                        named.hits.push(start);
                    }
                }
                EntryKind::Submodule => {}
                EntryKind::Tree => match self.numbers.get(entry.id) {
                    Some(&subtree) => named.places.push((start, subtree)),
                    None => has_unlisted |= self.note_unlisted(number, entry.id),
                },
            }
            if is_base {
                named.starts.push(start);
            }
            at = bytes.len() - behind.len();
        }
        if is_base {
            named.starts.push(at as u32);
        }
        let same = base.and_then(|(base, _)| base.subtrees.clone()).filter(|same| {
            same.len() == named.places.len()
                && same.iter().zip(&named.places).all(|(a, (_, b))| a == b)
        });
        let subtrees = same.unwrap_or_else(|| named.places.iter().map(|place| place.1).collect());
        let tree = Tree { subtrees: Arc::clone(&subtrees), hit: !named.hits.is_empty() };
        // Each object is shown once, so the cell is empty.
        let _ = self.trees[number as usize].set(tree);
        named.subtrees = Some(subtrees);
        // Names of objects outside the database are not kept, so they can't be inherited.
        if is_base && !has_unlisted { named } else { Named::default() }
    }

    /// Records a subtree that is not in the database; returns false if it is the empty tree.
    fn note_unlisted(&self, tree: Number, names: &oid) -> bool {
        if names == ObjectId::empty_tree(self.hash) {
            return false;
        }
        self.unlisted.lock().unwrap_or_else(PoisonError::into_inner).push((tree, names.to_owned()));
        true
    }
}

/// The kept part of a tree's base, queried in order of offsets.
struct Inherited<'a> {
    base: &'a Named,
    copied: &'a [Copied],
}

impl Inherited<'_> {
    /// Takes over the whole entries of the base that were copied to `at`, and returns their end.
    fn take(&mut self, mut at: usize, with_starts: bool, to: &mut Named) -> usize {
        loop {
            while self.copied.first().is_some_and(|run| run.to + run.len <= at) {
                self.copied = &self.copied[1..];
            }
            let Some(run) = self.copied.first().filter(|run| run.to <= at) else { return at };
            let starts = &self.base.starts;
            // Offsets of trees fit into `u32`; otherwise the base would have kept nothing.
            let (from, end) = ((at - run.to + run.from) as u32, (run.from + run.len) as u32);
            let Ok(first) = starts.binary_search(&from) else { return at };
            let last = first + starts[first..].partition_point(|&start| start <= end) - 1;
            if last == first {
                return at;
            }
            let until = starts[last];
            let shift = |start: u32| (start - from) + at as u32;
            if with_starts {
                to.starts.extend(starts[first..last].iter().map(|&start| shift(start)));
            }
            let places = &self.base.places;
            let low = places.partition_point(|place| place.0 < from);
            let high = low + places[low..].partition_point(|place| place.0 < until);
            to.places.extend(places[low..high].iter().map(|&(start, of)| (shift(start), of)));
            let hits = self.base.hits.iter().filter(|&&start| start >= from && start < until);
            to.hits.extend(hits.map(|&start| shift(start)));
            at += (until - from) as usize;
        }
    }
}

/// Rules out most ids by two of their bytes, since a map lookup costs a cache miss.
pub(crate) struct Filter(Vec<bool>);

impl Filter {
    pub(crate) fn of(hits: &hashtable::HashSet<ObjectId>) -> Self {
        let mut filter = vec![false; 1 << 16];
        hits.iter().for_each(|id| filter[Self::place(id.as_bytes())] = true);
        Self(filter)
    }

    fn place(id: &[u8]) -> usize {
        usize::from(id[0]) << 8 | usize::from(id[1])
    }

    pub(crate) fn may_hold(&self, id: &oid) -> bool {
        self.0[Self::place(id.as_bytes())]
    }
}
