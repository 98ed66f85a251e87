//! The candidates of one text, indexed by credential.
//!
//! Places are compared for each credential, and a text may have tens of thousands: each lookup is a
//! binary search, and each fingerprint is computed once.

use crate::finding::{Candidate, Fingerprint};

/// The candidates of a text, grouped by credential and then in order of position.
#[derive(Debug, Default)]
pub(super) struct ByCredential(Vec<(Fingerprint, Candidate)>);

impl ByCredential {
    /// Takes `candidates` in order of position.
    pub(super) fn new(candidates: Vec<Candidate>) -> Self {
        let named = candidates.into_iter().map(|one| (one.credential.fingerprint(), one));
        let mut all: Vec<_> = named.collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Self(all)
    }

    /// True if there are no candidates.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All candidates with their fingerprints.
    pub(super) fn all(&self) -> &[(Fingerprint, Candidate)] {
        &self.0
    }

    /// All candidates, grouped by credential.
    pub(super) fn into_candidates(self) -> Vec<Candidate> {
        self.0.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// The candidates of one credential.
    pub(super) fn of(&self, credential: &Fingerprint) -> impl Iterator<Item = &Candidate> {
        let first = self.0.partition_point(|one| one.0 < *credential);
        let same = self.0[first..].iter().take_while(|one| one.0 == *credential);
        same.map(|(_, candidate)| candidate)
    }

    /// True if the text contains the credential.
    pub(super) fn holds(&self, credential: &Fingerprint) -> bool {
        self.0.binary_search_by(|one| one.0.cmp(credential)).is_ok()
    }
}
