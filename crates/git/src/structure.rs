//! Reads the trees of a whole database in one walk over its packs and loose objects, and the
//! commits that are not known yet.
//!
//! A walk from the tips reads one object after another, and each costs its whole delta chain. If
//! all of them are needed, reading them in storage order applies each delta once, and a tree reuses
//! what it shares with its delta base. The result contains what attribution needs: parents and
//! root trees of commits, and the [edges](super::edges) of trees. Objects that can't be read are
//! absent.

use std::sync::{Mutex, OnceLock, PoisonError};

use gix::hash::oid;
use gix::objs::Kind;
use gix::{ObjectId, hashtable};

use super::commits::Commits;
use super::database::Database;
use super::edges::{Edge, EdgeRange, EdgeStore, Target, Trees};
use super::forest::Forest;
use super::names::Names;
use super::pack::Pack;
use super::parse::{self, Commit, EntryKind};
use super::sorted_ids::SortedIds;
use super::visitor::{Seen, Visitor};
use keysweep_base::copied::Copied;
use keysweep_base::stop::Stop;

/// Marks an object that is not a tree.
const NONE: u32 = u32::MAX;

/// All commits and trees of a database that could be read.
#[derive(Default)]
pub struct Inventory {
    /// Sorted by id, each once.
    pub commits: Vec<(ObjectId, Commit)>,
    /// The trees.
    pub trees: Trees,
}

impl Inventory {
    /// Reads all trees if `hits`, the blobs with credentials, is not empty. `commits` has all
    /// commits of the database; without it, they are read as well. Returns `None` if `stop` is set
    /// before the end.
    pub fn read(
        database: &Database,
        commits: Option<Commits>,
        hits: &hashtable::HashSet<ObjectId>,
        stop: &Stop,
    ) -> Option<Self> {
        let with_commits = commits.is_none();
        let commits = commits.unwrap_or_else(|| Commits::new(database.hash()));
        commits.want();
        let with_trees = !hits.is_empty();
        let mut inventory = Self::default();
        if with_trees || with_commits {
            let wants = |kind| match kind {
                Kind::Commit => with_commits,
                Kind::Tree => with_trees,
                Kind::Blob | Kind::Tag => false,
            };
            inventory.trees = read(database, &wants, hits, &commits, stop)?;
        }
        inventory.commits = commits.finish();
        Some(inventory)
    }
}

fn read(
    database: &Database,
    wants: &(dyn Fn(Kind) -> bool + Sync),
    hits: &hashtable::HashSet<ObjectId>,
    commits: &Commits,
    stop: &Stop,
) -> Option<Trees> {
    let forests = database.forests(wants);
    let ids = if wants(Kind::Tree) { database.possible_trees(&forests) } else { Vec::new() };
    let ids = SortedIds::new(ids);
    let mut hits: Vec<ObjectId> = hits.iter().copied().collect();
    hits.sort_unstable();
    let pass = TreePass {
        hash: database.hash(),
        places: ids.as_slice().iter().map(|_| OnceLock::new()).collect(),
        ids: &ids,
        filter: Filter::of(&hits),
        hits: SortedIds::new(hits),
        names: Names::default(),
        edges: EdgeStore::new(database.threads()),
        commits,
        unlisted: Mutex::default(),
        wants,
    };
    for (number, forest) in forests.iter().enumerate() {
        let numbers = numbers(&database.stores().packs[number], forest, &ids);
        database.visit_pack(stop, number, forest, &TreeReader { pass: &pass, numbers });
    }
    drop(forests);
    for number in 0..database.stores().loose.len() {
        database.visit_loose(stop, number, &TreeReader { pass: &pass, numbers: Vec::new() });
    }
    if stop.is_set() {
        return None;
    }
    let TreePass { places, names, edges, unlisted, hits, .. } = pass;
    let places = places.into_iter().map(OnceLock::into_inner).collect();
    let unlisted = unlisted.into_inner().unwrap_or_else(PoisonError::into_inner);
    Some(Trees::new(ids, places, edges.finish(), names, hits, &unlisted))
}

/// For each object of a pack, by its number in the index: its number as a tree, or [`NONE`].
fn numbers(pack: &Pack, forest: &Forest, ids: &SortedIds) -> Vec<u32> {
    let mut numbers = vec![NONE; pack.len() as usize];
    if ids.as_slice().is_empty() {
        return numbers;
    }
    for node in forest.nodes.iter().filter(|node| node.kind.is_none_or(|kind| kind == Kind::Tree)) {
        numbers[node.number as usize] = 0;
    }
    // Both are in order of ids: in the only pack, each tree follows the previous one.
    let mut next = 0;
    for (number, tree) in (0..pack.len()).zip(&mut numbers).filter(|(_, tree)| **tree != NONE) {
        let id = pack.id(number);
        let is_next = ids.as_slice().get(next as usize).is_some_and(|one| id == *one);
        *tree = if is_next { next } else { ids.find(id).unwrap_or(NONE) };
        next = tree.saturating_add(1);
    }
    numbers
}

/// The state that the visitors of all packs and folders share.
struct TreePass<'a> {
    hash: gix::hash::Kind,
    ids: &'a SortedIds,
    /// The edges of each tree, by its number.
    places: Vec<OnceLock<EdgeRange>>,
    filter: Filter,
    hits: SortedIds,
    names: Names,
    edges: EdgeStore,
    commits: &'a Commits,
    /// Trees that are named and not among `ids`.
    unlisted: Mutex<Vec<ObjectId>>,
    wants: &'a (dyn Fn(Kind) -> bool + Sync),
}

