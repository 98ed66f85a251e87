//! The index, as a comparison with trees needs it: its entries and its cached trees.
//!
//! A hook reads the index at every commit, and it has an entry for every file of the project. So
//! entries are not decoded: [`RawIndex`] knows where each begins. An index with anything else than
//! plain entries is decoded by `gix` (see [`staging`]), and so is a malformed one, which `gix` then
//! rejects with the reason.

mod cached_trees;
mod raw;

use std::path::Path;

use gix::hash::oid;
use gix::index::entry::{Flags, Mode, Stage};

use super::error::Error;
use super::staging;
pub use cached_trees::{CachedTree, CachedTrees};
use raw::RawIndex;

/// An index that was read.
#[derive(Debug)]
pub struct Index {
    entries: Entries,
    trees: CachedTrees,
}

#[derive(Debug)]
enum Entries {
    Raw(RawIndex),
    Decoded(Box<gix::index::File>),
}

/// One entry of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry<'a> {
    /// Its path.
    pub path: &'a [u8],
    /// Its content.
    pub id: &'a oid,
    /// The kind of file.
    pub mode: Mode,
    /// The side of a conflict.
    pub stage: Stage,
    /// True if `git add --intent-to-add` made it: its content is not staged.
    pub is_intent_to_add: bool,
}

impl IndexEntry<'_> {
    /// True if it names content: it is not a submodule, a folder of a sparse index, or an
    /// intent-to-add entry.
    pub fn is_content(&self) -> bool {
        !matches!(self.mode, Mode::COMMIT | Mode::DIR) && !self.is_intent_to_add
    }
}

impl Index {
    /// Reads an index; a missing file is an empty index.
    ///
    /// # Errors
    /// If the file exists and can't be read.
    pub fn read(path: &Path, hash: gix::hash::Kind) -> Result<Self, Error> {
        // `staging` reports the error of a file that can't be read.
        if let Ok(bytes) = std::fs::read(path)
            && let Some((entries, trees)) = RawIndex::parse(bytes, hash)
        {
            return Ok(Self { entries: Entries::Raw(entries), trees });
        }
        let file = staging::open(path, hash)?;
        let trees = file.tree().map(CachedTrees::of).unwrap_or_default();
        Ok(Self { entries: Entries::Decoded(Box::new(file)), trees })
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Raw(index) => index.len(),
            Entries::Decoded(index) => index.entries().len(),
        }
    }

    /// True if it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry with a number below [`len`](Self::len), in the order of the file.
    pub fn entry(&self, number: usize) -> IndexEntry<'_> {
        match &self.entries {
            Entries::Raw(index) => index.entry(number),
            Entries::Decoded(index) => {
                let entry = &index.entries()[number];
                IndexEntry {
                    path: entry.path(index),
                    id: &entry.id,
                    mode: entry.mode,
                    stage: entry.stage(),
                    is_intent_to_add: entry.flags.contains(Flags::INTENT_TO_ADD),
                }
            }
        }
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = IndexEntry<'_>> {
        (0..self.len()).map(|number| self.entry(number))
    }

    /// The trees that git has written of folders, as far as they are known.
    pub fn trees(&self) -> &CachedTrees {
        &self.trees
    }
}

#[cfg(test)]
mod tests;
