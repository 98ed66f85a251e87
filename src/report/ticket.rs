//! `--ticket`: one credential as a Markdown file, to open an issue from.
//!
//! It has no secret, and no text of a repository is markup in it. A step that somebody ticked stays
//! ticked when the file is written again.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::markdown::{plain, words};
use super::message::code;
use super::{Report, text};
use crate::aws::KeyId;
use crate::finding::{Finding, Occurrence, Status};
use crate::remedy::{self, Occasion};
use crate::text::{escape_line, escape_path};

/// The beginning of every ticket.
const MARK: &str = "<!-- keysweep ticket ";
/// A step that is done.
const DONE: &str = "- [x] **";
/// Maximum number of places that are listed.
const PLACES: usize = 50;
/// Maximum number of refs of a place that are listed.
const REFS: usize = 10;
/// Characters of a commit that are shown.
const SHORT: usize = 12;

/// True if a file is a ticket.
pub fn is_ticket(text: &str) -> bool {
    text.starts_with(MARK)
}

/// The titles of the steps that are done in a ticket.
pub fn done_steps(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix(DONE));
    lines.filter_map(|line| Some(line.split_once(".** ")?.0.to_owned())).collect()
}

/// Writes the ticket of a finding; the steps in `done` are ticked.
///
/// # Errors
///
/// An error of `out`.
pub fn write_ticket(
    report: &Report<'_>,
    finding: &Finding,
    owners: &[String],
    done: &BTreeSet<String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{MARK}{} -->", finding.fingerprint)?;
    let name = text::name(&finding.credential);
    let active = if finding.is_active() { "ACTIVE: " } else { "" };
    writeln!(out, "# {active}{} {}\n", words(report.title(finding)), code(&name))?;
    facts(report, finding, owners, out)?;
    writeln!(out, "\n## Where it is\n")?;
    for place in finding.occurrences.iter().take(PLACES) {
        writeln!(out, "- {}", at(place))?;
    }
    if finding.occurrences.len() > PLACES {
        writeln!(out, "- and {} more places", finding.occurrences.len() - PLACES)?;
    }
    steps(report, finding, done, out)?;
    commands(finding, out)
}

fn facts(
    report: &Report<'_>,
    finding: &Finding,
    owners: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let credential = &finding.credential;
    let verdict = &finding.verification;
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(secret) = &credential.secret {
        rows.push(("secret", code(secret.redacted())));
    }
    let account = verdict.account.as_ref().or(credential.account.as_ref());
    if let Some(account) = account {
        let name = report.account_name(finding).map(words);
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        rows.push(("account", format!("{}{name}", code(&escape_line(account)))));
    }
    if let Some(user) = &credential.user {
        rows.push(("user", code(&escape_line(user))));
    }
    let owners: Vec<String> = owners.iter().map(|owner| code(&escape_line(owner))).collect();
    rows.push(("owner", owners.join(", ")));
    rows.push(("severity", finding.severity.as_str().to_owned()));
    if verdict.status != Status::NotChecked {
        let mut words_of_verdict = verdict.status.as_str().to_owned();
        for (joint, detail) in
            [(", ", &verdict.reason), (", ", &verdict.arn), (" at ", &verdict.checked_at)]
        {
            if let Some(detail) = detail {
                words_of_verdict.push_str(&format!("{joint}{}", words(detail)));
            }
        }
        rows.push(("verdict", words_of_verdict));
    }
    rows.push(("exposed", exposure(finding)));
    rows.push(("rule", code(&escape_line(credential.rule.as_str()))));
    rows.push(("fingerprint", code(finding.fingerprint.as_str())));
    writeln!(out, "| | |\n|---|---|")?;
    rows.iter()
        .try_for_each(|(what, value)| writeln!(out, "| {what} | {} |", value.replace('|', "\\|")))
}

