//! Selects the parts of an object database that are read after an earlier sweep.

use std::collections::HashSet;
use std::path::Path;

use gix::ObjectId;
use gix::hash::oid;
use keysweep_git::forest::Skipped;
use keysweep_git::pack::Pack;
use keysweep_git::stores::Stores;
use sha2::{Digest as _, Sha256};

use super::super::database::Database;
use super::super::reflogs::paths_below;
use super::MOST;
use super::record::{self, LooseFile, ObjectsRead};
use crate::coverage::Ledger;
use crate::secret::hex;

/// The present content of a database; see [`ObjectsRead`].
pub(super) struct Stored {
    pub(super) place: String,
    pub(super) lfs: String,
    /// In the order of the packs.
    pub(super) packs: Vec<String>,
    /// Sorted.
    pub(super) loose: Vec<LooseFile>,
}

impl Stored {
    /// Lists a database as it was opened; `None` if a later sweep could not rely on the list.
    pub(super) fn list(repo: &gix::Repository, database: &Database) -> Option<Self> {
        let stores = database.stores();
        let objects = repo.objects.store_ref().path();
        let mut packs = Vec::new();
        for pack in &stores.packs {
            packs.push(pack_digest(pack)?);
        }
        Some(Self {
            place: digest(&[b"objects", objects.as_os_str().as_encoded_bytes()]),
            lfs: lfs(database)?,
            packs,
            loose: loose(stores)?,
        })
    }
}

fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    hex(&digest.finalize()[..16])
}

/// The digest of a pack; `None` if it has no index, so that what it contains had to be guessed.
fn pack_digest(pack: &Pack) -> Option<String> {
    let (path, bytes) = (pack.path(), pack.bytes());
    let is_named = path.extension().is_some_and(|extension| extension == "pack");
    if !is_named || !path.with_extension("idx").is_file() {
        return None;
    }
    let checksum = bytes.get(bytes.len().checked_sub(pack.trailer())?..)?;
    let (size, objects) = ((bytes.len() as u64).to_le_bytes(), pack.len().to_le_bytes());
    Some(digest(&[path.as_os_str().as_encoded_bytes(), &size, &objects, checksum]))
}

/// The digest of the names of Git LFS objects; `None` if they can't be listed.
fn lfs(database: &Database) -> Option<String> {
    let Some(folder) = database.lfs() else { return Some(String::new()) };
    let (ledger, mut names) = (Ledger::new(), Vec::new());
    paths_below(folder, b"", &ledger, &mut |name, _| names.push(name));
    names.sort_unstable();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    (!ledger.has_problems()).then(|| digest(&names))
}

/// The loose objects with the sizes of their files; `None` if there are too many, or one is gone.
fn loose(stores: &Stores) -> Option<Vec<LooseFile>> {
    if stores.loose.iter().map(|loose| loose.ids.len()).sum::<usize>() > MOST {
        return None;
    }
    let mut files: Vec<LooseFile> = Vec::new();
    for loose in &stores.loose {
        for id in &loose.ids {
            files.push((*id, loose_size(loose.folder(), id)?));
        }
    }
    files.sort_unstable();
    Some(files)
}

fn loose_size(folder: &Path, id: &ObjectId) -> Option<u64> {
    let name = id.to_hex().to_string();
    // A folder that no longer exists, or that can't be listed, does not fail the scan.
    let found = folder.join(&name[..2]).join(&name[2..]).symlink_metadata().ok()?;
    Some(found.len())
}

/// The parts that are read.
pub(super) enum Plan {
    /// Everything.
    All,
    /// Only the parts that the earlier sweep has not read.
    New(Box<New>),
}

/// The parts that the earlier sweep has not read.
pub(super) struct New {
    pub(super) earlier: ObjectsRead,
    /// For each pack, then for each folder of loose objects: the objects that are not read; `None`
    /// if none is read.
    unread: Vec<Option<Skipped>>,
    /// The same for the objects that contained something and are read again.
    pub(super) again: Vec<Option<Skipped>>,
    /// The loose objects of the earlier sweep are all there.
    keeps_loose: bool,
}

/// The parts that the earlier sweep has read and that still exist.
struct Left {
    /// For each pack: the earlier sweep has read it.
    packs: Vec<bool>,
    /// The loose objects that the earlier sweep has read, sorted; empty if they are read again.
    loose: Vec<ObjectId>,
    keeps_loose: bool,
}

impl Plan {
    /// `None` if what is stored is not what the earlier sweep has read, and more.
    pub(super) fn new(earlier: &ObjectsRead, stored: &Stored, database: &Database) -> Option<Self> {
        if earlier.lfs != stored.lfs {
            return None;
        }
        let remaining = Left::of(earlier, stored, database)?;
        let holding = record::ids(&earlier.holding, database.hash())?;
        let unread = remaining.unread(database);
        let again = remaining.again(database, &holding);
        let keeps_loose = remaining.keeps_loose;
        Some(Self::New(Box::new(New { earlier: earlier.clone(), unread, again, keeps_loose })))
    }

    /// The record of the earlier sweep, if it is used.
    pub(super) fn earlier(&self) -> Option<&ObjectsRead> {
        match self {
            Self::All => None,
            Self::New(new) => Some(&new.earlier),
        }
    }

    /// True if the coverage of loose objects is reused.
    pub(super) fn keeps_loose(&self) -> bool {
        matches!(self, Self::New(new) if new.keeps_loose)
    }

    /// The number of objects that are not read again.
    pub(super) fn reused(&self) -> u64 {
        let loose = |earlier: &ObjectsRead| match self.keeps_loose() {
            true => earlier.in_loose.objects,
            false => 0,
        };
        self.earlier().map_or(0, |earlier| earlier.in_packs.objects + loose(earlier))
    }

