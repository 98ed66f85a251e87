//! Finds which trees contain the hit blobs, and at which paths.
//!
//! For each root tree it builds a pruned tree that contains only the hits below it. Pruned trees
//! are interned by content, not by object id: two commits that differ only elsewhere share theirs,
//! and comparing them compares two numbers. Commits are not read.

mod survey;

use std::cell::Cell;

use gix::ObjectId;
use gix::hashtable::{HashMap, HashSet};

use super::edges::{Edge, Lookup, Trees};
use super::names::NameNumber;
use super::objects::Objects;
use keysweep_base::memory::MemoryBudget;
use keysweep_base::record::Record;
use keysweep_base::stop::Stop;
use survey::Survey;

/// A pruned tree's number in [`Pruned`]; [`EMPTY`] holds nothing.
pub type Node = u32;
/// The pruned tree that holds nothing.
pub const EMPTY: Node = 0;
/// A set of credentials, numbered by the caller; blobs with equal sets have equal numbers.
pub type Content = u32;

/// The target of a pruned tree's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Child {
    /// A subtree that contains hits.
    Tree(Node),
    /// A blob with credentials.
    Blob(Content),
}

/// Called with a path, its blob's content, and the contents that other trees have there.
pub type Visit<'a> = dyn FnMut(&[u8], Content, &[Content]) + 'a;

/// Limit of path length in bytes; no system accepts longer ones (PATH_MAX is 4,096 on Linux).
pub const LONGEST_PATH: usize = 16 << 10;

/// Progress of a walk in one tree.
struct Level {
    node: Node,
    next: usize,
    others: Vec<Node>,
    /// Length of the path that leads to the tree.
    length: usize,
}

/// The remaining number of entries that may be visited. Ten levels of trees that each name the next
/// one ten times have ten billion paths.
struct Steps {
    remaining: Cell<u64>,
    /// The remaining limit once the run is asked to stop.
    at_most: u64,
    stop: Stop,
    is_truncated: Cell<bool>,
}

impl Steps {
    /// Steps per place that the memory budget allows.
    const MANY: u64 = 256;
    /// The same, once the run is asked to stop.
    const FEW: u64 = 4;

    fn new(memory: &MemoryBudget, stop: &Stop) -> Self {
        let places = memory.places() as u64;
        Self {
            remaining: Cell::new(places.saturating_mul(Self::MANY)),
            at_most: places.saturating_mul(Self::FEW),
            stop: stop.clone(),
            is_truncated: Cell::new(false),
        }
    }

    /// Takes one step; false if none remains.
    fn take(&self) -> bool {
        let mut remaining = self.remaining.get();
        if remaining > self.at_most && self.stop.is_set() {
            remaining = self.at_most;
        }
        self.remaining.set(remaining.saturating_sub(1));
        if remaining == 0 {
            self.mark_truncated();
        }
        remaining > 0
    }

    fn mark_truncated(&self) {
        self.is_truncated.set(true);
    }
}

/// Pruned trees.
pub struct Pruned {
    steps: Steps,
    nodes: Vec<Vec<(u32, Child)>>,
    names: Names,
    trees: Trees,
    /// The pruned form of each tree.
    of_tree: Vec<Node>,
    /// The hit blobs that any tree below the roots names.
    pub named: HashSet<ObjectId>,
    /// Trees that contain hits but are below no root and in no other tree, sorted.
    pub dangling: Vec<ObjectId>,
}

/// Reads the trees that the pass over the database did not read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The objects.
    pub objects: &'a Objects,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// Ends the reading early; the result must be discarded then.
    pub stop: &'a Stop,
}

impl Pruned {
    /// Examines all trees. `hits` maps each hit blob to its content. A tree below `roots` that
    /// can't be read is a problem in the ledger.
    pub fn load(
        reading: Reading<'_>,
        trees: Trees,
        roots: impl IntoIterator<Item = ObjectId>,
        hits: &HashMap<ObjectId, Content>,
        ledger: &dyn Record,
    ) -> Self {
        let survey = Survey::of(reading, trees, roots, ledger);
        let dangling = survey.dangling();
        let Survey { trees, reached, holding } = survey;
        let mut names = Renumbered::default();
        let mut nodes = vec![Vec::new()];
        let mut of_tree = vec![EMPTY; trees.len()];
        let mut named = HashSet::default();
        let mut interned = std::collections::HashMap::new();
        for tree in holding {
            let edges = trees.edges(tree).unwrap_or_default();
            let mut node = Vec::new();
            for &edge in edges {
                let child = match (trees.subtree(edge), trees.hit(edge)) {
                    (Some(subtree), _) => match of_tree[subtree as usize] {
                        EMPTY => None,
                        node => Some(Child::Tree(node)),
                    },
                    (None, Some(blob)) => {
                        if reached[tree as usize] {
                            named.insert(*blob);
                        }
                        hits.get(blob).copied().map(Child::Blob)
                    }
                    (None, None) => None,
                };
                node.extend(child.map(|child| (names.number(edge, &trees.names), child)));
            }
            node.sort_unstable_by_key(|&(name, _)| name);
            let next = Node::try_from(nodes.len()).expect("fewer than 2^32 trees");
            of_tree[tree as usize] = *interned.entry(node).or_insert_with_key(|node| {
                nodes.push(node.clone());
                next
            });
        }
        let steps = Steps::new(reading.objects.memory(), reading.stop);
        Self { steps, nodes, names: names.names, trees, of_tree, named, dangling }
    }

