//! The reason why a command that acts failed, and its exit status.

use std::io;

use keysweep_aws::Error;

use crate::run::Status;
use crate::text::escape_line;

/// A message for people, and the exit status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// 2: refused, and nothing was changed. 3: AWS gave no full answer, or a change has an unknown
    /// outcome. 130: interrupted.
    pub status: Status,
    /// The reason, and what to do. Holds no secret.
    pub message: String,
}

impl Failure {
    /// Refused before any change: status 2.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { status: Status::Usage, message: message.into() }
    }

    /// No full answer, or an unknown outcome: status 3.
    pub fn incomplete(message: impl Into<String>) -> Self {
        Self { status: Status::Incomplete, message: message.into() }
    }

    /// Ended by a signal: status 130.
    pub fn interrupted() -> Self {
        Self { status: Status::Interrupted, message: "interrupted".to_owned() }
    }

    /// The failure of a command that has already changed something. It is not refused before any
    /// change, so its status is 1.
    #[must_use]
    pub fn after_a_change(mut self) -> Self {
        if self.status == Status::Usage {
            self.status = Status::Findings;
        }
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut message = escape_line(&error.to_string());
        // STS accepted the key a moment ago, when it said who acts.
        if matches!(error, Error::InvalidClientTokenId { .. })
            && error.operation() != "GetCallerIdentity"
        {
            message.push_str(
                ". STS accepts this identity and IAM does not: a session of GetSessionToken \
                 without multi-factor authentication may not call IAM (act with --mfa, a role or a \
                 long-term key), or the key was deactivated a moment ago",
            );
        }
        if error.is_refusal() { Self::refused(message) } else { Self::incomplete(message) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::incomplete(format!("the output could not be written: {error}"))
    }
}
