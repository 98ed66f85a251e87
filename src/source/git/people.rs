//! Authors and committers as reports show them.
//!
//! Takes raw commits and the `.mailmap` of HEAD's tree, gives names, addresses and dates. The work
//! tree's `.mailmap` and configured ones are not read: they are not part of the history.

use gix::ObjectId;
use gix::objs::{CommitRef, Kind};

use super::objects::Objects;
use super::parse::{self, EntryKind};
use crate::finding::Person;

/// Names and addresses by the project's own map.
#[derive(Default)]
pub(super) struct People {
    map: gix::mailmap::Snapshot,
}

impl People {
    /// The map in the tree of `head`.
    pub(super) fn of(objects: &Objects, head: Option<ObjectId>) -> Self {
        Self::read(objects, head).unwrap_or_default()
    }

    fn read(objects: &Objects, head: Option<ObjectId>) -> Option<Self> {
        let mut buffer = Vec::new();
        let tree = commit_tree(objects, &head?, &mut buffer)?;
        let id = blob_at(objects, &tree, b".mailmap", &mut buffer)?;
        (objects.find(&id, &mut buffer).ok()?? == Kind::Blob)
            .then(|| Self { map: gix::mailmap::Snapshot::from_bytes(&buffer) })
    }

    /// Author and committer of a raw commit.
    pub(super) fn of_commit(
        &self,
        commit: &[u8],
        hash: gix::hash::Kind,
    ) -> (Option<Person>, Option<Person>) {
        match CommitRef::from_bytes(commit, hash) {
            Ok(commit) => (
                commit.author().ok().map(|author| self.person(author)),
                commit.committer().ok().map(|committer| self.person(committer)),
            ),
            Err(_) => (None, None),
        }
    }

    fn person(&self, signature: gix::actor::SignatureRef<'_>) -> Person {
        let date = signature
            .time()
            .map(|time| time.format_or_unix(gix::date::time::format::ISO8601_STRICT))
            .unwrap_or_default();
        let resolved = self.map.resolve_cow(signature);
        Person { name: resolved.name.to_string(), email: resolved.email.to_string(), date }
    }
}

/// The root tree of a commit.
pub(super) fn commit_tree(
    objects: &Objects,
    commit: &gix::oid,
    buffer: &mut Vec<u8>,
) -> Option<ObjectId> {
    match objects.find(commit, buffer) {
        Ok(Some(Kind::Commit)) => parse::commit(buffer).map(|commit| commit.tree),
        _ => None,
    }
}

/// The blob at `path` below `tree`.
pub(super) fn blob_at(
    objects: &Objects,
    tree: &gix::oid,
    path: &[u8],
    buffer: &mut Vec<u8>,
) -> Option<ObjectId> {
    let mut tree = tree.to_owned();
    let mut parts = path.split(|&byte| byte == b'/').peekable();
    while let Some(part) = parts.next() {
        if objects.find(&tree, buffer).ok()?? != Kind::Tree {
            return None;
        }
        let entry = parse::tree(buffer, objects.hash())
            .map_while(|entry| entry)
            .find(|entry| entry.name == part)?;
        let wanted = if parts.peek().is_some() { EntryKind::Tree } else { EntryKind::Blob };
        if entry.kind != wanted {
            return None;
        }
        tree = entry.id.to_owned();
    }
    Some(tree)
}
