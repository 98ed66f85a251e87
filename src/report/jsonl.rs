//! `--format jsonl`: one finding a line, as in [`super::json`], the remedies and the coverage last.

use std::io::{self, Write};

use super::Report;
use super::escape::{self, Layout};
use super::json::{Document, entry};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.sorted() {
        escape::write(&entry(report, finding), Layout::Line, out)?;
    }
    // If this line is missing, the report is incomplete.
    escape::write(&Document::<()>::new(report), Layout::Line, out)
}
