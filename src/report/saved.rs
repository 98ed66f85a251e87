//! Earlier reports: JSON, JSON lines and SARIF of keysweep, recognised by their content.
//!
//! JSON and JSON lines have all that a report shows; SARIF has less (`docs/reports.md`). No secret
//! is read, even if the report has some in clear. The author of the file is not trusted: everything
//! that formats rely on is checked here.

mod sarif;

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;

use super::json::{Document, RunFacts, SCHEMA};
use super::record::{OccurrenceRecord, Record};
use super::summary::counted;
use super::view::Filtered;
use crate::coverage::Coverage;
use crate::finding::Finding;
use crate::provenance::Provenance;
use crate::rules::{Rule, RuleSet};
use crate::text::escape_line;

/// An earlier report.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// The findings.
    pub findings: Vec<Finding>,
    /// Its coverage.
    pub coverage: Coverage,
    /// The rules: the built-in ones, and those of the user in the report.
    pub rules: RuleSet,
    /// The command that ran.
    pub command: String,
    /// Facts about the run.
    pub run: RunFacts,
    /// The filter that already was applied.
    pub filter: Option<Filtered>,
    /// Names of accounts.
    pub accounts: BTreeMap<String, String>,
}

/// The reason why a file is not a report that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is nothing in it.
    #[error("it is empty: name a report written with --format json, jsonl or sarif")]
    Empty,
    /// It is compressed.
    #[error("it is compressed: unpack it first, for example with gunzip")]
    Compressed,
    /// It is not JSON.
    #[error("it is not JSON: {0}; name a report written with --format json, jsonl or sarif")]
    NotJson(String),
    /// It ends in the middle.
    #[error("it is not complete: {0}; write the report again")]
    Truncated(String),
    /// JSON of another kind.
    #[error("it is not a report of keysweep: name one written with --format json, jsonl or sarif")]
    Foreign,
    /// A report of a newer version.
    #[error("its schema is {0}, and this version reads {SCHEMA} and older: use a newer keysweep")]
    Newer(u64),
    /// A field is missing or has a wrong value.
    #[error("{0}; write the report again")]
    Damaged(String),
}

/// The parts of a JSON value that show what it is.
#[derive(Deserialize)]
struct Probe {
    schema: Option<Value>,
    tool: Option<Value>,
    #[serde(default)]
    findings: Findings,
    finding_count: Option<IgnoredAny>,
    remedies: Option<Value>,
    fingerprint: Option<IgnoredAny>,
    runs: Option<IgnoredAny>,
    coverage: Option<IgnoredAny>,
}

/// The value of `findings` in a document.
#[derive(Default, PartialEq, Eq)]
enum Findings {
    #[default]
    Absent,
    Null,
    Present,
}

impl<'de> Deserialize<'de> for Findings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<IgnoredAny>::deserialize(deserializer)?;
        Ok(value.map_or(Self::Null, |_| Self::Present))
    }
}

impl Probe {
    /// True if the first value of a file is the last line of JSON lines without findings.
    ///
    /// The last line of older versions has no `finding_count`. One with remedies had findings.
    fn is_last(&self, is_one_line: bool) -> bool {
        let has_steps = || match &self.remedies {
            Some(Value::Object(steps)) => !steps.is_empty(),
            Some(Value::Array(steps)) => !steps.is_empty(),
            _ => false,
        };
        self.coverage.is_some()
            && self.is_ours()
            && self.findings == Findings::Absent
            && is_one_line
            && (self.finding_count.is_some() || !has_steps())
    }

    fn is_ours(&self) -> bool {
        self.tool.as_ref().is_some_and(|tool| tool["name"] == "keysweep")
    }

    fn check_schema(&self) -> Result<(), ReadError> {
        match self.schema.as_ref().map(Value::as_u64) {
            Some(Some(1..)) if self.number() > u64::from(SCHEMA) => {
                Err(ReadError::Newer(self.number()))
            }
            Some(Some(1..)) => Ok(()),
            _ => Err(ReadError::Damaged("`schema` is not a version".to_owned())),
        }
    }

    fn number(&self) -> u64 {
        self.schema.as_ref().and_then(Value::as_u64).unwrap_or_default()
    }
}

impl Saved {
    /// Reads a report.
    ///
    /// # Errors
    ///
    /// If it is not a report in JSON, JSON lines or SARIF that keysweep wrote, or is damaged.
    pub fn read(text: &[u8]) -> Result<Self, ReadError> {
        let mut saved = Self::parse(text)?;
        saved.escape();
        Ok(saved)
    }

    /// Escapes the texts that a scan escapes when it records them, so that formats show them as
    /// they are. What a scan wrote stays the same.
    fn escape(&mut self) {
        let escape = |text: &mut String| *text = escape_line(text);
        self.coverage.redact(&escape);
        self.coverage.problems.iter_mut().for_each(|problem| escape(&mut problem.what));
        self.coverage.scanned.iter_mut().for_each(|target| escape(&mut target.what));
        let forms = std::mem::take(&mut self.coverage.left_out.not_opened);
        let forms = forms.into_iter().map(|(form, count)| (escape_line(&form), count));
        self.coverage.left_out.not_opened = forms.collect();
        escape(&mut self.command);
        self.run.category.iter_mut().for_each(escape);
        if let Some(Provenance { revision, branch, .. }) = &mut self.run.repository {
            revision.iter_mut().chain(branch).for_each(escape);
        }
    }

