//! Error codes and messages that mean the same in the answers of STS and IAM.

/// True if the service asks for fewer requests.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "SlowDown"
            | "TooManyRequestsException"
    )
}

/// True if the message of `SignatureDoesNotMatch` says that this machine's clock is wrong.
pub(crate) fn is_clock_skew(message: &str) -> bool {
    let message = message.trim_start();
    message.starts_with("Signature expired") || message.starts_with("Signature not yet current")
}
