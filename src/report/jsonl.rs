//! `--format jsonl`: one finding a line, as in [`super::json`], the remedies and the coverage last.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::escape::{self, Layout};
use super::json::{SCHEMA, Tool, entry};
use super::totals::Totals;
use crate::coverage::Coverage;
use crate::remedy::{self, Remedies};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.sorted() {
        escape::write(&entry(report, finding), Layout::Line, out)?;
    }
    let last = Last {
        schema: SCHEMA,
        tool: Tool::default(),
        command: report.command,
        remedies: remedy::remedies(report.findings, report.rules),
        summary: Totals::new(report),
        coverage: report.coverage,
    };
    escape::write(&last, Layout::Line, out)
}

/// The last line; if it is missing, the report is incomplete.
#[derive(Serialize)]
struct Last<'a> {
    schema: u32,
    tool: Tool,
    command: &'a str,
    remedies: Remedies,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Totals<'a>>,
    coverage: &'a Coverage,
}
