//! Random access to objects, for walks over commits and trees.
//!
//! It reads objects by id from the folders of a repository and, in a hook, from the quarantine
//! folders, on several threads. `gix` reads them; an object that `gix` can't read is looked for in
//! all stores of the database, damaged ones included. Replacement refs are not applied and nothing
//! is fetched.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gix::hash::oid;
use gix::objs::{Exists as _, Find as _, Kind};
use gix::odb::Header as _;

use super::database;
use super::error::Error;
use super::inflate::Inflater;
use super::open::Environment;
use super::preflight;
use super::stores::Stores;
use keysweep_base::memory::MemoryBudget;
use keysweep_base::paths::canonical;
use keysweep_base::record::Record;

/// Bytes of delta bases that each thread caches.
const CACHE: usize = 32 * 1024 * 1024;
/// Size limit in bytes of an object that `gix` may read; larger ones are read through [`Stores`],
/// which claims the memory for them.
const LARGE: usize = 32 << 20;
/// The problem text for an object whose content does not match its id.
pub const CHANGED: &str = "its content does not match its id";
/// Number of objects that a thread takes at a time: neighbours share delta bases.
const CHUNK: usize = 128;

/// The object database of one repository, for one thread; cloning is cheap.
#[derive(Clone)]
pub struct Objects {
    stores: Vec<gix::odb::Handle>,
    hash: gix::hash::Kind,
    rest: Arc<FallbackStores>,
    /// True if each object is verified against its id.
    checked: bool,
    /// The folder of Git LFS objects, or the reason why it must not be read.
    lfs: Result<Arc<Path>, String>,
}

/// The stores for what `gix` does not read: folders with files on which it would block, packs with
/// a damaged or missing index, intact copies of damaged objects, and folders with an alternate that
/// is missing or excluded. They are opened on first use.
struct FallbackStores {
    folder: PathBuf,
    hash: gix::hash::Kind,
    alternates: bool,
    memory: MemoryBudget,
    stores: OnceLock<Stores>,
}

impl Objects {
    /// Opens the database of `repo`, and the folders that `environment` adds to it. Alternates are
    /// left out if `options` say so.
    ///
    /// # Errors
    /// If the repository's own object folder can't be read.
    pub fn new(
        repo: &gix::Repository,
        environment: &Environment,
        options: &database::DatabaseOptions,
    ) -> Result<Self, Error> {
        let alternates = options.alternates;
        let own = repo.common_dir().join("objects");
        let avoided = (!alternates && own.join("info/alternates").exists())
            || preflight::check_stores(&own).is_err();
        let mut folders = vec![own.clone()];
        folders.extend(environment.object_directory.clone());
        folders.extend(environment.quarantine.clone());
        folders.extend(environment.alternates.iter().cloned());
        let hash = repo.object_hash();
        let mut seen: Vec<PathBuf> = Vec::new();
        let mut stores = Vec::new();
        for folder in folders {
            let place = canonical(&folder);
            if seen.contains(&place) || (!folder.is_dir() && folder != own) {
                continue;
            }
            seen.push(place);
            if avoided && folder == own {
                continue;
            }
            let bounded = gix::odb::store::init::Options {
                alloc_limit_bytes: Some(LARGE),
                ..Default::default()
            };
            let mut store = match gix::odb::at_opts(&folder, hash, [], bounded) {
                Ok(store) => store,
                // An alternate of this folder is damaged.
                Err(_) if folder == own => continue,
                Err(source) => return Err(Error::File { path: folder, source }),
            };
            store.set_pack_cache(|| {
                Box::new(gix::odb::pack::cache::lru::MemoryCappedHashmap::new(CACHE))
            });
            stores.push(store);
        }
        let memory = options.memory.clone();
        let rest = Arc::new(FallbackStores {
            folder: own,
            hash,
            alternates,
            memory,
            stores: OnceLock::new(),
        });
        let lfs =
            preflight::lfs_objects(repo).map(Arc::from).map_err(|malformed| malformed.to_string());
        Ok(Self { stores, hash, rest, checked: false, lfs })
    }

