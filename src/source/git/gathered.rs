//! The findings of a pass, limited by the run's memory.
//!
//! A file of ten thousand keys with ten thousand versions is a small pack. For each credential the
//! texts with the least ids are kept, so that the many texts of one credential do not displace
//! another.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;

use super::database::Found;
use crate::bounded::{Bounded, Retained};
use crate::coverage::Ledger;
use crate::finding::{Candidate, Fingerprint};
use crate::memory::MemoryBudget;

/// A credential in a text; false sorts pairs first.
type Key = (bool, Fingerprint);

/// One candidate with the id of its text.
struct BlobCandidate {
    id: ObjectId,
    kind: Kind,
    candidate: Candidate,
}

/// Accepts texts from any thread.
pub(super) struct Gathered(Mutex<Bounded<Key, BlobCandidate>>);

impl Gathered {
    /// Keeps as many candidates as fit into `memory`.
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self(Mutex::new(Bounded::new(memory.places(), order)))
    }

    /// Adds the findings in a text.
    pub(super) fn add(&self, found: Found) {
        let Found { id, kind, candidates } = found;
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for candidate in candidates {
            let credential = &candidate.credential;
            let is_pair = credential.key_id.is_some() && credential.secret.is_some();
            places.add((!is_pair, credential.fingerprint()), BlobCandidate { id, kind, candidate });
        }
    }

    /// The texts, each once, with their candidates in order of position.
    pub(super) fn finish(self, ledger: &Ledger) -> Vec<Found> {
        let places = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Retained { groups, dropped, .. } = places.finish();
        if dropped > 0 {
            let why = format!(
                "{dropped} credentials in versions of files are too many to attribute; for some \
                 it is not known which commits added them: raise --max-memory"
            );
            ledger.problem("findings", b"", &why);
        }
        let mut texts: BTreeMap<ObjectId, Found> = BTreeMap::new();
        for BlobCandidate { id, kind, candidate } in groups.into_values().flatten() {
            let text = texts.entry(id).or_insert_with(|| Found { id, kind, candidates: vec![] });
            text.candidates.push(candidate);
        }
        let mut texts: Vec<Found> = texts.into_values().collect();
        for text in &mut texts {
            text.candidates.sort_by(|a, b| place(a).cmp(&place(b)));
        }
        texts
    }
}

fn order(a: &BlobCandidate, b: &BlobCandidate) -> Ordering {
    a.id.cmp(&b.id).then_with(|| place(&a.candidate).cmp(&place(&b.candidate)))
}

fn place(candidate: &Candidate) -> impl Ord + '_ {
    let sighting = &candidate.sighting;
    (&candidate.inside, sighting.primary(), sighting.secret)
}
