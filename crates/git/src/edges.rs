//! The entries of trees that lead to other trees and to hits, for all trees of a database.
//!
//! Most versions of a tree differ in one entry, and trees without subtrees or hits have no edges.
//! So edges take eight bytes, are stored together in large chunks, and equal trees share theirs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gix::hash::oid;
use gix::{ObjectId, hashtable};

use super::names::{NameNumber, Names};
use super::parse::EntryKind;
use super::sorted_ids::SortedIds;

/// A tree's number in [`Trees`].
pub type Number = u32;

/// The number of edges that are allocated at a time.
const CHUNK: usize = 1 << 15;

/// An entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its name.
    pub name: NameNumber,
    /// The kind of the target in the two lowest bits, and its number.
    to: u32,
}

/// The target of a tree entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A tree, by its number.
    Tree(Number),
    /// A blob with a credential, by its number in the order of ids.
    Hit(u32),
    /// A tree that is not in the database, by its number among these.
    Unlisted(u32),
}

impl Edge {
    /// Joins a name and a target.
    pub fn new(name: NameNumber, target: Target) -> Self {
        let (number, kind) = match target {
            Target::Tree(number) => (number, 0),
            Target::Hit(number) => (number, 1),
            Target::Unlisted(number) => (number, 2),
        };
        assert!(number < 1 << 30, "a repository has fewer than 2^30 trees and hits");
        Self { name, to: number << 2 | kind }
    }

    /// The target.
    pub fn target(self) -> Target {
        let number = self.to >> 2;
        match self.to & 3 {
            0 => Target::Tree(number),
            1 => Target::Hit(number),
            _ => Target::Unlisted(number),
        }
    }
}

/// A range of stored edges.
#[derive(Clone, Copy, Debug)]
pub struct EdgeRange {
    chunk: u32,
    at: u32,
    len: u32,
}

/// Stored edges, in chunks.
pub type Edges = Vec<Vec<Edge>>;

/// Receives edges from any thread.
pub struct EdgeStore {
    /// For each thread the chunk that it fills, and its number.
    open: Vec<Mutex<(u32, Vec<Edge>)>>,
    /// The chunks that are full, by number; those of threads are empty here.
    full: Mutex<Edges>,
}

impl EdgeStore {
    /// A store that `threads` threads fill.
    pub fn new(threads: usize) -> Self {
        let mut full = Vec::new();
        let open = (0..threads.max(1)).map(|_| Mutex::new(new_chunk(&mut full))).collect();
        Self { open, full: Mutex::new(full) }
    }

    /// Stores edges side by side.
    pub fn add(&self, edges: impl ExactSizeIterator<Item = Edge>) -> EdgeRange {
        let len = edges.len();
        let thread = rayon::current_thread_index().unwrap_or(0) % self.open.len();
        let mut open = self.open[thread].lock().unwrap_or_else(PoisonError::into_inner);
        if !open.1.is_empty() && open.1.len() + len > CHUNK {
            let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
            let (number, chunk) = std::mem::replace(&mut *open, new_chunk(&mut full));
            full[number as usize] = chunk;
        }
        let (number, chunk) = &mut *open;
        let at = chunk.len();
        if chunk.capacity() == 0 {
            chunk.reserve(CHUNK.max(len));
        }
        chunk.extend(edges);
        let small =
            |count: usize| u32::try_from(count).expect("a tree has fewer than 2^32 entries");
        EdgeRange { chunk: *number, at: small(at), len: small(len) }
    }

    /// All edges.
    pub fn finish(self) -> Edges {
        let mut chunks = self.full.into_inner().unwrap_or_else(PoisonError::into_inner);
        for open in self.open {
            let (number, chunk) = open.into_inner().unwrap_or_else(PoisonError::into_inner);
            chunks[number as usize] = chunk;
        }
        chunks
    }
}

/// Makes room for one more chunk, and returns it with its number.
fn new_chunk(full: &mut Edges) -> (u32, Vec<Edge>) {
    full.push(Vec::new());
    (u32::try_from(full.len() - 1).expect("fewer than 2^32 chunks"), Vec::new())
}

/// All trees of a database, and those that roots lead to and that are stored elsewhere.
#[derive(Default)]
pub struct Trees {
    ids: SortedIds,
    /// The ids of trees with higher numbers than those in `ids`.
    others: Vec<ObjectId>,
    numbers: hashtable::HashMap<ObjectId, Number>,
    /// The edges of each tree; `None` if it is not read.
    places: Vec<Option<EdgeRange>>,
    edges: Edges,
    /// The names of all edges.
    pub names: Names,
    hits: SortedIds,
    unlisted: Vec<Number>,
}

impl Trees {
    /// Joins what was read: `ids` with their `places` among the `edges`, whose targets are in `ids`,
    /// `hits` and `unlisted`.
    pub fn new(
        ids: SortedIds,
        places: Vec<Option<EdgeRange>>,
        edges: Edges,
        names: Names,
        hits: SortedIds,
        unlisted: &[ObjectId],
    ) -> Self {
        let mut trees = Self { ids, places, edges, names, hits, ..Self::default() };
        let mut sorted = unlisted.to_vec();
        // In this order their numbers do not depend on threads.
        sorted.sort_unstable();
        sorted.dedup();
        for id in sorted {
            trees.number(id);
        }
        trees.unlisted = unlisted.iter().map(|id| trees.number(*id)).collect();
        trees
    }

