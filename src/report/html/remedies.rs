//! The procedures for findings whose steps are not written out, each once and with variables.

use askama::Template;

use crate::finding::Finding;
use crate::remedy::{self, Occasion, Remedies, Step};
use crate::report::Report;

/// The element id of a procedure.
pub(super) fn anchor(remedy: &str) -> String {
    format!("steps-{remedy}")
}

struct Procedure {
    anchor: String,
    name: String,
    /// Commands that print a variable that a finding does not have.
    lookups: Vec<(&'static str, String)>,
    steps: Vec<Step>,
}

/// All procedures to which findings refer.
#[derive(Template)]
#[template(path = "remedies.html")]
pub(super) struct Procedures {
    procedures: Vec<Procedure>,
}

impl Procedures {
    pub(super) fn new(report: &Report<'_>, referred: &[&Finding]) -> Self {
        let table: Remedies = remedy::remedies(referred.iter().copied(), report.rules);
        let procedures = table.into_iter().map(|(name, mut remedy)| {
            remedy.steps.retain(|step| step.when == Occasion::Leak);
            let lookups = remedy.lookups.into_iter().collect();
            Procedure { anchor: anchor(&name), name, lookups, steps: remedy.steps }
        });
        Self { procedures: procedures.collect() }
    }
}
