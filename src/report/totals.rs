//! The findings of a sweep by account and by owner: whom to call first.
//!
//! An owner is the author of a commit that brought the credential; a credential that several
//! people committed counts for each of them. Settled findings count for nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::summary::{counted, more};
use crate::finding::{Finding, Severity, Status};
use crate::text::escape_line;

/// Both lists, the heaviest first.
#[derive(Debug, Serialize)]
pub(super) struct Totals<'a> {
    accounts: Vec<Row<Account<'a>>>,
    owners: Vec<Row<Owner<'a>>>,
}

/// An account; `None` where neither the id nor STS tells it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Account<'a> {
    account_id: Option<&'a str>,
}

/// An author by mail address; `None` for what is in no commit.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Owner<'a> {
    email: Option<&'a str>,
    name: Option<&'a str>,
}

/// How much somebody has to do.
#[derive(Debug, Serialize)]
struct Row<K> {
    #[serde(flatten)]
    who: K,
    credentials: u64,
    active: u64,
    errors: u64,
    warnings: u64,
    notes: u64,
    /// In how many targets.
    targets: u64,
}

impl<'a> Totals<'a> {
    /// Of a sweep; `None` of any other run.
    pub(super) fn new(report: &Report<'a>) -> Option<Self> {
        if report.coverage.targets.is_empty() {
            return None;
        }
        let open = || report.findings.iter().filter(|finding| finding.suppressed.is_none());
        let accounts = rows(open(), |finding| {
            let told = finding.verification.account.as_deref();
            BTreeSet::from([told.or(finding.credential.account.as_deref())])
        });
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        let authors = |finding: &'a Finding| {
            let origins = finding.occurrences.iter().map(|place| &place.origin);
            origins.map(|origin| origin.git.as_ref()?.author.as_ref())
        };
        for author in open().flat_map(authors).flatten() {
            let name = names.entry(&author.email).or_insert(&author.name);
            *name = (*name).min(&author.name);
        }
        let owners = rows(open(), |finding| {
            // Whoever left a copy uncommitted is not known, but who committed it is.
            let known: BTreeSet<Option<&str>> =
                authors(finding).flatten().map(|author| Some(author.email.as_str())).collect();
            if known.is_empty() { BTreeSet::from([None]) } else { known }
        });
        let owner = |email: Option<&'a str>| Owner {
            email,
            name: email.and_then(|email| names.get(email).copied()),
        };
        Some(Self {
            accounts: sorted(accounts, |account_id| Account { account_id }),
            owners: sorted(owners, owner),
        })
    }

    /// Writes both as text, of each the first `shown`.
    pub(super) fn write(&self, shown: usize, out: &mut dyn Write) -> io::Result<()> {
        let account = |it: &Account<'_>| it.account_id.map_or("unknown".into(), escape_line);
        let owner = |it: &Owner<'_>| match (it.name, it.email) {
            (Some(name), Some(email)) => format!("{} <{}>", escape_line(name), escape_line(email)),
            _ => "in no commit".to_owned(),
        };
        table("By account", &self.accounts, &account, shown, out)?;
        table(
            "By owner, the author of the commit that brought it",
            &self.owners,
            &owner,
            shown,
            out,
        )
    }
}

/// Adds up findings by whatever `whose` gives for each.
fn rows<'a, K: Ord + Copy>(
    findings: impl Iterator<Item = &'a Finding>,
    whose: impl Fn(&'a Finding) -> BTreeSet<K>,
) -> BTreeMap<K, Row<()>> {
    let mut targets: BTreeMap<K, BTreeSet<&str>> = BTreeMap::new();
    let mut rows: BTreeMap<K, Row<()>> = BTreeMap::new();
    for finding in findings {
        for who in whose(finding) {
            let row = rows.entry(who).or_default();
            row.credentials += 1;
            row.active += u64::from(finding.verification.status == Status::Active);
            *match finding.severity {
                Severity::Error => &mut row.errors,
                Severity::Warning => &mut row.warnings,
                Severity::Note => &mut row.notes,
            } += 1;
            let named = finding.occurrences.iter().filter_map(|it| it.origin.target.as_deref());
            targets.entry(who).or_default().extend(named);
        }
    }
    for (who, row) in &mut rows {
        row.targets = targets.get(who).map_or(0, |names| names.len() as u64);
    }
    rows
}

impl Default for Row<()> {
    fn default() -> Self {
        Self { who: (), credentials: 0, active: 0, errors: 0, warnings: 0, notes: 0, targets: 0 }
    }
}

fn sorted<K, N: Ord>(rows: BTreeMap<K, Row<()>>, name: impl Fn(K) -> N) -> Vec<Row<N>> {
    let mut rows: Vec<Row<N>> = rows
        .into_iter()
        .map(|(who, row)| Row {
            who: name(who),
            credentials: row.credentials,
            active: row.active,
            errors: row.errors,
            warnings: row.warnings,
            notes: row.notes,
            targets: row.targets,
        })
        .collect();
    rows.sort_by(|a, b| {
        let weight = |row: &Row<N>| (row.active, row.errors, row.warnings, row.notes);
        weight(b).cmp(&weight(a)).then_with(|| a.who.cmp(&b.who))
    });
    rows
}

fn table<K>(
    heading: &str,
    rows: &[Row<K>],
    name: &dyn Fn(&K) -> String,
    shown: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}:")?;
    for row in rows.iter().take(shown) {
        let kinds = [
            (row.active, "active", "active"),
            (row.errors, "error", "errors"),
            (row.warnings, "warning", "warnings"),
            (row.notes, "note", "notes"),
        ];
        let kinds = kinds.into_iter().filter(|(count, ..)| *count > 0);
        let kinds: Vec<String> =
            kinds.map(|(count, one, many)| counted(count, one, many)).collect();
        let credentials = counted(row.credentials, "credential", "credentials");
        let targets = counted(row.targets, "target", "targets");
        let name = name(&row.who);
        writeln!(out, "  {name}: {credentials} ({}) in {targets}", kinds.join(", "))?;
    }
    more(rows.len(), shown, "  ", out)
}