    /// The same database, but every object is verified against its id, as in `git fsck`: `gix` does
    /// not verify the checksum of a loose object, and a flipped bit would hide a key.
    pub fn checked(self) -> Self {
        Self { checked: true, ..self }
    }

    /// True after [`Self::checked`].
    pub fn is_checked(&self) -> bool {
        self.checked
    }

    /// The folder of Git LFS objects.
    ///
    /// # Errors
    /// The reason why it must not be read.
    pub fn lfs(&self) -> Result<&Path, &str> {
        self.lfs.as_deref().map_err(String::as_str)
    }

    /// Limit of the memory held at once.
    pub fn memory(&self) -> &MemoryBudget {
        &self.rest.memory
    }

    /// The hash function of the object ids.
    pub fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    /// Reads an object into `buffer`; `Ok(None)` if it does not exist.
    ///
    /// # Errors
    /// A description of the damage, if the object exists but can't be read.
    pub fn find(&self, id: &oid, buffer: &mut Vec<u8>) -> Result<Option<Kind>, String> {
        let store = match self.stores_of(id) {
            [only] => Some(only),
            several => several.iter().find(|store| store.exists(id)),
        };
        let found = store.map_or(Ok(None), |store| store.try_find(id, buffer));
        let found = found.map(|data| data.map(|data| data.kind)).map_err(|error| error.to_string());
        if let Ok(Some(kind)) = found
            && self.is_intact(id, kind, buffer)
        {
            return found;
        }
        // The result of `gix` counts unless another copy is intact.
        match self.rest.read(id) {
            Some((kind, bytes)) if self.is_intact(id, kind, &bytes) => {
                *buffer = bytes;
                Ok(Some(kind))
            }
            Some(_) => Err(CHANGED.to_owned()),
            None if matches!(found, Ok(Some(_))) => Err(CHANGED.to_owned()),
            None => found,
        }
    }

    /// The stores that may hold an object. The list is empty if the id is of another hash function
    /// than the repository's: a damaged file may name such an id, and `gix` panics on it.
    fn stores_of(&self, id: &oid) -> &[gix::odb::Handle] {
        if id.kind() == self.hash { &self.stores } else { &[] }
    }

    /// Reads the remaining content of a damaged blob, which `find` refuses because it does not
    /// match its id.
    pub fn salvage(&self, id: &oid, buffer: &mut Vec<u8>) -> bool {
        let unchecked = Self { checked: false, ..self.clone() };
        matches!(unchecked.find(id, buffer), Ok(Some(Kind::Blob)))
    }

    /// True if an object matches its id, or if objects are not verified.
    fn is_intact(&self, id: &oid, kind: Kind, bytes: &[u8]) -> bool {
        let named = || gix::objs::compute_hash(self.hash, kind, bytes);
        !self.checked || named().is_ok_and(|named| named == id)
    }

    /// A hasher for verifying a blob of `size` bytes piece by piece; `None` if objects are not
    /// verified.
    pub fn hasher(&self, size: u64) -> Option<gix::hash::Hasher> {
        self.checked.then(|| {
            let mut hasher = gix::hash::hasher(self.hash);
            hasher.update(&gix::objs::encode::loose_header(Kind::Blob, size));
            hasher
        })
    }

    /// Passes a large object that is not a delta to `show` piece by piece; returns the result of
    /// `show`.
    pub fn stream<T>(&self, id: &oid, show: impl FnOnce(u64, &mut dyn Read) -> T) -> Option<T> {
        let size =
            self.stores_of(id).iter().find_map(|store| Some(store.try_header(id).ok()??.size()))?;
        if size <= LARGE as u64 { None } else { self.rest.stores().stream(id, show) }
    }

    /// The kind of an object; `None` if it is missing or damaged. The object is read only if its
    /// usual copy is damaged.
    pub fn kind(&self, id: &oid) -> Option<Kind> {
        let kind = self.stores_of(id).iter().find_map(|it| Some(it.try_header(id).ok()??.kind()));
        kind.or_else(|| self.rest.read(id).map(|(kind, _)| kind))
    }

