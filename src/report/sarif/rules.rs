//! The driver: rules, notifications and their taxonomy.
//!
//! GitHub takes severity and precision from the rule. Every rule whose keys can be verified
//! therefore has a second one for active keys, `<rule>-active`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::model::{
    ComponentReference, Configuration, Descriptor, DescriptorReference, Help, Message,
    Relationship, RuleProperties, Taxonomy,
};
use crate::finding::{Confidence, Finding, Severity, Status};
use crate::remedy;
use crate::report::Report;
use crate::report::uri::plain;
use crate::rules::{Method, Pack, Rule};

/// The home page.
pub(super) const HOME: &str = env!("CARGO_PKG_REPOSITORY");
/// AWS's page on access keys.
const AWS_HELP: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html";
/// The beginning of the help for an active key.
const ACTIVE: &str = "AWS accepts this key now.";
const CWE_NAME: &str = "CWE";
const CWE_ID: &str = "CWE-798";
const CWE_URI: &str = "https://cwe.mitre.org/data/definitions/798.html";
/// Longest description that GitLab accepts, in characters.
const LONGEST: usize = 1_000;

/// The rules in SARIF, and the index of each.
pub(super) struct Descriptors {
    pub(super) rules: Vec<Descriptor>,
    index: HashMap<String, usize>,
}

impl Descriptors {
    /// All rules, with a second one for active keys; of other providers those that have a finding,
    /// because there are many.
    pub(super) fn new(report: &Report<'_>) -> Self {
        let mut all = Self { rules: Vec::new(), index: HashMap::new() };
        let found: HashSet<&str> =
            report.findings.iter().map(|finding| finding.credential.rule.as_str()).collect();
        let is_listed = |rule: &&Rule| {
            matches!(rule.pack, Pack::Aws | Pack::Custom) || found.contains(rule.id.as_str())
        };
        for rule in report.rules.rules.iter().filter(is_listed) {
            all.add(descriptor(rule, false));
            if rule.method == Method::Pair {
                all.add(descriptor(rule, true));
            }
        }
        all
    }

    /// Adds a rule; of two with one id the first stays, because GitHub refuses a log with both.
    fn add(&mut self, descriptor: Descriptor) {
        if !self.index.contains_key(&descriptor.id) {
            self.index.insert(descriptor.id.clone(), self.rules.len());
            self.rules.push(descriptor);
        }
    }

    /// Id and index of a finding's rule; no index if the rule set does not have it.
    pub(super) fn of<'a>(&'a self, finding: &'a Finding) -> (&'a str, Option<usize>) {
        let id = finding.credential.rule.as_str();
        let active = finding.verification.status == Status::Active;
        let twin = active.then(|| self.index.get_key_value(&format!("{id}-active"))).flatten();
        match twin.or_else(|| self.index.get_key_value(id)) {
            Some((id, &index)) => (id, Some(index)),
            None => (id, None),
        }
    }
}

/// 0 to 100, for GitLab's sorting; it agrees with the rules' security-severity.
pub(super) fn rank(finding: &Finding) -> u8 {
    let base = match (finding.verification.status, finding.severity) {
        (Status::Active, _) => 98,
        (_, severity) => severity_rank(severity),
    };
    let doubt = match finding.confidence {
        Confidence::High => 0,
        Confidence::Medium => 4,
        Confidence::Low => 8,
    };
    base - if base > 90 { 0 } else { doubt }
}

fn severity_rank(severity: Severity) -> u8 {
    match severity {
        Severity::Error => 88,
        Severity::Warning => 65,
        Severity::Note => 30,
    }
}