    fn parse(text: &[u8]) -> Result<Self, ReadError> {
        if text.starts_with(b"\x1f\x8b") || text.starts_with(b"\x28\xb5\x2f\xfd") {
            return Err(ReadError::Compressed);
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Probe>();
        let probe = match values.next() {
            None => return Err(ReadError::Empty),
            Some(Ok(probe)) => probe,
            Some(Err(error)) => return Err(not_ours(&error)),
        };
        if probe.runs.is_some() {
            return sarif::read(text);
        }
        let is_one_line = !text[..values.byte_offset()].trim_ascii().contains(&b'\n');
        if probe.fingerprint.is_some() || probe.is_last(is_one_line) {
            return lines(text);
        }
        if !probe.is_ours() || probe.schema.is_none() {
            return Err(ReadError::Foreign);
        }
        probe.check_schema()?;
        if probe.findings != Findings::Present {
            return Err(ReadError::Damaged("`findings` is missing".to_owned()));
        }
        let document: Document<'static, Vec<Record<Vec<OccurrenceRecord>>>> =
            serde_json::from_slice(text).map_err(|error| damage(&error))?;
        Self::of(document)
    }

    fn of(
        mut document: Document<'static, Vec<Record<Vec<OccurrenceRecord>>>>,
    ) -> Result<Self, ReadError> {
        let records = document.findings.take().unwrap_or_default();
        let mut saved = Self::without_findings(document);
        for record in records {
            saved.add(record, None)?;
        }
        Ok(saved)
    }

    fn without_findings<F>(document: Document<'static, F>) -> Self {
        let mut rules = RuleSet::builtin();
        for rule in document.rules.into_iter().map(Rule::from) {
            if rules.get(rule.id.as_str()).is_none() {
                rules.rules.push(rule);
            }
        }
        Self {
            coverage: document.coverage.into_owned(),
            rules,
            command: document.command.into_owned(),
            run: document.run,
            filter: document.filter.map(std::borrow::Cow::into_owned),
            ..Self::default()
        }
    }

    fn add(
        &mut self,
        record: Record<Vec<OccurrenceRecord>>,
        line: Option<usize>,
    ) -> Result<(), ReadError> {
        let name = record.name();
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let finding = record.finding(&mut self.accounts);
        let finding = finding
            .map_err(|why| ReadError::Damaged(format!("{place}the finding {name}: {why}")))?;
        self.findings.push(finding);
        Ok(())
    }
}

/// Reads JSON lines: findings, and in the last line the rest.
fn lines(text: &[u8]) -> Result<Saved, ReadError> {
    let mut records = Vec::new();
    let mut last: Option<Saved> = None;
    let mut count = None;
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let number = at + 1;
        let damaged = |error: serde_json::Error| match error.classify() {
            Category::Eof => ReadError::Truncated(format!("line {number} ends too early")),
            _ => ReadError::Damaged(format!("line {number}: {}", cause(&error))),
        };
        if last.is_some() {
            let why = format!("line {number}: there is more after the last line of a report");
            return Err(ReadError::Damaged(why));
        }
        let probe: Probe = serde_json::from_slice(line).map_err(damaged)?;
        if probe.fingerprint.is_some() {
            records.push((number, serde_json::from_slice(line).map_err(damaged)?));
            continue;
        }
        if !probe.is_ours() {
            return Err(ReadError::Foreign);
        }
        probe.check_schema()?;
        let document: Document<'static, IgnoredAny> =
            serde_json::from_slice(line).map_err(damaged)?;
        count = document.finding_count;
        last = Some(Saved::without_findings(document));
    }
    let missing = "its last line, which says what was scanned, is missing";
    let mut saved = last.ok_or_else(|| ReadError::Truncated(missing.to_owned()))?;
    if let Some(count) = count.filter(|count| *count != records.len() as u64) {
        let lines = counted(records.len() as u64, "line has one", "lines have one");
        let findings = counted(count, "finding", "findings");
        let why = format!("`finding_count` in its last line says {findings}, but {lines}");
        return Err(ReadError::Truncated(why));
    }
    for (number, record) in records {
        saved.add(record, Some(number))?;
    }
    Ok(saved)
}

fn not_ours(error: &serde_json::Error) -> ReadError {
    match error.classify() {
        Category::Data => ReadError::Foreign,
        Category::Eof if error.line() > 1 => ReadError::Truncated(escape_line(&error.to_string())),
        Category::Eof | Category::Io | Category::Syntax => {
            ReadError::NotJson(escape_line(&error.to_string()))
        }
    }
}

fn damage(error: &serde_json::Error) -> ReadError {
    ReadError::Damaged(format!(
        "line {}, column {}: {}",
        error.line(),
        error.column(),
        cause(error)
    ))
}

/// The message without the place, which is reported separately.
fn cause(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    escape_line(message.strip_suffix(&place).unwrap_or(&message))
}
