//! The operations of IAM that commands need, and what they answer.
//!
//! A user name is always sent: without one IAM means the user whose key signs. Changes are sent
//! once, whatever happens; reads are asked again while IAM throttles or fails. Lists are whole:
//! all pages of them.

pub(crate) mod client;
mod operations;

use jiff::Timestamp;

pub use client::Client;

use crate::{Result, Secret};

/// Who signs the requests, as STS names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its ARN, such as `arn:aws:iam::123456789012:user/ops` or `arn:aws:sts::…:assumed-role/…`.
    pub arn: String,
    /// Its account, twelve digits.
    pub account: String,
    /// Its unique id (`AIDA…` of a user, `AROA…:session` of a role, the account of root).
    pub user_id: String,
}

/// The status of an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// Requests signed with it are accepted.
    Active,
    /// Requests signed with it are refused until it is activated again.
    Inactive,
    /// Over for good.
    Expired,
    /// A status that this version does not know: neither active nor inactive may be assumed.
    Other(String),
}

impl KeyStatus {
    /// IAM's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Expired => "Expired",
            Self::Other(word) => word,
        }
    }

    /// Reads IAM's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "Active" => Self::Active,
            "Inactive" => Self::Inactive,
            "Expired" => Self::Expired,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The status that a key can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewStatus {
    /// Accept requests signed with it.
    Active,
    /// Refuse them.
    Inactive,
}

impl NewStatus {
    /// IAM's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// An access key of a user, as `ListAccessKeys` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// The user whose key it is.
    pub user: String,
    /// Its status.
    pub status: KeyStatus,
    /// When it was made; `None` if the answer held no date that can be read.
    pub created: Option<Timestamp>,
}

/// A key that was made a moment ago, with its secret, which IAM gives once.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: AccessKey,
    /// Its secret.
    pub secret: Secret,
    /// AWS's id of the request, as CloudTrail has it.
    pub request_id: Option<String>,
}

/// When a key was used last. IAM records one use in 15 minutes, and shows it within four hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastUsed {
    /// When; `None` if never since 2015-04-22.
    pub at: Option<Timestamp>,
    /// The service, such as `s3`; `None` for `N/A`.
    pub service: Option<String>,
    /// The Region; `None` for `N/A`.
    pub region: Option<String>,
}

/// Whose a key is and when it was used, as `GetAccessKeyLastUsed` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The user; `None` for a key of the root user.
    pub user: Option<String>,
    /// When the key was used.
    pub last_used: LastUsed,
}

/// A user or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its unique id (`AIDA…` or `AROA…`): one made anew under the same name has another.
    pub id: String,
    /// Its ARN, path included.
    pub arn: String,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// A managed policy that is attached to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The operations of IAM and STS that commands need. One call is one operation; a call blocks.
///
/// Threads may share one. What AWS says of names is escaped for a terminal where it is shown, not
/// here.
pub trait Iam: Send + Sync {
    /// `sts:GetCallerIdentity` with the identity that acts.
    fn caller(&self) -> Result<Caller>;

    /// `sts:GetCallerIdentity` with another key, once, without retry: whether it works by now.
    fn caller_with(&self, key: &str, secret: &Secret) -> Result<Caller>;

    /// `sts:GetAccessKeyInfo`: the account of any key id.
    fn account_of_key(&self, key: &str) -> Result<String>;

    /// `GetAccessKeyLastUsed`.
    fn key_use(&self, key: &str) -> Result<KeyUse>;

    /// `ListAccessKeys` of a user.
    fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>>;

    /// `CreateAccessKey`. A change: sent once.
    fn create_access_key(&self, user: &str) -> Result<CreatedKey>;

    /// `UpdateAccessKey`. A change: sent once; gives AWS's id of the request.
    fn update_access_key(&self, user: &str, key: &str, status: NewStatus)
    -> Result<Option<String>>;

    /// `DeleteAccessKey`. A change: sent once; gives AWS's id of the request.
    fn delete_access_key(&self, user: &str, key: &str) -> Result<Option<String>>;

    /// `GetUser`.
    fn user(&self, user: &str) -> Result<Named>;

    /// `ListUsers`; each page is handed over as it comes, and `false` ends the list there.
    fn users(&self, page: &mut dyn FnMut(Vec<Named>) -> bool) -> Result<()>;

    /// `ListRoles`.
    fn roles(&self) -> Result<Vec<Named>>;

    /// `ListUserTags`.
    fn user_tags(&self, user: &str) -> Result<Vec<Tag>>;

    /// `TagUser` with one tag, which takes the place of one of the same key. A change: sent once.
    fn tag_user(&self, user: &str, tag: &Tag) -> Result<()>;

    /// `UntagUser` of one tag. A change: sent once.
    fn untag_user(&self, user: &str, key: &str) -> Result<()>;

    /// `ListUserPolicies`: the names of inline policies.
    fn inline_policies(&self, user: &str) -> Result<Vec<String>>;

    /// `ListAttachedUserPolicies`.
    fn attached_policies(&self, user: &str) -> Result<Vec<Attached>>;

    /// `PutUserPolicy`. A change: sent once.
    fn put_user_policy(&self, user: &str, name: &str, document: &str) -> Result<()>;

    /// `ListGroupsForUser`: the names of groups.
    fn groups(&self, user: &str) -> Result<Vec<String>>;

    /// `GetLoginProfile`: when the password was made; `None` if there is none.
    fn login_profile(&self, user: &str) -> Result<Option<Option<Timestamp>>>;

    /// `ListMFADevices`: serial numbers.
    fn mfa_devices(&self, user: &str) -> Result<Vec<String>>;

    /// `ListServiceSpecificCredentials`: ids, each with its service.
    fn service_credentials(&self, user: &str) -> Result<Vec<(String, String)>>;

    /// `GetAccountSummary`: how many access keys the root user has.
    fn root_access_keys(&self) -> Result<u64>;

    /// Requests sent so far, retries included.
    fn requests(&self) -> u64;
}