/// Sees the trees of one pack or of one folder.
struct TreeReader<'a> {
    pass: &'a TreePass<'a>,
    /// The number of each tree of the pack, by its number in the index.
    numbers: Vec<u32>,
}

/// The part of a tree that is kept for deltas of it.
#[derive(Default)]
struct Known {
    /// The offsets of its entries, and the end of the last one; empty if nothing was kept.
    starts: Vec<u32>,
    /// The offset of each entry that is kept, and the entry.
    edges: Vec<(u32, Edge)>,
    /// The place of its edges.
    place: Option<EdgeRange>,
}

impl Visitor for TreeReader<'_> {
    type BaseState = Known;

    fn wants(&self, kind: Kind) -> bool {
        (self.pass.wants)(kind)
    }

    fn object(&self, seen: &Seen<'_>, base: Option<(&Known, &[Copied])>, bytes: &[u8]) -> Known {
        let object = &seen.object;
        if seen.kind == Kind::Commit {
            if object.wanted {
                self.pass.commits.add(object.id(), bytes);
            }
            return Known::default();
        }
        let number = match object.number() {
            Some(number) => self.numbers.get(number as usize).copied().filter(|it| *it != NONE),
            None => self.pass.ids.find(object.id()),
        };
        let (Some(number), Ok(_), false) = (number, u32::try_from(bytes.len()), seen.is_damaged)
        else {
            return Known::default();
        };
        let Some(known) = self.pass.tree(base, bytes, object.is_base) else {
            // The walk that reaches a malformed tree reports it.
            return Known::default();
        };
        if let Some(place) = known.place {
            // Each tree is shown once, unless a pack has it as the base of others as well.
            let _ = self.pass.places[number as usize].set(place);
        }
        known
    }
}

impl TreePass<'_> {
    /// The entries of a tree that lead to trees and hits; `None` if it is malformed.
    fn tree(
        &self,
        base: Option<(&Known, &[Copied])>,
        bytes: &[u8],
        is_base: bool,
    ) -> Option<Known> {
        let mut known = Known::default();
        let mut inherited = base.map(|(base, copied)| Inherited { base, copied });
        let mut at = 0;
        while at < bytes.len() {
            if let Some(inherited) = &mut inherited {
                at = inherited.take(at, is_base, &mut known);
            }
            let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { break };
            let (entry, after) = parse::entry(rest, self.hash)?;
            // The length was checked to fit.
            let start = at as u32;
            if let Some(target) = self.target(entry.kind, entry.id) {
                known.edges.push((start, Edge::new(self.names.number(entry.name), target)));
            }
            if is_base {
                known.starts.push(start);
            }
            at = bytes.len() - after.len();
        }
        if is_base {
            known.starts.push(at as u32);
        }
        let same = base.filter(|(base, _)| {
            let pairs = || base.edges.iter().zip(&known.edges);
            base.edges.len() == known.edges.len() && pairs().all(|(a, b)| a.1 == b.1)
        });
        let same = same.and_then(|(base, _)| base.place);
        known.place =
            Some(same.unwrap_or_else(|| self.edges.add(known.edges.iter().map(|it| it.1))));
        Some(known)
    }

    /// The target of an entry, if it is kept.
    fn target(&self, kind: EntryKind, id: &oid) -> Option<Target> {
        match kind {
            EntryKind::Blob if self.filter.may_hold(id) => self.hits.find(id).map(Target::Hit),
            EntryKind::Blob | EntryKind::Submodule => None,
            EntryKind::Tree => match self.ids.find(id) {
                Some(tree) => Some(Target::Tree(tree)),
                None if id == ObjectId::empty_tree(self.hash) => None,
                None => {
                    let mut all = self.unlisted.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push(id.to_owned());
                    let last = u32::try_from(all.len() - 1).expect("fewer than 2^32 trees");
                    Some(Target::Unlisted(last))
                }
            },
        }
    }
}

/// The kept part of a tree's base, queried in order of offsets.
struct Inherited<'a> {
    base: &'a Known,
    copied: &'a [Copied],
}

impl Inherited<'_> {
    /// Copies the whole entries of the base that were copied to `at`, and returns their end.
    fn take(&mut self, mut at: usize, with_starts: bool, to: &mut Known) -> usize {
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
            let edges = &self.base.edges;
            let low = edges.partition_point(|edge| edge.0 < from);
            let high = low + edges[low..].partition_point(|edge| edge.0 < until);
            to.edges.extend(edges[low..high].iter().map(|&(start, edge)| (shift(start), edge)));
            at += (until - from) as usize;
        }
    }
}

/// Rules out most ids by two of their bytes, since a lookup costs a cache miss.
struct Filter(Vec<bool>);

impl Filter {
    fn of(hits: &[ObjectId]) -> Self {
        let mut filter = vec![false; 1 << 16];
        hits.iter().for_each(|id| filter[Self::place(id.as_bytes())] = true);
        Self(filter)
    }

    fn place(id: &[u8]) -> usize {
        usize::from(id[0]) << 8 | usize::from(id[1])
    }

    fn may_hold(&self, id: &oid) -> bool {
        self.0[Self::place(id.as_bytes())]
    }
}
