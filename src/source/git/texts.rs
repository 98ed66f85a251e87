//! Detection over many blobs, each once, for commands that compare what texts hold.

use std::io::Read;

use gix::ObjectId;
use gix::hashtable::HashMap;
use gix::objs::Kind;

use super::by_credential::ByCredential;
use super::objects::{Objects, on_threads};
use crate::coverage::{Count, Ledger};
use crate::finding::Fingerprint;
use crate::scan::{Detected, Detector};
use crate::source::container::{self, Name, Scanner};
use crate::stop::Stop;

/// What blobs are scanned for.
#[derive(Clone, Copy)]
pub(super) enum Use<'a> {
    /// The user asked for them: they are counted, and left once the run is to end.
    Asked(&'a Stop),
    /// What was found is compared with them: without them old credentials would count as new.
    Compared,
}

/// A buffer larger than this is given back, not kept for the next blob.
const KEPT: usize = 4 << 20;

/// Scans a blob piece by piece; gives how many bytes were read too.
fn stream<D: Detector>(
    scanner: &mut Scanner<'_, D>,
    name: Name<'_>,
    size: u64,
    bytes: &mut dyn Read,
    ledger: &Ledger,
) -> (Detected<D::Memory>, u64) {
    let mut all = Detected::default();
    let extent =
        scanner.scan(name, &mut bytes.take(size), None, &mut |detected| all.append(detected));
    if let Some(error) = extent.error {
        ledger.problem("blob", &name(), &format_args!("damaged, read in part: {error}"));
    }
    (all, extent.bytes)
}

/// The candidates of each blob that has some.
#[derive(Default)]
pub(super) struct Texts {
    candidates: HashMap<ObjectId, ByCredential>,
    /// What a blob holds in which nothing was found.
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
        containers: &container::Options,
        ledger: &Ledger,
    ) -> Self {
        // What can't be read of an old text is no fault of the new one.
        let (never, unseen) = (Stop::default(), Ledger::new());
        let (stop, opening) = match using {
            Use::Asked(stop) => (stop, ledger),
            Use::Compared => (&never, &unseen),
        };
        // Half of what an old text holds would make the other half new.
        let patient = detector.ended_by(&never).filter(|_| matches!(using, Use::Compared));
        let detector = patient.as_ref().unwrap_or(detector);
        ids.sort_unstable();
        ids.dedup();
        let found = on_threads(objects, threads, &ids, |objects, buffer, id| {
            if matches!(using, Use::Asked(stop) if stop.is_set()) {
                return Vec::new();
            }
            let name = || id.to_hex().to_string().into_bytes();
            let mut scanner = Scanner::new(detector, containers, opening, stop);
            let streamed =
                objects.stream(id, |size, bytes| stream(&mut scanner, &name, size, bytes, opening));
            let (detected, size) = match streamed {
                Some(detected) => detected,
                None if objects.expect(id, Kind::Blob, "a tree or the index", buffer, ledger) => {
                    (scanner.bytes(&name, buffer), buffer.len() as u64)
                }
                None => return Vec::new(),
            };
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
            if matches!(using, Use::Asked(_)) {
                ledger.add(Count::Objects, 1);
                ledger.add(Count::Bytes, size);
                detected.note(ledger, "object", &name);
            }
            detected.candidates
        });
        let holding = ids.into_iter().zip(found).filter(|(_, candidates)| !candidates.is_empty());
        let named = holding.map(|(id, candidates)| (id, ByCredential::new(candidates)));
        Self { candidates: named.collect(), none: ByCredential::default() }
    }

    /// The candidates of a blob.
    pub(super) fn of(&self, id: &ObjectId) -> &ByCredential {
        self.candidates.get(id).unwrap_or(&self.none)
    }

    /// Whether none of the blobs has a candidate.
    pub(super) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Whether a blob holds a credential.
    pub(super) fn holds(&self, id: &ObjectId, credential: &Fingerprint) -> bool {
        self.of(id).holds(credential)
    }
}
