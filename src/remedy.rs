//! What to do about a finding: its own steps, with its own key id, account and user.
//!
//! The texts are data (`patterns/remedy/`); this module chooses the procedure and fills it in.
//! Takes a finding and the rules in force, gives steps and help texts. Knows nothing of how they
//! are shown, and asks nobody.

mod fill;
mod help;
mod texts;

use serde::Serialize;

use crate::aws::KeyKind;
use crate::finding::{Finding, Status};
use crate::principal::Principal;
use crate::rules::{Rule, RuleSet};

use fill::Values;

pub use help::{help_markdown, help_text};

/// On what occasion a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The credential leaked: now, in this order.
    Leak,
    /// A planned rotation of a key that did not leak.
    Rotation,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What to do, in a line.
    #[serde(rename = "step")]
    pub title: String,
    /// Why, and what to look out for.
    pub why: String,
    /// The command; it runs as it stands in a POSIX shell, unless a `<NAME>` is left in it.
    pub cli: Option<String>,
    /// The way through the console.
    pub console: Option<String>,
    /// The API's operation.
    pub api: Option<String>,
    /// On what occasion.
    pub when: When,
}

/// What is known of a credential that is explained: by an earlier report, or by who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The id of its key.
    pub key_id: Option<String>,
    /// Its IAM user.
    pub user: Option<String>,
    /// Who STS said it is.
    pub arn: Option<String>,
}

/// The steps of a credential, with names of the shell in their commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// The procedure's name: the steps of two guides of one name differ in names' values alone.
    pub procedure: String,
    /// Lines that give `KEY`, `OWNER` and `ROLE` their values, as far as a step uses them.
    pub assignments: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// The steps for what is known, by a rule or, without one, of a key of the root user.
pub fn guide(rule: Option<&Rule>, facts: &Facts) -> Guide {
    // Whoever asks for a rule is going to have a key of its kind.
    let kind = match rule.map(|rule| rule.remedy.as_str()) {
        Some("access-key" | "access-key-id" | "secret-access-key" | "ses-smtp-password") => {
            Some(KeyKind::LongTerm)
        }
        Some("temporary-key" | "session-token") => Some(KeyKind::Temporary),
        _ => None,
    };
    let values = Values::by_name(facts, kind);
    let name = match rule {
        Some(_) => procedure(rule, &values),
        None => "root-key",
    };
    let steps: Vec<Step> = procedure_steps(name, rule, &values).collect();
    let commands: Vec<&str> = steps.iter().filter_map(|step| step.cli.as_deref()).collect();
    Guide { procedure: name.to_owned(), assignments: values.assignments(&commands), steps }
}

/// All steps of a finding: those of a leak first, then those of a planned rotation.
pub fn steps(finding: &Finding, rules: &RuleSet) -> Vec<Step> {
    let rule = rules.get(finding.credential.rule.as_str());
    let values = Values::of_finding(finding);
    procedure_steps(procedure(rule, &values), rule, &values).collect()
}

/// What to do first, on one line.
pub fn next_step(finding: &Finding, rules: &RuleSet) -> String {
    let settled = match finding.verification.status {
        Status::Inactive => Some("AWS does not accept it any more: read what it did meanwhile"),
        Status::Expired => Some("its session is over: find out what it came from, which may live"),
        Status::Canary => Some("a canary: leave it alone, and ask its owner where it was planted"),
        _ => None,
    };
    if let Some(settled) = settled {
        return settled.to_owned();
    }
    let rule = rules.get(finding.credential.rule.as_str());
    let values = Values::of_finding(finding);
    let first = procedure_steps(procedure(rule, &values), rule, &values).next();
    match first {
        Some(Step { title, cli: Some(cli), .. }) => format!("{title}: {cli}"),
        Some(Step { title, .. }) => title,
        None => String::new(),
    }
}

/// The steps of a rule, with names such as `<KEY_ID>` where a finding has its own values.
pub fn steps_for_rule(rule: &Rule) -> Vec<Step> {
    let values = Values::unknown();
    procedure_steps(procedure(Some(rule), &values), Some(rule), &values).collect()
}

/// The procedure for a rule's finding: what is known of the key may ask for another one.
fn procedure<'a>(rule: Option<&'a Rule>, values: &Values) -> &'a str {
    let named = rule.map_or("custom", |rule| rule.remedy.as_str());
    match (named, values.kind()) {
        ("access-key", _) if values.is_root() => "root-key",
        ("access-key-id", Some(KeyKind::Temporary)) => "temporary-key-id",
        ("bedrock-short-term-key", Some(KeyKind::LongTerm)) => "bedrock-short-term-key-of-user",
        (named, _) if texts::procedure(named).is_some() => named,
        _ => "custom",
    }
}

fn procedure_steps<'a>(
    name: &str,
    rule: Option<&'a Rule>,
    values: &'a Values,
) -> impl Iterator<Item = Step> + 'a {
    // A user's rule may say in its own words what is to be done.
    let own = rule.filter(|rule| name == "custom" && !rule.remedy.is_empty());
    let steps = texts::procedure(name).into_iter().flat_map(|procedure| {
        let leak = procedure.leak.iter().map(|step| (step, When::Leak));
        leak.chain(procedure.rotation.iter().map(|step| (step, When::Rotation)))
    });
    steps.map(move |(step, when)| {
        let text = texts::step(step);
        let said = |text: &Option<String>| text.as_ref().map(|text| values.say(text));
        Step {
            title: text.title.clone(),
            why: own.map_or_else(|| values.say(&text.why), |rule| rule.remedy.clone()),
            cli: text.cli.as_ref().map(|cli| values.command(cli.trim_end())),
            console: said(&text.console),
            api: text.api.clone(),
            when,
        }
    })
}

impl Values {
    fn is_root(&self) -> bool {
        self.arn().is_some_and(|arn| Principal::of(arn) == Some(Principal::Root))
    }
}

#[cfg(test)]
mod tests;
