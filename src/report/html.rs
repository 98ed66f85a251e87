//! `--format html`: one page for a browser.
//!
//! It shows what to do now, how long which keys were exposed, each finding with its steps, and what
//! was scanned. All of it is in the page without a script; the script searches, filters, sorts and
//! copies. The page loads nothing: its own policy forbids that, and every value is escaped
//! ([`inert`]). Findings are written one after the other, so memory does not grow with them.

mod chart;
mod choices;
mod coverage;
pub(super) mod diff;
mod finding;
mod head;
mod inert;
mod remedies;
mod timeline;

use std::collections::HashMap;
use std::io::{self, Write};

use askama::Template;

use self::choices::Choices;
use super::Report;
use super::exposure::seconds;
use crate::finding::Finding;

/// Bytes of findings that are written with all their steps and pictures. Those after them refer to
/// the steps, so that 10,000 findings take less than 20 MB. They are in the order of urgency.
const DETAILED: usize = 3 << 20;

/// Findings of one part of the list. A browser lays out and draws only the parts that are seen.
const PART: usize = 50;

const STYLE: &str = include_str!("html/page/page.css");
const SCRIPT: &str = include_str!("html/page/page.js");

/// The data that the parts of the page share.
struct Page<'a> {
    report: &'a Report<'a>,
    /// The findings, the most urgent first.
    sorted: &'a [&'a Finding],
    /// The same by fingerprint.
    named: HashMap<&'a str, &'a Finding>,
    /// The properties by which findings can be filtered.
    choices: Choices,
    /// The end of the time axes: that of the run or, if it is unknown, the last date of the report.
    now: i64,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sorted = report.sorted();
    let choices = Choices::new(&sorted);
    let named = sorted.iter().map(|finding| (finding.fingerprint.as_str(), *finding)).collect();
    let page = Page { report, sorted: &sorted, named, choices, now: now(report) };
    emit(&head::Head::new(&page), out)?;
    emit(&chart::Overview::new(&page), out)?;
    emit(&choices::Form::new(&page), out)?;
    let mut written = 0;
    let mut referred = Vec::new();
    for (at, finding) in page.sorted.iter().enumerate() {
        if at % PART == 0 {
            let end = if at > 0 { "</div>\n" } else { "" };
            write!(out, "{end}<div class=\"part\">")?;
        }
        let detailed = written < DETAILED;
        let shown = finding::FindingEntry::new(&page, finding, detailed).render();
        let shown = shown.map_err(io::Error::other)?;
        written += shown.len();
        out.write_all(shown.as_bytes())?;
        if !detailed {
            referred.push(*finding);
        }
    }
    if !page.sorted.is_empty() {
        out.write_all(b"</div>\n")?;
    }
    emit(&remedies::Procedures::new(report, &referred), out)?;
    emit(&coverage::Ledger::new(report), out)?;
    out.write_all(b"\n")
}

fn emit(part: &impl Template, out: &mut dyn Write) -> io::Result<()> {
    let text = part.render().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

fn now(report: &Report<'_>) -> i64 {
    let end = report.times.and_then(|times| seconds(&times.end));
    end.or_else(|| report.findings.iter().filter_map(last_date).max()).unwrap_or_default()
}

/// The last date that a finding names.
fn last_date(finding: &Finding) -> Option<i64> {
    let people = finding.occurrences.iter().filter_map(|place| place.origin.git.as_ref());
    let people = people.flat_map(|git| [git.author.as_ref(), git.removed_by.as_ref()]);
    let dates = people.flatten().map(|person| person.date.as_str());
    dates.chain(finding.verification.checked_at.as_deref()).filter_map(seconds).max()
}
