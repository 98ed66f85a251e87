//! Reports of findings and coverage, one file for each format.
//!
//! Takes finished findings and their coverage, and writes bytes, worst finding first, as a stream:
//! memory does not grow with the number of findings. Every format masks secrets, unless
//! [`Format::can_show_secrets`] and the user asked for them. A report knows neither where findings
//! come from nor where its bytes go.

mod csv;
mod diff;
mod escape;
mod exposure;
mod github;
mod gitlab;
mod headline;
mod hook;
mod html;
mod item;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod message;
pub mod place;
mod problems;
mod record;
mod sarif;
mod saved;
mod short;
mod summary;
mod text;
mod ticket;
mod todo;
mod totals;
mod uri;
mod verdicts;
mod view;
mod words;

use std::cmp::{Ordering, Reverse};
use std::io::{self, Write};

use crate::coverage::Coverage;
use crate::finding::{Finding, Occurrence, Status};
use crate::rules::RuleSet;

pub use crate::provenance::Provenance;
pub use csv::quoted as csv_cell;
pub use diff::{Changed, Diff, Kept, Side, Unscanned, part_of, write_diff};
pub use escape::{Layout, write as write_json};
pub use hook::{Pushed, Setting, write_hook};
pub use json::RunFacts;
pub use saved::{ReadError, Saved};
pub use summary::{Closing, amounts, write_coverage, write_total};
pub use text::holder;
pub use ticket::{done_steps, is_ticket, write_ticket};
pub use verdicts::write_verdicts;
pub use view::{Filtered, Group, View};

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people: grouped by credential, coloured on a terminal.
    Text,
    /// One line for each finding, like linters.
    Short,
    /// One JSON document.
    Json,
    /// One line for each finding, the coverage last.
    Jsonl,
    /// SARIF 2.1.0, for code-scanning services.
    Sarif,
    /// GitLab's secret detection report.
    Gitlab,
    /// Workflow commands of GitHub Actions.
    Github,
    /// JUnit XML.
    Junit,
    /// One row for each location, for spreadsheets.
    Csv,
    /// A table and the first steps, for summaries of jobs, issues and chats.
    Markdown,
    /// One page for a browser, which needs neither a network nor a script.
    Html,
}

impl Format {
    /// Every format, in the order of the help.
    pub const ALL: [Self; 11] = [
        Self::Text,
        Self::Short,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Gitlab,
        Self::Github,
        Self::Junit,
        Self::Csv,
        Self::Markdown,
        Self::Html,
    ];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Short => "short",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Gitlab => "gitlab",
            Self::Github => "github",
            Self::Junit => "junit",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// Endings of file names; an ending selects the first format in [`Format::ALL`] that has it.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Text | Self::Short | Self::Github => &["txt", "log", "out"],
            Self::Json => &["json"],
            Self::Jsonl => &["jsonl", "ndjson"],
            Self::Sarif => &["sarif", "sarif.json", "json"],
            Self::Gitlab => &["gitlab.json", "json"],
            Self::Junit => &["junit.xml", "xml"],
            Self::Csv => &["csv"],
            Self::Markdown => &["md", "markdown"],
            Self::Html => &["html", "htm"],
        }
    }

    /// Parses the name of a format.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// True if the format uses [`Report::repository`].
    pub fn names_repository(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Sarif | Self::Gitlab)
    }

    /// True if the format reads the places of a finding one after the other, so that it lists all of
    /// them however many there are; the others list those in memory.
    pub fn streams_places(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Sarif | Self::Csv)
    }

    /// The names of the formats that show groups, for messages.
    pub const GROUPED: &str = "text and markdown";

    /// True if the format shows [`View::groups`].
    pub fn can_group(self) -> bool {
        matches!(self, Self::Text | Self::Markdown)
    }

    /// The names of the formats of [`write_diff`], for messages.
    pub const COMPARED: &str = "text, json, markdown and html";

    /// True if [`write_diff`] writes the format.
    pub fn can_compare(self) -> bool {
        matches!(self, Self::Text | Self::Json | Self::Markdown | Self::Html)
    }

    /// True if the format uses [`Report::show_secrets`]. The other formats are made for uploads,
    /// and always mask.
    pub fn can_show_secrets(self) -> bool {
        matches!(self, Self::Text | Self::Json | Self::Jsonl)
    }
}

