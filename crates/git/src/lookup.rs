//! What stands at a path of a commit.

use gix::ObjectId;
use gix::objs::Kind;

use super::objects::Objects;
use super::parse::{self, EntryKind};

/// The root tree of a commit.
pub fn commit_tree(objects: &Objects, commit: &gix::oid, buffer: &mut Vec<u8>) -> Option<ObjectId> {
    match objects.find(commit, buffer) {
        Ok(Some(Kind::Commit)) => parse::commit(buffer).map(|commit| commit.tree),
        _ => None,
    }
}

/// The blob at `path` below `tree`.
pub fn blob_at(
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
