//! An opened object database: its packs are mapped, its loose objects are listed.
//!
//! It shows objects to a visitor in the order in which they are stored. Objects that can't be read
//! are recorded, and the remaining ones are still read.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix::ObjectId;
use gix::objs::Kind;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::alternates;
use super::forest::{Forest, Layout, Skipped};
use super::loose::Loose;
use super::pack::Pack;
use super::preflight;
use super::stores::{PackFiles, Stores};
use super::unindexed;
use super::visitor::{Damage, Object, Seen, Visitor};
use super::walk::Walk;
use keysweep_base::memory::MemoryBudget;
use keysweep_base::processors;
use keysweep_base::record::Record;
use keysweep_base::stop::Stop;

/// Options for reading a database.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// Number of reading threads; 0 counts as 1.
    pub threads: usize,
    /// True if alternates are read as well.
    pub alternates: bool,
    /// Limit of the memory held at once.
    pub memory: MemoryBudget,
    /// Requests an early end.
    pub stop: Stop,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        let threads = processors::count();
        Self { threads, alternates: true, memory: MemoryBudget::default(), stop: Stop::default() }
    }
}

/// The reason why a pass could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refuses to start threads.
    #[error("no threads to read with: {0}; try --threads 1")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// An opened database: its packs mapped, its loose objects listed.
pub struct Database {
    stores: Stores,
    /// For each pack, then for each folder of loose objects: the objects that an earlier one holds
    /// as well.
    duplicates: Vec<Skipped>,
    /// For each pack, the contents of its headers, read on first use.
    layouts: Vec<OnceLock<Layout>>,
    pool: rayon::ThreadPool,
    options: DatabaseOptions,
    /// The folder of Git LFS objects; `None` if it is a link that leads out of the repository.
    lfs: Option<PathBuf>,
}

