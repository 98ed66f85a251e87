//! `--format jsonl`: a finding a line, as [`super::json`] has them, and the coverage last.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::escape::{self, Layout};
use super::json::{SCHEMA, Tool, entry};
use super::totals::Totals;
use crate::coverage::Coverage;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.sorted() {
        escape::write(&entry(report, finding), Layout::Line, out)?;
    }
    let summary = Totals::new(report);
    let last = Last { schema: SCHEMA, tool: Tool::default(), summary, coverage: report.coverage };
    escape::write(&last, Layout::Line, out)
}

/// The line that ends the report; where it is missing, the report was cut.
#[derive(Serialize)]
struct Last<'a> {
    schema: u32,
    tool: Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Totals<'a>>,
    coverage: &'a Coverage,
}
