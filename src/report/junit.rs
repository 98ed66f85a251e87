//! `--format junit`: JUnit XML, for CI servers that show tests. A finding at a path is a failed
//! test, a note is a passed test with output, and one more test says if everything was read.

use std::io::{self, Write};

use super::item::{ResultItem, items};
use super::message::Markup;
use super::{Report, message};
use crate::finding::Severity;
use crate::text::{escape_line, escape_path};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let items = items(report);
    let failures = items.iter().filter(|item| fails(item)).count();
    let errors = usize::from(!report.coverage.complete);
    let counts =
        format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"", items.len() + 1);
    let command = escape(report.command);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"keysweep\" {counts}>")?;
    writeln!(out, "  <testsuite name=\"keysweep {command}\" {counts}>")?;
    if let Some(filter) = report.view.filter {
        let line = escape(&filter.line());
        writeln!(out, "    <properties>")?;
        writeln!(out, "      <property name=\"filter\" value=\"{line}\"/>")?;
        writeln!(out, "    </properties>")?;
    }
    for item in &items {
        case(report, item, out)?;
    }
    coverage(report, out)?;
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn fails(item: &ResultItem<'_>) -> bool {
    item.is_active() || item.finding.severity > Severity::Note
}

fn case(report: &Report<'_>, item: &ResultItem<'_>, out: &mut dyn Write) -> io::Result<()> {
    let origin = &item.place().origin;
    let path = origin.path.as_deref().map_or_else(|| "git".to_owned(), escape_path);
    let rule = escape(item.finding.credential.rule.as_str());
    let (path, print) = (escape(&path), &item.finding.fingerprint.as_str()[..12]);
    let text = escape(&message::message(report, item, Markup::None));
    writeln!(out, "    <testcase classname=\"{path}\" name=\"{rule} {print}\">")?;
    if fails(item) {
        writeln!(out, "      <failure type=\"{rule}\" message=\"{text}\">{text}</failure>")?;
    } else {
        writeln!(out, "      <system-out>{text}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

fn coverage(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let case = "    <testcase classname=\"keysweep\" name=\"everything asked for was read\"";
    let problems = &report.coverage.problems;
    if report.coverage.complete {
        return writeln!(out, "{case}/>");
    }
    writeln!(out, "{case}>")?;
    let count = problems.len();
    writeln!(out, "      <error type=\"incomplete\" message=\"{count} could not be read\">")?;
    for problem in problems {
        let line = escape(&format!("{} {}: {}", problem.what, problem.path, problem.why));
        writeln!(out, "{line}")?;
    }
    writeln!(out, "</error>\n    </testcase>")
}

/// Text for an element or a quoted attribute, without characters that XML 1.0 §2.2 does not allow.
fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in escape_line(text).chars() {
        match character {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}
