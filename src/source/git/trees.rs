//! Which trees hold the blobs that were hit, and where.
//!
//! Takes root trees and hit blobs; examines each distinct tree once and gives, for each root, a
//! pruned tree of only what is held below it. Pruned trees are interned by what they hold, not by
//! object id: two commits that differ elsewhere only share theirs, and comparing them is one
//! comparison of numbers. Knows nothing of commits.

use gix::ObjectId;
use gix::hashtable::{HashMap, HashSet};
use gix::objs::Kind;

use super::objects::{Objects, on_threads};
use super::parse::{self, EntryKind};
use crate::coverage::Ledger;

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
    /// The hit blobs that any of the trees names.
    pub(super) named: HashSet<ObjectId>,
}

impl Pruned {
    /// Examines everything below `roots`. `hits` gives the content of each hit blob.
    pub(super) fn load(
        objects: &Objects,
        threads: usize,
        roots: Vec<ObjectId>,
        hits: &HashMap<ObjectId, Content>,
        ledger: &Ledger,
    ) -> Self {
        let survey = Survey::of(objects, threads, roots, hits, ledger);
        let mut pruned = Self {
            nodes: vec![Vec::new()],
            names: Names::default(),
            roots: HashMap::default(),
            named: HashSet::default(),
        };
        let order = survey.holding_in_order();
        let ids: Vec<ObjectId> = order.iter().map(|&tree| survey.ids[tree as usize]).collect();
        let holding: HashSet<ObjectId> = ids.iter().copied().collect();
        let kept = on_threads(objects, threads, &ids, |objects, buffer, id| {
            kept_entries(objects, buffer, id, &holding, hits)
        });
        let mut interned = std::collections::HashMap::new();
        for (id, entries) in ids.into_iter().zip(kept) {
            let mut node = Vec::with_capacity(entries.len());
            for (name, object, kind) in entries {
                let child = match kind {
                    EntryKind::Tree => pruned.roots.get(&object).copied().map(Child::Tree),
                    _ => hits.get(&object).copied().map(Child::Blob),
                };
                if let Some(Child::Blob(_)) = child {
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

/// The first pass: every tree's subtrees, and whether it names a hit blob itself.
struct Survey {
    ids: Vec<ObjectId>,
    numbers: HashMap<ObjectId, u32>,
    subtrees: Vec<Box<[u32]>>,
    hit: Vec<bool>,
}

/// One tree of the first pass.
#[derive(Default)]
struct Seen {
    known: Vec<u32>,
    new: Vec<ObjectId>,
    hit: bool,
}

impl Survey {
    fn of(
        objects: &Objects,
        threads: usize,
        roots: Vec<ObjectId>,
        hits: &HashMap<ObjectId, Content>,
        ledger: &Ledger,
    ) -> Self {
        let mut survey = Self {
            ids: Vec::new(),
            numbers: HashMap::default(),
            subtrees: Vec::new(),
            hit: Vec::new(),
        };
        let filter = Filter::of(hits);
        for root in roots {
            survey.number(root);
        }
        while survey.subtrees.len() < survey.ids.len() {
            let frontier = &survey.ids[survey.subtrees.len()..];
            let seen = on_threads(objects, threads, frontier, |objects, buffer, id| {
                look(objects, buffer, id, &survey.numbers, &filter, hits, ledger)
            });
            for tree in seen {
                let mut subtrees = tree.known;
                subtrees.extend(tree.new.into_iter().map(|id| survey.number(id)));
                survey.subtrees.push(subtrees.into());
                survey.hit.push(tree.hit);
            }
        }
        survey
    }

    fn number(&mut self, id: ObjectId) -> u32 {
        *self.numbers.entry(id).or_insert_with(|| {
            self.ids.push(id);
            u32::try_from(self.ids.len() - 1).expect("a repository has fewer than 2^32 trees")
        })
    }

    /// The trees that hold a hit at any depth, subtrees before the trees that name them.
    fn holding_in_order(&self) -> Vec<u32> {
        let mut holds: Vec<Option<bool>> = vec![None; self.ids.len()];
        let mut order = Vec::new();
        let mut stack = Vec::new();
        for start in 0..self.ids.len() {
            stack.push((start, 0));
            while let Some((tree, next)) = stack.pop() {
                if next == 0 && holds[tree].is_some() {
                    continue;
                }
                holds[tree].get_or_insert(self.hit[tree]);
                if let Some(&child) = self.subtrees[tree].get(next) {
                    stack.push((tree, next + 1));
                    if holds[child as usize].is_none() {
                        stack.push((child as usize, 0));
                    }
                    continue;
                }
                let below =
                    self.subtrees[tree].iter().any(|&child| holds[child as usize] == Some(true));
                let holding = below || self.hit[tree];
                holds[tree] = Some(holding);
                if holding {
                    order.push(u32::try_from(tree).expect("numbered by 32 bits"));
                }
            }
        }
        order
    }
}

/// Tells most ids from hits by two of their bytes, since a look into a map costs a cache miss.
struct Filter(Vec<bool>);

impl Filter {
    fn of(hits: &HashMap<ObjectId, Content>) -> Self {
        let mut filter = vec![false; 1 << 16];
        hits.keys().for_each(|id| filter[Self::place(id.as_bytes())] = true);
        Self(filter)
    }

    fn place(id: &[u8]) -> usize {
        usize::from(id[0]) << 8 | usize::from(id[1])
    }

    fn may_hold(&self, id: &gix::oid) -> bool {
        self.0[Self::place(id.as_bytes())]
    }
}

fn look(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    id: &ObjectId,
    numbers: &HashMap<ObjectId, u32>,
    filter: &Filter,
    hits: &HashMap<ObjectId, Content>,
    ledger: &Ledger,
) -> Seen {
    let mut seen = Seen::default();
    if id.is_null() || is_empty_tree(id, objects.hash()) {
        return seen;
    }
    if !objects.expect(id, Kind::Tree, "the history", buffer, ledger) {
        return seen;
    }
    for entry in parse::tree(buffer, objects.hash()) {
        let Some(entry) = entry else {
            ledger.problem(
                "tree",
                id.to_hex().to_string().as_bytes(),
                &"damaged: an entry is malformed; its rest is not attributed",
            );
            break;
        };
        match entry.kind {
            EntryKind::Tree => match numbers.get(entry.id) {
                Some(&number) => seen.known.push(number),
                None => seen.new.push(entry.id.to_owned()),
            },
            EntryKind::Blob => {
                seen.hit |= filter.may_hold(entry.id) && hits.contains_key(entry.id);
            }
            EntryKind::Submodule => {}
        }
    }
    seen
}

/// Git knows the empty tree without keeping it.
pub(super) fn is_empty_tree(id: &gix::oid, hash: gix::hash::Kind) -> bool {
    id == ObjectId::empty_tree(hash)
}

fn kept_entries(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    id: &ObjectId,
    holding: &HashSet<ObjectId>,
    hits: &HashMap<ObjectId, Content>,
) -> Vec<(Vec<u8>, ObjectId, EntryKind)> {
    if !matches!(objects.find(id, buffer), Ok(Some(Kind::Tree))) {
        return Vec::new();
    }
    parse::tree(buffer, objects.hash())
        .map_while(|entry| entry)
        .filter(|entry| match entry.kind {
            EntryKind::Tree => holding.contains(entry.id),
            EntryKind::Blob => hits.contains_key(entry.id),
            EntryKind::Submodule => false,
        })
        .map(|entry| (entry.name.to_owned(), entry.id.to_owned(), entry.kind))
        .collect()
}
