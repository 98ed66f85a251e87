//! `--format json`: one document. Its keys and their order are stable (schema 2).
//!
//! `remedies` has the steps once; a finding names its remedy and the values of the variables in it.
//! Each location of a finding is one line. [`super::saved`] reads the document again.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Deserialize, Serialize, Serializer};

use super::Report;
use super::escape::{self, Layout};
use super::record::{OccurrenceRecord, Record};
use super::totals::Totals;
use super::view::Filtered;
use crate::coverage::Coverage;
use crate::finding::{Confidence, Finding, RuleId, Severity};
use crate::provenance::Provenance;
use crate::remedy::{self, Remedies};
use crate::rules::{Author, Method, Pack, Revocation, Rule};

/// Version of the document; it changes when a key changes its meaning.
pub(super) const SCHEMA: u32 = 2;

/// Depth of a finding's own fields; deeper values, such as a location, are one line.
const FIELDS: usize = 4;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document { findings: Some(Findings(report)), ..Document::new(report) };
    escape::write(&document, Layout::Outline(FIELDS), out)
}

/// The document; the last line of `jsonl` is the same without findings.
#[derive(Serialize, Deserialize)]
pub(super) struct Document<'a, F> {
    pub(super) schema: u32,
    pub(super) tool: Tool,
    #[serde(default)]
    pub(super) command: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "RunFacts::is_usual")]
    pub(super) run: RunFacts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) filter: Option<Cow<'a, Filtered>>,
    #[serde(default = "nothing", skip_serializing_if = "Option::is_none")]
    pub(super) findings: Option<F>,
    /// In the last line of `jsonl`: how many lines with a finding come before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) finding_count: Option<u64>,
    #[serde(skip_deserializing)]
    remedies: Remedies,
    /// The rules of the user: their texts belong to the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rules: Vec<RuleRecord>,
    /// Only in a sweep.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    summary: Option<Totals<'a>>,
    pub(super) coverage: Cow<'a, Coverage>,
}

fn nothing<F>() -> Option<F> {
    None
}

impl<'a, F> Document<'a, F> {
    /// The document without findings.
    pub(super) fn new(report: &Report<'a>) -> Self {
        let own = report.rules.rules.iter().filter(|rule| rule.file.is_some());
        Self {
            schema: SCHEMA,
            tool: Tool::default(),
            command: Cow::Borrowed(report.command),
            run: RunFacts::new(report),
            filter: report.view.filter.map(Cow::Borrowed),
            findings: None,
            finding_count: None,
            remedies: remedy::remedies(report.findings, report.rules),
            rules: own.map(RuleRecord::from).collect(),
            summary: Totals::new(report),
            coverage: Cow::Borrowed(report.coverage),
        }
    }
}

/// The program that wrote the report.
#[derive(Serialize, Deserialize)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) version: String,
}

impl Default for Tool {
    fn default() -> Self {
        Self { name: "keysweep".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// Facts about the run that other formats show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFacts {
    /// See [`Report::category`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// See [`Report::baseline`].
    #[serde(skip_serializing_if = "is_false")]
    pub baseline: bool,
    /// See [`Report::include_suppressed`].
    #[serde(skip_serializing_if = "is_false")]
    pub include_suppressed: bool,
    /// A signal ended the run.
    #[serde(skip_serializing_if = "is_false")]
    pub interrupted: bool,
    /// See [`Report::repository`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Provenance>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The exit status of an interrupted run.
const INTERRUPTED: u8 = 130;

impl RunFacts {
    fn new(report: &Report<'_>) -> Self {
        Self {
            category: report.category.map(str::to_owned),
            baseline: report.baseline,
            include_suppressed: report.include_suppressed,
            interrupted: report.exit == INTERRUPTED,
            repository: report.repository.cloned(),
        }
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// A rule of the user, as far as reports show it.
#[derive(Serialize, Deserialize)]
pub(super) struct RuleRecord {
    id: RuleId,
    title: String,
    description: String,
    severity: Severity,
    confidence: Confidence,
    remedy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl From<&Rule> for RuleRecord {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id.clone(),
            title: rule.title.clone(),
            description: rule.description.clone(),
            severity: rule.severity,
            confidence: rule.confidence,
            remedy: rule.remedy.clone(),
            page: rule.revocation.page.clone(),
        }
    }
}

impl From<RuleRecord> for Rule {
    /// A rule that finds nothing.
    fn from(rule: RuleRecord) -> Self {
        Self {
            id: rule.id,
            title: rule.title,
            description: rule.description,
            severity: rule.severity,
            confidence: rule.confidence,
            method: Method::Shape,
            anchors: Vec::new(),
            shape: None,
            labels: Vec::new(),
            reader: None,
            remedy: rule.remedy,
            revocation: Revocation { page: rule.page, command: None },
            pack: Pack::Custom,
            own_pack: None,
            file: Some("report".into()),
            author: Author::User,
        }
    }
}

/// The findings as a sequence that holds one element at a time.
struct Findings<'a>(&'a Report<'a>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.sorted().into_iter().map(|finding| entry(self.0, finding)))
    }
}

/// A finding that is written place by place.
pub(super) fn entry<'a>(report: &Report<'a>, finding: &'a Finding) -> Record<Places<'a>> {
    Record::new(report, finding, Places(finding))
}

/// The places of a finding as a sequence that holds one element at a time.
pub(super) struct Places<'a>(&'a Finding);

impl Serialize for Places<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut places = serializer.serialize_seq(None)?;
        for place in self.0.places() {
            let place = place.map_err(S::Error::custom)?;
            places.serialize_element(&OccurrenceRecord::new(&place, self.0.confidence))?;
        }
        places.end()
    }
}
