//! `keysweep explain`: what a key id or a rule is, and what to do about it, offline.
//!
//! The first line is what to do first: it is read by somebody who has just leaked a key.

mod why;

use std::io::{self, Write};

use crate::aws::{KeyId, KeyKind};
use crate::canary;
use crate::remedy::{Step, When, steps_for_id, steps_for_rule};
use crate::rules::{Rule, RuleSet};
use crate::text::escape_line;

pub use why::why;

/// What was asked about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The id of a signing key.
    Key(KeyId),
    /// A rule in force.
    Rule(Box<Rule>),
    /// An id of IAM that is no credential, and what it is the id of.
    Other(String, &'static str),
}

/// What was typed is neither a key id nor a rule.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// A word that means nothing here.
    #[error(
        "'{0}' is neither an access key id (AKIA or ASIA and 16 of A-Z and 2-7) nor a rule \
         ('keysweep rules' lists them){1}"
    )]
    Unknown(String, String),
    /// Longer than any id: it may be a secret, and is not shown.
    #[error(
        "what was given is no access key id and no rule; if it is a secret, it now stands in \
         your shell's history: remove it there"
    )]
    Secret,
}

/// Other ids of IAM (IAM User Guide, "Understanding unique ID prefixes"): names, not credentials.
const OTHER: [(&str, &str); 10] = [
    ("ABIA", "a bearer token of STS"),
    ("ACCA", "a context-specific credential"),
    ("AGPA", "a user group"),
    ("AIDA", "an IAM user"),
    ("AIPA", "an EC2 instance profile"),
    ("ANPA", "a managed policy"),
    ("ANVA", "a version of a managed policy"),
    ("APKA", "a public key"),
    ("AROA", "a role"),
    ("ASCA", "a certificate"),
];

/// Longer words may be secrets, and are not shown.
const LONGEST_SHOWN: usize = 30;

/// Columns of prose; commands stay in one line, to be copied.
const WIDTH: usize = 90;

/// Reads what was typed.
///
/// # Errors
/// A word that is neither key id nor rule; it is shown only if it is too short to be a secret.
pub fn subject(typed: &str, rules: &RuleSet) -> Result<Subject, ExplainError> {
    let typed = typed.trim();
    if let Some(id) = KeyId::parse(typed.as_bytes()) {
        return Ok(Subject::Key(id));
    }
    if let Some(rule) = rules.get(typed) {
        return Ok(Subject::Rule(Box::new(rule.clone())));
    }
    let shaped = typed.len() >= 16
        && typed.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let other = OTHER.iter().find(|(prefix, _)| typed.starts_with(prefix));
    if let Some((_, what)) = other.filter(|_| shaped && typed.len() <= 32) {
        return Ok(Subject::Other(typed.to_owned(), what));
    }
    if typed.len() > LONGEST_SHOWN {
        return Err(ExplainError::Secret);
    }
    let likeness = |rule: &&Rule| (strsim::jaro_winkler(rule.id.as_str(), typed) * 1000.0) as u32;
    let near = rules.rules.iter().max_by_key(likeness).filter(|rule| likeness(rule) > 800);
    let hint = near.map(|rule| format!("; did you mean {}?", rule.id)).unwrap_or_default();
    Err(ExplainError::Unknown(escape_line(typed), hint))
}

/// Writes the explanation. Fails only as `out` fails.
pub fn explain(subject: &Subject, out: &mut dyn Write) -> io::Result<()> {
    match subject {
        Subject::Key(id) if id.is_example() => writeln!(
            out,
            "Nothing to do: {id} is an example or placeholder, never a key that AWS issued."
        ),
        Subject::Key(id) => {
            let steps = steps_for_id(id);
            first(&steps, out)?;
            key(id, out)?;
            match id.account().as_deref().and_then(canary::operator) {
                Some(operator) => trap(operator, &steps, out),
                None => list(&steps, out),
            }
        }
        Subject::Rule(rule) => {
            let steps = steps_for_rule(rule);
            first(&steps, out)?;
            let (id, severity) = (&rule.id, rule.severity.as_str());
            writeln!(out, "{id} ({severity}): {}", escape_line(&rule.title))?;
            writeln!(out, "{}\n", escape_line(&rule.description))?;
            list(&steps, out)
        }
        Subject::Other(id, what) => {
            writeln!(out, "Nothing to rotate: {id} is the unique id of {what}, not a credential.")
        }
    }
}

/// What to do first, whole: whoever reads this has no time to look for the rest of it.
fn first(steps: &[Step], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = steps.first() else { return Ok(()) };
    writeln!(out, "{}:\n", escape_line(&first.title))?;
    if let Some(cli) = &first.cli {
        writeln!(out, "  {}\n", escape_line(cli))?;
    }
    if let Some(console) = &first.console {
        paragraph(&format!("Or in the console: {console}"), "", out)?;
    }
    paragraph(&first.why, "", out)?;
    writeln!(out)
}

