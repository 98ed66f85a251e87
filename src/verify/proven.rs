//! Makes findings of what STS proved: an id with its secret, wherever the two are, and the halves
//! of pairs that do not belong together.

use std::collections::{HashMap, HashSet};

use super::Pair;
use super::plan::{Candidate, Question, is_settled, signs};
use crate::finding::{
    Confidence, Credential, Details, Evidence, Finding, Fingerprint, Occurrence, RuleId,
    SecretDigest, Severity, Sighting, Status, Verification,
};
use crate::rules::id::{self, KEY_ID, SECRET};
use crate::secret::Secret;

/// The key of a question with the candidate that belongs to it, as one finding.
pub(super) fn pair(
    findings: &[Finding],
    question: &Question,
    candidate: &Candidate,
    verdict: &Verification,
) -> Pair {
    let asked = &candidate.asked;
    let id = question.key.as_str();
    let partners = &candidate.partners;
    let mut finding = join(findings, id, &question.holders, &asked.secret, partners);
    finding.clear.session_token.clone_from(&asked.token);
    finding.credential.session_token = asked.token.as_ref().map(SecretDigest::of);
    finding.verification = verdict.clone();
    let lone = question.holders.iter().filter(|&&at| findings[at].credential.secret.is_none());
    let others = partners.iter().filter(|&&at| findings[at].credential.key_id.is_none());
    let halves = lone.chain(&candidate.own).chain(others);
    let halves = halves.map(|&at| findings[at].fingerprint.clone()).collect();
    Pair { finding, halves }
}

/// The pair of `key_id` with this fingerprint, if its halves are in `findings`.
///
/// A scan without verification does not know a pair that verification once made of two halves, but
/// an earlier report may name it.
pub fn compose(findings: &[Finding], key_id: &str, print: &Fingerprint) -> Option<Finding> {
    let holds = |at: &usize| findings[*at].credential.key_id.as_deref() == Some(key_id);
    let holders: Vec<usize> = (0..findings.len()).filter(holds).collect();
    let places = holders.iter().flat_map(|&at| &findings[at].occurrences);
    let rivals = places.flat_map(|place| &place.sighting.rivals);
    let rivals = rivals.map(|rival| (&rival.secret, None)).filter(|_| !holders.is_empty());
    let elsewhere = findings.iter().enumerate().filter(|(_, finding)| signs(finding));
    let elsewhere = elsewhere
        .filter(|_| !holders.is_empty())
        .filter_map(|(at, finding)| Some((finding.clear.secret.as_ref()?, Some(at))));
    let is_it = |secret: &Secret| {
        holders.first().is_some_and(|&first| {
            credential(&findings[first].with_secrets(), secret).fingerprint() == *print
        })
    };
    let (secret, partner) = rivals.chain(elsewhere).find(|(secret, _)| is_it(secret))?;
    let partners: Vec<usize> = partner.into_iter().filter(|at| !holders.contains(at)).collect();
    Some(join(findings, key_id, &holders, secret, &partners))
}

/// An id with a secret, at all occurrences of `holders` and of `partners`.
fn join(
    findings: &[Finding],
    id: &str,
    holders: &[usize],
    secret: &Secret,
    partners: &[usize],
) -> Finding {
    let mut occurrences = Vec::new();
    for finding in holders.iter().map(|&at| &findings[at]) {
        adopt(&mut occurrences, places_of_id(finding, secret));
    }
    for finding in partners.iter().map(|&at| &findings[at]) {
        adopt(&mut occurrences, places_of_secret(finding));
    }
    occurrences.sort_by(|one, other| one.order().cmp(&other.order()));
    let first = holders.first().map(|&at| findings[at].with_secrets());
    let bare = || Credential::new(RuleId::new(KEY_ID), Some(id.to_owned()), None);
    let credential = credential(&first.unwrap_or_else(bare), secret);
    Finding::new(credential, Severity::Error, Confidence::High, occurrences)
}

fn credential(of_id: &Credential, secret: &Secret) -> Credential {
    let temporary = of_id.key_id.as_deref().is_some_and(|id| id.starts_with("ASIA"));
    Credential {
        rule: RuleId::new(if temporary { id::TEMPORARY_KEY } else { id::ACCESS_KEY }),
        secret: Some(secret.clone()),
        session_token: of_id.session_token.clone().filter(|_| temporary),
        ..of_id.clone()
    }
}

