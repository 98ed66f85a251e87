//! `--format markdown`: for the summary of a job, a comment on a merge request, a ticket, a chat.
//!
//! A headline, a table of four columns, and for each of the first findings its exposure, steps and
//! places, folded. GitHub's and GitLab's flavour: a name of a repository is always code, so that it
//! is not markup, makes no link and mentions nobody. The whole fits into a comment of GitHub, which may
//! have 65,536 characters; the worst findings come first.

mod detail;
mod inline;

use std::io::{self, Write};

pub(super) use self::inline::{cell, plain, words};

use self::inline::counted_code;
use super::exposure::{self, Exposure, day};
use super::headline::{Headline, sentence};
use super::problems;
use super::totals::Totals;
use super::{Report, summary, text, todo};
use crate::finding::{Finding, Status};

/// Maximum number of bytes of the table, of the first steps and of the folded findings.
const TABLE: usize = 20 << 10;
const STEPS: usize = 6 << 10;
const DETAILS: usize = 16 << 10;
/// Maximum number of keys of a step.
const KEYS: usize = 5;
/// Maximum number of rows of a table of a sweep, and of notes.
const ROWS: usize = 10;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.sorted();
    // A later scan recognises the report by this line.
    writeln!(out, "### {}\n", plain(&summary::heading(report)))?;
    let headline = Headline::new(report, &findings, counted_code);
    writeln!(out, "**{}**\n", headline.sentence)?;
    let sign = if report.coverage.complete { "✅" } else { "⚠" };
    writeln!(out, "{sign} {}\n", headline.completeness)?;
    if !findings.is_empty() {
        let mut total = Vec::new();
        summary::write_total(report, &mut total)?;
        writeln!(out, "{}\n", plain(String::from_utf8_lossy(&total).trim_end()))?;
        for group in report.view.groups {
            let count = summary::counted(group.findings.len() as u64, "finding", "findings");
            writeln!(out, "#### {}: {count}\n", counted_code(&group.name))?;
            table(&group.findings.iter().collect::<Vec<_>>(), out)?;
        }
        if report.view.groups.is_empty() {
            table(&findings, out)?;
        }
        steps(report, &findings, out)?;
        details(report, &findings, out)?;
    }
    if let Some(totals) = Totals::new(report) {
        fold("By repository, account, rule and owner", out, |out| {
            totals.write_markdown(ROWS.min(report.limits.rows), out)
        })?;
    }
    coverage(report, out)
}

/// Writes what a click shows. The blank lines make Markdown of it again.
fn fold(
    summary: &str,
    out: &mut dyn Write,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    writeln!(out, "<details><summary>{summary}</summary>\n")?;
    body(out)?;
    writeln!(out, "\n</details>\n")
}