    /// The number of a tree; a new one is added without edges.
    pub fn number(&mut self, id: ObjectId) -> Number {
        if let Some(number) = self.find(&id) {
            return number;
        }
        let number = Number::try_from(self.places.len()).expect("fewer than 2^32 trees");
        self.others.push(id);
        self.places.push(None);
        self.numbers.insert(id, number);
        number
    }

    /// The number of a tree; `None` if it is not known.
    pub fn find(&self, id: &oid) -> Option<Number> {
        self.ids.find(id).or_else(|| self.numbers.get(id).copied())
    }

    /// The number of trees.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// True if the edges of all trees are known.
    pub fn are_all_read(&self) -> bool {
        self.places.iter().all(Option::is_some)
    }

    /// The id of a tree.
    pub fn id(&self, tree: Number) -> &ObjectId {
        let listed = self.ids.as_slice();
        listed.get(tree as usize).unwrap_or_else(|| &self.others[tree as usize - listed.len()])
    }

    /// The edges of a tree in its order; `None` if it is not read.
    pub fn edges(&self, tree: Number) -> Option<&[Edge]> {
        let EdgeRange { chunk, at, len } = self.places[tree as usize]?;
        self.edges[chunk as usize].get(at as usize..(at + len) as usize)
    }

    /// The tree that an edge leads to.
    pub fn subtree(&self, edge: Edge) -> Option<Number> {
        match edge.target() {
            Target::Tree(number) => Some(number),
            Target::Unlisted(number) => Some(self.unlisted[number as usize]),
            Target::Hit(_) => None,
        }
    }

    /// The blob that an edge leads to.
    pub fn hit(&self, edge: Edge) -> Option<&ObjectId> {
        match edge.target() {
            Target::Hit(number) => Some(&self.hits.as_slice()[number as usize]),
            Target::Tree(_) | Target::Unlisted(_) => None,
        }
    }

    /// Adds the edges of a tree that was read elsewhere, each with its name and object.
    pub fn add(&mut self, tree: Number, entries: Vec<(Vec<u8>, EntryKind, ObjectId)>) {
        let mut edges = Vec::new();
        for (name, kind, id) in entries {
            let target = match kind {
                EntryKind::Tree => Some(Target::Tree(self.number(id))),
                EntryKind::Blob => self.hits.find(&id).map(Target::Hit),
                EntryKind::Submodule => None,
            };
            edges.extend(target.map(|target| Edge::new(self.names.number(&name), target)));
        }
        let chunk = u32::try_from(self.edges.len()).expect("fewer than 2^32 chunks");
        let len = u32::try_from(edges.len()).expect("a tree has fewer than 2^32 entries");
        self.edges.push(edges);
        self.places[tree as usize] = Some(EdgeRange { chunk, at: 0, len });
    }

    /// True if a blob is a hit.
    pub fn is_hit(&self, blob: &oid) -> bool {
        self.hits.find(blob).is_some()
    }
}

/// The number of edges up to which a tree is searched from its start.
const FEW: usize = 32;
/// Limit of cached edges of all trees together; the cache is cleared when it is reached.
const MOST: usize = 200_000;

/// Looks up the hits at many paths.
pub struct Lookup<'a> {
    trees: &'a Trees,
    /// The edges of large trees by name.
    large: HashMap<Number, HashMap<NameNumber, Edge>>,
    /// The number of edges in `large`.
    count: usize,
}

impl<'a> Lookup<'a> {
    /// Creates a lookup with an empty cache.
    pub fn new(trees: &'a Trees) -> Self {
        Self { trees, large: HashMap::new(), count: 0 }
    }

    /// The hit at `path` below `tree`.
    pub fn blob_at(&mut self, tree: &oid, path: &[u8]) -> Option<ObjectId> {
        let mut at = self.trees.find(tree)?;
        let mut parts = path.split(|&byte| byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let edge = self.edge(at, self.trees.names.find(part)?)?;
            if parts.peek().is_none() {
                return self.trees.hit(edge).copied();
            }
            at = self.trees.subtree(edge)?;
        }
        None
    }

    /// The first edge of a tree with a name.
    fn edge(&mut self, tree: Number, name: NameNumber) -> Option<Edge> {
        let edges = self.trees.edges(tree)?;
        if edges.len() <= FEW {
            return edges.iter().find(|edge| edge.name == name).copied();
        }
        if self.count > MOST {
            self.large.clear();
            self.count = 0;
        }
        let by_name = self.large.entry(tree).or_insert_with(|| {
            self.count += edges.len();
            // Of several entries with one name, the first one stays.
            edges.iter().rev().map(|edge| (edge.name, *edge)).collect()
        });
        by_name.get(&name).copied()
    }
}
