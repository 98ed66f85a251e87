//! `keysweep baseline`: which findings become entries, and what is told of it.
//!
//! Takes findings and the baseline there is; gives the new one and a sentence. Reads and writes
//! no file.

use crate::finding::Finding;
use crate::suppress::baseline::{Baseline, Entry};
use crate::suppress::detect_secrets::DetectSecrets;
use crate::suppress::gitleaks::Gitleaks;

/// What is to become of the baseline.
#[derive(Debug, Default)]
pub struct Change {
    /// Only what these accept is added; all findings if both are empty.
    pub gitleaks: Vec<Gitleaks>,
    /// The same, of detect-secrets.
    pub detect_secrets: Vec<DetectSecrets>,
    /// Entries of which nothing is found are removed, and nothing is added.
    pub prune: bool,
    /// Written to every entry that is added.
    pub reason: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Entries that were added.
    pub added: usize,
    /// Entries that were removed.
    pub removed: usize,
    /// Findings that are in it neither before nor now.
    pub left: usize,
}

/// Changes a baseline by what is found.
///
/// `stale` is sorted: the entries of which nothing was met.
pub fn change(
    baseline: &mut Baseline,
    findings: &[Finding],
    stale: &[Entry],
    change: &Change,
) -> Changed {
    let removed = if change.prune { baseline.prune(stale) } else { 0 };
    let entries = findings.iter().filter_map(|finding| change.entry(finding));
    let added = if change.prune { 0 } else { baseline.add(entries.collect::<Vec<_>>()) };
    let left = findings.iter().filter(|found| baseline.of(&found.fingerprint).is_empty()).count();
    Changed { added, removed, left }
}

impl Change {
    /// The entry of a finding that is to be accepted.
    fn entry(&self, finding: &Finding) -> Option<Entry> {
        let reason = |usual: Option<&str>| self.reason.clone().or(usual.map(str::to_owned));
        if self.gitleaks.is_empty() && self.detect_secrets.is_empty() {
            return Some(Entry::new(finding, reason(None)));
        }
        if self.gitleaks.iter().any(|list| list.accepts(finding)) {
            return Some(Entry::new(finding, reason(Some("accepted in gitleaks"))));
        }
        let known = self.detect_secrets.iter().any(|list| list.accepts(finding));
        known.then(|| Entry::new(finding, reason(Some("accepted in detect-secrets"))))
    }
}

impl Changed {
    /// What to tell the user, in a line.
    pub fn sentence(&self, entries: usize) -> String {
        let mut text = format!("{} added, {} removed: {entries} in all", self.added, self.removed);
        if self.left > 0 {
            text.push_str(&format!("; {} findings are not accepted", self.left));
        }
        text
    }
}
