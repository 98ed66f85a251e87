//! Constructors that take the required fields and leave all others empty.

use super::{Credential, Details, GitObject, GitOrigin, Origin, RuleId};
use crate::secret::Secret;

impl Credential {
    /// A credential of which nothing else is known.
    pub fn new(rule: RuleId, key_id: Option<String>, secret: Option<Secret>) -> Self {
        Self {
            rule,
            key_id,
            secret,
            session_token: None,
            account: None,
            user: None,
            expires: None,
            details: Details::default(),
        }
    }
}

impl Origin {
    /// A plain file.
    pub fn of_path(path: Vec<u8>) -> Self {
        Self { path: Some(path), ..Self::default() }
    }

    /// A text in git that has no path, such as a message.
    pub fn of_git(git: GitOrigin) -> Self {
        Self { git: Some(git), ..Self::default() }
    }
}

impl GitOrigin {
    /// An object that no commit and no ref is known to contain.
    pub fn new(object: GitObject) -> Self {
        Self {
            commit: None,
            blob: None,
            object,
            author: None,
            committer: None,
            reachable: false,
            held_by: Vec::new(),
            at_head: false,
            removed_in: None,
            removed_by: None,
            refs: Vec::new(),
        }
    }
}
