//! What was found in one text, to be asked for by credential.
//!
//! Places are compared credential by credential, and a text may hold tens of thousands: each
//! question is a search, and each fingerprint is computed once.

use crate::finding::{Candidate, Fingerprint};

/// The candidates of a text, those of one credential side by side and in order of place.
#[derive(Debug, Default)]
pub(super) struct ByCredential(Vec<(Fingerprint, Candidate)>);

impl ByCredential {
    /// Sorts `candidates`, which are in order of place.
    pub(super) fn new(candidates: Vec<Candidate>) -> Self {
        let named = candidates.into_iter().map(|one| (one.credential.fingerprint(), one));
        let mut all: Vec<_> = named.collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Self(all)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them with their fingerprints.
    pub(super) fn all(&self) -> &[(Fingerprint, Candidate)] {
        &self.0
    }

    /// All of them, credential by credential.
    pub(super) fn into_candidates(self) -> Vec<Candidate> {
        self.0.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// Those of one credential.
    pub(super) fn of(&self, credential: &Fingerprint) -> impl Iterator<Item = &Candidate> {
        let first = self.0.partition_point(|one| one.0 < *credential);
        let same = self.0[first..].iter().take_while(|one| one.0 == *credential);
        same.map(|(_, candidate)| candidate)
    }

    /// Whether the text holds a credential.
    pub(super) fn holds(&self, credential: &Fingerprint) -> bool {
        self.0.binary_search_by(|one| one.0.cmp(credential)).is_ok()
    }
}