/// The style of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// The text begins with the program's name and ends with its coverage. `false` for a caller
    /// that writes these elsewhere with [`write_coverage`].
    pub coverage: bool,
    /// Columns of the terminal, if there is one.
    pub width: Option<usize>,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, coverage: true, width: None }
    }
}

/// The lengths of a report's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Locations under a finding in text.
    pub places: usize,
    /// Lines of problems in text; without a limit each problem has a line.
    pub problems: usize,
    /// Rows of each table of a sweep's summary.
    pub rows: usize,
    /// Results in SARIF; GitHub refuses a run of more than 25,000.
    pub results: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { places: 10, problems: 15, rows: 20, results: 25_000 }
    }
}

impl Limits {
    /// No limits, where a format allows that.
    pub fn verbose() -> Self {
        let all = usize::MAX;
        Self { places: all, problems: all, rows: all, ..Self::default() }
    }
}

/// The start and end of a run, RFC 3339 in UTC, whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The start.
    pub start: String,
    /// The end.
    pub end: String,
}

/// The content of a report.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The findings, in any order. Suppressed ones are included only if the user asked for them.
    pub findings: &'a [Finding],
    /// The ledger, as reports show it.
    pub coverage: &'a Coverage,
    /// The rules.
    pub rules: &'a RuleSet,
    /// The command that ran, such as `scan`.
    pub command: &'a str,
    /// The name of this analysis, which distinguishes it from others of the same commit; without
    /// one it is the command.
    pub category: Option<&'a str>,
    /// Secrets are shown in clear; see [`Format::can_show_secrets`].
    pub show_secrets: bool,
    /// The findings include suppressed ones.
    pub include_suppressed: bool,
    /// A baseline was applied.
    pub baseline: bool,
    /// The scanned repository, if it is one.
    pub repository: Option<&'a Provenance>,
    /// The exit status of the program.
    pub exit: u8,
    /// The times of the run, for GitLab, which requires them, and for the page.
    pub times: Option<&'a Times>,
    /// The lengths of lists.
    pub limits: Limits,
    /// The part of it that is shown.
    pub view: View<'a>,
}

impl<'a> Report<'a> {
    /// The findings, worst first (see [`worst`]), then by first occurrence.
    fn sorted(&self) -> Vec<&'a Finding> {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by(|a, b| order(a, b));
        findings
    }

    /// The title of a finding's rule, or its id if the rule set does not have it.
    fn title<'f>(&self, finding: &'f Finding) -> &'f str
    where
        'a: 'f,
    {
        let id = finding.credential.rule.as_str();
        self.rules.get(id).map_or(id, |rule| rule.title.as_str())
    }
}

/// Sorts findings as reports list them.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(order);
}

fn order(a: &Finding, b: &Finding) -> Ordering {
    let places = (a.occurrences.first(), b.occurrences.first());
    let by_place = || places.0.map(Occurrence::order).cmp(&places.1.map(Occurrence::order));
    worst(a).cmp(&worst(b)).then_with(by_place).then_with(|| a.fingerprint.cmp(&b.fingerprint))
}

/// Orders by what to deal with first: active keys before all others, canaries last, and findings at
/// HEAD or in a folder before those in history alone.
fn worst(finding: &Finding) -> impl Ord + use<> {
    (
        finding.verification.status == Status::Canary,
        !finding.is_active(),
        Reverse(finding.severity),
        !finding.is_present(),
        Reverse(finding.confidence),
    )
}

/// Writes `report` in one format. Buffer `out`: formats write in small pieces.
///
/// # Errors
///
/// An error of `out`.
pub fn write(
    format: Format,
    report: &Report<'_>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, style, out),
        Format::Short => short::write(report, out),
        Format::Json => json::write(report, out),
        Format::Jsonl => jsonl::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Gitlab => gitlab::write(report, out),
        Format::Github => github::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Csv => csv::write(report, out),
        Format::Markdown => markdown::write(report, out),
        Format::Html => html::write(report, out),
    }?;
    out.flush()
}
