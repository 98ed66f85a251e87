//! Gathers hits by credential: one finding a credential, whatever the order they come in.
//!
//! Bounded by the run's memory: a file of a million keys must not end the run that finds them.

use std::borrow::Cow;
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
use crate::scan::Hit;
use crate::secret::Secret;
use crate::text::shorten;

use super::bounds::NAME;

/// The rule of a key id without its secret.
pub(super) const KEY_ID: &str = "aws-access-key-id";
/// The rule of a labelled secret access key without its id.
pub(super) const SECRET: &str = "aws-secret-access-key";
/// The rule of a password of SES, with or without its user.
const SMTP_PASSWORD: &str = "aws-ses-smtp-password";
/// The rule of a session token without its key.
const SESSION_TOKEN: &str = "aws-session-token";

/// All hits of one credential.
type Group = Vec<CollectedHit>;

/// A hit as it is kept.
type CollectedHit = (Occurrence, Credential);

/// A credential; what is no pair comes last and is the first to go where there are too many.
type Key = (bool, Fingerprint);

/// What was gathered.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// The findings, in no order.
    pub(super) findings: Vec<Finding>,
    /// Every credential that was met, also those that are no findings of their own.
    pub(super) met: HashSet<Fingerprint>,
    /// Secrets that are too weak to be findings: nothing else may show them either.
    pub(super) weak: Vec<Secret>,
}

/// Hits by credential.
#[derive(Debug)]
pub(super) struct Collector {
    places: Bounded<Key, CollectedHit>,
}

impl Collector {
    /// Keeps as many hits as fit into `memory`.
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self { places: Bounded::new(memory.places(), order) }
    }

    /// Takes a hit.
    pub(super) fn add(&mut self, hit: Hit) {
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
        let occurrence =
            Occurrence { origin, sighting: candidate.sighting, confidence: candidate.confidence };
        let credential = candidate.credential;
        self.places.add(key(&credential), (occurrence, credential));
    }

    /// The findings of at least `min` confidence; what falls below is counted.
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
        // A half that stands in several pairs goes to the least of them.
        findings.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        fold_leftovers(&mut findings);
        Collected { findings, met, weak }
    }
}

/// The hits of one target of a sweep, bounded like those of a run.
#[derive(Debug)]
pub(super) struct Hits(Bounded<Key, Hit>);

impl Hits {
    /// Keeps as many hits as fit into `memory`.
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self(Bounded::new(memory.places(), |a, b| place(a).cmp(&place(b))))
    }

    /// Takes a hit.
    pub(super) fn add(&mut self, hit: Hit) {
        self.0.add(key(&hit.candidate.credential), hit);
    }

    /// What was kept; the ledger hears of what was not.
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

/// By place; the same credential may stand there with several tokens.
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
    let why = format!("{dropped} {what} are too many to be listed: raise --max-memory");
    ledger.problem("findings", b"", &why);
}

/// Drops what is too weak; gives its secrets. The key id of a weak pair is still an id, and as sure
/// as any.
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

/// The key id of a pair, without its secret.
fn lone_id(place: Occurrence, pair: Credential) -> (Occurrence, Credential) {
    // Too weak to be reported as a pair, it is still what verification asks about first.
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
    // A rule that the set does not hold is taken for the worst rather than passed over.
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

/// Which half of a pair a left-over is.
#[derive(PartialEq, Eq, Hash)]
enum Half {
    Id(String),
    Secret(Vec<u8>),
    Token(Vec<u8>),
}

/// Gives a left-over half that is part of a pair elsewhere to that pair, as another of its places.
///
/// A half of several pairs goes to the surest one, then to the least fingerprint. The pair's
/// confidence stays what its own places say.
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

/// Adds places to a pair, except those at which the pair itself stands.
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
