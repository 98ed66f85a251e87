//! The view of a report: a part of its findings, in groups, with the names of accounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Report;
use super::summary::counted;
use crate::finding::Finding;
use crate::text::escape_line;

/// A part of a report, groups and names of accounts: what `keysweep report` adds, and the filter of
/// `--only-live`.
#[derive(Clone, Copy, Debug, Default)]
pub struct View<'a> {
    /// The filter, if there is one.
    pub filter: Option<&'a Filtered>,
    /// The findings in groups, for text and Markdown; empty if they are not grouped.
    pub groups: &'a [Group],
    /// The names of accounts.
    pub accounts: Option<&'a BTreeMap<String, String>>,
}

/// A filter, and how much it hides: a report must not look clean because of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filtered {
    /// The options as the user wrote them.
    pub by: Vec<String>,
    /// The number of findings that are not in the report.
    pub hidden: u64,
    /// The number of places that are not in the report, of findings that are.
    #[serde(default)]
    pub places: u64,
    /// With `--only-live`, the number of hidden findings for each reason (see [`REASONS`]).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, u64>,
}

/// The reasons for which `--only-live` hides a finding, with the words for a report; the ones that
/// may still be live first.
const REASONS: [(&str, &str); 12] = [
    (Filtered::NO_ANSWER, "without an answer of AWS"),
    ("unknown", "about which AWS proved nothing"),
    ("wrong-secret", "with a wrong secret"),
    (Filtered::NO_SECRET, "without the secret"),
    (Filtered::NO_ID, "without the key id"),
    (Filtered::NOT_VERIFIABLE, "that AWS can't be asked about"),
    (Filtered::OTHER_PROVIDER, "of other providers"),
    ("skipped", "of accounts left out by option"),
    (Filtered::SUPPRESSED, "suppressed"),
    ("inactive", "inactive"),
    ("expired", "expired"),
    ("canary", "of a canary account"),
];

/// Findings that belong together, each with the places that belong to the group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name, such as that of a repository.
    pub name: String,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
}

impl Filtered {
    /// STS should have been asked, and gave no usable answer.
    pub const NO_ANSWER: &'static str = "no-answer";
    /// A key id alone.
    pub const NO_SECRET: &'static str = "no-secret";
    /// A secret alone.
    pub const NO_ID: &'static str = "no-id";
    /// Another kind of credential of AWS.
    pub const NOT_VERIFIABLE: &'static str = "not-verifiable";
    /// A credential of another provider.
    pub const OTHER_PROVIDER: &'static str = "other-provider";
    /// Suppressed, so that nobody was asked.
    pub const SUPPRESSED: &'static str = "suppressed";

    /// The line in the head of a report.
    pub fn line(&self) -> String {
        self.sentence(escape_line)
    }

    /// The same with the options as `name` shows them.
    pub(super) fn sentence(&self, name: impl Fn(&str) -> String) -> String {
        let by = name(&self.by.join(" "));
        let hidden = counted(self.hidden, "finding is hidden", "findings are hidden");
        let places = match self.places {
            0 => String::new(),
            1 => ", and 1 place of the others".to_owned(),
            count => format!(", and {count} places of the others"),
        };
        format!("Filtered by {by}: {hidden}{}{places}.", self.reasons())
    }

    /// The number of hidden findings for each reason, in parentheses; empty if none is known.
    pub(super) fn reasons(&self) -> String {
        let count = |name: &str| self.reasons.get(name).copied().unwrap_or_default();
        let counts = REASONS.iter().map(|(name, words)| (count(name), *words));
        let known: Vec<(u64, &str)> = counts.filter(|(count, _)| *count > 0).collect();
        if known.is_empty() {
            return String::new();
        }
        let rest = self.hidden.saturating_sub(known.iter().map(|(count, _)| count).sum());
        let rest = (rest > 0).then_some((rest, "for other reasons"));
        let parts = known.into_iter().chain(rest).map(|(count, words)| format!("{count} {words}"));
        format!(" ({})", parts.collect::<Vec<_>>().join(", "))
    }
}

impl<'a> Report<'a> {
    /// The name of a finding's account.
    pub(super) fn account_name(&self, finding: &Finding) -> Option<&'a str> {
        let account = finding.verification.account.as_ref().or(finding.credential.account.as_ref());
        self.view.accounts?.get(account?).map(String::as_str)
    }
}
