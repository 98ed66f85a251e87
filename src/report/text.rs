//! `--format text`, for people: one block for each credential, worst first, then the steps, each once, and
//! the coverage.

pub(super) mod lines;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style as Ansi};

use self::lines::Paint;
use super::summary::{self, counted, paint};
use super::totals::Totals;
use super::{Closing, Report, Style, todo, verdicts, words};
use crate::finding::{
    DigestedCredential, Finding, GitObject, GitOrigin, Occurrence, Origin, Severity, Status,
};
use crate::text::shell_word;
use crate::text::{escape_line, escape_path};

/// Characters of an object id that are shown.
const SHORT: usize = 12;

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.sorted();
    let names: HashMap<&str, &Finding> =
        findings.iter().map(|finding| (finding.fingerprint.as_str(), *finding)).collect();
    if style.coverage {
        // A later scan recognises the report by this line.
        writeln!(out, "{}\n", summary::heading(report))?;
    }
    if let Some(filter) = report.view.filter {
        writeln!(out, "{}\n", filter.line())?;
    }
    let block = |finding| Block { report, style, names: &names, finding };
    for group in report.view.groups {
        let bold = bold(style);
        let name = escape_line(&group.name);
        let count = counted(group.findings.len() as u64, "finding", "findings");
        writeln!(out, "{bold}== {name}: {count} =={bold:#}\n")?;
        for finding in &group.findings {
            block(finding).write(out)?;
            writeln!(out)?;
        }
    }
    let ungrouped = findings.iter().filter(|_| report.view.groups.is_empty());
    for finding in ungrouped {
        block(finding).write(out)?;
        writeln!(out)?;
    }
    todo::write(report, &findings, bold(style), style.width, out)?;
    if let Some(totals) = Totals::new(report) {
        totals.write(report.limits.rows, out)?;
        writeln!(out)?;
    }
    verdicts::write(report, out)?;
    summary::write_total(report, out)?;
    if style.coverage {
        let closing = Closing { color: style.color, width: style.width, took: None };
        summary::write_coverage(report.coverage, report.limits, closing, out)?;
    }
    Ok(())
}

pub(super) fn bold(style: Style) -> Ansi {
    if style.color { Ansi::new().effects(Effects::BOLD) } else { Ansi::new() }
}

/// One finding.
struct Block<'a> {
    report: &'a Report<'a>,
    style: Style,
    names: &'a HashMap<&'a str, &'a Finding>,
    finding: &'a Finding,
}

