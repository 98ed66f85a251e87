//! What keysweep finds: candidates of one text, and findings that gather them by credential.
//!
//! A [`Candidate`] is what a detector saw at one place. A [`Finding`] is one credential, however
//! often and wherever it occurs; its places are its [`Occurrence`]s. Nothing here knows how a
//! credential is detected, where bytes come from, or how a report looks.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::secret::{Secret, hex};

mod evidence;
mod sighting;

pub use evidence::{Evidence, Nearness};
pub use sighting::{Rival, Sighting, Spot};

/// How bad a finding is; ordered, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// To be looked at.
    Warning,
    /// A credential that gives access.
    Error,
}

impl Severity {
    /// The word that reports use; also SARIF's `level` (§3.27.10).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How sure the detector is; ordered, the surest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The text is hardly random, or nothing but nearness speaks for it.
    Low,
    /// Joined by proximity alone.
    Medium,
    /// In one record or statement, or labelled.
    High,
}

impl Confidence {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The stable name of a rule, such as `aws-access-key`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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

/// How a text was hidden where it stands, the outermost encoding first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// RFC 4648 §4 or §5, wrapped or not.
    Base64,
    /// RFC 4648 §6.
    Base32,
    /// Two hexadecimal digits a byte.
    Hex,
    /// RFC 3986 §2.1, the credential's letters too.
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

/// The credential itself, apart from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The rule that recognised it.
    pub rule: RuleId,
    /// The public half: an access key id, where there is one.
    pub key_id: Option<String>,
    /// The secret half.
    pub secret: Option<Secret>,
    /// The session token of a temporary key.
    pub session_token: Option<Secret>,
    /// Twelve-digit account number, where it can be read offline.
    pub account: Option<String>,
    /// IAM user name, where it can be read offline.
    pub user: Option<String>,
    /// When it ends by its own signed statement, as RFC 3339 in UTC.
    pub expires: Option<String>,
}

impl Credential {
    /// The contract's fingerprint: the first 16 bytes, in hex, of SHA-256 over `keysweep/v1`,
    /// the rule, the key id and the secret, joined by NUL. The same in every file and clone.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut digest = Sha256::new();
        digest.update(b"keysweep/v1\0");
        digest.update(self.rule.as_str());
        digest.update(b"\0");
        digest.update(self.key_id.as_deref().unwrap_or_default());
        digest.update(b"\0");
        digest.update(self.secret.as_ref().map_or(&[][..], Secret::expose));
        Fingerprint(hex(&digest.finalize()[..16]))
    }
}

/// Identifies a credential by value; see [`Credential::fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a detector reports of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What was found.
    pub credential: Credential,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// Where in the text.
    pub sighting: Sighting,
    /// The names of the members that lead to the text, if it is packed in another: a source fills
    /// it in, outermost first.
    pub inside: Vec<String>,
}

/// Which kind of git object or record holds an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GitObject {
    /// A file's content or a symlink's target.
    Blob,
    /// A commit's message or headers.
    Commit,
    /// An annotated tag's message.
    Tag,
    /// The name of a ref.
    Ref,
    /// A message in a reflog.
    Reflog,
    /// A credential in `.git/config`.
    Config,
}

/// What still holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldBy {
    /// A branch, tag, note or any other ref.
    Ref,
    /// A reflog entry.
    Reflog,
    /// `refs/stash` or its reflog.
    Stash,
    /// The index: staged, not yet committed.
    Index,
}

/// Who wrote or committed, `.mailmap` applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// RFC 3339, in the person's own offset; empty if it is out of the years 0 to 9999.
    pub date: String,
}

/// What git's history says of an occurrence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GitOrigin {
    /// The commit that introduced it; `None` while it is in no commit.
    pub commit: Option<String>,
    /// The object that holds it: the blob, or the commit or tag for a message.
    pub blob: Option<String>,
    /// What kind of object or record that is.
    pub object: GitObject,
    /// Author of the introducing commit.
    pub author: Option<Person>,
    /// Its committer.
    pub committer: Option<Person>,
    /// Whether any ref reaches it.
    pub reachable: bool,
    /// What holds it; empty if nothing does.
    pub held_by: Vec<HeldBy>,
    /// Whether HEAD's tree has it at this path.
    pub at_head: bool,
    /// The newest ancestor of HEAD that removed it.
    pub removed_in: Option<String>,
    /// Full names of the refs whose tip holds it.
    pub refs: Vec<String>,
}

