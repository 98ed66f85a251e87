//! The configuration file, `.keysweep.toml`: excluded paths and allowed values.
//!
//! Its `[[rule]]` tables are patterns, which another reader makes rules of. All faults are reported
//! at once, with file and line. Allowed values suppress findings; nothing in the file can switch a
//! single rule off, and no file of a target the pack of AWS.

use std::path::Path;

use crate::aws::KeyId;
use crate::document::{At, Document, Faults, Section};
use crate::finding::{Finding, Fingerprint};
use crate::rules::{Author, Pack, Packs};

/// The file's name, at the root of a repository.
pub const NAME: &str = ".keysweep.toml";

/// A configuration file, patterns aside.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Globs of paths that are not scanned.
    pub exclude: Vec<String>,
    /// Values whose findings are suppressed.
    pub allow: Vec<Allow>,
    /// The packs of rules that apply, if the file names them.
    pub packs: Option<Packs>,
}

/// An allowed value, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The value.
    pub value: Value,
    /// The reason in the file.
    pub reason: Option<String>,
}

/// A value that allows findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One credential.
    Fingerprint(Fingerprint),
    /// Every credential of this key id, whatever its secret.
    KeyId(String),
    /// Every key of this account, such as one of a sandbox.
    Account(String),
}

impl Value {
    /// True if the finding has this value. The account is that of STS or of the id.
    pub fn is_of(&self, finding: &Finding) -> bool {
        let credential = &finding.credential;
        match self {
            Self::Fingerprint(fingerprint) => finding.fingerprint == *fingerprint,
            Self::KeyId(id) => credential.key_id.as_deref() == Some(id),
            Self::Account(account) => {
                let known = finding.verification.account.as_ref().or(credential.account.as_ref());
                known == Some(account)
            }
        }
    }
}

impl Config {
    /// Reads the text of `file`, which `author` wrote.
    ///
    /// # Errors
    ///
    /// Every fault of the file, those of patterns aside.
    pub fn parse(file: &Path, text: &str, author: Author) -> Result<Self, Faults> {
        let (mut document, mut top) = Document::parse(file, text);
        top.leave("rule");
        let exclude = top.texts(&mut document, "exclude");
        let sections = top.sections(&mut document, "allow");
        let allow = sections.into_iter().filter_map(|section| allow(section, &mut document));
        let allow = allow.collect();
        let packs = match top.offset_of("packs") {
            Some(offset) => {
                let own = own_packs(file, text);
                Some(packs(&mut top, author, (offset, &own), &mut document))
            }
            None => None,
        };
        for name in OPTIONS {
            if let Some(offset) = top.offset_of(name) {
                let what = format!(
                    "'{name}' is a command-line option: the file may contain only 'rule', \
                     'exclude', 'allow' and 'packs'"
                );
                document.fault(offset, "", what);
                top.leave(name);
            }
        }
        top.finish(&mut document);
        let exclude = exclude.into_iter().map(|glob| glob.value).collect();
        let faults = document.finish();
        if faults.is_empty() { Ok(Self { exclude, allow, packs }) } else { Err(Faults(faults)) }
    }
}

/// Names that somebody might expect in the file, though only the command line sets them.
const OPTIONS: [&str; 8] = [
    "options",
    "verify",
    "baseline",
    "format",
    "output",
    "fail-on",
    "min-confidence",
    "sts-endpoint",
];

/// The packs that rules of the file name. Another reader reports the faults of rules.
fn own_packs(file: &Path, text: &str) -> Vec<String> {
    let (mut document, mut top) = Document::parse(file, text);
    let rules = top.sections(&mut document, "rule").into_iter();
    let names = rules.filter_map(|mut rule| rule.text(&mut document, "pack"));
    let mut names: Vec<String> = names.map(|name| name.value).collect();
    names.retain(|name| !Pack::is_reserved(name));
    names.sort_unstable();
    names.dedup();
    names
}

/// The packs that apply, if the file has a list of them at `offset`. `own` are those of its rules.
fn packs(
    top: &mut Section<'_>,
    author: Author,
    (offset, own): (usize, &[String]),
    document: &mut Document<'_>,
) -> Packs {
    let mut packs = Packs::of([]);
    for word in top.texts(document, "packs") {
        match Packs::named(&word.value, own) {
            Some(named) => packs = packs.with(&named),
            None => {
                let choices = Packs::choices(own).join(", ");
                let what = format!(
                    "unknown pack: 'packs' must be of {choices}; a pack of your \
                     own is named by 'pack' of a rule"
                );
                document.fault(word.offset, "", what);
            }
        }
    }
    if author == Author::Target && !packs.has(Pack::Aws) {
        let what = "'packs' of a project must contain aws: only --pack and a file that --config \
                    names leave it out";
        document.fault(offset, "", what);
    }
    packs
}

