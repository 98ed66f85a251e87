//! `keysweep explain`: what a key id or a rule is, and what to do about it, offline.
//!
//! The first lines say what to do first, because the reader may have just leaked a key.

pub mod report;
pub mod script;
mod why;
mod wrap;

use std::io::{self, Write};

use crate::aws::{KeyId, KeyKind};
use crate::canary;
use crate::remedy::{self, Facts, Guide, Occasion, Step};
use crate::rules::{Rule, RuleSet, id};
use crate::text::escape_line;

pub use why::why;

/// The subject of the explanation.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The id of a signing key.
    Key(KeyId),
    /// A rule.
    Rule(Box<Rule>),
    /// Keys of the root user.
    Root,
    /// An id of IAM that is not a credential, with a description.
    Other(String, &'static str),
}

/// The argument is neither a key id nor a rule.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// An unknown word.
    #[error(
        "'{0}' is neither an access key id (AKIA or ASIA and 16 of A-Z and 2-7) nor a rule \
         ('keysweep rules' lists them) nor 'root'{1}"
    )]
    Unknown(String, String),
    /// A word that is longer than any id: it may be a secret, and is not shown.
    #[error(
        "the argument is neither an access key id nor a rule; if it is a secret, it is now in \
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

/// Parses the argument.
///
/// # Errors
///
/// If it is neither a key id nor a rule. The message shows it only if it is too short to be a
/// secret.
pub fn subject(input: &str, rules: &RuleSet) -> Result<Subject, ExplainError> {
    let input = input.trim();
    if let Some(id) = KeyId::parse(input.as_bytes()) {
        return Ok(Subject::Key(id));
    }
    if input == "root" {
        return Ok(Subject::Root);
    }
    if let Some(rule) = rules.get(input) {
        return Ok(Subject::Rule(Box::new(rule.clone())));
    }
    let shaped = input.len() >= 16
        && input.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let other = OTHER.iter().find(|(prefix, _)| input.starts_with(prefix));
    if let Some((_, what)) = other.filter(|_| shaped && input.len() <= 32) {
        return Ok(Subject::Other(input.to_owned(), what));
    }
    if input.len() > LONGEST_SHOWN {
        return Err(ExplainError::Secret);
    }
    let likeness = |rule: &&Rule| (strsim::jaro_winkler(rule.id.as_str(), input) * 1000.0) as u32;
    let near = rules.rules.iter().max_by_key(likeness).filter(|rule| likeness(rule) > 800);
    let hint = near.map(|rule| format!("; did you mean {}?", rule.id)).unwrap_or_default();
    Err(ExplainError::Unknown(escape_line(input), hint))
}

/// The steps for the subject, unless there is nothing to do.
pub fn guide(subject: &Subject, rules: &RuleSet) -> Option<Guide> {
    match subject {
        Subject::Key(id) if id.is_example() => None,
        Subject::Key(id) => {
            let rule = match id.kind() {
                KeyKind::LongTerm => id::ACCESS_KEY,
                KeyKind::Temporary => id::TEMPORARY_KEY,
            };
            let facts = Facts { key_id: Some(id.to_string()), ..Facts::default() };
            rules.get(rule).map(|rule| remedy::guide(Some(rule), &facts))
        }
        Subject::Rule(rule) => Some(remedy::guide(Some(rule), &Facts::default())),
        Subject::Root => Some(remedy::guide(None, &Facts::default())),
        Subject::Other(..) => None,
    }
}

/// Writes the explanation.
///
/// # Errors
///
/// An error of `out`.
pub fn explain(subject: &Subject, rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    let guide = guide(subject, rules);
    if let Some(guide) = &guide {
        first(guide, out)?;
    }
    match subject {
        Subject::Key(id) if id.is_example() => writeln!(
            out,
            "Nothing to do: {id} is an example or placeholder, never a key that AWS issued."
        )?,
        Subject::Key(id) => key(id, out)?,
        Subject::Rule(rule) => {
            let (id, severity) = (&rule.id, rule.severity.as_str());
            writeln!(out, "{id} ({severity}): {}", escape_line(&rule.title))?;
            writeln!(out, "{}", prose(&rule.description, "").trim_end())?;
            writeln!(out)?;
        }
        Subject::Root => writeln!(out, "{}", prose(ROOT, ""))?,
        Subject::Other(id, what) => {
            writeln!(out, "Nothing to rotate: {id} is the unique id of {what}, not a credential.")?;
        }
    }
    match (&guide, operator(subject)) {
        (Some(guide), Some(operator)) => trap(operator, guide, out),
        (Some(guide), None) => list(guide, true, out),
        (None, _) => Ok(()),
    }
}