/// Where bytes came from, as far as one text is concerned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Origin {
    /// Path as bytes, `/` between its parts; `None` for messages and the like.
    pub path: Option<Vec<u8>>,
    /// The way through containers, the file itself first; empty for a plain file.
    pub inside: Vec<String>,
    /// What git knows of it.
    pub git: Option<GitOrigin>,
    /// The target of a sweep that holds it.
    pub target: Option<String>,
}

impl Origin {
    /// Whether a checkout has it: a plain file, or what HEAD or the index holds.
    pub fn stands(&self) -> bool {
        let held = self.git.as_ref().is_none_or(|git| {
            git.at_head || (git.commit.is_none() && git.object == GitObject::Blob)
        });
        self.path.is_some() && held
    }
}

/// One place of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Which text.
    pub origin: Origin,
    /// Where in it.
    pub sighting: Sighting,
    /// How sure the detector is here.
    pub confidence: Confidence,
}

impl Occurrence {
    /// Orders occurrences: by path, place and commit, never by discovery.
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

/// What STS proved of a key, or why nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody asked.
    NotChecked,
    /// It works.
    Active,
    /// The id is live, this secret is not its own.
    WrongSecret,
    /// No partition that was asked knows it; all answered. Long-term keys only.
    Inactive,
    /// A real session that is over.
    Expired,
    /// A canary token by its account; never sent.
    Canary,
    /// Left out by the user's word; never sent.
    Skipped,
    /// Asked, but nothing was proved.
    Unknown,
}

impl Status {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotChecked => "not-checked",
            Self::Active => "active",
            Self::WrongSecret => "wrong-secret",
            Self::Inactive => "inactive",
            Self::Expired => "expired",
            Self::Canary => "canary",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        }
    }
}

/// The verdict on a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// What is known.
    pub status: Status,
    /// Why, in a word or a sentence.
    pub reason: Option<String>,
    /// The caller's ARN.
    pub arn: Option<String>,
    /// The caller's account.
    pub account: Option<String>,
    /// The caller's unique id.
    pub user_id: Option<String>,
    /// Partitions that were asked.
    pub partitions: Vec<String>,
    /// The endpoint that answered.
    pub endpoint: Option<String>,
    /// RFC 3339, UTC.
    pub checked_at: Option<String>,
    /// STS was to be asked, and nothing that it said is known: what was asked for was not done.
    #[serde(skip)]
    pub is_unanswered: bool,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            status: Status::NotChecked,
            reason: None,
            arn: None,
            account: None,
            user_id: None,
            partitions: Vec::new(),
            endpoint: None,
            checked_at: None,
            is_unanswered: false,
        }
    }
}

/// Why a finding is not to alarm anyone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// `baseline`, `inline` or `config`.
    pub by: String,
    /// The reason that was written down.
    pub reason: Option<String>,
}

impl Suppression {
    /// [`Suppression::by`] of a baseline.
    pub const BASELINE: &str = "baseline";
    /// [`Suppression::by`] of the configuration.
    pub const CONFIG: &str = "config";
    /// [`Suppression::by`] of a marker in the text.
    pub const INLINE: &str = "inline";

    /// Whether only a marker in the text settled it: then it is still verified, as a marker
    /// settles nothing that works.
    pub fn is_by_marker(&self) -> bool {
        self.by == Self::INLINE
    }
}

/// One credential with all its places.
#[derive(Clone, Debug)]
pub struct Finding {
    /// See [`Credential::fingerprint`].
    pub fingerprint: Fingerprint,
    /// The credential.
    pub credential: Credential,
    /// How bad it is.
    pub severity: Severity,
    /// The surest of its occurrences.
    pub confidence: Confidence,
    /// What STS proved.
    pub verification: Verification,
    /// Set if it was settled before.
    pub suppressed: Option<Suppression>,
    /// Left-over halves that may belong to it.
    pub possible_partners: Vec<Fingerprint>,
    /// Its places, in order; never empty.
    pub occurrences: Vec<Occurrence>,
}

impl Finding {
    /// Whether STS proved that it works.
    pub fn is_active(&self) -> bool {
        self.verification.status == Status::Active
    }

    /// Whether a checkout or a plain folder has it, and not only history.
    pub fn stands(&self) -> bool {
        self.occurrences.iter().any(|place| place.origin.stands())
    }
}
