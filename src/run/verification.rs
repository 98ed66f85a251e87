//! The stage that verifies findings at STS.

use crate::coverage::Ledger;
use crate::finding::{Finding, Status};
use crate::verify::{self, Summary};

/// The options of verification in a run.
#[derive(Clone, Debug)]
pub struct Verify {
    /// The options of the stage.
    pub options: verify::VerifyOptions,
    /// Announces the first request to the user, once.
    pub announce: fn(&str),
}

/// Verifies `findings`. The halves of a key that turn out to belong together become one finding.
pub(super) fn verify(findings: &mut Vec<Finding>, how: &Verify, ledger: &Ledger) {
    let Summary { pairs, .. } =
        verify::verify(findings, &how.options, ledger, &mut |text| (how.announce)(text));
    verify::regroup(findings, pairs);
    // The secrets of rejected pairs are dropped as soon as possible.
    for place in findings.iter_mut().flat_map(|finding| &mut finding.occurrences) {
        place.sighting.rivals = Vec::new();
    }
}

/// Records that AWS can't be asked about tokens of other providers.
pub(super) fn note_others(findings: &[Finding], ledger: &Ledger) {
    let is_open = |finding: &&Finding| finding.suppressed.is_none();
    // A rule of the user may find pairs about which AWS was asked.
    let is_other = |finding: &&Finding| {
        !finding.credential.is_of_aws() && finding.verification.status == Status::NotChecked
    };
    let others = findings.iter().filter(is_open).filter(is_other).count();
    let what = match others {
        0 => return,
        1 => "1 credential of another provider was".to_owned(),
        _ => format!("{others} credentials of other providers were"),
    };
    ledger.note(format!("{what} not verified: keysweep asks AWS alone"));
}
