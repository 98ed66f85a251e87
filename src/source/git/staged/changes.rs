//! Compares the index with HEAD's tree, with the help of the index's cached trees.

use std::ops::Range;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::hashtable::HashSet;
use gix::index::entry::{Mode, Stage};
use gix::objs::Kind;
use keysweep_git::index::{Index, IndexEntry};
use keysweep_git::tree_cursor::TreeCursor;

use super::super::changes;
use super::super::objects::Objects;
use super::super::parse::EntryKind;
use super::super::trees::is_empty_tree;
use super::File;
use crate::coverage::Ledger;

/// The staged files that `head` does not have unchanged at the same path.
///
/// Both sides of a conflict are included: what neither HEAD nor the merged commit holds is new.
pub(super) fn staged(
    objects: &Objects,
    index: &Index,
    head: Option<ObjectId>,
    ledger: &Ledger,
) -> Vec<File> {
    let mut walk = Walk { objects, index, ledger, files: Vec::new() };
    let mut buffer = Vec::new();
    // An explicit stack replaces recursion: the nesting in an index is not trusted.
    let whole = Folder { entries: 0..index.len(), depth: 0, cached: index.trees().root(), head };
    let mut waiting = vec![whole];
    while let Some(folder) = waiting.pop() {
        walk.folder(folder, &mut buffer, &mut waiting);
    }
    walk.files
}

/// The blobs in `wanted` that any file of the trees has as its content.
pub(super) fn present(
    objects: &Objects,
    trees: &[ObjectId],
    wanted: &HashSet<ObjectId>,
    ledger: &Ledger,
) -> HashSet<ObjectId> {
    if wanted.is_empty() {
        return HashSet::default();
    }
    let all = trees.iter().flat_map(|&tree| changes::between(objects, tree, &[], b"", ledger));
    all.map(|change| change.blob).filter(|blob| wanted.contains(blob)).collect()
}

/// Entries whose paths share their first `depth` bytes, and the trees of that folder.
struct Folder {
    entries: Range<usize>,
    depth: usize,
    /// The number of its cached tree.
    cached: Option<usize>,
    head: Option<ObjectId>,
}

struct Walk<'a> {
    objects: &'a Objects,
    index: &'a Index,
    ledger: &'a Ledger,
    files: Vec<File>,
}

impl Walk<'_> {
    /// Compares one folder; its subfolders are added to `waiting`.
    fn folder(&mut self, folder: Folder, buffer: &mut Vec<u8>, waiting: &mut Vec<Folder>) {
        let Folder { entries: range, depth, cached, head } = folder;
        let (index, objects) = (self.index, self.objects);
        let is_unchanged = cached.map(|number| index.trees().get(number)).is_some_and(|tree| {
            tree.entries.is_some_and(|count| count as usize == range.len()) && Some(tree.id) == head
        });
        if is_unchanged {
            return;
        }
        let known = head.filter(|tree| self.read(tree, buffer));
        let bytes = if known.is_some() { buffer.as_slice() } else { &[] };
        let mut before = TreeCursor::new(bytes, objects.hash());
        let below = Subfolders::of(index, cached);
        let mut at = range.start;
        while at < range.end {
            let entry = index.entry(at);
            // An index that is out of order may mix folders.
            let rest = entry.path.get(depth..).unwrap_or_default();
            match rest.find_byte(b'/').filter(|_| entry.mode != Mode::DIR) {
                Some(slash) => {
                    let prefix = &entry.path[..=depth + slash];
                    let cached = below.find(&rest[..slash]);
                    let end = end_of(index, at..range.end, prefix);
                    let head = before.find(&rest[..slash], EntryKind::Tree).map(ToOwned::to_owned);
                    waiting.push(Folder {
                        entries: at..end,
                        depth: depth + slash + 1,
                        cached,
                        head,
                    });
                    at = end;
                }
                None => {
                    self.entry(&entry, rest, &mut before);
                    at += 1;
                }
            }
        }
        if before.is_malformed() {
            let id = known.map(|tree| tree.to_hex().to_string()).unwrap_or_default();
            self.ledger.problem("tree", id.as_bytes(), &"damaged: an entry is malformed");
        }
    }

    fn entry(&mut self, entry: &IndexEntry<'_>, name: &[u8], before: &mut TreeCursor<'_>) {
        if entry.mode == Mode::DIR {
            let name = name.strip_suffix(b"/").unwrap_or(name);
            let before = before.find(name, EntryKind::Tree).map(ToOwned::to_owned);
            let prefix = [entry.path.strip_suffix(b"/").unwrap_or(entry.path), b"/"].concat();
            let tree = entry.id.to_owned();
            let changed =
                changes::between(self.objects, tree, before.as_slice(), &prefix, self.ledger);
            self.files.extend(
                changed.into_iter().map(|change| File { path: change.path, blob: change.blob }),
            );
        } else if entry.is_content()
            && before.find(name, EntryKind::Blob) != Some(entry.id)
            && entry.stage != Stage::Base
        {
            self.files.push(File { path: entry.path.to_owned(), blob: entry.id.to_owned() });
        }
    }

    /// Reads a tree of HEAD; false if it is empty or can't be read.
    fn read(&self, tree: &ObjectId, buffer: &mut Vec<u8>) -> bool {
        !is_empty_tree(tree, self.objects.hash())
            && self.objects.expect(tree, Kind::Tree, "HEAD", buffer, self.ledger)
    }
}

/// The number of the first entry outside of the folder `prefix`, whose first entry is the first of
/// `entries`. If the index is out of order, others may be among them. They are compared with the tree of
/// that folder, which is harmless: an equal id is content that HEAD already has.
fn end_of(index: &Index, entries: Range<usize>, prefix: &[u8]) -> usize {
    let (mut low, mut high) = (entries.start + 1, entries.end);
    while low < high {
        let middle = low.midpoint(high);
        if index.entry(middle).path.starts_with(prefix) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The cached trees of the subfolders of a folder, by name.
struct Subfolders<'a>(Vec<(&'a [u8], usize)>);

impl<'a> Subfolders<'a> {
    fn of(index: &'a Index, parent: Option<usize>) -> Self {
        let trees = index.trees();
        let children = parent.into_iter().flat_map(|parent| trees.children(parent));
        let mut children: Vec<_> =
            children.map(|number| (trees.get(number).name.as_slice(), number)).collect();
        children.sort_unstable();
        Self(children)
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        let found = self.0.binary_search_by_key(&name, |(name, _)| name);
        found.ok().map(|at| self.0[at].1)
    }
}
