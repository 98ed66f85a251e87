//! A collection of more hits than fit into memory: they go to a temporary file, sorted.
//!
//! The result is that of [`super::Collector`], step by step, but a finding has only some of its
//! places in memory and reads all of them from the file. What remains in memory grows with the
//! number of credentials, not of places.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::adopted;
use super::file::{HitFile, Hits, Merged, Run, in_run};
use super::places::Few;
use super::{Collected, fold, is_pair, leaves_id, lone_id};
use crate::coverage::{Count, Ledger};
use crate::finding::{
    Clear, Confidence, DigestedCredential, Finding, Fingerprint, Occurrence, PlaceSource, Severity,
    Stored,
};
use crate::rules::RuleSet;
use crate::run::record::HitRecord;

/// Runs that are read at a time; more of them are merged into one first.
const RUNS: usize = 64;

/// The part of a collection that is in memory.
#[derive(Clone, Debug)]
pub struct Spill {
    /// The folder for the temporary file.
    pub folder: PathBuf,
    /// Maximum number of hits that are in memory before they are written.
    pub held: usize,
    /// Limit of places of all findings together in memory; each has at least one, and those by
    /// which it is judged.
    pub places: usize,
    /// Maximum number of credentials; the others are dropped.
    pub credentials: usize,
}

/// Hits, of which only the last ones are in memory.
#[derive(Debug)]
pub(super) struct Spilled {
    options: Spill,
    buffer: Vec<HitRecord>,
    file: Option<HitFile>,
    runs: Vec<Run>,
    known: HashMap<Fingerprint, Known>,
    /// The error that ended the collection.
    error: Option<io::Error>,
}

/// The facts about a credential before its hits are sorted.
#[derive(Clone, Copy, Debug)]
struct Known {
    confidence: Confidence,
    is_pair: bool,
    is_made_up: bool,
}

impl Known {
    fn of(hit: &HitRecord) -> Self {
        Self {
            confidence: hit.occurrence.confidence,
            is_pair: is_pair(&hit.digested),
            is_made_up: hit.digested.details.made_up,
        }
    }
}

/// A finding and where its places are.
struct Located {
    finding: Finding,
    own: Run,
    adopted: Option<Run>,
    count: u64,
}

impl Spilled {
    pub(super) fn new(options: Spill) -> Self {
        let (buffer, runs, known) = (Vec::new(), Vec::new(), HashMap::new());
        Self { options, buffer, file: None, runs, known, error: None }
    }

    /// The hits, if all of them are in memory.
    pub(super) fn held(&mut self) -> Option<Vec<HitRecord>> {
        let is_held = self.runs.is_empty() && self.error.is_none();
        is_held.then(|| std::mem::take(&mut self.buffer))
    }

    pub(super) fn add(&mut self, hit: HitRecord) {
        if self.error.is_some() {
            return;
        }
        if self.buffer.len() >= self.options.held.max(1) {
            self.error = self.write().err();
        }
        let known = Known::of(&hit);
        let best = self.known.entry(hit.fingerprint.clone()).or_insert(known);
        best.confidence = best.confidence.max(known.confidence);
        self.buffer.push(hit);
    }