/// Makes one finding of each active key: its single halves, and those of rejected pairs, become its
/// occurrences or findings of their own.
///
/// A pair is given up if STS proved that its secret belongs to another id, or that its id has
/// another secret. Its id becomes an occurrence of the active key, or a finding alone. Its secret
/// becomes an occurrence of the key that it belongs to, or a finding alone if a label calls it a
/// secret. Without a label the pair is kept as a note.
pub fn regroup(findings: &mut Vec<Finding>, pairs: Vec<Pair>) {
    let halves: HashSet<&Fingerprint> = pairs.iter().flat_map(|pair| &pair.halves).collect();
    findings.retain(|finding| !halves.contains(&finding.fingerprint));
    findings.extend(pairs.into_iter().map(|pair| pair.finding));
    let mut groups = Groups::default();
    let (live, rest): (Vec<Finding>, Vec<Finding>) =
        std::mem::take(findings).into_iter().partition(is_live);
    live.into_iter().for_each(|finding| groups.add_live(finding));
    // Halves of pairs come last: if such a half is a finding already, that one is kept.
    let (pairs, alone): (Vec<Finding>, Vec<Finding>) =
        rest.into_iter().partition(|finding| signs(finding) && finding.credential.key_id.is_some());
    alone.into_iter().chain(pairs).for_each(|finding| groups.add(finding));
    groups.all.iter_mut().for_each(|finding| {
        finding.occurrences.sort_by(|one, other| one.order().cmp(&other.order()));
    });
    *findings = groups.all;
    // A possible partner may have found another one.
    let known: HashSet<Fingerprint> = findings.iter().map(|one| one.fingerprint.clone()).collect();
    for finding in findings {
        finding.possible_partners.retain(|partner| known.contains(partner));
    }
}

fn is_live(finding: &Finding) -> bool {
    finding.verification.status == Status::Active
        && finding.credential.key_id.is_some()
        && signs(finding)
}

/// Findings while they are grouped by key.
#[derive(Default)]
struct Groups {
    all: Vec<Finding>,
    /// Active keys by id.
    ids: HashMap<String, usize>,
    /// Active keys by secret.
    secrets: HashMap<Secret, usize>,
    /// Halves of rejected pairs.
    parts: HashMap<Fingerprint, usize>,
}

impl Groups {
    fn add_live(&mut self, finding: Finding) {
        let at = self.all.len();
        let (key_id, secret) = (&finding.credential.key_id, &finding.clear.secret);
        self.ids.extend(key_id.clone().map(|id| (id, at)));
        self.secrets.extend(secret.clone().map(|secret| (secret, at)));
        self.all.push(finding);
    }

    fn add(&mut self, mut finding: Finding) {
        let (key_id, secret) = (&finding.credential.key_id, &finding.clear.secret);
        let of_id = key_id.as_ref().and_then(|id| self.ids.get(id)).copied();
        let of_secret = secret.as_ref().and_then(|secret| self.secrets.get(secret)).copied();
        let is_pair = key_id.is_some() && secret.is_some();
        let remaining = match finding.verification.status {
            Status::WrongSecret | Status::Inactive | Status::Unknown => is_pair && signs(&finding),
            Status::NotChecked | Status::Active => !is_pair,
            _ => false,
        };
        if is_settled(&finding) || !remaining || of_id.or(of_secret).is_none() {
            self.keep(finding);
        } else if !is_pair {
            // A single id or secret whose other half is known now.
            if let Some(home) = of_id.or(of_secret) {
                self.give(home, finding);
            }
        } else if of_secret.is_some() || is_labelled(&finding) {
            self.part(finding, of_id, of_secret);
        } else {
            finding.severity = Severity::Note;
            self.keep(finding);
        }
    }

    /// Adds the occurrences of a single half to an active key.
    fn give(&mut self, home: usize, half: Finding) {
        let places = match (&half.credential.key_id, &self.all[home].clear.secret) {
            (Some(_), Some(secret)) => places_of_id(&half, secret),
            _ => half.occurrences,
        };
        adopt(&mut self.all[home].occurrences, places);
    }

    /// Splits a rejected pair.
    fn part(&mut self, pair: Finding, of_id: Option<usize>, of_secret: Option<usize>) {
        let secrets = places_of_secret(&pair);
        match of_secret {
            Some(home) => adopt(&mut self.all[home].occurrences, secrets),
            None => self.keep(lone_secret(&pair, secrets)),
        }
        let id = lone_id(pair);
        match of_id {
            Some(home) => self.give(home, id),
            None => self.keep(id),
        }
    }

    /// Keeps a finding, or adds its occurrences to a known one.
    fn keep(&mut self, finding: Finding) {
        match self.parts.get(&finding.fingerprint) {
            Some(&at) => adopt(&mut self.all[at].occurrences, finding.occurrences),
            None => {
                self.parts.insert(finding.fingerprint.clone(), self.all.len());
                self.all.push(finding);
            }
        }
    }
}

