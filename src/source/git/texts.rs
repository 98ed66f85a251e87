//! Detection over many blobs, each once, for commands that compare what texts hold.

use gix::ObjectId;
use gix::hashtable::HashMap;
use gix::objs::Kind;

use super::objects::{Objects, on_threads};
use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, Fingerprint};
use crate::scan::Detector;
use crate::source::container::{self, Scanner};
use crate::stop::Stop;

/// What blobs are scanned for.
#[derive(Clone, Copy)]
pub(super) enum Use<'a> {
    /// The user asked for them: they are counted, and left once the run is to end.
    Asked(&'a Stop),
    /// What was found is compared with them: without them old credentials would count as new.
    Compared,
}

/// The candidates of each blob that has some.
#[derive(Default)]
pub(super) struct Texts {
    candidates: HashMap<ObjectId, Vec<Candidate>>,
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
        ids.sort_unstable();
        ids.dedup();
        let found = on_threads(objects, threads, &ids, |objects, buffer, id| {
            if matches!(using, Use::Asked(stop) if stop.is_set()) {
                return Vec::new();
            }
            if !objects.expect(id, Kind::Blob, "a tree or the index", buffer, ledger) {
                return Vec::new();
            }
            let name = || id.to_hex().to_string().into_bytes();
            let mut scanner = Scanner::new(detector, containers, opening, stop);
            let detected = scanner.bytes(&name, buffer);
            if matches!(using, Use::Asked(_)) {
                ledger.add(Count::Objects, 1);
                ledger.add(Count::Bytes, buffer.len() as u64);
                ledger.add(Count::Examples, detected.examples);
            }
            detected.candidates
        });
        let holding = ids.into_iter().zip(found).filter(|(_, candidates)| !candidates.is_empty());
        Self { candidates: holding.collect() }
    }

    /// The candidates of a blob.
    pub(super) fn of(&self, id: &ObjectId) -> &[Candidate] {
        self.candidates.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether none of the blobs has a candidate.
    pub(super) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Whether a blob holds a credential.
    pub(super) fn holds(&self, id: &ObjectId, credential: &Fingerprint) -> bool {
        self.of(id).iter().any(|candidate| candidate.credential.fingerprint() == *credential)
    }
}