    /// The pruned form of a tree that was examined.
    pub fn node(&self, tree: &ObjectId) -> Node {
        self.trees.find(tree).map_or(EMPTY, |tree| self.of_tree[tree as usize])
    }

    /// Looks up blobs by tree and path.
    pub fn lookup(&self) -> Lookup<'_> {
        Lookup::new(&self.trees)
    }

    /// The content of the blob at `path` below `node`.
    pub fn at(&self, node: Node, path: &[u8]) -> Option<Content> {
        let mut child = Child::Tree(node);
        for part in path.split(|&byte| byte == b'/') {
            let name = *self.names.numbers.get(part)?;
            child = self.child(child.as_tree()?, name)?;
        }
        child.as_blob()
    }

    /// Calls `each` with every path below `node` whose content differs from that of the same path
    /// in all of `others`, and with the contents of the others at that path. It ends when the step
    /// limit is reached.
    pub fn differing(&self, node: Node, others: &[Node], each: &mut Visit<'_>) {
        let mut path = Vec::new();
        let mut levels = Vec::new();
        if !others.contains(&node) {
            levels.push(Level { node, next: 0, others: others.to_vec(), length: 0 });
        }
        // An explicit stack replaces recursion: the depth of the trees is not trusted.
        while let Some(level) = levels.last_mut() {
            path.truncate(level.length);
            let Some(&(name, child)) = self.nodes[level.node as usize].get(level.next) else {
                levels.pop();
                continue;
            };
            level.next += 1;
            if !self.steps.take() {
                return;
            }
            let others = level.others.iter();
            let same: Vec<Child> = others.filter_map(|&other| self.child(other, name)).collect();
            if same.contains(&child) {
                continue;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(self.names.name(name));
            match child {
                Child::Tree(_) if path.len() > LONGEST_PATH => self.steps.mark_truncated(),
                Child::Tree(node) => {
                    let others = same.iter().filter_map(Child::as_tree).collect();
                    levels.push(Level { node, next: 0, others, length: path.len() });
                }
                Child::Blob(content) => {
                    let contents: Vec<Content> = same.iter().filter_map(Child::as_blob).collect();
                    each(&path, content, &contents);
                }
            }
        }
    }

    /// True if paths were skipped.
    pub fn is_truncated(&self) -> bool {
        self.steps.is_truncated.get()
    }

    fn child(&self, node: Node, name: u32) -> Option<Child> {
        let entries = &self.nodes[node as usize];
        let at = entries.binary_search_by_key(&name, |&(name, _)| name).ok()?;
        Some(entries[at].1)
    }
}

impl Child {
    fn as_tree(&self) -> Option<Node> {
        if let Self::Tree(node) = self { Some(*node) } else { None }
    }

    fn as_blob(&self) -> Option<Content> {
        if let Self::Blob(content) = self { Some(*content) } else { None }
    }
}

/// Names of entries, numbered.
#[derive(Default)]
struct Names {
    list: Vec<Vec<u8>>,
    numbers: std::collections::HashMap<Vec<u8>, u32>,
}

impl Names {
    fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = u32::try_from(self.list.len()).expect("fewer than 2^32 names");
        self.list.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn name(&self, number: u32) -> &[u8] {
        &self.list[number as usize]
    }
}

/// Numbers names in the order in which they are asked for, which does not depend on threads.
#[derive(Default)]
struct Renumbered {
    names: Names,
    numbers: std::collections::HashMap<NameNumber, u32>,
}

impl Renumbered {
    fn number(&mut self, edge: Edge, all: &super::names::Names) -> u32 {
        let numbered = || self.names.number(&all.name(edge.name));
        *self.numbers.entry(edge.name).or_insert_with(numbered)
    }
}

/// True for the empty tree, which git knows without storing it.
pub fn is_empty_tree(id: &gix::oid, hash: gix::hash::Kind) -> bool {
    id == ObjectId::empty_tree(hash)
}
