//! Whom to ask what, decided offline: which credentials are sent, in which order, to whom, and
//! what is known of the others without a request.

use super::client::Asked;
use super::{Options, Partition};
use crate::aws::{KeyId, KeyKind, SECRET_LEN};
use crate::canary;
use crate::finding::{Finding, Status, Verification};
use crate::secret::Secret;

/// All that is to be done for one set of findings.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Ids to be asked of STS, each once.
    pub(super) questions: Vec<Question>,
    /// Findings by index, and what is known of them without asking.
    pub(super) decided: Vec<(usize, Verification)>,
}

/// One key id with all secrets that may be its own.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) key: KeyId,
    /// The likeliest first; never empty.
    pub(super) candidates: Vec<Candidate>,
    /// Whom to ask, in turn.
    pub(super) partitions: Vec<Partition>,
    /// Partitions named nearby that no endpoint is known of.
    pub(super) beyond: Vec<String>,
}

/// One secret for an id.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) asked: Asked,
    /// Index of the finding that holds the id.
    pub(super) finding: usize,
    /// Indices of the findings that hold the other halves; empty for a pair that was found as one.
    pub(super) partners: Vec<usize>,
}

/// Plans the verification of `findings`.
pub(super) fn plan(findings: &[Finding], options: &Options) -> Plan {
    let mut plan = Plan::default();
    for (index, finding) in findings.iter().enumerate() {
        match decide(finding, options) {
            Ok(key) => match candidates(findings, index, key) {
                Ok(candidates) => plan.add(findings, key, candidates, options),
                Err(known) => plan.decided.push((index, known.into())),
            },
            Err(known) => plan.decided.push((index, known.into())),
        }
    }
    for question in &mut plan.questions {
        question.candidates.sort_by_key(|candidate| {
            let confidence = findings[candidate.finding].confidence;
            (candidate.partners.len(), std::cmp::Reverse(confidence), candidate.finding)
        });
        let mut known: Vec<Asked> = Vec::new();
        question.candidates.retain(|candidate| {
            let repeated = !candidate.partners.is_empty()
                && known.iter().any(|asked| asked.secret == candidate.asked.secret);
            known.push(candidate.asked.clone());
            !repeated
        });
    }
    plan
}

impl Plan {
    fn add(
        &mut self,
        findings: &[Finding],
        key: KeyId,
        candidates: Vec<Candidate>,
        options: &Options,
    ) {
        match self.questions.iter_mut().find(|question| question.key == key) {
            Some(question) => question.candidates.extend(candidates),
            None => self.questions.push(Question {
                key,
                candidates,
                partitions: Vec::new(),
                beyond: Vec::new(),
            }),
        }
        let Some(question) = self.questions.iter_mut().find(|question| question.key == key) else {
            return;
        };
        let nearby: Vec<&str> = question
            .candidates
            .iter()
            .flat_map(|candidate| candidate.partners.iter().chain([&candidate.finding]))
            .flat_map(|&index| &findings[index].occurrences)
            .filter_map(|occurrence| occurrence.sighting.partition)
            .collect();
        (question.partitions, question.beyond) = options.partition.plan(&nearby);
    }
}

/// The key to be asked about, or what is known without asking.
fn decide(finding: &Finding, options: &Options) -> Result<KeyId, Known> {
    let credential = &finding.credential;
    let signing =
        credential.secret.as_ref().is_none_or(|secret| secret.expose().len() == SECRET_LEN);
    let key = credential.key_id.as_deref().and_then(|id| KeyId::parse(id.as_bytes()));
    if let Some(verdict) = key.as_ref().and_then(canary::verdict) {
        return Err(Known(verdict.status, verdict.reason.unwrap_or_default()));
    }
    let Some(key) = key.filter(|_| signing) else {
        return Err(known(Status::NotChecked, "STS cannot be asked about this kind of credential"));
    };
    if finding.suppressed.as_ref().is_some_and(|settled| !settled.is_by_marker()) {
        return Err(known(Status::NotChecked, "suppressed; not sent"));
    }
    account_verdict(&key, options).map_or(Ok(key), Err)
}

/// What the account that an id encodes decides.
fn account_verdict(key: &KeyId, options: &Options) -> Option<Known> {
    let account = key.account();
    let within = |list: &[String]| {
        account.as_ref().is_some_and(|account| {
            list.iter().any(|entry| entry.chars().filter(|&c| c != '-').eq(account.chars()))
        })
    };
    if within(&options.canary_accounts) {
        return Some(known(Status::Canary, "its account is on your list of canaries; not sent"));
    }
    if within(&options.skip_accounts) {
        return Some(known(Status::Skipped, "its account is left out by --skip-account"));
    }
    if !options.only_accounts.is_empty() && !within(&options.only_accounts) {
        let reason = match account {
            Some(_) => "its account is not named by --only-account",
            None => "its id encodes no account that --only-account could name",
        };
        return Some(known(Status::Skipped, reason));
    }
    None
}

/// What is known of a key without asking, and why.
struct Known(Status, String);

fn known(status: Status, reason: &str) -> Known {
    Known(status, reason.to_owned())
}

impl From<Known> for Verification {
    fn from(Known(status, reason): Known) -> Self {
        Self { status, reason: Some(reason), ..Self::default() }
    }
}

/// The secrets that may belong to `key`, or why none can be sent.
fn candidates(findings: &[Finding], index: usize, key: KeyId) -> Result<Vec<Candidate>, Known> {
    let own = &findings[index].credential;
    let partners = partners(findings, index);
    let secrets: Vec<(Vec<usize>, &Secret)> = match &own.secret {
        Some(secret) => vec![(Vec::new(), secret)],
        None => partners
            .iter()
            .filter_map(|&partner| {
                let secret = findings[partner].credential.secret.as_ref()?;
                (secret.expose().len() == SECRET_LEN).then_some((vec![partner], secret))
            })
            .collect(),
    };
    if secrets.is_empty() {
        return Err(known(Status::NotChecked, "an id without its secret cannot be asked about"));
    }
    let tokens: Vec<(Option<usize>, Option<&Secret>)> = match (key.kind(), &own.session_token) {
        (KeyKind::LongTerm, _) => vec![(None, None)],
        (KeyKind::Temporary, Some(token)) => vec![(None, Some(token))],
        (KeyKind::Temporary, None) => partners
            .iter()
            .filter_map(|&partner| {
                let token = findings[partner].credential.session_token.as_ref()?;
                Some((Some(partner), Some(token)))
            })
            .collect(),
    };
    if tokens.is_empty() {
        return Err(known(Status::Unknown, "no session token was found with it; not sent"));
    }
    let mut candidates = Vec::new();
    for (holders, secret) in &secrets {
        for (holder, token) in &tokens {
            let partners = holders.iter().copied().chain(holder.filter(|h| !holders.contains(h)));
            let token = token.cloned();
            let asked = Asked { key, secret: (*secret).clone(), token };
            candidates.push(Candidate { asked, finding: index, partners: partners.collect() });
        }
    }
    Ok(candidates)
}

/// Findings without an id that name this one as a possible partner, or are named by it.
fn partners(findings: &[Finding], index: usize) -> Vec<usize> {
    let this = &findings[index];
    findings
        .iter()
        .enumerate()
        .filter(|(_, other)| {
            other.credential.key_id.is_none()
                && other.suppressed.is_none()
                && (this.possible_partners.contains(&other.fingerprint)
                    || other.possible_partners.contains(&this.fingerprint))
        })
        .map(|(partner, _)| partner)
        .collect()
}
