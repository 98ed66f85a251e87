//! `keysweep sweep`: from arguments to the targets of the run.
//!
//! Takes paths, finds the repositories at and below them, and gives targets, each place once. A
//! folder of clones gives one target for each clone and one for the files outside of them. It does
//! not know how a target is scanned; [`rows`] shows how each ended, [`state`] records it.

pub mod rows;
pub mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use crate::coverage::Problem;
use crate::opaque;
use crate::run::sweep::Target;
use crate::source::git::find::{self, Repository};
use crate::source::{files, git};
use crate::stop::Stop;
use crate::text::escape_path;

/// The cost of a target besides its packs, in bytes: the estimate needs a number.
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
    /// Ends the search for repositories.
    pub stop: Stop,
}

/// Parses the targets on standard input: one a line or, if there is a NUL, separated by NUL.
pub fn read_list(list: &[u8]) -> Vec<PathBuf> {
    let end = if list.contains(&0) { 0 } else { b'\n' };
    let lines = list.split(|&byte| byte == end).map(|line| match end {
        0 => line,
        _ => line.strip_suffix(b"\r").unwrap_or(line),
    });
    lines.filter(|line| !line.is_empty()).map(path).collect()
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
pub fn targets(given: &[PathBuf], template: &Template) -> Vec<Target> {
    let mut places = TargetList::default();
    for path in given {
        places.add(path, &template.stop);
    }
    places.targets(template)
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

    fn targets(mut self, template: &Template) -> Vec<Target> {
        self.drop_submodules();
        let readers = self.readers();
        let mut targets = Vec::new();
        for (root, repository) in &self.repositories {
            let reader = readers.get(&repository.common).filter(|reader| *reader != root);
            let files = self.files_of(root, repository.is_bare, template);
            let mut target = self.target(root, files);
            match (reader, &repository.fault) {
                (_, Some(why)) => target.broken = Some(why.clone()),
                (None, _) => target.history = Some(history(root, template)),
                (Some(reader), _) => {
                    let reader = self.name(reader);
                    target.note = Some(format!("its history was scanned with that of {reader}"));
                }
            }
            target.weight += if reader.is_none() { repository.size() } else { 0 };
            targets.push(target);
        }
        for folder in &self.folders {
            targets.push(self.target(folder, self.files_of(folder, false, template)));
        }
        for file in &self.files {
            let holder = file.parent().unwrap_or(file);
            let mut target = self.target(file, files_in(file, holder, Vec::new(), template));
            target.holder = self.name(holder);
            targets.push(target);
        }
        for (path, why) in &self.unreadable {
            let holder = targets.iter_mut().filter(|target| path.starts_with(&target.place));
            if let Some(holder) = holder.max_by_key(|target| target.place.as_os_str().len()) {
                let inner = path.strip_prefix(&holder.place).unwrap_or(path);
                let path = escape_path(inner.as_os_str().as_encoded_bytes());
                holder.problems.push(Problem { what: "folder".into(), path, why: why.clone() });
            }
        }
        targets.sort_by(|a, b| a.place.cmp(&b.place));
        targets.extend(self.broken.iter().map(|(path, why)| broken(path, why)));
        targets
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

    /// The files of a target, without other targets inside it.
    fn files_of(&self, root: &Path, is_bare: bool, template: &Template) -> files::FileOptions {
        // Paths are ordered by their parts, so everything below a path follows it.
        let inside = |path: &&PathBuf| path.starts_with(root);
        let below = |set: &BTreeSet<PathBuf>| -> Vec<PathBuf> {
            set.range(root.to_owned()..).take_while(inside).cloned().collect()
        };
        let repositories = self.repositories.range(root.to_owned()..).map(|(path, _)| path);
        let mut apart: Vec<PathBuf> = repositories.take_while(inside).cloned().collect();
        apart.extend(below(&self.folders));
        apart.extend(below(&self.files));
        apart.retain(|path| path != root);
        if is_bare {
            apart.extend(OWN.map(|name| root.join(name)));
        }
        files_in(root, root, apart, template)
    }

    fn target(&self, place: &Path, files: files::FileOptions) -> Target {
        let name = self.name(place);
        Target {
            holder: name.clone(),
            name,
            place: place.to_owned(),
            files: Some(files),
            history: None,
            broken: None,
            problems: Vec::new(),
            note: None,
            weight: FILES,
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
    // Whether a credential is strong is decided for the whole sweep.
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

fn broken(given: &Path, why: &str) -> Target {
    // A URL as an argument may contain a password.
    let name = opaque::redacted(&escape_path(given.as_os_str().as_encoded_bytes()));
    Target {
        holder: name.clone(),
        name,
        place: given.to_owned(),
        files: None,
        history: None,
        broken: Some(why.to_owned()),
        problems: Vec::new(),
        note: None,
        weight: 0,
    }
}
