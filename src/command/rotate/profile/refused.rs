//! The reasons why a credentials file is not changed.

use super::ini::Fault;

/// The reason why a file is not changed. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The AWS CLI can't read it.
    #[error("the AWS CLI can't read this file: {0}")]
    Unreadable(#[from] Fault),
    /// The profile holds a key that is not being rotated.
    #[error(
        "line {line}: profile {profile} holds another key, {id}, whose secret would be lost: name \
         another profile"
    )]
    OtherKey {
        /// The profile.
        profile: String,
        /// The line of its id.
        line: usize,
        /// The id of that key.
        id: String,
    },
    /// A value that is more than a key id.
    #[error(
        "line {line}: the AWS CLI reads all of '{shown}' as the key id, with whatever follows the id: \
         put the rest on a line of its own, or remove it"
    )]
    NotAnId {
        /// The line.
        line: usize,
        /// The whole value.
        shown: String,
    },
    /// A value that is more than a secret.
    #[error(
        "line {0}: the AWS CLI reads the whole value as the secret, and it is longer or shorter than \
         one: put the rest on a line of its own"
    )]
    NotASecret(usize),
    /// A value in several lines.
    #[error("line {0}: indented lines follow, and to the AWS CLI they are part of this value")]
    GoesOn(usize),
    /// One of the two values alone.
    #[error("line {line}: profile {profile} has no {missing}")]
    Half {
        /// The profile.
        profile: String,
        /// The line of what it has.
        line: usize,
        /// The name of the missing setting.
        missing: &'static str,
    },
    /// A session token, which AWS refuses with the new key.
    #[error("line {line}: profile {profile} has a session token, which the new key must not have")]
    Token {
        /// The profile.
        profile: String,
        /// The line.
        line: usize,
    },
    /// The profile's credentials come from elsewhere.
    #[error(
        "line {line}: profile {profile} gets its credentials by {name}; keys written next to that \
         would not be used: name another profile"
    )]
    Elsewhere {
        /// The profile.
        profile: String,
        /// The line.
        line: usize,
        /// The setting.
        name: String,
    },
    /// Keys that every profile inherits.
    #[error("line {0}: [DEFAULT] gives its settings to every profile: move the key into a profile")]
    Inherited(usize),
    /// No name for a profile.
    #[error("'{0}' can't be the name of a profile: use letters, digits, '.', '_' and '-'")]
    Name(String),
    /// Indentation by which the lines around would be read differently.
    #[error("its indentation does not allow lines to be added to profile {0}: add them yourself")]
    Indentation(String),
}
