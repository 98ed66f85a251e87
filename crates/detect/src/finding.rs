//! The results of keysweep: candidates in one text, and findings that collect them by credential.
//!
//! A [`Candidate`] is a result of a detector at one place. A [`Finding`] is one credential, no
//! matter how often and where it occurs; its places are its [`Occurrence`]s. This module does not
//! know how a credential is detected, where bytes come from, or how a report looks.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::secret::{Secret, hex};

mod digested;
mod evidence;
mod new;
mod origin;
mod places;
mod sighting;
mod verdict;

pub use digested::{Clear, DigestedCredential, SecretDigest};
pub use evidence::{Evidence, Nearness};
pub use origin::{GitObject, GitOrigin, HeldBy, Origin, Person};
pub use places::{PlaceSource, Stored};
pub use sighting::{MARKERS, PARTITIONS, Rival, Sighting, Spot};
pub use verdict::{Status, Suppression, Verification};

/// The severity of a finding, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    Note,
    /// Needs a review.
    Warning,
    /// A credential that gives access.
    Error,
}

impl Severity {
    /// The word in reports; also SARIF's `level` (§3.27.10).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The confidence of the detector, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The text is hardly random, or nearness is the only evidence.
    Low,
    /// Joined by proximity alone.
    Medium,
    /// In one record or statement, or labelled.
    High,
}

impl Confidence {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The stable name of a rule, such as `aws-access-key`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// A rule's id.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// RFC 4648 §4 or §5, wrapped or not.
    Base64,
    /// RFC 4648 §6.
    Base32,
    /// Two hexadecimal digits a byte.
    Hex,
    /// RFC 3986 §2.1, with the credential's letters encoded, too.
    Percent,
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
    /// RFC 1951, without a header.
    Deflate,
    /// A zip archive.
    Zip,
    /// UTF-16 inside another encoding.
    Utf16,
    /// Ascii85, Z85, and the base85 of git and Python.
    Base85,
    /// POSIX, `uuencode`.
    Uuencode,
}

/// A credential, independent of its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The rule that recognised it.
    pub rule: RuleId,
    /// The public half: an access key id, if there is one.
    pub key_id: Option<String>,
    /// The secret half.
    pub secret: Option<Secret>,
    /// The session token of a temporary key.
    pub session_token: Option<Secret>,
    /// Twelve-digit account number, if it can be read offline.
    pub account: Option<String>,
    /// IAM user name, if it can be read offline.
    pub user: Option<String>,
    /// End of validity according to its own signed statement, as RFC 3339 in UTC.
    pub expires: Option<String>,
    /// Further facts that it contains.
    pub details: Details,
}

/// The facts that a token or a private key contains, read offline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The service that issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// True if a private key is encrypted with a passphrase; `None` if it is not a private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// The fingerprint of the public half of a private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<String>,
    /// Its checksum is wrong: it is made up, or a character of it is wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub made_up: bool,
}

impl Details {
    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// One phrase for each fact, for people.
    pub fn phrases(&self) -> Vec<String> {
        let issuer = self.issuer.as_ref().map(|issuer| format!("issued by {issuer}"));
        let encrypted = self.encrypted.map(|is_encrypted| {
            let phrase = if is_encrypted { "encrypted with a passphrase" } else { "not encrypted" };
            phrase.to_owned()
        });
        let key = self.key_fingerprint.as_ref().map(|key| format!("public key {key}"));
        let made_up = self.made_up.then(|| "its checksum is wrong".to_owned());
        [issuer, encrypted, key, made_up].into_iter().flatten().collect()
    }
}

impl Credential {
    /// The fingerprint of the contract: the first 16 bytes, in hex, of SHA-256 over `keysweep/v1`,
    /// the rule, the key id and the secret, joined by NUL. It is the same in every file and clone.
    /// The secret of a lone session token is the token: all of them would be one finding otherwise.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut digest = Sha256::new();
        digest.update(b"keysweep/v1\0");
        digest.update(self.rule.as_str());
        digest.update(b"\0");
        digest.update(self.key_id.as_deref().unwrap_or_default());
        digest.update(b"\0");
        let lone_token = self.session_token.as_ref().filter(|_| self.key_id.is_none());
        let secret = self.secret.as_ref().or(lone_token);
        digest.update(secret.map_or(&[][..], Secret::expose));
        Fingerprint(hex(&digest.finalize()[..16]))
    }
}

