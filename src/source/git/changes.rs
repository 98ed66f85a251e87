//! What a tree has that others do not have at the same path.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::Kind;

use super::objects::Objects;
use super::parse::{self, EntryKind};
use super::trees::is_empty_tree;
use crate::coverage::Ledger;

/// A file of a tree that none of the other trees has unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Its path.
    pub(super) path: Vec<u8>,
    /// Its content.
    pub(super) blob: ObjectId,
    /// What the others have at that path.
    pub(super) before: Vec<ObjectId>,
}

/// A tree's entries, copied out of the buffer that the next read reuses.
type Listing = Vec<(Vec<u8>, EntryKind, ObjectId)>;

/// Compares `tree` with `others`; paths begin with `prefix`.
pub(super) fn between(
    objects: &Objects,
    tree: ObjectId,
    others: &[ObjectId],
    prefix: &[u8],
    ledger: &Ledger,
) -> Vec<Change> {
    let mut comparison = Comparison { objects, ledger, buffer: Vec::new(), changes: Vec::new() };
    comparison.walk(tree, others, &mut prefix.to_vec());
    comparison.changes
}

struct Comparison<'a> {
    objects: &'a Objects,
    ledger: &'a Ledger,
    buffer: Vec<u8>,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn walk(&mut self, tree: ObjectId, others: &[ObjectId], path: &mut Vec<u8>) {
        if others.contains(&tree) {
            return;
        }
        let listing = self.list(&tree);
        let others: Vec<HashMap<_, _>> = others
            .iter()
            .map(|other| {
                let entries = self.list(other).into_iter();
                entries.map(|(name, kind, id)| ((name, kind), id)).collect()
            })
            .collect();
        for (name, kind, id) in listing {
            let key = (name, kind);
            let same: Vec<_> = others.iter().filter_map(|other| other.get(&key)).copied().collect();
            if same.contains(&id) || kind == EntryKind::Submodule {
                continue;
            }
            let length = path.len();
            path.extend_from_slice(&key.0);
            if kind == EntryKind::Tree {
                path.push(b'/');
                self.walk(id, &same, path);
            } else {
                self.changes.push(Change { path: path.clone(), blob: id, before: same });
            }
            path.truncate(length);
        }
    }

    fn list(&mut self, tree: &ObjectId) -> Listing {
        if is_empty_tree(tree, self.objects.hash())
            || !self.objects.expect(tree, Kind::Tree, "a commit", &mut self.buffer, self.ledger)
        {
            return Vec::new();
        }
        let mut listing = Vec::new();
        for entry in parse::tree(&self.buffer, self.objects.hash()) {
            let Some(entry) = entry else {
                let id = tree.to_hex().to_string();
                self.ledger.problem("tree", id.as_bytes(), &"damaged: an entry is malformed");
                break;
            };
            listing.push((entry.name.to_owned(), entry.kind, entry.id.to_owned()));
        }
        listing
    }
}
