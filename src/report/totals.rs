//! The findings of a sweep by repository, account, rule and owner.
//!
//! Active credentials come first, then those at HEAD or in a file, then those in history alone.
//! Canaries are counted separately. An owner is the author of a commit that added the credential; a
//! credential that several people committed counts for each of them. Suppressed findings are not
//! counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use super::summary::more;
use super::{Report, markdown};
use crate::finding::{Finding, Severity, Status};
use crate::text::escape_line;

/// All lists, the largest entries first.
#[derive(Debug, Serialize)]
pub(super) struct Totals<'a> {
    repositories: Vec<Row<Repository<'a>>>,
    accounts: Vec<Row<Account<'a>>>,
    rules: Vec<Row<RuleName<'a>>>,
    owners: Vec<Row<Owner<'a>>>,
}

/// A target of the sweep.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Repository<'a> {
    target: Option<&'a str>,
}

/// An account; `None` if neither the id nor STS shows it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Account<'a> {
    account_id: Option<&'a str>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct RuleName<'a> {
    rule: &'a str,
}

/// An author by mail address; `None` for what no commit contains.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Owner<'a> {
    email: Option<&'a str>,
    name: Option<&'a str>,
}

/// The counts of one entry.
#[derive(Debug, Serialize)]
struct Row<K> {
    #[serde(flatten)]
    who: K,
    #[serde(flatten)]
    sums: Sums,
}

/// Numbers of credentials; canaries do not count as such.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Sums {
    credentials: u64,
    active: u64,
    /// Credentials at HEAD, in an index or in a file that are not active.
    at_head: u64,
    /// All other credentials that are not active.
    in_history: u64,
    errors: u64,
    warnings: u64,
    notes: u64,
    canaries: u64,
    /// The number of targets.
    targets: u64,
}