impl Block<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let finding = self.finding;
        self.heading(out)?;
        if let Some(place) = finding.occurrences.first() {
            let paint = Paint { dim: self.dim(), mark: self.level() };
            lines::write(finding, place, self.style.width, paint, out)?;
        }
        self.words(&facts(self.report, finding), out)?;
        self.verdict(out)?;
        if let Some(suppressed) = &finding.suppressed {
            let reason = suppressed.reason.as_deref().map(escape_line);
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            writeln!(out, "  suppressed by {}{reason}", escape_line(&suppressed.by))?;
        }
        self.clear(out)?;
        self.places(out)?;
        if !finding.possible_partners.is_empty() {
            let partners = finding.possible_partners.iter().map(|partner| {
                let other = self.names.get(partner.as_str());
                other.map_or_else(|| partner.to_string(), |other| name(&other.credential))
            });
            let partners = partners.collect::<Vec<_>>().join(", ");
            self.words(&[format!("may belong to: {partners}")], out)?;
        }
        Ok(())
    }

    /// `path:line:column: error[rule]: title`, like compilers, so that editors can open it.
    fn heading(&self, out: &mut dyn Write) -> io::Result<()> {
        let finding = self.finding;
        let (level, bold) = (self.level(), self.effect(Effects::BOLD));
        let title = escape_line(self.report.title(finding));
        let rule = escape_line(finding.credential.rule.as_str());
        let severity = finding.severity.as_str();
        let place = finding.occurrences.first().map(position);
        let place = place.map(|place| format!("{bold}{place}{bold:#}: ")).unwrap_or_default();
        writeln!(out, "{place}{level}{severity}[{rule}]{level:#}: {title}")
    }

    /// The verdict, if STS was asked.
    fn verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        let verdict = &self.finding.verification;
        if verdict.status == Status::NotChecked {
            return Ok(());
        }
        let loud = match verdict.status {
            Status::Active => paint(self.style.color, AnsiColor::Red),
            _ => Ansi::new(),
        };
        let mut text = format!("{loud}{}{loud:#}", verdict.status.as_str());
        for detail in [&verdict.reason, &verdict.arn].into_iter().flatten() {
            let _ = write!(text, ", {}", escape_line(detail));
        }
        if let Some(endpoint) = &verdict.endpoint {
            let _ = write!(text, " (asked {})", escape_line(endpoint));
        }
        writeln!(out, "  {text}")
    }

    /// Secret and token in clear, if the user asked for them.
    fn clear(&self, out: &mut dyn Write) -> io::Result<()> {
        let clear = &self.finding.clear;
        let secrets = [("secret", &clear.secret), ("session token", &clear.session_token)];
        for (label, secret) in secrets {
            if let Some(secret) = secret.as_ref().filter(|_| self.report.show_secrets) {
                let clear = String::from_utf8_lossy(secret.expose());
                writeln!(out, "  {label}: {}", escape_line(&clear))?;
            }
        }
        Ok(())
    }

    /// The notes of the first occurrence, then the others, one line each.
    fn places(&self, out: &mut dyn Write) -> io::Result<()> {
        let places = &self.finding.occurrences;
        let Some((first, others)) = places.split_first() else { return Ok(()) };
        self.words(&notes(first), out)?;
        if let Some(show) = first.origin.git.as_ref().and_then(|git| show(&first.origin, git)) {
            writeln!(out, "  {show}")?;
        }
        if others.is_empty() {
            return Ok(());
        }
        writeln!(out, "  and in {}:", counted(others.len() as u64, "other place", "other places"))?;
        let shown = self.report.limits.places;
        let dim = self.dim();
        let width = self.style.width.unwrap_or(usize::MAX);
        for place in others.iter().take(shown) {
            let (position, notes) = (position(place), notes(place));
            let joined = notes.join(", ");
            let columns = position.chars().count() + joined.chars().count() + 6;
            if notes.is_empty() || columns >= width {
                writeln!(out, "    {position}")?;
                self.phrases(&notes, "      ", out)?;
            } else {
                writeln!(out, "    {position}  {dim}{joined}{dim:#}")?;
            }
        }
        summary::more(others.len(), shown, "    ", out)
    }

    fn words(&self, phrases: &[String], out: &mut dyn Write) -> io::Result<()> {
        self.phrases(phrases, "  ", out)
    }

    /// Writes phrases, separated by commas, in lines of the terminal's width.
    fn phrases(&self, phrases: &[String], indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let dim = self.dim();
        let width = self.style.width.unwrap_or(usize::MAX);
        let mut line = String::new();
        let mut write_line = |line: &str| match line.is_empty() {
            true => Ok(()),
            false => writeln!(out, "{indent}{dim}{line}{dim:#}"),
        };
        for phrase in phrases {
            let joint = if line.is_empty() { "" } else { ", " };
            // With a comma before and after it.
            let columns = indent.len() + line.chars().count() + phrase.chars().count() + 3;
            if !line.is_empty() && columns > width {
                write_line(&format!("{line},"))?;
                line.clone_from(phrase);
            } else {
                line.extend([joint, phrase]);
            }
        }
        write_line(&line)
    }

    fn level(&self) -> Ansi {
        paint(
            self.style.color,
            match self.finding.severity {
                Severity::Error => AnsiColor::Red,
                Severity::Warning => AnsiColor::Yellow,
                Severity::Note => AnsiColor::Cyan,
            },
        )
    }

    fn dim(&self) -> Ansi {
        self.effect(Effects::DIMMED)
    }

    fn effect(&self, effects: Effects) -> Ansi {
        if self.style.color { Ansi::new().effects(effects) } else { Ansi::new() }
    }
}

/// The command that shows a text which no checkout contains.
fn show(origin: &Origin, git: &GitOrigin) -> Option<String> {
    if git.at_head {
        return None;
    }
    let what = match (&git.commit, &origin.path, git.object) {
        (Some(commit), Some(path), GitObject::Blob) => {
            let path = std::str::from_utf8(path).ok().filter(|path| escape_line(path) == **path)?;
            shell_word(&format!("{}:{path}", short(commit)))
        }
        (_, _, GitObject::Blob | GitObject::Commit | GitObject::Tag) => {
            short(git.blob.as_deref()?).to_owned()
        }
        _ => return None,
    };
    Some(format!("git show {what}"))
}

/// The name of a credential for its owner: its id, or the beginning of its secret.
pub(super) fn name(credential: &DigestedCredential) -> String {
    let redacted = || credential.secret.as_ref().map(|secret| secret.redacted().to_owned());
    let id = credential.key_id.as_deref().map(escape_line);
    id.or_else(redacted).unwrap_or_default()
}

