//! A finding in JSON, written and read by one definition.
//!
//! A record has all that any format shows of a finding, except its secrets: so every format can be
//! written again from a report in JSON. Fields may be added; a reader ignores those that it does
//! not know, and some are not in older reports.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::finding::{
    Clear, Confidence, Details, DigestedCredential, Encoding, Evidence, Finding, Fingerprint,
    GitOrigin, Occurrence, Origin, PARTITIONS, RuleId, SecretDigest, Severity, Sighting, Spot,
    Suppression, Verification,
};
use crate::location::{Position, Region};
use crate::remedy::{self, Applied};
use crate::secret::Secret;
use crate::text::escape_line;

/// No line or column is larger: formats calculate with them.
const LARGEST: u64 = 1 << 48;

/// A finding; `O` is its list of [`OccurrenceRecord`]s.
#[derive(Serialize, Deserialize)]
pub(super) struct Record<O> {
    fingerprint: Fingerprint,
    rule: RuleId,
    severity: Severity,
    confidence: Confidence,
    key_id: Option<String>,
    #[serde(default)]
    account_id: Option<String>,
    /// The name of the account in the file of `--accounts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    details: Details,
    #[serde(default)]
    secret_redacted: Option<String>,
    /// In clear, if the user asked for it; never read.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(default)]
    secret_sha256: Option<String>,
    #[serde(default)]
    session_token_sha256: Option<String>,
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    #[serde(default)]
    verification: Verification,
    #[serde(default)]
    suppressed: Option<Suppression>,
    /// The reasons why id and secret are one key, one clause each; null for a single half. The
    /// places have the evidence itself.
    #[serde(skip_deserializing)]
    evidence: Option<Vec<String>>,
    #[serde(default)]
    possible_partners: Vec<Fingerprint>,
    /// Follows from the finding and its rule.
    #[serde(skip_deserializing)]
    remediation: Applied,
    occurrences: O,
}

impl<O> Record<O> {
    /// The record of a finding, with its list of places as `occurrences`.
    pub(super) fn new<'a>(report: &Report<'a>, finding: &'a Finding, occurrences: O) -> Self {
        let credential = &finding.credential;
        let clear = |secret: &Option<Secret>| {
            let secret = secret.as_ref().filter(|_| report.show_secrets);
            secret.map(|secret| String::from_utf8_lossy(secret.expose()).into_owned())
        };
        let digest = |secret: &Option<SecretDigest>| {
            secret.as_ref().and_then(SecretDigest::sha256).map(str::to_owned)
        };
        let redacted = credential.secret.as_ref().map(SecretDigest::redacted);
        Self {
            fingerprint: finding.fingerprint.clone(),
            rule: credential.rule.clone(),
            severity: finding.severity,
            confidence: finding.confidence,
            key_id: credential.key_id.clone(),
            account_id: credential.account.clone(),
            account_name: report.account_name(finding).map(str::to_owned),
            user: credential.user.clone(),
            expires: credential.expires.clone(),
            details: credential.details.clone(),
            secret_redacted: redacted.map(str::to_owned),
            secret: clear(&finding.clear.secret),
            secret_sha256: digest(&credential.secret),
            session_token_sha256: digest(&credential.session_token),
            session_token: clear(&finding.clear.session_token),
            verification: finding.verification.clone(),
            suppressed: finding.suppressed.clone(),
            evidence: finding.evidence().map(Evidence::clauses),
            possible_partners: finding.possible_partners.clone(),
            remediation: remedy::applied(finding, report.rules),
            occurrences,
        }
    }
}

impl Record<Vec<OccurrenceRecord>> {
    /// Its name in messages.
    pub(super) fn name(&self) -> String {
        self.fingerprint.to_string()
    }

