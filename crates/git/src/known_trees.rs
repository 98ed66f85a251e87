//! A cache of tree entries for lookups of many paths.
//!
//! Without it, ten thousand lookups in one commit would read the same trees ten thousand times and
//! scan their entries from the start.

use std::collections::HashMap;

use gix::ObjectId;
use gix::hash::oid;
use gix::hashtable;
use gix::objs::Kind;

use super::lookup::descend;
use super::objects::Objects;
use super::parse::{self, EntryKind};

/// Limit of cached entries of all trees together; the cache is cleared when it is reached.
const MOST: usize = 200_000;

/// The entries of a tree by name.
type Entries = HashMap<Vec<u8>, (ObjectId, EntryKind)>;

/// Looks up paths in trees.
pub struct KnownTrees<'a> {
    objects: &'a Objects,
    trees: hashtable::HashMap<ObjectId, Entries>,
    entries: usize,
    buffer: Vec<u8>,
}

impl<'a> KnownTrees<'a> {
    /// Creates an empty cache.
    pub fn new(objects: &'a Objects) -> Self {
        Self { objects, trees: Default::default(), entries: 0, buffer: Vec::new() }
    }

    /// The blob at `path` below `tree`.
    pub fn blob_at(&mut self, tree: &ObjectId, path: &[u8]) -> Option<ObjectId> {
        descend(tree, path, |tree, name| self.entries(tree)?.get(name).copied())
    }

    fn entries(&mut self, tree: &oid) -> Option<&Entries> {
        if !self.trees.contains_key(tree) {
            if self.objects.find(tree, &mut self.buffer).ok()?? != Kind::Tree {
                return None;
            }
            if self.entries > MOST {
                self.trees.clear();
                self.entries = 0;
            }
            let mut entries = Entries::new();
            let read = parse::tree(&self.buffer, self.objects.hash()).map_while(|entry| entry);
            for entry in read {
                // If two entries have the same name, git also finds the first one.
                let found = (entry.id.to_owned(), entry.kind);
                entries.entry(entry.name.to_owned()).or_insert(found);
            }
            self.entries += entries.len();
            self.trees.insert(tree.to_owned(), entries);
        }
        self.trees.get(tree)
    }
}
