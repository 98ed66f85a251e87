//! The view of a report: a part of its findings, in groups, with the names of accounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Report;
use super::summary::counted;
use crate::finding::Finding;
use crate::text::escape_line;

/// What `keysweep report` adds to a report; other commands add nothing.
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
}

/// Findings that belong together, each with the places that belong to the group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name, such as that of a repository.
    pub name: String,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
}

impl Filtered {
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
        format!("Filtered by {by}: {hidden}{places}.")
    }
}

impl<'a> Report<'a> {
    /// The name of a finding's account.
    pub(super) fn account_name(&self, finding: &Finding) -> Option<&'a str> {
        let account = finding.verification.account.as_ref().or(finding.credential.account.as_ref());
        self.view.accounts?.get(account?).map(String::as_str)
    }
}
