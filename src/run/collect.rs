//! Collects hits by credential: one finding for each credential, in whatever order the hits arrive.
//!
//! The memory of the run bounds it: a file of a million keys must not end the run that finds them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::bounded::{Bounded, Retained};
use crate::coverage::{Count, Ledger};
use crate::finding::{
    Confidence, Credential, Finding, Fingerprint, Occurrence, Rival, RuleId, Severity, Sighting,
    Verification,
};
use crate::memory::MemoryBudget;
use crate::rules::RuleSet;
use crate::rules::id::{KEY_ID, SECRET, SESSION_TOKEN, SMTP_PASSWORD};
use crate::scan::Hit;
use crate::secret::Secret;

use super::record::HitRecord;

/// All hits of one credential.
type Group = Vec<CollectedHit>;

type CollectedHit = (Occurrence, Credential);

/// A credential. Pairs come first; the last ones are dropped first if there are too many.
type Key = (bool, Fingerprint);

/// The result of collecting.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// The findings, in no order.
    pub(super) findings: Vec<Finding>,
    /// Every credential that was found, including those that are not findings of their own.
    pub(super) met: HashSet<Fingerprint>,
    /// Secrets of dropped candidates. No report may show them either.
    pub(super) weak: Vec<Secret>,
}

/// Hits by credential.
#[derive(Debug)]
pub(super) struct Collector {
    places: Bounded<Key, CollectedHit>,
}

impl Collector {
    /// Makes a collector of as many hits as fit into `memory`.
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self { places: Bounded::new(memory.places(), order) }
    }

    pub(super) fn add(&mut self, hit: HitRecord) {
        let credential = hit.identity.with(hit.clear);
        self.places.add(key(&credential), (hit.occurrence, credential));
    }

    /// Gives the findings of at least `min` confidence, and counts the others.
    pub(super) fn finish(self, rules: &RuleSet, min: Confidence, ledger: &Ledger) -> Collected {
        let Retained { mut groups, dropped, lost_keys } = self.places.finish();
        report_dropped(dropped, lost_keys, ledger);
        let mut met: HashSet<Fingerprint> = groups.keys().map(|key| key.1.clone()).collect();
        let weak = drop_weak(&mut groups, min, ledger);
        met.extend(groups.keys().map(|key| key.1.clone()));
        let mut findings: Vec<Finding> = groups
            .into_iter()
            .filter_map(|((_, fingerprint), group)| finding(fingerprint, group, rules))
            .collect();
        // A half of several pairs goes to the least of them.
        findings.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        fold_leftovers(&mut findings);
        Collected { findings, met, weak }
    }
}

/// The hits of one target of a sweep, bounded like those of a run.
#[derive(Debug)]
pub(super) struct Hits(Bounded<Key, Hit>);

impl Hits {
    /// Makes a collection of as many hits as fit into `memory`.
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self(Bounded::new(memory.places(), |a, b| place(a).cmp(&place(b))))
    }

    pub(super) fn add(&mut self, hit: Hit) {
        self.0.add(key(&hit.candidate.credential), hit);
    }

    /// Gives the retained hits, and writes to the ledger how many were dropped.
    pub(super) fn finish(self, ledger: &Ledger) -> Vec<Hit> {
        let Retained { groups, dropped, lost_keys } = self.0.finish();
        report_dropped(dropped, lost_keys, ledger);
        groups.into_values().flatten().collect()
    }
}

fn key(credential: &Credential) -> Key {
    let is_pair = credential.key_id.is_some() && credential.secret.is_some();
    (!is_pair, credential.fingerprint())
}

/// Orders by location; one credential may have several session tokens there.
fn order((a, one): &CollectedHit, (b, two): &CollectedHit) -> Ordering {
    let token = |credential: &Credential| {
        credential.session_token.as_ref().map(|token| token.expose().to_vec())
    };
    a.order().cmp(&b.order()).then_with(|| token(one).cmp(&token(two)))
}

fn place(Hit { origin, candidate }: &Hit) -> impl Ord + '_ {
    let sighting = &candidate.sighting;
    (&origin.path, sighting.primary(), sighting.secret, &candidate.inside, &origin.git)
}

fn report_dropped(dropped: u64, lost_keys: bool, ledger: &Ledger) {
    let what = match (dropped, lost_keys) {
        (0, _) => return,
        (_, true) => "credentials and places",
        (_, false) => "places of credentials",
    };
    let why = format!("{dropped} {what} are too many to list: raise --max-memory");
    ledger.problem("findings", b"", &why);
}

/// Drops candidates below `min` and gives their secrets. The id of a dropped pair remains, because
/// it is an id all the same.
fn drop_weak(groups: &mut BTreeMap<Key, Group>, min: Confidence, ledger: &Ledger) -> Vec<Secret> {
    let is_weak = |group: &Group| group.iter().all(|(place, _)| place.confidence < min);
    let weak: Vec<Group> =
        groups.extract_if(.., |_, group| is_weak(group)).map(|(_, group)| group).collect();
    ledger.add(Count::BelowConfidence, weak.len() as u64);
    let credentials =
        weak.iter().filter_map(|group| group.first()).map(|(_, credential)| credential);
    let secrets = credentials.flat_map(|one| one.secret.iter().chain(&one.session_token));
    let secrets = secrets.cloned().collect();
    for (place, credential) in weak.into_iter().flatten() {
        if credential.key_id.is_some() && credential.secret.is_some() && place.sighting.id.is_some()
        {
            let (occurrence, credential) = lone_id(place, credential);
            groups.entry(key(&credential)).or_default().push((occurrence, credential));
        }
    }
    secrets
}

