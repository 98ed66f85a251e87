//! Packs without an index: entries are found by reading the pack from the start, ids by hashing.
//!
//! The result is a [`Pack`] like any other. Git itself does not see such a pack. An interrupted
//! transfer, a deleted index, or a multi-pack-index that replaces the index can leave one.

use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::pack::data;

use super::forest::Layout;
use super::inflate::Inflater;
use super::pack::{Pack, header};
use super::stores::Stores;
use super::visitor::{Damage, Object, Seen, Visitor};
use super::walk::Walk;
use keysweep_base::copied::Copied;
use keysweep_base::memory::Claim;
use keysweep_base::stop::Stop;

/// Length of a pack's header in bytes: `PACK`, version, count.
const HEADER: usize = 12;

/// Limit of ref-delta chains that are followed; git creates no longer ones.
const ROUNDS: usize = 4095;

/// A pack that has been read for its ids.
pub struct Listed {
    /// The pack.
    pub pack: Pack,
    /// Number of objects in the header's count that could not be found.
    pub lost: u64,
}

/// Reads a pack's entries up to the first truncated or damaged one, and hashes them.
///
/// # Errors
/// If the file can't be mapped or is not a pack.
pub fn read(path: &Path, stores: &Stores, stop: &Stop, threads: usize) -> gix::Result<Listed> {
    let data = data::File::at(path, stores.hash)?;
    let promised = u64::from(data.num_objects());
    let unnamed = ObjectId::null(stores.hash);
    let mut pack = Pack::listed(data, Vec::new());
    let offsets = offsets(&pack, stores.hash);
    let lost = promised.saturating_sub(offsets.len() as u64);
    pack.list(offsets.into_iter().map(|offset| (unnamed, offset)).collect());
    // A ref-delta may name a base in this pack, whose id the previous round computed.
    let mut waiting = usize::MAX;
    for round in 0.. {
        let (ids, unknown) = hash(&pack, stores, stop, threads);
        let mut listed: Vec<(ObjectId, u64)> =
            ids.into_iter().zip(0..).map(|(id, number)| (id, pack.offset(number))).collect();
        listed.sort_unstable();
        pack.list(listed);
        if unknown == 0 || unknown >= waiting || round == ROUNDS || stop.is_set() {
            break;
        }
        waiting = unknown;
    }
    Ok(Listed { pack, lost })
}

/// The offsets of the entries.
fn offsets(pack: &Pack, hash: gix::hash::Kind) -> Vec<u64> {
    let mut inflater = Inflater::new();
    let mut scratch = vec![0; 1 << 16];
    let mut offsets = Vec::new();
    let mut at = HEADER;
    let end = pack.bytes().len().saturating_sub(hash.len_in_bytes());
    while at < end {
        let Some(rest) = pack.bytes().get(at..) else { break };
        let Some(head) = header(rest, hash) else { break };
        let measured = inflater.measure(rest.get(head.len..).unwrap_or_default(), &mut scratch);
        match measured {
            Some((len, size)) if size == head.size => {
                offsets.push(at as u64);
                at += head.len + len;
            }
            _ => break,
        }
    }
    offsets
}

/// The ids of all entries by number, and the number of entries that still wait for their base.
fn hash(pack: &Pack, stores: &Stores, stop: &Stop, threads: usize) -> (Vec<ObjectId>, usize) {
    // Entries with a known id are read only as bases.
    let known: Vec<ObjectId> = (0..pack.len()).map(|number| pack.id(number).to_owned()).collect();
    let skipped = known.iter().map(|id| !id.is_null()).collect();
    let ids = Mutex::new(known);
    let waiting = Mutex::new(0);
    let layout = Layout::read(pack, stores.hash);
    for trees in [false, true] {
        let hasher = Hasher { hash: stores.hash, trees, ids: &ids, waiting: &waiting };
        let keep = |kind| (kind == Kind::Tree) == trees;
        let forest = layout.forest(pack, &skipped, &keep);
        let memory = &stores.memory;
        Walk { pack, forest: &forest, stores, visitor: &hasher, memory, stop, threads }.run();
    }
    let waiting = *waiting.lock().unwrap_or_else(PoisonError::into_inner);
    (ids.into_inner().unwrap_or_else(PoisonError::into_inner), waiting)
}

/// Computes the id of each object that is shown.
struct Hasher<'a> {
    hash: gix::hash::Kind,
    trees: bool,
    ids: &'a Mutex<Vec<ObjectId>>,
    waiting: &'a Mutex<usize>,
}

impl Visitor for Hasher<'_> {
    type BaseState = ();

    fn wants(&self, kind: Kind) -> bool {
        (kind == Kind::Tree) == self.trees
    }

    fn object(&self, seen: &Seen<'_>, _: Option<(&(), &[Copied])>, bytes: &[u8]) {
        // A partial object has no id; the next round may find its base.
        if !seen.is_damaged
            && let Ok(id) = gix::objs::compute_hash(self.hash, seen.kind, bytes)
        {
            self.name(&seen.object, id);
        }
    }

    fn stream(&self, seen: &Seen<'_>, mut bytes: &mut dyn Read, _: &mut Claim) -> bool {
        let id = gix::objs::compute_stream_hash(
            self.hash,
            seen.kind,
            &mut bytes,
            seen.object.size,
            &mut gix::progress::Discard,
            &std::sync::atomic::AtomicBool::new(false),
        );
        if let Ok(id) = id {
            self.name(&seen.object, id);
        }
        true
    }

    fn damaged(&self, _: &Object<'_>, damage: &Damage) {
        if *damage == Damage::NoBase {
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }
}

impl Hasher<'_> {
    fn name(&self, object: &Object<'_>, id: ObjectId) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let place = object.number().and_then(|number| ids.get_mut(number as usize));
        if let Some(place) = place {
            *place = id;
        }
    }
}
