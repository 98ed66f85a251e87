//! Credentials with digests in the place of their secrets.

use serde::{Deserialize, Serialize};

use super::{Credential, Details, Fingerprint, RuleId};
use crate::secret::Secret;

/// Secrets of fewer bytes, which only a user's patterns find, have no digest: a short secret can be
/// guessed from its digest.
const SAFE_TO_DIGEST: usize = 16;

/// The facts about a secret that may be shown and stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretDigest {
    /// See [`Secret::redacted`].
    redacted: String,
    /// See [`Secret::sha256_hex`]; `None` if the secret is so short that it could be guessed.
    sha256: Option<String>,
}

impl SecretDigest {
    /// The digest of a secret.
    pub fn of(secret: &Secret) -> Self {
        let is_long = secret.expose().len() >= SAFE_TO_DIGEST;
        Self { redacted: secret.redacted(), sha256: is_long.then(|| secret.sha256_hex()) }
    }

    /// The digest of a secret as an earlier report shows it.
    pub fn reported(redacted: String, sha256: Option<String>) -> Self {
        Self { redacted, sha256 }
    }

    /// The first four characters and `...`; see [`Secret::redacted`].
    pub fn redacted(&self) -> &str {
        &self.redacted
    }

    /// SHA-256 over the decoded secret, in lower-case hex; `None` for a short secret.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }
}

/// A credential without its secrets: all that grouping, suppression and reports need of it.
///
/// It can be stored, because it contains digests only. [`Clear`] has the secrets themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestedCredential {
    /// The rule that recognised it.
    pub rule: RuleId,
    /// The public half: an access key id, if there is one.
    pub key_id: Option<String>,
    /// The secret half.
    pub secret: Option<SecretDigest>,
    /// The session token of a temporary key.
    pub session_token: Option<SecretDigest>,
    /// Twelve-digit account number, if it can be read offline.
    pub account: Option<String>,
    /// IAM user name, if it can be read offline.
    pub user: Option<String>,
    /// End of validity according to its own signed statement, as RFC 3339 in UTC.
    pub expires: Option<String>,
    /// Further facts that it contains.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Details,
}

/// The secrets of a credential in clear.
///
/// It does not implement `Serialize`: a type that is written to a file can't contain it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clear {
    /// The secret half.
    pub secret: Option<Secret>,
    /// The session token of a temporary key.
    pub session_token: Option<Secret>,
}

impl Clear {
    /// All of them.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secret.iter().chain(&self.session_token)
    }
}

impl Credential {
    /// Separates what may be stored from the secrets.
    pub fn split(self) -> (Fingerprint, DigestedCredential, Clear) {
        let fingerprint = self.fingerprint();
        let digest = |secret: &Option<Secret>| secret.as_ref().map(SecretDigest::of);
        let digested = DigestedCredential {
            secret: digest(&self.secret),
            session_token: digest(&self.session_token),
            rule: self.rule,
            key_id: self.key_id,
            account: self.account,
            user: self.user,
            expires: self.expires,
            details: self.details,
        };
        (fingerprint, digested, Clear { secret: self.secret, session_token: self.session_token })
    }
}

impl DigestedCredential {
    /// True for a credential of AWS, by the name of its rule: its steps and its verification are
    /// AWS's own.
    pub fn is_of_aws(&self) -> bool {
        self.rule.as_str().starts_with("aws-")
    }

    /// The credential with its secrets.
    pub fn with(self, clear: Clear) -> Credential {
        Credential {
            rule: self.rule,
            key_id: self.key_id,
            secret: clear.secret,
            session_token: clear.session_token,
            account: self.account,
            user: self.user,
            expires: self.expires,
            details: self.details,
        }
    }
}
