//! Parses pattern files into rules: `patterns/*.toml`, and users' files of the same form.
//!
//! `docs/patterns.md` documents the form. All faults of a file are reported at once.

use std::path::{Path, PathBuf};

use crate::document::{At, Document, Fault, Section};
use crate::finding::{Confidence, RuleId, Severity};

use super::bounds::{Bounds, Dropped};
use super::{Author, Boundary, Method, Pack, Rule, Shape, check, fields};

/// Minimum number of bytes of an anchor: shorter ones occur everywhere, and their search determines
/// the speed of the program.
const SHORTEST_ANCHOR: usize = 3;
/// Maximum number of bytes around an anchor; twice this is well below a window's overlap.
const LONGEST_REACH: f64 = 16_384.0;
/// Bytes around an anchor if a rule gives no number.
pub(super) const USUAL_REACH: usize = 256;

pub(super) const SEVERITIES: [&str; 3] = ["note", "warning", "error"];
pub(super) const CONFIDENCES: [&str; 3] = ["low", "medium", "high"];
pub(super) const BOUNDARIES: [&str; 5] =
    ["alphanumeric", "base64", "base64-after", "base64url-after", "none"];
pub(super) const METHODS: [&str; 5] = ["shape", "pair", "key-id", "secret", "session-token"];

/// Procedures in `patterns/remedy/`, by the names that rules use.
pub const REMEDIES: [&str; 11] = [
    "access-key",
    "access-key-id",
    "appsync-key",
    "bedrock-api-key",
    "bedrock-short-term-key",
    "mws-key",
    "secret-access-key",
    "service-credential",
    "ses-smtp-password",
    "session-token",
    "temporary-key",
];

/// The examples of a rule, as templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examples {
    /// The rule.
    pub rule: RuleId,
    /// Texts in which it must find its credential.
    pub positive: Vec<String>,
    /// Texts in which it must find nothing.
    pub negative: Vec<String>,
}

/// A rule, its examples, and the line of its id.
pub(super) struct Parsed {
    pub rule: Rule,
    pub examples: Examples,
    pub line: usize,
}

/// The content of a file.
pub(super) struct Read {
    pub rules: Vec<Parsed>,
    pub dropped: Vec<Dropped>,
    pub faults: Vec<Fault>,
}

pub(super) fn file(path: &Path, text: &str, author: Author) -> Read {
    let (mut document, mut top) = Document::parse(path, text);
    let sections = top.sections(&mut document, "rule");
    let (named, foreign) = (author == Author::User, author == Author::Target);
    if named || foreign {
        // A configuration file is read twice: these fields are for the configuration, which also
        // reports unknown ones at the top level.
        top.leave_all();
    }
    top.finish(&mut document);
    let mut file = File {
        path,
        origin: (named || foreign).then(|| path.to_owned()),
        author,
        text,
        bounds: foreign.then(Bounds::new),
        dropped: Vec::new(),
    };
    let mut rules = Vec::new();
    for section in sections {
        rules.extend(file.rule(section, &mut document));
    }
    Read { rules, dropped: file.dropped, faults: document.finish() }
}

/// A file that is being read.
struct File<'t> {
    path: &'t Path,
    origin: Option<PathBuf>,
    author: Author,
    text: &'t str,
    /// Set for a file that the scanned project brings.
    bounds: Option<Bounds>,
    dropped: Vec<Dropped>,
}

