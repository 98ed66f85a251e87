//! `keysweep rules`: the rules that apply.

use std::io::{self, Write};

use serde::Serialize;

use crate::finding::{Confidence, RuleId, Severity};
use crate::report::{self, Layout};
use crate::rules::{Reader, Rule, RuleSet};
use crate::text::{escape_line, escape_path};

#[derive(Serialize)]
struct List<'a> {
    rules: Vec<RuleJson<'a>>,
}

#[derive(Serialize)]
struct RuleJson<'a> {
    id: &'a RuleId,
    title: &'a str,
    description: &'a str,
    severity: Severity,
    /// Null if detection decides it for each match.
    confidence: Option<Confidence>,
    anchors: Vec<String>,
    regex: Option<&'a str>,
    labels: &'a [String],
    /// The reader of a match, which may prove it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<&'a str>,
    /// The pack, and whether its rules apply here.
    pack: &'a str,
    applies: bool,
    /// The page where the credential is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    /// The user's file; null for a built-in rule.
    file: Option<String>,
}

impl<'a> RuleJson<'a> {
    fn new(rule: &'a Rule, rules: &RuleSet) -> Self {
        Self {
            id: &rule.id,
            title: &rule.title,
            description: &rule.description,
            severity: rule.severity,
            confidence: rule.shape.as_ref().map(|_| rule.confidence),
            anchors: rule.anchors.iter().map(|anchor| escape_path(anchor)).collect(),
            regex: rule.shape.as_ref().map(|shape| shape.regex.as_str()),
            labels: &rule.labels,
            reader: rule.reader.map(Reader::name),
            pack: rule.pack_name(),
            applies: rules.applies(rule),
            page: rule.revocation.page.as_deref(),
            file: file(rule),
        }
    }
}

fn file(rule: &Rule) -> Option<String> {
    rule.file.as_ref().map(|file| escape_path(file.as_os_str().as_encoded_bytes()))
}

/// Writes one line for each rule: id, severity, pack, title.
///
/// # Errors
///
/// An error of `out`.
pub fn write_text(rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    let longest = |length: fn(&Rule) -> usize| rules.rules.iter().map(length).max().unwrap_or(0);
    let width = longest(|rule| rule.id.as_str().len());
    let pack_width = longest(|rule| rule.pack_name().len());
    for rule in &rules.rules {
        let (id, severity) = (rule.id.as_str(), rule.severity.as_str());
        let from = file(rule).map(|file| format!(" ({file})")).unwrap_or_default();
        let pack = rule.pack_name();
        let off = if rules.applies(rule) { "" } else { " (off)" };
        let title = escape_line(&rule.title);
        writeln!(out, "{id:<width$}  {severity:<7}  {pack:<pack_width$}  {title}{off}{from}")?;
    }
    Ok(())
}

/// Writes every rule completely, as one JSON document.
///
/// # Errors
///
/// An error of `out`.
pub fn write_json(rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    let list = List { rules: rules.rules.iter().map(|rule| RuleJson::new(rule, rules)).collect() };
    report::write_json(&list, Layout::Indented, out)
}