    /// The objects of a pack that are not read; `None` if none is read.
    pub(super) fn unread_of_pack<'s>(
        &'s self,
        database: &'s Database,
        number: usize,
    ) -> Option<&'s Skipped> {
        match self {
            Self::All => database.duplicates().get(number),
            Self::New(new) => new.unread.get(number)?.as_ref(),
        }
    }

    /// The loose objects of a folder that are not read; `None` if none is read.
    pub(super) fn unread_of_loose<'s>(
        &'s self,
        database: &'s Database,
        number: usize,
    ) -> Option<&'s Skipped> {
        self.unread_of_pack(database, database.stores().packs.len() + number)
    }
}

impl Left {
    fn of(earlier: &ObjectsRead, stored: &Stored, database: &Database) -> Option<Self> {
        let stores = database.stores();
        let known: HashSet<&str> = earlier.packs.iter().map(String::as_str).collect();
        let packs: Vec<bool> =
            stored.packs.iter().map(|pack| known.contains(pack.as_str())).collect();
        let here = packs.iter().filter(|is_known| **is_known).count();
        if here != known.len() || known.len() != earlier.packs.len() {
            return None;
        }
        let files = record::loose(&earlier.loose, database.hash())?;
        let keeps_loose = files.iter().all(|file| stored.loose.binary_search(file).is_ok());
        let mut loose: Vec<ObjectId> = files.into_iter().map(|(id, _)| id).collect();
        loose.dedup();
        if keeps_loose {
            return Some(Self { packs, loose, keeps_loose });
        }
        // A loose object that is gone may have been the base of a delta, or the intact copy of a
        // packed one; and it may be counted among the loose ones though a pack has it now.
        let is_packed = |id: &ObjectId| {
            let known = stores.packs.iter().zip(&packs).filter(|(_, is_known)| **is_known);
            known.into_iter().any(|(pack, _)| pack.find(id).is_some())
        };
        if earlier.thin || loose.iter().any(is_packed) {
            return None;
        }
        Some(Self { packs, loose: Vec::new(), keeps_loose })
    }

    /// The objects that were read earlier, and those that an earlier store has as well.
    fn unread(&self, database: &Database) -> Vec<Option<Skipped>> {
        let stores = database.stores();
        let (packed, loose) = database.duplicates().split_at(stores.packs.len());
        let packs = self.packs.iter().zip(packed);
        let mut unread: Vec<Option<Skipped>> =
            packs.map(|(is_known, duplicates)| (!is_known).then(|| duplicates.clone())).collect();
        self.skip_read(database, &mut unread);
        let loose = stores.loose.iter().zip(loose).map(|(loose, duplicates)| {
            let is_skipped = |(number, id): (usize, &ObjectId)| {
                duplicates.get(number).copied().unwrap_or(false)
                    || self.loose.binary_search(id).is_ok()
            };
            Some(loose.ids.iter().enumerate().map(is_skipped).collect())
        });
        unread.extend(loose);
        unread
    }

    /// Marks in new packs the objects that were read earlier from another store. Of two stores with the
    /// same object, the later one has it marked as a duplicate.
    fn skip_read(&self, database: &Database, unread: &mut [Option<Skipped>]) {
        let stores = database.stores();
        let mut new: Vec<(&Pack, &mut Skipped)> = stores
            .packs
            .iter()
            .zip(unread)
            .filter_map(|(pack, skipped)| Some((pack, skipped.as_mut()?)))
            .collect();
        if new.is_empty() {
            return;
        }
        let mut skip = |id: &oid| {
            for (pack, skipped) in &mut new {
                if let Some(number) = pack.find(id) {
                    skipped.resize(pack.len() as usize, false);
                    skipped[number as usize] = true;
                }
            }
        };
        let (packed, loose) = database.duplicates().split_at(stores.packs.len());
        for ((pack, is_known), duplicates) in stores.packs.iter().zip(&self.packs).zip(packed) {
            let marked = duplicates.iter().zip(0..).filter(|(marked, _)| *is_known && **marked);
            marked.for_each(|(_, number)| skip(pack.id(number)));
        }
        for (loose, duplicates) in stores.loose.iter().zip(loose) {
            let marked = loose.ids.iter().zip(duplicates).filter(|(_, marked)| **marked);
            let read = marked.filter(|(id, _)| self.loose.binary_search(id).is_ok());
            read.for_each(|(id, _)| skip(id));
        }
    }

    /// All but the objects that contained something and were read earlier, each in one store.
    fn again(&self, database: &Database, holding: &[ObjectId]) -> Vec<Option<Skipped>> {
        let stores = database.stores();
        let packed = stores.packs.iter().map(|pack| pack.len() as usize);
        let lens: Vec<usize> =
            packed.chain(stores.loose.iter().map(|loose| loose.ids.len())).collect();
        let mut again: Vec<Option<Skipped>> = vec![None; lens.len()];
        let mut places: Vec<Option<usize>> = Vec::with_capacity(lens.len());
        for id in holding {
            let packed =
                stores.packs.iter().map(|pack| pack.find(id).map(|number| number as usize));
            let loose = stores.loose.iter().map(|loose| loose.ids.binary_search(id).ok());
            places.clear();
            places.extend(packed.chain(loose));
            let mut packs = self.packs.iter().zip(&places);
            let is_read = packs.any(|(is_known, place)| *is_known && place.is_some())
                || self.loose.binary_search(id).is_ok();
            for (store, number) in places.iter().enumerate().filter(|_| is_read) {
                let Some(number) = *number else { continue };
                let is_double = database.duplicates()[store].get(number).copied();
                if !is_double.unwrap_or(false) {
                    again[store].get_or_insert_with(|| vec![true; lens[store]])[number] = false;
                }
            }
        }
        again
    }
}
