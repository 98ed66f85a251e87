//! The steps for a finding, with its key id, account and user.
//!
//! The texts are data (`patterns/remedy/`); this module chooses the procedure and fills it in.
//! Takes a finding and the rules, and returns steps and help texts. It does not know how they are shown,
//! and sends no request.

mod fill;
mod help;
mod table;
mod texts;

use serde::Serialize;

use crate::aws::KeyKind;
use crate::finding::{Finding, Status};
use crate::principal::Principal;
use crate::rules::{Author, Revocation, Rule, RuleSet};

use fill::Values;

pub use fill::{assignment, assignments, uses};
pub use help::{help_markdown, help_text};
pub use table::{Applied, Remedies, Remedy, applied, remedies};

/// The procedure for a canary key of any kind.
const CANARY: &str = "canary";

/// The occasion of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// The credential leaked: now, in this order.
    Leak,
    /// A planned rotation of a key that did not leak.
    Rotation,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The step in one line.
    #[serde(rename = "step")]
    pub title: String,
    /// The reason, and warnings.
    pub why: String,
    /// The command; it runs unchanged in a POSIX shell, unless it contains a `<NAME>`.
    pub cli: Option<String>,
    /// The command of keysweep that does it, after it looked and asked.
    pub keysweep: Option<String>,
    /// The same in the console.
    pub console: Option<String>,
    /// The operation of the API.
    pub api: Option<String>,
    /// The occasion.
    pub when: Occasion,
}

/// Facts about a credential that is explained: from an earlier report, or from the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The id of its key.
    pub key_id: Option<String>,
    /// Its IAM user.
    pub user: Option<String>,
    /// Its IAM role.
    pub role: Option<String>,
    /// The partition of AWS that it belongs to.
    pub partition: Option<String>,
    /// The identity that STS reported.
    pub arn: Option<String>,
    /// It is a canary, though its id may not show it.
    pub is_canary: bool,
}

/// The steps for a credential, with shell variables in their commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// The remedy's id: guides of one id differ only in the values of their variables.
    pub remedy: String,
    /// Lines that assign `KEY`, `OWNER`, `ROLE` and `PARTITION`, as far as a step uses them.
    pub assignments: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// The steps for these facts, by a rule or, without one, for a root key.
pub fn guide(rule: Option<&Rule>, facts: &Facts) -> Guide {
    // A user who asks about a rule is going to have a key of its kind.
    let kind = match rule.map(|rule| rule.remedy.as_str()) {
        Some("access-key" | "access-key-id" | "secret-access-key" | "ses-smtp-password") => {
            Some(KeyKind::LongTerm)
        }
        Some("temporary-key" | "session-token") => Some(KeyKind::Temporary),
        _ => None,
    };
    let values = Values::of_facts(facts, kind);
    let name = match rule {
        Some(_) => procedure(rule, &values),
        None => "root-key",
    };
    let steps = table::steps(name, rule);
    let commands: Vec<&str> = steps.iter().filter_map(|step| step.cli.as_deref()).collect();
    Guide { remedy: table::id(name, rule), assignments: values.assignments(&commands), steps }
}

/// All steps for a finding: those of a leak first, then those of a planned rotation.
pub fn steps(finding: &Finding, rules: &RuleSet) -> Vec<Step> {
    let rule = rules.get(finding.credential.rule.as_str());
    let values = Values::of_finding(finding);
    procedure_steps(procedure(rule, &values), rule, &values).collect()
}

/// The first of [`steps`].
pub fn first_step(finding: &Finding, rules: &RuleSet) -> Option<Step> {
    let rule = rules.get(finding.credential.rule.as_str());
    let values = Values::of_finding(finding);
    procedure_steps(procedure(rule, &values), rule, &values).next()
}

/// The advice if the verdict makes the first step unnecessary.
pub fn verdict_advice(finding: &Finding) -> Option<&'static str> {
    match finding.verification.status {
        Status::Inactive => Some("AWS no longer accepts it: find out what it was used for"),
        Status::Expired => Some(
            "its session has expired: find out which credential it came from, \
             which may be active",
        ),
        Status::Canary => Some("a canary: leave it alone, and ask its owner where it was placed"),
        _ => None,
    }
}

