//! Commits and trees that no walk from a tip met: what only the database itself still names.

use std::collections::BTreeSet;

use gix::ObjectId;
use gix::objs::Kind;

use super::error::Error;
use super::objects::{Objects, on_threads};

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
    let all = objects.own().map(|own| own.iter().map_err(|error| failed(error.to_string())));
    let all = all.transpose()?;
    let ids: BTreeSet<ObjectId> = all.into_iter().flatten().filter_map(Result::ok).collect();
    Ok(ids.into_iter().collect())
}