/// The operator of the canaries of a key's account.
fn operator(subject: &Subject) -> Option<&'static str> {
    match subject {
        Subject::Key(id) => id.account().as_deref().and_then(canary::operator),
        Subject::Rule(_) | Subject::Root | Subject::Other(..) => None,
    }
}

/// Explains a canary key, and what remains to be done about it.
fn trap(operator: &str, guide: &Guide, out: &mut dyn Write) -> io::Result<()> {
    let what = format!(
        "That account is known for canary keys: {operator}. Its keys are never sent to \
             AWS."
    );
    write!(out, "{}", prose(&what, ""))?;
    for step in guide.steps.iter().skip(1) {
        writeln!(out, "\n{}:", escape_line(&step.title))?;
        write!(out, "{}", prose(&step.why, ""))?;
    }
    Ok(())
}

/// The description of a root key.
const ROOT: &str = "A key of the root user acts as the owner of the whole account, and no policy \
     of the account limits it. Its id looks like any other: a lookup of its owner finds no user. \
     The account's credential report lists it in the row <root_account>.";

/// Writes the whole first step: the reader has no time to look for the rest of it.
fn first(guide: &Guide, out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = guide.steps.first() else { return Ok(()) };
    writeln!(out, "{}:\n", escape_line(&first.title))?;
    for line in guide.assignments.iter().filter(|line| !waits(line)) {
        write!(out, "{}", command(line, "  "))?;
    }
    if let Some(cli) = &first.cli {
        for line in waiting(guide, 0) {
            write!(out, "{}", command(line, "  "))?;
        }
        write!(out, "{}", command(cli, "  "))?;
    }
    writeln!(out)?;
    if let Some(command) = &first.keysweep {
        write!(
            out,
            "{}",
            prose(&format!("Or by keysweep, which looks and asks first: {command}"), "")
        )?;
    }
    if let Some(console) = &first.console {
        write!(out, "{}", prose(&format!("Or in the console: {console}"), ""))?;
    }
    if let Some(api) = &first.api {
        writeln!(out, "API: {api}")?;
    }
    writeln!(out, "{}", prose(&first.why, ""))
}

/// True if an assignment is written before the step that uses it first: its value is not known yet,
/// and it is not the key itself.
fn waits(assignment: &str) -> bool {
    assignment.contains("='<") && !assignment.starts_with("KEY=")
}

/// The assignments of the step with this number, which is the first to use them.
fn waiting(guide: &Guide, step: usize) -> impl Iterator<Item = &str> {
    let lines = guide.assignments.iter().map(String::as_str).filter(|line| waits(line));
    lines.filter(move |line| {
        let name = line.split('=').next().unwrap_or_default();
        let uses = |step: &Step| step.cli.as_ref().is_some_and(|cli| remedy::uses(cli, name));
        guide.steps.iter().position(uses) == Some(step)
    })
}

/// Wraps prose of a step, which a user's rule may have written.
fn prose(text: &str, indent: &str) -> String {
    wrap::prose(&escape_line(text), indent)
}

/// Wraps a command.
fn command(text: &str, indent: &str) -> String {
    wrap::command(&escape_line(text), indent)
}

fn key(id: &KeyId, out: &mut dyn Write) -> io::Result<()> {
    let kind = match id.kind() {
        KeyKind::LongTerm => "a long-term access key: of an IAM user, or of the root user.",
        KeyKind::Temporary => {
            "a temporary key: useless without its secret and session token, and valid for at most \
             36 hours."
        }
    };
    write!(out, "{}", prose(&format!("{id} is the id of {kind}"), ""))?;
    match id.account() {
        Some(account) => writeln!(out, "It belongs to account {account}, which the id encodes.\n"),
        None => writeln!(
            out,
            "The id does not encode its account; this command prints it:\n\n  aws sts \
             get-access-key-info --access-key-id {id}\n"
        ),
    }
}