impl File<'_> {
    /// Drops the rule at `offset` if it exceeds a limit.
    fn within(
        &mut self,
        bound: Result<(), String>,
        (within, offset): (&str, usize),
        document: &Document<'_>,
    ) -> Option<()> {
        let Err(why) = bound else { return Some(()) };
        self.dropped.push(Dropped::new(&document.place(offset, within, why)));
        None
    }

    /// Anchors and shape of a rule, unless it exceeds a limit.
    fn shape(
        &mut self,
        section: &mut Section<'_>,
        place: (&str, usize),
        document: &mut Document<'_>,
    ) -> Option<(Vec<At<String>>, Option<Shape>)> {
        let anchors = anchors(section, document);
        let (shape, bound) = match shape(section, self.author, document) {
            Ok(shape) => (shape, Ok(())),
            Err(why) => (None, Err(why)),
        };
        self.within(bound, place, document)?;
        if let (Some(bounds), Some(shape)) = (&mut self.bounds, &shape) {
            let bound = bounds.take(&anchors, shape);
            self.within(bound, place, document)?;
        }
        Some((anchors, shape))
    }

    /// The rule of a section. Faults are recorded; a rule is returned only if its id and expression
    /// are usable.
    fn rule(&mut self, mut section: Section<'_>, document: &mut Document<'_>) -> Option<Parsed> {
        let author = self.author;
        let ours = self.origin.is_none();
        let id = section.needed(document, "id");
        if let Some(id) = &id {
            section.within = format!("rule '{}'", id.value);
            check_id(id, &section, document);
        }
        let within = section.within.clone();
        let place = (within.as_str(), section.offset);
        if let Some(bounds) = &mut self.bounds {
            let bound = bounds.one_more();
            self.within(bound, place, document)?;
        }
        let title = section.needed(document, "title");
        let description = section.needed(document, "description");
        let severity = section.choice(document, "severity", &SEVERITIES);
        let confidence = section.choice(document, "confidence", &CONFIDENCES);
        let method = if ours { section.choice(document, "method", &METHODS) } else { None };
        let method = METHOD_OF[method.unwrap_or(0)];
        let reader = fields::reader(&mut section, document);
        let (pack, own_pack) = match ours {
            true => (fields::pack(&mut section, document, self.path), None),
            false => (Pack::Custom, fields::own_pack(&mut section, document)),
        };
        let remedy = remedy(&mut section, document);
        let revocation = fields::revocation(&mut section, document);
        let labels = labels(&mut section, document);
        let (anchors, shape) = match method {
            Method::Shape => self.shape(&mut section, place, document)?,
            _ => (Vec::new(), None),
        };
        let (examples, negatives) = fields::examples(&mut section, document);
        section.finish(document);
        let id = id?;
        let bytes = |text: &At<String>| text.value.clone().into_bytes();
        let rule = Rule {
            id: RuleId::new(&id.value),
            title: title.map(|title| title.value).unwrap_or_default(),
            description: description.map(|text| text.value).unwrap_or_default(),
            severity: SEVERITY_OF[severity.unwrap_or(1)],
            confidence: CONFIDENCE_OF[confidence.unwrap_or(1)],
            method,
            anchors: anchors.iter().map(bytes).collect(),
            shape,
            labels,
            reader,
            remedy,
            revocation,
            pack,
            own_pack: own_pack.map(|name| name.value),
            file: self.origin.clone(),
            author,
        };
        if author != Author::Us {
            let texts = check::Texts { positive: &examples, negative: &negatives };
            let bound = check::examples(&rule, &anchors, &texts, &within, document);
            self.within(bound, place, document)?;
        }
        let values = |texts: Vec<At<String>>| texts.into_iter().map(|text| text.value).collect();
        let (positive, negative) = (values(examples), values(negatives));
        let line = 1 + memchr::memchr_iter(b'\n', &self.text.as_bytes()[..id.offset]).count();
        Some(Parsed {
            examples: Examples { rule: rule.id.clone(), positive, negative },
            rule,
            line,
        })
    }
}

pub(super) const SEVERITY_OF: [Severity; 3] = [Severity::Note, Severity::Warning, Severity::Error];
pub(super) const CONFIDENCE_OF: [Confidence; 3] =
    [Confidence::Low, Confidence::Medium, Confidence::High];
