//! `--format text`: for people. A block a credential, worst first, then what was scanned.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style as Ansi};

use super::summary::{self, paint};
use super::totals::Totals;
use super::{Report, Style, words};
use crate::finding::{
    Credential, Finding, GitObject, GitOrigin, Occurrence, Origin, Severity, Status,
};
use crate::remedy;
use crate::secret::Secret;
use crate::text::{escape_line, escape_path};

/// How much of an object id is shown.
const SHORT: usize = 12;

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.sorted();
    let names: HashMap<&str, &Finding> =
        findings.iter().map(|finding| (finding.fingerprint.as_str(), *finding)).collect();
    for finding in &findings {
        let block = Block { report, style, names: &names, finding };
        block.write(out)?;
        writeln!(out)?;
    }
    summary::write_total(report, out)?;
    if let Some(totals) = Totals::new(report) {
        totals.write(report.limits.problems, out)?;
    }
    if style.coverage {
        summary::write_coverage(report.coverage, report.limits, style.color, out)?;
    }
    Ok(())
}

/// One finding on its way to the page.
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
        writeln!(out, "  {}", facts(finding))?;
        self.verdict(out)?;
        if let Some(suppressed) = &finding.suppressed {
            let reason = suppressed.reason.as_deref().map(escape_line);
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            writeln!(out, "  suppressed by {}{reason}", escape_line(&suppressed.by))?;
        }
        self.clear(out)?;
        self.places(out)?;
        if finding.suppressed.is_none() {
            let bold = self.effect(Effects::BOLD);
            let next = escape_line(&remedy::next_step(finding, self.report.rules));
            writeln!(out, "  {bold}next{bold:#}: {next}")?;
        }
        if !finding.possible_partners.is_empty() {
            let partners = finding.possible_partners.iter().map(|partner| {
                let other = self.names.get(partner.as_str());
                other.map_or_else(|| partner.to_string(), |other| name(&other.credential))
            });
            let partners = partners.collect::<Vec<_>>().join(", ");
            writeln!(out, "  may belong to: {partners}")?;
        }
        let dim = self.dim();
        writeln!(out, "  {dim}fingerprint {}{dim:#}", finding.fingerprint)
    }

    fn heading(&self, out: &mut dyn Write) -> io::Result<()> {
        let finding = self.finding;
        let level = paint(
            self.style.color,
            match finding.severity {
                Severity::Error => AnsiColor::Red,
                Severity::Warning => AnsiColor::Yellow,
                Severity::Note => AnsiColor::Cyan,
            },
        );
        let bold = self.effect(Effects::BOLD);
        let title = escape_line(self.report.title(finding));
        let rule = escape_line(finding.credential.rule.as_str());
        writeln!(
            out,
            "{level}{}{level:#}: {bold}{title}{bold:#} ({rule})",
            finding.severity.as_str()
        )
    }

    /// What STS said, where it was asked.
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
        let credential = &self.finding.credential;
        let secrets =
            [("secret", &credential.secret), ("session token", &credential.session_token)];
        for (label, secret) in secrets {
            if let Some(secret) = secret.as_ref().filter(|_| self.report.show_secrets) {
                let clear = String::from_utf8_lossy(secret.expose());
                writeln!(out, "  {label}: {}", escape_line(&clear))?;
            }
        }
        Ok(())
    }

    fn places(&self, out: &mut dyn Write) -> io::Result<()> {
        let places = &self.finding.occurrences;
        let shown = self.report.limits.places;
        let dim = self.dim();
        for (at, place) in places.iter().take(shown).enumerate() {
            let notes = notes(place);
            let notes = if notes.is_empty() { notes } else { format!("  {dim}{notes}{dim:#}") };
            writeln!(out, "    {}{notes}", position(place))?;
            let snippet = place.sighting.snippet.trim();
            if at == 0 && !snippet.is_empty() {
                writeln!(out, "      {dim}{}{dim:#}", escape_line(snippet))?;
            }
        }
        summary::more(places.len(), shown, "    ", out)
    }

    fn dim(&self) -> Ansi {
        self.effect(Effects::DIMMED)
    }

    fn effect(&self, effects: Effects) -> Ansi {
        if self.style.color { Ansi::new().effects(effects) } else { Ansi::new() }
    }
}

/// What an owner knows a credential by: its id, or the head of its secret.
pub(super) fn name(credential: &Credential) -> String {
    let redacted = || credential.secret.as_ref().map(Secret::redacted);
    let id = credential.key_id.as_deref().map(escape_line);
    id.or_else(redacted).unwrap_or_default()
}

fn facts(finding: &Finding) -> String {
    let credential = &finding.credential;
    let mut facts = Vec::new();
    if let Some(id) = &credential.key_id {
        facts.push(escape_line(id));
    }
    if let Some(secret) = &credential.secret {
        facts.push(format!("secret {}", secret.redacted()));
    }
    if credential.session_token.is_some() {
        facts.push("with session token".to_owned());
    }
    if let Some(account) = &credential.account {
        facts.push(format!("account {}", escape_line(account)));
    }
    if let Some(user) = &credential.user {
        facts.push(format!("user {}", escape_line(user)));
    }
    if let Some(expires) = &credential.expires {
        facts.push(format!("expires {}", escape_line(expires)));
    }
    facts.push(format!("confidence {}", finding.confidence.as_str()));
    facts.join(", ")
}

/// `path:line:column`, the way editors and terminals open it.
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

/// The path, or what holds the text where it has none.
fn holder(origin: &Origin) -> String {
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

/// How it is hidden there, and what git's history says.
fn notes(place: &Occurrence) -> String {
    let mut notes = Vec::new();
    if !place.origin.inside.is_empty() {
        let way: Vec<String> = place.origin.inside.iter().map(|part| escape_line(part)).collect();
        notes.push(format!("inside {}", way.join(" > ")));
    }
    if !place.sighting.decoded.is_empty() {
        let encodings = place.sighting.decoded.iter().map(|&encoding| words::encoding(encoding));
        notes.push(format!("in {}", encodings.collect::<Vec<_>>().join(" in ")));
    }
    if let Some(git) = &place.origin.git {
        history(git, &mut notes);
    }
    notes.join(", ")
}

fn history(git: &GitOrigin, notes: &mut Vec<String>) {
    if let Some(commit) = &git.commit {
        notes.push(format!("commit {}", short(commit)));
    }
    if let Some(author) = &git.author {
        let day = author.date.get(..10).unwrap_or(&author.date);
        let (name, email) = (escape_line(&author.name), escape_line(&author.email));
        notes.push(format!("{name} <{email}>, {}", escape_line(day)));
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