/// The first step, on one line.
pub fn next_step(finding: &Finding, rules: &RuleSet) -> String {
    if let Some(advice) = verdict_advice(finding) {
        return advice.to_owned();
    }
    match first_step(finding, rules) {
        Some(Step { title, cli: Some(cli), keysweep, .. }) => {
            let or = keysweep.map(|command| format!(" (or: {command})")).unwrap_or_default();
            format!("{title}: {cli}{or}")
        }
        Some(Step { title, .. }) => title,
        None => String::new(),
    }
}

/// The steps of a rule, with names such as `<KEY_ID>` in place of values.
pub fn steps_for_rule(rule: &Rule) -> Vec<Step> {
    let values = Values::unknown();
    procedure_steps(procedure(Some(rule), &values), Some(rule), &values).collect()
}

/// The procedure for a finding of a rule; facts about the key may select another one.
fn procedure<'a>(rule: Option<&'a Rule>, values: &Values) -> &'a str {
    let named = rule.map_or("custom", |rule| rule.remedy.as_str());
    match (named, values.kind()) {
        _ if values.is_canary() => CANARY,
        ("access-key", _) if values.is_root() => "root-key",
        ("access-key-id", Some(KeyKind::Temporary)) => "temporary-key-id",
        ("bedrock-short-term-key", Some(KeyKind::LongTerm)) => "bedrock-short-term-key-of-user",
        (named, _) if texts::procedure(named).is_some() => named,
        _ => "custom",
    }
}

/// A rule may describe the remedy in its own words.
fn own<'a>(name: &str, rule: Option<&'a Rule>) -> Option<&'a Rule> {
    let says = |rule: &&Rule| !rule.remedy.is_empty() || rule.revocation != Revocation::default();
    rule.filter(|_| name == "custom").filter(says)
}

fn procedure_steps<'a>(
    name: &str,
    rule: Option<&'a Rule>,
    values: &'a Values,
) -> impl Iterator<Item = Step> + 'a {
    let own = own(name, rule);
    let steps = texts::procedure(name).into_iter().flat_map(|procedure| {
        let leak = procedure.leak.iter().map(|step| (step, Occasion::Leak));
        leak.chain(procedure.rotation.iter().map(|step| (step, Occasion::Rotation)))
    });
    steps.map(move |(step, when)| {
        let text = texts::step(step);
        if let Some(rule) = own {
            return own_step(rule, text.title.as_str(), when, values);
        }
        let said = |text: &Option<String>| text.as_ref().map(|text| values.say(text));
        Step {
            title: text.title.clone(),
            why: values.say(&text.why),
            cli: text.cli.as_ref().map(|cli| values.command(cli.trim_end())),
            // Built without it, the program can't act.
            keysweep: text
                .keysweep
                .as_ref()
                .filter(|_| cfg!(feature = "verify"))
                .map(|command| values.command(command)),
            console: said(&text.console),
            api: text.api.clone(),
            when,
        }
    })
}

/// The word in a command for the credential, which is never filled in.
const TOKEN: &str = "<TOKEN>";

/// The step of a rule that says itself what to do.
fn own_step(rule: &Rule, title: &str, when: Occasion, values: &Values) -> Step {
    let Revocation { page, command } = &rule.revocation;
    // A command of the scanned project could do anything.
    let command = command.as_ref().filter(|_| rule.author != Author::Target);
    let cli = command.map(|command| values.command(command).replace("{token}", TOKEN));
    let mut why = rule.remedy.clone();
    if cli.as_ref().is_some_and(|cli| cli.contains(TOKEN)) {
        why = format!("{why} {TOKEN} in the command stands for the credential; {KEPT_OUT}");
    }
    Step {
        title: page.as_ref().map_or_else(|| title.to_owned(), |page| revoked_at(page)),
        why: why.trim_start().to_owned(),
        cli,
        keysweep: None,
        console: None,
        api: None,
        when,
    }
}

/// The title of a step with a page: a manual says how to revoke a credential, but can't do it.
fn revoked_at(page: &str) -> String {
    let manuals =
        ["/docs/", "/help/", "/html/rfc", "//csrc.nist.gov/", "//docs.", "//learn.", "//support."];
    match manuals.iter().any(|part| page.contains(part)) {
        true => format!("Revoke it; {page} says how"),
        false => format!("Revoke it at {page}"),
    }
}

/// A credential in a command would be kept there.
const KEPT_OUT: &str =
    "begin the line with a blank, so that the shell does not keep it in its history.";

impl Values {
    fn is_root(&self) -> bool {
        self.arn().is_some_and(|arn| Principal::of(arn) == Some(Principal::Root))
    }
}

#[cfg(test)]
mod tests;