    /// The finding that was written; the names of accounts go to `accounts`.
    pub(super) fn finding(
        self,
        accounts: &mut BTreeMap<String, String>,
    ) -> Result<Finding, &'static str> {
        if self.occurrences.is_empty() {
            return Err("a finding has at least one entry in `occurrences`");
        }
        let account = self.verification.account.as_ref().or(self.account_id.as_ref());
        if let (Some(account), Some(name)) = (account, self.account_name) {
            accounts.entry(account.clone()).or_insert(name);
        }
        let reported = |redacted: Option<String>, digest: Option<String>| {
            redacted.map(|redacted| SecretDigest::reported(escape_line(&redacted), digest))
        };
        let token = self.session_token_sha256;
        let token = reported(token.as_ref().map(|_| "...".to_owned()), token);
        let credential = DigestedCredential {
            rule: self.rule,
            key_id: self.key_id,
            secret: reported(self.secret_redacted, self.secret_sha256),
            session_token: token,
            account: self.account_id,
            user: self.user,
            expires: self.expires,
            details: self.details,
        };
        let confidence = self.confidence;
        let places = self.occurrences.into_iter().map(|place| place.occurrence(confidence));
        Ok(Finding {
            fingerprint: self.fingerprint,
            credential,
            clear: Clear::default(),
            severity: self.severity,
            confidence,
            verification: self.verification,
            suppressed: self.suppressed,
            possible_partners: self.possible_partners,
            occurrences: places.collect::<Result<_, _>>()?,
            stored: None,
        })
    }
}

/// One place of a finding.
#[derive(Serialize, Deserialize)]
pub(super) struct OccurrenceRecord {
    /// Only in a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    path: Option<String>,
    #[serde(default)]
    path_bytes: Option<String>,
    #[serde(skip_deserializing)]
    line: Option<u64>,
    #[serde(skip_deserializing)]
    column: Option<u64>,
    id: Option<Span>,
    secret: Option<Span>,
    #[serde(default)]
    decoded: Vec<Encoding>,
    #[serde(default)]
    inside: Vec<String>,
    /// If it differs from that of the finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confidence: Option<Confidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    /// The line of the id, or of the secret if there is no id, with every secret masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    snippet: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    secret_snippet: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line_hash: Option<LineHash>,
    /// The partition that nearby text names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<String>,
    /// The place for services, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<Shown>,
    /// The owners in CODEOWNERS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    owners: Vec<String>,
    #[serde(default)]
    git: Option<GitOrigin>,
}

impl OccurrenceRecord {
    /// The record of a place of a finding of this confidence.
    pub(super) fn new(place: &Occurrence, confidence: Confidence) -> Self {
        let Occurrence { origin, sighting, .. } = place;
        let (path, path_bytes) = match origin.path.as_deref() {
            None => (None, None),
            Some(path) => match std::str::from_utf8(path) {
                Ok(path) => (Some(path.to_owned()), None),
                Err(_) => (Some(crate::text::escape_path(path)), Some(BASE64.encode(path))),
            },
        };
        let start = sighting.primary().map(|region| region.start);
        Self {
            target: origin.target.clone(),
            path,
            path_bytes,
            line: start.map(|start| start.line),
            column: start.map(|start| start.column),
            id: sighting.id.map(Span::from),
            secret: sighting.secret.map(Span::from),
            decoded: sighting.decoded.clone(),
            inside: origin.inside.clone(),
            confidence: Some(place.confidence).filter(|own| *own != confidence),
            evidence: sighting.evidence.clone(),
            snippet: sighting.snippet.clone(),
            secret_snippet: sighting.secret_snippet.clone(),
            line_hash: sighting.line_hash.map(LineHash::from),
            partition: sighting.partition.map(str::to_owned),
            shown: sighting.shown.as_deref().map(Shown::from),
            owners: origin.owners.clone(),
            git: origin.git.clone(),
        }
    }

    fn occurrence(self, confidence: Confidence) -> Result<Occurrence, &'static str> {
        let decoded = self.path_bytes.map(|bytes| BASE64.decode(bytes)).transpose();
        let decoded = decoded.map_err(|_| "`path_bytes` is not base64")?;
        let known = |name: String| PARTITIONS.into_iter().find(|known| *known == name);
        if let Some(git) = &self.git {
            check_ids(git)?;
        }
        let origin = Origin {
            path: decoded.or_else(|| self.path.map(String::into_bytes)),
            inside: self.inside,
            git: self.git,
            target: self.target,
            owners: self.owners,
        };
        let sighting = Sighting {
            id: self.id.map(Region::try_from).transpose()?,
            secret: self.secret.map(Region::try_from).transpose()?,
            decoded: self.decoded,
            snippet: self.snippet,
            secret_snippet: self.secret_snippet,
            line_hash: self.line_hash.map(LineHash::parts).transpose()?,
            partition: self.partition.and_then(known),
            shown: self.shown.map(Shown::spot).transpose()?.map(Box::new),
            evidence: self.evidence,
            ..Sighting::default()
        };
        Ok(Occurrence { origin, sighting, confidence: self.confidence.unwrap_or(confidence) })
    }
}

