//! The pass over a whole object database: every blob, commit and tag is scanned once, reachable or
//! not.
//!
//! Findings are returned by object id; their commits, paths and refs are not known here. Tree
//! objects are not read. An object that can't be read is a problem in the ledger, and the remaining
//! ones are scanned.

use std::path::Path;
use std::time::Duration;

use gix::ObjectId;
use gix::objs::Kind;

use super::visit::{Damages, PartPass, Pass};
use crate::coverage::Ledger;
use crate::finding::Candidate;
use crate::scan::Detector;
use crate::source::container;
use crate::stop::Stop;
use keysweep_base::processors;
use keysweep_git::database;
use keysweep_git::forest::Skipped;
use keysweep_git::inflate::Inflater;
use keysweep_git::pack::Pack;
use keysweep_git::visitor::Damage;

pub use keysweep_git::database::{Database, Error};

/// Options for reading a database.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// Number of reading threads; 0 counts as 1.
    pub threads: usize,
    /// True if alternates are read as well.
    pub alternates: bool,
    /// True if all named objects are checked for presence.
    pub connectivity: bool,
    /// False if findings in the objects of a history name only their object.
    pub attribution: bool,
    /// Limits for opening blobs that are containers.
    pub containers: container::ContainerOptions,
    /// Requests an early end.
    pub stop: Stop,
    /// Time after an early end during which findings may still be attributed.
    pub grace_period: Duration,
}

/// The default of [`DatabaseOptions::grace_period`]: enough for most repositories, short enough to
/// wait for.
const PATIENCE: Duration = Duration::from_secs(3);

impl Default for DatabaseOptions {
    fn default() -> Self {
        let threads = processors::count();
        Self {
            threads,
            alternates: true,
            connectivity: false,
            attribution: true,
            containers: container::ContainerOptions::default(),
            stop: Stop::default(),
            grace_period: PATIENCE,
        }
    }
}

impl DatabaseOptions {
    /// The options of the storage layer.
    pub(super) fn storage(&self) -> database::DatabaseOptions {
        database::DatabaseOptions {
            threads: self.threads,
            alternates: self.alternates,
            memory: self.containers.memory.clone(),
            stop: self.stop.clone(),
        }
    }
}

/// The findings in an object. A large object may be reported in several parts.
#[derive(Debug)]
pub struct Found {
    /// The object.
    pub id: ObjectId,
    /// A blob, commit or tag.
    pub kind: Kind,
    /// The candidates, in order of position.
    pub candidates: Vec<Candidate>,
}

/// Scans every blob, commit and tag of a database, each object id once.
///
/// `found` is called from several threads and in no order.
///
/// # Errors
/// If no thread can be started.
pub fn scan<D: Detector>(
    repo: &gix::Repository,
    options: &DatabaseOptions,
    detector: &D,
    ledger: &Ledger,
    found: &(dyn Fn(Found) + Sync),
) -> Result<(), Error> {
    let database = Database::open(repo, &options.storage(), ledger)?;
    scan_opened(&database, &Pass::new(&database, options, detector, ledger, found));
    Ok(())
}

/// Scans every blob, commit and tag; see [`scan`].
pub(super) fn scan_opened<D: Detector>(database: &Database, pass: &Pass<'_, D>) {
    let (packs, loose) = database.duplicates().split_at(database.stores().packs.len());
    scan_packs(database, pass, |number| Some(&packs[number]));
    scan_loose(database, pass, |number| Some(&loose[number]));
}

/// Scans packs without the objects that `skipped` marks in each; it gives `None` for a pack that is
/// not read. Returns true if one of the packs is thin: it has a delta whose base is not in it.
pub(super) fn scan_packs<'s, D: Detector>(
    database: &Database,
    pass: &Pass<'_, D>,
    skipped: impl Fn(usize) -> Option<&'s Skipped>,
) -> bool {
    let mut is_thin = false;
    for (number, pack) in database.stores().packs.iter().enumerate() {
        if let Some(skipped) = skipped(number) {
            is_thin |= read_pack(pass, database, (number, pack), skipped);
        }
    }
    is_thin
}

/// Scans loose objects; see [`scan_packs`].
pub(super) fn scan_loose<'s, D: Detector>(
    database: &Database,
    pass: &Pass<'_, D>,
    skipped: impl Fn(usize) -> Option<&'s Skipped>,
) {
    for (number, loose) in database.stores().loose.iter().enumerate() {
        let Some(skipped) = skipped(number) else { continue };
        let visitor = PartPass { pass, damages: Damages::default() };
        database.visit_loose_without(pass.stop, number, skipped, &visitor);
        visitor.damages.report(loose.folder(), pass.ledger);
    }
}

fn read_pack<D: Detector>(
    pass: &Pass<'_, D>,
    database: &Database,
    (number, pack): (usize, &Pack),
    skipped: &Skipped,
) -> bool {
    let stores = database.stores();
    let mut forest = database.forest_without(number, skipped, &|kind| kind != Kind::Tree);
    // Commits come last: only if something was found are their headers kept.
    forest.roots.sort_by_key(|&(_, kind)| kind == Kind::Commit);
    let visitor = PartPass { pass, damages: Damages::default() };
    database.visit_pack(pass.stop, number, &forest, &visitor);
    let mut inflater = Inflater::new();
    for &number in &forest.broken {
        let id = pack.id(number);
        match stores.read(id, Some(pack), &mut inflater) {
            _ if skipped.get(number as usize).copied().unwrap_or(false) => {}
            Some((kind, bytes)) => pass.single(id.to_owned(), kind, &bytes),
            None => visitor.damages.add(id.to_owned(), &Damage::Header),
        }
    }
    if forest.beyond > 0 {
        let why =
            format!("it is truncated: {} of its {} objects are lost", forest.beyond, pack.len());
        problem(pass.ledger, pack.path(), &why);
    }
    visitor.damages.report(pack.path(), pass.ledger);
    !forest.outside.is_empty()
}

fn problem(ledger: &Ledger, path: &Path, why: &dyn std::fmt::Display) {
    ledger.problem("pack", path.as_os_str().as_encoded_bytes(), why);
}
