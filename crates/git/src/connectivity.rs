//! Checks that every object which the names in a repository lead to is present.
//!
//! It starts from given objects, follows commits and trees down to blobs, and records missing or
//! damaged objects in the ledger. Blobs are looked up, not read.

use std::sync::atomic::{AtomicUsize, Ordering};

use gix::ObjectId;
use gix::hashtable::HashSet;
use gix::objs::Kind;

use super::objects::{Objects, on_threads};
use super::parse::{self, EntryKind};
use super::tips::Tips;
use super::trees::is_empty_tree;
use keysweep_base::record::Record;
use keysweep_base::stop::Stop;

/// Number of objects that are listed; the remaining ones are counted.
const LISTED: usize = 100;

/// An object and the kind that the object naming it expects.
type Named = (ObjectId, Kind);

/// The objects that one object names, or the reason why it can't be read.
type Looked = Result<Vec<Named>, String>;

/// All objects that refs, HEADs, reflogs and stashes name.
pub fn starts(tips: &Tips) -> impl Iterator<Item = Named> {
    let refs = tips.refs.iter().map(|tip| (tip.object, tip.kind));
    let commits = tips.head.iter().chain(&tips.reflogs).chain(&tips.stashes);
    refs.chain(commits.map(|id| (*id, Kind::Commit)))
}

/// Checks everything that `starts` lead to, up to the `shallow` boundary. Returns true if all of it
/// can be read.
pub fn check(
    objects: &Objects,
    threads: usize,
    starts: impl IntoIterator<Item = Named>,
    shallow: &[ObjectId],
    stop: &Stop,
    ledger: &dyn Record,
) -> bool {
    let missing = missing(objects, threads, starts, shallow, stop, usize::MAX);
    let is_whole = missing.is_empty() && !stop.is_set();
    report(missing, ledger);
    is_whole
}

/// True if everything that `starts` lead to can be read. The search ends at the first object that is
/// missing, and nothing is recorded.
pub fn is_whole(
    objects: &Objects,
    threads: usize,
    starts: impl IntoIterator<Item = Named>,
    shallow: &[ObjectId],
    stop: &Stop,
) -> bool {
    missing(objects, threads, starts, shallow, stop, 1).is_empty() && !stop.is_set()
}

/// The missing and damaged objects; the search ends when there are `most` of them.
fn missing(
    objects: &Objects,
    threads: usize,
    starts: impl IntoIterator<Item = Named>,
    shallow: &[ObjectId],
    stop: &Stop,
    most: usize,
) -> Vec<(Named, String)> {
    let mut seen: HashSet<ObjectId> = HashSet::default();
    let mut next: Vec<Named> = starts.into_iter().filter(|(id, _)| seen.insert(*id)).collect();
    let mut missing = Vec::new();
    let count = AtomicUsize::new(0);
    let is_over = || stop.is_set() || count.load(Ordering::Relaxed) >= most;
    while !next.is_empty() && !is_over() {
        let looked = on_threads(objects, threads, &next, |objects, buffer, named| {
            if is_over() {
                return Ok(Vec::new());
            }
            let looked = look(objects, buffer, *named, shallow);
            if looked.is_err() {
                count.fetch_add(1, Ordering::Relaxed);
            }
            looked
        });
        let mut found = Vec::new();
        for (named, looked) in next.into_iter().zip(looked) {
            match looked {
                Ok(children) => found.extend(children.into_iter().filter(|it| seen.insert(it.0))),
                Err(why) => missing.push((named, why)),
            }
        }
        next = found;
    }
    missing
}

fn look(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    (id, kind): Named,
    shallow: &[ObjectId],
) -> Looked {
    let hash = objects.hash();
    if is_empty_tree(&id, hash) || (kind == Kind::Blob && objects.has(&id)) {
        return Ok(Vec::new());
    }
    if let Some(why) = objects.why_unreadable(&id, kind, "the history", buffer) {
        return Err(why);
    }
    let mut found = Vec::new();
    match kind {
        Kind::Commit => {
            let commit = parse::commit(buffer).ok_or("damaged: its headers are malformed")?;
            found.push((commit.tree, Kind::Tree));
            if !shallow.contains(&id) {
                found.extend(commit.parents.into_iter().map(|parent| (parent, Kind::Commit)));
            }
        }
        Kind::Tree => {
            for entry in parse::tree(buffer, hash) {
                let entry = entry.ok_or("damaged: an entry is malformed")?;
                match entry.kind {
                    EntryKind::Tree => found.push((entry.id.to_owned(), Kind::Tree)),
                    EntryKind::Blob => found.push((entry.id.to_owned(), Kind::Blob)),
                    EntryKind::Submodule => {}
                }
            }
        }
        // Tags were resolved when the names were read.
        Kind::Blob | Kind::Tag => {}
    }
    Ok(found)
}

fn report(mut missing: Vec<(Named, String)>, ledger: &dyn Record) {
    missing.sort_unstable();
    for ((id, kind), why) in missing.iter().take(LISTED) {
        ledger.problem(&kind.to_string(), id.to_hex().to_string().as_bytes(), why);
    }
    if missing.len() > LISTED {
        let why = format!("{} more are missing or damaged", missing.len() - LISTED);
        ledger.problem("objects", b"", &why);
    }
}
