//! Parses the fields of commits, trees and tags that a walk needs, from their raw bytes.
//!
//! A walk reads every tree and commit of a repository, so only what is kept is allocated. Malformed
//! input returns `None` and never panics.

use gix::ObjectId;
use gix::hash::{Kind, oid};

/// The fields of a commit that a walk needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its root tree.
    pub tree: ObjectId,
    /// Its parents, in order.
    pub parents: Vec<ObjectId>,
    /// The committer's date in seconds since 1970; 0 if it is malformed.
    pub time: i64,
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug)]
pub struct TreeEntry<'a> {
    /// Its name, one component of a path.
    pub name: &'a [u8],
    /// Its kind.
    pub kind: EntryKind,
    /// The object.
    pub id: &'a oid,
}

/// The kind of object that a tree entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A folder.
    Tree,
    /// A file, or a symbolic link whose target is the content.
    Blob,
    /// A commit of another repository.
    Submodule,
}

/// Reads a commit's headers.
pub fn commit(bytes: &[u8]) -> Option<Commit> {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let tree = ObjectId::from_hex(lines.next()?.strip_prefix(b"tree ")?).ok()?;
    let mut parents = Vec::new();
    let mut time = 0;
    for line in lines {
        if let Some(hex) = line.strip_prefix(b"parent ") {
            parents.push(ObjectId::from_hex(hex).ok()?);
        } else if let Some(person) = line.strip_prefix(b"committer ") {
            time = seconds(person).unwrap_or(0);
            break;
        } else if line.is_empty() {
            break;
        }
    }
    Some(Commit { tree, parents, time })
}

/// The object that a tag names.
pub fn tag_target(bytes: &[u8]) -> Option<ObjectId> {
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    ObjectId::from_hex(line.strip_prefix(b"object ")?).ok()
}

/// The entries of a tree. A malformed entry yields `None` and ends the iteration.
pub fn tree(bytes: &[u8], hash: Kind) -> impl Iterator<Item = Option<TreeEntry<'_>>> {
    let mut rest = Some(bytes).filter(|bytes| !bytes.is_empty());
    std::iter::from_fn(move || {
        let bytes = rest.take()?;
        let entry = entry(bytes, hash);
        if let Some((_, after)) = entry {
            rest = Some(after).filter(|bytes| !bytes.is_empty());
        }
        Some(entry.map(|(entry, _)| entry))
    })
}

/// The first entry of a tree's bytes, and the bytes after it.
pub fn entry(bytes: &[u8], hash: Kind) -> Option<(TreeEntry<'_>, &[u8])> {
    let space = bytes.iter().take(8).position(|&byte| byte == b' ')?;
    let mode = bytes[..space].iter().try_fold(0u32, |mode, &digit| {
        matches!(digit, b'0'..=b'7').then(|| mode << 3 | u32::from(digit - b'0'))
    })?;
    let named = &bytes[space + 1..];
    let end = memchr::memchr(0, named)?;
    let id = named.get(end + 1..end + 1 + hash.len_in_bytes())?;
    let kind = match mode & 0o170_000 {
        0o040_000 => EntryKind::Tree,
        0o160_000 => EntryKind::Submodule,
        _ => EntryKind::Blob,
    };
    let entry = TreeEntry { name: &named[..end], kind, id: oid::try_from_bytes(id).ok()? };
    Some((entry, &named[end + 1 + hash.len_in_bytes()..]))
}

fn seconds(person: &[u8]) -> Option<i64> {
    let mut words = person.rsplit(|&byte| byte == b' ');
    words.next()?;
    std::str::from_utf8(words.next()?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_merge() {
        let (a, b, c) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
        let text = format!(
            "tree {a}\nparent {b}\nparent {c}\nauthor A <a> 5 +0000\ncommitter A <a@b> 1700000000 -0730\n\nparent of all\n"
        );
        let read = commit(text.as_bytes()).expect("a commit");
        assert_eq!(read.parents.len(), 2);
        assert_eq!(read.time, 1_700_000_000);
    }

    #[test]
    fn a_cut_tree_ends_with_none() {
        let mut bytes = b"100644 a\0".to_vec();
        bytes.extend([1; 20]);
        bytes.extend(b"40000 dir\0short");
        let entries: Vec<_> = tree(&bytes, Kind::Sha1).collect();
        assert_eq!(entries.len(), 2);
        assert!(entries[0].is_some_and(|entry| entry.kind == EntryKind::Blob));
        assert!(entries[1].is_none());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = commit(&bytes);
            let _ = tag_target(&bytes);
            prop_assert!(tree(&bytes, Kind::Sha1).count() <= bytes.len() + 1);
        }
    }
}
