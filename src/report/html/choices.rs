//! The properties by which the findings of the page can be filtered and grouped.

use std::collections::BTreeMap;

use askama::Template;

use super::Page;
use crate::finding::{Finding, Status};
use crate::report::exposure::Exposure;
use crate::text::escape_line;

/// A property of findings: its id, its label, and its values for a finding. At least one.
type Facet = (&'static str, &'static str, fn(&Finding, &Exposure<'_>) -> Vec<String>);

/// All properties, in the order of the form.
const FACETS: [Facet; 9] = [
    ("verdict", "Verdict", |finding, _| vec![verdict(finding.verification.status).to_owned()]),
    ("severity", "Severity", |finding, _| vec![finding.severity.as_str().to_owned()]),
    ("rule", "Rule", |finding, _| vec![finding.credential.rule.to_string()]),
    ("repository", "Repository", repositories),
    ("account", "Account", |finding, _| vec![account(finding)]),
    ("author", "Added by", |_, exposure| {
        vec![exposure.author().unwrap_or_else(|| "in no commit".to_owned())]
    }),
    ("owner", "Code owner", owners),
    ("where", "Where", |_, exposure| {
        vec![
            if exposure.is_present { "at HEAD or in a file" } else { "only in history" }.to_owned(),
        ]
    }),
    ("state", "State", |finding, _| {
        vec![if finding.suppressed.is_some() { "suppressed" } else { "not suppressed" }.to_owned()]
    }),
];

/// A verdict in words.
pub(super) fn verdict(status: Status) -> &'static str {
    match status {
        Status::NotChecked => "not checked",
        Status::Active => "active",
        Status::WrongSecret => "wrong secret",
        Status::Inactive => "inactive",
        Status::Expired => "expired",
        Status::Canary => "canary",
        Status::Skipped => "skipped",
        Status::Unknown => "unknown",
    }
}

/// The account of a finding: as STS reported it or else as the id shows it.
pub(super) fn account(finding: &Finding) -> String {
    let verified = finding.verification.account.as_deref();
    let account = verified.or(finding.credential.account.as_deref());
    account.map_or_else(|| "unknown".to_owned(), escape_line)
}

/// The targets that hold a finding.
pub(super) fn repositories(finding: &Finding, _: &Exposure<'_>) -> Vec<String> {
    let targets = finding.occurrences.iter().map(|place| place.origin.target.as_deref());
    let mut names: Vec<String> =
        targets.map(|name| name.map_or_else(|| "the scanned one".into(), escape_line)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The code owners of the places of a finding.
fn owners(finding: &Finding, _: &Exposure<'_>) -> Vec<String> {
    let owners = finding.occurrences.iter().flat_map(|place| &place.origin.owners);
    let mut names: Vec<String> = owners.map(|owner| escape_line(owner)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        names.push("nobody in CODEOWNERS".to_owned());
    }
    names
}

/// The values of all findings, and the number of findings of each.
pub(super) struct Choices {
    values: [BTreeMap<String, (usize, usize)>; FACETS.len()],
}

impl Choices {
    pub(super) fn new(findings: &[&Finding]) -> Self {
        let mut values: [BTreeMap<String, (usize, usize)>; FACETS.len()] = Default::default();
        for finding in findings {
            let exposure = Exposure::new(finding);
            for (all, (.., of)) in values.iter_mut().zip(FACETS) {
                for value in of(finding, &exposure) {
                    all.entry(value).or_default().1 += 1;
                }
            }
        }
        for all in &mut values {
            all.values_mut().enumerate().for_each(|(at, (number, _))| *number = at);
        }
        Self { values }
    }

    /// The numbers of a finding's values: properties are separated by commas, values by blanks.
    pub(super) fn of(&self, finding: &Finding, exposure: &Exposure<'_>) -> String {
        let mut text = String::new();
        for (at, (all, (.., of))) in self.values.iter().zip(FACETS).enumerate() {
            text.push_str(if at == 0 { "" } else { "," });
            for (nth, value) in of(finding, exposure).iter().enumerate() {
                text.push_str(if nth == 0 { "" } else { " " });
                let number = all.get(value).map(|(number, _)| *number);
                text.push_str(&number.unwrap_or_default().to_string());
            }
        }
        text
    }
}

/// A selection of the form.
struct Select<'a> {
    id: &'static str,
    label: &'static str,
    /// Its number in the findings' data.
    number: usize,
    /// Values and their counts.
    options: Vec<(&'a str, usize)>,
}

/// The heading of the findings, and the form, which the script shows.
#[derive(Template)]
#[template(path = "form.html")]
pub(super) struct Form<'a> {
    selects: Vec<Select<'a>>,
    count: usize,
}

impl<'a> Form<'a> {
    pub(super) fn new(page: &'a Page<'_>) -> Self {
        let selects = FACETS.iter().zip(&page.choices.values).enumerate();
        let selects = selects.filter(|(_, (_, values))| values.len() > 1);
        let selects = selects.map(|(number, ((id, label, _), values))| Select {
            id,
            label,
            number,
            options: values.iter().map(|(value, (_, count))| (value.as_str(), *count)).collect(),
        });
        Self { selects: selects.collect(), count: page.sorted.len() }
    }
}
