//! `--format markdown`: a table of the findings and the first steps, for the summary of a job, an
//! issue or a chat. GitHub's flavour; names of the repository are code, so that they are never
//! markup.

use std::io::{self, Write};

use super::message::{code, shortened};
use super::problems;
use super::totals::Totals;
use super::{Closing, Report, summary, text, todo};
use crate::finding::Finding;
use crate::text::escape_line;

/// Most rows of the table. GitHub takes 1 MiB of a job's summary.
const ROWS: usize = 200;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.sorted();
    writeln!(out, "### {}\n", plain(&summary::heading(report)))?;
    let mut total = Vec::new();
    summary::write_total(report, &mut total)?;
    writeln!(out, "**{}**\n", plain(String::from_utf8_lossy(&total).trim_end()))?;
    if !findings.is_empty() {
        table(report, &findings, out)?;
        steps(report, &findings, out)?;
    }
    if let Some(totals) = Totals::new(report) {
        totals.write_markdown(report.limits.rows, out)?;
    }
    let mut coverage = Vec::new();
    let closing = Closing { color: false, width: None, took: None };
    let complete = crate::coverage::Coverage {
        complete: true,
        problems: Vec::new(),
        targets: Vec::new(),
        ..report.coverage.clone()
    };
    summary::write_coverage(&complete, report.limits, closing, &mut coverage)?;
    for line in String::from_utf8_lossy(&coverage).lines() {
        writeln!(out, "- {}", plain(line))?;
    }
    let problems = &report.coverage.problems;
    if !problems.is_empty() {
        writeln!(out, "- **Incomplete**: {} could not be read", problems.len())?;
        for group in problems::groups(problems).iter().take(report.limits.problems) {
            for line in group.lines() {
                writeln!(out, "  - {}", plain(line.trim_start()))?;
            }
        }
    }
    Ok(())
}

fn table(report: &Report<'_>, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| | what | credential | where | since |\n|---|---|---|---|---|")?;
    for finding in findings.iter().take(ROWS) {
        let level = if finding.is_active() { "**active**" } else { finding.severity.as_str() };
        let suppressed = if finding.suppressed.is_some() { ", suppressed" } else { "" };
        let title = plain(report.title(finding));
        let name = cell(&text::name(&finding.credential));
        let place = finding.occurrences.first();
        let shown = place.map(|place| cell(&text::position(place))).unwrap_or_default();
        let others = finding.occurrences.len().saturating_sub(1);
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        let git = place.and_then(|place| place.origin.git.as_ref());
        let since = git.and_then(|git| Some((git.commit.as_deref()?, git.author.as_ref())));
        let since = since.map(|(commit, author)| {
            let who = author.map(|author| format!(" {}", plain(&author.name))).unwrap_or_default();
            format!("{}{who}", cell(commit.get(..12).unwrap_or(commit)))
        });
        let since = since.unwrap_or_default();
        writeln!(out, "| {level}{suppressed} | {title} | {name} | {shown}{others} | {since} |")?;
    }
    if findings.len() > ROWS {
        writeln!(out, "\nand {} more findings", findings.len() - ROWS)?;
    }
    writeln!(out)
}

fn steps(report: &Report<'_>, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    let todos = todo::todos(report, findings);
    if !todos.is_empty() {
        writeln!(out, "**What to do first**\n")?;
    }
    for todo in todos {
        writeln!(out, "- {} ({})\n", plain(&todo.title), plain(&todo.whose()))?;
        let commands: Vec<String> =
            todo.commands.iter().flat_map(|it| it.lines()).map(escape_line).collect();
        if !commands.is_empty() {
            let text = commands.join("\n");
            let ticks = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
            let fence = "`".repeat(ticks.max(2) + 1);
            writeln!(out, "  {fence}sh")?;
            commands.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out, "  {fence}\n")?;
        }
    }
    Ok(())
}

/// A name as code in a table cell, where a bar ends the cell even in code.
pub(super) fn cell(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        code(&shortened(text.to_owned())).replace('|', "\\|")
    }
}

/// Words without markup: ASCII punctuation may be escaped (CommonMark §2.4).
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in escape_line(text).chars() {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '@' => shown.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                shown.extend(['\\', character]);
            }
            _ => shown.push(character),
        }
    }
    shown
}
