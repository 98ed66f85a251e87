//! Packs and bundles of git in ordinary files: every blob, commit and tag in them.
//!
//! Objects are named by their offset in the pack. Deltas are applied in memory.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;
use gix::ObjectId;
use gix::objs::Kind;

use super::input::{Input, Random};
use super::{Fault, Members};
use keysweep_git::delta::Delta;
use keysweep_git::pack::{EntryType, Header, header};

/// Bytes of delta bases that are cached.
const KEPT: usize = 96 << 20;
/// Limit of delta chains; git creates chains of 50 by default, and of 4095 at most.
const LONGEST: usize = 4096;

#[derive(Clone, Copy)]
struct PackEntry {
    /// Offsets of its header and of its compressed bytes.
    at: u64,
    start: u64,
    size: u64,
    form: EntryType,
}

/// Reads a bundle: a list of refs, then a pack.
pub(super) fn read_bundle(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut head = vec![0; usize::try_from(bytes.len().min(16 << 20)).expect("16 MiB")];
    bytes.read(0, &mut head)?;
    let end = memchr::memmem::find(&head, b"\n\n")
        .ok_or_else(|| Fault::broken("it does not contain a pack"))?;
    let is_sha256 = memchr::memmem::find(&head[..end], b"@object-format=sha256").is_some();
    let refs = head[..end].splitn(2, |&byte| byte == b'\n').nth(1).unwrap_or_default();
    members.member(b"refs", &mut &*refs)?;
    let hash = if is_sha256 { gix::hash::Kind::Sha256 } else { gix::hash::Kind::Sha1 };
    pack(&bytes, end as u64 + 2, hash, members)
}

/// Reads a pack.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    pack(&bytes, 0, gix::hash::Kind::Sha1, members)
}

fn pack(
    bytes: &Random<'_>,
    start: u64,
    hash: gix::hash::Kind,
    members: &mut dyn Members,
) -> Result<(), Fault> {
    let mut header = [0; 12];
    bytes.read(start, &mut header)?;
    if !header.starts_with(b"PACK\0\0\0") {
        return Err(Fault::broken("its header is damaged"));
    }
    let count = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
    let mut entries: Vec<PackEntry> = Vec::new();
    let mut at = start + 12;
    let mut broken = None;
    for _ in 0..count {
        let read =
            entry(bytes, at, hash).ok_or_else(|| Fault::broken("an entry's header is damaged"));
        let end = read.and_then(|entry| {
            entries.push(entry);
            whole(bytes, &entry, members)
        });
        match end {
            Ok(end) => at = end,
            // The objects read so far may still be resolved.
            Err(Fault::Broken(why)) => {
                broken = Some(why);
                break;
            }
            Err(halt) => return Err(halt),
        }
    }
    let mut objects = Objects { bytes, hash, entries, kept: HashMap::new(), size: 0, named: None };
    objects.changes(members)?;
    broken.map_or(Ok(()), |why| Err(Fault::Broken(why)))
}

/// Inflates an entry, and scans it if it is a whole object; returns the offset of the next entry.
fn whole(bytes: &Random<'_>, entry: &PackEntry, members: &mut dyn Members) -> Result<u64, Fault> {
    let mut stream = inflate(bytes, entry);
    match entry.form {
        EntryType::Object(Kind::Blob | Kind::Commit | Kind::Tag) => {
            members.member(&name(entry), &mut (&mut stream).take(entry.size))?;
        }
        _ => members.empty()?,
    }
    // Entries that are not scanned are inflated all the same, so they count.
    let mut buffer = vec![0; 16 << 10];
    loop {
        let passed = stream.read(&mut buffer);
        match passed.map_err(|_| Fault::broken("the bytes of an object are damaged"))? {
            0 => return Ok(entry.start + stream.total_in()),
            count => members.count_unpacked(count as u64)?,
        }
    }
}

fn inflate<'b>(bytes: &'b Random<'_>, entry: &PackEntry) -> ZlibDecoder<BufReader<impl Read + 'b>> {
    ZlibDecoder::new(BufReader::with_capacity(8 << 10, bytes.range(entry.start, u64::MAX)))
}

fn name(entry: &PackEntry) -> Vec<u8> {
    format!("object at {}", entry.at).into_bytes()
}

/// Reads the header of an entry (git's `gitformat-pack`).
fn entry(bytes: &Random<'_>, at: u64, hash: gix::hash::Kind) -> Option<PackEntry> {
    let mut start = [0; 64];
    let length = super::fill(&mut bytes.range(at, 64), &mut start).ok()?;
    let Header { form, size, len } = header(&start[..length], hash)?;
    Some(PackEntry { at, start: at + len as u64, size, form })
}

