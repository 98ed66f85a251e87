//! What a git hook says when it stops a commit or a push: ten lines at most, and none when all is
//! well.
//!
//! Whoever reads it wanted to do something else: it names the places, then the three ways on.

use std::io::{self, Write};

use super::{Report, text};
use crate::finding::{Finding, Occurrence};
use crate::text::escape_path;

/// How many places are named; the rest are counted.
const PLACES: usize = 4;

/// How much of a commit's id is shown.
const SHORT: usize = 12;

/// Writes the message of a hook: nothing if the report's exit status is 0.
pub fn write_hook(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.exit == 0 {
        return Ok(());
    }
    let findings: Vec<&Finding> =
        report.sorted().into_iter().filter(|finding| finding.suppressed.is_none()).collect();
    let doing = if report.command == "range" { "push" } else { "commit" };
    let first = findings.first().and_then(|finding| Some((*finding, finding.occurrences.first()?)));
    match first {
        Some((finding, place)) => {
            writeln!(out, "keysweep: stopped, this {doing} holds AWS credentials:")?;
            places(&findings, out)?;
            advice(doing, finding, place, out)?;
        }
        None => writeln!(out, "keysweep: stopped, as this {doing} could not be read whole:")?,
    }
    if let Some(problem) = report.coverage.problems.first() {
        let more = report.coverage.problems.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        writeln!(out, "Not read:     {} {}: {}{more}", problem.what, problem.path, problem.why)?;
    }
    if first.is_none() {
        writeln!(out, "Pass it on your own word: git {doing} --no-verify")?;
    }
    out.flush()
}

/// A line a place: where, what kind, which credential.
fn places(findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    let all = || {
        findings.iter().flat_map(|finding| finding.occurrences.iter().map(move |at| (finding, at)))
    };
    for (finding, place) in all().take(PLACES) {
        let commit = place.origin.git.as_ref().and_then(|git| git.commit.as_deref());
        let commit = commit.map(|id| format!(" in {}", short(id))).unwrap_or_default();
        let rule = finding.credential.rule.as_str();
        let name = text::name(&finding.credential);
        writeln!(out, "  {}{commit}  {rule} {name}", text::position(place))?;
    }
    let total = all().count();
    if total > PLACES {
        writeln!(out, "  and {} more", total - PLACES)?;
    }
    Ok(())
}

/// What to do about it, or how to say that it may stay.
fn advice(
    doing: &str,
    finding: &Finding,
    place: &Occurrence,
    out: &mut dyn Write,
) -> io::Result<()> {
    let file = place.origin.path.as_deref().filter(|path| is_plain(path));
    let file = file.map_or_else(|| "FILE".to_owned(), escape_path);
    let git = place.origin.git.as_ref();
    let out_of_git = match git.and_then(|git| git.commit.as_deref()) {
        Some(commit) => format!("edit its commit: git rebase -i {}^", short(commit)),
        None if git.is_some() => format!("unstage it: git reset -q -- {file}"),
        None => format!("remove it from {file}"),
    };
    let credential = &finding.credential;
    let subject = credential.key_id.as_deref().filter(|id| is_plain(id.as_bytes()));
    let subject = subject.unwrap_or(credential.rule.as_str());
    writeln!(out, "Take it out:  {out_of_git}; read it from the environment, or use a role")?;
    writeln!(
        out,
        "Rotate it:    if it ever left your machine, or in doubt: keysweep explain {subject}"
    )?;
    // Of a push, the baseline counts that was there before it: nobody excuses a key of their own.
    let baseline = match doing {
        "push" => "in a baseline pushed before",
        _ => "by: keysweep baseline",
    };
    writeln!(out, "Allow it:     on purpose only, by 'keysweep:allow' on its line, or {baseline}")
}

/// Whether a shell takes it as one word, whatever it says.
fn is_plain(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._/-+".contains(byte);
    name.iter().all(plain) && !name.starts_with(b"-")
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}