/// Ids of objects are shown as they are.
pub(super) fn check_ids(git: &GitOrigin) -> Result<(), &'static str> {
    let ids = [&git.commit, &git.blob, &git.removed_in].into_iter().flatten();
    let is_id = |id: &String| id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let are_ids = ids.into_iter().all(is_id);
    are_ids.then_some(()).ok_or("the id of a git object has other letters than hexadecimal digits")
}

/// The place that services show.
#[derive(Serialize, Deserialize)]
struct Shown {
    id: Option<Span>,
    secret: Option<Span>,
    at_secret: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    snippet: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line_hash: Option<LineHash>,
}

impl From<&Spot> for Shown {
    fn from(spot: &Spot) -> Self {
        Self {
            id: spot.id.map(Span::from),
            secret: spot.secret.map(Span::from),
            at_secret: spot.at_secret,
            snippet: spot.snippet.clone(),
            line_hash: spot.line_hash.map(LineHash::from),
        }
    }
}

impl Shown {
    fn spot(self) -> Result<Spot, &'static str> {
        Ok(Spot {
            id: self.id.map(Region::try_from).transpose()?,
            secret: self.secret.map(Region::try_from).transpose()?,
            at_secret: self.at_secret,
            snippet: self.snippet,
            line_hash: self.line_hash.map(LineHash::parts).transpose()?,
        })
    }
}

/// GitHub's `primaryLocationLineHash`: the hash in hexadecimal digits, a colon, the count.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct LineHash(String);

impl From<(u64, u32)> for LineHash {
    fn from((hash, count): (u64, u32)) -> Self {
        Self(format!("{hash:x}:{count}"))
    }
}

impl LineHash {
    fn parts(self) -> Result<(u64, u32), &'static str> {
        let parts = self.0.split_once(':').and_then(|(hash, count)| {
            // A number that does not fit is not one of ours either.
            Some((u64::from_str_radix(hash, 16).ok()?, count.parse().ok()?))
        });
        parts.ok_or("`line_hash` is not a hexadecimal number, a colon and a count")
    }
}

/// A region. The columns in UTF-16 code units are given if they differ.
#[derive(Serialize, Deserialize)]
struct Span {
    line: u64,
    column: u64,
    end_line: u64,
    end_column: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    column_utf16: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_column_utf16: Option<u64>,
}

impl From<Region> for Span {
    fn from(Region { start, end }: Region) -> Self {
        let utf16 = |at: Position| Some(at.column_utf16).filter(|units| *units != at.column);
        Self {
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            column_utf16: utf16(start),
            end_column_utf16: utf16(end),
        }
    }
}

impl TryFrom<Span> for Region {
    type Error = &'static str;

    fn try_from(span: Span) -> Result<Self, Self::Error> {
        let at = |line, column, utf16: Option<u64>| Position {
            line,
            column,
            column_utf16: utf16.unwrap_or(column),
        };
        let start = at(span.line, span.column, span.column_utf16);
        let end = at(span.end_line, span.end_column, span.end_column_utf16);
        checked(start, end)
    }
}

/// The region between two positions of an earlier report.
pub(super) fn checked(start: Position, end: Position) -> Result<Region, &'static str> {
    let is_number = |number: u64| (1..LARGEST).contains(&number);
    let is_position =
        |at: Position| is_number(at.line) && is_number(at.column) && is_number(at.column_utf16);
    if !is_position(start) || !is_position(end) || end < start {
        return Err("lines and columns count from 1, and an end is after its start");
    }
    Ok(Region { start, end })
}
