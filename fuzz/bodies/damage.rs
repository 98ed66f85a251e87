//! Damaged git databases: a pack with its index, or a loose object, in which some bytes are
//! changed.
//!
//! The intact form is made from the input, so what it holds is known. No damage makes a scan panic
//! or lose what is intact, and none goes unreported: if the ledger has no problem, exactly the
//! credentials of the intact form are found.

use std::collections::BTreeSet;

use gix::ObjectId;
use gix::objs::Kind;
use keysweep::finding::Fingerprint;

use super::feed::Feed;
use super::pieces::{expand, pair};
use super::repository::{Repository, Scanned, found_in, id_of, planted, sha1, zlib};

/// Objects of a pack at most.
const MOST: usize = 24;

/// One object of a pack: whole, and as the pack stores it.
struct Entry {
    id: ObjectId,
    kind: Kind,
    bytes: Vec<u8>,
    /// Its header and its compressed bytes.
    stored: Vec<u8>,
}

/// The contents of a pack.
#[derive(Default)]
struct Contents {
    entries: Vec<Entry>,
    /// An entry's bytes are the input's own, so nobody knows what they mean.
    is_wild: bool,
}

/// The offset of a change and its new byte.
type Change = (usize, u8);

const CHANGES: u8 = 3;
const NO_INDEX: u8 = 1 << 2;
const OLD_INDEX: u8 = 1 << 3;
const RESEAL: u8 = 1 << 4;
const CUT: u8 = 1 << 5;
const IN_INDEX: u8 = 1 << 6;
const UNFINISHED: u8 = 1 << 7;

/// A pack of objects and deltas.
pub fn pack(data: &[u8]) {
    let mut feed = Feed::new(data);
    let flags = feed.byte();
    let changes: Vec<Change> = (0..flags & CHANGES).map(|_| (feed.word(), feed.byte())).collect();
    let cut = if flags & CUT == 0 { None } else { Some(feed.word()) };
    let contents = Contents::read(&mut feed);
    let mut pack = contents.pack();
    let mut index = contents.index(flags & OLD_INDEX != 0, &pack);
    let intact = (pack.clone(), index.clone());
    let changed = if flags & IN_INDEX == 0 { &mut pack } else { &mut index };
    damage(changed, &changes, cut, flags & RESEAL != 0);
    let is_damaged = intact != (pack.clone(), index.clone());
    if flags & (RESEAL | IN_INDEX) == RESEAL {
        // Whoever made the damage made the index of it, too.
        let checksums = contents.checksums(&pack);
        let offsets = contents.offsets();
        index = index_of(&contents, flags & OLD_INDEX != 0, &offsets, &checksums, &pack);
    }
    let repository = Repository::new();
    let is_unfinished = flags & UNFINISHED != 0;
    let name = if is_unfinished { "objects/pack/tmp_pack_a" } else { "objects/pack/pack-a.pack" };
    repository.write(name, &pack);
    if flags & NO_INDEX == 0 && !is_unfinished {
        repository.write("objects/pack/pack-a.idx", &index);
    }
    let is_known = !contents.is_wild && flags & RESEAL == 0 && !is_unfinished;
    let is_plain = contents.entries.iter().all(|entry| entry.kind == Kind::Blob);
    judge(&repository, &contents.found(), is_damaged || !is_plain, is_known);
}

/// An index of a small pack, or an index of many packs.
pub fn index(data: &[u8]) {
    let mut feed = Feed::new(data);
    let flags = feed.byte();
    let mut contents = Contents::default();
    for number in 10..13 {
        contents.add_whole(Kind::Blob, pair(number).into_bytes());
    }
    let pack = contents.pack();
    let is_of_many = flags & NO_INDEX != 0;
    let usual = contents.index(flags & OLD_INDEX != 0, &pack);
    let intact = if is_of_many { contents.multi_index() } else { usual.clone() };
    let mut index = intact.clone();
    let cut = if flags & CUT == 0 { None } else { Some(feed.word()) };
    let mut changes = Vec::new();
    while !feed.is_empty() && changes.len() < 64 {
        changes.push((feed.word(), feed.byte()));
    }
    damage(&mut index, &changes, cut, flags & RESEAL != 0);
    let repository = Repository::new();
    repository.write("objects/pack/pack-a.pack", &pack);
    let name = if is_of_many { "multi-pack-index" } else { "pack-a.idx" };
    repository.write(&format!("objects/pack/{name}"), &index);
    if is_of_many && flags & IN_INDEX != 0 {
        repository.write("objects/pack/pack-a.idx", &usual);
    }
    judge(&repository, &contents.found(), index != intact, true);
}

