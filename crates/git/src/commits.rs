//! Collects the headers of commits while another pass reads them, so that they are read once.
//!
//! Most repositories have no credentials. So nothing is kept until something was found, and a commit
//! takes few bytes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::hash::oid;

use super::parse::{self, Commit};

/// Bytes that are allocated at a time.
const CHUNK: usize = 1 << 20;

/// Receives commits from any thread.
pub struct Commits {
    hash: gix::hash::Kind,
    /// For each commit: its id, its root tree, its date, the number of its parents, and their ids.
    chunks: Mutex<Vec<Vec<u8>>>,
    is_wanted: AtomicBool,
    is_incomplete: AtomicBool,
}

impl Commits {
    /// Creates an empty collection.
    pub fn new(hash: gix::hash::Kind) -> Self {
        Self {
            hash,
            chunks: Mutex::default(),
            is_wanted: AtomicBool::new(false),
            is_incomplete: AtomicBool::new(false),
        }
    }

    /// Keeps the commits that are added from now on.
    pub fn want(&self) {
        self.is_wanted.store(true, Ordering::Relaxed);
    }

    /// Records that a commit can't be added, so all must be read once more.
    pub fn give_up(&self) {
        self.is_incomplete.store(true, Ordering::Relaxed);
    }

    /// False after [`Self::give_up`].
    pub fn is_complete(&self) -> bool {
        !self.is_incomplete.load(Ordering::Relaxed)
    }

    /// Adds a commit with its content; a malformed one is left out. Before [`Self::want`] this is
    /// the same as [`Self::give_up`].
    pub fn add(&self, id: &oid, bytes: &[u8]) {
        if !self.is_wanted.load(Ordering::Relaxed) {
            return self.give_up();
        }
        let Some(commit) = parse::commit(bytes) else { return };
        let ids = [commit.tree].into_iter().chain(commit.parents.iter().copied());
        let Ok(parents) = u32::try_from(commit.parents.len()) else { return };
        if id.kind() != self.hash || ids.clone().any(|id| id.kind() != self.hash) {
            // Only a damaged commit names ids of another hash function.
            return;
        }
        let len = self.hash.len_in_bytes();
        let size = (commit.parents.len() + 2) * len + 12;
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        if chunks.last().is_none_or(|last| last.capacity() - last.len() < size) {
            chunks.push(Vec::with_capacity(size.max(CHUNK)));
        }
        let Some(chunk) = chunks.last_mut() else { return };
        chunk.extend_from_slice(id.as_bytes());
        chunk.extend_from_slice(&commit.time.to_le_bytes());
        chunk.extend_from_slice(&parents.to_le_bytes());
        ids.for_each(|id| chunk.extend_from_slice(id.as_bytes()));
    }

    /// The commits, sorted by id, each once.
    pub fn finish(self) -> Vec<(ObjectId, Commit)> {
        let len = self.hash.len_in_bytes();
        let mut commits = Vec::new();
        for chunk in self.chunks.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let mut rest = chunk.as_slice();
            while let Some((commit, after)) = next(rest, len) {
                commits.push(commit);
                rest = after;
            }
        }
        commits.sort_unstable_by_key(|commit| commit.0);
        commits.dedup_by_key(|commit| commit.0);
        commits
    }
}

/// The first commit of a chunk, and the bytes after it.
fn next(bytes: &[u8], len: usize) -> Option<((ObjectId, Commit), &[u8])> {
    let (id, rest) = bytes.split_at_checked(len)?;
    let (time, rest) = rest.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let (tree, rest) = rest.split_at_checked(len)?;
    let parents = u32::from_le_bytes(*count) as usize;
    let (parents, rest) = rest.split_at_checked(parents.checked_mul(len)?)?;
    let commit = Commit {
        tree: ObjectId::try_from(tree).ok()?,
        parents: parents.chunks(len).map(ObjectId::try_from).collect::<Result<_, _>>().ok()?,
        time: i64::from_le_bytes(*time),
    };
    Some(((ObjectId::try_from(id).ok()?, commit), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_come_back_sorted_and_each_once() {
        let id = |byte: u8| ObjectId::from([byte; 20]);
        let text = |tree: u8, parents: &[u8]| {
            let parents: String =
                parents.iter().map(|&parent| format!("parent {}\n", id(parent))).collect();
            format!(
                "tree {}\n{parents}author A <a> 1 +0000\ncommitter A <a> -7 +0000\n\n",
                id(tree)
            )
        };
        let commits = Commits::new(gix::hash::Kind::Sha1);
        commits.want();
        commits.add(&id(9), text(1, &[]).as_bytes());
        commits.add(&id(3), text(2, &[9, 8, 7]).as_bytes());
        commits.add(&id(9), text(1, &[]).as_bytes());
        commits.add(&id(4), b"tree of another kind\n");
        let wide = format!("tree {}\n\n", "1".repeat(64));
        commits.add(&id(5), wide.as_bytes());
        assert!(commits.is_complete());
        let all = commits.finish();
        assert_eq!(all.iter().map(|one| one.0).collect::<Vec<_>>(), [id(3), id(9)]);
        assert_eq!(all[0].1, Commit { tree: id(2), parents: vec![id(9), id(8), id(7)], time: -7 });
        assert_eq!(all[1].1, Commit { tree: id(1), parents: vec![], time: -7 });
    }

    #[test]
    fn what_comes_before_it_is_wanted_is_known_to_be_missing() {
        let commits = Commits::new(gix::hash::Kind::Sha1);
        let text = format!("tree {}\n\n", ObjectId::from([1; 20]));
        commits.add(&ObjectId::from([1; 20]), text.as_bytes());
        commits.want();
        commits.add(&ObjectId::from([2; 20]), text.as_bytes());
        assert!(!commits.is_complete());
        assert_eq!(commits.finish().len(), 1);
    }

    #[test]
    fn more_commits_than_a_chunk_holds_come_back() {
        let commits = Commits::new(gix::hash::Kind::Sha1);
        commits.want();
        let text = format!("tree {0}\nparent {0}\n\n", ObjectId::from([1; 20]));
        for number in 0..40_000u32 {
            let mut id = [0; 20];
            id[..4].copy_from_slice(&number.to_be_bytes());
            commits.add(&ObjectId::from(id), text.as_bytes());
        }
        assert_eq!(commits.finish().len(), 40_000);
    }
}
