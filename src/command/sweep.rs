//! `keysweep sweep`: from arguments to the targets of the run.
//!
//! Takes paths, finds the repositories at and below them, and returns targets, each place once. A
//! folder of clones gives one target for each clone and one for the files outside of them. It does
//! not know how a target is scanned; [`mod@plan`] writes the targets down, [`shard`] chooses a part of
//! them, [`rows`] shows how each ended, [`state`] records it.

pub mod partial;
pub mod plan;
pub mod rows;
pub mod shard;
pub mod state;
mod weight;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::coverage::Problem;
use crate::opaque;
use crate::source::git::find::{self, Repository};
use crate::source::{files, git};
use crate::stop::Stop;
use crate::text::escape_path;
use plan::{Kind, Planned};

/// The cost of a target without its packs, in bytes: the estimate needs a number.
const FILES: u64 = 1 << 20;

/// Files of a bare repository that `history` reads with more details.
const OWN: [&str; 4] = ["objects", "refs", "logs", "lfs"];

/// The options of every target.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// Options for files; the paths are filled in.
    pub files: files::FileOptions,
    /// Options for the object database.
    pub database: git::database::DatabaseOptions,
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Finds the targets, in the order of their absolute paths; those that can't be found come last.
///
/// Names are relative to the deepest folder that contains all arguments; a folder of clones
/// contains itself. They depend neither on the current folder nor on the spelling of a path.
pub fn plan(given: &[PathBuf], stop: &Stop) -> Vec<Planned> {
    let mut places = TargetList::default();
    for path in given {
        places.add(path, stop);
    }
    places.plan()
}

/// Sets the weights of targets that were found, more precisely than the search does.
pub fn set_weights(plan: &mut [Planned], alternates: bool) {
    plan.iter_mut().for_each(|planned| weight::set_weight(planned, alternates));
}

/// The places to scan, each once.
#[derive(Default)]
struct TargetList {
    repositories: BTreeMap<PathBuf, Repository>,
    folders: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
    /// Arguments that can't be found, with the reason.
    broken: BTreeMap<PathBuf, String>,
    unreadable: BTreeMap<PathBuf, String>,
    /// The deepest folder that contains all arguments.
    base: Option<PathBuf>,
}

impl TargetList {
    fn add(&mut self, given: &Path, stop: &Stop) {
        match given.canonicalize().and_then(|path| Ok((path.metadata()?, path))) {
            Ok((kind, path)) if kind.is_dir() => self.add_folder(&path, stop),
            Ok((kind, path)) if kind.is_file() => {
                self.widen(path.parent());
                self.files.insert(path);
            }
            Ok(_) => {
                let why = "neither a file nor a folder".to_owned();
                self.broken.insert(given.to_owned(), why);
            }
            Err(error) => {
                let url = given.to_string_lossy().contains("://");
                let why = if url && error.kind() == io::ErrorKind::NotFound {
                    "a URL is not a target: clone it first, because keysweep fetches nothing"
                        .to_owned()
                } else {
                    error.to_string()
                };
                self.broken.insert(given.to_owned(), why);
            }
        }
    }

    fn add_folder(&mut self, path: &Path, stop: &Stop) {
        let itself = Repository::at(path);
        let is_bare = itself.as_ref().is_some_and(|repository| repository.is_bare);
        match itself {
            Some(repository) => {
                self.widen(path.parent().or(Some(path)));
                self.repositories.insert(path.to_owned(), repository);
            }
            None => {
                self.widen(Some(path));
                self.folders.insert(path.to_owned());
            }
        }
        if is_bare {
            return;
        }
        let found = find::below(path, stop);
        for repository in found.repositories {
            self.repositories.insert(repository.root.clone(), repository);
        }
        for (path, error) in found.unreadable {
            self.unreadable.insert(path, error.to_string());
        }
    }

    fn widen(&mut self, folder: Option<&Path>) {
        let Some(folder) = folder else { return };
        let shared = match &self.base {
            Some(base) => {
                let both = base.components().zip(folder.components());
                both.take_while(|(one, two)| one == two).map(|(one, _)| one).collect()
            }
            None => folder.to_owned(),
        };
        self.base = Some(shared);
    }

