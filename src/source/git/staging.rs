//! The index as it stands on disk, and the entries of all worktrees' indexes.
//!
//! Split indexes are put together, the checksum is not computed (git itself leaves it out on
//! reading where speed counts), sparse folders stay folders.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::index::entry::{Flags, Mode};

use super::error::Error;
use super::objects::Objects;
use super::reflogs;
use super::tips;
use crate::coverage::Ledger;

/// One file of an index.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    /// Its path.
    pub(super) path: Vec<u8>,
    /// Its content.
    pub(super) id: ObjectId,
    /// The HEAD commit of the index's worktree.
    pub(super) head: Option<ObjectId>,
}

/// Reads an index; one that does not exist is empty.
///
/// # Errors
/// If it is there and can't be read.
pub(super) fn open(path: &Path, hash: gix::hash::Kind) -> Result<gix::index::File, Error> {
    let failed = |why: String| Error::Index { path: path.to_owned(), why };
    if !path.try_exists().map_err(|error| failed(error.to_string()))? {
        return Ok(gix::index::File::from_state(gix::index::State::new(hash), path));
    }
    gix::index::File::at(path, hash, true, gix::index::decode::Options::default())
        .map_err(|error| failed(error.to_string()))
}

/// Whether an entry names content: no submodule, no folder of a sparse index, and not merely the
/// intent to add.
pub(super) fn is_content(entry: &gix::index::Entry) -> bool {
    !matches!(entry.mode, Mode::COMMIT | Mode::DIR) && !entry.flags.contains(Flags::INTENT_TO_ADD)
}

/// The entries of the indexes of all worktrees. One that can't be read is a problem.
pub(super) fn all(repo: &gix::Repository, objects: &Objects, ledger: &Ledger) -> Vec<Staged> {
    let mut folders: Vec<PathBuf> = vec![repo.common_dir().to_owned()];
    folders.extend(reflogs::worktrees(repo).into_iter().map(|(_, folder)| folder));
    let mut staged = Vec::new();
    for folder in folders {
        let path = folder.join("index");
        let index = match open(&path, objects.hash()) {
            Ok(index) => index,
            Err(error) => {
                ledger.problem("index", path.as_os_str().as_encoded_bytes(), &error);
                continue;
            }
        };
        if let Err(error) = index.verify_integrity() {
            let why = format!("it was changed since git wrote it, what it says was used: {error}");
            ledger.problem("index", path.as_os_str().as_encoded_bytes(), &why);
        }
        let head = tips::head_of(repo, &folder);
        staged.extend(
            index.entries().iter().filter(|entry| is_content(entry)).map(|entry| Staged {
                path: entry.path(&index).to_vec(),
                id: entry.id,
                head,
            }),
        );
    }
    staged
}
