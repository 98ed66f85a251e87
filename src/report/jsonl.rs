//! `--format jsonl`: one finding on each line, as in [`super::json`], the remedies and the coverage last.

use std::io::{self, Write};

use super::Report;
use super::escape::{self, Layout};
use super::json::{Document, entry};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.sorted();
    let finding_count = Some(findings.len() as u64);
    for finding in findings {
        escape::write(&entry(report, finding), Layout::Line, out)?;
    }
    // If this line is missing, or another one that it counts, the report is incomplete.
    let mut last = Document::<()>::new(report);
    last.finding_count = finding_count;
    escape::write(&last, Layout::Line, out)
}
