//! `--group-by`: findings by what they have in common.
//!
//! A finding with places in several groups is in each of them, with the places of that group.

use std::collections::BTreeMap;

use super::owner;
use crate::finding::{Finding, Occurrence};
use crate::report::Group;
use crate::text::escape_path;

/// The property by which findings are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// The rule that found them.
    Rule,
    /// The severity.
    Severity,
    /// The verdict of STS.
    Verdict,
    /// The target of a sweep.
    Repository,
    /// The AWS account.
    Account,
    /// The code owners or, if there are none, the author.
    Owner,
    /// The path.
    Path,
}

/// Groups findings, in the order of the worst finding of each group.
///
/// `findings` are in the order of a report.
pub fn groups(
    findings: &[Finding],
    by: GroupBy,
    accounts: &BTreeMap<String, String>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        for (name, occurrences) in parts(finding, by, accounts) {
            let at = *known.entry(name.clone()).or_insert_with(|| {
                groups.push(Group { name, findings: Vec::new() });
                groups.len() - 1
            });
            groups[at].findings.push(Finding { occurrences, ..finding.clone() });
        }
    }
    groups
}

/// The names of the groups of a finding, and its places in each.
fn parts(
    finding: &Finding,
    by: GroupBy,
    accounts: &BTreeMap<String, String>,
) -> Vec<(String, Vec<Occurrence>)> {
    let whole = |name: &str| vec![(name.to_owned(), finding.occurrences.clone())];
    let of_places = |names: &dyn Fn(&Occurrence) -> Vec<String>| {
        let mut parts: BTreeMap<String, Vec<Occurrence>> = BTreeMap::new();
        for place in &finding.occurrences {
            for name in names(place) {
                parts.entry(name).or_default().push(place.clone());
            }
        }
        parts.into_iter().collect()
    };
    match by {
        GroupBy::Rule => whole(finding.credential.rule.as_str()),
        GroupBy::Severity => whole(finding.severity.as_str()),
        GroupBy::Verdict => whole(finding.verification.status.as_str()),
        GroupBy::Account => match account(finding) {
            Some(account) => whole(&match accounts.get(account) {
                Some(name) => format!("{account} ({name})"),
                None => account.to_owned(),
            }),
            None => whole("no known account"),
        },
        GroupBy::Repository => of_places(&|place| {
            let target = place.origin.target.clone();
            vec![target.unwrap_or_else(|| "no named repository".to_owned())]
        }),
        GroupBy::Owner => of_places(&owner::owners),
        GroupBy::Path => of_places(&|place| {
            let path = place.origin.path.as_deref().map(escape_path);
            vec![path.unwrap_or_else(|| "no path".to_owned())]
        }),
    }
}

/// The account of a finding: that of the verdict, or that of the key id.
pub(super) fn account(finding: &Finding) -> Option<&str> {
    let verified = finding.verification.account.as_deref();
    verified.or(finding.credential.account.as_deref())
}
