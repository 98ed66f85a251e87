//! The pass over all objects of a repository, each read once and whole.

use std::collections::BTreeSet;

use gix::ObjectId;
use gix::objs::Kind;

use super::error::Error;
use super::objects::{Objects, on_threads};
use super::open::Environment;
use crate::coverage::{Count, Ledger};
use crate::finding::Candidate;
use crate::scan::Detector;

/// How to read the database.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that read and scan, at least 1.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: 1 }
    }
}

/// An object with credentials.
#[derive(Debug)]
pub struct Found {
    /// The object.
    pub id: ObjectId,
    /// Blob, commit or tag.
    pub kind: Kind,
    /// What it holds.
    pub candidates: Vec<Candidate>,
}

/// Scans every blob, commit and annotated tag that the repository holds, reachable or not.
///
/// # Errors
/// If the object folder can't be read.
pub fn scan<D: Detector>(
    repo: &gix::Repository,
    options: &Options,
    detector: &D,
    ledger: &Ledger,
    found: &(dyn Fn(Found) + Sync),
) -> Result<(), Error> {
    let objects = Objects::new(repo, &Environment::default())?;
    let ids = ids(repo, &objects)?;
    on_threads(&objects, options.threads, &ids, |objects, buffer, &id| {
        let kind = match objects.find(&id, buffer) {
            Ok(Some(kind)) => kind,
            Ok(None) => return,
            Err(error) => {
                return ledger.problem("object", id.to_string().as_bytes(), &error);
            }
        };
        ledger.add(Count::Objects, 1);
        if kind == Kind::Commit {
            ledger.add(Count::Commits, 1);
        }
        if kind == Kind::Tree {
            return;
        }
        ledger.add(Count::Bytes, buffer.len() as u64);
        let detected = detector.whole(buffer);
        ledger.add(Count::Examples, detected.examples);
        if !detected.candidates.is_empty() {
            found(Found { id, kind, candidates: detected.candidates });
        }
    });
    Ok(())
}

/// The commits or trees of the database that `known` does not hold, in order.
pub(super) fn others(
    repo: &gix::Repository,
    objects: &Objects,
    threads: usize,
    kind: Kind,
    known: &(dyn Fn(&ObjectId) -> bool + Sync),
) -> Result<Vec<ObjectId>, Error> {
    let mut ids = ids(repo, objects)?;
    ids.retain(|id| !known(id));
    let kinds = on_threads(objects, threads, &ids, |objects, _, id| objects.kind(id));
    Ok(ids.into_iter().zip(kinds).filter(|(_, of)| *of == Some(kind)).map(|(id, _)| id).collect())
}

fn ids(repo: &gix::Repository, objects: &Objects) -> Result<Vec<ObjectId>, Error> {
    let failed = |why: String| Error::Open { path: repo.git_dir().to_owned(), why };
    let all = objects.own().iter().map_err(|error| failed(error.to_string()))?;
    let ids: BTreeSet<ObjectId> = all.filter_map(Result::ok).collect();
    Ok(ids.into_iter().collect())
}
