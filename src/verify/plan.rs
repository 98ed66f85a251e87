//! The plan of a verification, made offline: which credentials are sent, in which order and to
//! which partitions, and what is known about the others without a request.

use std::collections::HashMap;

use super::likely::Likely;
use super::{Partition, VerifyOptions};
use crate::aws::{KeyId, SECRET_LEN};
use crate::canary;
use crate::finding::{Finding, Status, Verification};
use crate::secret::Secret;

/// A request: a key with one secret.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) key: KeyId,
    pub(super) secret: Secret,
    pub(super) token: Option<Secret>,
}

/// The plan for a set of findings.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The ids to ask about, each once.
    pub(super) questions: Vec<Question>,
    /// Findings by index, with what is known without a request.
    pub(super) decided: Vec<(usize, Verification)>,
}

/// One key id with all secrets that may belong to it.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) key: KeyId,
    /// The likeliest first; never empty.
    pub(super) candidates: Vec<Candidate>,
    /// Indexes of the findings that contain the id.
    pub(super) holders: Vec<usize>,
    /// The partitions to ask, in turn.
    pub(super) partitions: Vec<Partition>,
    /// Partitions named nearby without a known endpoint.
    pub(super) beyond: Vec<String>,
}

/// One secret for an id.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) asked: Asked,
    /// Index of the finding that is this pair; `None` if the two were not found as a pair.
    pub(super) own: Option<usize>,
    /// Indexes of other findings that contain the secret or the session token.
    pub(super) partners: Vec<usize>,
}

/// Plans the verification of `findings`.
pub(super) fn plan(findings: &[Finding], options: &VerifyOptions) -> Plan {
    let mut plan = Plan::default();
    let mut keys: Vec<(KeyId, Vec<usize>)> = Vec::new();
    let mut places: HashMap<KeyId, usize> = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        match decide(finding, options) {
            Ok(key) => {
                let at = *places.entry(key).or_insert_with(|| {
                    keys.push((key, Vec::new()));
                    keys.len() - 1
                });
                keys[at].1.push(index);
            }
            Err(known) => plan.decided.push((index, known.into())),
        }
    }
    let likely = Likely::new(findings, keys.len());
    for (turn, (key, holders)) in keys.into_iter().enumerate() {
        let in_turn = (turn as u64) < options.max_requests;
        match likely.candidates(key, &holders, in_turn) {
            Ok(candidates) => {
                plan.questions.push(question(findings, key, candidates, holders, options));
            }
            Err(known) => {
                let of = |index| (index, Verification::from(known.clone()));
                plan.decided.extend(holders.into_iter().map(of));
            }
        }
    }
    plan
}

fn question(
    findings: &[Finding],
    key: KeyId,
    candidates: Vec<Candidate>,
    holders: Vec<usize>,
    options: &VerifyOptions,
) -> Question {
    // The text near another key's pair says to which partition that key belongs.
    let lone = |at: &&usize| findings[**at].credential.key_id.is_none();
    let partners = candidates.iter().flat_map(|candidate| &candidate.partners).filter(lone);
    let nearby: Vec<&str> = holders
        .iter()
        .chain(partners)
        .flat_map(|&index| &findings[index].occurrences)
        .filter_map(|occurrence| occurrence.sighting.partition)
        .collect();
    let (partitions, beyond) = options.partition.plan(&nearby);
    Question { key, candidates, holders, partitions, beyond }
}

/// True if a secret can sign requests.
pub(super) fn signs(finding: &Finding) -> bool {
    finding.clear.secret.as_ref().is_some_and(|secret| secret.expose().len() == SECRET_LEN)
}

/// True if the user suppressed a finding, so that it is not sent. A marker alone does not suppress
/// an active key.
pub(super) fn is_settled(finding: &Finding) -> bool {
    finding.suppressed.as_ref().is_some_and(|settled| !settled.is_by_marker())
}

/// The key to ask about, or what is known without a request.
fn decide(finding: &Finding, options: &VerifyOptions) -> Result<KeyId, Known> {
    let credential = &finding.credential;
    let signing = credential.secret.is_none() || signs(finding);
    let key = credential.key_id.as_deref().and_then(|id| KeyId::parse(id.as_bytes()));
    if let Some(verdict) = key.as_ref().and_then(canary::verdict) {
        return Err(Known(verdict.status, verdict.reason.unwrap_or_default()));
    }
    let Some(key) = key.filter(|_| signing) else {
        return Err(known(Status::NotChecked, "STS can't verify this kind of credential"));
    };
    if is_settled(finding) {
        return Err(known(Status::NotChecked, "suppressed; not sent"));
    }
    account_verdict(&key, options).map_or(Ok(key), Err)
}

/// The verdict that follows from the account in an id.
fn account_verdict(key: &KeyId, options: &VerifyOptions) -> Option<Known> {
    let account = key.account();
    let within = |list: &[String]| {
        account.as_ref().is_some_and(|account| {
            list.iter().any(|entry| entry.chars().filter(|&c| c != '-').eq(account.chars()))
        })
    };
    if within(&options.canary_accounts) {
        return Some(known(
            Status::Canary,
            "its account is on your list of canary accounts; not \
             sent",
        ));
    }
    if within(&options.skip_accounts) {
        return Some(known(Status::Skipped, "its account is left out by --skip-account"));
    }
    if !options.only_accounts.is_empty() && !within(&options.only_accounts) {
        let reason = match account {
            Some(_) => "its account is not named by --only-account",
            None => "its id encodes no account, so --only-account excludes it",
        };
        return Some(known(Status::Skipped, reason));
    }
    None
}

/// A verdict without a request, and its reason.
#[derive(Clone, Debug)]
pub(super) struct Known(Status, String);

pub(super) fn known(status: Status, reason: &str) -> Known {
    Known(status, reason.to_owned())
}

impl From<Known> for Verification {
    fn from(Known(status, reason): Known) -> Self {
        Self { status, reason: Some(reason), ..Self::default() }
    }
}
