//! `keysweep verify`: one key whose secret the user has, or the findings of an earlier report.
//!
//! It takes a key id and an input with the secret, or the text of a report; it gives findings to
//! verify and words for their verdicts. It opens no socket and scans nothing.

mod earlier;
pub mod live;

use std::io::{self, Read, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::aws::{KeyId, KeyKind, SECRET_LEN};
use crate::coverage::Ledger;
use crate::finding::{
    Confidence, Credential, Finding, Occurrence, Origin, RuleId, Severity, Sighting, Status,
    Verification,
};
use crate::report::{self, Layout};
use crate::rules::{RuleSet, id};
use crate::secret::Secret;
use crate::text::escape_line;

pub use earlier::{Earlier, Holder, ReportError, read_report};

/// The reason why a key can't be verified. It never contains what was given as a secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not an access key id.
    #[error(
        "{0:?} is not an AWS access key id, which begins with AKIA or ASIA and has 20 characters \
         (the secret is read from standard input or a prompt, never from an argument)"
    )]
    NotAnId(String),
    /// An id that AWS never issued.
    #[error("{0} is an example or placeholder, not a key")]
    Example(String),
    /// The first line is not a secret.
    #[error(
        "the first line is not a secret access key, which has 40 letters, digits, '/' and '+', \
         and for an ASIA key the session token follows on the second line"
    )]
    NotASecret,
    /// The second line is not a session token.
    #[error("the second line is not a session token, which has at least 100 characters of base64")]
    NotAToken,
    /// Standard input or the terminal can't be read.
    #[error("the secret cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// More bytes than any secret and session token.
const MOST: u64 = 64 * 1024;

/// Parses a key id.
///
/// # Errors
///
/// If it is not one, or is an example or placeholder. The message does not show a text that could
/// be a secret.
pub fn read_id(entered: &str) -> Result<KeyId, KeyError> {
    let id = KeyId::parse(entered.trim().as_bytes()).ok_or_else(|| {
        let shown = if entered.len() < 30 { escape_line(entered) } else { "what was given".into() };
        KeyError::NotAnId(shown)
    })?;
    if id.is_example() { Err(KeyError::Example(id.to_string())) } else { Ok(id) }
}

/// The key whose secret is on the first line of `input` and, for a temporary key, whose session
/// token is on the second.
///
/// # Errors
///
/// If the input can't be read or is malformed.
pub fn read_key(id: KeyId, input: impl Read) -> Result<Finding, KeyError> {
    // The buffer is large enough from the start, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(MOST).unwrap_or_default()));
    input.take(MOST).read_to_end(&mut text)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut next = || lines.find(|line| !line.is_empty()).map(<[u8]>::to_vec).map(Secret::new);
    let secret = next().ok_or(KeyError::NotASecret)?;
    finding(id, secret, next())
}

/// The key whose secret and, for a temporary key, session token are entered at a prompt without
/// echo.
///
/// # Errors
///
/// If there is no terminal, or an answer is malformed.
pub fn ask_for_key(id: KeyId) -> Result<Finding, KeyError> {
    let answer = |what: &str| -> Result<Secret, KeyError> {
        let entered = Zeroizing::new(rpassword::prompt_password(format!("{what} of {id}: "))?);
        Ok(Secret::new(entered.trim().as_bytes().to_vec()))
    };
    let secret = answer("Secret access key")?;
    let token = match id.kind() {
        KeyKind::LongTerm => None,
        KeyKind::Temporary => {
            Some(answer("Session token")?).filter(|token| !token.expose().is_empty())
        }
    };
    finding(id, secret, token)
}

fn finding(id: KeyId, secret: Secret, token: Option<Secret>) -> Result<Finding, KeyError> {
    let in_secret = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    if secret.expose().len() != SECRET_LEN || !secret.expose().iter().all(in_secret) {
        return Err(KeyError::NotASecret);
    }
    let in_token = |byte: &u8| in_secret(byte) || *byte == b'=';
    let is_token =
        |token: &Secret| token.expose().len() >= 100 && token.expose().iter().all(in_token);
    if token.as_ref().is_some_and(|token| !is_token(token)) {
        return Err(KeyError::NotAToken);
    }
    let (rule, session_token) = match id.kind() {
        KeyKind::LongTerm => (id::ACCESS_KEY, None),
        KeyKind::Temporary => (id::TEMPORARY_KEY, token),
    };
    let credential = Credential {
        session_token,
        account: id.account(),
        ..Credential::new(RuleId::new(rule), Some(id.to_string()), Some(secret))
    };
    let (sighting, confidence) = (Sighting::default(), Confidence::High);
    let place = Occurrence { origin: Origin::default(), sighting, confidence };
    Ok(Finding::new(credential, Severity::Error, confidence, vec![place]))
}

