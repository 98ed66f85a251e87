//! The stage that asks STS about what a run found.

use crate::coverage::Ledger;
use crate::finding::Finding;
use crate::verify::{self, Summary};

/// How the keys of a run are verified.
#[derive(Clone, Debug)]
pub struct Verify {
    /// What the stage may be told.
    pub options: verify::VerifyOptions,
    /// Tells the user, once and before the first request, that there will be some.
    pub announce: fn(&str),
}

/// Verifies `findings`; the halves of a key that turn out to belong together become one finding.
pub(super) fn verify(findings: &mut Vec<Finding>, how: &Verify, ledger: &Ledger) {
    let Summary { pairs, .. } =
        verify::verify(findings, &how.options, ledger, &mut |text| (how.announce)(text));
    verify::regroup(findings, pairs);
    // No longer than needed: what was tried and did not fit is nobody's finding.
    for place in findings.iter_mut().flat_map(|finding| &mut finding.occurrences) {
        place.sighting.rivals = Vec::new();
    }
}
