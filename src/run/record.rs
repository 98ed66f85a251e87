//! The record of one hit, outside of the process that found it.
//!
//! A hit is found by one process and collected by another one, or much later. Both exchange lines
//! of JSON:
//!
//! - [`HitRecord`] is a hit in memory. It is what the collector takes, wherever the hit comes from.
//! - [`HitLine`] is its line in a file. The type has digests in the place of secrets, and no field
//!   that could hold a secret, so a file of such lines never contains one.
//! - [`write_to_pipe`] and [`read_from_pipe`] carry a record with its secrets from a process to its
//!   parent. Their line is written to a pipe only, and what held it is wiped.
//!
//! A hit becomes a record after [`super::bounds`] bounded its names. [`of_target`] masks them before
//! the records of a target leave the process: only there the secrets are known.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use zeroize::Zeroizing;

use super::bounds::NAME;
use super::partial::TargetLine;
use super::redact;
use crate::finding::{
    Clear, Confidence, DigestedCredential, Encoding, Evidence, Fingerprint, GitOrigin, MARKERS,
    Occurrence, Origin, PARTITIONS, Rival, Sighting, Spot,
};
use crate::location::{Position, Region};
use crate::scan::Hit;
use crate::secret::Secret;
use crate::stop::Stop;
use crate::text::shorten;

/// A hit as the collector takes it: one place of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HitRecord {
    /// Identifies the credential.
    pub fingerprint: Fingerprint,
    /// The credential without its secrets.
    pub digested: DigestedCredential,
    /// The place, with the confidence and the marker there.
    pub occurrence: Occurrence,
    /// Distinguishes places whose names differ only in what was masked. 0 if nothing was.
    pub twin: u32,
    /// The secrets; empty if the record was read from a file.
    pub clear: Clear,
}

/// Orders the hits of one credential by location; there may be several session tokens at one.
pub(super) fn order(one: &HitRecord, two: &HitRecord) -> Ordering {
    let rest = |hit: &HitRecord| (hit.twin, hit.digested.session_token.clone());
    let places = one.occurrence.order().cmp(&two.occurrence.order());
    places.then_with(|| rest(one).cmp(&rest(two)))
}

/// The number of credentials that are found with at least `min` confidence.
pub(super) fn credentials<'r>(
    records: impl IntoIterator<Item = &'r HitRecord>,
    min: Confidence,
) -> u64 {
    let sure = records.into_iter().filter(|hit| hit.occurrence.confidence >= min);
    sure.map(|hit| &hit.fingerprint).collect::<HashSet<_>>().len() as u64
}

impl HitRecord {
    /// The record of a hit. Its names are not masked yet.
    pub fn new(hit: Hit) -> Self {
        let Hit { mut origin, candidate } = hit;
        if !candidate.inside.is_empty() {
            let name = |path: &[u8]| {
                let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
                let name = shorten(name, NAME).map_or(Cow::Borrowed(name), Cow::Owned);
                String::from_utf8_lossy(&name).into_owned()
            };
            let blob = || origin.git.as_ref().and_then(|git| git.blob.clone());
            origin.inside.extend(origin.path.as_deref().map(name).or_else(blob));
            origin.inside.extend(candidate.inside);
        }
        let (fingerprint, digested, clear) = candidate.credential.split();
        let (sighting, confidence) = (candidate.sighting, candidate.confidence);
        let occurrence = Occurrence { origin, sighting, confidence };
        Self { fingerprint, digested, occurrence, twin: 0, clear }
    }

    /// Its line for a file, without any secret.
    pub fn line(&self) -> HitLine {
        let Occurrence { origin, sighting, confidence } = &self.occurrence;
        let path = origin.path.as_deref();
        let text = path.and_then(|path| std::str::from_utf8(path).ok());
        HitLine {
            target: origin.target.clone(),
            fingerprint: self.fingerprint.clone(),
            credential: self.digested.clone(),
            confidence: *confidence,
            marker: sighting.marker.map(str::to_owned),
            path: text.map(str::to_owned),
            path_bytes: path.filter(|_| text.is_none()).map(|path| BASE64.encode(path)),
            inside: origin.inside.clone(),
            owners: origin.owners.clone(),
            git: origin.git.clone(),
            id: sighting.id.map(Span),
            secret: sighting.secret.map(Span),
            decoded: sighting.decoded.clone(),
            snippet: sighting.snippet.clone(),
            secret_snippet: sighting.secret_snippet.clone(),
            line_hash: sighting.line_hash.map(LineHash),
            partition: sighting.partition.map(str::to_owned),
            shown: sighting.shown.as_deref().map(SpotLine::new),
            evidence: sighting.evidence.clone(),
            twin: self.twin,
        }
    }
}

