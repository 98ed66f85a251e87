//! The operations of IAM that commands need, and their results.
//!
//! A user name is always sent: without one, IAM assumes the user whose key signs. Changes are sent
//! once; reads are retried while IAM throttles or fails. Lists contain all pages.

pub(crate) mod client;
mod operations;

use jiff::Timestamp;

pub use client::Client;

use crate::{Result, Secret};

/// The identity that signs the requests, as reported by STS.
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
    /// The key has expired for good.
    Expired,
    /// A status that this version does not know: it counts as neither active nor inactive.
    Other(String),
}

impl KeyStatus {
    /// The name of the status in IAM.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Expired => "Expired",
            Self::Other(word) => word,
        }
    }

    /// Parses the name of a status in IAM.
    pub fn parse(word: &str) -> Self {
        match word {
            "Active" => Self::Active,
            "Inactive" => Self::Inactive,
            "Expired" => Self::Expired,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The status that a key can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewStatus {
    /// Requests signed with it are accepted.
    Active,
    /// Requests signed with it are refused.
    Inactive,
}

impl NewStatus {
    /// The name of the status in IAM.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// An access key of a user, as listed by `ListAccessKeys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// The name of its user.
    pub user: String,
    /// Its status.
    pub status: KeyStatus,
    /// Creation time; `None` if the answer has no valid date.
    pub created: Option<Timestamp>,
}

/// A new key with its secret, which IAM returns only once.
#[derive(Clone, Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: AccessKey,
    /// Its secret.
    pub secret: Secret,
    /// The request id of AWS, as in CloudTrail.
    pub request_id: Option<String>,
}

/// The last use of a key. IAM records one use per 15 minutes, and shows it within four hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastUsed {
    /// The time; `None` if the key was not used since 2015-04-22.
    pub at: Option<Timestamp>,
    /// The service, such as `s3`; `None` for `N/A`.
    pub service: Option<String>,
    /// The Region; `None` for `N/A`.
    pub region: Option<String>,
}

/// The user and the last use of a key, from `GetAccessKeyLastUsed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The user; `None` for a key of the root user.
    pub user: Option<String>,
    /// The last use of the key.
    pub last_used: LastUsed,
}

/// A user or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its unique id (`AIDA…` or `AROA…`); one created again under the same name has another id.
    pub id: String,
    /// Its ARN, including the path.
    pub arn: String,
    /// Creation time.
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

/// The operations of IAM and STS that commands need. Each call is one operation and blocks.
///
/// Threads may share an implementation. Texts from AWS are escaped where they are shown on a
/// terminal, not here.
pub trait Iam: Send + Sync {
    /// `sts:GetCallerIdentity` with the client's own identity.
    fn caller(&self) -> Result<Caller>;

    /// `sts:GetCallerIdentity` with another key, once and without retry, to check whether the key
    /// works yet.
    fn caller_with(&self, key: &str, secret: &Secret) -> Result<Caller>;

    /// `sts:GetAccessKeyInfo`: the account of any key id.
    fn account_of_key(&self, key: &str) -> Result<String>;

    /// `GetAccessKeyLastUsed`.
    fn key_use(&self, key: &str) -> Result<KeyUse>;

    /// `ListAccessKeys` of a user.
    fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>>;

    /// `CreateAccessKey`. This change is sent once.
    fn create_access_key(&self, user: &str) -> Result<CreatedKey>;

    /// `UpdateAccessKey`. This change is sent once; returns the request id of AWS.
    fn update_access_key(&self, user: &str, key: &str, status: NewStatus)
    -> Result<Option<String>>;

    /// `DeleteAccessKey`. This change is sent once; returns the request id of AWS.
    fn delete_access_key(&self, user: &str, key: &str) -> Result<Option<String>>;

    /// `GetUser`.
    fn user(&self, user: &str) -> Result<Named>;

    /// `ListUsers`. Each page is passed to `page` as it arrives; the list ends if `page` returns
    /// `false`.
    fn users(&self, page: &mut dyn FnMut(Vec<Named>) -> bool) -> Result<()>;

    /// `ListRoles`.
    fn roles(&self) -> Result<Vec<Named>>;

    /// `ListUserTags`.
    fn user_tags(&self, user: &str) -> Result<Vec<Tag>>;

    /// `TagUser` with one tag, which replaces a tag with the same key. This change is sent once.
    fn tag_user(&self, user: &str, tag: &Tag) -> Result<()>;

    /// `UntagUser` of one tag. This change is sent once.
    fn untag_user(&self, user: &str, key: &str) -> Result<()>;

    /// `ListUserPolicies`: the names of inline policies.
    fn inline_policies(&self, user: &str) -> Result<Vec<String>>;

    /// `ListAttachedUserPolicies`.
    fn attached_policies(&self, user: &str) -> Result<Vec<Attached>>;

    /// `PutUserPolicy`. This change is sent once.
    fn put_user_policy(&self, user: &str, name: &str, document: &str) -> Result<()>;

    /// `ListGroupsForUser`: the names of groups.
    fn groups(&self, user: &str) -> Result<Vec<String>>;

    /// `GetLoginProfile`: the creation time of the password; `None` if there is no password.
    fn login_profile(&self, user: &str) -> Result<Option<Option<Timestamp>>>;

    /// `ListMFADevices`: serial numbers.
    fn mfa_devices(&self, user: &str) -> Result<Vec<String>>;

    /// `ListServiceSpecificCredentials`: ids, each with its service.
    fn service_credentials(&self, user: &str) -> Result<Vec<(String, String)>>;

    /// `GetAccountSummary`: the number of access keys of the root user.
    fn root_access_keys(&self) -> Result<u64>;

    /// Number of requests sent so far, including retries.
    fn requests(&self) -> u64;
}
