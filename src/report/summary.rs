//! The end of a report for people: the number of findings, what was scanned and left out, and
//! problems.

use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style as Ansi};

use super::{Limits, Report, problems};
use crate::coverage::{Coverage, LeftOut, ScanTarget};
use crate::finding::{Severity, Status};
use crate::text::escape_line;

/// Maximum number of places of a scan that text names.
const PLACES: usize = 3;

/// The first line of a report in a file: the program and the run.
pub(super) fn heading(report: &Report<'_>) -> String {
    format!("keysweep {} {}", env!("CARGO_PKG_VERSION"), report.command)
}

/// The style of the end of a run, apart from its coverage.
#[derive(Clone, Copy, Debug)]
pub struct Closing {
    /// ANSI colours.
    pub color: bool,
    /// Columns of the terminal, if there is one.
    pub width: Option<usize>,
    /// The duration of the run, for standard error: no report contains it, because the same input
    /// gives the same bytes.
    pub took: Option<Duration>,
}

/// Writes what was scanned and left out, remarks, and the problems by kind.
///
/// This is a part of the text report; with other formats it goes to standard error.
pub fn write_coverage(
    coverage: &Coverage,
    limits: Limits,
    closing: Closing,
    out: &mut dyn Write,
) -> io::Result<()> {
    let pace = closing.took.map(|took| pace(coverage.bytes, took)).unwrap_or_default();
    writeln!(out, "Scanned {}{}{pace}.", scanned(coverage), places(&coverage.scanned))?;
    let left_out = left_out(&coverage.left_out);
    if !left_out.is_empty() {
        let line = format!("Left out: {}.", left_out.join(", "));
        write_wrapped(&line, closing.width, "  ", out)?;
    }
    for note in &coverage.notes {
        write_wrapped(&format!("Note: {}", escape_line(note)), closing.width, "  ", out)?;
    }
    if coverage.complete && coverage.problems.is_empty() {
        return Ok(());
    }
    let alarm = paint(closing.color, AnsiColor::Yellow);
    let problems = counted(coverage.problems.len() as u64, "problem", "problems");
    writeln!(out, "{alarm}Incomplete{alarm:#}: {problems}.")?;
    problems::write(&coverage.problems, limits.problems, closing.width, out)
}

/// Writes a line, broken at blanks if the terminal is narrower; all parts but the first begin with
/// `indent`.
pub(super) fn write_wrapped(
    line: &str,
    width: Option<usize>,
    indent: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let width = width.unwrap_or(usize::MAX);
    if line.chars().count() < width {
        return writeln!(out, "{line}");
    }
    let (blanks, words) = line.split_at(line.len() - line.trim_start().len());
    let mut shown = blanks.to_owned();
    let mut columns = shown.len();
    let mut is_empty = true;
    for word in words.split(' ') {
        let len = word.chars().count();
        if !is_empty && columns + 1 + len >= width {
            writeln!(out, "{shown}")?;
            indent.clone_into(&mut shown);
            columns = indent.len();
        } else if !is_empty {
            shown.push(' ');
            columns += 1;
        }
        shown.push_str(word);
        columns += len;
        is_empty = false;
    }
    writeln!(out, "{shown}")
}

/// ` in 1.2 s, 300 MB/s`; without a rate if the time is too short.
fn pace(bytes: u64, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let time = match took.as_secs() {
        0..60 => format!("{seconds:.2} s"),
        60..3600 => format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60),
        _ => format!("{} h {} min", took.as_secs() / 3600, took.as_secs() / 60 % 60),
    };
    let rate = (seconds >= 0.01).then(|| format!(", {}/s", size((bytes as f64 / seconds) as u64)));
    format!(" in {time}{}", rate.unwrap_or_default())
}

/// Says how many entries of a list are not shown, and where they are.
pub(super) fn more(
    total: usize,
    shown: usize,
    indent: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    if total > shown {
        writeln!(out, "{indent}and {} more (-v shows all)", total - shown)?;
    }
    Ok(())
}

/// Writes the number of findings on one line, by severity.
pub fn write_total(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.findings;
    if let Some(filter) = report.view.filter
        && findings.is_empty()
    {
        let hidden = counted(filter.hidden, "finding is hidden", "findings are hidden");
        let reasons = filter.reasons();
        return writeln!(out, "No finding passes the filter; {hidden}{reasons}.");
    }
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
    let suppressed = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    let suppressed =
        if suppressed > 0 { format!("; {suppressed} of them suppressed") } else { String::new() };
    let hidden = report
        .view
        .filter
        .map(|filter| format!("; {} hidden by a filter{}", filter.hidden, filter.reasons()));
    let hidden = hidden.unwrap_or_default();
    let total = counted(findings.len() as u64, "finding", "findings");
    writeln!(out, "{total}: {}{suppressed}{hidden}.", parts.join(", "))
}

/// A style without effect if colours are off.
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

/// The scanned places, so that the user sees if it is another repository.
fn places(scanned: &[ScanTarget]) -> String {
    let shown: Vec<String> = scanned
        .iter()
        .take(PLACES)
        .map(|place| match place.what.as_str() {
            "repository" => format!("the repository {}", place.path),
            "standard input" => place.what.clone(),
            _ => place.path.clone(),
        })
        .collect();
    let more = scanned.len().saturating_sub(PLACES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if shown.is_empty() { String::new() } else { format!(" in {}{more}", shown.join(", ")) }
}

/// The amounts: `3 files, 12 commits, 40 objects, 1.2 MB`.
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

/// Bytes in powers of a thousand, at most three digits.
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

pub(super) fn left_out(left_out: &LeftOut) -> Vec<String> {
    let counts = left_out.named().into_iter().filter(|&(count, ..)| count > 0);
    let mut counts: Vec<String> =
        counts.map(|(count, one, many)| counted(count, one, many)).collect();
    if !left_out.not_opened.is_empty() {
        let forms = left_out.not_opened.iter().map(|(form, count)| format!("{count} {form}"));
        counts.push(format!(
            "not opened, scanned as it is: {}",
            forms.collect::<Vec<_>>().join(", ")
        ));
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_time_and_a_rate() {
        for (bytes, milliseconds, shown) in [
            (10, 1, " in 0.00 s"),
            (0, 20, " in 0.02 s, 0 bytes/s"),
            (3_000_000, 1_500, " in 1.50 s, 2.0 MB/s"),
            (60_000_000, 61_000, " in 1 min 1 s, 984 kB/s"),
            (7_260_000_000, 7_260_000, " in 2 h 1 min, 1.0 MB/s"),
        ] {
            assert_eq!(pace(bytes, Duration::from_millis(milliseconds)), shown);
        }
    }

    #[test]
    fn lines_are_broken_at_blanks() {
        for (line, width, shown) in [
            ("a bc def", None, "a bc def\n"),
            ("a bc def", Some(9), "a bc def\n"),
            ("a bc def", Some(8), "a bc\n> def\n"),
            ("  a bc def", Some(6), "  a\n> bc\n> def\n"),
            ("longest-word a", Some(5), "longest-word\n> a\n"),
        ] {
            let mut out = Vec::new();
            write_wrapped(line, width, "> ", &mut out).expect("a Vec takes everything");
            assert_eq!(String::from_utf8_lossy(&out), shown, "{line} {width:?}");
        }
    }

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