    /// Writes the hits in memory as a run.
    fn write(&mut self) -> io::Result<()> {
        self.buffer.sort_by(in_run);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => HitFile::new(&self.options.folder)?,
        };
        let start = file.offset();
        self.buffer.drain(..).try_for_each(|hit| file.add(&hit))?;
        self.runs.push(file.run_from(start)?);
        if self.runs.len() == RUNS {
            // The old file goes with its last reader.
            let all = Merged::new(self.runs.iter().map(|&run| file.read(run)).collect())?;
            let mut one = HitFile::new(&self.options.folder)?;
            for hit in all {
                one.add(&hit?)?;
            }
            (self.runs, file) = (vec![one.run_from(0)?], one);
        }
        self.file = Some(file);
        Ok(())
    }

    /// Returns the findings of at least `min` confidence, and counts the others.
    pub(super) fn finish(
        mut self,
        rules: &RuleSet,
        min: Confidence,
        ledger: &Ledger,
    ) -> io::Result<Collected> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.write()?;
        let mut met: HashSet<Fingerprint> = self.known.keys().cloned().collect();
        let weak = self.weak(min, ledger);
        let from = self.runs.len();
        let lone = self.lone_ids(&weak)?;
        met.extend(lone);
        let file = self.file.take().map_or_else(|| HitFile::new(&self.options.folder), Ok)?;
        let is_strong = |hit: &io::Result<HitRecord>| {
            hit.as_ref().map_or(true, |hit| !weak.contains_key(&hit.fingerprint))
        };
        let runs = self.runs.iter().enumerate().map(|(at, &run)| {
            let hits = file.read(run);
            let all: Box<dyn Iterator<Item = io::Result<HitRecord>>> =
                if at < from { Box::new(hits.filter(is_strong)) } else { Box::new(hits) };
            all
        });
        let mut sorted = HitFile::new(&self.options.folder)?;
        let mut all = group(Merged::new(runs.collect())?, &mut sorted, rules)?;
        drop(file);
        self.drop_last(&mut all, ledger);
        fold_all(&mut all, &mut sorted)?;
        let (findings, stored) = self.with_places(all, &sorted)?;
        Ok(Collected { findings, met, weak: Vec::new(), stored })
    }

    /// The credentials that are below `min` everywhere.
    fn weak(&self, min: Confidence, ledger: &Ledger) -> HashMap<Fingerprint, Known> {
        let weak = self.known.iter().filter(|(_, known)| known.confidence < min);
        let weak: HashMap<_, _> = weak.map(|(print, known)| (print.clone(), *known)).collect();
        let made_up = weak.values().filter(|known| known.is_made_up).count() as u64;
        ledger.add(Count::Examples, made_up);
        ledger.add(Count::BelowConfidence, weak.len() as u64 - made_up);
        weak
    }

    /// Adds runs with the ids of weak pairs, which are ids all the same; returns their fingerprints.
    fn lone_ids(&mut self, weak: &HashMap<Fingerprint, Known>) -> io::Result<HashSet<Fingerprint>> {
        let mut lone = HashSet::new();
        if !weak.values().any(|known| known.is_pair) {
            return Ok(lone);
        }
        for run in self.runs.clone() {
            let Some(hits) = self.file.as_ref().map(|file| file.read(run)) else { break };
            for hit in hits {
                let hit = hit?;
                if weak.contains_key(&hit.fingerprint) && leaves_id(&hit) {
                    let hit = lone_id(hit);
                    lone.insert(hit.fingerprint.clone());
                    self.buffer.push(hit);
                    self.write_if_full()?;
                }
            }
        }
        if !self.buffer.is_empty() {
            self.append()?;
        }
        Ok(lone)
    }

    fn write_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= self.options.held.max(1) { self.append() } else { Ok(()) }
    }

    /// Writes a run without merging any: those before are read meanwhile.
    fn append(&mut self) -> io::Result<()> {
        self.buffer.sort_by(in_run);
        let Some(file) = &mut self.file else { return Ok(()) };
        let start = file.offset();
        self.buffer.drain(..).try_for_each(|hit| file.add(&hit))?;
        self.runs.push(file.run_from(start)?);
        Ok(())
    }

    /// Drops the last credentials if there are more than places: pairs come first.
    fn drop_last(&self, all: &mut Vec<Located>, ledger: &Ledger) {
        let most = self.options.credentials.max(1);
        if all.len() <= most {
            return;
        }
        all.sort_by_cached_key(|one| {
            (!is_pair(&one.finding.credential), one.finding.fingerprint.clone())
        });
        let dropped: u64 = all.drain(most..).map(|one| one.count).sum();
        super::report_dropped(dropped, true, ledger);
        all.sort_by(|a, b| a.finding.fingerprint.cmp(&b.finding.fingerprint));
    }

    /// Reads the places of each finding: some stay in memory. Returns the number of the others.
    fn with_places(&self, all: Vec<Located>, sorted: &HitFile) -> io::Result<(Vec<Finding>, u64)> {
        let each = each(&all, self.options.places);
        let (mut findings, mut left_out, mut names) = (Vec::new(), 0, HashSet::new());
        for Located { mut finding, own, adopted, count } in all {
            let runs: Vec<Run> = [own].into_iter().chain(adopted).collect();
            let source = Places { file: sorted.file(), runs };
            let mut few = Few::new(each, finding.confidence);
            let (mut targets, mut authors) = (BTreeSet::new(), BTreeSet::new());
            let mut name = |name: &str| intern(&mut names, name);
            let mut read = 0_u64;
            for place in source.read() {
                let place = place?;
                read += 1;
                targets.insert(place.origin.target.as_deref().map(&mut name));
                if let Some((email, author)) = place.author() {
                    authors.insert((name(email), name(author)));
                }
                few.add(place);
            }
            debug_assert_eq!(read, count);
            finding.occurrences = few.places;
            let others = count - finding.occurrences.len() as u64;
            left_out += others;
            let stored = Stored { source: Arc::new(source), count, targets, authors };
            finding.stored = (others > 0).then(|| Box::new(stored));
            findings.push(finding);
        }
        Ok((findings, left_out))
    }
}

/// Returns one copy of each name.
fn intern(names: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    let new: Arc<str> = name.into();
    names.insert(Arc::clone(&new));
    new
}

