//! Why a request did not do what was asked.

/// What an operation of IAM or STS comes to.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request did not do what was asked. Texts are escaped and hold no secret.
///
/// Codes: IAM API reference, "Common Errors" and the errors of each operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `NoSuchEntity`: there is no such user, key or policy in the caller's account.
    #[error("{operation}: not found: {message}")]
    NotFound {
        /// The operation, such as `ListAccessKeys`.
        operation: &'static str,
        /// AWS's words.
        message: String,
    },
    /// `AccessDenied`: the caller is known and may not.
    #[error("{operation}: not allowed: {message}")]
    AccessDenied {
        /// The operation.
        operation: &'static str,
        /// AWS's words, which name the caller, the resource and often the policy.
        message: String,
    },
    /// IAM goes on refusing because of too many requests, after all retries of a read. A change
    /// is sent once; if it is throttled it was not made.
    #[error("{operation}: too many requests; run the command again in a minute")]
    Throttled {
        /// The operation.
        operation: &'static str,
    },
    /// `InvalidClientTokenId` or `ExpiredToken`: the key that signs is unknown, inactive, too new
    /// to be known everywhere, or its session is over.
    #[error("{operation}: the key that signs is not accepted: {message}")]
    InvalidClientTokenId {
        /// The operation.
        operation: &'static str,
        /// AWS's words.
        message: String,
    },
    /// `LimitExceeded`: such as a third key of a user.
    #[error("{operation}: a limit of the account is reached: {message}")]
    LimitExceeded {
        /// The operation.
        operation: &'static str,
        /// AWS's words, such as "Cannot exceed quota for AccessKeysPerUser: 2".
        message: String,
    },
    /// AWS answered with any other error of its own; nothing was changed.
    #[error("{operation}: AWS refused it ({code}): {message}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// AWS's code, such as `ValidationError`.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// A read has no usable answer: no connection, no answer in time, a server that fails, or an
    /// answer that is not AWS's.
    #[error("{operation}: {why}")]
    NoAnswer {
        /// The operation.
        operation: &'static str,
        /// What happened.
        why: String,
    },
    /// A change was sent and its answer was lost, or the server failed: it may have been made or
    /// not. It was not sent again. Look before anything else is done.
    #[error("{operation}: outcome unknown: {why}; look whether it was done before you go on")]
    OutcomeUnknown {
        /// The operation.
        operation: &'static str,
        /// What happened.
        why: String,
    },
}

impl Error {
    /// The operation that failed.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::NotFound { operation, .. }
            | Self::AccessDenied { operation, .. }
            | Self::Throttled { operation }
            | Self::InvalidClientTokenId { operation, .. }
            | Self::LimitExceeded { operation, .. }
            | Self::Refused { operation, .. }
            | Self::NoAnswer { operation, .. }
            | Self::OutcomeUnknown { operation, .. } => operation,
        }
    }

    /// Whether AWS answered and nothing was changed.
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::NoAnswer { .. } | Self::OutcomeUnknown { .. } | Self::Throttled { .. }
        )
    }
}
