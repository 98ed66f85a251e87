//! An index of version 2 or 3 as bytes, with the position of each entry (gitformat-index(5)).

use gix::hash::oid;
use gix::index::entry::{Mode, Stage};

use super::IndexEntry;
use super::cached_trees::CachedTrees;

/// Bytes of the header: signature, version, number of entries.
const HEADER: usize = 12;
/// Position of the mode in an entry, after its times, device and inode.
const MODE: usize = 24;
/// Position of the object id, after the owner and the size.
const ID: usize = 40;
/// Set in the flags if two more bytes of flags follow.
const EXTENDED: u16 = 0x4000;
/// The part of the flags that is the length of the path, or all of these bits if it is longer.
const LENGTH: u16 = 0x0fff;
/// The entry is there, its content is not (`git add --intent-to-add`).
const INTENT_TO_ADD: u16 = 0x2000;
/// The file is not checked out.
const SKIP_WORKTREE: u16 = 0x4000;

/// An index whose entries are all well-formed.
#[derive(Debug)]
pub(super) struct RawIndex {
    bytes: Vec<u8>,
    /// The position of each entry.
    starts: Vec<u32>,
    /// The length of an object id.
    id: usize,
}

/// The decoded flags of an entry.
struct Head {
    flags: u16,
    extended: u16,
    /// The path in the bytes.
    path: std::ops::Range<usize>,
}

impl RawIndex {
    /// Reads an index of version 2 or 3 that is complete in itself; `None` for any other, which
    /// includes malformed ones.
    pub(super) fn parse(bytes: Vec<u8>, hash: gix::hash::Kind) -> Option<(Self, CachedTrees)> {
        let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        if !bytes.starts_with(b"DIRC") || !matches!(number(4)?, 2 | 3) {
            return None;
        }
        u32::try_from(bytes.len()).ok()?;
        let id = hash.len_in_bytes();
        // Its checksum ends the file.
        let end = bytes.len().checked_sub(id)?;
        let count = usize::try_from(number(8)?).ok()?;
        if count > end / (ID + id) {
            return None;
        }
        let mut starts = Vec::with_capacity(count);
        let mut at = HEADER;
        for _ in 0..count {
            let head = head(bytes.get(..end)?, at, id)?;
            starts.push(u32::try_from(at).ok()?);
            // One to eight zeros follow the path, up to a multiple of eight.
            at += (head.path.end - at + 8) & !7;
        }
        let trees = extensions(bytes.get(at..end)?, hash)?;
        Some((Self { bytes, starts, id }, trees))
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn entry(&self, number: usize) -> IndexEntry<'_> {
        let at = self.starts[number] as usize;
        let head = head(&self.bytes, at, self.id).expect("`parse` has read it");
        let mode: [u8; 4] = self.bytes[at + MODE..at + MODE + 4].try_into().expect("four bytes");
        let stage = match head.flags >> 12 & 3 {
            0 => Stage::Unconflicted,
            1 => Stage::Base,
            2 => Stage::Ours,
            _ => Stage::Theirs,
        };
        IndexEntry {
            path: &self.bytes[head.path],
            id: oid::from_bytes_unchecked(&self.bytes[at + ID..at + ID + self.id]),
            mode: Mode::from_bits_truncate(u32::from_be_bytes(mode)),
            stage,
            is_intent_to_add: head.extended & INTENT_TO_ADD != 0,
        }
    }
}

/// Reads the flags of the entry at `at`, and finds its path.
fn head(bytes: &[u8], at: usize, id: usize) -> Option<Head> {
    let number = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes);
    let flags = number(at + ID + id)?;
    let mut start = at + ID + id + 2;
    let mut extended = 0;
    if flags & EXTENDED != 0 {
        extended = number(start)?;
        start += 2;
        if extended & !(INTENT_TO_ADD | SKIP_WORKTREE) != 0 {
            return None;
        }
    }
    let length = match flags & LENGTH {
        LENGTH => memchr::memchr(0, bytes.get(start..)?)?,
        length => usize::from(length),
    };
    let path = start..start + length;
    (*bytes.get(path.end)? == 0).then_some(Head { flags, extended, path })
}

/// Reads the extensions; `None` if one of them changes what the entries mean, or is malformed.
fn extensions(mut bytes: &[u8], hash: gix::hash::Kind) -> Option<CachedTrees> {
    let mut trees = CachedTrees::default();
    while !bytes.is_empty() {
        let (signature, rest) = bytes.split_first_chunk::<4>()?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
        let (content, rest) = rest.split_at_checked(size)?;
        bytes = rest;
        match signature {
            b"TREE" => trees = CachedTrees::parse(content, hash)?,
            // The marker of a sparse index: folders may be entries.
            b"sdir" if content.is_empty() => {}
            // Readers must understand an extension whose first letter is a small one.
            [b'a'..=b'z', ..] => return None,
            _ => {}
        }
    }
    Some(trees)
}
