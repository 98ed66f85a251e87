//! The pass over a whole git database: every blob, commit and tag, reachable or not, once.
//!
//! Takes an opened repository and a detector, gives what was found by object id; which commit,
//! path or ref an object belongs to is not known here. No tree object is read. What can't be
//! read is a problem of the ledger, and all the rest is scanned.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use gix::ObjectId;
use gix::objs::Kind;
use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelIterator,
};

use super::alternates;
use super::forest::{Forest, Layout, Skipped};
use super::inflate::Inflater;
use super::loose::Loose;
use super::pack::Pack;
use super::sound;
use super::stores::{PackFiles, Stores};
use super::structure::{Damaged, Structure, StructurePass};
use super::unindexed;
use super::visit::{Damages, PackPass, Pass};
use super::walk::{Damage, Walk};
use crate::coverage::Ledger;
use crate::finding::Candidate;
use crate::memory::Memory;
use crate::scan::Detector;
use crate::source::container;
use crate::stop::Stop;

/// How a database is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that read; 0 counts as 1.
    pub threads: usize,
    /// Whether object folders that the database borrows from are read as well.
    pub alternates: bool,
    /// Whether it is checked that everything is here that is named.
    pub connectivity: bool,
    /// How far blobs that are containers are opened.
    pub containers: container::Options,
    /// Asks for an early end.
    pub stop: Stop,
    /// How long after that end what was found by then may still be attributed.
    pub patience: Duration,
}

/// See [`Options::patience`]: long enough for most repositories, short enough to wait for.
const PATIENCE: Duration = Duration::from_secs(3);

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            threads,
            alternates: true,
            connectivity: false,
            containers: container::Options::default(),
            stop: Stop::default(),
            patience: PATIENCE,
        }
    }
}

/// What was found in an object. A large object may be told in several parts.
#[derive(Debug)]
pub struct Found {
    /// The object.
    pub id: ObjectId,
    /// A blob, commit or tag.
    pub kind: Kind,
    /// What was found, ordered by place.
    pub candidates: Vec<Candidate>,
}

/// Why a pass could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system gives no threads.
    #[error("no threads to read with: {0}; try --threads 1")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Scans every blob, commit and tag object of a database, each object id once.
///
/// `found` is called from several threads and in no order.
///
/// # Errors
/// If no thread can be started.
pub fn scan<D: Detector>(
    repo: &gix::Repository,
    options: &Options,
    detector: &D,
    ledger: &Ledger,
    found: &(dyn Fn(Found) + Sync),
) -> Result<(), Error> {
    Database::open(repo, options, ledger)?.scan(detector, ledger, found);
    Ok(())
}

/// An opened database: its packs mapped, its loose objects listed.
pub(super) struct Database<'a> {
    stores: Stores,
    /// For each pack, then for each folder of loose objects: what an earlier one holds as well.
    duplicates: Vec<Skipped>,
    /// For each pack what its headers say, once somebody asked.
    layouts: Vec<OnceLock<Layout>>,
    pool: rayon::ThreadPool,
    options: &'a Options,
    /// Where the objects of Git LFS are, unless the way there leads elsewhere.
    lfs: Option<PathBuf>,
}

