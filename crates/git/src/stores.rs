//! The stores of a database: packs and loose objects of several object folders.
//!
//! It finds objects that are stored more than once, and reads single objects by id if their usual
//! copy is damaged or their base is in another store.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::bufread::ZlibDecoder;
use gix::objs::Kind;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::delta::Delta;
use super::inflate::{Inflater, is_plausible};
use super::listing;
use super::loose::Loose;
use super::pack::{EntryType, Header, Pack, header};
use super::preflight;
use keysweep_base::memory::{Claim, MemoryBudget};
use keysweep_base::record::Record;

/// A delta chain longer than this is a circle; git creates chains of at most 4,095.
const LONGEST: usize = 1 << 16;

/// Packs and loose objects.
pub struct Stores {
    /// The hash function of the object ids.
    pub hash: gix::hash::Kind,
    /// Sorted by folder and name.
    pub packs: Vec<Pack>,
    /// One for each folder.
    pub loose: Vec<Loose>,
    /// Limit of the memory held at once.
    pub memory: MemoryBudget,
}

/// Files of a `pack` folder that contain objects.
#[derive(Debug, Default)]
pub struct PackFiles {
    /// Packs with their indices.
    pub indexed: Vec<(PathBuf, PathBuf)>,
    /// Packs without an index: `git fsck` does not see them, but they contain objects.
    pub bare: Vec<PathBuf>,
    /// Temporary packs of an interrupted transfer.
    pub unfinished: Vec<PathBuf>,
}

impl PackFiles {
    /// Lists the packs of a folder, each kind sorted by name.
    pub fn list(folder: &Path, ledger: &dyn Record) -> Self {
        let mut files = Self::default();
        let entries = listing::entries(folder, ledger).into_iter();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| match preflight::check_object_file(path) {
            Ok(()) => true,
            Err(error) => {
                ledger.problem("pack", path.as_os_str().as_encoded_bytes(), &error.advice());
                false
            }
        });
        paths.sort_unstable();
        for path in &paths {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            if name.starts_with(b"tmp_pack_") {
                files.unfinished.push(path.clone());
            } else if name.ends_with(b".pack") {
                let index = path.with_extension("idx");
                match paths.binary_search(&index) {
                    Ok(_) => files.indexed.push((path.clone(), index)),
                    Err(_) => files.bare.push(path.clone()),
                }
            } else if name.ends_with(b".idx")
                && paths.binary_search(&path.with_extension("pack")).is_err()
            {
                let why = "its pack is not here: fetch the repository again";
                ledger.problem("pack", path.as_os_str().as_encoded_bytes(), &why);
            }
        }
        files
    }
}

impl Stores {
    /// Reads an object by id from any store but `except`; `None` if there is no readable copy, or
    /// none that fits the memory budget.
    pub fn read(
        &self,
        id: &gix::oid,
        except: Option<&Pack>,
        inflater: &mut Inflater,
    ) -> Option<(Kind, Vec<u8>)> {
        let others = self.packs.iter().filter(|pack| !except.is_some_and(|it| is(it, pack)));
        let packed = others.filter_map(|pack| Some((pack, pack.find(id)?)));
        for (pack, number) in packed {
            if let Some(object) = self.unpack(pack, pack.offset(number), inflater) {
                return Some(object);
            }
        }
        let mut claim = self.memory.claim();
        self.loose.iter().find_map(|loose| loose.read(id, &mut claim))
    }

    /// True if a store lists the object; it may be damaged.
    pub fn holds(&self, id: &gix::oid) -> bool {
        self.packs.iter().any(|pack| pack.find(id).is_some())
            || self.loose.iter().any(|loose| loose.holds(id))
    }

    /// Passes an object and its size to the callback; `None` if it is stored as a delta or not at
    /// all.
    pub fn stream<T>(
        &self,
        id: &gix::oid,
        show: impl FnOnce(u64, &mut dyn Read) -> T,
    ) -> Option<T> {
        for loose in self.loose.iter().filter(|loose| loose.holds(id)) {
            if let Ok(mut stream) = loose.open(id) {
                return Some(show(stream.size, &mut stream.bytes));
            }
        }
        for pack in &self.packs {
            let Some(number) = pack.find(id) else { continue };
            let (head, input) = self.entry(pack, pack.offset(number))?;
            if let EntryType::Object(_) = head.form {
                return Some(show(head.size, &mut ZlibDecoder::new(input)));
            }
        }
        None
    }

