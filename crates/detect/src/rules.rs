//! The rule set: what keysweep knows of each kind of credential.
//!
//! Rules are data (`patterns/*.toml`, embedded, and a user's own files of the same form). This
//! module turns them into a [`RuleSet`]; it knows nothing of how a rule is carried out.

mod bounds;
mod check;
mod expression;
pub mod id;
mod parse;
mod read;
pub mod template;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::document::{Fault, Faults};
use crate::finding::{Confidence, RuleId, Severity};
use crate::text::escape_path;

pub use bounds::Dropped;
pub use check::entropy;
pub use expression::Expression;
pub use parse::{Examples, REMEDIES};
pub use read::Facts;

/// Who wrote a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// It is built in, and a test holds it to its examples: no run does so again.
    Us,
    /// It is built in, and this is that test.
    #[cfg(test)]
    Tested,
    /// The user, who named its file.
    User,
    /// Whoever wrote what is scanned: nobody trusts them, so what it may cost is bounded.
    Target,
}

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
pub enum CredentialFormat {
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
    pub regex: Expression,
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
    pub reader: Option<CredentialFormat>,
    /// Name of its procedure in `patterns/remedy/`; of a user's rule also a sentence that says
    /// what to do, or nothing.
    pub remedy: String,
    /// The pattern file it came from; `None` if built in.
    pub file: Option<std::path::PathBuf>,
    /// Who wrote it.
    pub author: Author,
}

/// All rules in force, built-in ones first.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// In the order of their files' names, then of the file.
    pub rules: Vec<Rule>,
    /// Rules of the scanned project that go beyond what it may ask for.
    pub dropped: Vec<Dropped>,
}

impl RuleSet {
    /// The rules that keysweep brings.
    pub fn builtin() -> Self {
        let rules = builtin().into_iter().map(|parsed| parsed.rule).collect();
        Self { rules, dropped: Vec::new() }
    }

    /// The built-in rules and those of configuration files, given as their names and texts.
    ///
    /// # Errors
    /// The faults of all files at once: a rule that is not in the form of `docs/patterns.md`, an
    /// id that is taken, an example that its rule does not find. What is no `[[rule]]` is left to the
    /// configuration.
    pub fn with_texts(files: &[(PathBuf, String)]) -> Result<Self, Faults> {
        Self::with_texts_by(Author::User, files)
    }

    /// As [`RuleSet::with_texts`]; says who wrote the files.
    ///
    /// # Errors
    /// The faults of all files at once.
    pub fn with_texts_by(author: Author, files: &[(PathBuf, String)]) -> Result<Self, Faults> {
        let mut set = Self::builtin();
        let mut owners: HashMap<RuleId, String> = HashMap::new();
        for rule in &set.rules {
            owners.insert(rule.id.clone(), "a built-in rule".to_owned());
        }
        let mut faults = Vec::new();
        for (path, text) in files {
            set.add_file((path, text), author, &mut owners, &mut faults);
        }
        if faults.is_empty() { Ok(set) } else { Err(Faults(faults)) }
    }

    fn add_file(
        &mut self,
        (path, text): (&Path, &str),
        author: Author,
        owners: &mut HashMap<RuleId, String>,
        faults: &mut Vec<Fault>,
    ) {
        let file = escape_path(path.as_os_str().as_encoded_bytes());
        let parse::Read { rules, dropped, faults: mut found } = parse::file(path, text, author);
        self.dropped.extend(dropped);
        for one in rules {
            let id = one.rule.id.clone();
            if let Some(owner) = owners.get(&id) {
                let what = format!("the id is that of {owner}: choose another");
                let (within, line) = (format!("rule '{id}'"), one.line);
                found.push(Fault { file: file.clone(), line, within, what });
            } else {
                owners.insert(id, format!("the rule at {file}:{}", one.line));
                self.rules.push(one.rule);
            }
        }
        found.sort_by_key(|fault| fault.line);
        faults.append(&mut found);
    }

    /// Adds the rules whose ids are new.
    pub fn join(&mut self, other: Self) {
        for dropped in other.dropped {
            if !self.dropped.contains(&dropped) {
                self.dropped.push(dropped);
            }
        }
        for rule in other.rules {
            if self.get(rule.id.as_str()).is_some() {
                continue;
            }
            let brought = self.rules.iter().filter(|rule| rule.author == Author::Target).count();
            match bounds::room_for(&rule, brought) {
                Ok(()) => self.rules.push(rule),
                Err(dropped) => self.dropped.push(dropped),
            }
        }
    }

    /// The rule of this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id.as_str() == id)
    }
}

/// The examples of the built-in rules, for tests and for `keysweep rules`.
pub fn builtin_examples() -> Vec<Examples> {
    builtin().into_iter().map(|parsed| parsed.examples).collect()
}

fn builtin() -> Vec<parse::Parsed> {
    let files = keysweep_patterns::RULES.iter();
    files.flat_map(|(name, text)| parse::file(Path::new(name), text, Author::Us).rules).collect()
}

#[cfg(test)]
mod tests;
