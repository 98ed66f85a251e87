//! Errors of requests.

/// The result of an operation of IAM or STS.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a request failed. Texts are escaped and contain no secret.
///
/// Codes: IAM API reference, "Common Errors" and the errors of each operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `NoSuchEntity`: the user, key or policy does not exist in the caller's account.
    #[error("{operation}: not found: {message}")]
    NotFound {
        /// The operation, such as `ListAccessKeys`.
        operation: &'static str,
        /// The message of AWS.
        message: String,
    },
    /// `AccessDenied`: the caller is authenticated but does not have the permission.
    #[error("{operation}: not allowed: {message}")]
    AccessDenied {
        /// The operation.
        operation: &'static str,
        /// The message of AWS, which names the caller, the resource and often the policy.
        message: String,
    },
    /// IAM still throttles after all retries of a read. A change is sent once; a throttled change
    /// was not made.
    #[error("{operation}: too many requests; run the command again in a minute")]
    Throttled {
        /// The operation.
        operation: &'static str,
    },
    /// `InvalidClientTokenId` or `ExpiredToken`: the signing key is unknown, inactive, too new to
    /// be known everywhere, or its session has expired.
    #[error("{operation}: the key that signs is not accepted: {message}")]
    InvalidClientTokenId {
        /// The operation.
        operation: &'static str,
        /// The message of AWS.
        message: String,
    },
    /// `LimitExceeded`, for example for a third key of a user.
    #[error("{operation}: a limit of the account is reached: {message}")]
    LimitExceeded {
        /// The message of AWS, such as "Cannot exceed quota for AccessKeysPerUser: 2".
        operation: &'static str,
        /// AWS's words, such as "Cannot exceed quota for AccessKeysPerUser: 2".
        message: String,
    },
    /// AWS answered with another error; nothing was changed.
    #[error("{operation}: AWS refused it ({code}): {message}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// The error code of AWS, such as `ValidationError`.
        code: String,
        /// The message of AWS.
        message: String,
    },
    /// A read has no usable answer: no connection, a timeout, a server error, or an answer that is
    /// not from AWS.
    #[error("{operation}: {why}")]
    NoAnswer {
        /// The operation.
        operation: &'static str,
        /// The reason.
        why: String,
    },
    /// A change was sent and its answer was lost, or the server failed. The change may have been
    /// made, and it was not sent again. Check its effect before any further step.
    #[error("{operation}: outcome unknown: {why}; look whether it was done before you go on")]
    OutcomeUnknown {
        /// The operation.
        operation: &'static str,
        /// The reason.
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

    /// True if AWS answered and nothing was changed.
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::NoAnswer { .. } | Self::OutcomeUnknown { .. } | Self::Throttled { .. }
        )
    }
}