/// The records of a target's hits, with masked names: what may leave the process.
///
/// `holder` is the target of the occurrences. The secrets of the hits are masked in the texts of
/// `target` as well, and its number of hits is set. Here and in no later stage, because a record in
/// a file has no secrets. A sweep does the same in one process, so its report has the same names.
///
/// The records are sorted, so that the same target gives the same lines.
pub(super) fn of_target(
    hits: Vec<Hit>,
    holder: &str,
    target: &mut TargetLine,
    stop: &Stop,
) -> Vec<HitRecord> {
    let record = |mut hit: Hit| {
        hit.origin.target = Some(holder.to_owned());
        HitRecord::new(hit)
    };
    let mut records: Vec<HitRecord> = hits.into_iter().map(record).collect();
    redact::records(&mut records, target, stop);
    records.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint).then_with(|| order(a, b)));
    target.hits = records.len() as u64;
    records
}

/// A hit as a line of a file. Its names are masked; it contains no secret.
///
/// `schemas/partial.json` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitLine {
    /// The target of a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    fingerprint: Fingerprint,
    credential: DigestedCredential,
    confidence: Confidence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    /// The path, if it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The bytes of any other path, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inside: Vec<String>,
    /// The code owners of the path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    owners: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    git: Option<GitOrigin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    decoded: Vec<Encoding>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    snippet: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    secret_snippet: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line_hash: Option<LineHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<SpotLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    #[serde(default, skip_serializing_if = "is_zero")]
    twin: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The reason why a line is not the record of a hit.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not such a line at all.
    #[error("not a hit: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that this version does not have.
    #[error("'{value}' is not a {what} that this version of keysweep knows")]
    Unknown {
        /// The kind of value.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A path that is not base64.
    #[error("path_bytes is not base64")]
    Path,
}

impl HitLine {
    /// The record, without secrets.
    ///
    /// # Errors
    ///
    /// If keysweep does not write such a value.
    pub fn record(self) -> Result<HitRecord, RecordError> {
        let path_bytes = self.path_bytes.map(|text| BASE64.decode(text)).transpose();
        let path_bytes = path_bytes.map_err(|_| RecordError::Path)?;
        let origin = Origin {
            path: self.path.map(String::into_bytes).or(path_bytes),
            inside: self.inside,
            git: self.git,
            target: self.target,
            owners: self.owners,
        };
        let sighting = Sighting {
            id: self.id.map(|span| span.0),
            secret: self.secret.map(|span| span.0),
            decoded: self.decoded,
            marker: known("marker", &MARKERS, self.marker)?,
            snippet: self.snippet,
            secret_snippet: self.secret_snippet,
            line_hash: self.line_hash.map(|hash| hash.0),
            partition: known("partition", &PARTITIONS, self.partition)?,
            shown: self.shown.map(|spot| Box::new(spot.spot())),
            evidence: self.evidence,
            rivals: Vec::new(),
        };
        Ok(HitRecord {
            fingerprint: self.fingerprint,
            digested: self.credential,
            occurrence: Occurrence { origin, sighting, confidence: self.confidence },
            twin: self.twin,
            clear: Clear::default(),
        })
    }
}

fn known(
    what: &'static str,
    all: &[&'static str],
    value: Option<String>,
) -> Result<Option<&'static str>, RecordError> {
    let Some(value) = value else { return Ok(None) };
    let found = all.iter().find(|known| **known == value);
    found.copied().map(Some).ok_or(RecordError::Unknown { what, value })
}

/// A region: line, column and column in UTF-16 of its start, then those of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span(Region);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Region { start, end } = self.0;
        let numbers = [start, end].map(|at| [at.line, at.column, at.column_utf16]);
        numbers.as_flattened().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [line, column, column_utf16, end_line, end_column, end_utf16] =
            <[u64; 6]>::deserialize(deserializer)?;
        let start = Position { line, column, column_utf16 };
        let end = Position { line: end_line, column: end_column, column_utf16: end_utf16 };
        Ok(Self(Region { start, end }))
    }
}

/// Hash and count of a line; see [`Sighting::line_hash`]. The hash is hexadecimal, because many
/// readers of JSON round large numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LineHash((u64, u32));

impl Serialize for LineHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (hash, count) = self.0;
        serializer.collect_str(&format_args!("{hash:x}:{count}"))
    }
}

