//! Collects hits by credential: one finding for each credential, in whatever order the hits arrive.
//!
//! The memory of the run bounds it: a file of a million keys must not end the run that finds them. A
//! merge, whose hits have no secrets, writes hits that do not fit to a temporary file.

mod adopted;
mod file;
mod fold;
mod places;
mod spilled;

use std::collections::{BTreeMap, HashSet};
use std::io;

use crate::aws::KeyId;
use crate::bounded::{Bounded, Retained};
use crate::coverage::{Count, Ledger};
use crate::finding::{
    Clear, Confidence, Credential, DigestedCredential, Finding, Fingerprint, Occurrence, Rival,
    RuleId, Severity, Sighting,
};
use crate::memory::MemoryBudget;
use crate::rules::RuleSet;
use crate::rules::id::KEY_ID;
use crate::scan::Hit;
use crate::secret::Secret;

use super::record::{HitRecord, order};
use spilled::Spilled;

pub use spilled::Spill;

/// All hits of one credential.
type Group = Vec<HitRecord>;

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
    /// The number of places that are in a file and not in memory.
    pub(super) stored: u64,
}

/// Hits by credential.
#[derive(Debug)]
pub(super) struct Collector {
    places: Bounded<Key, HitRecord>,
    /// Instead of `places`, if hits that do not fit go to a file.
    spilled: Option<Spilled>,
}

impl Collector {
    /// Makes a collector of as many hits as fit into `memory`.
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self { places: Bounded::new(memory.places(), order), spilled: None }
    }

    /// With `spill`, a collector that writes the hits that do not fit to a file. They must have no
    /// secrets.
    pub(super) fn spilling(memory: &MemoryBudget, spill: Option<Spill>) -> Self {
        Self { spilled: spill.map(Spilled::new), ..Self::new(memory) }
    }

    pub(super) fn add(&mut self, hit: HitRecord) {
        match &mut self.spilled {
            Some(spilled) => spilled.add(hit),
            None => self.places.add(key(&hit), hit),
        }
    }

    /// Returns the findings of at least `min` confidence, and counts the others.
    ///
    /// # Errors
    ///
    /// An error of the file.
    pub(super) fn finish_all(
        mut self,
        rules: &RuleSet,
        min: Confidence,
        ledger: &Ledger,
    ) -> io::Result<Collected> {
        if let Some(mut spilled) = self.spilled.take() {
            match spilled.held() {
                Some(hits) => hits.into_iter().for_each(|hit| self.places.add(key(&hit), hit)),
                None => return spilled.finish(rules, min, ledger),
            }
        }
        Ok(self.finish(rules, min, ledger))
    }

    /// The same of hits that are all in memory.
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
        Collected { findings, met, weak, stored: 0 }
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
        let Credential { key_id, secret, .. } = &hit.candidate.credential;
        let is_pair = key_id.is_some() && secret.is_some();
        self.0.add((!is_pair, hit.candidate.credential.fingerprint()), hit);
    }

    /// Returns the retained hits, and writes to the ledger how many were dropped.
    pub(super) fn finish(self, ledger: &Ledger) -> Vec<Hit> {
        let Retained { groups, dropped, lost_keys } = self.0.finish();
        report_dropped(dropped, lost_keys, ledger);
        groups.into_values().flatten().collect()
    }
}

fn key(hit: &HitRecord) -> Key {
    (!is_pair(&hit.digested), hit.fingerprint.clone())
}

fn is_pair(digested: &DigestedCredential) -> bool {
    digested.key_id.is_some() && digested.secret.is_some()
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

/// Drops candidates below `min` and returns their secrets. The id of a dropped pair remains, because
/// it is an id all the same.
fn drop_weak(groups: &mut BTreeMap<Key, Group>, min: Confidence, ledger: &Ledger) -> Vec<Secret> {
    let is_weak = |group: &Group| group.iter().all(|hit| hit.occurrence.confidence < min);
    let weak: Vec<Group> =
        groups.extract_if(.., |_, group| is_weak(group)).map(|(_, group)| group).collect();
    // A made-up token is an example; it is reported if the user asks for low confidence.
    let is_made_up = |group: &&Group| group.iter().any(|hit| hit.digested.details.made_up);
    let made_up = weak.iter().filter(is_made_up).count() as u64;
    ledger.add(Count::Examples, made_up);
    ledger.add(Count::BelowConfidence, weak.len() as u64 - made_up);
    let first = weak.iter().filter_map(|group| group.first());
    let secrets = first.flat_map(|hit| hit.clear.secrets()).cloned().collect();
    for hit in weak.into_iter().flatten() {
        if leaves_id(&hit) {
            let hit = lone_id(hit);
            groups.entry(key(&hit)).or_default().push(hit);
        }
    }
    secrets
}

/// True if the id of a dropped pair is a finding of its own: an id of AWS says whose key it is. An id of
/// another provider, or of a user's own rule, says nothing without its secret.
fn leaves_id(hit: &HitRecord) -> bool {
    let id = hit.digested.key_id.as_deref();
    let is_of_aws = id.is_some_and(|id| KeyId::parse(id.as_bytes()).is_some());
    is_of_aws && is_pair(&hit.digested) && hit.occurrence.sighting.id.is_some()
}

fn lone_id(pair: HitRecord) -> HitRecord {
    let HitRecord { digested, occurrence: place, clear, twin, .. } = pair;
    // The pair is not reported, but verification asks about this secret first.
    let own = place.sighting.secret.zip(clear.secret).map(|(region, secret)| Rival {
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
    let id = DigestedCredential {
        rule: RuleId::new(KEY_ID),
        secret: None,
        session_token: None,
        expires: None,
        ..digested
    };
    let (fingerprint, digested, clear) = id.with(Clear::default()).split();
    let occurrence = Occurrence { sighting, confidence: Confidence::High, ..place };
    HitRecord { fingerprint, digested, occurrence, twin, clear }
}

/// The finding of a group; `None` if the group is empty.
fn finding(fingerprint: Fingerprint, mut group: Group, rules: &RuleSet) -> Option<Finding> {
    group.sort_by(order);
    let confidence = group.iter().map(|hit| hit.occurrence.confidence).max()?;
    let first = group.first()?;
    let (mut credential, mut clear) = (first.digested.clone(), first.clear.clone());
    // The token of the first location that has one.
    let with_token = group.iter().find(|hit| hit.digested.session_token.is_some());
    credential.session_token = with_token.and_then(|hit| hit.digested.session_token.clone());
    clear.session_token = with_token.and_then(|hit| hit.clear.session_token.clone());
    group.dedup_by(|a, b| a.twin == b.twin && a.occurrence.order() == b.occurrence.order());
    let occurrences = group.into_iter().map(|hit| hit.occurrence).collect();
    // A rule that is missing from the set counts as an error, rather than as nothing.
    let severity =
        rules.get(credential.rule.as_str()).map_or(Severity::Error, |rule| rule.severity);
    Some(Finding::of_identity(fingerprint, credential, clear, severity, confidence, occurrences))
}

/// Adds the occurrences of single halves to the pairs that contain them elsewhere.
fn fold_leftovers(findings: &mut Vec<Finding>) {
    let homes = fold::homes(findings.iter());
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
