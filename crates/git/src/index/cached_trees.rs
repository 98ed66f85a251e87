//! The trees that an index remembers of its folders (gitformat-index(5), "Cache tree").

use gix::ObjectId;
use gix::index::extension::Tree;

/// Limit of nesting, more than the folders of any path.
const DEEPEST: usize = 1024;

/// The tree of one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedTree {
    /// The name of the folder, one component of a path.
    pub name: Vec<u8>,
    /// The number of entries at and below the folder; `None` if something changed there since, so
    /// that the id is not known.
    pub entries: Option<u32>,
    /// The tree that git would write for these entries.
    pub id: ObjectId,
    /// The number of the first tree that is not below this one.
    end: usize,
}

/// All cached trees, each before those of its subfolders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CachedTrees(Vec<CachedTree>);

/// A tree whose subtrees are being read.
struct Open {
    at: usize,
    /// The number of its subtrees that are not read yet.
    remaining: u64,
    last_child: Option<usize>,
}

/// The order of siblings: git compares the lengths of their names before their bytes
/// (`subtree_name_cmp` in cache-tree.c).
fn order(name: &[u8]) -> (usize, &[u8]) {
    (name.len(), name)
}

impl CachedTrees {
    /// Reads the extension `TREE` in the form that git writes. `None` for any other form, which
    /// `gix` must judge: malformed trees, siblings that are not in git's order (or occur twice),
    /// trees that nest deeper than the folders of any path.
    pub(super) fn parse(mut bytes: &[u8], hash: gix::hash::Kind) -> Option<Self> {
        let mut trees: Vec<CachedTree> = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        loop {
            let (tree, subtrees, rest) = first(bytes, hash)?;
            bytes = rest;
            if let Some(parent) = open.last_mut() {
                let previous = parent.last_child.replace(trees.len());
                if previous.is_some_and(|at| order(&trees[at].name) >= order(&tree.name)) {
                    return None;
                }
            }
            open.push(Open { at: trees.len(), remaining: subtrees, last_child: None });
            trees.push(tree);
            if open.len() > DEEPEST {
                return None;
            }
            while let Some(&Open { at, remaining: 0, .. }) = open.last() {
                trees[at].end = trees.len();
                open.pop();
            }
            match open.last_mut() {
                Some(parent) => parent.remaining -= 1,
                None => return bytes.is_empty().then_some(Self(trees)),
            }
        }
    }

    /// The same trees as `gix` decodes them, which nest no deeper than `staging` accepts.
    pub(super) fn of(root: &Tree) -> Self {
        let mut trees: Vec<CachedTree> = Vec::new();
        let mut open = vec![(std::slice::from_ref(root).iter(), None)];
        while let Some((siblings, parent)) = open.last_mut() {
            if let Some(tree) = siblings.next() {
                let (name, entries, id) = (tree.name.to_vec(), tree.num_entries, tree.id);
                open.push((tree.children.iter(), Some(trees.len())));
                trees.push(CachedTree { name, entries, id, end: 0 });
                continue;
            }
            if let Some(at) = *parent {
                trees[at].end = trees.len();
            }
            open.pop();
        }
        Self(trees)
    }

    /// The number of the tree of the whole index.
    pub fn root(&self) -> Option<usize> {
        (!self.0.is_empty()).then_some(0)
    }

    /// The tree with a number that this type gave.
    pub fn get(&self, number: usize) -> &CachedTree {
        &self.0[number]
    }

    /// The numbers of the trees of a folder's own subfolders.
    pub fn children(&self, parent: usize) -> impl Iterator<Item = usize> {
        let end = self.0[parent].end;
        let first = Some(parent + 1).filter(|&at| at < end);
        std::iter::successors(first, move |&at| Some(self.0[at].end).filter(|&next| next < end))
    }
}

/// The first tree, the number of its subtrees, which follow it, and the remaining bytes. A tree is
/// `name NUL entries SPACE subtrees LF id`, without an id if the number of entries is negative.
fn first(bytes: &[u8], hash: gix::hash::Kind) -> Option<(CachedTree, u64, &[u8])> {
    let until = |bytes: &'_ [u8], end: u8| memchr::memchr(end, bytes);
    let (name, rest) = bytes.split_at(until(bytes, 0)?);
    let rest = &rest[1..];
    let (entries, rest) = rest.split_at(until(rest, b' ')?);
    let rest = &rest[1..];
    let (subtrees, rest) = rest.split_at(until(rest, b'\n')?);
    let rest = &rest[1..];
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let entries: i32 = text(entries)?.parse().ok()?;
    let subtrees = text(subtrees)?.parse().ok()?;
    let null = ObjectId::null(hash);
    let (id, rest) = match u32::try_from(entries) {
        Ok(_) => {
            let (id, rest) = rest.split_at_checked(hash.len_in_bytes())?;
            (ObjectId::try_from(id).ok()?, rest)
        }
        Err(_) => (null, rest),
    };
    let tree = CachedTree { name: name.to_vec(), entries: u32::try_from(entries).ok(), id, end: 0 };
    Some((tree, subtrees, rest))
}
