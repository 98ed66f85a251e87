//! Finds the credentials of an earlier report again: first where the report says, then, if some are
//! not there any more, everywhere in their targets.

use std::collections::BTreeSet;

use super::collect::{Collected, Collector, Hits};
use super::owners::Owners;
use super::record::HitRecord;
use super::{Error, Outcome, RunOptions, Source, conclude, gather, something_scanned};
use crate::coverage::Ledger;
use crate::finding::Finding;
use crate::rules::RuleSet;
use crate::scan::{Detector, Hit};
use crate::source::named::NamedOptions;

/// A target of an earlier report.
#[derive(Clone, Debug)]
pub struct Reported {
    /// Its name in the report; `None` if the report has no targets.
    pub name: Option<String>,
    /// The options for the places that the report names.
    pub named: NamedOptions,
    /// All of it.
    pub whole: Vec<Source>,
}

/// Reads what the report names in `targets`, and all of those in which credentials are missing.
/// `missing` gets what was found at first, and gives the numbers of these targets.
/// `options.sources` is ignored.
///
/// # Errors
///
/// If a target that was to be read whole can't be read.
pub fn run<D: Detector>(
    options: &RunOptions,
    targets: &[Reported],
    missing: &mut dyn FnMut(&[Finding]) -> BTreeSet<usize>,
    detector: &D,
    rules: &RuleSet,
    ledger: &Ledger,
) -> Result<Outcome, Error> {
    let stopped = detector.ended_by(&options.stop);
    let reading = Reading { options, detector: stopped.as_ref().unwrap_or(detector), ledger };
    let named = options.bounded(&options.clock(), ledger, || reading.named(targets));
    let mut collector = Collector::new(&options.memory);
    named.iter().flatten().cloned().for_each(|hit| collector.add(hit));
    let first = Ledger::new();
    let mut collected = collector.finish(rules, options.min_confidence, &first);
    let whole = missing(&collected.findings);
    let coverage = if whole.is_empty() || options.stop.is_set() {
        first.coverage()
    } else {
        let last = Ledger::new();
        collected = reading.rest(targets, &whole, named, (rules, &last))?;
        last.coverage()
    };
    ledger.adopt(&coverage.problems, &coverage.notes);
    let outcome = conclude(collected, options, rules, ledger, None);
    let sources: Vec<Source> =
        whole.iter().flat_map(|at| targets[*at].whole.iter().cloned()).collect();
    something_scanned(&sources, options, &outcome.coverage)?;
    Ok(outcome)
}

/// The detector and the ledger with which texts are read.
struct Reading<'a, D> {
    options: &'a RunOptions,
    detector: &'a D,
    ledger: &'a Ledger,
}

impl<D: Detector> Reading<'_, D> {
    /// The hits in what the report names, by target.
    fn named(&self, targets: &[Reported]) -> Vec<Vec<HitRecord>> {
        let of_one = |target: &Reported| {
            let mut hits = Hits::new(&self.options.memory);
            let sources = [Source::Named(Box::new(target.named.clone()))];
            // A target that can't be opened yields nothing here; the full scan then reports why.
            let _ = self.gather(&sources, |mut hit| {
                hit.origin.target.clone_from(&target.name);
                hits.add(hit);
            });
            hits.finish(self.ledger).into_iter().map(HitRecord::new).collect()
        };
        targets.iter().map(of_one).collect()
    }

    /// The hits of these targets, and of all others what was read before.
    fn rest(
        &self,
        targets: &[Reported],
        whole: &BTreeSet<usize>,
        named: Vec<Vec<HitRecord>>,
        (rules, ledger): (&RuleSet, &Ledger),
    ) -> Result<Collected, Error> {
        let options = self.options;
        let mut collector = Collector::new(&options.memory);
        options.bounded(&options.clock(), self.ledger, || {
            whole.iter().map(|at| &targets[*at]).try_for_each(|target| {
                let owners = Owners::of_sources(&target.whole);
                self.gather(&target.whole, |mut hit| {
                    hit.origin.target.clone_from(&target.name);
                    owners.add(&mut hit.origin, self.ledger);
                    collector.add(HitRecord::new(hit));
                })
            })
        })?;
        // A target that was read in part may not have everything that was found there before.
        let is_left = |at: &usize| !whole.contains(at) || options.stop.is_set();
        let remaining = named.into_iter().enumerate().filter(|(at, _)| is_left(at));
        remaining.flat_map(|(_, hits)| hits).for_each(|hit| collector.add(hit));
        Ok(collector.finish(rules, options.min_confidence, ledger))
    }

    fn gather(&self, sources: &[Source], take: impl FnMut(Hit) + Send) -> Result<(), Error> {
        gather(sources, &self.options.exclude, self.detector, self.ledger, take)
    }
}
