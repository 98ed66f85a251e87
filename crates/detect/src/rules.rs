//! The rule set: the properties of each kind of credential.
//!
//! Rules are data (`patterns/*.toml`, embedded, and a user's own files of the same form). This
//! module turns them into a [`RuleSet`]; it does not know how a rule is applied.

mod bounds;
mod builtin;
mod check;
mod expression;
mod fields;
pub mod id;
mod packs;
mod parse;
mod read;
pub mod template;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::document::{Fault, Faults};
use crate::finding::{Confidence, RuleId, Severity};
use crate::text::escape_path;

pub use bounds::Dropped;
pub use check::entropy;
pub use expression::Expression;
pub use packs::{Pack, Packs};
pub use parse::{Examples, REMEDIES};
pub use read::{Facts, Reader};

/// The author of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The rule is built in. A test checks its examples, so no run does.
    Us,
    /// The rule is built in, and that test is running.
    #[cfg(test)]
    Tested,
    /// The user, who named the file.
    User,
    /// The author of the scanned project. The author is not trusted, so the cost of the rule is
    /// limited.
    Target,
}

/// The method that applies a rule.
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

/// The place where a credential is revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// The provider's page.
    pub page: Option<String>,
    /// A command that revokes the credential. `{token}` marks the place of the credential, which
    /// is never filled in.
    pub command: Option<String>,
}

/// The public half of a shape that is not part of its match.
#[derive(Clone, Debug)]
pub struct PartnerShape {
    /// The expression of an id.
    pub id: Expression,
    /// Maximum number of bytes between an id and a secret.
    pub distance: usize,
}

impl PartnerShape {
    /// True if an id is directly before the secret at `at`: `id:secret`, or as the argument before it
    /// in one call (`'id', 'secret'`). The secret then needs no label.
    pub fn is_adjacent(&self, text: &[u8], at: usize) -> bool {
        let before = &text[at.saturating_sub(ADJACENT)..at];
        let end = match before {
            [id @ .., b':'] => id.len(),
            [rest @ .., quote @ (b'"' | b'\'' | b'`')] => {
                let rest = rest.trim_ascii_end().strip_suffix(b",").map(<[u8]>::trim_ascii_end);
                let id = rest.and_then(|rest| rest.strip_suffix(&[*quote]));
                id.map_or(0, <[u8]>::len)
            }
            _ => 0,
        };
        let ids = self.id.regex().captures_iter(before);
        let mut spans = ids.filter_map(|id| Some(id.name("id").or_else(|| id.get(0))?.range()));
        spans.any(|id| id.end == end && !Boundary::Alphanumeric.extends(before, id))
    }
}

/// Number of bytes before a secret within which an id counts as adjacent.
const ADJACENT: usize = 128;

/// Facts that can be read from a credential offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFormat {
    /// Base64 after `ABSK`: user, account.
    BedrockLongTerm,
    /// Base64 of a presigned URL after `bedrock-api-key-`: key id, date, expiry.
    BedrockShortTerm,
    /// The account and user of `<user>-at-<account>`.
    ServiceCredential,
}

/// The expression of a [`Method::Shape`] rule and its conditions.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The expression. Its group `secret` is the credential (the whole match if there is no such
    /// group), its group `id` the public half.
    pub regex: Expression,
    /// Bytes before an anchor in which a match may begin, and after it in which it may end.
    pub reach: usize,
    /// Characters that must not be directly before or after the match, because it consists of
    /// them.
    pub boundary: Boundary,
    /// Minimum Shannon entropy in bits per character of the credential, 0 for no limit.
    pub entropy: f64,
    /// The credential must look random, by the frequencies of its letter pairs.
    pub random: bool,
    /// The anchors are also searched for in base64, at every alignment.
    pub encoded: bool,
    /// The id that belongs to the credential.
    pub partner: Option<PartnerShape>,
}

impl Shape {
    /// True if the secret at `at` needs no label: the id that belongs to it is directly before it.
    pub fn names_itself(&self, text: &[u8], at: usize) -> bool {
        self.partner.as_ref().is_some_and(|partner| partner.is_adjacent(text, at))
    }

    /// True if its matches have an id: of a group of the expression, or of a partner.
    pub fn has_id(&self) -> bool {
        let mut groups = self.regex.regex().capture_names().flatten();
        self.partner.is_some() || groups.any(|group| group == "id")
    }
}

