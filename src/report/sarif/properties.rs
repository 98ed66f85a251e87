//! The property bag of a result: facts that SARIF has no property for.
//!
//! It contains no names, mail addresses, times of this run or hosts: a log is uploaded, and the
//! same input gives the same bytes.

use serde::Serialize;

use super::flow::Flow;
use crate::finding::{
    Confidence, Details, Encoding, Finding, Fingerprint, GitObject, GitOrigin, Occurrence,
    SecretDigest, Status,
};
use crate::remedy::{self, Applied};
use crate::report::Report;

/// Maximum number of refs of a result.
const REFS: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Properties<'a> {
    confidence: Confidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<&'a str>,
    #[serde(skip_serializing_if = "Details::is_empty")]
    details: &'a Details,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_redacted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_sha256: Option<&'a str>,
    verification: Verdict<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    possible_partners: &'a [Fingerprint],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    decoded: &'a [Encoding],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    inside: &'a [String],
    /// The remedy of the result, and the values for it; the rule's help explains it.
    remediation: Applied,
    /// The number of the finding's occurrences.
    places: u64,
    /// Only in a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    /// The code owners of the path.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    owners: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    account_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<History<'a>>,
}

/// The verdict of STS, without its time.
#[derive(Serialize)]
struct Verdict<'a> {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct History<'a> {
    object: GitObject,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    /// The earliest commit that has the finding at any path.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_commit: Option<&'a str>,
    /// The date of that commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<&'a str>,
    reachable: bool,
    at_head: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_in: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    refs: &'a [String],
}

impl<'a> Properties<'a> {
    pub(super) fn new(
        report: &Report<'a>,
        finding: &'a Finding,
        place: &'a Occurrence,
        flow: &'a Flow<'_>,
    ) -> Self {
        let credential = &finding.credential;
        let verdict = &finding.verification;
        Self {
            confidence: place.confidence,
            key_id: credential.key_id.as_deref(),
            account: credential.account.as_deref(),
            user: credential.user.as_deref(),
            expires: credential.expires.as_deref(),
            details: &credential.details,
            secret_redacted: credential.secret.as_ref().map(SecretDigest::redacted),
            secret_sha256: credential.secret.as_ref().and_then(SecretDigest::sha256),
            verification: Verdict {
                status: verdict.status,
                reason: verdict.reason.as_deref(),
                arn: verdict.arn.as_deref(),
                endpoint: verdict.endpoint.as_deref(),
            },
            possible_partners: &finding.possible_partners,
            decoded: &place.sighting.decoded,
            inside: &place.origin.inside,
            remediation: remedy::applied(finding, report.rules),
            places: finding.place_count(),
            target: place.origin.target.as_deref(),
            owners: &place.origin.owners,
            account_name: report.account_name(finding),
            history: place.origin.git.as_ref().map(|git| History::new(flow, git)),
        }
    }
}

impl<'a> History<'a> {
    fn new(flow: &'a Flow<'_>, git: &'a GitOrigin) -> Self {
        let first = flow.first_seen();
        Self {
            object: git.object,
            commit: git.commit.as_deref(),
            first_commit: first.map(|(commit, _)| commit),
            first_seen: first.and_then(|(_, date)| date),
            blob: git.blob.as_deref(),
            reachable: git.reachable,
            at_head: git.at_head,
            removed_in: git.removed_in.as_deref(),
            refs: &git.refs[..git.refs.len().min(REFS)],
        }
    }
}
