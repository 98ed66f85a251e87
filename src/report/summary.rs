//! The closing words of a report for people: how many findings, how much was scanned, what was
//! left out, and what could not be read.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};

use super::{Limits, Report};
use crate::coverage::{Coverage, LeftOut};
use crate::finding::{Severity, Status};
use crate::text::escape_line;

/// Writes what was scanned, what was left out, remarks, and every problem, a line each.
///
/// Part of the text report; also for standard error beside any other format.
pub fn write_coverage(
    coverage: &Coverage,
    limits: Limits,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "Scanned {}.", scanned(coverage))?;
    let left_out = left_out(&coverage.left_out);
    if !left_out.is_empty() {
        writeln!(out, "Left out: {}.", left_out.join(", "))?;
    }
    for note in &coverage.notes {
        writeln!(out, "Note: {}", escape_line(note))?;
    }
    if coverage.complete && coverage.problems.is_empty() {
        return Ok(());
    }
    let alarm = paint(color, AnsiColor::Yellow);
    let problems = counted(coverage.problems.len() as u64, "problem", "problems");
    writeln!(out, "{alarm}Incomplete{alarm:#}: {problems}.")?;
    for problem in coverage.problems.iter().take(limits.problems) {
        let why = &problem.why;
        writeln!(out, "  {} {}: {why}", problem.what, problem.path)?;
    }
    more(coverage.problems.len(), limits.problems, "  ", out)
}

/// Says how many of a list are not shown and where they are.
pub(super) fn more(
    total: usize,
    shown: usize,
    indent: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    if total > shown {
        writeln!(out, "{indent}and {} more (all in --format json)", total - shown)?;
    }
    Ok(())
}

/// One line: how many findings, the worst named first.
pub(super) fn write_total(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.findings;
    if findings.is_empty() {
        let complete = report.coverage.complete;
        return writeln!(
            out,
            "{}",
            if complete { "No findings." } else { "No findings in what could be read." }
        );
    }
    let active = findings.iter().filter(|f| f.verification.status == Status::Active).count();
    let mut parts = Vec::new();
    if active > 0 {
        parts.push(format!("{active} active"));
    }
    for (severity, one, many) in [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Note, "note", "notes"),
    ] {
        let count = findings.iter().filter(|finding| finding.severity == severity).count() as u64;
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    let settled = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    let settled =
        if settled > 0 { format!("; {settled} of them suppressed") } else { String::new() };
    let total = counted(findings.len() as u64, "finding", "findings");
    writeln!(out, "{total}: {}{settled}.", parts.join(", "))
}

/// A style that does nothing where colours are off.
pub(super) fn paint(color: bool, foreground: AnsiColor) -> Ansi {
    if color { foreground.on_default().bold() } else { Ansi::new() }
}

/// `1 file`, `2 files`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn scanned(coverage: &Coverage) -> String {
    amounts(coverage.files, coverage.commits, coverage.objects, coverage.bytes)
}

/// What was read, in a few words: `3 files, 12 commits, 40 objects, 1.2 MB`.
pub fn amounts(files: u64, commits: u64, objects: u64, bytes: u64) -> String {
    let mut parts = Vec::new();
    for (count, one, many) in
        [(files, "file", "files"), (commits, "commit", "commits"), (objects, "object", "objects")]
    {
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    if parts.is_empty() && bytes == 0 {
        return "nothing".to_owned();
    }
    parts.push(size(bytes));
    parts.join(", ")
}

/// Bytes in powers of a thousand, three digits at most.
fn size(bytes: u64) -> String {
    let mut unit = "bytes";
    let mut value = bytes as f64;
    for larger in ["kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let decimals = usize::from(unit != "bytes" && value < 99.95);
    format!("{value:.decimals$} {unit}")
}

fn left_out(left_out: &LeftOut) -> Vec<String> {
    let kinds = [
        (left_out.ignored, "file or folder by ignore files", "files or folders by ignore files"),
        (
            left_out.excluded,
            "file by --include, --exclude or configuration",
            "files by --include, --exclude or configuration",
        ),
        (left_out.too_large, "file over --max-file-size", "files over --max-file-size"),
        (left_out.special, "device, socket or pipe", "devices, sockets or pipes"),
        (left_out.links, "symbolic link", "symbolic links"),
        (
            left_out.lfs_missing,
            "Git LFS object that is not here",
            "Git LFS objects that are not here",
        ),
        (
            left_out.encrypted,
            "encrypted PDF or member of an archive",
            "encrypted PDFs or members of archives",
        ),
        (
            left_out.unlettered,
            "PDF page whose fonts tell no letters",
            "PDF pages whose fonts tell no letters",
        ),
        (left_out.unopened, "container over a limit given", "containers over a limit given"),
        (left_out.examples, "example or placeholder", "examples or placeholders"),
        (
            left_out.below_confidence,
            "finding below --min-confidence",
            "findings below --min-confidence",
        ),
        (
            left_out.suppressed,
            "suppressed finding (--include-suppressed)",
            "suppressed findings (--include-suppressed)",
        ),
        (
            left_out.repositories,
            "repository not searched in depth: keysweep sweep",
            "repositories not searched in depth: keysweep sweep",
        ),
    ];
    let told = kinds.into_iter().filter(|&(count, ..)| count > 0);
    told.map(|(count, one, many)| counted(count, one, many)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_three_digits() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (999_999, "1.0 MB"),
            (14_100_000_000, "14.1 GB"),
            (123_456_789, "123 MB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
