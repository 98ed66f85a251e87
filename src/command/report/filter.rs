//! `--only` and `--not`: a part of the findings of a report.
//!
//! Conditions on a finding (rule, severity, verdict, account) keep or hide it as a whole, those on
//! a place (repository, path, author, owner, since) its places; a finding without a place left is
//! hidden. Several values of one field are alternatives, several fields must all hold.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::group::account;
use super::nearest::{did_you_mean, nearest};
use super::owner;
use crate::finding::{Finding, GitOrigin, Occurrence, Severity, Status};
use crate::report::{Filtered, Saved};
use crate::source::files::Globs;
use crate::text::escape_line;

/// The fields, in the order of the help.
pub const FIELDS: [&str; 9] =
    ["rule", "severity", "verdict", "repository", "account", "path", "author", "owner", "since"];

/// A condition that can't be understood.
#[derive(Debug, thiserror::Error)]
#[error("{option} {expression}: {why}")]
pub struct FilterError {
    option: &'static str,
    expression: String,
    why: String,
}

/// The values of a field that match.
#[derive(Debug)]
enum Condition {
    Rule(String),
    Severity(Severity),
    Verdict(Status),
    Account(String),
    Repository(String),
    Path(Globs),
    Author(String),
    Owner(String),
    /// A place without a date, such as a file that no commit contains, is later than any day.
    Since(Date),
}

/// A filter.
#[derive(Debug, Default)]
pub struct Filter {
    only: BTreeMap<&'static str, Vec<Condition>>,
    not: Vec<Condition>,
    by: Vec<String>,
    /// Remarks on values that nothing has.
    pub remarks: Vec<String>,
}

impl Filter {
    /// Reads the values of `--only` and `--not`; names must be those of the report.
    ///
    /// # Errors
    ///
    /// If a field or a value is unknown.
    pub fn new(only: &[String], not: &[String], saved: &Saved) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for (option, expressions) in [("--only", only), ("--not", not)] {
            for expression in expressions {
                let fault = |why| FilterError { option, expression: escape_line(expression), why };
                let (field, condition) = read(expression, saved).map_err(fault)?;
                filter.remark(option, expression, &condition, saved);
                match option {
                    "--only" => filter.only.entry(field).or_default().push(condition),
                    _ => filter.not.push(condition),
                }
                filter.by.push(format!("{option} {expression}"));
            }
        }
        Ok(filter)
    }

    /// Hides findings and places, and records that in the report.
    pub fn apply(&self, saved: &mut Saved) {
        if self.by.is_empty() {
            return;
        }
        let before = saved.findings.len();
        let mut places = 0;
        saved.findings.retain_mut(|finding| {
            let all = finding.occurrences.len();
            if !self.keeps(finding) {
                return false;
            }
            let shown = |place: &Occurrence| self.shows(place);
            finding.occurrences.retain(shown);
            let remaining = finding.occurrences.len();
            places += if remaining > 0 { (all - remaining) as u64 } else { 0 };
            remaining > 0
        });
        let hidden = (before - saved.findings.len()) as u64;
        self.record(&mut saved.filter, hidden, places);
    }

    /// True if a finding, or a part of its places, is kept.
    pub(super) fn passes(&self, finding: &Finding) -> bool {
        self.keeps(finding) && finding.occurrences.iter().any(|place| self.shows(place))
    }

    /// Adds what this filter hid.
    pub(super) fn record(&self, filtered: &mut Option<Filtered>, hidden: u64, places: u64) {
        if !self.by.is_empty() {
            let filter = filtered.get_or_insert_with(Filtered::default);
            filter.by.extend(self.by.iter().cloned());
            filter.hidden = filter.hidden.saturating_add(hidden);
            filter.places = filter.places.saturating_add(places);
        }
    }

    /// True if the finding as a whole is kept.
    fn keeps(&self, finding: &Finding) -> bool {
        let only = self.only.values().filter(|any| any.iter().all(Condition::is_of_finding));
        only.into_iter().all(|any| any.iter().any(|one| one.holds_for(finding)))
            && !self.not.iter().any(|one| one.is_of_finding() && one.holds_for(finding))
    }

    /// True if a place is kept.
    fn shows(&self, place: &Occurrence) -> bool {
        let only = self.only.values().filter(|any| !any.iter().all(Condition::is_of_finding));
        only.into_iter().all(|any| any.iter().any(|one| one.holds_at(place)))
            && !self.not.iter().any(|one| !one.is_of_finding() && one.holds_at(place))
    }

    /// A value that no finding has may be right, because the keys are gone, or mistyped.
    fn remark(&mut self, option: &str, expression: &str, condition: &Condition, saved: &Saved) {
        let places = || saved.findings.iter().flat_map(|finding| &finding.occurrences);
        let known: BTreeSet<String> = match condition {
            Condition::Author(_) => places().flat_map(authors).collect(),
            Condition::Owner(_) => places().flat_map(owner::owners).collect(),
            _ => return,
        };
        if !places().any(|place| condition.holds_at(place)) {
            let value = expression.split_once('=').map_or(expression, |(_, value)| value);
            // A person may be named by the name, the address, or both.
            let parts = known.iter().flat_map(|person| {
                let parts = person.strip_suffix('>').and_then(|person| person.rsplit_once(" <"));
                let parts = parts.map(|(name, address)| [name, address]);
                std::iter::once(person.as_str()).chain(parts.into_iter().flatten())
            });
            let meant = nearest(value, parts);
            let meant = meant.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
            self.remarks.push(format!("{option} {expression}: no finding has it{meant}"));
        }
    }
}

