//! The verdict of STS on a finding, and its suppression.

use serde::{Deserialize, Serialize};

/// The result of verification with STS, or the reason why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// STS was not asked.
    NotChecked,
    /// The key works.
    Active,
    /// The id is active, but this secret does not belong to it.
    WrongSecret,
    /// All asked partitions answered, and none knows it. Long-term keys only.
    Inactive,
    /// A real session that has expired.
    Expired,
    /// A canary token according to its account; never sent.
    Canary,
    /// Excluded by the user; never sent.
    Skipped,
    /// STS was asked, but nothing was proved.
    Unknown,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::NotChecked,
        Self::Active,
        Self::WrongSecret,
        Self::Inactive,
        Self::Expired,
        Self::Canary,
        Self::Skipped,
        Self::Unknown,
    ];

    /// The word in reports.
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

/// The result of the verification of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The status.
    pub status: Status,
    /// The reason, in a word or a sentence.
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
    /// True if STS should have been asked but gave no usable answer: the request was not fulfilled.
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

/// The reason why a finding raises no alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// `baseline`, `inline` or `config`.
    pub by: String,
    /// The recorded reason.
    pub reason: Option<String>,
}

impl Suppression {
    /// [`Suppression::by`] of a baseline.
    pub const BASELINE: &str = "baseline";
    /// [`Suppression::by`] of the configuration.
    pub const CONFIG: &str = "config";
    /// [`Suppression::by`] of a marker in the text.
    pub const INLINE: &str = "inline";

    /// True if only a marker in the text suppressed it. It is then still verified, because a marker
    /// does not suppress a working key.
    pub fn is_by_marker(&self) -> bool {
        self.by == Self::INLINE
    }
}
