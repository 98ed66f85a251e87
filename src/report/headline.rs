//! The first sentence of a report for people: what is live and must be done now, and whether the
//! scan was complete.

use super::summary::counted;
use super::{Report, text};
use crate::finding::{Finding, Status};

/// The urgency of a report, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// A key works.
    Active,
    /// There are credentials, and none is known to work.
    Open,
    /// Nothing was found in what could be read.
    Incomplete,
    /// Only findings that need no action.
    Settled,
    /// Nothing was found, and everything was read.
    Clean,
}

impl Level {
    /// Its name in the page.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Open => "open",
            Self::Incomplete => "incomplete",
            Self::Settled => "settled",
            Self::Clean => "clean",
        }
    }
}

/// The first sentences of a report.
pub(super) struct Headline<'a> {
    pub(super) level: Level,
    /// The result of the scan, and the first step.
    pub(super) sentence: String,
    /// A sentence that says if everything was read.
    pub(super) completeness: String,
    /// The finding to begin with.
    pub(super) first: Option<&'a Finding>,
}

/// True if a finding needs no action: it is suppressed, or a canary.
pub(super) fn is_settled(finding: &Finding) -> bool {
    finding.suppressed.is_some() || finding.verification.status == Status::Canary
}

pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

impl<'a> Headline<'a> {
    /// The headline for findings in the order of [`Report::sorted`].
    /// `name` makes the name of a key safe for the format.
    pub(super) fn new(
        report: &Report<'_>,
        sorted: &[&'a Finding],
        name: fn(&str) -> String,
    ) -> Self {
        let open: Vec<&Finding> = sorted.iter().copied().filter(|it| !is_settled(it)).collect();
        let complete = report.coverage.complete;
        let (level, sentence) = match open.first() {
            Some(first) if first.is_active() => (Level::Active, active(first, &open, name)),
            Some(first) => (Level::Open, unproven(first, &open, name)),
            None if !complete => {
                let found = if sorted.is_empty() { "Nothing was found" } else { "Nothing to do" };
                (
                    Level::Incomplete,
                    format!("{found} in what could be read, but not everything could be read."),
                )
            }
            None if sorted.is_empty() => (Level::Clean, "Nothing was found.".to_owned()),
            None => (Level::Settled, settled(sorted)),
        };
        // A report must not look clean because of a filter.
        let (level, sentence) = match report.view.filter {
            Some(filter) if level == Level::Clean && filter.hidden > 0 => {
                (Level::Incomplete, format!("{} No finding passes it.", filter.sentence(name)))
            }
            Some(filter) => (level, format!("{} {sentence}", filter.sentence(name))),
            None => (level, sentence),
        };
        let first = open.first().copied();
        Self { level, sentence, completeness: completeness(report), first }
    }
}

fn active(first: &Finding, open: &[&Finding], name: fn(&str) -> String) -> String {
    let count = open.iter().filter(|finding| finding.is_active()).count() as u64;
    let name = name(&text::name(&first.credential));
    match count {
        1 => format!("1 key works right now: deactivate {name}."),
        _ => format!("{count} keys work right now: deactivate them, {name} first."),
    }
}

fn unproven(first: &Finding, open: &[&Finding], named: fn(&str) -> String) -> String {
    let count = open.len() as u64;
    let is_dead = |finding: &&&Finding| {
        matches!(finding.verification.status, Status::Inactive | Status::Expired)
    };
    let dead = open.iter().filter(is_dead).count() as u64;
    let is_whole = |finding: &&&Finding| {
        finding.credential.key_id.is_some() && finding.credential.secret.is_some()
    };
    let whole = open.iter().filter(is_whole).count() as u64;
    let other = open.iter().filter(|finding| !finding.credential.is_of_aws()).count() as u64;
    let mut found = counted(count, "credential was found", "credentials were found");
    // A token is a whole credential.
    if other > 0 && other < count {
        found.push_str(&format!(", {other} of them of other providers than AWS"));
    } else if count > 1 && whole < count && other == 0 {
        // An id alone gives no access, so the number of all says too much.
        found.push_str(&match whole {
            0 => ", no key id with its secret".to_owned(),
            1 => ", 1 of them a key id with its secret".to_owned(),
            _ => format!(", {whole} of them a key id with its secret"),
        });
    }
    let name = text::name(&first.credential);
    let begin = if name.is_empty() { name } else { format!(" Begin with {}.", named(&name)) };
    let was_asked = open.iter().any(|it| it.verification.status != Status::NotChecked);
    match (count - dead, dead) {
        (0, 1) => format!("{found}. It no longer works: find out what it was used for."),
        (0, _) => {
            format!("{found}. None of them works any more: find out what they were used for.")
        }
        (1, 0) if was_asked => {
            format!("{found}. Whether it works could not be proved: treat it as live.{begin}")
        }
        (1, 0) => format!("{found}. Nobody checked whether it works: treat it as live.{begin}"),
        (_, 0) if was_asked => {
            format!("{found}. Which of them work could not be proved: treat them as live.{begin}")
        }
        (_, 0) => {
            format!("{found}. Nobody checked which of them work: treat them as live.{begin}")
        }
        (open, dead) => {
            let others = if open == 1 { "the other one" } else { "the others" };
            let verb = if dead == 1 { "works" } else { "work" };
            format!("{found}; {dead} no longer {verb}. Treat {others} as live.{begin}")
        }
    }
}

fn settled(sorted: &[&Finding]) -> String {
    let canaries = sorted.iter().filter(|it| it.verification.status == Status::Canary).count();
    let suppressed = sorted.iter().filter(|it| it.suppressed.is_some()).count();
    let mut parts = Vec::new();
    if suppressed > 0 {
        parts.push(counted(suppressed as u64, "suppressed finding", "suppressed findings"));
    }
    if canaries > 0 {
        parts.push(counted(canaries as u64, "canary", "canaries"));
    }
    format!("Nothing to do: only {}.", parts.join(" and "))
}

fn completeness(report: &Report<'_>) -> String {
    let coverage = report.coverage;
    if coverage.complete {
        return "The scan was complete: everything that was asked for was read.".to_owned();
    }
    let problems = coverage.problems.len() as u64;
    let parts = match problems {
        0 => "Parts of what was asked for".to_owned(),
        _ => counted(problems, "part of what was asked for", "parts of what was asked for"),
    };
    format!("The scan was not complete: {parts} could not be read, and may hold more keys.")
}