/// A loose object, or what stands in its place.
pub fn loose(data: &[u8]) {
    let mut feed = Feed::new(data);
    let flags = feed.byte();
    let changes: Vec<Change> = (0..flags & CHANGES).map(|_| (feed.word(), feed.byte())).collect();
    let cut = if flags & CUT == 0 { None } else { Some(feed.word()) };
    let is_wild = flags & NO_INDEX != 0;
    let kind = kind_of(flags >> 3);
    let (bytes, file);
    if is_wild {
        bytes = expand(feed.rest());
        file = if flags & RESEAL == 0 { bytes.clone() } else { zlib(&bytes) };
    } else {
        bytes = expand(feed.rest());
        file = zlib(&[format!("{kind} {}\0", bytes.len()).as_bytes(), &bytes].concat());
    }
    let mut damaged = file.clone();
    damage(&mut damaged, &changes, cut, false);
    let repository = Repository::new();
    repository.write_loose(id_of(kind, &bytes), &damaged);
    let is_damaged = damaged != file || kind != Kind::Blob;
    judge(&repository, &found_in(kind, &bytes), is_damaged, !is_wild);
}

/// Changes bytes, cuts all after a position, and corrects the checksum at the end.
fn damage(bytes: &mut Vec<u8>, changes: &[Change], cut: Option<usize>, reseal: bool) {
    for &(at, value) in changes {
        let at = at % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
    }
    if let Some(cut) = cut {
        bytes.truncate(cut % (bytes.len() + 1));
    }
    if reseal && bytes.len() > 20 {
        let end = bytes.len() - 20;
        let sum = sha1(&bytes[..end]);
        bytes[end..].copy_from_slice(sum.as_slice());
    }
}

/// Scans, and compares the findings with the keys that are there.
fn judge(
    repository: &Repository,
    expected: &BTreeSet<Fingerprint>,
    is_damaged: bool,
    is_known: bool,
) {
    let reported = repository.scan().unwrap_or_else(|error| panic!("refused: {error}"));
    reported.holds_planted();
    if !is_known {
        return;
    }
    let Scanned { found, coverage } = reported;
    let problems = &coverage.problems;
    // A container among the blobs may be damaged by itself.
    let of_git: Vec<_> = problems.iter().filter(|one| one.what != "container").collect();
    if !is_damaged {
        assert!(of_git.is_empty(), "a false alarm: {of_git:?}");
    }
    if problems.is_empty() {
        let planted = found_in(Kind::Blob, planted().as_bytes());
        let all: BTreeSet<_> = expected.union(&planted).cloned().collect();
        assert_eq!(found, all, "damaged and not reported: {coverage:?}");
    }
}

fn kind_of(number: u8) -> Kind {
    [Kind::Blob, Kind::Blob, Kind::Commit, Kind::Tag, Kind::Tree][usize::from(number) % 5]
}

impl Contents {
    /// Reads objects, each after a byte that says how it is stored.
    fn read(feed: &mut Feed<'_>) -> Self {
        let mut contents = Self::default();
        while !feed.is_empty() && contents.entries.len() < MOST {
            let form = feed.byte();
            match form % 8 {
                0..=2 => contents.add_whole(kind_of(form >> 3), expand(feed.run())),
                3..=5 => contents.add_delta(form, feed),
                6 => contents.add_wild_delta(form, feed),
                _ => contents.add_wild(form, feed),
            }
        }
        contents
    }

    fn add(&mut self, kind: Kind, bytes: Vec<u8>, stored: Vec<u8>) {
        let id = id_of(kind, &bytes);
        if self.entries.iter().all(|entry| entry.id != id) {
            self.entries.push(Entry { id, kind, bytes, stored });
        }
    }

