//! One finding in Markdown: its exposure, steps and places. A ticket has the same.

use std::io::{self, Write};

use super::inline::{counted_code, html_code, plain, words};
use crate::finding::Finding;
use crate::remedy::{self, Occasion};
use crate::report::exposure::{self, Exposure};
use crate::report::headline::sentence;
use crate::report::message::shortened;
use crate::report::{Report, text};
use crate::text::escape_line;

/// Maximum number of places that are listed.
const PLACES: usize = 20;

/// The summary that is visible while it is folded: one line of HTML.
pub(super) fn summary(report: &Report<'_>, finding: &Finding) -> String {
    let name = text::name(&finding.credential);
    let title = report.title(finding);
    let title = match words(title) == title {
        true => title.to_owned(),
        false => html_code(&shortened(title.to_owned())),
    };
    match name.as_str() {
        "" => title,
        name => format!("{} {title}", html_code(&shortened(name.to_owned()))),
    }
}

/// Writes the exposure, the steps and the places.
pub(super) fn write(report: &Report<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Fingerprint `{}`\n", finding.fingerprint)?;
    let exposure = Exposure::new(finding);
    writeln!(out, "{}\n", exposure.written(counted_code))?;
    if let Some(advice) = remedy::verdict_advice(finding) {
        writeln!(out, "**{}**\n", plain(&sentence(advice)))?;
    }
    steps(report, finding, out)?;
    writeln!(out, "Where:\n")?;
    for place in exposure::places(finding).take(PLACES) {
        let notes = text::notes(place).join(", ");
        let notes = if notes.is_empty() { notes } else { format!(" {}", words(&notes)) };
        writeln!(out, "- {}{notes}", counted_code(&text::position(place)))?;
    }
    if finding.occurrences.len() > PLACES {
        writeln!(out, "- and {} more", finding.occurrences.len() - PLACES)?;
    }
    Ok(())
}

fn steps(report: &Report<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let steps = remedy::steps(finding, report.rules);
    let steps = steps.into_iter().filter(|step| step.when == Occasion::Leak);
    for (number, step) in steps.enumerate() {
        let marker = format!("{}. ", number + 1);
        let indent = " ".repeat(marker.len());
        writeln!(out, "{marker}{}", plain(&step.title))?;
        let commands: Vec<String> = step.keysweep.into_iter().chain(step.cli).collect();
        writeln!(out)?;
        for command in commands {
            fenced(&[command], &indent, out)?;
        }
    }
    Ok(())
}

/// The commands of keysweep that do the first step.
pub(super) fn keysweep_commands<'a>(
    report: &Report<'_>,
    findings: impl Iterator<Item = &'a &'a Finding>,
) -> Vec<String> {
    let open = findings.filter(|finding| remedy::verdict_advice(finding).is_none());
    open.filter_map(|finding| remedy::first_step(finding, report.rules)?.keysweep).collect()
}

/// Commands as a block of code that nothing in them ends.
pub(super) fn fenced(commands: &[String], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<String> =
        commands.iter().flat_map(|command| command.lines()).map(escape_line).collect();
    let text = lines.join("\n");
    let ticks = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(ticks.max(2) + 1);
    writeln!(out, "{indent}{fence}sh")?;
    lines.iter().try_for_each(|line| writeln!(out, "{indent}{line}"))?;
    writeln!(out, "{indent}{fence}\n")
}