impl<'a> Database<'a> {
    /// Opens a repository's database; what can't be opened is a problem of the ledger.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn open(
        repo: &gix::Repository,
        options: &'a Options,
        ledger: &Ledger,
    ) -> Result<Self, Error> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads.max(1))
            .thread_name(|number| format!("objects-{number}"))
            .build()?;
        let (objects, hash) = (repo.objects.store_ref().path(), repo.object_hash());
        let (stores, duplicates) = pool.install(|| {
            let stores = open(objects, hash, options, ledger);
            let duplicates = stores.duplicates();
            (stores, duplicates)
        });
        let layouts = stores.packs.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { stores, duplicates, layouts, pool, options, lfs: sound::lfs_objects(repo).ok() })
    }

    /// Scans every blob, commit and tag; see [`scan`].
    pub(super) fn scan<D: Detector>(
        &self,
        detector: &D,
        ledger: &Ledger,
        found: &(dyn Fn(Found) + Sync),
    ) {
        let (containers, stop) = (&self.options.containers, &self.options.stop);
        let lfs = self.lfs.as_deref();
        let pass = Pass { detector, containers, ledger, found, stop, lfs };
        let stores = &self.stores;
        let (packed, loose) = self.duplicates.split_at(stores.packs.len());
        self.pool.install(|| {
            for (number, (pack, skipped)) in stores.packs.iter().zip(packed).enumerate() {
                let texts = |kind| kind != Kind::Tree;
                let forest = self.layout(number).forest(pack, skipped, &texts);
                read_pack(&pass, stores, pack, &forest, skipped, self.options.threads.max(1));
            }
            for (loose, skipped) in stores.loose.iter().zip(loose) {
                read_loose(&pass, loose, skipped);
            }
        });
    }

    fn layout(&self, pack: usize) -> &Layout {
        let read = || Layout::read(&self.stores.packs[pack], self.stores.hash);
        self.layouts[pack].get_or_init(read)
    }

    /// What may be held at once.
    pub(super) fn memory(&self) -> &Memory {
        &self.options.containers.memory
    }

    /// How the objects are named.
    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.stores.hash
    }

    /// The delta forests of all packs, of the kinds of objects that are kept; objects that an
    /// earlier pack holds as well, or that are not wanted, are in them for their children only.
    pub(super) fn forests(
        &self,
        keep: &(dyn Fn(Kind) -> bool + Sync),
        wanted: Option<&(dyn Fn(&gix::oid) -> bool + Sync)>,
    ) -> Vec<Forest> {
        let packs = self.stores.packs.par_iter().zip(&self.duplicates).enumerate();
        let forests = packs.map(|(number, (pack, duplicates))| {
            let is_double = |number| duplicates.get(number as usize).copied().unwrap_or(false);
            let listed = wanted.map(|wanted| {
                let numbers = (0..pack.len()).into_par_iter();
                numbers.map(|number| is_double(number) || !wanted(pack.id(number))).collect()
            });
            self.layout(number).forest(pack, listed.as_ref().unwrap_or(duplicates), &keep)
        });
        self.pool.install(|| forests.collect())
    }

    /// The ids of the trees in `forests` and of what may be trees: objects whose kind is not known
    /// before they are read.
    pub(super) fn possible_trees(&self, forests: &[Forest]) -> Vec<ObjectId> {
        let is_tree = |kind| kind == Kind::Tree;
        let mut ids = Vec::new();
        for (pack, forest) in self.stores.packs.iter().zip(forests) {
            // In order of their numbers the ids are in order too.
            let mut possible = vec![false; pack.len() as usize];
            for node in forest.nodes.iter().filter(|node| node.kind.is_none_or(is_tree)) {
                possible[node.number as usize] = true;
            }
            let numbers = (0..pack.len()).filter(|&number| possible[number as usize]);
            ids.extend(numbers.map(|number| pack.id(number).to_owned()));
        }
        ids.extend(self.stores.loose.iter().flat_map(|loose| &loose.ids));
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Shows a reader all that it wants of the objects in `forests` and of the loose ones, each
    /// once, from several threads and in no order. What is damaged is not shown. Once `stop` is
    /// set it ends, and what was shown is worth nothing.
    pub(super) fn structure<R: Structure>(&self, stop: &Stop, forests: &[Forest], reader: &R) {
        let stores = &self.stores;
        let threads = self.options.threads.max(1);
        self.pool.install(|| {
            for (pack, forest) in stores.packs.iter().zip(forests) {
                let visitor = StructurePass { reader, pack, damaged: Damaged::default() };
                let memory = &stores.memory;
                Walk { pack, forest, stores, visitor: &visitor, memory, stop, threads }.run();
            }
            for (loose, doubles) in stores.loose.iter().zip(&self.duplicates[stores.packs.len()..])
            {
                loose.ids.par_iter().enumerate().for_each(|(number, id)| {
                    let is_double = doubles.get(number).copied().unwrap_or(false);
                    if is_double || stop.is_set() || !reader.wants(id) {
                        return;
                    }
                    let mut claim = stores.memory.claim();
                    let read = loose.read_if(id, &mut claim, &|kind| reader.reads(kind));
                    if let Some((kind, bytes)) = read {
                        reader.object(id, kind, None, &bytes, false);
                    }
                });
            }
        });
    }
}

