//! The commits and trees of a whole database, read in one walk over its packs and loose objects.
//!
//! A walk from the tips asks for one object after the other, and each costs a way through its
//! delta chain. Where every one of them is needed, reading all in the order in which they are
//! stored costs each delta once. Takes a database, gives what attribution needs of it: parents and
//! root trees of commits, and which trees name which. What could not be read is simply not there.

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
    /// Commits in order of their ids.
    pub commits: Vec<(ObjectId, Commit)>,
    /// Ids of the trees, and of objects that may be some.
    pub ids: Vec<ObjectId>,
    /// Their numbers.
    pub numbers: HashMap<ObjectId, Number>,
    /// By number what was read of each.
    pub trees: Vec<OnceLock<Tree>>,
    /// Trees that name what is not among `ids`.
    pub unlisted: Vec<(Number, ObjectId)>,
}

/// What is kept of a tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The trees that it names.
    pub subtrees: Arc<[Number]>,
    /// Whether it names a blob with a credential.
    pub hit: bool,
}

impl Inventory {
    /// Reads all commits, and all trees if there are `hits`, the blobs with credentials; nothing if
    /// `stop` is set before the end.
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

/// What is kept of a tree for those that are stored as changes of it.
#[derive(Default)]
struct Named {
    /// Where its entries begin, and where the last one ends; empty if nothing was kept.
    starts: Vec<u32>,
    /// Where an entry begins that names a subtree, and which.
    places: Vec<(u32, Number)>,
    /// Where an entry begins that names a hit.
    hits: Vec<u32>,
    subtrees: Option<Arc<[Number]>>,
}

impl Visitor for InventoryReader<'_> {
    type BaseState = Named;

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Commit || (kind == Kind::Tree && !self.hits.is_empty())
    }

    fn object(&self, seen: &Seen<'_>, base: Option<(&Named, &[Copied])>, bytes: &[u8]) -> Named {
        // What is not wanted has no memory, and its children are read like whole objects.
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
            // A malformed tree is left to the walk that meets it, which says so.
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
        // Each object is shown once, so nothing is there yet.
        let _ = self.trees[number as usize].set(tree);
        named.subtrees = Some(subtrees);
        // Names of what is not in the database are not kept, so they are not inherited either.
        if is_base && !has_unlisted { named } else { Named::default() }
    }

    /// Takes down a subtree that is not in the database; says whether it is none.
    fn note_unlisted(&self, tree: Number, names: &oid) -> bool {
        if names == ObjectId::empty_tree(self.hash) {
            return false;
        }
        self.unlisted.lock().unwrap_or_else(PoisonError::into_inner).push((tree, names.to_owned()));
        true
    }
}

/// What a tree's base already knew, asked in order of places.
struct Inherited<'a> {
    base: &'a Named,
    copied: &'a [Copied],
}

impl Inherited<'_> {
    /// Takes over the whole entries of the base that were copied to `at`, and returns where they
    /// end.
    fn take(&mut self, mut at: usize, with_starts: bool, to: &mut Named) -> usize {
        loop {
            while self.copied.first().is_some_and(|run| run.to + run.len <= at) {
                self.copied = &self.copied[1..];
            }
            let Some(run) = self.copied.first().filter(|run| run.to <= at) else { return at };
            let starts = &self.base.starts;
            // Offsets of trees fit, or the base had kept nothing.
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

/// Tells most ids from hits by two of their bytes, since a look into a map costs a cache miss.
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