/// Writes all steps; the first step of a leak may be above already.
fn list(guide: &Guide, is_above: bool, out: &mut dyn Write) -> io::Result<()> {
    for (when, heading) in [
        (Occasion::Leak, "If it leaked with its secret, do all of this, in this order"),
        (Occasion::Rotation, "If it did not leak, rotate it as planned"),
    ] {
        let steps: Vec<&Step> = guide.steps.iter().filter(|step| step.when == when).collect();
        if !steps.is_empty() {
            writeln!(out, "{heading}:\n")?;
        }
        for (number, step) in steps.iter().enumerate() {
            let shown_above = is_above && when == Occasion::Leak && number == 0;
            let above = if shown_above { " (above)" } else { "" };
            writeln!(out, "{:>3}. {}{above}", number + 1, escape_line(&step.title))?;
            if shown_above {
                continue;
            }
            write!(out, "{}", prose(&step.why, "     "))?;
            if let Some(cli) = &step.cli {
                let at = guide.steps.iter().position(|other| other == *step);
                for line in waiting(guide, at.unwrap_or_default()) {
                    write!(out, "{}", command(line, "       "))?;
                }
                write!(out, "{}", command(cli, "       "))?;
            }
            if let Some(command) = &step.keysweep {
                write!(out, "{}", prose(&format!("By keysweep: {command}"), "     "))?;
            }
            if let Some(console) = &step.console {
                write!(out, "{}", prose(&format!("Console: {console}"), "     "))?;
            }
            if let Some(api) = &step.api {
                writeln!(out, "     API: {api}")?;
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

    fn explained(input: &str) -> String {
        let mut out = Vec::new();
        let rules = RuleSet::builtin();
        let subject = subject(input, &rules).expect("a subject");
        explain(&subject, &rules, &mut out).expect("a Vec takes everything");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_first_line_is_what_to_do_first() {
        let id = ["AKIA", "QNZGKIQY56JQ7WML"].concat();
        let text = explained(&id);
        assert!(
            text.starts_with(&format!("Deactivate the key now:\n\n  KEY={id}\n  OWNER=")),
            "{text}"
        );
        let above = text.split("It leaked").next().expect("what to do first");
        let words =
            ["aws iam update-access-key", "Or in the console", "Deactivate.", "API: Update"];
        for word in words.into_iter().chain(["--status Active reactivates it"]) {
            assert!(above.contains(word), "{word} in {above}");
        }
        // The id occurs where it is assigned, and in the text about it.
        assert_eq!(text.matches(&id).count(), 2, "{text}");
        assert!(text.contains("account 029608264753"), "{text}");
        for rule in RuleSet::builtin().rules {
            let text = explained(rule.id.as_str());
            let first = text.lines().next().expect("a line");
            assert!(first.ends_with(':') && !first.contains(rule.id.as_str()), "{first}");
        }
    }

    #[test]
    fn every_line_is_as_wide_as_a_terminal() {
        let key = |prefix: &str| [prefix, "QNZGKIQY56JQ7WML"].concat();
        let rules = RuleSet::builtin().rules;
        let names = rules.iter().map(|rule| rule.id.as_str().to_owned());
        for subject in names.chain([key("AKIA"), key("ASIA"), "root".to_owned()]) {
            let text = explained(&subject);
            // An address is not broken.
            for line in text.lines().filter(|line| !line.contains("https://")) {
                assert!(line.chars().count() <= wrap::WIDTH, "{subject}: {line}");
            }
        }
    }

    #[test]
    fn what_the_root_user_and_planned_rotations_need_is_said() {
        let root = explained("root");
        for word in ["Sign in as the root user", "assume-root", "requires that the key is inactive"]
        {
            assert!(root.contains(word), "{word} in {root}");
        }
        let text = explained("aws-access-key").replace('\n', " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in [
            "older than 90 days",
            "somebody who leaves",
            "Give it to nobody",
            "even if it was never used",
            "description tag",
            "Show or Download .csv",
            "https://console.aws.amazon.com/iam",
            "The console deletes inactive keys only",
            "once in 15 minutes",
            "aws iam list-users",
            "Find the owner",
            "user/*/${aws:username}",
            "AWSCompromisedKeyQuarantine'",
            "service control policy",
        ] {
            assert!(text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn examples_and_ids_of_roles_need_no_action() {
        assert!(explained(&["AKIA", "IOSFODNN7EXAMPLE"].concat()).starts_with("Nothing to do"));
        assert!(explained(&["AROA", "QNZGKIQY56JQ7WML"].concat()).contains("unique id of a role"));
    }

    #[test]
    fn a_secret_given_by_mistake_is_not_shown() {
        let secret = "aB3/".repeat(10);
        let error = subject(&secret, &RuleSet::builtin()).expect_err("no subject").to_string();
        assert!(!error.contains("aB3"), "{error}");
        let error =
            subject("aws-acess-key", &RuleSet::builtin()).expect_err("misspelt").to_string();
        assert!(error.contains("did you mean aws-access-key?"), "{error}");
    }
}