fn read(expression: &str, saved: &Saved) -> Result<(&'static str, Condition), String> {
    let Some((name, value)) = expression.split_once('=') else {
        return Err(format!("FIELD=VALUE is expected, FIELD being one of {}", FIELDS.join(", ")));
    };
    let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
        let meant = did_you_mean(name, FIELDS);
        return Err(format!("there is no field '{name}' (there are {}){meant}", FIELDS.join(", ")));
    };
    if value.is_empty() {
        return Err(format!("the value of {field} is missing"));
    }
    Ok((field, condition(field, value, saved)?))
}

fn condition(field: &str, value: &str, saved: &Saved) -> Result<Condition, String> {
    let unknown = |what: &str, known: &[&str]| {
        let meant = did_you_mean(value, known.iter().copied());
        format!("there is no {what} '{value}'{meant}")
    };
    match field {
        "rule" => {
            let rules: Vec<&str> = saved.rules.rules.iter().map(|rule| rule.id.as_str()).collect();
            let of_findings = saved.findings.iter().map(|it| it.credential.rule.as_str());
            let rules: Vec<&str> = rules.into_iter().chain(of_findings).collect();
            let is_known = rules.contains(&value);
            is_known
                .then(|| Condition::Rule(value.to_owned()))
                .ok_or_else(|| unknown("rule", &rules))
        }
        "severity" => {
            let all = [Severity::Note, Severity::Warning, Severity::Error];
            let names = all.map(Severity::as_str);
            let found = all.into_iter().find(|one| one.as_str() == value);
            let listed =
                || format!("{} (there are {})", unknown("severity", &names), names.join(", "));
            found.map(Condition::Severity).ok_or_else(listed)
        }
        "verdict" => {
            let names = Status::ALL.map(Status::as_str);
            let found = Status::ALL.into_iter().find(|one| one.as_str() == value);
            let listed =
                || format!("{} (there are {})", unknown("verdict", &names), names.join(", "));
            found.map(Condition::Verdict).ok_or_else(listed)
        }
        "account" => named_account(value, saved),
        "repository" => {
            let names: Vec<&str> =
                saved.coverage.targets.iter().map(|target| target.name.as_str()).collect();
            if names.is_empty() {
                return Err("the report is not of a sweep, so its places have no repository".into());
            }
            let holders = saved.findings.iter().flat_map(|finding| &finding.occurrences);
            let mut holders = holders.filter_map(|place| place.origin.target.as_deref());
            let is_known = names.contains(&value) || holders.any(|name| name == value);
            let known = is_known.then(|| Condition::Repository(value.to_owned()));
            known.ok_or_else(|| unknown("repository", &names))
        }
        "path" => Globs::new(&[], &[value.to_owned()])
            .map(Condition::Path)
            .map_err(|error| error.to_string()),
        "author" => Ok(Condition::Author(value.to_owned())),
        "owner" => Ok(Condition::Owner(value.to_owned())),
        _ => value
            .parse()
            .map(Condition::Since)
            .map_err(|_| "a day is written as YYYY-MM-DD, such as 2026-01-31".to_owned()),
    }
}