/// Neighbours that make a match part of something longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `+`, `/`, `-` and `_`.
    Base64,
    /// The same after the match, letters and digits before it: a prefix or a checksum shows where
    /// it begins, and `:-`, `//` or the `+` of a patch is not a part of it.
    Base64After,
    /// Letters, digits, `-` and `_` after the match, letters and digits before it.
    Base64UrlAfter,
    /// None: the expression checks them.
    None,
}

/// A kind of credential.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The stable id; it never changes.
    pub id: RuleId,
    /// A short title for lists and headings.
    pub title: String,
    /// The credential and the access that it gives, in a sentence or two.
    pub description: String,
    /// The severity of a leak.
    pub severity: Severity,
    /// The confidence of a [`Method::Shape`] match; the built-in methods decide for themselves.
    pub confidence: Confidence,
    /// The method that applies it.
    pub method: Method,
    /// Literals, at least three bytes each. Every match contains one or has one nearby.
    pub anchors: Vec<Vec<u8>>,
    /// Set for [`Method::Shape`].
    pub shape: Option<Shape>,
    /// Words (lower case, letters and digits only). A match needs one of them in its label, on its
    /// line or the line above; empty means that no label is needed.
    pub labels: Vec<String>,
    /// Facts that can be read offline.
    pub reader: Option<Reader>,
    /// Name of its procedure in `patterns/remedy/`. For a user's rule it may also be a sentence
    /// with instructions, or empty.
    pub remedy: String,
    /// The place where the credential is revoked, if its procedure does not name it.
    pub revocation: Revocation,
    /// The pack.
    pub pack: Pack,
    /// The name of a pack of the configuration; only with [`Pack::Custom`].
    pub own_pack: Option<String>,
    /// The pattern file that defines it; `None` if built in.
    pub file: Option<std::path::PathBuf>,
    /// The author.
    pub author: Author,
}

impl Rule {
    /// The name of the pack.
    pub fn pack_name(&self) -> &str {
        self.own_pack.as_deref().unwrap_or(self.pack.as_str())
    }
}

/// All rules, built-in ones first.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// Sorted by file name, then in the order of the file. Rules of packs that are switched off are
    /// among them, because earlier reports have findings of them.
    pub rules: Vec<Rule>,
    /// The packs that are switched on.
    pub packs: Packs,
    /// Rules of the scanned project that exceed its limits.
    pub dropped: Vec<Dropped>,
}

impl RuleSet {
    /// The built-in rules.
    pub fn builtin() -> Self {
        let read = |(name, text): &(&str, &str)| {
            builtin::rules(name, text)
                .unwrap_or_else(|| parsed(name, text).map(|one| one.rule).collect())
        };
        let rules = keysweep_patterns::RULES.iter().flat_map(read).collect();
        Self { rules, ..Self::default() }
    }

    /// The built-in rules and those of configuration files, given as their names and texts.
    ///
    /// # Errors
    /// The faults of all files at once: a rule that does not follow `docs/patterns.md`, an id that
    /// is already used, an example that its rule does not find. Everything except `[[rule]]` is
    /// left to the configuration.
    pub fn with_texts(files: &[(PathBuf, String)]) -> Result<Self, Faults> {
        Self::with_texts_by(Author::User, files)
    }

    /// Like [`RuleSet::with_texts`], for files of a given author.
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

    /// The rules that are applied: those of packs that are switched on.
    pub fn in_force(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| self.applies(rule))
    }

    /// True if the pack of a rule is switched on.
    pub fn applies(&self, rule: &Rule) -> bool {
        match &rule.own_pack {
            Some(name) => self.packs.has_own(name),
            None => self.packs.has(rule.pack),
        }
    }

    /// The packs that rules of configuration files name, sorted.
    pub fn own_packs(&self) -> Vec<String> {
        let names: BTreeSet<&String> =
            self.rules.iter().filter_map(|rule| rule.own_pack.as_ref()).collect();
        names.into_iter().cloned().collect()
    }

    /// Adds the rules whose ids are new, and the packs.
    pub fn join(&mut self, other: Self) {
        self.packs = self.packs.with(&other.packs);
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

    /// The rule with this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id.as_str() == id)
    }
}

/// The examples of the built-in rules, for tests.
pub fn builtin_examples() -> Vec<Examples> {
    let files = keysweep_patterns::RULES.iter();
    files.flat_map(|(name, text)| parsed(name, text).map(|one| one.examples)).collect()
}

/// A built-in file, read by the parser of TOML.
fn parsed(name: &str, text: &str) -> impl Iterator<Item = parse::Parsed> {
    parse::file(Path::new(name), text, Author::Us).rules.into_iter()
}

#[cfg(test)]
mod tests;
