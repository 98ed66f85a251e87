//! Two reports compared, as text, Markdown, HTML and JSON.
//!
//! A finding that the newer report does not have is gone only if that report covers its place;
//! otherwise it is listed with the reason why that is not known.

use std::io::{self, Write};

use serde::Serialize;

use super::escape::{self, Layout};
use super::json::{Places, Tool, entry};
use super::message::code as as_code;
use super::record::Record;
use super::summary::counted;
use super::view::Filtered;
use super::{Format, Report, Style, html, markdown, short, text, todo};
use crate::finding::{Finding, Status};
use crate::text::escape_line;

/// Version of the document in JSON.
const SCHEMA: u32 = 1;
/// Maximum number of rows of a table in Markdown.
const ROWS: usize = 200;

/// A compared report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The name of its file.
    pub name: String,
    /// The command that ran.
    pub command: String,
    /// Nothing that was asked for is missing.
    pub complete: bool,
    /// The number of its findings.
    pub findings: u64,
    /// The filter that already was applied: what it hides is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filtered>,
}

/// The result of a comparison. Findings are those of the newer report, where it has them.
#[derive(Clone, Debug)]
pub struct Diff {
    /// The older report.
    pub old: Side,
    /// The newer report.
    pub new: Side,
    /// Only in the newer report.
    pub added: Vec<Finding>,
    /// In both, with another verdict.
    pub changed: Vec<Changed>,
    /// In both.
    pub kept: Vec<Kept>,
    /// Only in the older report, and the newer one covers where they were.
    pub gone: Vec<Finding>,
    /// Only in the older report; the newer one does not show if they are gone.
    pub unscanned: Vec<Unscanned>,
}

/// A finding with another verdict.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The finding.
    pub finding: Finding,
    /// The verdict in the older report.
    pub from: Status,
}

/// A finding of both reports.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The finding.
    pub finding: Finding,
    /// Paths that only the newer report has.
    pub new_places: Vec<String>,
    /// The part of the key in the older report, if the newer one has another part of it.
    pub was: Option<&'static str>,
}

/// A finding that may be gone, which is not known.
#[derive(Clone, Debug)]
pub struct Unscanned {
    /// The finding.
    pub finding: Finding,
    /// The reason.
    pub why: String,
}

/// The parts of a key that a finding has.
pub fn part_of(finding: &Finding) -> &'static str {
    match (&finding.credential.key_id, &finding.credential.secret) {
        (Some(_), Some(_)) => "a pair",
        (Some(_), None) => "the key id alone",
        (None, _) => "the secret alone",
    }
}

/// Writes a comparison in one of the formats text, markdown, html and json. `report` has the added
/// findings, and further facts from the newer report.
///
/// # Errors
///
/// An error of `out`.
pub fn write_diff(
    format: Format,
    diff: &Diff,
    report: &Report<'_>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Json => write_json(diff, report, out),
        Format::Markdown => write_markdown(diff, report, out),
        Format::Html => html::diff::write(diff, report, out),
        _ => write_text(diff, report, style, out),
    }?;
    out.flush()
}

/// A list of the comparison, as lines.
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) lines: Vec<String>,
}

/// The lists, in the order in which to deal with them; empty ones are left out.
///
/// `name` makes a text of a repository safe for the format.
pub(super) fn sections(
    diff: &Diff,
    line: &dyn Fn(&Finding) -> String,
    name: fn(&str) -> String,
) -> Vec<Section> {
    let changed = diff.changed.iter().map(|one| {
        let (from, to) = (one.from.as_str(), one.finding.verification.status.as_str());
        format!("{}: was {from}, is {to}", line(&one.finding))
    });
    let unscanned =
        diff.unscanned.iter().map(|one| format!("{}: {}", line(&one.finding), name(&one.why)));
    let part = |one: &Kept| match one.was {
        Some(was) => format!("{}: was {was}, is {}", line(&one.finding), part_of(&one.finding)),
        None => line(&one.finding),
    };
    let spread = diff.kept.iter().filter(|one| !one.new_places.is_empty()).map(|one| {
        let places: Vec<String> = one.new_places.iter().map(|place| name(place)).collect();
        format!("{}: now also in {}", part(one), places.join(", "))
    });
    let kept = diff.kept.iter().filter(|one| one.new_places.is_empty());
    let new = match diff.old.filter {
        Some(_) => "New, or hidden in the older report, which is filtered",
        None => "New",
    };
    let all = [
        (new, diff.added.iter().map(line).collect()),
        ("Another verdict", changed.collect()),
        ("Still there, in new places as well", spread.collect()),
        ("Not known, because the newer report does not cover it", unscanned.collect()),
        ("Still there", kept.map(part).collect()),
        ("Gone", diff.gone.iter().map(line).collect::<Vec<String>>()),
    ];
    let filled = all.into_iter().filter(|(_, lines)| !lines.is_empty());
    filled
        .map(|(heading, lines)| Section { heading: format!("{heading}: {}", lines.len()), lines })
        .collect()
}