    /// Reads the object at an offset of a pack, through its chain of delta bases.
    fn unpack(&self, pack: &Pack, offset: u64, inflater: &mut Inflater) -> Option<(Kind, Vec<u8>)> {
        let mut chain = Vec::new();
        let mut claim = self.memory.claim();
        let (mut pack, mut offset) = (pack, offset);
        let (kind, mut bytes) = loop {
            let (head, input) = self.entry(pack, offset)?;
            match head.form {
                EntryType::Object(kind) => {
                    break (kind, inflate(head, input, inflater, &mut claim, 0)?);
                }
                _ if chain.len() == LONGEST => return None,
                EntryType::OfsDelta(distance) => {
                    chain.push((head, input));
                    offset = offset.checked_sub(distance)?;
                }
                EntryType::RefDelta(id) => {
                    chain.push((head, input));
                    if let Some(number) = pack.find(&id) {
                        offset = pack.offset(number);
                        continue;
                    }
                    let others = self.packs.iter();
                    match others.filter_map(|other| Some((other, other.find(&id)?))).next() {
                        Some((other, number)) => (pack, offset) = (other, other.offset(number)),
                        None => break self.loose.iter().find_map(|it| it.read(&id, &mut claim))?,
                    }
                }
            }
        };
        let (mut out, mut copied) = (Vec::new(), Vec::new());
        for (head, input) in chain.into_iter().rev() {
            let held = bytes.len() as u64;
            let delta = inflate(head, input, inflater, &mut claim, held)?;
            let held = held + delta.len() as u64;
            let delta = Delta::parse(&delta)?;
            if !claim.set(held.saturating_add(delta.result)) {
                return None;
            }
            if !delta.apply(&bytes, &mut out, &mut copied) {
                return None;
            }
            std::mem::swap(&mut bytes, &mut out);
        }
        Some((kind, bytes))
    }

    fn entry<'a>(&self, pack: &'a Pack, offset: u64) -> Option<(Header, &'a [u8])> {
        let bytes = pack.bytes().get(usize::try_from(offset).ok()?..)?;
        let head = header(bytes, self.hash)?;
        Some((head, bytes.get(head.len..)?))
    }

    /// For each pack, then for each folder of loose objects: true for each object, by number, that
    /// an earlier store holds as well. A list is empty if there are none.
    pub fn duplicates(&self) -> Vec<Vec<bool>> {
        let found: Vec<(usize, usize)> =
            (0..=u8::MAX).into_par_iter().flat_map_iter(|first| self.repeated(first)).collect();
        let lens = self.packs.iter().map(|pack| pack.len() as usize);
        let lens: Vec<usize> = lens.chain(self.loose.iter().map(|it| it.ids.len())).collect();
        let mut marked = vec![Vec::new(); lens.len()];
        for (store, number) in found {
            let marked = &mut marked[store];
            if marked.is_empty() {
                marked.resize(lens[store], false);
            }
            marked[number] = true;
        }
        marked
    }

    /// Repeated objects whose id begins with the byte `first`, as store and number.
    fn repeated(&self, first: u8) -> Vec<(usize, usize)> {
        let mut all: Vec<(&gix::oid, usize, usize)> = Vec::new();
        for (store, pack) in self.packs.iter().enumerate() {
            let from = lower(pack.len(), |number| pack.id(number).first_byte() < first);
            let listed = (from..pack.len()).map(|number| (pack.id(number), store, number as usize));
            all.extend(listed.take_while(|(id, ..)| id.first_byte() == first));
        }
        for (at, loose) in self.loose.iter().enumerate() {
            let from = loose.ids.partition_point(|id| id.first_byte() < first);
            let listed = loose.ids.iter().enumerate().skip(from);
            let listed = listed.take_while(|(_, id)| id.first_byte() == first);
            all.extend(listed.map(|(number, id)| (id.as_ref(), self.packs.len() + at, number)));
        }
        // Ids within one store are already sorted.
        if self.packs.len() + self.loose.len() > 1 {
            all.sort_unstable();
        }
        let pairs = all.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        pairs.map(|pair| (pair[1].1, pair[1].2)).collect()
    }
}

fn is(one: &Pack, other: &Pack) -> bool {
    std::ptr::eq(one, other)
}

/// The least number for which `is_less` no longer holds.
fn lower(len: u32, is_less: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_less(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Inflates an entry's own bytes, while `held` other bytes are in memory.
fn inflate(
    head: Header,
    input: &[u8],
    inflater: &mut Inflater,
    claim: &mut Claim,
    held: u64,
) -> Option<Vec<u8>> {
    if !is_plausible(head.size, input.len()) || !claim.set(held.saturating_add(head.size)) {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(head.size).ok()?];
    inflater.exact(input, &mut bytes).then_some(bytes)
}