/// An account by its number or by its name in `--accounts`.
fn named_account(value: &str, saved: &Saved) -> Result<Condition, String> {
    if value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Condition::Account(value.to_owned()));
    }
    let named: Vec<&String> =
        saved.accounts.iter().filter(|(_, name)| *name == value).map(|(id, _)| id).collect();
    match named.as_slice() {
        [only] => Ok(Condition::Account((*only).clone())),
        [] => {
            let meant = did_you_mean(value, saved.accounts.values().map(String::as_str));
            Err(format!("an account is 12 digits, or a name in the file of --accounts{meant}"))
        }
        several => {
            let several: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            Err(format!("several accounts have that name: {}", several.join(", ")))
        }
    }
}

impl Condition {
    /// True if the condition is on the finding, not on a place.
    fn is_of_finding(&self) -> bool {
        matches!(self, Self::Rule(_) | Self::Severity(_) | Self::Verdict(_) | Self::Account(_))
    }

    fn holds_for(&self, finding: &Finding) -> bool {
        match self {
            Self::Rule(rule) => finding.credential.rule.as_str() == rule,
            Self::Severity(severity) => finding.severity == *severity,
            Self::Verdict(status) => finding.verification.status == *status,
            Self::Account(id) => account(finding) == Some(id),
            _ => false,
        }
    }

    fn holds_at(&self, place: &Occurrence) -> bool {
        let origin = &place.origin;
        match self {
            Self::Repository(name) => origin.target.as_deref() == Some(name),
            Self::Path(globs) => {
                origin.path.as_deref().is_some_and(|path| globs.excludes_bytes(path))
            }
            Self::Author(name) => authors(place).iter().any(|author| is_person(author, name)),
            Self::Owner(name) => owner::owners(place).iter().any(|owner| is_person(owner, name)),
            Self::Since(day) => introduced(place).is_none_or(|date| date >= *day),
            _ => false,
        }
    }
}

/// The author of a place as `Name <address>`.
fn authors(place: &Occurrence) -> Option<String> {
    let author = place.origin.git.as_ref()?.author.as_ref()?;
    Some(format!("{} <{}>", author.name, author.email))
}

/// True if a value is a person's name, address, or both; a code owner has only one name. Case does
/// not matter in any of them.
fn is_person(person: &str, value: &str) -> bool {
    let same = |text: &str| text.to_lowercase() == value.to_lowercase();
    let parts = person.strip_suffix('>').and_then(|person| person.rsplit_once(" <"));
    same(person) || parts.is_some_and(|(name, address)| same(name) || same(address))
}

/// The day on which the credential came to a place.
pub(super) fn introduced(place: &Occurrence) -> Option<Date> {
    let GitOrigin { committer, author, .. } = place.origin.git.as_ref()?;
    // A date that is empty or of another calendar is not known.
    let date = |person: &crate::finding::Person| person.date.get(..10)?.parse().ok();
    committer.as_ref().and_then(date).or_else(|| author.as_ref().and_then(date))
}