impl<'de> Deserialize<'de> for LineHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once(':').and_then(|(hash, count)| {
            Some((u64::from_str_radix(hash, 16).ok()?, count.parse().ok()?))
        });
        parts.map(Self).ok_or_else(|| de::Error::custom("a line hash is HASH:COUNT"))
    }
}

/// See [`Spot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SpotLine {
    id: Option<Span>,
    secret: Option<Span>,
    at_secret: bool,
    snippet: String,
    line_hash: Option<LineHash>,
}

impl SpotLine {
    fn new(spot: &Spot) -> Self {
        Self {
            id: spot.id.map(Span),
            secret: spot.secret.map(Span),
            at_secret: spot.at_secret,
            snippet: spot.snippet.clone(),
            line_hash: spot.line_hash.map(LineHash),
        }
    }

    fn spot(self) -> Spot {
        Spot {
            id: self.id.map(|span| span.0),
            secret: self.secret.map(|span| span.0),
            at_secret: self.at_secret,
            snippet: self.snippet,
            line_hash: self.line_hash.map(|hash| hash.0),
        }
    }
}

/// A record with its secrets. It is private: only the two functions below make and read it.
#[derive(Serialize, Deserialize)]
struct PipeLine {
    hit: HitLine,
    secret: Option<PipeSecret>,
    session_token: Option<PipeSecret>,
    rivals: Vec<PipeRival>,
}

#[derive(Serialize, Deserialize)]
struct PipeRival {
    secret: PipeSecret,
    region: Span,
    decoded: Vec<Encoding>,
    confidence: Confidence,
    evidence: Option<Evidence>,
}

/// A secret in base64.
struct PipeSecret(Secret);

impl Serialize for PipeSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let clear = self.0.expose();
        let mut text = Zeroizing::new(vec![0; clear.len().div_ceil(3) * 4]);
        let length = BASE64.encode_slice(clear, &mut text).map_err(ser::Error::custom)?;
        let text = std::str::from_utf8(&text[..length]).map_err(ser::Error::custom)?;
        serializer.serialize_str(text)
    }
}

impl<'de> Deserialize<'de> for PipeSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Base64 needs no escapes in JSON, so the line itself is read without a copy.
        let text = <&str>::deserialize(deserializer)?;
        BASE64.decode(text).map(|clear| Self(Secret::new(clear))).map_err(de::Error::custom)
    }
}

/// Writes a record with its secrets as one line.
///
/// `pipe` must lead to another process and never to a file. What held the line here is wiped.
///
/// # Errors
///
/// An error of `pipe`.
pub fn write_to_pipe(record: &HitRecord, pipe: &mut dyn Write) -> io::Result<()> {
    let secret = |secret: &Option<Secret>| secret.clone().map(PipeSecret);
    let rival = |rival: &Rival| PipeRival {
        secret: PipeSecret(rival.secret.clone()),
        region: Span(rival.region),
        decoded: rival.decoded.clone(),
        confidence: rival.confidence,
        evidence: rival.evidence.clone(),
    };
    let line = PipeLine {
        hit: record.line(),
        secret: secret(&record.clear.secret),
        session_token: secret(&record.clear.session_token),
        rivals: record.occurrence.sighting.rivals.iter().map(rival).collect(),
    };
    // Growing would leave copies behind, so the length is counted first.
    let mut length = Length(0);
    serde_json::to_writer(&mut length, &line)?;
    let mut text = Zeroizing::new(Vec::with_capacity(length.0 + 1));
    serde_json::to_writer(&mut *text, &line)?;
    text.push(b'\n');
    pipe.write_all(&text)
}

/// Reads a record with its secrets from a line that [`write_to_pipe`] wrote. The caller wipes the
/// line.
///
/// # Errors
///
/// If it is not such a line.
pub fn read_from_pipe(line: &[u8]) -> Result<HitRecord, RecordError> {
    let PipeLine { hit, secret, session_token, rivals } = serde_json::from_slice(line)?;
    let mut record = hit.record()?;
    let clear = |secret: Option<PipeSecret>| secret.map(|secret| secret.0);
    record.clear = Clear { secret: clear(secret), session_token: clear(session_token) };
    let rival = |rival: PipeRival| Rival {
        secret: rival.secret.0,
        region: rival.region.0,
        decoded: rival.decoded,
        confidence: rival.confidence,
        evidence: rival.evidence,
    };
    record.occurrence.sighting.rivals = rivals.into_iter().map(rival).collect();
    Ok(record)
}

/// Counts bytes.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