/// Opens all packs and lists all loose objects.
pub(super) fn open(
    objects: &Path,
    hash: gix::hash::Kind,
    options: &Options,
    ledger: &Ledger,
) -> Stores {
    let memory = options.containers.memory.clone();
    let mut stores = Stores { hash, packs: Vec::new(), loose: Vec::new(), memory };
    let mut later = Vec::new();
    for folder in alternates::folders(objects, options.alternates, ledger) {
        stores.loose.push(Loose::list(&folder, hash, ledger));
        let mut files = PackFiles::list(&folder.join("pack"), ledger);
        for (path, index) in files.indexed {
            match Pack::open(&path, &index, hash) {
                Ok(pack) => {
                    if !pack.is_as_indexed() {
                        let why = "it is cut or damaged: it does not end as its index says; what is readable was scanned";
                        problem(ledger, &path, &why);
                    }
                    stores.packs.push(pack);
                }
                // A damaged index does not make the pack unreadable.
                Err(error) => {
                    problem(ledger, &index, &error);
                    files.bare.push(path);
                }
            }
        }
        later.extend(files.bare.into_iter().map(|path| (path, false)));
        later.extend(files.unfinished.into_iter().map(|path| (path, true)));
    }
    for (path, is_unfinished) in later {
        let read = unindexed::read(&path, &stores, &options.stop, options.threads.max(1));
        tell(&path, is_unfinished, &read, ledger);
        stores.packs.extend(read.ok().map(|read| read.pack));
    }
    stores
}

/// Tells how a pack without an index was read. What an interrupted transfer left is no part of
/// the database, so what it lacks is no problem.
fn tell(path: &Path, is_unfinished: bool, read: &gix::Result<unindexed::Read>, ledger: &Ledger) {
    let shown = crate::text::escape_path(path.as_os_str().as_encoded_bytes());
    match read {
        Ok(read) if is_unfinished => {
            let count = read.pack.len();
            ledger
                .note(format!("left by an interrupted transfer: {count} objects read of {shown}"));
        }
        Ok(read) if read.lost > 0 => {
            let why = format!(
                "it has no usable index and is cut or damaged: {} objects were read, {} are lost",
                read.pack.len(),
                read.lost
            );
            problem(ledger, path, &why);
        }
        Ok(_) => ledger.note(format!("pack without index read: {shown}")),
        Err(_) if is_unfinished => {
            ledger.note(format!("left by an interrupted transfer, nothing to read: {shown}"));
        }
        Err(error) => problem(ledger, path, error),
    }
}

fn read_pack<D: Detector>(
    pass: &Pass<'_, D>,
    stores: &Stores,
    pack: &Pack,
    forest: &Forest,
    skipped: &Skipped,
    threads: usize,
) {
    let visitor = PackPass { pass, pack, damages: Damages::default() };
    let (memory, stop) = (&stores.memory, pass.stop);
    let walk = Walk { pack, forest, stores, visitor: &visitor, memory, stop, threads };
    walk.run();
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
        let why = format!("it is cut: {} of its {} objects are lost", forest.beyond, pack.len());
        problem(pass.ledger, pack.path(), &why);
    }
    visitor.damages.tell(pack.path(), pass.ledger);
}

fn read_loose<D: Detector>(pass: &Pass<'_, D>, loose: &Loose, skipped: &[bool]) {
    let damages = Damages::default();
    loose.ids.par_iter().enumerate().with_max_len(64).for_each(|(number, id)| {
        if !skipped.get(number).copied().unwrap_or(false) && !pass.stop.is_set() {
            pass.loose(loose, id, &damages);
        }
    });
    damages.tell(loose.folder(), pass.ledger);
}

fn problem(ledger: &Ledger, path: &Path, why: &dyn std::fmt::Display) {
    ledger.problem("pack", path.as_os_str().as_encoded_bytes(), why);
}