pub(super) const BOUNDARY_OF: [Boundary; 5] = [
    Boundary::Alphanumeric,
    Boundary::Base64,
    Boundary::Base64After,
    Boundary::Base64UrlAfter,
    Boundary::None,
];
pub(super) const METHOD_OF: [Method; 5] =
    [Method::Shape, Method::Pair, Method::KeyId, Method::Secret, Method::SessionToken];

/// The remedy for a leak; empty if the rule gives none.
fn remedy(section: &mut Section<'_>, document: &mut Document<'_>) -> String {
    let Some(remedy) = section.text(document, "remedy") else { return String::new() };
    if names_no_procedure(&remedy.value) {
        let what = format!(
            "there is no procedure '{}' (there are {}); a sentence of your own is used as it is",
            remedy.value,
            REMEDIES.join(", ")
        );
        document.fault(remedy.offset, &section.within, what);
    }
    remedy.value
}

/// True if a text is a single word but not the name of a procedure: it is then misspelt.
fn names_no_procedure(remedy: &str) -> bool {
    !remedy.contains(char::is_whitespace) && !REMEDIES.contains(&remedy)
}

/// Checks an id: lower-case letters, digits and hyphens.
fn check_id(id: &At<String>, section: &Section<'_>, document: &mut Document<'_>) {
    let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let named = id.value.starts_with(|first: char| first.is_ascii_lowercase())
        && id.value.len() <= 64
        && id.value.bytes().all(part);
    if !named {
        let what = "'id' must be a lower-case letter, then at most 63 letters, digits and hyphens";
        document.fault(id.offset, &section.within, what);
    }
}

fn labels(section: &mut Section<'_>, document: &mut Document<'_>) -> Vec<String> {
    let labels = section.texts(document, "labels");
    for label in &labels {
        let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if label.value.is_empty() || !label.value.bytes().all(part) {
            let what = "a label must be lower-case letters and digits: signs and case do not count";
            document.fault(label.offset, &section.within, what);
        }
    }
    labels.into_iter().map(|label| label.value).collect()
}

fn anchors(section: &mut Section<'_>, document: &mut Document<'_>) -> Vec<At<String>> {
    let anchors = section.texts(document, "anchors");
    if anchors.is_empty() {
        let what = "'anchors' is missing or empty: one of them must be in or next to each match";
        document.fault(section.offset, &section.within, what);
    }
    for (index, anchor) in anchors.iter().enumerate() {
        if anchor.value.len() < SHORTEST_ANCHOR {
            let what = format!(
                "anchor '{}' is too short: {SHORTEST_ANCHOR} bytes at least, and better a rare word",
                anchor.value
            );
            document.fault(anchor.offset, &section.within, what);
        }
        if anchors[..index].iter().any(|other| other.value == anchor.value) {
            let what = format!("anchor '{}' is listed twice", anchor.value);
            document.fault(anchor.offset, &section.within, what);
        }
    }
    anchors
}

/// The shape of a section; an error names the limit that an expression of the scanned project
/// exceeds.
fn shape(
    section: &mut Section<'_>,
    author: Author,
    document: &mut Document<'_>,
) -> Result<Option<Shape>, String> {
    let reach = section.number(document, "reach", LONGEST_REACH, true);
    let boundary = section.choice(document, "boundary", &BOUNDARIES);
    let entropy = section.number(document, "entropy", 8.0, false);
    let random = section.flag(document, "random").unwrap_or(false);
    let encoded = section.flag(document, "encoded").unwrap_or(false);
    let partner = fields::partner(section, author, document)?;
    let Some(regex) = fields::expression(section, "regex", author, document)? else {
        return Ok(None);
    };
    Ok(Some(Shape {
        regex,
        reach: reach.map_or(USUAL_REACH, |reach| reach as usize),
        boundary: BOUNDARY_OF[boundary.unwrap_or(0)],
        entropy: entropy.unwrap_or(0.0),
        random,
        encoded,
        partner,
    }))
}