/// Since when, and where it is still to be found.
fn exposure(finding: &Finding) -> String {
    let origins = || finding.occurrences.iter().map(|place| &place.origin);
    let git = || origins().filter_map(|origin| origin.git.as_ref());
    let dates = git().filter_map(|git| git.committer.as_ref()?.date.get(..10));
    let mut parts: Vec<String> = Vec::new();
    parts.extend(dates.min().map(|day| format!("since {}", words(day))));
    parts.push(match (finding.is_present(), git().any(|git| git.reachable)) {
        (true, _) => "still in the current files".to_owned(),
        (false, true) => "no longer in the current files, but in the history".to_owned(),
        (false, false) => "in commits that no branch has any more".to_owned(),
    });
    let refs: BTreeSet<&String> = git().flat_map(|git| &git.refs).collect();
    if !refs.is_empty() {
        let shown: Vec<String> =
            refs.iter().take(REFS).map(|name| code(&escape_line(name))).collect();
        let more = refs.len().saturating_sub(REFS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("held by {}{more}", shown.join(", ")));
    }
    parts.join("; ")
}

/// A place, and who brought it there.
fn at(place: &Occurrence) -> String {
    let origin = &place.origin;
    let mut text = code(&text::position(place));
    if !origin.inside.is_empty() {
        let members: Vec<String> = origin.inside.iter().map(|part| escape_line(part)).collect();
        text.push_str(&format!(" inside {}", code(&members.join(" > "))));
    }
    if let Some(git) = &origin.git {
        let short = |id: &str| code(&escape_path(id.get(..SHORT).unwrap_or(id).as_bytes()));
        if let Some(commit) = &git.commit {
            text.push_str(&format!(", added in {}", short(commit)));
        }
        let people = [(" by", &git.author), (", committed by", &git.committer)];
        let is_same = git.author.as_ref().zip(git.committer.as_ref());
        let is_same = is_same.is_some_and(|(one, two)| one.email == two.email);
        for (word, person) in people.into_iter().take(if is_same { 1 } else { 2 }) {
            if let Some(person) = person {
                let day = person.date.get(..10).unwrap_or_default();
                let name =
                    format!("{} <{}>", escape_line(&person.name), escape_line(&person.email));
                text.push_str(&format!("{word} {} {}", code(&name), words(day)));
            }
        }
        if let Some(commit) = &git.removed_in {
            text.push_str(&format!(", removed in {}", short(commit)));
        } else if git.at_head {
            text.push_str(", still at HEAD");
        }
    }
    if !origin.owners.is_empty() {
        let owners: Vec<String> = origin.owners.iter().map(|it| code(&escape_line(it))).collect();
        text.push_str(&format!(", owned by {}", owners.join(" ")));
    }
    text
}

fn steps(
    report: &Report<'_>,
    finding: &Finding,
    done: &BTreeSet<String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "\n## What to do\n")?;
    if let Some(advice) = remedy::verdict_advice(finding) {
        writeln!(out, "- [ ] {}\n", plain(advice))?;
        return Ok(());
    }
    // A user's rule may be that of a scanned project.
    let rule = report.rules.get(finding.credential.rule.as_str());
    let is_own = rule.is_none_or(|rule| rule.file.is_some());
    let prose = |text: &str| if is_own { words(text) } else { plain(text) };
    let steps = remedy::steps(finding, report.rules);
    for step in steps.iter().filter(|step| step.when == Occasion::Leak) {
        let title = prose(&step.title);
        let tick = if done.contains(&title) { "x" } else { " " };
        writeln!(out, "- [{tick}] **{title}.** {}\n", prose(&step.why))?;
        if let Some(cli) = &step.cli {
            let lines: Vec<String> = cli.lines().map(escape_line).collect();
            let text = lines.join("\n");
            let ticks = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
            let fence = "`".repeat(ticks.max(2) + 1);
            writeln!(out, "  {fence}sh")?;
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out, "  {fence}\n")?;
        }
        if let Some(command) = &step.keysweep {
            writeln!(out, "  Or by keysweep, which looks and asks first: {}\n", code(command))?;
        }
    }
    Ok(())
}

fn commands(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let id = finding.credential.key_id.as_deref();
    let id = id.and_then(|id| KeyId::parse(id.as_bytes())).filter(|id| !id.is_example());
    if let Some(id) = id {
        writeln!(out, "All steps, and why: {}", code(&format!("keysweep explain {id}")))?;
        if cfg!(feature = "verify") {
            writeln!(out, "\nIs it dead? {}", code(&format!("keysweep verify {id}")))?;
        }
    }
    Ok(())
}
