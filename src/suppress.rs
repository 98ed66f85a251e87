//! Suppressed findings: by a baseline, by a marker on the line, or by the configuration.
//!
//! Suppression is by value or on the line itself, never by position: a different secret in the same
//! place is reported. Takes findings and suppressions, marks the suppressed ones; the caller counts
//! them. It reads no file.

pub mod baseline;
pub mod detect_secrets;
pub mod gitleaks;

use std::collections::HashSet;

use jiff::civil::Date;

use crate::config::Allow;
use crate::finding::{Finding, Fingerprint, GitObject, Occurrence, Status, Suppression};

use baseline::{Baseline, BaselineEntry};

/// The suppressions of a run.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    /// Accepted findings.
    pub baseline: Option<Baseline>,
    /// Values that the configuration allows.
    pub allow: Vec<Allow>,
    /// Markers in the text count.
    pub inline: bool,
}

/// The numbers of suppressed findings, and the entries that suppressed none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings that the baseline suppresses.
    pub baseline: u64,
    /// Findings that markers suppress.
    pub inline: u64,
    /// Findings that the configuration suppresses.
    pub config: u64,
    /// Entries of the baseline that have a finding and have expired: the finding is reported.
    pub expired: Vec<BaselineEntry>,
    /// Entries of the baseline without a finding. They are stale only if everything that the
    /// baseline covers was scanned.
    pub absent: Vec<BaselineEntry>,
}

impl Counts {
    /// All suppressed findings.
    pub fn total(&self) -> u64 {
        self.baseline + self.inline + self.config
    }
}

/// Marks suppressed findings. `today` decides which entries have expired. `met` has every
/// credential that was found, reported or not, and decides which entries are absent.
///
/// A marker never suppresses a key that was proved active: its author may be who leaked it.
pub fn apply(
    findings: &mut [Finding],
    suppressions: &Suppressions,
    today: Date,
    met: &HashSet<Fingerprint>,
) -> Counts {
    let mut counts = Counts::default();
    for finding in findings.iter_mut() {
        finding.suppressed = judge(finding, suppressions, today);
        match finding.suppressed.as_ref().map(|suppression| suppression.by.as_str()) {
            Some(Suppression::BASELINE) => counts.baseline += 1,
            Some(Suppression::INLINE) => counts.inline += 1,
            Some(_) => counts.config += 1,
            None => {
                let entries =
                    suppressions.baseline.iter().flat_map(|it| it.of(&finding.fingerprint));
                counts.expired.extend(entries.last().cloned());
            }
        }
    }
    let entries = suppressions.baseline.iter().flat_map(Baseline::entries);
    counts.absent = entries.filter(|entry| !met.contains(&entry.fingerprint)).cloned().collect();
    counts
}

/// Reports findings again that a marker suppressed and STS has proved active since.
pub fn reopen_active(findings: &mut [Finding], counts: &mut Counts) {
    for finding in findings.iter_mut() {
        let by_marker = finding.suppressed.as_ref().is_some_and(Suppression::is_by_marker);
        if by_marker && finding.verification.status == Status::Active {
            finding.suppressed = None;
            counts.inline = counts.inline.saturating_sub(1);
        }
    }
}

fn judge(finding: &Finding, suppressions: &Suppressions, today: Date) -> Option<Suppression> {
    let by = |by: &str, reason: Option<String>| Some(Suppression { by: by.to_owned(), reason });
    let entries =
        suppressions.baseline.iter().flat_map(|baseline| baseline.of(&finding.fingerprint));
    if let Some(entry) = entries.into_iter().find(|entry| !entry.is_over(today)) {
        return by(Suppression::BASELINE, entry.reason.clone());
    }
    if let Some(allow) = suppressions.allow.iter().find(|allow| allow.value.is_of(finding)) {
        return by(Suppression::CONFIG, allow.reason.clone());
    }
    let marker = if suppressions.inline { marker(finding) } else { None };
    by(Suppression::INLINE, Some(marker?.to_owned()))
}

/// The marker that suppresses a finding: every occurrence that is still in the tree has one, or
/// every occurrence if none is.
fn marker(finding: &Finding) -> Option<&'static str> {
    if finding.verification.status == Status::Active {
        return None;
    }
    let places = &finding.occurrences;
    let is_in_tree = places.iter().any(in_tree);
    let mut relevant = places.iter().filter(|place| !is_in_tree || in_tree(place));
    let first = relevant.next()?.sighting.marker?;
    relevant.all(|place| place.sighting.marker.is_some()).then_some(first)
}

/// A file, or an occurrence at HEAD or in the index.
pub fn in_tree(place: &Occurrence) -> bool {
    let held = |git: &crate::finding::GitOrigin| {
        git.at_head || (git.commit.is_none() && git.object == GitObject::Blob)
    };
    place.origin.git.as_ref().is_none_or(held)
}

#[cfg(test)]
mod tests;