/// The number of places that each finding has in memory, so that all have no more than `most`.
fn each(all: &[Located], most: usize) -> usize {
    let mut each = most.max(1).next_power_of_two() as u64;
    while each > 1 && all.iter().map(|one| one.count.min(each)).sum::<u64>() > most as u64 {
        each /= 2;
    }
    usize::try_from(each).unwrap_or(usize::MAX)
}

/// Groups sorted hits by credential, and writes the places of each.
fn group(
    hits: impl Iterator<Item = io::Result<HitRecord>>,
    sorted: &mut HitFile,
    rules: &RuleSet,
) -> io::Result<Vec<Located>> {
    let mut all: Vec<Located> = Vec::new();
    let mut start = 0;
    let mut last: Option<HitRecord> = None;
    for hit in hits {
        let hit = hit?;
        let is_new = last.as_ref().is_none_or(|last| last.fingerprint != hit.fingerprint);
        if is_new {
            close(&mut all, sorted, start)?;
            start = sorted.offset();
            all.push(Located::new(&hit, rules));
        }
        let Some(now) = all.last_mut() else { continue };
        now.finding.confidence = now.finding.confidence.max(hit.occurrence.confidence);
        // The token of the first location that has one.
        let token = &mut now.finding.credential.session_token;
        if token.is_none() {
            token.clone_from(&hit.digested.session_token);
        }
        let is_repeated = !is_new
            && last.as_ref().is_some_and(|last| {
                last.twin == hit.twin && last.occurrence.order() == hit.occurrence.order()
            });
        if !is_repeated {
            now.count += 1;
            sorted.add(&hit)?;
            last = Some(hit);
        }
    }
    close(&mut all, sorted, start)?;
    Ok(all)
}

fn close(all: &mut [Located], sorted: &mut HitFile, start: u64) -> io::Result<()> {
    let Some(last) = all.last_mut() else { return Ok(()) };
    last.own = sorted.run_from(start)?;
    Ok(())
}

impl Located {
    fn new(first: &HitRecord, rules: &RuleSet) -> Self {
        let credential: DigestedCredential = first.digested.clone();
        // A rule that is missing from the set counts as an error, rather than as nothing.
        let severity =
            rules.get(credential.rule.as_str()).map_or(Severity::Error, |rule| rule.severity);
        let (print, clear) = (first.fingerprint.clone(), Clear::default());
        let confidence = first.occurrence.confidence;
        let finding =
            Finding::of_identity(print, credential, clear, severity, confidence, Vec::new());
        Self { finding, own: Run::default(), adopted: None, count: 0 }
    }
}

/// Adds the places of single halves to the pairs that contain them elsewhere.
fn fold_all(all: &mut Vec<Located>, sorted: &mut HitFile) -> io::Result<()> {
    let homes = fold::homes(all.iter().map(|one| &one.finding));
    let mut parts: HashMap<usize, Vec<Run>> = HashMap::new();
    for (index, home) in homes.iter().enumerate() {
        if let Some(home) = home {
            parts.entry(*home).or_default().push(all[index].own);
        }
    }
    for (home, runs) in parts {
        let start = sorted.offset();
        let own = all[home].own;
        all[home].count += adopted::write(own, &runs, sorted)?;
        all[home].adopted = Some(sorted.run_from(start)?);
    }
    let mut homes = homes.into_iter();
    all.retain(|_| homes.next().flatten().is_none());
    Ok(())
}

/// The places of a finding in the file.
#[derive(Debug)]
struct Places {
    file: Arc<File>,
    /// Its own ones, then those of left-over halves.
    runs: Vec<Run>,
}

impl PlaceSource for Places {
    fn read(&self) -> Box<dyn Iterator<Item = io::Result<Occurrence>> + '_> {
        let mut runs: Vec<_> = self
            .runs
            .iter()
            .map(|&run| Hits::new(Arc::clone(&self.file), run).peekable())
            .collect();
        Box::new(std::iter::from_fn(move || {
            let mut best: Option<(usize, &HitRecord)> = None;
            for (at, run) in runs.iter_mut().enumerate() {
                match run.peek() {
                    None => {}
                    // The next one is the error itself.
                    Some(Err(_)) => return run.next().map(|hit| hit.map(|hit| hit.occurrence)),
                    Some(Ok(hit)) => {
                        let is_first = best.is_none_or(|(_, other)| {
                            hit.occurrence.order() < other.occurrence.order()
                        });
                        best = if is_first { Some((at, hit)) } else { best };
                    }
                }
            }
            let (at, _) = best?;
            runs[at].next().map(|hit| hit.map(|hit| hit.occurrence))
        }))
    }
}
