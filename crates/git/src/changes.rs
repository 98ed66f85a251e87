//! The entries of a tree that differ from other trees at the same path.

use std::collections::HashMap;

use gix::ObjectId;

use super::lookup::{self, Listing};
use super::objects::Objects;
use super::parse::EntryKind;
use super::trees::LONGEST_PATH;
use keysweep_base::record::Record;

/// A file of a tree whose content none of the other trees has at that path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: Vec<u8>,
    /// Its content.
    pub blob: ObjectId,
    /// The blobs that the other trees have at that path.
    pub before: Vec<ObjectId>,
}

/// Compares `tree` with `others`; `prefix` is prepended to paths.
///
/// The author of the trees chooses their depth and how often they repeat. Changes that exceed the
/// memory budget are a problem in the ledger.
pub fn between(
    objects: &Objects,
    tree: ObjectId,
    others: &[ObjectId],
    prefix: &[u8],
    ledger: &dyn Record,
) -> Vec<Change> {
    let room = objects.memory().texts() / 2;
    let mut comparison = Comparison { objects, ledger, buffer: Vec::new(), room };
    let mut changes = Vec::new();
    if !comparison.walk(tree, others, prefix, &mut changes) {
        let why = "too many files of it are new, or their paths are too long: not all of them \
                   were scanned: raise --max-memory, or scan its history";
        ledger.problem("tree", tree.to_hex().to_string().as_bytes(), &why);
    }
    changes
}

/// Bytes that a change takes, apart from its path.
const SIZE: u64 = 160;

struct Comparison<'a> {
    objects: &'a Objects,
    ledger: &'a dyn Record,
    buffer: Vec<u8>,
    /// Bytes that changes may still take.
    room: u64,
}

/// Progress of the comparison in one tree.
struct Level {
    listing: <Listing as IntoIterator>::IntoIter,
    others: Vec<HashMap<(Vec<u8>, EntryKind), ObjectId>>,
    /// Length of the path that leads to it.
    length: usize,
}

impl Comparison<'_> {
    /// Returns false if there was no room for all changes.
    fn walk(
        &mut self,
        tree: ObjectId,
        others: &[ObjectId],
        prefix: &[u8],
        changes: &mut Vec<Change>,
    ) -> bool {
        let mut path = prefix.to_vec();
        let mut levels = Vec::new();
        levels.extend(self.level(&tree, others, path.len()));
        while let Some(level) = levels.last_mut() {
            path.truncate(level.length);
            let Some((name, kind, id)) = level.listing.next() else {
                levels.pop();
                continue;
            };
            let key = (name, kind);
            let before = level.others.iter().filter_map(|other| other.get(&key).copied());
            let same: Vec<_> = before.collect();
            if same.contains(&id) || kind == EntryKind::Submodule {
                continue;
            }
            path.extend_from_slice(&key.0);
            // A tree costs as much as a change, even if nothing in it is new: the number of trees
            // is unbounded.
            let size = SIZE + path.len() as u64;
            if size > self.room || path.len() > LONGEST_PATH {
                return false;
            }
            self.room -= size;
            if kind == EntryKind::Tree {
                path.push(b'/');
                levels.extend(self.level(&id, &same, path.len()));
            } else {
                changes.push(Change { path: path.clone(), blob: id, before: same });
            }
        }
        true
    }

    /// A tree to compare with others; `None` if it is one of them.
    fn level(&mut self, tree: &ObjectId, others: &[ObjectId], length: usize) -> Option<Level> {
        if others.contains(tree) {
            return None;
        }
        let listing = self.list(tree).into_iter();
        let others = others.iter().map(|other| {
            let entries = self.list(other).into_iter();
            entries.map(|(name, kind, id)| ((name, kind), id)).collect()
        });
        Some(Level { listing, others: others.collect(), length })
    }

    fn list(&mut self, tree: &ObjectId) -> Listing {
        lookup::list(self.objects, tree, "a commit", &mut self.buffer, self.ledger)
    }
}
