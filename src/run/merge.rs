//! Puts the partials of many sweeps together: one outcome, as one sweep of all targets has it.
//!
//! Partials are read twice. The first reading gives their targets, without hits; [`choose`] decides
//! which of them count and under which name. The second one takes the hits of those, one at a time,
//! to the collector that a sweep has too. Nothing that a partial names is opened: it may be on
//! another machine.

mod choose;
mod shards;
mod survey;

use std::collections::{BTreeSet, HashSet};

use super::collect::Collector;
use super::partial::{PartialError, TargetLine};
use super::record::HitRecord;
use super::sweep::is_scanned;
use super::time_limit::TIME;
use super::{INTERRUPTED, Outcome, RunOptions, Spill, conclude};
use crate::coverage::{Count, Ledger, Problem};
use crate::finding::{Finding, Fingerprint};
use crate::provenance::Provenance;
use crate::rules::RuleSet;
use crate::stop::Stop;
use crate::text::escape_path;
use choose::Choice;
use survey::{Part, Surveyed};

pub use survey::PartialFile;

/// Partials whose targets are known.
#[derive(Debug)]
pub struct Merge {
    parts: Vec<Part>,
    choices: Vec<Choice>,
    /// Remarks on the choice.
    notes: Vec<String>,
}

/// The reason why a partial can't be read to its end, though that was possible before.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {error}")]
pub struct ReadError {
    file: String,
    error: String,
}

/// The outcome of a merge.
#[derive(Debug)]
pub struct Merged {
    /// The outcome. All places of a finding may be in a file; see [`Finding::places`].
    pub outcome: Outcome,
    /// The number of places that are in the file and not in memory.
    pub stored: u64,
}

/// The temporary file of a merge can't be written or read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the temporary file for locations in {folder}: {error}; a merge needs room there for the size \
     of the partials, twice (without --output, TMPDIR names another folder)"
)]
pub struct SpillError {
    folder: String,
    error: std::io::Error,
}

impl SpillError {
    fn new(spill: Option<&Spill>, error: std::io::Error) -> Self {
        let folder = spill.map(|spill| escape_path(spill.folder.as_os_str().as_encoded_bytes()));
        Self { folder: folder.unwrap_or_default(), error }
    }
}

impl Merge {
    /// Reads which targets the files have, until it is to stop. A file that can't be read is a problem of the
    /// merged report.
    pub fn survey(files: Vec<PartialFile>, stop: &Stop) -> Self {
        let files = files.into_iter().take_while(|_| !stop.is_set());
        let mut parts: Vec<Part> = files.map(Part::read).collect();
        choose::replace(&mut parts);
        let (choices, notes) = choose::choose(&mut parts);
        Self { parts, choices, notes }
    }

    /// The number of files that are partials.
    pub fn partials(&self) -> usize {
        self.parts.iter().filter(|part| part.head.is_some()).count()
    }

    /// The start of the first sweep and the end of the last one.
    pub fn times(&self) -> Option<(&str, &str)> {
        let heads = self.parts.iter().filter_map(|part| part.head.as_ref());
        let start = heads.map(|head| head.started.as_str()).min()?;
        let ends = self.parts.iter().filter_map(|part| part.end.as_ref());
        let targets = self.parts.iter().flat_map(|part| &part.targets);
        let ends = ends.map(|end| &end.ended).chain(targets.map(|target| &target.ended));
        Some((start, ends.map(String::as_str).max().unwrap_or(start)))
    }

    /// The outcome of all of them. Without `spill`, places that are too many for memory are left out.
    ///
    /// # Errors
    ///
    /// If nothing was scanned in any target, a partial changed meanwhile, or the temporary file can't
    /// be used.
    pub fn outcome(
        &self,
        options: &RunOptions,
        spill: Option<&Spill>,
        rules: &RuleSet,
        ledger: &Ledger,
    ) -> Result<Merged, Box<dyn std::error::Error>> {
        let mut collector = Collector::spilling(&options.memory, spill.cloned());
        let read = || {
            let choices = self.choices.iter().take_while(|_| !options.stop.is_set());
            for choice in choices {
                let (line, credentials) =
                    self.hits(choice, options, ledger, &mut |hit| collector.add(hit))?;
                if choice.counts {
                    line.absorb(credentials, ledger);
                }
            }
            Ok::<(), ReadError>(())
        };
        options.bounded(&options.clock(), ledger, read)?;
        self.whole_sweeps(ledger);
        let collected = collector
            .finish_all(rules, options.min_confidence, ledger)
            .map_err(|error| SpillError::new(spill, error))?;
        let stored = collected.stored;
        let mut outcome = conclude(collected, options, rules, ledger, None);
        self.name_unknown_rules(&outcome.findings, rules, ledger);
        outcome.coverage = ledger.coverage();
        let counted = self.choices.iter().filter(|choice| choice.counts);
        let scanned = counted.filter(|choice| self.target(choice).not_scanned.is_none());
        let scanned = scanned.map(|choice| (choice.name.clone(), self.target(choice).history));
        if !options.stop.is_set() {
            is_scanned(scanned, &outcome.coverage)?;
        }
        Ok(Merged { outcome, stored })
    }