fn allow(mut section: Section<'_>, document: &mut Document<'_>) -> Option<Allow> {
    let fingerprint = section.text(document, "fingerprint");
    let key_id = section.text(document, "key-id");
    let account = section.text(document, "account");
    let reason = section.text(document, "reason").map(|reason| reason.value);
    let (within, offset) = (section.within.clone(), section.offset);
    section.finish(document);
    let named = [&fingerprint, &key_id, &account].into_iter().flatten().count();
    if named != 1 {
        let what = "one of 'fingerprint', 'key-id' and 'account' must say what is suppressed";
        document.fault(offset, &within, what);
        return None;
    }
    let mut fault = |at: &At<String>, wanted: &str| {
        document.fault(at.offset, &within, wanted);
        None
    };
    let value = match (fingerprint, key_id, account) {
        (Some(text), ..) => Fingerprint::parse(&text.value).map(Value::Fingerprint).or_else(|| {
            fault(&text, "'fingerprint' must be the 32 lower-case hex digits of a report")
        }),
        (_, Some(text), _) => {
            let id = KeyId::parse(text.value.as_bytes()).map(|id| Value::KeyId(id.to_string()));
            id.or_else(|| fault(&text, "'key-id' must be AKIA or ASIA and 16 of A-Z and 2-7"))
        }
        (.., Some(text)) => {
            let valid = text.value.len() == 12 && text.value.bytes().all(|b| b.is_ascii_digit());
            let account = valid.then(|| Value::Account(text.value.clone()));
            account.or_else(|| fault(&text, "'account' must be twelve digits, in quotes"))
        }
        (None, None, None) => None,
    };
    value.map(|value| Allow { value, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(usize, String)> {
        let faults = Config::parse(Path::new(NAME), text, Author::Target).expect_err("a fault").0;
        faults.into_iter().map(|fault| (fault.line, fault.what)).collect()
    }

    #[test]
    fn a_file_of_all_that_there_is() {
        let id = ["AKIA", "QNZGKIQY56JQ7WML"].concat();
        let text = format!(
            "exclude = [\"testdata/\"]\npacks = [\"aws\", \"more\"]\n[[allow]]\nfingerprint = \"{}\"\nreason = \"revoked\"\n\
             [[allow]]\nkey-id = \"{id}\"\n[[allow]]\naccount = \"123456789012\"\n\
             [[rule]]\nid = \"x\"\n",
            "0a".repeat(16)
        );
        let config =
            Config::parse(Path::new(NAME), &text, Author::Target).expect("no fault of a pattern");
        assert_eq!(config.exclude, ["testdata/"]);
        assert_eq!(config.packs, Some(Packs::of([Pack::More, Pack::Aws])));
        assert_eq!(config.allow.len(), 3);
        assert_eq!(config.allow[0].reason.as_deref(), Some("revoked"));
        assert_eq!(config.allow[1].value, Value::KeyId(id));
    }

    #[test]
    fn each_fault_is_reported_with_its_line_and_what_was_meant() {
        let table = [
            ("\nexcludes = []", 2, "did you mean 'exclude'?"),
            ("exclude = \"a\"", 1, "'exclude' must be a list of strings"),
            ("[[allow]]\nfingerprint = \"AA\"", 2, "32 lower-case hex digits"),
            ("[[allow]]\nkey-id = \"AROA\"", 2, "AKIA or ASIA"),
            ("[[allow]]\naccount = \"12\"", 2, "twelve digits"),
            ("[[allow]]\naccount = 123456789012", 2, "'account' must be a string"),
            ("[[allow]]\nreason = \"x\"", 1, "one of 'fingerprint', 'key-id' and 'account'"),
            ("[[allow]]\nkey_id = \"x\"", 2, "did you mean 'key-id'?"),
            ("verify = true", 1, "'verify' is a command-line option"),
            ("packs = [\"tokens\"]", 1, "'packs' of a project must contain aws"),
            ("packs = [\"aws\", \"npm\"]", 1, "'packs' must be of aws, tokens, more, all;"),
            ("packs = \"all\"", 1, "'packs' must be a list of strings"),
            ("allow = 3", 1, "'allow' must be a table"),
            ("allow = [", 1, "not TOML"),
        ];
        for (text, line, words) in table {
            let reported = faults(text);
            let is_reported = reported.iter().any(|(at, what)| *at == line && what.contains(words));
            assert!(is_reported, "{text}: wanted {line}: {words}, got {reported:#?}");
        }
        assert_eq!(faults("excludes = []\nallows = []\nverify = true").len(), 3);
    }
}
