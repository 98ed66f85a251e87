//! `--format json`: one document. Its keys and their order are stable (schema 2).
//!
//! `remedies` has the steps once; a finding names its remedy and the values of the variables in it.
//! Each location of a finding is one line.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};

use super::Report;
use super::escape::{self, Layout};
use super::totals::Totals;
use crate::coverage::Coverage;
use crate::finding::{
    Confidence, Encoding, Evidence, Finding, Fingerprint, GitOrigin, Occurrence, RuleId,
    SecretDigest, Severity, Suppression, Verification,
};
use crate::location::Region;
use crate::remedy::{self, Applied, Remedies};
use crate::secret::Secret;

/// Version of the document; it changes when a key changes its meaning.
pub(super) const SCHEMA: u32 = 2;

/// Depth of a finding's own fields; deeper values, such as a location, are one line.
const FIELDS: usize = 4;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        tool: Tool::default(),
        command: report.command,
        findings: Findings(report),
        remedies: remedy::remedies(report.findings, report.rules),
        summary: Totals::new(report),
        coverage: report.coverage,
    };
    escape::write(&document, Layout::Outline(FIELDS), out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: Tool,
    command: &'a str,
    findings: Findings<'a>,
    remedies: Remedies,
    /// Only in a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Totals<'a>>,
    coverage: &'a Coverage,
}

/// The program that wrote the report.
#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Default for Tool {
    fn default() -> Self {
        Self { name: "keysweep", version: env!("CARGO_PKG_VERSION") }
    }
}

/// The findings as a sequence that holds one element at a time.
struct Findings<'a>(&'a Report<'a>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.sorted().into_iter().map(|finding| entry(self.0, finding)))
    }
}

/// A finding in JSON.
#[derive(Serialize)]
pub(super) struct FindingJson<'a> {
    fingerprint: &'a Fingerprint,
    rule: &'a RuleId,
    severity: Severity,
    confidence: Confidence,
    key_id: Option<&'a str>,
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<&'a str>,
    secret_redacted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    secret_sha256: Option<&'a str>,
    session_token_sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    verification: &'a Verification,
    suppressed: Option<&'a Suppression>,
    /// The reasons why id and secret are one key, one clause each; null for a single half.
    evidence: Option<Vec<String>>,
    possible_partners: &'a [Fingerprint],
    remediation: Applied,
    occurrences: Occurrences<'a>,
}

pub(super) fn entry<'a>(report: &Report<'a>, finding: &'a Finding) -> FindingJson<'a> {
    let credential = &finding.credential;
    let clear = |secret: &Option<Secret>| {
        let secret = secret.as_ref().filter(|_| report.show_secrets);
        secret.map(|secret| String::from_utf8_lossy(secret.expose()).into_owned())
    };
    let digest = |secret: &'a Option<SecretDigest>| secret.as_ref().and_then(SecretDigest::sha256);
    FindingJson {
        fingerprint: &finding.fingerprint,
        rule: &credential.rule,
        severity: finding.severity,
        confidence: finding.confidence,
        key_id: credential.key_id.as_deref(),
        account_id: credential.account.as_deref(),
        user: credential.user.as_deref(),
        expires: credential.expires.as_deref(),
        secret_redacted: credential.secret.as_ref().map(SecretDigest::redacted),
        secret: clear(&finding.clear.secret),
        secret_sha256: digest(&credential.secret),
        session_token_sha256: digest(&credential.session_token),
        session_token: clear(&finding.clear.session_token),
        verification: &finding.verification,
        suppressed: finding.suppressed.as_ref(),
        evidence: finding.evidence().map(Evidence::clauses),
        possible_partners: &finding.possible_partners,
        remediation: remedy::applied(finding, report.rules),
        occurrences: Occurrences(&finding.occurrences),
    }
}

struct Occurrences<'a>(&'a [Occurrence]);

impl Serialize for Occurrences<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(OccurrenceJson::new))
    }
}

#[derive(Serialize)]
struct OccurrenceJson<'a> {
    /// Only in a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    path: Option<String>,
    path_bytes: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
    id: Option<Span>,
    secret: Option<Span>,
    decoded: &'a [Encoding],
    inside: &'a [String],
    /// The masked line of the id, or of the secret if there is no id.
    #[serde(skip_serializing_if = "str::is_empty")]
    snippet: &'a str,
    /// The masked line of the secret, if it is another one.
    #[serde(skip_serializing_if = "str::is_empty")]
    secret_snippet: &'a str,
    git: Option<&'a GitOrigin>,
}

impl<'a> OccurrenceJson<'a> {
    fn new(place: &'a Occurrence) -> Self {
        let path = place.origin.path.as_deref();
        let (path, path_bytes) = match path.map(|path| (path, std::str::from_utf8(path))) {
            None => (None, None),
            Some((_, Ok(path))) => (Some(path.to_owned()), None),
            Some((path, Err(_))) => {
                (Some(crate::text::escape_path(path)), Some(BASE64.encode(path)))
            }
        };
        let start = place.sighting.primary().map(|region| region.start);
        Self {
            target: place.origin.target.as_deref(),
            path,
            path_bytes,
            line: start.map(|start| start.line),
            column: start.map(|start| start.column),
            id: place.sighting.id.map(Span::from),
            secret: place.sighting.secret.map(Span::from),
            decoded: &place.sighting.decoded,
            inside: &place.origin.inside,
            snippet: &place.sighting.snippet,
            secret_snippet: &place.sighting.secret_snippet,
            git: place.origin.git.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct Span {
    line: u64,
    column: u64,
    end_line: u64,
    end_column: u64,
}

impl From<Region> for Span {
    fn from(region: Region) -> Self {
        Self {
            line: region.start.line,
            column: region.start.column,
            end_line: region.end.line,
            end_column: region.end.column,
        }
    }
}
