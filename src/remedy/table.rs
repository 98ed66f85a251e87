//! Remedies as a table: the steps of a procedure once, with variables for the values of each
//! finding.
//!
//! A report of 20,000 findings needs a dozen procedures, not 20,000 copies of them. Commands are
//! for a POSIX shell and contain variables such as `"$KEY"`, so they run unchanged once the
//! variables of a finding are set.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fill::{Values, uses};
use super::{Step, own, procedure, procedure_steps};
use crate::finding::Finding;
use crate::rules::{Rule, RuleSet};

/// The steps of one procedure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// The commands that print a variable which a finding does not have.
    pub lookups: BTreeMap<&'static str, String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Remedies by their ids.
pub type Remedies = BTreeMap<String, Remedy>;

/// The remedy of a finding, and the values for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Its id in the table.
    pub remedy: String,
    /// The known values of `KEY`, `OWNER`, `ROLE` and `PARTITION`.
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
        let of_procedure = || Remedy { lookups: BTreeMap::new(), steps: steps(name, rule) };
        let remedy = all.entry(id(name, rule)).or_insert_with(of_procedure);
        let Some((variable, lookup)) = values.lookup() else { continue };
        let mut commands = remedy.steps.iter().filter_map(|step| step.cli.as_deref());
        if !values.variables().contains_key(variable) && commands.any(|cli| uses(cli, variable)) {
            remedy.lookups.entry(variable).or_insert(lookup);
        }
    }
    all
}

pub(super) fn id(name: &str, rule: Option<&Rule>) -> String {
    // The text of a user's rule is a remedy of its own.
    own(name, rule).map_or_else(|| name.to_owned(), |rule| format!("{name}/{}", rule.id))
}

/// The steps of a procedure with variables.
pub(super) fn steps(name: &str, rule: Option<&Rule>) -> Vec<Step> {
    procedure_steps(name, rule, &Values::variables_alone()).collect()
}