    /// The names of the targets that count, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.choices.iter().map(|choice| choice.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    /// The outcome of one target alone, with paths relative to it, and its repository.
    ///
    /// # Errors
    ///
    /// If a partial changed meanwhile, or the temporary file can't be used.
    pub fn of_target(
        &self,
        name: &str,
        options: &RunOptions,
        spill: Option<&Spill>,
        rules: &RuleSet,
    ) -> Result<(Merged, Option<Provenance>), Box<dyn std::error::Error>> {
        let ledger = Ledger::new();
        let mut collector = Collector::spilling(&options.memory, spill.cloned());
        let mut repository = None;
        for choice in self.choices.iter().filter(|choice| choice.name == name) {
            let take = &mut |mut hit: HitRecord| {
                hit.occurrence.origin.target = None;
                collector.add(hit);
            };
            let (line, _) = self.hits(choice, options, &ledger, take)?;
            if !choice.counts {
                continue;
            }
            match &line.not_scanned {
                Some(why) => ledger.problem("target", b"", why),
                None => ledger.restore(&line.coverage),
            }
            repository = line
                .repository
                .map(|found| Provenance::new(found.remote.as_deref(), found.head, found.branch));
        }
        let collected = collector
            .finish_all(rules, options.min_confidence, &ledger)
            .map_err(|error| SpillError::new(spill, error))?;
        let stored = collected.stored;
        let outcome = conclude(collected, options, rules, &ledger, None);
        Ok((Merged { outcome, stored }, repository))
    }

    /// Passes the hits of a target on. Returns its line, with the names of this report, and the number
    /// of its credentials.
    fn hits(
        &self,
        choice: &Choice,
        options: &RunOptions,
        ledger: &Ledger,
        take: &mut dyn FnMut(HitRecord),
    ) -> Result<(TargetLine, u64), ReadError> {
        let part = &self.parts[choice.part];
        let failed = |error: PartialError| part.file.failed(&error);
        let mut reader = part.reader_at(self.target(choice)).map_err(failed)?;
        let mut line = reader.target().map_err(failed)?;
        let mut credentials: HashSet<Fingerprint> = HashSet::new();
        let mut remaining = line.hits;
        while remaining > 0 && choice.has_hits && !options.stop.is_set() {
            remaining -= 1;
            let record = match reader.hit() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                // The other hits are used all the same.
                Err(error @ PartialError::Line { .. }) => {
                    ledger.problem("partial", part.file.name.as_bytes(), &error);
                    continue;
                }
                Err(error) => return Err(failed(error)),
            };
            if record.occurrence.confidence >= options.min_confidence {
                credentials.insert(record.fingerprint.clone());
            }
            let path = record.occurrence.origin.path.as_deref();
            if path.is_some_and(|path| options.exclude.excludes_bytes(path)) {
                ledger.add(Count::Excluded, 1);
                continue;
            }
            take(choice.renamed(record));
        }
        line.name.clone_from(&choice.name);
        Ok((line, credentials.len() as u64))
    }

    fn target(&self, choice: &Choice) -> &Surveyed {
        &self.parts[choice.part].targets[choice.target]
    }

    /// Adds what concerns whole sweeps, and what can't be read of their partials.
    fn whole_sweeps(&self, ledger: &Ledger) {
        self.notes.iter().for_each(|note| ledger.note(note.as_str()));
        let mut interrupted = false;
        for part in &self.parts {
            if part.is_replaced {
                continue;
            }
            if let Some(end) = &part.end {
                let is_left = |problem: &&Problem| !(part.is_covered && problem.what == TIME);
                let problems: Vec<Problem> = end.problems.iter().filter(is_left).cloned().collect();
                ledger.adopt(&problems, &end.notes);
                interrupted |= end.interrupted && !part.is_covered;
            }
            if let Some(why) = &part.fault {
                ledger.problem("partial", part.file.name.as_bytes(), why);
            }
        }
        let shards = self.parts.iter().filter_map(|part| part.head.as_ref()?.shard);
        for why in shards::missing(shards) {
            ledger.problem("partial", b"", &why);
        }
        if interrupted {
            ledger.problem("run", b"", &INTERRUPTED);
        }
    }

    fn name_unknown_rules(&self, findings: &[Finding], rules: &RuleSet, ledger: &Ledger) {
        let ids = findings.iter().map(|finding| finding.credential.rule.as_str());
        let unknown: BTreeSet<&str> = ids.filter(|id| rules.get(id).is_none()).collect();
        for id in unknown {
            ledger.note(format!(
                "the rule '{id}' is not known here, so its findings count as errors: give the \
                 --config of the sweep"
            ));
        }
    }
}

impl PartialFile {
    fn failed(&self, error: &PartialError) -> ReadError {
        ReadError { file: self.name.clone(), error: error.to_string() }
    }
}