impl Database {
    /// Opens the database of a repository. A pack or folder that can't be opened is a problem in
    /// the ledger.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn open(
        repo: &gix::Repository,
        options: &DatabaseOptions,
        ledger: &dyn Record,
    ) -> Result<Self, Error> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads.max(1))
            .thread_name(|number| format!("objects-{number}"))
            .build()?;
        let options = options.clone();
        let (objects, hash) = (repo.objects.store_ref().path(), repo.object_hash());
        let (stores, duplicates) = pool.install(|| {
            let stores = open(objects, hash, &options, ledger);
            let duplicates = stores.duplicates();
            (stores, duplicates)
        });
        let lfs = preflight::lfs_objects(repo).ok();
        let layouts = stores.packs.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { stores, duplicates, layouts, pool, options, lfs })
    }

    /// The delta forest of a pack, restricted to the kinds that `keep` accepts.
    pub fn forest(&self, pack: usize, keep: &(dyn Fn(Kind) -> bool + Sync)) -> Forest {
        self.forest_without(pack, &self.duplicates[pack], keep)
    }

    /// Like [`Self::forest`], but `skipped` says which objects are not wanted.
    pub fn forest_without(
        &self,
        pack: usize,
        skipped: &Skipped,
        keep: &(dyn Fn(Kind) -> bool + Sync),
    ) -> Forest {
        let stored = &self.stores.packs[pack];
        self.pool.install(|| self.layout(pack).forest(stored, skipped, &keep))
    }

    fn layout(&self, pack: usize) -> &Layout {
        let read = || Layout::read(&self.stores.packs[pack], self.stores.hash);
        self.layouts[pack].get_or_init(read)
    }

    /// Its packs and loose objects.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// For each pack, then for each folder of loose objects: the objects that an earlier one holds
    /// as well.
    pub fn duplicates(&self) -> &[Skipped] {
        &self.duplicates
    }

    /// The folder of Git LFS objects; `None` if it is a link that leads out of the repository.
    pub fn lfs(&self) -> Option<&Path> {
        self.lfs.as_deref()
    }

    /// Limit of the memory held at once.
    pub fn memory(&self) -> &MemoryBudget {
        &self.options.memory
    }

    /// The hash function of the object ids.
    pub fn hash(&self) -> gix::hash::Kind {
        self.stores.hash
    }

    /// Number of threads, at least 1.
    pub fn threads(&self) -> usize {
        self.options.threads.max(1)
    }

    /// The delta forests of all packs, restricted to the kinds that `keep` accepts. Objects that an
    /// earlier pack also holds are included only if their children need them.
    pub fn forests(&self, keep: &(dyn Fn(Kind) -> bool + Sync)) -> Vec<Forest> {
        let packs = self.stores.packs.par_iter().zip(&self.duplicates).enumerate();
        let forests = packs.map(|(number, (pack, duplicates))| {
            self.layout(number).forest(pack, duplicates, &keep)
        });
        self.pool.install(|| forests.collect())
    }

    /// The ids of the trees in `forests`, and of objects whose kind is unknown until they are read.
    pub fn possible_trees(&self, forests: &[Forest]) -> Vec<ObjectId> {
        let is_tree = |kind| kind == Kind::Tree;
        let mut ids = Vec::new();
        for (pack, forest) in self.stores.packs.iter().zip(forests) {
            // Index numbers are in order of ids, so the result is sorted.
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

    /// Shows the wanted objects of a pack that are in its `forest`, each once, from several threads
    /// and in no order. If `stop` is set, the visit ends early and its results must be discarded.
    pub fn visit_pack<V: Visitor>(&self, stop: &Stop, number: usize, forest: &Forest, visitor: &V) {
        let (stores, threads) = (&self.stores, self.threads());
        let (pack, memory) = (&stores.packs[number], &stores.memory);
        self.pool.install(|| Walk { pack, forest, stores, visitor, memory, stop, threads }.run());
    }

    /// Shows the objects of a folder of loose objects.
    pub fn visit_loose<V: Visitor>(&self, stop: &Stop, number: usize, visitor: &V) {
        let doubles = &self.duplicates[self.stores.packs.len() + number];
        self.visit_loose_without(stop, number, doubles, visitor);
    }

    /// Like [`Self::visit_loose`], but `skipped` says which objects are not shown.
    pub fn visit_loose_without<V: Visitor>(
        &self,
        stop: &Stop,
        number: usize,
        skipped: &Skipped,
        visitor: &V,
    ) {
        let (loose, memory) = (&self.stores.loose[number], &self.stores.memory);
        let show = |(number, id): (usize, &ObjectId)| {
            let is_skipped = skipped.get(number).copied().unwrap_or(false);
            if is_skipped || stop.is_set() {
                return;
            }
            let mut opened = match loose.open(id) {
                Ok(opened) => opened,
                Err(error) => {
                    let damage = Damage::File(error.to_string());
                    return visitor.damaged(&Object::loose(id, 0), &damage);
                }
            };
            if visitor.wants(opened.kind) {
                let object = Object::loose(id, opened.size);
                let seen = Seen { object, kind: opened.kind, is_damaged: false };
                if !visitor.stream(&seen, &mut opened.bytes, &mut memory.claim()) {
                    visitor.damaged(&object, &Damage::Bytes);
                }
            }
        };
        self.pool.install(|| loose.ids.par_iter().enumerate().with_max_len(64).for_each(show));
    }
}

/// Opens all packs and lists all loose objects.
pub fn open(
    objects: &Path,
    hash: gix::hash::Kind,
    options: &DatabaseOptions,
    ledger: &dyn Record,
) -> Stores {
    let memory = options.memory.clone();
    let mut stores = Stores { hash, packs: Vec::new(), loose: Vec::new(), memory };
    let mut later = Vec::new();
    for folder in alternates::folders(objects, options.alternates, ledger) {
        stores.loose.push(Loose::list(&folder, hash, ledger));
        let mut files = PackFiles::list(&folder.join("pack"), ledger);
        for (path, index) in files.indexed {
            match Pack::open(&path, &index, hash) {
                Ok(pack) => {
                    if !pack.is_as_indexed() {
                        let why = "it is truncated or damaged: its end does not match its index; the readable part was scanned";
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
        report(&path, is_unfinished, &read, ledger);
        stores.packs.extend(read.ok().map(|read| read.pack));
    }
    stores
}

/// Records how a pack without an index was read. A file that an interrupted transfer left behind is
/// not part of the database, so missing objects in it are not a problem.
fn report(
    path: &Path,
    is_unfinished: bool,
    read: &gix::Result<unindexed::Listed>,
    ledger: &dyn Record,
) {
    let shown = keysweep_base::text::escape_path(path.as_os_str().as_encoded_bytes());
    match read {
        Ok(read) if is_unfinished => {
            let count = read.pack.len();
            ledger
                .note(format!("left by an interrupted transfer: {count} objects read of {shown}"));
        }
        Ok(read) if read.lost > 0 => {
            let why = format!(
                "it has no usable index and is truncated or damaged: {} objects were read, {} are lost",
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

fn problem(ledger: &dyn Record, path: &Path, why: &dyn std::fmt::Display) {
    ledger.problem("pack", path.as_os_str().as_encoded_bytes(), why);
}