/// Resolves deltas.
struct Objects<'b> {
    bytes: &'b Random<'b>,
    hash: gix::hash::Kind,
    /// In order of offsets.
    entries: Vec<PackEntry>,
    kept: HashMap<usize, (Kind, Arc<Vec<u8>>)>,
    /// Bytes of cached objects.
    size: usize,
    /// Index by object id, built only if a ref-delta is found.
    named: Option<HashMap<ObjectId, usize>>,
}

impl Objects<'_> {
    /// Scans all objects that are stored as deltas.
    fn changes(&mut self, members: &mut dyn Members) -> Result<(), Fault> {
        let is_whole = |entry: &PackEntry| matches!(entry.form, EntryType::Object(_));
        let all = 0..self.entries.len();
        let mut remaining: Vec<usize> = all.filter(|&at| !is_whole(&self.entries[at])).collect();
        if remaining.iter().any(|&at| matches!(self.entries[at].form, EntryType::RefDelta(_))) {
            self.name_whole_ones(members);
        }
        // The base of a ref-delta may come after the delta.
        loop {
            let before = remaining.len();
            let mut later = Vec::new();
            for number in remaining {
                let Some((kind, bytes)) = self.object(number, members) else {
                    later.push(number);
                    continue;
                };
                self.note_name(number, kind, &bytes);
                if kind != Kind::Tree {
                    members.member(&name(&self.entries[number]), &mut bytes.as_slice())?;
                }
            }
            remaining = later;
            if remaining.is_empty() || remaining.len() == before {
                break;
            }
        }
        for number in remaining {
            let why = "its delta base is damaged, too large or missing";
            members.unread(&name(&self.entries[number]), &why)?;
        }
        Ok(())
    }

    /// Resolves an object through its delta chain.
    fn object(&mut self, number: usize, members: &mut dyn Members) -> Option<(Kind, Arc<Vec<u8>>)> {
        let mut chain = Vec::new();
        let mut at = number;
        let (kind, mut bytes) = loop {
            if let Some(kept) = self.kept.get(&at) {
                break kept.clone();
            }
            let entry = self.entries[at];
            at = match entry.form {
                EntryType::Object(kind) => {
                    break (kind, Arc::new(self.inflated(&entry, 0, members)?));
                }
                EntryType::OfsDelta(back) => {
                    let place = entry.at.checked_sub(back)?;
                    self.entries.binary_search_by_key(&place, |one| one.at).ok()?
                }
                EntryType::RefDelta(id) => *self.named.as_ref()?.get(&id)?,
            };
            chain.push(entry);
            if chain.len() > LONGEST {
                return None;
            }
        };
        if kind == Kind::Tree && self.named.is_none() {
            return Some((kind, bytes));
        }
        for entry in chain.iter().rev() {
            let packed = self.inflated(entry, bytes.len() as u64, members)?;
            let delta = Delta::parse(&packed)?;
            let held = (self.size + bytes.len() + packed.len()) as u64;
            members.hold(held.saturating_add(delta.result)).ok()?;
            let mut made = Vec::new();
            if !delta.apply(&bytes, &mut made, &mut Vec::new()) {
                return None;
            }
            bytes = Arc::new(made);
        }
        self.keep(number, kind, &bytes);
        Some((kind, bytes))
    }

    fn keep(&mut self, number: usize, kind: Kind, bytes: &Arc<Vec<u8>>) {
        if self.size + bytes.len() > KEPT {
            self.kept.clear();
            self.size = 0;
        }
        if bytes.len() <= KEPT / 4 {
            self.size += bytes.len();
            self.kept.insert(number, (kind, Arc::clone(bytes)));
        }
    }

    /// Inflates an entry's own bytes, while `held` other bytes are in memory; `None` if they do not
    /// fit.
    fn inflated(&self, entry: &PackEntry, held: u64, members: &mut dyn Members) -> Option<Vec<u8>> {
        members.hold((self.size as u64 + held).saturating_add(entry.size)).ok()?;
        let mut bytes = Vec::new();
        inflate(self.bytes, entry).take(entry.size).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == entry.size).then_some(bytes)
    }

    /// Computes the ids of all objects that are not deltas.
    fn name_whole_ones(&mut self, members: &mut dyn Members) {
        self.named = Some(HashMap::new());
        for number in 0..self.entries.len() {
            if let EntryType::Object(kind) = self.entries[number].form
                && let Some(bytes) = self.inflated(&self.entries[number], 0, members)
            {
                self.note_name(number, kind, &bytes);
            }
        }
    }

    fn note_name(&mut self, number: usize, kind: Kind, bytes: &[u8]) {
        let Some(named) = &mut self.named else { return };
        if let Ok(id) = gix::objs::compute_hash(self.hash, kind, bytes) {
            named.insert(id, number);
        }
    }
}
