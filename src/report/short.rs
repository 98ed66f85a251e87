//! `--format short`: one line a finding, like linters.

use std::io::{self, Write};

use super::{Report, summary, text};
use crate::finding::Finding;
use crate::text::escape_line;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.sorted() {
        writeln!(out, "{}", line(report, finding))?;
    }
    Ok(())
}

pub(super) fn line(report: &Report<'_>, finding: &Finding) -> String {
    let place = finding.occurrences.first().map(text::position).unwrap_or_default();
    let level = if finding.is_active() { "active" } else { finding.severity.as_str() };
    let title = escape_line(report.title(finding));
    let name = text::name(&finding.credential);
    let rule = escape_line(finding.credential.rule.as_str());
    let suppressed = if finding.suppressed.is_some() { ", suppressed" } else { "" };
    let others = finding.occurrences.len().saturating_sub(1) as u64;
    let others = match others {
        0 => String::new(),
        _ => format!(", and in {}", summary::counted(others, "other place", "other places")),
    };
    format!("{place}: {level}: {title} {name}{others}{suppressed} [{rule}]")
}
