//! `--format jsonl`: a finding a line, as [`super::json`] has them, and the coverage last.

use std::io::{self, Write};

use serde::Serialize;

use super::json::{SCHEMA, Tool, entry};
use super::{Report, escape};
use crate::coverage::Coverage;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.sorted() {
        escape::compact(&entry(report, finding), out)?;
        out.write_all(b"\n")?;
    }
    let last = Last { schema: SCHEMA, tool: Tool::default(), coverage: report.coverage };
    escape::compact(&last, out)?;
    out.write_all(b"\n")
}

/// The line that ends the report; where it is missing, the report was cut.
#[derive(Serialize)]
struct Last<'a> {
    schema: u32,
    tool: Tool,
    coverage: &'a Coverage,
}
