//! Scans many blobs, each once, for commands that compare the contents of texts.

use std::io::{self, Read};

use gix::ObjectId;
use gix::hash::Hasher;
use gix::hashtable::HashMap;
use gix::objs::Kind;

use super::by_credential::ByCredential;
use super::lfs_object;
use super::objects::{CHANGED, Objects, on_threads};
use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, Fingerprint};
use crate::scan::{Detected, Detector};
use crate::source::container::{self, Name, Scanner};
use crate::source::pointer::{self, Oid};
use crate::stop::Stop;

/// The purpose of scanning blobs.
#[derive(Clone, Copy)]
pub(super) enum Use<'a> {
    /// The user requested them: they are counted, and skipped once the run is to end.
    Asked(&'a Stop),
    /// Findings are compared with them: without them, old credentials would count as new.
    Compared,
}

/// A buffer larger than this many bytes is freed, not reused.
const KEPT: usize = 4 << 20;

/// A stream with the running hash of its bytes.
struct Hashed<'r> {
    bytes: io::Take<&'r mut dyn Read>,
    hasher: Option<Hasher>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(out)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&out[..count]);
        }
        Ok(count)
    }
}

impl Hashed<'_> {
    /// Reads to the end. Returns true if the stream was complete and, if objects are verified,
    /// matches `id`.
    fn ends_as(mut self, id: &ObjectId) -> bool {
        if self.hasher.is_none() {
            return true;
        }
        // A container may end before the stream does.
        let rest = io::copy(&mut self, &mut io::sink());
        let named = self.hasher.and_then(|hasher| hasher.try_finalize().ok());
        rest.is_ok() && self.bytes.limit() == 0 && named.as_ref() == Some(id)
    }
}

/// Scans a blob piece by piece; also returns the number of bytes read.
fn stream<D: Detector>(
    scanner: &mut Scanner<'_, D>,
    (id, name): (&ObjectId, Name<'_>),
    mut bytes: Hashed<'_>,
    stop: &Stop,
    ledger: &Ledger,
) -> (Detected<D::BaseState>, u64) {
    let mut all = Detected::default();
    let extent = scanner.scan(name, &mut bytes, &mut |detected| all.append(detected));
    if let Some(error) = extent.error {
        ledger.problem("blob", &name(), &format_args!("damaged, read in part: {error}"));
    } else if !stop.is_set() && !bytes.ends_as(id) {
        ledger.problem("blob", &name(), &format_args!("damaged: {CHANGED}"));
    }
    (all, extent.bytes)
}

/// Scans an object that is not verified piece by piece; also returns the number of bytes read.
pub(super) fn piecewise<D: Detector>(
    scanner: &mut Scanner<'_, D>,
    object: (&ObjectId, Name<'_>),
    size: u64,
    bytes: &mut dyn Read,
    ledger: &Ledger,
) -> (Detected<D::BaseState>, u64) {
    let bytes = Hashed { bytes: bytes.take(size), hasher: None };
    stream(scanner, object, bytes, &Stop::default(), ledger)
}

/// Scans the Git LFS object that a pointer blob names. A missing object is counted.
pub(super) fn pointed_at<D: Detector>(
    objects: &Objects,
    oid: &Oid,
    scanner: &mut Scanner<'_, D>,
    using: Use<'_>,
    ledger: &Ledger,
) -> Vec<Candidate> {
    let unseen = Ledger::new();
    let ledger = if matches!(using, Use::Asked(_)) { ledger } else { &unseen };
    let folder = match objects.lfs() {
        Ok(folder) => folder,
        Err(why) => {
            ledger.problem("folder", b"lfs", &why);
            return Vec::new();
        }
    };
    if !lfs_object::is_here(folder, oid) {
        ledger.add(Count::LfsMissing, 1);
        return Vec::new();
    }
    let found = lfs_object::scan(&folder.join(lfs_object::place(oid)), oid, scanner, ledger);
    found.map_or_else(Vec::new, |(_, candidates)| candidates)
}

/// The candidates of each blob that has any.
#[derive(Default)]
pub(super) struct Texts {
    candidates: HashMap<ObjectId, ByCredential>,
    /// The result for a blob without candidates.
    none: ByCredential,
}

impl Texts {
    /// Scans blobs.
    pub(super) fn scan<D: Detector>(
        objects: &Objects,
        threads: usize,
        mut ids: Vec<ObjectId>,
        detector: &D,
        using: Use<'_>,
        containers: &container::ContainerOptions,
        ledger: &Ledger,
    ) -> Self {
        // A read error in an old text is not a problem of the new one.
        let (never, unseen) = (Stop::default(), Ledger::new());
        let (stop, opening) = match using {
            Use::Asked(stop) => (stop, ledger),
            Use::Compared => (&never, &unseen),
        };
        // Scanning only half of an old text would make the other half look new.
        let unhurried = detector.ended_by(&never).filter(|_| matches!(using, Use::Compared));
        let detector = unhurried.as_ref().unwrap_or(detector);
        ids.sort_unstable();
        ids.dedup();
        let found = on_threads(objects, threads, &ids, |objects, buffer, id| {
            if matches!(using, Use::Asked(stop) if stop.is_set()) {
                return Vec::new();
            }
            let name = || id.to_hex().to_string().into_bytes();
            let mut scanner = Scanner::new(detector, containers, opening, stop);
            let streamed = objects.stream(id, |size, bytes| {
                let bytes = Hashed { bytes: bytes.take(size), hasher: objects.hasher(size) };
                stream(&mut scanner, (id, &name), bytes, stop, opening)
            });
            let (detected, size) = match streamed {
                Some(detected) => detected,
                // The readable part of a damaged blob is scanned if the user requested the blob.
                None if objects.expect(id, Kind::Blob, "a tree or the index", buffer, ledger)
                    || matches!(using, Use::Asked(_)) && objects.salvage(id, buffer) =>
                {
                    (scanner.bytes(&name, buffer), buffer.len() as u64)
                }
                None => return Vec::new(),
            };
            if matches!(using, Use::Asked(_)) {
                ledger.add(Count::Objects, 1);
                ledger.add(Count::Bytes, size);
                detected.note(ledger, "object", &name);
            }
            let mut candidates = detected.candidates;
            if let Some(oid) = pointer::of(buffer).filter(|_| size == buffer.len() as u64) {
                candidates.extend(pointed_at(objects, &oid, &mut scanner, using, ledger));
            }
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
            candidates
        });
        let holding = ids.into_iter().zip(found).filter(|(_, candidates)| !candidates.is_empty());
        let named = holding.map(|(id, candidates)| (id, ByCredential::new(candidates)));
        Self { candidates: named.collect(), none: ByCredential::default() }
    }

    /// The candidates of a blob.
    pub(super) fn of(&self, id: &ObjectId) -> &ByCredential {
        self.candidates.get(id).unwrap_or(&self.none)
    }

    /// True if no blob has a candidate.
    pub(super) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// True if a blob contains a credential.
    pub(super) fn holds(&self, id: &ObjectId, credential: &Fingerprint) -> bool {
        self.of(id).holds(credential)
    }
}
