//! The exit status: one number that sums up a run.

use crate::coverage::Coverage;
use crate::finding::{Finding, Severity, Status as Verdict};

/// The end of a run; ordered, the one that prevails last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Everything asked for was scanned, and nothing is at or above the threshold.
    #[default]
    Clean,
    /// No such finding, but some of what was asked for could not be read.
    Incomplete,
    /// Findings at or above the threshold, whether or not the scan was complete.
    Findings,
    /// Wrong usage or configuration, or nothing could be scanned.
    Usage,
    /// A signal ended the run; what was found until then is reported.
    Interrupted,
}

impl Status {
    /// The exit status of the program; it never changes.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            // 128 plus the number of SIGINT, as in shells.
            Self::Interrupted => 130,
        }
    }

    /// The status of two runs together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The least severity that makes a run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Any finding.
    Note,
    /// Warnings and errors.
    #[default]
    Warning,
    /// Errors alone.
    Error,
    /// Keys that STS confirmed as active.
    Active,
    /// No finding.
    Never,
}

impl FailOn {
    /// True if a finding reaches it.
    pub fn is_met(self, finding: &Finding) -> bool {
        let at_least = |severity| finding.severity >= severity;
        finding.suppressed.is_none()
            && match self {
                Self::Note => at_least(Severity::Note),
                Self::Warning => at_least(Severity::Warning),
                Self::Error => at_least(Severity::Error),
                Self::Active => finding.verification.status == Verdict::Active,
                Self::Never => false,
            }
    }
}

/// The status for these findings and this coverage.
pub fn status(findings: &[Finding], coverage: &Coverage, fail_on: FailOn) -> Status {
    let found = match findings.iter().any(|finding| fail_on.is_met(finding)) {
        true => Status::Findings,
        false => Status::Clean,
    };
    let read = if coverage.complete { Status::Clean } else { Status::Incomplete };
    found.merge(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{
        Confidence, Credential, Occurrence, Origin, RuleId, Sighting, Suppression, Verification,
    };

    fn finding(severity: Severity, verdict: Verdict) -> Finding {
        let credential = Credential::new(RuleId::new("aws-access-key"), None, None);
        let (origin, sighting) = (Origin::default(), Sighting::default());
        let confidence = Confidence::High;
        let place = Occurrence { origin, sighting, confidence };
        Finding {
            verification: Verification { status: verdict, ..Verification::default() },
            ..Finding::new(credential, severity, confidence, vec![place])
        }
    }

    #[test]
    fn the_table_of_the_contract() {
        let note = finding(Severity::Note, Verdict::NotChecked);
        let warning = finding(Severity::Warning, Verdict::NotChecked);
        let error = finding(Severity::Error, Verdict::NotChecked);
        let active = finding(Severity::Error, Verdict::Active);
        let suppressed = Finding {
            suppressed: Some(Suppression { by: "baseline".to_owned(), reason: None }),
            ..error.clone()
        };
        let table = [
            (vec![], FailOn::Note, 0, 3),
            (vec![note.clone()], FailOn::Note, 1, 1),
            (vec![note], FailOn::Warning, 0, 3),
            (vec![warning.clone()], FailOn::Warning, 1, 1),
            (vec![warning], FailOn::Error, 0, 3),
            (vec![error.clone()], FailOn::Error, 1, 1),
            (vec![error], FailOn::Active, 0, 3),
            (vec![active.clone()], FailOn::Active, 1, 1),
            (vec![active], FailOn::Never, 0, 3),
            (vec![suppressed], FailOn::Note, 0, 3),
        ];
        for (findings, fail_on, complete, incomplete) in table {
            for (is_complete, code) in [(true, complete), (false, incomplete)] {
                let coverage = Coverage { complete: is_complete, ..Coverage::default() };
                let status = status(&findings, &coverage, fail_on);
                assert_eq!(
                    status.code(),
                    code,
                    "{fail_on:?}, complete {is_complete}: {findings:?}"
                );
            }
        }
    }

    #[test]
    fn the_graver_of_two_prevails() {
        use Status::{Clean, Findings, Incomplete, Interrupted, Usage};
        for (a, b, both) in [
            (Clean, Clean, Clean),
            (Clean, Incomplete, Incomplete),
            (Findings, Incomplete, Findings),
            (Findings, Usage, Usage),
            (Findings, Interrupted, Interrupted),
        ] {
            assert_eq!(a.merge(b), both);
            assert_eq!(b.merge(a), both);
        }
    }
}
