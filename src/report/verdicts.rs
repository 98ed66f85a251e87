//! The verdicts of a run in one table, and the command that stops each active key.
//!
//! This is a part of the text report of every command that asks AWS; without verification there is
//! none.

use std::io::{self, Write};

use super::Report;
use super::text::name;
use crate::finding::{Finding, Status, Verification};
use crate::remedy;
use crate::rules::RuleSet;
use crate::text::escape_line;

/// A column of the table: its heading, and the verdicts that it counts.
type Column = (&'static str, fn(&Verification) -> bool);

/// The columns. The first five are always shown, the others only if they are not zero.
const COLUMNS: [Column; 9] = [
    ("asked", was_asked),
    ("active", |verdict| verdict.status == Status::Active),
    ("inactive", |verdict| verdict.status == Status::Inactive),
    ("wrong secret", |verdict| verdict.status == Status::WrongSecret),
    ("unknown", |verdict| verdict.status == Status::Unknown),
    ("expired", |verdict| verdict.status == Status::Expired),
    ("canary", |verdict| verdict.status == Status::Canary),
    ("skipped", |verdict| verdict.status == Status::Skipped),
    ("can't be asked", |verdict| verdict.status == Status::NotChecked),
];

/// The number of columns that are always shown.
const ALWAYS: usize = 5;

fn was_asked(verdict: &Verification) -> bool {
    !verdict.partitions.is_empty()
}

/// Writes the table of a report, if AWS was to be asked.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    // A canary is known without a request.
    let is_verdict = |finding: &&Finding| {
        !matches!(finding.verification.status, Status::NotChecked | Status::Canary)
    };
    if report.command != "verify" && !report.findings.iter().any(|one| is_verdict(&one)) {
        return Ok(());
    }
    // With --only-live, the filter counts the verdicts: most of these findings are not here.
    if report.view.filter.is_none_or(|filter| filter.reasons.is_empty()) {
        write_table(report.findings, out)?;
    }
    write_commands(report.findings, report.rules, out)
}

/// Writes the table of `findings`, and the commands that stop the active ones.
///
/// # Errors
///
/// An error of `out`.
pub fn write_verdicts(
    findings: &[Finding],
    rules: &RuleSet,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_table(findings, out)?;
    write_commands(findings, rules, out)
}

fn write_table(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let (mut heads, mut counts) = (String::new(), String::new());
    for (at, (head, counts_for)) in COLUMNS.iter().enumerate() {
        let count = findings.iter().filter(|finding| counts_for(&finding.verification)).count();
        if at < ALWAYS || count > 0 {
            let gap = if at == 0 { "" } else { "  " };
            let count = count.to_string();
            let width = head.len().max(count.len());
            heads.push_str(&format!("{gap}{head:>width$}"));
            counts.push_str(&format!("{gap}{count:>width$}"));
        }
    }
    writeln!(out, "\n{heads}\n{counts}")
}

fn write_commands(findings: &[Finding], rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    let active = findings.iter().filter(|finding| finding.verification.status == Status::Active);
    for (number, finding) in active.enumerate() {
        if number == 0 {
            writeln!(out, "\nDeactivate the active keys now:")?;
        }
        let first = remedy::steps(finding, rules).into_iter().next();
        let stop = first.map(|step| step.cli.unwrap_or(step.title)).unwrap_or_default();
        writeln!(out, "  {}: {}", name(&finding.credential), escape_line(&stop))?;
    }
    Ok(())
}
