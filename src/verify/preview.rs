//! The requests of a verification, without sending them: `--verify-dry-run`.

use std::fmt;

use keysweep_aws::sts;

use super::{Partition, VerifyOptions, plan};
use crate::finding::{Finding, Status};

/// One key id, and the action of verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The key id.
    pub key_id: String,
    /// The action.
    pub intent: Intent,
}

/// An action of verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Ask with so many secrets, at these endpoints in turn, until one knows the key.
    Ask {
        /// The number of secrets that may belong to the id.
        secrets: usize,
        /// The partitions in order, with the endpoint's URL.
        whom: Vec<(Partition, String)>,
    },
    /// Decide without a request.
    Decide {
        /// The verdict.
        status: Status,
        /// The reason.
        reason: String,
    },
}

impl fmt::Display for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.intent {
            Intent::Ask { secrets, whom } => {
                write!(f, "{}: would ask GetCallerIdentity of ", self.key_id)?;
                for (index, (partition, endpoint)) in whom.iter().enumerate() {
                    let then = if index == 0 { "" } else { ", then " };
                    write!(f, "{then}{endpoint} ({partition})")?;
                }
                match secrets {
                    1 => Ok(()),
                    _ => write!(f, ", with up to {secrets} secrets, one after the other"),
                }
            }
            Intent::Decide { status, reason } => {
                write!(f, "{}: not sent, {}: {reason}", self.key_id, status.as_str())
            }
        }
    }
}

/// The actions of [`super::verify`] for `findings`, in the order of key ids. Findings without a key
/// id can't be verified and are omitted.
pub fn preview(findings: &[Finding], options: &VerifyOptions) -> Vec<Inquiry> {
    let (plan, settings) = (plan::plan(findings, options), options.settings());
    let asked = plan.questions.iter().map(|question| {
        let whom = question.partitions.iter().filter_map(|&partition| {
            sts::endpoint(partition, &settings).map(|endpoint| (partition, endpoint))
        });
        let secrets = question.candidates.len().min(options.max_candidates);
        Inquiry {
            key_id: question.key.to_string(),
            intent: Intent::Ask { secrets, whom: whom.collect() },
        }
    });
    let decided = plan.decided.iter().filter_map(|(index, verification)| {
        Some(Inquiry {
            key_id: findings[*index].credential.key_id.clone()?,
            intent: Intent::Decide {
                status: verification.status,
                reason: verification.reason.clone().unwrap_or_default(),
            },
        })
    });
    let mut inquiries: Vec<_> = asked.chain(decided).collect();
    inquiries.sort_by(|one, other| one.key_id.cmp(&other.key_id));
    inquiries
}
