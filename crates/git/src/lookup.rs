//! Looks up entries of trees, by tree and by path.

use gix::ObjectId;
use gix::hash::oid;
use gix::objs::Kind;
use keysweep_base::record::Record;

use super::objects::Objects;
use super::parse::{self, EntryKind};
use super::trees::is_empty_tree;

/// A tree's entries, copied out of the buffer that the next read reuses.
pub type Listing = Vec<(Vec<u8>, EntryKind, ObjectId)>;

/// The root tree of a commit.
pub fn commit_tree(objects: &Objects, commit: &oid, buffer: &mut Vec<u8>) -> Option<ObjectId> {
    match objects.find(commit, buffer) {
        Ok(Some(Kind::Commit)) => parse::commit(buffer).map(|commit| commit.tree),
        _ => None,
    }
}

/// The blob at `path` below `tree`; for many paths use
/// [`Lookup`](super::edges::Lookup).
pub fn blob_at(
    objects: &Objects,
    tree: &oid,
    path: &[u8],
    buffer: &mut Vec<u8>,
) -> Option<ObjectId> {
    descend(tree, path, |tree, name| {
        if objects.find(tree, buffer).ok()?? != Kind::Tree {
            return None;
        }
        let mut entries = parse::tree(buffer, objects.hash()).map_while(|entry| entry);
        let entry = entries.find(|entry| entry.name == name)?;
        Some((entry.id.to_owned(), entry.kind))
    })
}

/// The blob at `path` below `tree`; the callback finds an entry of a tree by its name.
pub(crate) fn descend(
    tree: &oid,
    path: &[u8],
    mut find: impl FnMut(&oid, &[u8]) -> Option<(ObjectId, EntryKind)>,
) -> Option<ObjectId> {
    let mut at = tree.to_owned();
    let mut parts = path.split(|&byte| byte == b'/').peekable();
    while let Some(part) = parts.next() {
        let (id, kind) = find(&at, part)?;
        let wanted = if parts.peek().is_some() { EntryKind::Tree } else { EntryKind::Blob };
        if kind != wanted {
            return None;
        }
        at = id;
    }
    Some(at)
}

/// The entries of a tree, up to the first malformed one. A tree that can't be read is recorded,
/// with `named_by` as the object that names it.
pub fn list(
    objects: &Objects,
    tree: &oid,
    named_by: &str,
    buffer: &mut Vec<u8>,
    ledger: &dyn Record,
) -> Listing {
    if is_empty_tree(tree, objects.hash())
        || !objects.expect(tree, Kind::Tree, named_by, buffer, ledger)
    {
        return Vec::new();
    }
    let mut listing = Vec::new();
    for entry in parse::tree(buffer, objects.hash()) {
        let Some(entry) = entry else {
            let id = tree.to_hex().to_string();
            ledger.problem("tree", id.as_bytes(), &"damaged: an entry is malformed");
            break;
        };
        listing.push((entry.name.to_owned(), entry.kind, entry.id.to_owned()));
    }
    listing
}
