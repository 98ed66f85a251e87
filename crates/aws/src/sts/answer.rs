//! The meaning of an STS answer, derived from status and body alone.
//!
//! Sources: AWS STS API reference "Common Errors", IAM User Guide "Signature Version 4
//! troubleshooting". Anything but STS's own XML with a known code proves nothing.

use crate::codes::{is_clock_skew, is_throttling};
use crate::xml::{self, ErrorAnswer};

/// The identity of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: String,
    /// Its unique id.
    pub user_id: String,
}

/// The meaning of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The key works; holds its identity.
    Identity(Identity),
    /// The key was authenticated, then denied.
    AccessDenied,
    /// The key id is live here, but the secret does not belong to it.
    WrongSecret,
    /// The key is unknown here: deleted, deactivated, of another partition, or with a bad session
    /// token.
    NotKnown,
    /// The session was valid and has expired.
    Expired,
    /// The clock of this machine is wrong.
    ClockSkew,
    /// The request can be retried later; holds the reason.
    Later(String),
    /// Nothing is proved; holds the reason.
    Nothing(String),
}

/// Interprets an answer that is not an identity.
pub fn read(status: u16, body: &[u8]) -> Answer {
    match (status, xml::error(body)) {
        (403, Some(error)) => read_error(&error),
        (_, Some(error)) if is_throttling(&error.code) => {
            Answer::Later(format!("STS answered {}", error.code))
        }
        (429, _) => Answer::Later("too many requests (429)".to_owned()),
        (500..=599, _) => Answer::Later(format!("the server failed ({status})")),
        (300..=399, _) => Answer::Nothing(format!("a redirect ({status}), not followed")),
        (_, Some(error)) => Answer::Nothing(format!("STS answered {status} {}", error.code)),
        _ => Answer::Nothing(format!("the answer ({status}) is not from STS")),
    }
}

fn read_error(error: &ErrorAnswer) -> Answer {
    let says = |start: &str| error.message.trim_start().starts_with(start);
    match error.code.as_str() {
        "InvalidClientTokenId" => Answer::NotKnown,
        "ExpiredToken" => Answer::Expired,
        "AccessDenied" => Answer::AccessDenied,
        "SignatureDoesNotMatch" if says("The request signature we calculated") => {
            Answer::WrongSecret
        }
        "SignatureDoesNotMatch" if is_clock_skew(&error.message) => Answer::ClockSkew,
        code if is_throttling(code) => Answer::Later(format!("STS answered {code}")),
        code => Answer::Nothing(format!("STS answered 403 {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn aws(code: &str, message: &str) -> Vec<u8> {
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    \
             <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>{message}</Message>\n  \
             </Error>\n  <RequestId>1</RequestId>\n</ErrorResponse>\n"
        )
        .into_bytes()
    }

    fn moto(code: &str, message: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n  <ErrorResponse>\n    <Errors>\n      \
             <Error>\n        <Code>{code}</Code>\n        <Message>{message}</Message>\n      \
             </Error>\n    </Errors>\n  <RequestID>1</RequestID>\n</ErrorResponse>"
        )
        .into_bytes()
    }

    #[test]
    fn the_table_of_verdicts_in_both_envelopes() {
        let calculated = "The request signature we calculated does not match the signature";
        let table = [
            ("InvalidClientTokenId", "The security token …", Answer::NotKnown),
            ("SignatureDoesNotMatch", calculated, Answer::WrongSecret),
            (
                "SignatureDoesNotMatch",
                "Signature expired: 20200101T000000Z is now earlier than 2",
                Answer::ClockSkew,
            ),
            ("SignatureDoesNotMatch", "Signature not yet current: 2", Answer::ClockSkew),
            ("ExpiredToken", "The security token included …", Answer::Expired),
            ("AccessDenied", "User: … is not authorized", Answer::AccessDenied),
        ];
        for (code, message, answer) in table {
            for body in [aws(code, message), moto(code, message)] {
                assert_eq!(read(403, &body), answer, "{code} {message}");
            }
        }
    }

    #[test]
    fn all_else_proves_nothing() {
        for code in ["IncompleteSignature", "RequestExpired", "OptInRequired", "RegionDisabled"] {
            assert!(matches!(read(403, &aws(code, "")), Answer::Nothing(_)), "{code}");
        }
        let unknown = aws("InvalidClientTokenId", "…");
        let cut = &unknown[..unknown.len() - 20];
        let page = b"<html><body>403 Forbidden <Code>InvalidClientTokenId</Code></body></html>";
        let inside = b"<html><ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse></html>";
        for (status, body) in [
            (403, cut),
            (403, &page[..]),
            (403, &inside[..]),
            (403, b""),
            (400, &unknown),
            (200, &unknown),
            (302, &unknown),
            (407, &unknown),
            (403, b"\xff\xfe"),
        ] {
            let shown = String::from_utf8_lossy(body);
            assert!(matches!(read(status, body), Answer::Nothing(_)), "{status} {shown}");
        }
        assert!(matches!(
            read(403, &aws("SignatureDoesNotMatch", "Credential should be scoped to a valid …")),
            Answer::Nothing(_)
        ));
    }

    #[test]
    fn throttling_and_failures_are_asked_again() {
        for (status, body) in [
            (400, aws("Throttling", "Rate exceeded")),
            (403, aws("ThrottlingException", "")),
            (429, Vec::new()),
            (500, Vec::new()),
            (503, aws("InvalidClientTokenId", "a server in trouble")),
        ] {
            assert!(matches!(read(status, &body), Answer::Later(_)), "{status}");
        }
    }

    #[test]
    fn a_code_that_is_not_a_word_is_not_from_sts() {
        let answer = read(403, &aws("\u{1b}[2J&#10;x", ""));
        assert_eq!(answer, Answer::Nothing("the answer (403) is not from STS".to_owned()));
    }

    proptest! {
        #[test]
        fn never_panics(status in 0u16..1000, body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(status, &body);
        }

        #[test]
        fn a_cut_answer_proves_nothing(at in any::<proptest::sample::Index>()) {
            let whole = aws("InvalidClientTokenId", "…");
            // The last line feed is not part of the document.
            let cut = &whole[..at.index(whole.len() - 1)];
            prop_assert!(matches!(read(403, cut), Answer::Nothing(_)));
        }
    }
}
