//! The index on disk, and the entries of the indexes of all worktrees.
//!
//! Split indexes are merged. The checksum is not verified (git itself skips it for speed). Folders
//! of a sparse index are not expanded.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::index::entry::{Flags, Mode};

use super::error::Error;
use super::index_paths;
use super::objects::Objects;
use super::reflogs;
use super::tips;
use keysweep_base::record::Record;

/// Limit of nesting, more than the folders of any path.
const DEEPEST: usize = 1024;
/// Advice for an index that can't be used.
const REPAIR: &str = "rebuild it with `git read-tree HEAD`";

/// One file of an index.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Its path.
    pub path: Vec<u8>,
    /// Its content.
    pub id: ObjectId,
    /// The HEAD commit of the index's worktree.
    pub head: Option<ObjectId>,
}

/// Reads an index; a missing file is an empty index.
///
/// # Errors
/// If the file exists and can't be read.
pub fn open(path: &Path, hash: gix::hash::Kind) -> Result<gix::index::File, Error> {
    let failed = |why: String| Error::Index { path: path.to_owned(), why };
    if !path.try_exists().map_err(|error| failed(error.to_string()))? {
        return Ok(gix::index::File::from_state(gix::index::State::new(hash), path));
    }
    for file in files(path) {
        let bytes = std::fs::read(&file).map_err(|error| failed(error.to_string()))?;
        if let Some(why) = fault(&bytes, hash) {
            return Err(failed(format!("{why}, which no work tree does: {REPAIR}")));
        }
    }
    gix::index::File::at(path, hash, true, gix::index::decode::Options::default())
        .map_err(|error| failed(error.to_string()))
}

/// The files of an index: itself and the shared index of a split one.
fn files(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // If the shared index is not found here, `gix` does not find it either.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let shared = entries
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"sharedindex."))
        .map(|entry| entry.path());
    std::iter::once(path.to_owned()).chain(shared).collect()
}

/// The reason why an index is not safe to decode. `gix` recurses for each level of cached trees,
/// and a stack overflow ends the process; it also expands all paths, however often they repeat.
///
/// The extension of cached trees is found by its signature, as only `gix` knows where the entries
/// end. A path that contains the signature would have to nest as deep to be mistaken for it.
fn fault(bytes: &[u8], hash: gix::hash::Kind) -> Option<String> {
    let extension = |at: usize| {
        let size = bytes.get(at + 4..at + 8)?.try_into().ok().map(u32::from_be_bytes)?;
        bytes.get(at + 8..)?.get(..usize::try_from(size).ok()?)
    };
    let mut found = memchr::memmem::find_iter(bytes, b"TREE").filter_map(extension);
    if found.any(|trees| nests(trees, hash.len_in_bytes())) {
        return Some(format!("its cached trees nest more than {DEEPEST} deep"));
    }
    let too_long = index_paths::are_too_long(bytes, hash.len_in_bytes());
    too_long.then(|| "its paths take many times its own size".to_owned())
}

/// True if cached trees nest too deep. Each is `name NUL entries SPACE subtrees LF id`, without an
/// id if the number of entries is negative, and its subtrees follow it (gitformat-index(5), "Cache
/// tree").
fn nests(mut trees: &[u8], id: usize) -> bool {
    // Number of remaining subtrees of each tree on the path to the current one.
    let mut open: Vec<u64> = Vec::new();
    loop {
        let Some((subtrees, rest)) = cached_tree(trees, id) else { return false };
        trees = rest;
        open.push(subtrees);
        if open.len() > DEEPEST {
            return true;
        }
        while open.last() == Some(&0) {
            open.pop();
        }
        match open.last_mut() {
            Some(remaining) => *remaining -= 1,
            None => return false,
        }
    }
}

/// The number of subtrees of the first tree, and the bytes after it.
fn cached_tree(bytes: &[u8], id: usize) -> Option<(u64, &[u8])> {
    let after = |bytes: &'_ [u8], end: u8| memchr::memchr(end, bytes).map(|at| at + 1);
    let bytes = &bytes[after(bytes, 0)?..];
    let (entries, rest) = bytes.split_at(after(bytes, b' ')?);
    let (subtrees, rest) = rest.split_at(after(rest, b'\n')?);
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.trim_ascii().parse::<u64>().ok();
    let id = if entries.starts_with(b"-") { 0 } else { id };
    Some((number(subtrees)?, rest.get(id..)?))
}

/// True if an entry names content: it is not a submodule, a folder of a sparse index, or an
/// intent-to-add entry.
pub fn is_content(entry: &gix::index::Entry) -> bool {
    !matches!(entry.mode, Mode::COMMIT | Mode::DIR) && !entry.flags.contains(Flags::INTENT_TO_ADD)
}

/// The entries of the indexes of all worktrees. An index that can't be read is a problem.
pub fn all(repo: &gix::Repository, objects: &Objects, ledger: &dyn Record) -> Vec<Staged> {
    let mut folders: Vec<PathBuf> = vec![repo.common_dir().to_owned()];
    folders.extend(reflogs::worktrees(repo, ledger).into_iter().map(|(_, folder)| folder));
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
            let why = format!("it was changed after git wrote it; its content was used: {error}");
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
