//! The truth about a text, as a careful person would judge it.

use std::collections::BTreeSet;

/// A careful person's certainty that an id and a secret are one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Names or records say so.
    Certain,
    /// Only the order says so: may be found at medium or low, with another partner never at high.
    Ordered,
    /// Another partner is as likely: may be found at medium or low, never at high.
    Tied,
}

/// A key of a text.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
    pub join: Join,
}

/// All credentials of a text.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub keys: Vec<Key>,
    /// Ids whose secret is not in the text.
    pub lone_ids: Vec<String>,
    /// Secrets of AWS by their names, whose id is not in the text.
    pub lone_secrets: Vec<String>,
    /// Values that are not secrets of AWS, though they might look so.
    pub foreign: Vec<String>,
    /// Ids and secrets that may be reported alone or not at all: those of signed requests, of keys
    /// long gone.
    pub loose: Vec<String>,
}

/// A text with its truth.
#[derive(Clone, Debug)]
pub struct Text {
    pub seed: u64,
    /// The syntax it is written in.
    pub layout: &'static str,
    /// The traits that make it hard.
    pub traits: BTreeSet<&'static str>,
    pub body: String,
    pub truth: Truth,
}