fn is_labelled(pair: &Finding) -> bool {
    let labelled = |evidence: &Evidence| evidence.labelled;
    pair.occurrences.iter().any(|place| place.sighting.evidence.as_ref().is_some_and(labelled))
}

/// The id of a pair, with its verdict.
fn lone_id(pair: Finding) -> Finding {
    let known = pair.occurrences.iter().any(|place| place.sighting.id.is_some());
    let with_id = pair.occurrences.iter().cloned();
    let with_id = with_id.filter(|place| !known || place.sighting.id.is_some());
    let occurrences = with_id.map(without_secret).collect();
    let credential = Credential {
        rule: RuleId::new(KEY_ID),
        secret: None,
        session_token: None,
        expires: None,
        details: Details::default(),
        ..pair.with_secrets()
    };
    Finding {
        verification: pair.verification,
        suppressed: pair.suppressed,
        possible_partners: pair.possible_partners,
        ..Finding::new(credential, Severity::Note, Confidence::High, occurrences)
    }
}

/// The labelled secret of a pair.
fn lone_secret(pair: &Finding, occurrences: Vec<Occurrence>) -> Finding {
    let id = pair.credential.key_id.as_deref().unwrap_or_default();
    let credential = Credential::new(RuleId::new(SECRET), None, pair.clear.secret.clone());
    Finding {
        verification: Verification {
            reason: Some(format!("it is not the secret of {id}, near which it is")),
            ..pair.verification.clone()
        },
        suppressed: pair.suppressed.clone(),
        ..Finding::new(credential, Severity::Warning, Confidence::Medium, occurrences)
    }
}

/// The occurrences of a finding's id, each with `secret` if that is in its reach.
fn places_of_id(finding: &Finding, secret: &Secret) -> Vec<Occurrence> {
    let is_own = finding.clear.secret.as_ref() == Some(secret);
    let place = |place: &Occurrence| {
        if is_own {
            return place.clone();
        }
        let mut alone = without_secret(place.clone());
        let rivals = &place.sighting.rivals;
        if let Some(rival) = rivals.iter().find(|rival| rival.secret == *secret) {
            alone.sighting.secret = Some(rival.region);
            alone.sighting.evidence.clone_from(&rival.evidence);
            if alone.sighting.decoded.is_empty() {
                alone.sighting.decoded.clone_from(&rival.decoded);
            }
        }
        alone
    };
    let has_id = |place: &&Occurrence| place.sighting.id.is_some() || is_own;
    let all_without = finding.occurrences.iter().all(|place| place.sighting.id.is_none());
    finding.occurrences.iter().filter(|place| all_without || has_id(place)).map(place).collect()
}

/// The occurrences of a finding's secret, without its id.
fn places_of_secret(finding: &Finding) -> Vec<Occurrence> {
    if finding.credential.key_id.is_none() {
        return finding.occurrences.clone();
    }
    let with_secret = finding.occurrences.iter().filter(|place| place.sighting.secret.is_some());
    with_secret.cloned().map(without_id).collect()
}

fn without_secret(place: Occurrence) -> Occurrence {
    let sighting = Sighting { secret: None, shown: None, evidence: None, ..place.sighting };
    Occurrence { sighting, confidence: Confidence::High, ..place }
}

/// Facts about the id's line do not apply to the secret's, if that is another one.
fn without_id(place: Occurrence) -> Occurrence {
    let Occurrence { origin, sighting, confidence } = place;
    let lines = (sighting.id.map(|id| id.start.line), sighting.secret.map(|one| one.start.line));
    let one_line = lines.0.is_none() || lines.0 == lines.1;
    let sighting = Sighting {
        id: None,
        snippet: if one_line { sighting.snippet } else { String::new() },
        line_hash: sighting.line_hash.filter(|_| one_line),
        shown: None,
        evidence: None,
        rivals: Vec::new(),
        ..sighting
    };
    Occurrence { origin, sighting, confidence }
}

/// Adds occurrences, without those of known halves.
fn adopt(known: &mut Vec<Occurrence>, places: Vec<Occurrence>) {
    for place in places {
        let Sighting { id, secret, .. } = place.sighting;
        let is_known = known.iter().any(|own| {
            let own_places = (own.sighting.id, own.sighting.secret);
            (id.is_some() || secret.is_some())
                && (id.is_none() || own_places.0 == id)
                && (secret.is_none() || own_places.1 == secret)
                && own.origin == place.origin
        });
        if !is_known {
            known.push(place);
        }
    }
}
