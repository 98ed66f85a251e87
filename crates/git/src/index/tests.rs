//! A raw index gives what `gix` decodes.

use std::path::Path;

use gix::ObjectId;
use gix::hash::Kind;
use proptest::prelude::*;

use super::*;

/// The fields of an entry of a test: path, mode, stage, flags of version 3.
type Made = (String, u32, u16, u16);

/// Writes an index of version 2, or 3 if an entry has flags of that version.
fn index(entries: &[Made], extensions: &[u8]) -> Vec<u8> {
    let version: u32 = if entries.iter().any(|entry| entry.3 != 0) { 3 } else { 2 };
    let count = u32::try_from(entries.len()).expect("few");
    let mut bytes = [&b"DIRC"[..], &version.to_be_bytes(), &count.to_be_bytes()].concat();
    for (number, (path, mode, stage, flags)) in (1_u8..).zip(entries) {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 24]);
        bytes.extend_from_slice(&mode.to_be_bytes());
        bytes.extend_from_slice(&[0; 12]);
        bytes.extend_from_slice(&[number; 20]);
        let length = u16::try_from(path.len()).expect("short").min(0xfff);
        let extended = if *flags == 0 { 0 } else { 0x4000 };
        bytes.extend_from_slice(&(stage << 12 | length | extended).to_be_bytes());
        if *flags != 0 {
            bytes.extend_from_slice(&flags.to_be_bytes());
        }
        bytes.extend_from_slice(path.as_bytes());
        let size = (bytes.len() - start + 8) & !7;
        bytes.resize(start + size, 0);
    }
    bytes.extend_from_slice(extensions);
    bytes.extend_from_slice(&[0; 20]);
    bytes
}

fn extension(signature: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).expect("short");
    [&signature[..], &size.to_be_bytes(), content].concat()
}

/// The trees of `a` with `b`, whose id is not known, and `c`.
fn trees() -> Vec<u8> {
    let id = |byte: u8| [byte; 20];
    let parts = [
        &b"\0"[..],
        b"5 2\n",
        &id(1),
        b"a\0",
        b"3 1\n",
        &id(2),
        b"b\0",
        b"-1 0\n",
        b"c\0",
        b"1 0\n",
        &id(4),
    ];
    extension(b"TREE", &parts.concat())
}

/// The trees of a root with these subfolders.
fn cached(names: &[&str]) -> Vec<u8> {
    let mut content = format!("\x009 {}\n", names.len()).into_bytes();
    content.extend([1; 20]);
    for name in names {
        content.extend_from_slice(name.as_bytes());
        content.extend_from_slice(b"\x001 0\n");
        content.extend([2; 20]);
    }
    extension(b"TREE", &content)
}

/// The index as `gix` decodes it, in the same form; `None` for an error.
fn decoded(path: &Path) -> Option<Index> {
    let file = staging::open(path, Kind::Sha1).ok()?;
    let trees = file.tree().map(CachedTrees::of).unwrap_or_default();
    Some(Index { entries: Entries::Decoded(Box::new(file)), trees })
}

/// Reads the bytes both ways and compares; says if they were read without `gix`.
fn compared(bytes: Vec<u8>) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("index");
    std::fs::write(&path, &bytes).expect("a file");
    let Some((entries, trees)) = RawIndex::parse(bytes, Kind::Sha1) else { return false };
    let raw = Index { entries: Entries::Raw(entries), trees };
    let decoded = decoded(&path).expect("`gix` accepts it");
    assert!(raw.entries().eq(decoded.entries()));
    assert_eq!(by_path(raw.trees()), by_path(decoded.trees()));
    true
}

/// The cached trees in the order of their paths: git and `gix` put siblings in different orders.
fn by_path(trees: &CachedTrees) -> Vec<(Vec<u8>, Option<u32>, ObjectId)> {
    let mut listed = Vec::new();
    let mut open: Vec<_> = trees.root().map(|root| (Vec::new(), root)).into_iter().collect();
    while let Some((path, number)) = open.pop() {
        let tree = trees.get(number);
        let path = [path, tree.name.clone(), b"/".to_vec()].concat();
        open.extend(trees.children(number).map(|child| (path.clone(), child)));
        listed.push((path, tree.entries, tree.id));
    }
    listed.sort();
    listed
}

fn some() -> Vec<Made> {
    let entry = |path: &str, mode, stage, flags| (path.to_owned(), mode, stage, flags);
    vec![
        entry("a", 0o100_644, 0, 0),
        entry("b/c", 0o100_755, 1, 0),
        entry("b/c", 0o120_000, 2, 0),
        entry("b/link", 0o120_000, 3, 0x2000),
        entry("d", 0o160_000, 0, 0x4000),
        entry("e/", 0o40_000, 0, 0x4000),
        entry(&"long".repeat(900), 0o100_644, 0, 0),
    ]
}

#[test]
fn what_git_writes_is_read_without_decoding() {
    let sparse = extension(b"sdir", b"");
    let known = [extension(b"REUC", b""), extension(b"UNTR", b"?")].concat();
    // git sorts siblings by length, then by bytes.
    let by_length = cached(&["b", "aa"]);
    for extensions in [Vec::new(), trees(), sparse, known, by_length] {
        assert!(compared(index(&some(), &extensions)), "{extensions:?}");
    }
    assert!(compared(index(&[], &[])));
}

#[test]
fn what_changes_the_meaning_is_decoded() {
    let of = |extensions: &[u8]| compared(index(&some(), extensions));
    assert!(!of(&extension(b"link", &[0; 20])), "a split index");
    assert!(!of(&extension(b"sdir", b"?")));
    assert!(!of(&extension(b"what", b"")), "no reader knows it");
    assert!(!of(b"TREE\0\0\0\x09short"));
    assert!(!of(&extension(b"TREE", b"malformed")));
    assert!(!of(&cached(&["aa", "b"])), "siblings in another order");
    assert!(!of(&cached(&["b", "b"])), "siblings of one name");
    let deep: Vec<u8> = b"x\x000 1\n".iter().copied().chain([0; 20]).collect();
    assert!(!of(&extension(b"TREE", &deep.repeat(2000))), "trees that nest deep");
    let mut other = index(&some(), &[]);
    other[7] = 4;
    assert!(!compared(other), "version 4");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("index");
    assert!(Index::read(&path, Kind::Sha1).is_ok_and(|index| index.is_empty()), "no file");
    std::fs::write(&path, b"DIRC\0\0\0\x02\0\0\0\x09").expect("a file");
    assert!(Index::read(&path, Kind::Sha1).is_err(), "truncated");
}

proptest! {
    /// Whatever byte is another one and wherever the file ends, nothing is read that `gix` would
    /// read otherwise.
    #[test]
    fn a_damaged_index_is_read_as_gix_reads_it(
        at in 0_usize..1000,
        byte in any::<u8>(),
        cut in proptest::option::weighted(0.3, 0_usize..1000),
    ) {
        let entries: Vec<Made> = some().into_iter().take(6).collect();
        let mut bytes = index(&entries, &trees());
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Some(cut) = cut {
            bytes.truncate(cut % length);
        }
        compared(bytes);
    }
}