fn facts(report: &Report<'_>, finding: &Finding) -> Vec<String> {
    let credential = &finding.credential;
    let mut facts = Vec::new();
    // Most often the shown line contains it.
    let shown = finding.occurrences.first().map(|place| place.sighting.snippet.as_str());
    let shown = shown.unwrap_or_default();
    if let Some(id) = credential.key_id.as_ref().filter(|id| !shown.contains(id.as_str())) {
        facts.push(escape_line(id));
    }
    if let Some(secret) = &credential.secret {
        facts.push(format!("secret {}", secret.redacted()));
    }
    if credential.session_token.is_some() {
        facts.push("with session token".to_owned());
    }
    if let Some(account) = &credential.account {
        let name = report.account_name(finding).map(escape_line);
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        facts.push(format!("account {}{name}", escape_line(account)));
    }
    if let Some(user) = &credential.user {
        facts.push(format!("user {}", escape_line(user)));
    }
    if let Some(expires) = &credential.expires {
        facts.push(format!("expires {}", escape_line(expires)));
    }
    facts.extend(credential.details.phrases().iter().map(|phrase| escape_line(phrase)));
    facts.push(format!("{} confidence", finding.confidence.as_str()));
    facts.push(format!("fingerprint {}", finding.fingerprint));
    facts
}

/// `path:line:column`, so that editors and terminals can open it.
pub(super) fn position(place: &Occurrence) -> String {
    let mut text = String::new();
    if let Some(target) = &place.origin.target {
        let _ = write!(text, "{}: ", escape_line(target));
    }
    text.push_str(&holder(&place.origin));
    if let Some(region) = place.sighting.primary() {
        let _ = write!(text, ":{}:{}", region.start.line, region.start.column);
    }
    text
}

/// The path or, without one, the object or record.
pub fn holder(origin: &Origin) -> String {
    if let Some(path) = &origin.path {
        return escape_path(path);
    }
    let Some(git) = &origin.git else { return "(no name)".to_owned() };
    let object = git.blob.as_deref().map(|id| format!(" {}", short(id))).unwrap_or_default();
    match git.object {
        GitObject::Blob => format!("blob{object}"),
        GitObject::Commit => format!("message of commit{object}"),
        GitObject::Tag => format!("message of tag{object}"),
        GitObject::Ref => format!("name of {}", refs(git)),
        GitObject::Reflog => format!("reflog of {}", refs(git)),
        GitObject::Config => ".git/config".to_owned(),
    }
}

fn refs(git: &GitOrigin) -> String {
    let refs: Vec<String> = git.refs.iter().map(|name| escape_line(name)).collect();
    if refs.is_empty() { "a ref".to_owned() } else { refs.join(", ") }
}

/// The encodings and containers of the occurrence, and its history.
pub(super) fn notes(place: &Occurrence) -> Vec<String> {
    let mut notes = Vec::new();
    if !place.origin.inside.is_empty() {
        let members: Vec<String> =
            place.origin.inside.iter().map(|part| escape_line(part)).collect();
        notes.push(format!("inside {}", members.join(" > ")));
    }
    if !place.sighting.decoded.is_empty() {
        let encodings = place.sighting.decoded.iter().map(|&encoding| words::encoding(encoding));
        notes.push(format!("in {}", encodings.collect::<Vec<_>>().join(" in ")));
    }
    if let Some(git) = &place.origin.git {
        history(git, &mut notes);
    }
    if !place.origin.owners.is_empty() {
        let owners: Vec<String> =
            place.origin.owners.iter().map(|owner| escape_line(owner)).collect();
        notes.push(format!("owned by {}", owners.join(" ")));
    }
    notes
}

fn history(git: &GitOrigin, notes: &mut Vec<String>) {
    if let Some(commit) = &git.commit {
        notes.push(format!("commit {}", short(commit)));
    }
    if let Some(author) = &git.author {
        let day = author.date.get(..10).unwrap_or(&author.date);
        let (name, email) = (escape_line(&author.name), escape_line(&author.email));
        let day = if day.is_empty() { String::new() } else { format!(", {}", escape_line(day)) };
        notes.push(format!("{name} <{email}>{day}"));
    }
    if let Some(commit) = &git.removed_in {
        notes.push(format!("removed in {}", short(commit)));
    } else if git.at_head {
        notes.push("still at HEAD".to_owned());
    }
    if git.commit.is_some() && !git.reachable {
        notes.push("on no branch".to_owned());
    }
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}