    fn add_whole(&mut self, kind: Kind, bytes: Vec<u8>) {
        let number = match kind {
            Kind::Commit => 1,
            Kind::Tree => 2,
            Kind::Blob => 3,
            Kind::Tag => 4,
        };
        let mut stored = header(number, bytes.len());
        stored.extend(zlib(&bytes));
        self.add(kind, bytes, stored);
    }

    /// A delta of an earlier object, by its distance or by its name.
    fn add_delta(&mut self, form: u8, feed: &mut Feed<'_>) {
        let chosen = usize::from(feed.byte());
        let mut steps = Feed::new(feed.run());
        let Some(base) = self.entries.get(chosen % self.entries.len().max(1)) else { return };
        let (mut made, mut delta) = (Vec::new(), Vec::new());
        while !steps.is_empty() && made.len() < 1 << 15 {
            let tag = steps.byte();
            if tag & 1 == 1 {
                let own = expand(steps.take(usize::from(tag >> 1)));
                for part in own.chunks(127) {
                    delta.push(u8::try_from(part.len()).expect("127 at most"));
                    delta.extend_from_slice(part);
                }
                made.extend(own);
                continue;
            }
            let from = steps.word().min(base.bytes.len());
            let len = steps.word().min(base.bytes.len() - from).min(0xffff);
            if len > 0 {
                made.extend_from_slice(&base.bytes[from..from + len]);
                delta.push(0b1011_0011);
                let (from, len) = (from.to_le_bytes(), len.to_le_bytes());
                delta.extend_from_slice(&[from[0], from[1], len[0], len[1]]);
            }
        }
        let delta = [number(base.bytes.len()), number(made.len()), delta].concat();
        let kind = base.kind;
        let stored = self.stored_delta(form, chosen, &delta);
        self.add(kind, made, stored);
    }

    /// A delta whose instructions are the input's own.
    fn add_wild_delta(&mut self, form: u8, feed: &mut Feed<'_>) {
        let chosen = usize::from(feed.byte());
        let delta = expand(feed.run());
        if self.entries.is_empty() {
            return;
        }
        self.is_wild = true;
        let stored = self.stored_delta(form, chosen, &delta);
        self.add(Kind::Blob, delta, stored);
    }

    /// An entry whose header is the input's own.
    fn add_wild(&mut self, form: u8, feed: &mut Feed<'_>) {
        self.is_wild = true;
        let header = feed.take(usize::from(form >> 3)).to_vec();
        let bytes = expand(feed.run());
        let stored = [header, zlib(&bytes)].concat();
        self.add(Kind::Blob, bytes, stored);
    }

    fn stored_delta(&self, form: u8, chosen: usize, delta: &[u8]) -> Vec<u8> {
        let chosen = chosen % self.entries.len();
        let is_named = form & 8 != 0;
        let mut stored = header(if is_named { 7 } else { 6 }, delta.len());
        if is_named {
            stored.extend_from_slice(self.entries[chosen].id.as_slice());
        } else {
            let back: usize = self.entries[chosen..].iter().map(|entry| entry.stored.len()).sum();
            stored.extend(distance(back));
        }
        stored.extend(zlib(delta));
        stored
    }

    fn pack(&self) -> Vec<u8> {
        let mut pack = b"PACK\0\0\0\x02".to_vec();
        pack.extend_from_slice(&four(self.entries.len()));
        self.entries.iter().for_each(|entry| pack.extend_from_slice(&entry.stored));
        let sum = sha1(&pack);
        pack.extend_from_slice(sum.as_slice());
        pack
    }

    fn offsets(&self) -> Vec<usize> {
        let begin = |at: &mut usize, entry: &Entry| {
            let begun = *at;
            *at += entry.stored.len();
            Some(begun)
        };
        self.entries.iter().scan(12, begin).collect()
    }

