//! The texts of `patterns/remedy/`, unchanged.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A step without values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepText {
    pub title: String,
    pub why: String,
    pub cli: Option<String>,
    pub keysweep: Option<String>,
    pub console: Option<String>,
    pub api: Option<String>,
}

/// Names of steps, in order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Procedure {
    pub leak: Vec<String>,
    pub rotation: Vec<String>,
}

static STEPS: LazyLock<BTreeMap<String, StepText>> = LazyLock::new(|| {
    toml::from_str(keysweep_patterns::STEPS).expect("embedded, and read by a test")
});

static PROCEDURES: LazyLock<BTreeMap<String, Procedure>> = LazyLock::new(|| {
    toml::from_str(keysweep_patterns::PROCEDURES).expect("embedded, and read by a test")
});

/// The procedure of this name.
pub(super) fn procedure(name: &str) -> Option<&'static Procedure> {
    PROCEDURES.get(name)
}

/// The step that a procedure names.
pub(super) fn step(name: &str) -> &'static StepText {
    STEPS.get(name).expect("a test holds every procedure to the steps that there are")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules::REMEDIES;

    #[test]
    fn every_procedure_has_its_steps_and_every_step_a_procedure() {
        let used: BTreeSet<&String> = PROCEDURES
            .values()
            .flat_map(|procedure| procedure.leak.iter().chain(&procedure.rotation))
            .collect();
        let written: BTreeSet<&String> = STEPS.keys().collect();
        assert_eq!(used, written);
        for (name, procedure) in PROCEDURES.iter() {
            assert!(!procedure.leak.is_empty(), "{name}");
        }
        for name in REMEDIES {
            assert!(PROCEDURES.contains_key(name), "{name}");
        }
    }
}
