//! Reads only the objects of a repository that an earlier sweep has not read.
//!
//! Packs and loose objects do not change, so their counts are reused. Objects that
//! contained something are read again, since a record has no secrets. All findings, old and new,
//! are attributed together afterwards. The result is that of a pass over everything.
//!
//! Everything is read if it is not certain that this holds: a pack is gone or has another size or
//! checksum, as after `git gc`; a loose object is gone and a pack may need it; a Git LFS object came
//! or went; a pack has no index.

mod plan;
mod record;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;

use super::database::{Database, Found, scan_loose, scan_packs};
use super::visit::Pass;
use crate::coverage::{Count, Coverage, Ledger};
use crate::scan::Detector;
use plan::{Plan, Stored};

pub use record::ObjectsRead;

/// Most ids of objects with findings, and most loose objects, that are recorded.
const MOST: usize = 250_000;

/// The data that two sweeps pass on about a repository and its submodules.
#[derive(Debug, Default)]
pub struct Exchange {
    earlier: Vec<ObjectsRead>,
    now: Mutex<Now>,
}

/// The data that this sweep passes on.
#[derive(Debug, Default)]
pub struct Now {
    /// For a later sweep, one for each object database.
    pub read: Vec<ObjectsRead>,
    /// The number of objects that were not read again.
    pub reused: u64,
}

impl Exchange {
    /// With the records of an earlier sweep.
    pub fn new(earlier: Vec<ObjectsRead>) -> Self {
        Self { earlier, now: Mutex::default() }
    }

    /// Takes what this sweep passes on.
    pub fn take(&self) -> Now {
        std::mem::take(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The reading of one object database, with ledgers of its own for packs and for loose objects.
pub(super) struct Reading<'a> {
    exchange: &'a Exchange,
    database: &'a Database,
    stored: Option<Stored>,
    plan: Plan,
    packs: Part,
    loose: Part,
    is_thin: AtomicBool,
    /// The objects that contain something.
    holding: Mutex<BTreeSet<ObjectId>>,
}

/// The counters that the progress line shows.
const WATCHED: [Count; 3] = [Count::Objects, Count::Commits, Count::Bytes];

/// The packs, or the loose objects.
#[derive(Default)]
struct Part {
    ledger: Ledger,
    /// The counts that are in the ledger of the run already.
    counted: Coverage,
}

impl Part {
    /// Scans, and records what the run counts during the scan.
    fn read<T>(&mut self, run: &Ledger, work: impl FnOnce(&Ledger) -> T) -> T {
        let before = WATCHED.map(|count| run.get(count));
        let _counting = Counting { run, before, counted: &mut self.counted };
        work(&self.ledger)
    }
}

/// Records at its end what the run has counted, also if the scan panics: otherwise that would be counted
/// twice.
struct Counting<'a> {
    run: &'a Ledger,
    before: [u64; 3],
    counted: &'a mut Coverage,
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let after = WATCHED.map(|count| self.run.get(count));
        let [objects, commits, bytes] = [0, 1, 2].map(|at| after[at] - self.before[at]);
        self.counted.objects += objects;
        self.counted.commits += commits;
        self.counted.bytes += bytes;
    }
}

impl<'a> Reading<'a> {
    /// Decides what is read of a database.
    pub(super) fn new(
        exchange: &'a Exchange,
        repo: &gix::Repository,
        database: &'a Database,
    ) -> Self {
        let stored = Stored::list(repo, database);
        let plan = stored.as_ref().map_or(Plan::All, |stored| {
            let earlier = exchange.earlier.iter().find(|it| it.database == stored.place);
            earlier.and_then(|earlier| Plan::new(earlier, stored, database)).unwrap_or(Plan::All)
        });
        let (packs, loose) = (Part::default(), Part::default());
        let is_thin = AtomicBool::new(plan.earlier().is_some_and(|earlier| earlier.thin));
        if let Some(earlier) = plan.earlier() {
            packs.ledger.restore(&earlier.in_packs);
            if plan.keeps_loose() {
                loose.ledger.restore(&earlier.in_loose);
            }
        }
        let holding = Mutex::default();
        Self { exchange, database, stored, plan, packs, loose, is_thin, holding }
    }

    /// Scans what the plan says. Returns true if the pass has seen every object.
    pub(super) fn scan<D: Detector>(&mut self, pass: &Pass<'_, D>) -> bool {
        let holding = &self.holding;
        let found = |text: Found| {
            let mut ids = holding.lock().unwrap_or_else(PoisonError::into_inner);
            // One more than is recorded shows that there are too many.
            if ids.len() <= MOST {
                ids.insert(text.id);
            }
            drop(ids);
            (pass.found)(text);
        };
        let (database, plan, is_thin) = (self.database, &self.plan, &self.is_thin);
        let run = pass.ledger;
        // Some commits alone make no graph, so their headers are not kept.
        let commits = pass.commits.filter(|_| matches!(plan, Plan::All));
        let pass = &Pass { commits, ..*pass };
        self.packs.read(run, |ledger| {
            let pass = pass.of_part(ledger, Some(run), &found);
            if scan_packs(database, &pass, |number| plan.unread_of_pack(database, number)) {
                is_thin.store(true, Ordering::Relaxed);
            }
        });
        self.loose.read(run, |ledger| {
            let pass = pass.of_part(ledger, Some(run), &found);
            scan_loose(database, &pass, |number| plan.unread_of_loose(database, number));
        });
        let Plan::New(new) = plan else { return true };
        // Their counts are reused.
        let again = Ledger::new();
        let pass = pass.of_part(&again, None, &found);
        scan_packs(database, &pass, |number| new.again.get(number)?.as_ref());
        let before = database.stores().packs.len();
        scan_loose(database, &pass, |number| new.again.get(before + number)?.as_ref());
        // Content that could be read earlier and can't be read any more is a problem.
        let known: BTreeSet<_> = new.earlier.problems().cloned().collect();
        let mut problems = again.coverage().problems;
        problems.retain(|problem| !known.contains(problem));
        self.packs.ledger.adopt(&problems, &[]);
        false
    }

    /// Adds what was counted to the ledger of the run. If the pass is `whole`, it is recorded for
    /// the next sweep.
    pub(super) fn finish(self, run: &Ledger, whole: bool) {
        for part in [&self.packs, &self.loose] {
            run.add_part(&part.ledger, &part.counted);
        }
        let (in_packs, in_loose) = (self.packs.ledger.coverage(), self.loose.ledger.coverage());
        let mut now = self.exchange.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.reused += self.plan.reused();
        let holding = self.holding.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(stored) = self.stored.filter(|_| whole && holding.len() <= MOST) else { return };
        now.read.push(ObjectsRead {
            database: stored.place,
            lfs: stored.lfs,
            packs: stored.packs,
            thin: self.is_thin.into_inner(),
            loose: record::of_loose(&stored.loose),
            holding: record::of_ids(&holding),
            in_packs,
            in_loose,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    use super::*;

    #[test]
    fn what_was_counted_before_a_panic_is_counted_once() {
        let (run, mut part) = (Ledger::new(), Part::default());
        let read = || {
            part.read(&run, |ledger| {
                for ledger in [ledger, &run] {
                    WATCHED.iter().zip(1..).for_each(|(count, by)| ledger.add(*count, by));
                }
                resume_unwind(Box::new(()));
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(read)).is_err());
        run.add_part(&part.ledger, &part.counted);
        assert_eq!(WATCHED.map(|count| run.get(count)), [1, 2, 3]);
    }
}
