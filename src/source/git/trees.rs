//! Which trees hold the blobs that were hit, and where.
//!
//! Takes an inventory of all trees, root trees and hit blobs; gives, for each root, a pruned tree
//! of only what is held below it. Pruned trees are interned by what they hold, not by
//! object id: two commits that differ elsewhere only share theirs, and comparing them is one
//! comparison of numbers. Knows nothing of commits.

mod kept;
mod survey;

use gix::ObjectId;
use gix::hashtable::{HashMap, HashSet};

use super::database::Database;
use super::objects::Objects;
use super::parse::EntryKind;
use super::structure::Inventory;
use crate::coverage::Ledger;
use survey::Survey;

/// A pruned tree's number in [`Pruned`]; [`EMPTY`] holds nothing.
pub(super) type Node = u32;
/// The pruned tree that holds nothing.
pub(super) const EMPTY: Node = 0;
/// A set of credentials, numbered by whoever asked; blobs with equal sets have equal numbers.
pub(super) type Content = u32;

/// What an entry of a pruned tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Child {
    /// A folder that holds something.
    Tree(Node),
    /// A blob with credentials.
    Blob(Content),
}

/// Called with a path, its blob's content, and the contents that other trees have there.
pub(super) type Visit<'a> = dyn FnMut(&[u8], Content, &[Content]) + 'a;

/// Pruned trees.
pub(super) struct Pruned {
    nodes: Vec<Vec<(u32, Child)>>,
    names: Names,
    roots: HashMap<ObjectId, Node>,
    /// The hit blobs that any tree below the roots names.
    pub(super) named: HashSet<ObjectId>,
    /// Trees that hold something, stand below no root and in no other tree, in order.
    pub(super) dangling: Vec<ObjectId>,
}

/// From where trees are read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The database, for reading many at once.
    pub(super) database: &'a Database<'a>,
    /// The same objects one by one.
    pub(super) objects: &'a Objects,
    /// Threads to use, at least 1.
    pub(super) threads: usize,
}

impl Pruned {
    /// Examines all trees. `hits` gives the content of each hit blob. A tree below `roots` that
    /// can't be read is a problem of the ledger.
    pub(super) fn load(
        reading: Reading<'_>,
        inventory: Inventory,
        roots: Vec<ObjectId>,
        hits: &HashMap<ObjectId, Content>,
        ledger: &Ledger,
    ) -> Self {
        let survey = Survey::of(reading, inventory, roots, hits, ledger);
        let order = survey.holding_in_order();
        let mut pruned = Self {
            nodes: vec![Vec::new()],
            names: Names::default(),
            roots: HashMap::default(),
            named: HashSet::default(),
            dangling: survey.dangling(&order),
        };
        let ids: Vec<ObjectId> = order.iter().map(|&tree| survey.ids[tree as usize]).collect();
        let kept = kept::entries(reading, &ids, hits);
        let mut interned = std::collections::HashMap::new();
        for ((id, entries), tree) in ids.into_iter().zip(kept).zip(order) {
            let mut node = Vec::with_capacity(entries.len());
            for (name, object, kind) in entries {
                let child = match kind {
                    EntryKind::Tree => pruned.roots.get(&object).copied().map(Child::Tree),
                    _ => hits.get(&object).copied().map(Child::Blob),
                };
                if let (Some(Child::Blob(_)), true) = (child, survey.reached[tree as usize]) {
                    pruned.named.insert(object);
                }
                node.extend(child.map(|child| (pruned.names.number(&name), child)));
            }
            node.sort_unstable_by_key(|&(name, _)| name);
            let next = Node::try_from(pruned.nodes.len()).expect("fewer than 2^32 trees");
            let number = *interned.entry(node).or_insert_with_key(|node| {
                pruned.nodes.push(node.clone());
                next
            });
            pruned.roots.insert(id, number);
        }
        pruned
    }

    /// The pruned form of a tree that was examined.
    pub(super) fn node(&self, tree: &ObjectId) -> Node {
        self.roots.get(tree).copied().unwrap_or(EMPTY)
    }

    /// The content of the blob at `path` below `node`.
    pub(super) fn at(&self, node: Node, path: &[u8]) -> Option<Content> {
        let mut child = Child::Tree(node);
        for part in path.split(|&byte| byte == b'/') {
            let name = *self.names.numbers.get(part)?;
            child = self.child(child.as_tree()?, name)?;
        }
        child.as_blob()
    }

    /// Calls `each` with every path below `node` whose blob's content is not that of the same
    /// path in one of `others`, and with the contents that the others have there.
    pub(super) fn differing(&self, node: Node, others: &[Node], each: &mut Visit<'_>) {
        if !others.contains(&node) {
            self.walk(node, others, &mut Vec::new(), each);
        }
    }

    fn walk(&self, node: Node, others: &[Node], path: &mut Vec<u8>, each: &mut Visit<'_>) {
        for &(name, child) in &self.nodes[node as usize] {
            let same: Vec<Child> =
                others.iter().filter_map(|&other| self.child(other, name)).collect();
            if same.contains(&child) {
                continue;
            }
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(self.names.name(name));
            match child {
                Child::Tree(tree) => {
                    let trees: Vec<Node> = same.iter().filter_map(Child::as_tree).collect();
                    self.walk(tree, &trees, path, each);
                }
                Child::Blob(content) => {
                    let contents: Vec<Content> = same.iter().filter_map(Child::as_blob).collect();
                    each(path, content, &contents);
                }
            }
            path.truncate(length);
        }
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

/// Git knows the empty tree without keeping it.
pub(super) fn is_empty_tree(id: &gix::oid, hash: gix::hash::Kind) -> bool {
    id == ObjectId::empty_tree(hash)
}
