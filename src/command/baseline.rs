//! `keysweep baseline`: chooses the findings that become entries, and describes the change.
//!
//! Takes findings and the existing baseline; returns what would be added, and then the new baseline
//! and a sentence. It reads and writes no file, and asks no question.

use crate::finding::{Finding, Fingerprint, Status};
use crate::report::holder;
use crate::suppress::baseline::{Baseline, BaselineEntry};
use crate::suppress::detect_secrets::DetectSecrets;
use crate::suppress::gitleaks::Gitleaks;
use crate::text::escape_line;

/// The wanted change.
#[derive(Debug, Default)]
pub struct Change {
    /// Only the findings that these name are added; see also the next two.
    pub only: Vec<Only>,
    /// Only findings that these accept are added; all findings if no option limits them.
    pub gitleaks: Vec<Gitleaks>,
    /// The same, for detect-secrets.
    pub detect_secrets: Vec<DetectSecrets>,
    /// Entries without a finding are removed, and nothing is added.
    pub prune: bool,
    /// Written to every new entry.
    pub reason: Option<String>,
}

/// The name of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    /// Its value.
    Fingerprint(Fingerprint),
    /// The id of its key.
    KeyId(String),
}

/// The chosen findings.
#[derive(Debug, Default)]
pub struct Choice<'a> {
    /// Each finding with its entry.
    pub accepted: Vec<(&'a Finding, BaselineEntry)>,
    /// Keys that were proved active and that nobody named: they are not added.
    pub active: Vec<&'a Finding>,
}

/// The change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Entries that were added.
    pub added: usize,
    /// Entries that were removed.
    pub removed: usize,
    /// Findings that the baseline does not suppress.
    pub remaining: usize,
}

/// A name without a finding.
#[derive(Debug, thiserror::Error)]
#[error("--only {}: no finding has that fingerprint or key id, and nothing was changed", escape_line(.0))]
pub struct Unknown(String);

impl Only {
    /// Parses a fingerprint or the id of a key.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub fn parse(input: &str) -> Result<Self, String> {
        if let Some(fingerprint) = Fingerprint::parse(input) {
            return Ok(Self::Fingerprint(fingerprint));
        }
        // A longer word may be a secret, and is not accepted.
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        let is_id = (4..=30).contains(&input.len()) && input.bytes().all(word);
        is_id.then(|| Self::KeyId(input.to_owned())).ok_or_else(|| {
            "it is neither a fingerprint (the 32 hex digits of a report) nor a key id".to_owned()
        })
    }

    fn names(&self, finding: &Finding) -> bool {
        match self {
            Self::Fingerprint(fingerprint) => finding.fingerprint == *fingerprint,
            Self::KeyId(id) => finding.credential.key_id.as_ref() == Some(id),
        }
    }
}

/// Chooses findings that are not in the baseline yet.
///
/// # Errors
///
/// If a name has no finding.
pub fn choose<'a>(
    baseline: &Baseline,
    findings: &'a [Finding],
    change: &Change,
) -> Result<Choice<'a>, Unknown> {
    for only in &change.only {
        if !findings.iter().any(|finding| only.names(finding)) {
            let name = match only {
                Only::Fingerprint(fingerprint) => fingerprint.to_string(),
                Only::KeyId(id) => id.clone(),
            };
            return Err(Unknown(name));
        }
    }
    let mut choice = Choice::default();
    let is_new = |finding: &&Finding| baseline.of(&finding.fingerprint).is_empty();
    for finding in findings.iter().filter(is_new).filter(|_| !change.prune) {
        let Some(entry) = change.entry(finding) else { continue };
        if finding.verification.status == Status::Active && change.only.is_empty() {
            choice.active.push(finding);
        } else {
            choice.accepted.push((finding, entry));
        }
    }
    Ok(choice)
}

/// Adds the chosen findings to a baseline, or removes stale entries.
///
/// `stale` is sorted: the entries without a finding.
pub fn change(
    baseline: &mut Baseline,
    findings: &[Finding],
    stale: &[BaselineEntry],
    chosen: Choice<'_>,
    prune: bool,
) -> Changed {
    let removed = if prune { baseline.prune(stale) } else { 0 };
    let added = baseline.add(chosen.accepted.into_iter().map(|(_, entry)| entry));
    let remaining =
        findings.iter().filter(|found| baseline.of(&found.fingerprint).is_empty()).count();
    Changed { added, removed, remaining }
}

impl Change {
    /// The entry of a finding, if it is to be suppressed.
    fn entry(&self, finding: &Finding) -> Option<BaselineEntry> {
        let reason = |usual: Option<&str>| self.reason.clone().or(usual.map(str::to_owned));
        if !self.only.is_empty() {
            let named = self.only.iter().any(|only| only.names(finding));
            return named.then(|| BaselineEntry::new(finding, reason(None)));
        }
        if self.gitleaks.is_empty() && self.detect_secrets.is_empty() {
            return Some(BaselineEntry::new(finding, reason(None)));
        }
        if self.gitleaks.iter().any(|list| list.accepts(finding)) {
            return Some(BaselineEntry::new(finding, reason(Some("suppressed in gitleaks"))));
        }
        let known = self.detect_secrets.iter().any(|list| list.accepts(finding));
        known.then(|| BaselineEntry::new(finding, reason(Some("suppressed in detect-secrets"))))
    }
}

/// A finding on one line: location, rule, credential, and its name for `--only`.
pub fn line(finding: &Finding) -> String {
    let credential = &finding.credential;
    let id = credential.key_id.as_deref().map(escape_line);
    let redacted = || credential.secret.as_ref().map(|secret| secret.redacted().to_owned());
    let name = id.or_else(redacted).unwrap_or_default();
    let place = finding.occurrences.first().map(|first| {
        let path = holder(&first.origin);
        let start = first.sighting.primary().map(|region| region.start);
        start.map_or(path.clone(), |start| format!("{path}:{}:{}", start.line, start.column))
    });
    let more = match finding.occurrences.len() {
        0 | 1 => String::new(),
        places => format!(" and {} more", places - 1),
    };
    let active = match finding.verification.status {
        Status::Active => "  ACTIVE",
        _ => "",
    };
    let place = place.unwrap_or_default();
    format!("{place}{more}  {} {name}  {}{active}", credential.rule, finding.fingerprint)
}

impl Changed {
    /// The message for the user, on one line.
    pub fn sentence(&self, entries: usize) -> String {
        let mut text = format!("{} added, {} removed: {entries} in all", self.added, self.removed);
        if self.remaining > 0 {
            text.push_str(&format!("; {} findings are not suppressed", self.remaining));
        }
        text
    }
}
