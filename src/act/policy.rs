//! The least policy for each command that acts.

use serde_json::{Value, json};

use crate::aws::KeyId;

/// A command that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `keysweep keys`.
    Keys,
    /// `keysweep deactivate`.
    Deactivate,
    /// `keysweep activate`.
    Activate,
    /// `keysweep rotate`.
    Rotate,
}

impl Verb {
    /// Actions on a user.
    fn on_user(self) -> &'static [&'static str] {
        match self {
            Self::Keys => &["GetAccessKeyLastUsed", "ListAccessKeys"],
            Self::Deactivate => &[
                "GetAccessKeyLastUsed",
                "GetLoginProfile",
                "GetUser",
                "ListAccessKeys",
                "ListAttachedUserPolicies",
                "ListGroupsForUser",
                "ListMFADevices",
                "ListServiceSpecificCredentials",
                "ListUserPolicies",
                "PutUserPolicy",
                "UpdateAccessKey",
            ],
            Self::Activate => &["GetAccessKeyLastUsed", "ListAccessKeys", "UpdateAccessKey"],
            Self::Rotate => &[
                "CreateAccessKey",
                "DeleteAccessKey",
                "GetAccessKeyLastUsed",
                "GetUser",
                "ListAccessKeys",
                "ListAttachedUserPolicies",
                "ListUserTags",
                "TagUser",
                "UntagUser",
                "UpdateAccessKey",
            ],
        }
    }

    /// Actions on no resource.
    fn on_all(self) -> &'static [&'static str] {
        match self {
            Self::Keys => &["GetAccountSummary", "ListUsers"],
            Self::Deactivate => &["ListRoles", "ListUsers"],
            Self::Activate | Self::Rotate => &[],
        }
    }
}

/// The policy, of the account that the key's id says. It names all users of the account, those with
/// a path too; an administrator who knows the user can narrow it to its ARN.
pub fn policy(verb: Verb, key: Option<KeyId>, partition: &str) -> Value {
    let account = key.and_then(|key| key.account()).unwrap_or_else(|| "*".to_owned());
    let named = |actions: &[&str]| -> Vec<String> {
        actions.iter().map(|action| format!("iam:{action}")).collect()
    };
    let mut statements = vec![json!({
        "Sid": "KeysOfUsers",
        "Effect": "Allow",
        "Action": named(verb.on_user()),
        "Resource": format!("arn:{partition}:iam::{account}:user/*"),
    })];
    if !verb.on_all().is_empty() {
        statements.push(json!({
            "Sid": "OfTheAccount",
            "Effect": "Allow",
            "Action": named(verb.on_all()),
            "Resource": "*",
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}