/// Writes to the ledger why no finding of an earlier report was verified, if none was.
pub fn note_nothing_asked(earlier: &Earlier, found: &[Finding], ledger: &Ledger) {
    if found.iter().any(|finding| !finding.verification.partitions.is_empty()) {
        return;
    }
    ledger.note(match (earlier.findings.is_empty(), found.is_empty()) {
        (true, _) => "the earlier report has no findings: there was nothing to verify",
        (false, true) => "no finding of the earlier report is in the target: no request was sent",
        (false, false) => "no request was sent: each finding has the reason",
    });
}

/// Writes the verdict on one key for people.
///
/// # Errors
///
/// An error of `out`.
pub fn write_text(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let verdict = &finding.verification;
    let id = finding.credential.key_id.as_deref().unwrap_or_default();
    writeln!(out, "{id}: {}, {}", verdict.status.as_str(), meaning(verdict.status))?;
    let partitions = verdict.partitions.join(", ");
    let asked = Some(partitions).filter(|names| !names.is_empty());
    for (what, value) in [
        ("why", &verdict.reason),
        ("arn", &verdict.arn),
        ("account", &verdict.account),
        ("user id", &verdict.user_id),
        ("asked", &asked),
        ("at", &verdict.endpoint),
        ("on", &verdict.checked_at),
    ] {
        if let Some(value) = value {
            writeln!(out, "  {what:<8} {value}")?;
        }
    }
    report::write_verdicts(std::slice::from_ref(finding), &RuleSet::builtin(), out)
}

/// Writes the verdict on one key as JSON, with the fields of a report's finding.
///
/// # Errors
///
/// An error of `out`.
pub fn write_json(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Verified<'a> {
        fingerprint: &'a str,
        key_id: Option<&'a str>,
        account_id: Option<&'a str>,
        verification: &'a Verification,
    }
    let verified = Verified {
        fingerprint: finding.fingerprint.as_str(),
        key_id: finding.credential.key_id.as_deref(),
        account_id: finding.credential.account.as_deref(),
        verification: &finding.verification,
    };
    report::write_json(&verified, Layout::Indented, out)
}

/// The meaning of a verdict, in a few words.
fn meaning(status: Status) -> &'static str {
    match status {
        Status::Active => "the key works: deactivate it",
        Status::WrongSecret => {
            "the id is live, but this is not its secret: it is mistyped, or belongs to another \
             key"
        }
        Status::Inactive => "unknown to every partition that was asked",
        Status::Expired => "an expired session",
        Status::Canary => "a trap that alerts its owner of every use: leave it alone",
        Status::Skipped => "left out on request",
        Status::NotChecked => "nobody was asked",
        Status::Unknown => "nothing was proved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(prefix: &str) -> KeyId {
        read_id(&format!("{prefix}QNZGKIQY56JQ7WML")).expect("an id")
    }

    #[test]
    fn reads_a_secret_and_a_token_a_line_each() {
        let (secret, token) = ("a/+9".repeat(10), "IQoJb3JpZ2luX2Vj".repeat(8));
        for text in [format!("{secret}\n"), format!("\u{feff}{secret}\r\n\r\n"), secret.clone()] {
            let read = read_key(id("AKIA"), text.as_bytes()).expect("a key");
            let held = read.clear.secret.expect("a secret");
            assert_eq!(held.expose(), secret.as_bytes());
        }
        let both = format!("{secret}\n\n{token}\n");
        let read = read_key(id("ASIA"), both.as_bytes()).expect("a key");
        assert_eq!(read.clear.session_token, Some(Secret::new(token.into_bytes())));
        assert_eq!(read.credential.rule.as_str(), "aws-temporary-key");
    }

    #[test]
    fn an_error_says_what_is_missing_and_never_repeats_the_input() {
        let entered = "hunter2hunter2hunter2";
        for text in ["", entered] {
            let error = read_key(id("AKIA"), text.as_bytes()).expect_err("no secret").to_string();
            assert!(error.contains("first line") && !error.contains("hunter2"), "{error}");
        }
        let text = format!("{}\n{entered}", "a/+9".repeat(10));
        let error = read_key(id("ASIA"), text.as_bytes()).expect_err("no token").to_string();
        assert!(error.contains("second line") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_secret_in_the_place_of_the_id_is_not_repeated() {
        let secret = "a/+9".repeat(10);
        let error = read_id(&secret).expect_err("no id").to_string();
        assert!(!error.contains(&secret) && error.contains("never from an argument"), "{error}");
        assert!(read_id("AROAQNZGKIQY56JQ7WML").expect_err("a role").to_string().contains("AROA"));
        let example = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
        assert!(read_id(&example).expect_err("an example").to_string().contains("example"));
    }
}