    /// Reads an object of a known kind. A missing or damaged object, or one of another kind, is
    /// recorded as a problem, with `named_by` as the object that names it.
    pub fn expect(
        &self,
        id: &oid,
        kind: Kind,
        named_by: &str,
        buffer: &mut Vec<u8>,
        ledger: &dyn Record,
    ) -> bool {
        let Some(why) = self.why_unreadable(id, kind, named_by, buffer) else { return true };
        ledger.problem(&kind.to_string(), id.to_hex().to_string().as_bytes(), &why);
        false
    }

    /// Reads an object of a known kind; returns the reason if it can't be read.
    pub fn why_unreadable(
        &self,
        id: &oid,
        kind: Kind,
        named_by: &str,
        buffer: &mut Vec<u8>,
    ) -> Option<String> {
        match self.find(id, buffer) {
            Ok(Some(found)) if found == kind => None,
            Ok(Some(found)) => {
                Some(format!("{named_by} names it as a {kind}, but it is a {found}"))
            }
            Ok(None) => Some(format!(
                "missing, though {named_by} names it: fetch it, or repair with `git fsck`"
            )),
            Err(error) => {
                Some(format!("damaged: {error}; fetch it again, or repair with `git fsck`"))
            }
        }
    }

    /// True if the object exists; it is not read.
    pub fn has(&self, id: &oid) -> bool {
        self.stores_of(id).iter().any(|store| store.exists(id)) || self.rest.stores().holds(id)
    }

    /// True if `gix` reads all folders, alternates included.
    pub fn is_whole(&self) -> bool {
        !self.stores.is_empty()
    }

    /// A copy of the repository that reads objects through these stores, for operations that only
    /// `gix` implements.
    pub fn attach_to(&self, repo: &gix::Repository) -> gix::Repository {
        let mut repo = repo.clone();
        if let Some(store) = self.stores.first() {
            repo.objects = store.clone().into();
        }
        repo
    }
}

impl FallbackStores {
    fn read(&self, id: &oid) -> Option<(Kind, Vec<u8>)> {
        self.stores().read(id, None, &mut Inflater::new())
    }

    fn stores(&self) -> &Stores {
        self.stores.get_or_init(|| {
            // The pass over the whole database reports problems of the stores.
            let memory = self.memory.clone();
            let options = database::DatabaseOptions {
                threads: 1,
                alternates: self.alternates,
                memory,
                ..Default::default()
            };
            database::open(&self.folder, self.hash, &options, &())
        })
    }
}

/// Applies `work` to every item on `threads` threads; results are in the order of the items.
pub fn on_threads<T: Sync, R: Send>(
    objects: &Objects,
    threads: usize,
    items: &[T],
    work: impl Fn(&Objects, &mut Vec<u8>, &T) -> R + Sync,
) -> Vec<R> {
    if threads <= 1 || items.len() <= CHUNK {
        let mut buffer = Vec::new();
        return items.iter().map(|item| work(objects, &mut buffer, item)).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let run = |objects: &Objects| {
        let mut buffer = Vec::new();
        loop {
            let start = next.fetch_add(CHUNK, Ordering::Relaxed);
            let Some(chunk) = items.get(start..(start + CHUNK).min(items.len())) else { break };
            if chunk.is_empty() {
                break;
            }
            let answers: Vec<R> =
                chunk.iter().map(|item| work(objects, &mut buffer, item)).collect();
            done.lock().unwrap_or_else(PoisonError::into_inner).push((start, answers));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let own = objects.clone();
            let run = &run;
            // If no other thread starts, this one does all the work.
            if std::thread::Builder::new().spawn_scoped(scope, move || run(&own)).is_err() {
                break;
            }
        }
        run(objects);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|&(start, _)| start);
    done.into_iter().flat_map(|(_, answers)| answers).collect()
}