fn descriptor(rule: &Rule, active: bool) -> Descriptor {
    let own = rule.file.is_none();
    let clean = |text: &str| if own { text.to_owned() } else { plain(text.as_bytes()) };
    let id = rule.id.as_str();
    let title = clean(&rule.title);
    let verified = if active { ", verified active" } else { "" };
    let mut description = truncate(&clean(&rule.description));
    if active {
        description.insert_str(0, &format!("{ACTIVE} "));
    }
    Descriptor {
        id: if active { format!("{id}-active") } else { id.to_owned() },
        name: pascal_case(id) + if active { "Active" } else { "" },
        short_description: Message::new(sentence(&format!("{}{verified}", truncate(&title)))),
        full_description: Message::new(sentence(&description)),
        default_configuration: Some(Configuration {
            level: if active { "error" } else { rule.severity.as_str() },
            rank: Some(if active { 98 } else { severity_rank(rule.severity) }),
        }),
        help_uri: help_uri(rule),
        help: help(rule, active),
        relationships: vec![Relationship {
            target: DescriptorReference {
                id: CWE_ID,
                index: 0,
                tool_component: Some(ComponentReference { name: CWE_NAME, index: 0 }),
            },
            kinds: ["superset"],
        }],
        properties: Some(RuleProperties {
            tags: ["security", CWE_ID, "external/cwe/cwe-798", "secret"],
            precision: if active { "very-high" } else { precision(rule) },
            security_severity: match (active, rule.severity) {
                (true, _) => "9.8",
                (false, Severity::Error) => "8.8",
                (false, Severity::Warning) => "6.5",
                (false, Severity::Note) => "3.0",
            },
        }),
    }
}

/// The page that explains the credential.
fn help_uri(rule: &Rule) -> Cow<'static, str> {
    match (&rule.revocation.page, rule.pack) {
        (Some(page), _) => Cow::Owned(page.clone()),
        (None, Pack::Aws) => AWS_HELP.into(),
        (None, Pack::Tokens | Pack::More | Pack::Custom) => HOME.into(),
    }
}

/// The rule's own help; for an active key it says so first.
fn help(rule: &Rule, active: bool) -> Help {
    let (text, markdown) = (remedy::help_text(rule), remedy::help_markdown(rule));
    if active {
        Help { text: format!("{ACTIVE}\n{text}"), markdown: format!("{ACTIVE}\n\n{markdown}") }
    } else {
        Help { text, markdown }
    }
}

fn precision(rule: &Rule) -> &'static str {
    let confidence = match rule.method {
        Method::Pair | Method::KeyId => Confidence::High,
        Method::Secret | Method::SessionToken => Confidence::Medium,
        Method::Shape => rule.confidence,
    };
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// `aws-access-key` as `AwsAccessKey`, the form of names in SARIF (§3.49.7).
fn pascal_case(id: &str) -> String {
    let words = id.split(|character: char| !character.is_ascii_alphanumeric());
    let capital = words.filter(|word| !word.is_empty()).map(|word| {
        let (head, tail) = word.split_at(1);
        head.to_ascii_uppercase() + tail
    });
    let name: String = capital.take(20).collect();
    let letter = name.starts_with(|character: char| character.is_ascii_uppercase());
    let name = if letter && name.len() > 1 { name } else { format!("Rule{name}") };
    name.chars().take(200).collect()
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn truncate(text: &str) -> String {
    text.chars().take(LONGEST - 60).collect()
}

/// CWE as a taxonomy, with the entries that are used.
pub(super) fn taxonomy() -> Taxonomy {
    let name = "Use of Hard-coded Credentials";
    Taxonomy {
        name: CWE_NAME,
        version: "4.18",
        organization: "MITRE",
        information_uri: "https://cwe.mitre.org/",
        short_description: Message::new("The MITRE Common Weakness Enumeration."),
        full_description: Message::new(
            "The MITRE Common Weakness Enumeration, as far as keysweep refers to it.",
        ),
        is_comprehensive: false,
        taxa: [Descriptor {
            id: CWE_ID.to_owned(),
            name: pascal_case(name),
            short_description: Message::new(sentence(name)),
            full_description: Message::new(
                "The product contains hard-coded credentials, such as a password or cryptographic key.",
            ),
            default_configuration: None,
            help_uri: CWE_URI.into(),
            help: Help {
                text: format!("{CWE_ID}: {name}, {CWE_URI}"),
                markdown: format!("[{CWE_ID}]({CWE_URI}): {name}"),
            },
            relationships: Vec::new(),
            properties: None,
        }],
    }
}

/// The driver's reference to [`taxonomy`].
pub(super) fn taxonomy_reference() -> ComponentReference {
    ComponentReference { name: CWE_NAME, index: 0 }
}
