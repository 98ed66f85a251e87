//! `--format github`: workflow commands, which GitHub Actions shows as annotations.
//!
//! It is for forks that may not upload SARIF. The runner executes every line that begins with `::`,
//! so text of a repository is escaped twice: for a line, and for the command.

use std::io::{self, Write};

use super::item::{ResultItem, items};
use super::message::Markup;
use super::{Closing, Report, message, problems, summary};
use crate::finding::Severity;
use crate::text::escape_line;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for item in items(report) {
        let level = match item.finding.severity {
            _ if item.is_active() => "error",
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let title = property(report.title(item.finding));
        let text = data(&message::message(report, &item, Markup::None));
        writeln!(out, "::{level} {}title={title}::{text}", place(&item))?;
    }
    for group in problems::groups(&report.coverage.problems).iter().take(report.limits.problems) {
        let text =
            group.lines().iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("; ");
        let text = data(&text);
        writeln!(out, "::warning title=keysweep could not read everything::{text}")?;
    }
    summary::write_total(report, out)?;
    let closing = Closing { color: false, width: None, took: None };
    summary::write_coverage(report.coverage, report.limits, closing, out)
}

/// `file=…,line=…,col=…,`, or less if the location has less.
fn place(item: &ResultItem<'_>) -> String {
    let place = item.place();
    let Some(path) = &place.origin.path else { return String::new() };
    let file = format!("file={},", property(&String::from_utf8_lossy(path)));
    let region = item.spot().primary().filter(|_| place.origin.inside.is_empty());
    region.map_or(file.clone(), |region| {
        let (start, end) = (region.start, region.end);
        let columns = format!("col={},endColumn={},", start.column, end.column);
        format!("{file}line={},endLine={},{columns}", start.line, end.line)
    })
}

/// Escapes a command's text (`@actions/core`, `command.ts`).
fn data(text: &str) -> String {
    escape_line(text).replace('%', "%25")
}

/// Escapes a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
