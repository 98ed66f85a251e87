//! Compares the index with HEAD's tree, with the help of the index's cached trees.

use std::ops::Range;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::hashtable::HashSet;
use gix::index::entry::{Mode, Stage};
use gix::index::extension::Tree;

use super::super::lookup::{self, Listing};
use super::super::objects::Objects;
use super::super::parse::EntryKind;
use super::super::{changes, staging};
use super::File;
use crate::coverage::Ledger;

/// The staged files that `head` does not have unchanged at the same path.
///
/// Both sides of a conflict are included: what neither HEAD nor the merged commit holds is new.
pub(super) fn staged(
    objects: &Objects,
    index: &gix::index::State,
    head: Option<ObjectId>,
    ledger: &Ledger,
) -> Vec<File> {
    let mut walk = Walk { objects, index, ledger, buffer: Vec::new(), files: Vec::new() };
    // An explicit stack replaces recursion: the nesting in an index is not trusted.
    let whole = Folder { entries: 0..index.entries().len(), depth: 0, cached: index.tree(), head };
    let mut waiting = vec![whole];
    while let Some(folder) = waiting.pop() {
        walk.folder(folder, &mut waiting);
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
struct Folder<'a> {
    entries: Range<usize>,
    depth: usize,
    cached: Option<&'a Tree>,
    head: Option<ObjectId>,
}

struct Walk<'a> {
    objects: &'a Objects,
    index: &'a gix::index::State,
    ledger: &'a Ledger,
    buffer: Vec<u8>,
    files: Vec<File>,
}

impl<'a> Walk<'a> {
    /// Compares one folder; its subfolders are added to `waiting`.
    fn folder(&mut self, folder: Folder<'a>, waiting: &mut Vec<Folder<'a>>) {
        let Folder { entries: range, depth, cached, head } = folder;
        let valid = cached.is_some_and(|tree| {
            tree.num_entries.is_some_and(|count| count as usize == range.len())
                && Some(tree.id) == head
        });
        if valid {
            return;
        }
        let before = head.map(|tree| self.list(tree)).unwrap_or_default();
        let of_head = |name: &[u8], kind: EntryKind| {
            let at = before.binary_search_by(|entry| {
                (entry.0.as_slice(), entry.1 as u8).cmp(&(name, kind as u8))
            });
            at.ok().map(|at| before[at].2)
        };
        let index = self.index;
        let mut at = range.start;
        while at < range.end {
            let entry = &index.entries()[at];
            let path = entry.path(index);
            let rest = &path[depth..];
            match rest.find_byte(b'/').filter(|_| entry.mode != Mode::DIR) {
                Some(slash) => {
                    let folder = &path[..=depth + slash];
                    let entries = &index.entries()[at..range.end];
                    let end =
                        at + entries.partition_point(|entry| entry.path(index).starts_with(folder));
                    let name = &rest[..slash];
                    let below = cached.and_then(|tree| {
                        tree.children.iter().find(|child| child.name.as_slice() == name)
                    });
                    waiting.push(Folder {
                        entries: at..end,
                        depth: depth + slash + 1,
                        cached: below,
                        head: of_head(name, EntryKind::Tree),
                    });
                    at = end;
                }
                None => {
                    self.entry(
                        entry,
                        path,
                        of_head(rest, EntryKind::Blob),
                        |name| of_head(name, EntryKind::Tree),
                        depth,
                    );
                    at += 1;
                }
            }
        }
    }

    fn entry(
        &mut self,
        entry: &gix::index::Entry,
        path: &[u8],
        before: Option<ObjectId>,
        folder_before: impl Fn(&[u8]) -> Option<ObjectId>,
        depth: usize,
    ) {
        if entry.mode == Mode::DIR {
            let name = path[depth..].strip_suffix(b"/").unwrap_or(&path[depth..]);
            let before: Vec<ObjectId> = folder_before(name).into_iter().collect();
            let prefix = [path.strip_suffix(b"/").unwrap_or(path), b"/"].concat();
            let changed = changes::between(self.objects, entry.id, &before, &prefix, self.ledger);
            self.files.extend(
                changed.into_iter().map(|change| File { path: change.path, blob: change.blob }),
            );
        } else if staging::is_content(entry)
            && before != Some(entry.id)
            && entry.stage() != Stage::Base
        {
            self.files.push(File { path: path.to_owned(), blob: entry.id });
        }
    }

    /// The entries of a tree, sorted by name and kind.
    fn list(&mut self, tree: ObjectId) -> Listing {
        let mut entries = lookup::list(self.objects, &tree, "HEAD", &mut self.buffer, self.ledger);
        entries.sort_unstable_by(|a, b| (&a.0, a.1 as u8).cmp(&(&b.0, b.1 as u8)));
        entries
    }
}
