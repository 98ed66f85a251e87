//! The rule set: what keysweep knows of each kind of credential.
//!
//! Rules are data (`patterns/*.toml`, embedded, and a user's own files of the same form). This
//! module turns them into a [`RuleSet`]; it knows nothing of how a rule is carried out.

use crate::finding::{Confidence, RuleId, Severity};

/// How a rule is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A signing key id joined with its secret; built into the detector.
    Pair,
    /// A signing key id alone; built into the detector.
    KeyId,
    /// A labelled secret access key alone; built into the detector.
    Secret,
    /// A labelled session token alone; built into the detector.
    SessionToken,
    /// An anchor and a regular expression around it.
    Shape,
}

/// What can be read out of a credential without asking anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Base64 behind `ABSK`: user, account.
    BedrockLongTerm,
    /// Base64 of a presigned URL behind `bedrock-api-key-`: key id, date, expiry.
    BedrockShortTerm,
    /// The account and user of `<user>-at-<account>`.
    ServiceCredential,
}

/// The text of a [`Method::Shape`] rule.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The expression. Its group `secret` is the credential (the whole match if there is no such
    /// group), its group `id` the public half.
    pub regex: regex::bytes::Regex,
    /// How many bytes before an anchor a match may begin, and behind it end.
    pub reach: usize,
    /// What must not stand directly before and behind the match: the characters it is made of.
    pub boundary: Boundary,
    /// Fewest bits of Shannon entropy a character of the credential, 0 if that does not matter.
    pub entropy: f64,
}

/// Which neighbours make a match part of something longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `+`, `/`, `-` and `_`.
    Base64,
    /// None: the expression sees to it.
    None,
}

/// A kind of credential.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Stable for ever.
    pub id: RuleId,
    /// A few words, for lists and headings.
    pub title: String,
    /// What it is and what it lets one do, in a sentence or two.
    pub description: String,
    /// How bad a leak is.
    pub severity: Severity,
    /// Of a [`Method::Shape`] match; the built-in methods decide for themselves.
    pub confidence: Confidence,
    /// How it is carried out.
    pub method: Method,
    /// Literals of which one stands in or beside every match; at least three bytes each.
    pub anchors: Vec<Vec<u8>>,
    /// For [`Method::Shape`].
    pub shape: Option<Shape>,
    /// Words (lower case, letters and digits only) of which a match needs one in the label before
    /// it on its line or the one above; none needed if empty.
    pub labels: Vec<String>,
    /// What can be read offline.
    pub reader: Option<Reader>,
    /// Name of its procedure in `patterns/remedy/`.
    pub remedy: String,
    /// The user's pattern file it came from; `None` if built in.
    pub file: Option<std::path::PathBuf>,
}

/// All rules in force, built-in ones first.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// In the order of their files' names, then of the file.
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// The rule of this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id.as_str() == id)
    }
}
