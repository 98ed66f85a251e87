//! Checks that every object which the names in a repository lead to is present.
//!
//! It starts from given objects, follows commits and trees down to blobs, and records missing or
//! damaged objects in the ledger. Blobs are looked up, not read.

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

/// Checks everything that `starts` lead to, up to the `shallow` boundary.
pub fn check(
    objects: &Objects,
    threads: usize,
    starts: impl IntoIterator<Item = Named>,
    shallow: &[ObjectId],
    stop: &Stop,
    ledger: &dyn Record,
) {
    let mut seen: HashSet<ObjectId> = HashSet::default();
    let mut next: Vec<Named> = starts.into_iter().filter(|(id, _)| seen.insert(*id)).collect();
    let mut missing = Vec::new();
    while !next.is_empty() && !stop.is_set() {
        let looked = on_threads(objects, threads, &next, |objects, buffer, named| {
            if stop.is_set() { Ok(Vec::new()) } else { look(objects, buffer, *named, shallow) }
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
    report(missing, ledger);
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
