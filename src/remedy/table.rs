//! Remedies as a table: the steps of a procedure once, with variables where each finding has its
//! own values.
//!
//! A report of 20,000 findings needs a dozen procedures, not 20,000 copies of them. Commands are
//! words of a POSIX shell and name the variables as `"$KEY"`, so they run as they stand once the
//! variables of a finding are set.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fill::{Values, role_lookup, user_lookup};
use super::{Step, When, procedure, texts};
use crate::aws::KeyKind;
use crate::finding::Finding;
use crate::rules::{Rule, RuleSet};

/// The steps of one procedure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// The commands that print a variable which a finding does not have.
    pub lookups: BTreeMap<&'static str, String>,
    /// What to do, in order.
    pub steps: Vec<Step>,
}

/// Remedies by their ids.
pub type Remedies = BTreeMap<String, Remedy>;

/// Which remedy is a finding's, and with which values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Its id in the table.
    pub remedy: String,
    /// What is known of `KEY`, `OWNER`, `ROLE` and `PARTITION`.
    pub variables: BTreeMap<&'static str, String>,
}

/// The remedy of a finding, by its id and values.
pub fn applied(finding: &Finding, rules: &RuleSet) -> Applied {
    let rule = rules.get(finding.credential.rule.as_str());
    let values = Values::of_finding(finding);
    let variables = values.variables();
    Applied { remedy: id(procedure(rule, &values), rule), variables }
}

/// All remedies of `findings`.
pub fn remedies<'a>(findings: impl IntoIterator<Item = &'a Finding>, rules: &RuleSet) -> Remedies {
    let mut all = Remedies::new();
    for finding in findings {
        let rule = rules.get(finding.credential.rule.as_str());
        let values = Values::of_finding(finding);
        let name = procedure(rule, &values);
        let remedy = all.entry(id(name, rule)).or_insert_with(|| template(name, rule));
        let known = values.variables();
        let (variable, lookup) = match values.kind() {
            Some(KeyKind::LongTerm) => ("OWNER", user_lookup(KEY)),
            Some(KeyKind::Temporary) => ("ROLE", role_lookup(KEY)),
            None => continue,
        };
        let word = format!("${variable}");
        let is_used = || remedy.steps.iter().any(|step| uses(step, &word));
        if !known.contains_key(variable) && is_used() {
            remedy.lookups.entry(variable).or_insert(lookup);
        }
    }
    all
}

const KEY: &str = "\"$KEY\"";

/// What stands in the texts for the values of a finding.
const VARIABLES: [(&str, &str); 5] = [
    ("{key_id}", "$KEY"),
    ("{service_user}", "$KEY"),
    ("{user}", "$OWNER"),
    ("{role}", "$ROLE"),
    ("{partition}", "$PARTITION"),
];

fn uses(step: &Step, word: &str) -> bool {
    step.cli.as_ref().is_some_and(|cli| cli.contains(word))
}

/// The text of a user's rule is a remedy of its own.
fn own<'a>(name: &str, rule: Option<&'a Rule>) -> Option<&'a Rule> {
    rule.filter(|rule| name == "custom" && !rule.remedy.is_empty())
}

fn id(name: &str, rule: Option<&Rule>) -> String {
    own(name, rule).map_or_else(|| name.to_owned(), |rule| format!("{name}/{}", rule.id))
}

fn template(name: &str, rule: Option<&Rule>) -> Remedy {
    let own = own(name, rule);
    let steps = texts::procedure(name).into_iter().flat_map(|procedure| {
        let leak = procedure.leak.iter().map(|step| (step, When::Leak));
        leak.chain(procedure.rotation.iter().map(|step| (step, When::Rotation)))
    });
    let steps = steps.map(|(step, when)| {
        let text = texts::step(step);
        Step {
            title: text.title.clone(),
            why: own.map_or_else(|| say(&text.why), |rule| rule.remedy.clone()),
            cli: text.cli.as_deref().map(|cli| command(cli.trim_end())),
            console: text.console.as_deref().map(say),
            api: text.api.clone(),
            when,
        }
    });
    Remedy { lookups: BTreeMap::new(), steps: steps.collect() }
}

/// Fills a command with variables, quoted as the shell wants them where they stand.
fn command(text: &str) -> String {
    let mut filled = String::with_capacity(text.len() + 40);
    let mut quote = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let placeholder = VARIABLES.iter().find(|(placeholder, _)| rest.starts_with(placeholder));
        if let Some((placeholder, variable)) = placeholder {
            match quote {
                None => filled.extend(["\"", variable, "\""]),
                Some('"') => filled.push_str(variable),
                Some(_) => filled.extend(["'\"", variable, "\"'"]),
            }
            rest = &rest[placeholder.len()..];
            continue;
        }
        quote = match (quote, first) {
            (None, '\'' | '"') => Some(first),
            (Some(open), _) if open == first => None,
            _ => quote,
        };
        filled.push(first);
        rest = &rest[first.len_utf8()..];
    }
    filled
}

fn say(text: &str) -> String {
    text.replace("{who}", "$OWNER").replace("{id}", "$KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_quoted_as_its_place_wants_it() {
        for (text, expected) in [
            ("a {user} b", "a \"$OWNER\" b"),
            ("k=v,x={key_id}", "k=v,x=\"$KEY\""),
            ("'{\"r\":\"arn:{partition}:x\"}'", "'{\"r\":\"arn:'\"$PARTITION\"':x\"}'"),
            ("\"[?a=='\"{service_user}\"'].b\"", "\"[?a=='\"\"$KEY\"\"'].b\""),
            ("\"x {role}\"", "\"x $ROLE\""),
        ] {
            assert_eq!(command(text), expected);
        }
    }
}