impl<'a> Totals<'a> {
    /// The totals of a sweep; `None` for other commands.
    pub(super) fn new(report: &Report<'a>) -> Option<Self> {
        if report.coverage.targets.is_empty() {
            return None;
        }
        let open = || report.findings.iter().filter(|finding| finding.suppressed.is_none());
        let repositories = sums(open(), Finding::targets);
        let accounts = sums(open(), |finding| {
            let verified = finding.verification.account.as_deref();
            BTreeSet::from([verified.or(finding.credential.account.as_deref())])
        });
        let rules = sums(open(), |finding| BTreeSet::from([finding.credential.rule.as_str()]));
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for (email, author) in open().flat_map(Finding::authors) {
            let name = names.entry(email).or_insert(author);
            *name = (*name).min(author);
        }
        let owners = sums(open(), |finding| {
            // It is unknown who left a copy uncommitted, but known who committed it.
            let known: BTreeSet<Option<&str>> =
                finding.authors().into_iter().map(|(email, _)| Some(email)).collect();
            if known.is_empty() { BTreeSet::from([None]) } else { known }
        });
        let owner = |email: Option<&'a str>| Owner {
            email,
            name: email.and_then(|email| names.get(email).copied()),
        };
        Some(Self {
            repositories: sorted(repositories, |target| Repository { target }),
            accounts: sorted(accounts, |account_id| Account { account_id }),
            rules: sorted(rules, |rule| RuleName { rule }),
            owners: sorted(owners, owner),
        })
    }

    /// Each list with its heading.
    pub(super) fn tables(&self) -> [(&'static str, Vec<(String, Sums)>); 4] {
        let unknown = |name: Option<&str>| name.map_or("unknown".into(), escape_line);
        let owner = |it: &Owner<'_>| match (it.name, it.email) {
            (Some(name), Some(email)) => format!("{} <{}>", escape_line(name), escape_line(email)),
            _ => "in no commit".to_owned(),
        };
        [
            ("By repository", named(&self.repositories, |it| unknown(it.target))),
            ("By account", named(&self.accounts, |it| unknown(it.account_id))),
            ("By rule", named(&self.rules, |it| escape_line(it.rule))),
            ("By owner, the author of the commit that added it", named(&self.owners, owner)),
        ]
    }

    /// Writes the first `shown` entries of all lists as text.
    pub(super) fn write(&self, shown: usize, out: &mut dyn Write) -> io::Result<()> {
        for (at, (heading, rows)) in self.tables().into_iter().enumerate() {
            if rows.is_empty() {
                continue;
            }
            let blank = if at > 0 { "\n" } else { "" };
            writeln!(out, "{blank}{heading}:\n  active  at HEAD  history  canaries")?;
            for (name, sums) in rows.iter().take(shown) {
                let [active, at_head, history, canaries] = sums.columns();
                writeln!(out, "  {active:>6}  {at_head:>7}  {history:>7}  {canaries:>8}  {name}")?;
            }
            more(rows.len(), shown, "  ", out)?;
        }
        Ok(())
    }

    /// Writes them as Markdown tables.
    pub(super) fn write_markdown(&self, shown: usize, out: &mut dyn Write) -> io::Result<()> {
        for (heading, rows) in self.tables() {
            if rows.is_empty() {
                continue;
            }
            writeln!(out, "| {heading} | active | at HEAD | history | canaries |")?;
            writeln!(out, "|---|---|---|---|---|")?;
            for (name, sums) in rows.iter().take(shown) {
                let [active, at_head, history, canaries] = sums.columns();
                let name = markdown::cell(name);
                writeln!(out, "| {name} | {active} | {at_head} | {history} | {canaries} |")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

impl Sums {
    /// The cells of a row; zero is a dash, so that other numbers are easy to see.
    pub(super) fn columns(&self) -> [String; 4] {
        [self.active, self.at_head, self.in_history, self.canaries]
            .map(|count| if count > 0 { count.to_string() } else { "-".to_owned() })
    }

    fn add(&mut self, finding: &Finding) {
        if finding.verification.status == Status::Canary {
            self.canaries += 1;
            return;
        }
        self.credentials += 1;
        *match (finding.is_active(), finding.is_present()) {
            (true, _) => &mut self.active,
            (false, true) => &mut self.at_head,
            (false, false) => &mut self.in_history,
        } += 1;
        *match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Note => &mut self.notes,
        } += 1;
    }
}

/// Adds up findings by the keys that `whose` gives for each.
fn sums<'a, K: Ord + Copy>(
    findings: impl Iterator<Item = &'a Finding>,
    whose: impl Fn(&'a Finding) -> BTreeSet<K>,
) -> BTreeMap<K, Sums> {
    let mut targets: BTreeMap<K, BTreeSet<&str>> = BTreeMap::new();
    let mut all: BTreeMap<K, Sums> = BTreeMap::new();
    for finding in findings {
        for who in whose(finding) {
            all.entry(who).or_default().add(finding);
            targets.entry(who).or_default().extend(finding.targets().into_iter().flatten());
        }
    }
    for (who, sums) in &mut all {
        sums.targets = targets.get(who).map_or(0, |names| names.len() as u64);
    }
    all
}

fn sorted<K, N: Ord>(all: BTreeMap<K, Sums>, name: impl Fn(K) -> N) -> Vec<Row<N>> {
    let mut rows: Vec<Row<N>> =
        all.into_iter().map(|(who, sums)| Row { who: name(who), sums }).collect();
    rows.sort_by(|a, b| {
        let weight = |Row { sums, .. }: &Row<N>| {
            (sums.active, sums.at_head, sums.errors, sums.warnings, sums.notes, sums.canaries)
        };
        weight(b).cmp(&weight(a)).then_with(|| a.who.cmp(&b.who))
    });
    rows
}

fn named<K>(rows: &[Row<K>], name: impl Fn(&K) -> String) -> Vec<(String, Sums)> {
    rows.iter().map(|row| (name(&row.who), row.sums)).collect()
}