    /// The checksums of the entries as a pack has them.
    fn checksums(&self, pack: &[u8]) -> Vec<u32> {
        let stored = self.offsets().into_iter().zip(&self.entries).map(|(at, entry)| {
            pack.get(at..).unwrap_or_default().iter().take(entry.stored.len()).copied()
        });
        let sum = |bytes: Vec<u8>| {
            let mut sum = flate2::Crc::new();
            sum.update(&bytes);
            sum.sum()
        };
        stored.map(|bytes| sum(bytes.collect())).collect()
    }

    fn index(&self, is_old: bool, pack: &[u8]) -> Vec<u8> {
        index_of(self, is_old, &self.offsets(), &self.checksums(pack), pack)
    }

    /// Entries in order of their names.
    fn sorted(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|&number| self.entries[number].id);
        order
    }

    fn fanout(&self) -> Vec<u8> {
        let count = |first: u8| self.entries.iter().filter(|e| e.id.as_slice()[0] <= first).count();
        (0..=u8::MAX).flat_map(|first| four(count(first))).collect()
    }

    /// `multi-pack-index` of this pack alone (git's `gitformat-pack`).
    fn multi_index(&self) -> Vec<u8> {
        let (order, offsets) = (self.sorted(), self.offsets());
        let names = b"pack-a.idx\0\0".to_vec();
        let ids: Vec<u8> =
            order.iter().flat_map(|&n| self.entries[n].id.as_slice().to_vec()).collect();
        let places: Vec<u8> =
            order.iter().flat_map(|&n| [four(0), four(offsets[n])].concat()).collect();
        let chunks =
            [(b"PNAM", names), (b"OIDF", self.fanout()), (b"OIDL", ids), (b"OOFF", places)];
        let mut file = b"MIDX\x01\x01\x04\0\0\0\0\x01".to_vec();
        let mut at = file.len() + 12 * (chunks.len() + 1);
        for (name, chunk) in &chunks {
            file.extend_from_slice(*name);
            file.extend_from_slice(&[[0; 4], four(at)].concat());
            at += chunk.len();
        }
        file.extend_from_slice(&[[0; 4], [0; 4], four(at)].concat());
        chunks.iter().for_each(|(_, chunk)| file.extend_from_slice(chunk));
        let sum = sha1(&file);
        file.extend_from_slice(sum.as_slice());
        file
    }

    fn found(&self) -> BTreeSet<Fingerprint> {
        self.entries.iter().flat_map(|entry| found_in(entry.kind, &entry.bytes)).collect()
    }
}

/// An index of version 1 or 2.
fn index_of(
    contents: &Contents,
    is_old: bool,
    offsets: &[usize],
    checksums: &[u32],
    pack: &[u8],
) -> Vec<u8> {
    let order = contents.sorted();
    let id = |number: usize| contents.entries[number].id.as_slice();
    let mut index = Vec::new();
    if is_old {
        index.extend(contents.fanout());
        for &number in &order {
            index.extend_from_slice(&four(offsets[number]));
            index.extend_from_slice(id(number));
        }
    } else {
        index.extend_from_slice(b"\xfftOc\0\0\0\x02");
        index.extend(contents.fanout());
        order.iter().for_each(|&number| index.extend_from_slice(id(number)));
        order.iter().for_each(|&number| index.extend(checksums[number].to_be_bytes()));
        order.iter().for_each(|&number| index.extend(four(offsets[number])));
    }
    index.extend_from_slice(&pack[pack.len().saturating_sub(20)..]);
    let sum = sha1(&index);
    index.extend_from_slice(sum.as_slice());
    index
}

fn four(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("a small number").to_be_bytes()
}

/// The header of an entry: its type and size.
fn header(kind: u8, size: usize) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | (size & 15) as u8];
    let mut size = size >> 4;
    while size > 0 {
        *bytes.last_mut().expect("it has one") |= 0x80;
        bytes.push((size & 0x7f) as u8);
        size >>= 7;
    }
    bytes
}

/// A size in 7-bit groups, least first.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// An offset in git's own encoding, whose groups count from 1.
fn distance(mut value: usize) -> Vec<u8> {
    let mut bytes = vec![(value & 0x7f) as u8];
    while value >= 0x80 {
        value = (value >> 7) - 1;
        bytes.push((value & 0x7f) as u8 | 0x80);
    }
    bytes.reverse();
    bytes
}