/// Writes parts while they fit into `room` bytes, at least one, and returns the number of the others.
fn write_parts<T>(
    parts: impl Iterator<Item = T>,
    room: usize,
    out: &mut dyn Write,
    write: impl Fn(T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<usize> {
    let (mut written, mut remaining) = (0, 0);
    for part in parts {
        if remaining > 0 {
            remaining += 1;
            continue;
        }
        let mut body = Vec::new();
        write(part, &mut body)?;
        if written > 0 && written + body.len() > room {
            remaining = 1;
            continue;
        }
        written += body.len();
        out.write_all(&body)?;
    }
    Ok(remaining)
}

fn table(findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| | credential | where | exposed since |\n|---|---|---|---|")?;
    let remaining = write_parts(findings.iter().copied(), TABLE, out, row)?;
    if remaining > 0 {
        writeln!(
            out,
            "\nand {}",
            summary::counted(remaining as u64, "more finding", "more findings")
        )?;
    }
    writeln!(out)
}

fn row(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let level = match finding.verification.status {
        Status::Active => "**active**",
        Status::Canary => "canary",
        _ => finding.severity.as_str(),
    };
    let suppressed = if finding.suppressed.is_some() { ", suppressed" } else { "" };
    let name = cell(&text::name(&finding.credential));
    let account = finding.credential.account.as_deref();
    let account = account.map(|it| format!(" of {}", cell(it))).unwrap_or_default();
    let place = exposure::places(finding).next();
    let shown = place.map(|place| cell(&text::position(place))).unwrap_or_default();
    let others = finding.occurrences.len().saturating_sub(1);
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    let exposure = Exposure::new(finding);
    let since = exposure.first().map(|first| {
        let name = cell(&first.author.name);
        let by = if name.is_empty() { name } else { format!(" by {name}") };
        format!("{}{by}", day(&first.author.date))
    });
    let since = since.unwrap_or_default();
    writeln!(out, "| {level}{suppressed} | {name}{account} | {shown}{others} | {since} |")
}

/// The first steps, each once.
fn steps(report: &Report<'_>, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    let todos = todo::todos(report, findings);
    if todos.is_empty() {
        return Ok(());
    }
    writeln!(out, "**What to do first**\n")?;
    let remaining = write_parts(todos.iter(), STEPS, out, |todo, out| {
        let named = todo.findings.iter().take(KEYS);
        let named = named.map(|finding| cell(&text::name(&finding.credential)));
        let mut named: Vec<String> = named.filter(|name| !name.is_empty()).collect();
        let more = todo.findings.len().saturating_sub(KEYS);
        named.extend((more > 0).then(|| format!("{more} more")));
        let whose = match named.is_empty() {
            true => String::new(),
            false => format!(": {}", named.join(", ")),
        };
        writeln!(out, "- {}{whose}\n", plain(&sentence(&todo.title)))?;
        let own = detail::keysweep_commands(report, todo.findings.iter().take(KEYS));
        let commands = if own.is_empty() { &todo.commands } else { &own };
        if commands.is_empty() { Ok(()) } else { detail::fenced(commands, "  ", out) }
    })?;
    if remaining > 0 {
        writeln!(out, "- and {}\n", summary::counted(remaining as u64, "more step", "more steps"))?;
    }
    Ok(())
}

fn details(report: &Report<'_>, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    let open = findings.iter().copied().filter(|finding| finding.suppressed.is_none());
    let remaining = write_parts(open, DETAILS, out, |finding, out| {
        let summary = detail::summary(report, finding);
        fold(&summary, out, |out| detail::write(report, finding, out))
    })?;
    if remaining > 0 {
        let more = summary::counted(remaining as u64, "more finding", "more findings");
        writeln!(out, "The steps for {more} are in the report as HTML or JSON.\n")?;
    }
    Ok(())
}

fn coverage(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let coverage = report.coverage;
    let amounts =
        summary::amounts(coverage.files, coverage.commits, coverage.objects, coverage.bytes);
    let places: Vec<String> =
        coverage.scanned.iter().take(3).map(|it| counted_code(&it.path)).collect();
    let more = coverage.scanned.len().saturating_sub(places.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let places =
        if places.is_empty() { String::new() } else { format!(" in {}", places.join(", ")) };
    writeln!(out, "- Scanned {amounts}{places}{more}.")?;
    let left_out = summary::left_out(&coverage.left_out);
    if !left_out.is_empty() {
        writeln!(out, "- Left out: {}.", plain(&left_out.join(", ")))?;
    }
    for note in coverage.notes.iter().take(ROWS) {
        writeln!(out, "- Note: {}", words(note))?;
    }
    if coverage.notes.len() > ROWS {
        writeln!(out, "- and {} more notes", coverage.notes.len() - ROWS)?;
    }
    let problems = &coverage.problems;
    if !problems.is_empty() {
        let parts = summary::counted(problems.len() as u64, "part", "parts");
        writeln!(out, "- **Not complete**: {parts} could not be read")?;
        let groups = problems::groups(problems);
        for group in groups.iter().take(ROWS) {
            for line in group.lines() {
                writeln!(out, "  - {}", words(line.trim_start()))?;
            }
        }
        if groups.len() > ROWS {
            writeln!(out, "  - and {} more kinds", groups.len() - ROWS)?;
        }
    }
    Ok(())
}