    fn plan(mut self) -> Vec<Planned> {
        self.drop_submodules();
        let readers = self.readers();
        let mut plan = Vec::new();
        for (root, repository) in &self.repositories {
            let reader = readers.get(&repository.common).filter(|reader| *reader != root);
            let reads = repository.fault.is_none() && reader.is_none();
            let found = self.planned(root, Kind::Repository);
            plan.push(Planned {
                bare: repository.is_bare,
                weight: FILES + if reader.is_none() { repository.size() } else { 0 },
                objects: reads.then(|| repository.common.join("objects")),
                history_with: reader.map(|reader| self.name(reader)),
                why: repository.fault.clone(),
                ..found
            });
        }
        plan.extend(self.folders.iter().map(|folder| self.planned(folder, Kind::Rest)));
        plan.extend(self.files.iter().map(|file| self.planned(file, Kind::File)));
        for (path, why) in &self.unreadable {
            let holder = plan.iter_mut().filter(|planned| path.starts_with(&planned.place));
            if let Some(holder) = holder.max_by_key(|planned| planned.place.as_os_str().len()) {
                let inner = path.strip_prefix(&holder.place).unwrap_or(path);
                let path = escape_path(inner.as_os_str().as_encoded_bytes());
                holder.problems.push(Problem { what: "folder".into(), path, why: why.clone() });
            }
        }
        plan.extend(self.broken.iter().map(|(path, why)| missing(path, why)));
        plan::sort(&mut plan);
        plan
    }

    /// Drops submodules inside the work tree of the repository that has their database: both their
    /// files and their history are scanned with it.
    fn drop_submodules(&mut self) {
        let roots: HashMap<PathBuf, PathBuf> = self
            .repositories
            .values()
            .map(|repository| (repository.common.clone(), repository.root.clone()))
            .collect();
        self.repositories.retain(|root, repository| {
            let outer = repository.databases().filter(|database| *database != repository.common);
            let mut outer = outer.filter_map(|database| roots.get(database));
            !outer.any(|outer| root != outer && root.starts_with(outer))
        });
    }

    /// For each object database, the root of the repository that scans it.
    fn readers(&self) -> HashMap<PathBuf, PathBuf> {
        let mut readers: HashMap<PathBuf, PathBuf> = HashMap::new();
        let mut linked = Vec::new();
        for (root, repository) in &self.repositories {
            // A linked worktree shares the database, but the main one knows more about it.
            if repository.git_dir == repository.common {
                readers.entry(repository.common.clone()).or_insert_with(|| root.clone());
            } else {
                linked.push((root, repository));
            }
        }
        for (root, repository) in linked {
            readers.entry(repository.common.clone()).or_insert_with(|| root.clone());
        }
        let outer: Vec<(PathBuf, PathBuf)> = self
            .repositories
            .values()
            .filter_map(|repository| {
                let mut outer = repository.databases().filter(|it| *it != repository.common);
                let outer = outer.find_map(|database| readers.get(database))?;
                Some((repository.common.clone(), outer.clone()))
            })
            .collect();
        readers.extend(outer);
        readers
    }

    /// A target with the outermost places inside of it that are targets themselves.
    fn planned(&self, place: &Path, kind: Kind) -> Planned {
        // Paths are ordered by their parts, so everything below a path follows it.
        let after = (Bound::Excluded(place.to_owned()), Bound::Unbounded);
        let inside = |path: &&PathBuf| path.starts_with(place);
        let repositories = self.repositories.range(after.clone()).map(|(path, _)| path);
        let mut inner: Vec<&PathBuf> = repositories.take_while(inside).collect();
        for set in [&self.folders, &self.files] {
            inner.extend(set.range(after.clone()).take_while(inside));
        }
        inner.sort();
        let mut apart: Vec<PathBuf> = Vec::new();
        for path in inner.into_iter().filter_map(|path| path.strip_prefix(place).ok()) {
            if !apart.last().is_some_and(|outer| path.starts_with(outer)) {
                apart.push(path.to_owned());
            }
        }
        Planned {
            name: self.name(place),
            place: place.to_owned(),
            kind,
            bare: false,
            weight: FILES,
            objects: None,
            apart,
            history_with: None,
            why: None,
            problems: Vec::new(),
        }
    }

    fn name(&self, place: &Path) -> String {
        let base = self.base.as_deref().unwrap_or(Path::new("/"));
        let inner = place.strip_prefix(base).unwrap_or(place);
        match escape_path(inner.as_os_str().as_encoded_bytes()) {
            name if name.is_empty() => ".".to_owned(),
            name => name,
        }
    }
}

fn history(root: &Path, template: &Template) -> git::history::HistoryOptions {
    // The whole sweep decides if a credential is strong.
    git::history::HistoryOptions {
        repo: Some(root.to_owned()),
        database: template.database.clone(),
        ..Default::default()
    }
}

fn files_in(
    path: &Path,
    counted_from: &Path,
    apart: Vec<PathBuf>,
    template: &Template,
) -> files::FileOptions {
    files::FileOptions {
        paths: vec![path.to_owned()],
        counted_from: Some(counted_from.to_owned()),
        apart,
        ..template.files.clone()
    }
}

fn missing(given: &Path, why: &str) -> Planned {
    Planned {
        // A URL as an argument may contain a password.
        name: opaque::redacted(&escape_path(given.as_os_str().as_encoded_bytes())),
        place: given.to_owned(),
        kind: Kind::Missing,
        bare: false,
        weight: 0,
        objects: None,
        apart: Vec::new(),
        history_with: None,
        why: Some(why.to_owned()),
        problems: Vec::new(),
    }
}
