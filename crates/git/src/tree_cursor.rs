//! Finds the entries of a tree by names that come in git's own order, without a copy of the tree.

use std::cmp::Ordering;

use gix::hash::{Kind, oid};

use super::parse::{self, EntryKind, TreeEntry};

/// A position in the bytes of a tree.
///
/// Git sorts the names of a tree, and the paths of an index the same way, so one pass over both finds
/// what they share. If either is out of order, which git never writes, an entry may not be found: its
/// file then counts as new, and nothing is left out.
pub struct TreeCursor<'a> {
    rest: &'a [u8],
    hash: Kind,
    current: Option<TreeEntry<'a>>,
    is_malformed: bool,
}

impl<'a> TreeCursor<'a> {
    /// The start of a tree; a tree without bytes has no entries.
    pub fn new(bytes: &'a [u8], hash: Kind) -> Self {
        let mut cursor = Self { rest: bytes, hash, current: None, is_malformed: false };
        cursor.advance();
        cursor
    }

    /// The object of the entry with that name and kind.
    pub fn find(&mut self, name: &[u8], kind: EntryKind) -> Option<&'a oid> {
        let wanted = (name, kind);
        while let Some(entry) = self.current {
            match order((entry.name, entry.kind), wanted) {
                Ordering::Less => self.advance(),
                Ordering::Equal => return (entry.kind == kind).then_some(entry.id),
                Ordering::Greater => break,
            }
        }
        None
    }

    /// Reads what remains of the tree; true if an entry of it is malformed. The entries before that
    /// one count.
    pub fn is_malformed(mut self) -> bool {
        while self.current.is_some() {
            self.advance();
        }
        self.is_malformed
    }

    fn advance(&mut self) {
        let entry = parse::entry(self.rest, self.hash);
        self.is_malformed = entry.is_none() && !self.rest.is_empty();
        self.rest = entry.map_or(&[], |(_, rest)| rest);
        self.current = entry.map(|(entry, _)| entry);
    }
}

/// Compares names as git does (`base_name_compare`): that of a folder ends with a slash.
fn order((a, of_a): (&[u8], EntryKind), (b, of_b): (&[u8], EntryKind)) -> Ordering {
    let common = a.len().min(b.len());
    let end = |name: &[u8], kind| match name.get(common) {
        Some(&byte) => byte,
        None if kind == EntryKind::Tree => b'/',
        None => 0,
    };
    a[..common]
        .cmp(&b[..common])
        .then_with(|| end(a, of_a).cmp(&end(b, of_b)))
        // A name with a slash, which git never writes, would equal a folder without it.
        .then_with(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn tree(entries: &[(String, EntryKind)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, (name, kind)) in (1_u8..).zip(entries) {
            let mode = match kind {
                EntryKind::Tree => "40000",
                EntryKind::Blob => "100644",
                EntryKind::Submodule => "160000",
            };
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend_from_slice(&[number; 20]);
        }
        bytes
    }

    fn kind() -> impl Strategy<Value = EntryKind> {
        prop_oneof![Just(EntryKind::Tree), Just(EntryKind::Blob), Just(EntryKind::Submodule)]
    }

    fn names() -> impl Strategy<Value = Vec<(String, EntryKind)>> {
        // Names that share prefixes, with bytes on both sides of the slash.
        prop::collection::vec(("[ab]{1,2}[-.0]?[ab]{0,2}", kind()), 0..12)
    }

    proptest! {
        /// In git's order, the answers are those of a map. In another order, an answer may be missing.
        #[test]
        fn finds_what_a_map_finds(
            mut entries in names(),
            mut asked in names(),
            sorts in (any::<bool>(), any::<bool>()),
        ) {
            let by_git = |a: &(String, EntryKind), b: &(String, EntryKind)| {
                order((a.0.as_bytes(), a.1), (b.0.as_bytes(), b.1))
            };
            asked.extend(entries.iter().step_by(2).cloned());
            if sorts.0 {
                entries.sort_by(by_git);
                entries.dedup_by(|a, b| by_git(a, b).is_eq());
            } else {
                let mut seen = std::collections::HashSet::new();
                entries.retain(|entry| seen.insert(entry.clone()));
            }
            if sorts.1 {
                asked.sort_by(by_git);
            }
            let bytes = tree(&entries);
            let known: HashMap<_, _> = entries.iter().cloned().zip(1_u8..).collect();
            let mut cursor = TreeCursor::new(&bytes, Kind::Sha1);
            for one in &asked {
                let found = cursor.find(one.0.as_bytes(), one.1).map(|id| id.as_bytes()[0]);
                prop_assert!(found == known.get(one).copied() || found.is_none() && sorts != (true, true));
            }
            prop_assert!(!cursor.is_malformed());
        }
    }

    #[test]
    fn a_malformed_entry_is_seen_wherever_it_is() {
        let names = ["a", "b", "c"].map(|name| (name.to_owned(), EntryKind::Blob));
        let whole = tree(&names);
        for cut in 1..whole.len() {
            let is_whole = cut % (whole.len() / names.len()) == 0;
            for asked in [&b""[..], b"b", b"z"] {
                let mut cursor = TreeCursor::new(&whole[..cut], Kind::Sha1);
                cursor.find(asked, EntryKind::Blob);
                assert_eq!(cursor.is_malformed(), !is_whole, "{cut} {asked:?}");
            }
        }
    }
}