/// Identifies a credential by value; see [`Credential::fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let valid =
            text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self(text.to_owned()))
    }

    /// 32 lower-case hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a fingerprint has 32 lower-case hex digits")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A result of a detector in one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The credential.
    pub credential: Credential,
    /// The confidence of the detector.
    pub confidence: Confidence,
    /// The place in the text.
    pub sighting: Sighting,
    /// The names of the members that lead to the text, if it is packed in another one, outermost
    /// first. A source sets it.
    pub inside: Vec<String>,
}

/// One place of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The text.
    pub origin: Origin,
    /// The place in it.
    pub sighting: Sighting,
    /// The confidence of the detector at this place.
    pub confidence: Confidence,
}

impl Occurrence {
    /// The sort key of occurrences: by path, place and commit, never by order of discovery.
    pub fn order(&self) -> impl Ord + '_ {
        (
            &self.origin.target,
            self.origin.path.is_none(),
            &self.origin.path,
            self.sighting.primary(),
            self.sighting.secret,
            &self.origin.inside,
            &self.origin.git,
        )
    }
}

/// One credential with all its places.
#[derive(Clone, Debug)]
pub struct Finding {
    /// See [`Credential::fingerprint`].
    pub fingerprint: Fingerprint,
    /// The credential, with digests in the place of its secrets.
    pub credential: DigestedCredential,
    /// Its secrets; empty if only their digests are known.
    pub clear: Clear,
    /// The severity.
    pub severity: Severity,
    /// The highest confidence of its occurrences.
    pub confidence: Confidence,
    /// The result of verification with STS.
    pub verification: Verification,
    /// Set if it is suppressed.
    pub suppressed: Option<Suppression>,
    /// Unpaired halves that may belong to it.
    pub possible_partners: Vec<Fingerprint>,
    /// Its places, sorted; never empty. If `stored` is set, only some of them: enough to judge the
    /// finding, and to show the first ones.
    pub occurrences: Vec<Occurrence>,
    /// All places, if not all of them are in memory; see [`Finding::places`].
    pub stored: Option<Box<Stored>>,
}

impl Finding {
    /// A finding that is neither verified nor suppressed.
    pub fn new(
        credential: Credential,
        severity: Severity,
        confidence: Confidence,
        occurrences: Vec<Occurrence>,
    ) -> Self {
        let (fingerprint, credential, clear) = credential.split();
        Self::of_identity(fingerprint, credential, clear, severity, confidence, occurrences)
    }

    /// The same of a credential whose secrets may not be known any more.
    pub fn of_identity(
        fingerprint: Fingerprint,
        credential: DigestedCredential,
        clear: Clear,
        severity: Severity,
        confidence: Confidence,
        occurrences: Vec<Occurrence>,
    ) -> Self {
        Self {
            fingerprint,
            credential,
            clear,
            severity,
            confidence,
            verification: Verification::default(),
            suppressed: None,
            possible_partners: Vec::new(),
            occurrences,
            stored: None,
        }
    }

    /// The credential with its secrets, as far as they are known.
    pub fn with_secrets(&self) -> Credential {
        self.credential.clone().with(self.clear.clone())
    }

    /// True if STS proved that it works.
    pub fn is_active(&self) -> bool {
        self.verification.status == Status::Active
    }

    /// True if a checkout or a plain folder has it, not only history.
    pub fn is_present(&self) -> bool {
        self.occurrences.iter().any(|place| place.origin.is_present())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_session_tokens_have_fingerprints_of_their_own() {
        let print = |key_id: Option<&str>, token: &[u8]| {
            let rule = RuleId::new("aws-session-token");
            Credential {
                session_token: Some(Secret::new(token.to_vec())),
                ..Credential::new(rule, key_id.map(str::to_owned), None)
            }
            .fingerprint()
        };
        assert_ne!(print(None, b"one"), print(None, b"two"));
        assert_eq!(print(None, b"one"), print(None, b"one"));
        // The token of a temporary key does not change the fingerprint of the key.
        assert_eq!(print(Some("ASIA"), b"one"), print(Some("ASIA"), b"two"));
    }
}