/// Prose in lines that a terminal shows whole, below one another.
fn paragraph(text: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = escape_line(text);
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && indent.len() + line.chars().count() + word.len() >= WIDTH {
            writeln!(out, "{indent}{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{indent}{line}")
}

fn key(id: &KeyId, out: &mut dyn Write) -> io::Result<()> {
    let kind = match id.kind() {
        KeyKind::LongTerm => "a long-term access key: of an IAM user, or of the root user.",
        KeyKind::Temporary => {
            "a temporary key: useless without its secret and session token, and over within 36 \
             hours at most."
        }
    };
    paragraph(&format!("{id} is the id of {kind}"), "", out)?;
    match id.account() {
        Some(account) => writeln!(out, "It belongs to account {account}, by the id itself.\n"),
        None => writeln!(
            out,
            "The id does not tell its account; this does: aws sts get-access-key-info \
             --access-key-id {id}\n"
        ),
    }
}

/// What a key of an account of canaries is, and what is left to do about it.
fn trap(operator: &str, steps: &[Step], out: &mut dyn Write) -> io::Result<()> {
    paragraph(
        &format!("That account is known for canaries: {operator}. Nobody is ever asked about it."),
        "",
        out,
    )?;
    for step in steps.iter().skip(1) {
        writeln!(out, "\n{}:", escape_line(&step.title))?;
        paragraph(&step.why, "", out)?;
    }
    Ok(())
}

fn list(steps: &[Step], out: &mut dyn Write) -> io::Result<()> {
    for (when, heading) in [
        (When::Leak, "It leaked with its secret: do all of this, in this order"),
        (When::Rotation, "It did not leak: rotate as planned"),
    ] {
        let steps: Vec<&Step> = steps.iter().filter(|step| step.when == when).collect();
        if !steps.is_empty() {
            writeln!(out, "{heading}:\n")?;
        }
        for (number, step) in steps.iter().enumerate() {
            let told = when == When::Leak && number == 0;
            let above = if told { " (above)" } else { "" };
            writeln!(out, "{:>3}. {}{above}", number + 1, escape_line(&step.title))?;
            if told {
                continue;
            }
            paragraph(&step.why, "     ", out)?;
            if let Some(cli) = &step.cli {
                writeln!(out, "       {}", escape_line(cli))?;
            }
            if let Some(console) = &step.console {
                paragraph(&format!("Console: {console}"), "     ", out)?;
            }
        }
        if !steps.is_empty() {
            writeln!(out)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(typed: &str) -> String {
        let mut out = Vec::new();
        let subject = subject(typed, &RuleSet::builtin()).expect("a subject");
        explain(&subject, &mut out).expect("a Vec takes everything");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_first_line_is_what_to_do_first() {
        let id = ["AKIA", "QNZGKIQY56JQ7WML"].concat();
        let text = told(&id);
        assert!(
            text.starts_with("Deactivate the key now:\n\n  aws iam update-access-key "),
            "{text}"
        );
        let above = text.split("It leaked").next().expect("what to do first");
        for word in ["Or in the console", "Deactivate.", "--status Active brings it back"] {
            assert!(above.contains(word), "{word} in {above}");
        }
        let prose = text.lines().filter(|line| !line.trim_start().starts_with("aws "));
        assert!(prose.filter(|line| !line.contains("aws ")).all(|line| line.len() <= WIDTH));
        assert!(text.contains("account 029608264753"), "{text}");
        for rule in RuleSet::builtin().rules {
            let text = told(rule.id.as_str());
            let first = text.lines().next().expect("a line");
            assert!(first.ends_with(':') && !first.contains(rule.id.as_str()), "{first}");
        }
    }

    #[test]
    fn what_is_no_credential_is_no_alarm() {
        assert!(told(&["AKIA", "IOSFODNN7EXAMPLE"].concat()).starts_with("Nothing to do"));
        assert!(told(&["AROA", "QNZGKIQY56JQ7WML"].concat()).contains("unique id of a role"));
    }

    #[test]
    fn a_secret_typed_by_mistake_is_not_shown() {
        let secret = "aB3/".repeat(10);
        let error = subject(&secret, &RuleSet::builtin()).expect_err("no subject").to_string();
        assert!(!error.contains("aB3"), "{error}");
        let error =
            subject("aws-acess-key", &RuleSet::builtin()).expect_err("misspelt").to_string();
        assert!(error.contains("did you mean aws-access-key?"), "{error}");
    }
}
