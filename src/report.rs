//! Reports: what was found and what was scanned, one file a format.
//!
//! Takes finished findings and their coverage, gives bytes to any writer, worst finding first, as
//! a stream: memory does not grow with the number of findings. Every format shows secrets masked;
//! only those of [`Format::can_show_secrets`] can be told otherwise. Must not know where findings
//! come from, nor what becomes of the bytes.

mod csv;
mod escape;
mod github;
mod gitlab;
mod hook;
mod item;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod message;
mod problems;
mod sarif;
mod short;
mod summary;
mod text;
mod todo;
mod totals;
mod uri;
mod verdicts;
mod words;

use std::cmp::Reverse;
use std::io::{self, Write};

use crate::coverage::Coverage;
use crate::finding::{Credential, Finding, Occurrence, Status};
use crate::rules::RuleSet;
use crate::secret::Secret;

pub use crate::provenance::Provenance;
pub use escape::{Layout, write as write_json};
pub use hook::{Pushed, Setting, write_hook};
pub use summary::{Closing, amounts, write_coverage, write_total};
pub use verdicts::write_verdicts;

/// Digests of a user's pattern are left out for secrets under this length in bytes: a shorter one
/// can be guessed from its digest.
const SAFE_TO_DIGEST: usize = 16;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people: grouped by credential, coloured on a terminal.
    Text,
    /// One line a finding, as linters print them.
    Short,
    /// One JSON document.
    Json,
    /// A finding a line, the coverage last.
    Jsonl,
    /// SARIF 2.1.0, for code-scanning services.
    Sarif,
    /// GitLab's secret detection report.
    Gitlab,
    /// Workflow commands of GitHub Actions.
    Github,
    /// JUnit XML.
    Junit,
    /// A row a place, for spreadsheets.
    Csv,
    /// A table and what to do, for summaries of jobs, issues and chats.
    Markdown,
}

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: [Self; 10] = [
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
    ];

    /// The word by which a user asks for it.
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
        }
    }

    /// How names of files in this format end; the first format in [`Format::ALL`] with an ending
    /// is the one that it stands for.
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
        }
    }

    /// The format of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Whether [`Report::repository`] has a meaning here.
    pub fn names_repository(self) -> bool {
        matches!(self, Self::Sarif | Self::Gitlab)
    }

    /// Whether [`Report::show_secrets`] has a meaning here. The other formats are made to be
    /// uploaded, and stay masked whatever is asked.
    pub fn can_show_secrets(self) -> bool {
        matches!(self, Self::Text | Self::Json | Self::Jsonl)
    }
}

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Whether the text begins with the program's name and ends with its coverage. `false` for a
    /// caller who sends that elsewhere by [`write_coverage`].
    pub coverage: bool,
    /// Columns of the terminal, where there is one.
    pub width: Option<usize>,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, coverage: true, width: None }
    }
}

/// How much a report holds before it says "and more".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Places shown under a finding in text.
    pub places: usize,
    /// Lines of problems shown in text; without a limit each problem has its own.
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
    /// Everything is shown that may be.
    pub fn verbose() -> Self {
        let all = usize::MAX;
        Self { places: all, problems: all, rows: all, ..Self::default() }
    }
}

/// When a run began and ended, RFC 3339 in UTC, whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Its beginning.
    pub start: String,
    /// Its end.
    pub end: String,
}

/// All that a format may tell.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The findings to report, in any order. Settled ones are among them only when they were
    /// asked for.
    pub findings: &'a [Finding],
    /// What was scanned and what was not.
    pub coverage: &'a Coverage,
    /// The rules in force.
    pub rules: &'a RuleSet,
    /// The command that ran, such as `scan`.
    pub command: &'a str,
    /// How the service tells this analysis from others of the same commit; by the command unless
    /// it is given.
    pub category: Option<&'a str>,
    /// Whether secrets are shown in clear; see [`Format::can_show_secrets`].
    pub show_secrets: bool,
    /// Whether settled findings were asked for, and are therefore among the findings.
    pub include_suppressed: bool,
    /// Whether a baseline was compared with.
    pub baseline: bool,
    /// The repository that was scanned, if it is one.
    pub repository: Option<&'a Provenance>,
    /// The status with which the program is going to exit.
    pub exit: u8,
    /// When the run took place, for the one format whose service asks for it.
    pub times: Option<&'a Times>,
    /// Sizes.
    pub limits: Limits,
}

impl<'a> Report<'a> {
    /// The findings, worst first: see [`worst`]; then by first place.
    fn sorted(&self) -> Vec<&'a Finding> {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by(|a, b| {
            let first = |finding: &'a Finding| finding.occurrences.first().map(Occurrence::order);
            let by_place = || first(a).cmp(&first(b));
            worst(a)
                .cmp(&worst(b))
                .then_with(by_place)
                .then_with(|| a.fingerprint.cmp(&b.fingerprint))
        });
        findings
    }

    /// SHA-256 of a secret of `credential`, in hex; see [`SAFE_TO_DIGEST`].
    fn digest(&self, credential: &Credential, secret: Option<&Secret>) -> Option<String> {
        let rule = self.rules.get(credential.rule.as_str());
        let of_user = rule.is_some_and(|rule| rule.file.is_some());
        let secret = secret.filter(|secret| !of_user || secret.expose().len() >= SAFE_TO_DIGEST);
        secret.map(Secret::sha256_hex)
    }

    /// A rule's heading: its title, or its id where the rule set does not hold it.
    fn title(&self, finding: &'a Finding) -> &'a str {
        let id = finding.credential.rule.as_str();
        self.rules.get(id).map_or(id, |rule| rule.title.as_str())
    }
}

/// Orders by what is to be done first: what works comes before all, a trap after all, and what
/// stands at HEAD or in a folder before what history alone has.
fn worst(finding: &Finding) -> impl Ord + use<> {
    (
        finding.verification.status == Status::Canary,
        !finding.is_active(),
        Reverse(finding.severity),
        !finding.stands(),
        Reverse(finding.confidence),
    )
}

/// Writes `report` in one format. Fails only as `out` fails.
///
/// `out` is best buffered: formats write in small pieces.
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
    }?;
    out.flush()
}
