//! Two reports compared, as a page.

use std::io::{self, Write};

use askama::Template;

use super::head::policy;
use super::{STYLE, emit};
use crate::remedy;
use crate::report::diff::{Diff, Section};
use crate::report::headline::Level;
use crate::report::summary::counted;
use crate::report::{Report, short, text};
use crate::text::escape_line;

/// Maximum number of lines of a list. JSON has all.
const ROWS: usize = 2_000;

/// The page.
#[derive(Template)]
#[template(path = "diff.html")]
struct Comparison {
    policy: String,
    style: &'static str,
    program: String,
    level: &'static str,
    sentence: String,
    completeness: String,
    complete: bool,
    summary: String,
    /// The name of a new key, what to do first about it, and the command.
    first: Vec<(String, String, Option<String>)>,
    sections: Vec<(String, Vec<String>, usize)>,
}

/// Writes a comparison; `report` has the added findings.
pub(in crate::report) fn write(
    diff: &Diff,
    report: &Report<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let complete = diff.old.complete && diff.new.complete && diff.unscanned.is_empty();
    let added = diff.added.len() as u64;
    let is_active = |finding: &crate::finding::Finding| finding.is_active();
    let became = diff.changed.iter().filter(|one| one.finding.is_active()).count();
    let level = match (diff.added.iter().any(is_active) || became > 0, added, complete) {
        (true, ..) => Level::Active,
        (_, 1.., _) => Level::Open,
        (_, 0, false) => Level::Incomplete,
        (_, 0, true) => Level::Clean,
    };
    let mut sentence = match (added, complete) {
        (0, true) => "Nothing is new.".to_owned(),
        (0, false) => "Nothing is new in what could be compared.".to_owned(),
        (added, _) => {
            format!("{} since the older report.", counted(added, "new finding", "new findings"))
        }
    };
    if let Some(filter) = report.view.filter {
        sentence = format!("{} {sentence}", filter.sentence(escape_line));
    }
    let step = |finding| {
        let step = remedy::first_step(finding, report.rules)?;
        Some((text::name(&finding.credential), step.title, step.keysweep.or(step.cli)))
    };
    let line = |finding: &_| short::line(report, finding);
    let lists = super::super::diff::sections(diff, &line, escape_line).into_iter();
    let comparison = Comparison {
        policy: policy(),
        style: STYLE,
        program: format!("keysweep {} diff", env!("CARGO_PKG_VERSION")),
        level: level.as_str(),
        sentence,
        completeness: completeness(diff).to_owned(),
        complete,
        summary: super::super::diff::summary(diff, escape_line),
        first: diff.added.iter().take(ROWS).filter_map(step).collect(),
        sections: lists
            .map(|Section { heading, mut lines }| {
                let more = lines.len().saturating_sub(ROWS);
                lines.truncate(ROWS);
                (heading, lines, more)
            })
            .collect(),
    };
    emit(&comparison, out)?;
    out.write_all(b"\n")
}

fn completeness(diff: &Diff) -> &'static str {
    match (diff.old.complete, diff.new.complete, diff.unscanned.is_empty()) {
        (true, true, true) => "Both reports are complete, and the newer one covers the older one.",
        (_, false, _) => {
            "The newer report is not complete: what it could not read may hold more keys."
        }
        (false, ..) => {
            "The older report is not complete: what is new here may have been there before."
        }
        _ => {
            "The newer report does not cover all of the older one: what is not known may still be there."
        }
    }
}