fn lone_id(place: Occurrence, pair: Credential) -> (Occurrence, Credential) {
    // The pair is not reported, but verification asks about this secret first.
    let own = place.sighting.secret.zip(pair.secret).map(|(region, secret)| Rival {
        secret,
        region,
        decoded: place.sighting.decoded.clone(),
        confidence: place.confidence,
        evidence: place.sighting.evidence.clone(),
    });
    let rivals = own.into_iter().chain(place.sighting.rivals).collect();
    let (secret, secret_snippet) = (None, String::new());
    let sighting =
        Sighting { secret, secret_snippet, shown: None, evidence: None, rivals, ..place.sighting };
    let credential = Credential {
        rule: RuleId::new(KEY_ID),
        secret: None,
        session_token: None,
        expires: None,
        ..pair
    };
    (Occurrence { sighting, confidence: Confidence::High, ..place }, credential)
}

/// The finding of a group; `None` if the group is empty.
fn finding(fingerprint: Fingerprint, mut group: Group, rules: &RuleSet) -> Option<Finding> {
    group.sort_by(order);
    let confidence = group.iter().map(|(place, _)| place.confidence).max()?;
    let token = group.iter().find_map(|(_, credential)| credential.session_token.clone());
    let mut credential = group.first()?.1.clone();
    credential.session_token = token;
    let mut occurrences: Vec<Occurrence> = group.into_iter().map(|(place, _)| place).collect();
    occurrences.dedup_by(|a, b| a.order() == b.order());
    // A rule that is missing from the set counts as an error, rather than as nothing.
    let severity =
        rules.get(credential.rule.as_str()).map_or(Severity::Error, |rule| rule.severity);
    Some(Finding {
        fingerprint,
        credential,
        severity,
        confidence,
        verification: Verification::default(),
        suppressed: None,
        possible_partners: Vec::new(),
        occurrences,
    })
}

/// The half of a pair that a left-over is.
#[derive(PartialEq, Eq, Hash)]
enum Half {
    Id(String),
    Secret(Vec<u8>),
    Token(Vec<u8>),
}

/// Adds the occurrences of a left-over half to the pair that it is part of elsewhere.
///
/// A half of several pairs goes to the one of highest confidence, then to the least fingerprint.
/// The confidence of the pair does not change.
fn fold_leftovers(findings: &mut Vec<Finding>) {
    let mut pairs: HashMap<Half, usize> = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        for half in halves_of_pair(&finding.credential) {
            let best = pairs.entry(half).or_insert(index);
            if findings[*best].confidence < finding.confidence {
                *best = index;
            }
        }
    }
    let homes: Vec<Option<usize>> = findings
        .iter()
        .map(|finding| leftover(&finding.credential).and_then(|half| pairs.get(&half).copied()))
        .collect();
    for (index, home) in homes.iter().enumerate() {
        if let Some(home) = home {
            let places = std::mem::take(&mut findings[index].occurrences);
            adopt(&mut findings[*home], places);
        }
    }
    findings.retain(|finding| !finding.occurrences.is_empty());
}

/// Adds occurrences to a pair, without those where the pair itself is.
fn adopt(pair: &mut Finding, places: Vec<Occurrence>) {
    for place in places {
        let primary = place.sighting.primary();
        let known = pair.occurrences.iter().any(|own| {
            own.origin == place.origin
                && (own.sighting.id == primary || own.sighting.secret == primary)
        });
        if !known {
            pair.occurrences.push(place);
        }
    }
    pair.occurrences.sort_by(|a, b| a.order().cmp(&b.order()));
}

fn halves_of_pair(credential: &Credential) -> Vec<Half> {
    let (Some(id), Some(secret)) = (&credential.key_id, &credential.secret) else {
        return Vec::new();
    };
    let token = credential.session_token.as_ref().map(|token| Half::Token(token.expose().to_vec()));
    let halves = [Half::Id(id.clone()), Half::Secret(secret.expose().to_vec())];
    halves.into_iter().chain(token).collect()
}

fn leftover(credential: &Credential) -> Option<Half> {
    let bytes = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_vec());
    match credential.rule.as_str() {
        KEY_ID => credential.key_id.clone().map(Half::Id),
        SECRET => bytes(&credential.secret).map(Half::Secret),
        SMTP_PASSWORD if credential.key_id.is_none() => bytes(&credential.secret).map(Half::Secret),
        SESSION_TOKEN => {
            bytes(&credential.session_token).or_else(|| bytes(&credential.secret)).map(Half::Token)
        }
        _ => None,
    }
}