/// One sentence on both reports.
pub(super) fn summary(diff: &Diff, name: fn(&str) -> String) -> String {
    let side = |side: &Side| {
        let incomplete = if side.complete { "" } else { ", incomplete" };
        let name = name(&side.name);
        let filtered = if side.filter.is_some() { ", filtered" } else { "" };
        format!("{name} ({}{incomplete}{filtered})", counted(side.findings, "finding", "findings"))
    };
    let (old, new) = (side(&diff.old), side(&diff.new));
    let parts = [
        (diff.added.len(), "new"),
        (diff.changed.len(), "with another verdict"),
        (diff.kept.len(), "still there"),
        (diff.gone.len(), "gone"),
        (diff.unscanned.len(), "not known"),
    ];
    let parts: Vec<String> = parts.iter().map(|(count, what)| format!("{count} {what}")).collect();
    format!("{old} compared with {new}: {}.", parts.join(", "))
}

fn write_text(
    diff: &Diff,
    report: &Report<'_>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if style.coverage {
        writeln!(out, "keysweep {} diff\n", env!("CARGO_PKG_VERSION"))?;
    }
    if let Some(filter) = report.view.filter {
        writeln!(out, "{}\n", filter.line())?;
    }
    let bold = text::bold(style);
    for section in sections(diff, &|finding| short::line(report, finding), escape_line) {
        writeln!(out, "{bold}{}{bold:#}", section.heading)?;
        section.lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
        writeln!(out)?;
    }
    let added: Vec<&Finding> = diff.added.iter().collect();
    todo::write(report, &added, bold, style.width, out)?;
    writeln!(out, "{}", summary(diff, escape_line))
}

/// A name as code.
fn code(text: &str) -> String {
    as_code(&escape_line(text))
}

fn words(text: &str) -> String {
    markdown::words(text)
}

fn write_markdown(diff: &Diff, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### keysweep {} diff\n\n{}\n", env!("CARGO_PKG_VERSION"), summary(diff, code))?;
    if let Some(filter) = report.view.filter {
        writeln!(out, "**{}**\n", filter.sentence(code))?;
    }
    let line = |finding: &Finding| {
        let level = if finding.is_active() { "active" } else { finding.severity.as_str() };
        let name = text::name(&finding.credential);
        let place = finding.occurrences.first().map(text::position).unwrap_or_default();
        let title = markdown::words(report.title(finding));
        let code = |text: &str| if text.is_empty() { String::new() } else { code(text) };
        format!("**{level}** {title} {} in {}", code(&name), code(&place))
    };
    for section in sections(diff, &line, words) {
        writeln!(out, "**{}**\n", section.heading)?;
        section.lines.iter().take(ROWS).try_for_each(|line| writeln!(out, "- {line}"))?;
        if section.lines.len() > ROWS {
            writeln!(out, "- and {} more", section.lines.len() - ROWS)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The comparison in JSON.
#[derive(Serialize)]
struct Document<'a> {
    diff_schema: u32,
    tool: Tool,
    old: &'a Side,
    new: &'a Side,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a Filtered>,
    added: Vec<Record<Places<'a>>>,
    changed: Vec<ChangedRecord<'a>>,
    still_there: Vec<KeptRecord<'a>>,
    gone: Vec<Record<Places<'a>>>,
    not_known: Vec<UnscannedRecord<'a>>,
}

#[derive(Serialize)]
struct ChangedRecord<'a> {
    from: Status,
    to: Status,
    finding: Record<Places<'a>>,
}

#[derive(Serialize)]
struct KeptRecord<'a> {
    new_places: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'static str>,
    finding: Record<Places<'a>>,
}

#[derive(Serialize)]
struct UnscannedRecord<'a> {
    why: &'a str,
    finding: Record<Places<'a>>,
}

fn write_json(diff: &Diff, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let record = |finding| entry(report, finding);
    let document = Document {
        diff_schema: SCHEMA,
        tool: Tool::default(),
        old: &diff.old,
        new: &diff.new,
        filter: report.view.filter,
        added: diff.added.iter().map(record).collect(),
        changed: diff
            .changed
            .iter()
            .map(|one| ChangedRecord {
                from: one.from,
                to: one.finding.verification.status,
                finding: record(&one.finding),
            })
            .collect(),
        still_there: diff
            .kept
            .iter()
            .map(|one| KeptRecord {
                new_places: &one.new_places,
                was: one.was,
                finding: record(&one.finding),
            })
            .collect(),
        gone: diff.gone.iter().map(record).collect(),
        not_known: diff
            .unscanned
            .iter()
            .map(|one| UnscannedRecord { why: &one.why, finding: record(&one.finding) })
            .collect(),
    };
    escape::write(&document, Layout::Outline(2), out)
}
