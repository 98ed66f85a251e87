//! Opens repositories that are not trusted.
//!
//! Only the repository's local configuration is read, and only for how to read the database. No
//! program is run, no configuration outside of the repository is read, and replacement refs are not
//! applied. This module does not depend on what is read from the repository later.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use gix::odb::store::init::Slots;

use super::error::Error;
use super::listing;
use super::preflight;
use keysweep_base::paths::canonical;
use keysweep_base::record::Record;
use keysweep_base::text::escape_path;

/// Slots for packs in the store that `gix` opens with a repository. Counting the packs would make
/// `gix` read alternates before they are checked, and objects are read through other stores.
const PACKS: u16 = 1024;

/// The environment variables of git; a hook gets its repository through them.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `GIT_DIR`.
    pub git_dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`.
    pub work_tree: Option<PathBuf>,
    /// `GIT_INDEX_FILE`.
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY`.
    pub object_directory: Option<PathBuf>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`.
    pub alternates: Vec<PathBuf>,
    /// `GIT_QUARANTINE_PATH`: objects of a push that is not accepted yet.
    pub quarantine: Option<PathBuf>,
    /// The commits of `GITHEAD_<id>`: git sets them during a merge, and runs pre-merge-commit
    /// before it writes MERGE_HEAD.
    pub merging: Vec<ObjectId>,
    /// The repositories that were opened with it.
    pub opened: Opened,
}

/// The repositories that a run has opened. Several parts of a run need the same one: for its
/// settings, for its objects, and for its origin.
#[derive(Clone, Default)]
pub struct Opened(Arc<Mutex<Vec<(Asked, gix::ThreadSafeRepository)>>>);

/// A path, `GIT_DIR` and `GIT_WORK_TREE`.
type Asked = [Option<PathBuf>; 3];

impl fmt::Debug for Opened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Opened")
    }
}

impl Opened {
    fn once(
        &self,
        asked: Asked,
        open: impl FnOnce() -> Result<gix::Repository, Error>,
    ) -> Result<gix::Repository, Error> {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, repo)) = opened.iter().find(|(known, _)| *known == asked) {
            return Ok(repo.to_thread_local());
        }
        let repo = open()?;
        opened.push((asked, repo.clone().into_sync()));
        Ok(repo)
    }
}

impl Environment {
    /// Reads the variables of this process; an empty one counts as unset.
    pub fn from_process() -> Self {
        let path = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        Self {
            git_dir: path("GIT_DIR"),
            work_tree: path("GIT_WORK_TREE"),
            index_file: path("GIT_INDEX_FILE"),
            object_directory: path("GIT_OBJECT_DIRECTORY"),
            alternates: std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES")
                .map(|list| std::env::split_paths(&list).collect())
                .unwrap_or_default(),
            quarantine: path("GIT_QUARANTINE_PATH"),
            merging: std::env::vars_os().filter_map(|(name, _)| merged(&name)).collect(),
            opened: Opened::default(),
        }
    }

    /// The variables that apply to `repo`: none if it was named explicitly.
    ///
    /// A quarantine inside of its own object folder still applies, because a hook of this
    /// repository is running then.
    #[must_use]
    pub fn of(&self, repo: &gix::Repository, explicit: bool) -> Self {
        if !explicit {
            return self.clone();
        }
        let objects = canonical(&repo.common_dir().join("objects"));
        let own = |path: &Path| canonical(path).starts_with(&objects);
        if self.quarantine.as_deref().is_some_and(own) {
            return Self { git_dir: None, work_tree: None, index_file: None, ..self.clone() };
        }
        Self::default()
    }
}

/// The commit in the name of a variable `GITHEAD_<id>`.
fn merged(name: &std::ffi::OsStr) -> Option<ObjectId> {
    let id = name.as_encoded_bytes().strip_prefix(b"GITHEAD_")?;
    ObjectId::from_hex(id).ok()
}

/// Opens the repository at `path`; without one, that of `GIT_DIR`, otherwise the one in or around
/// the current folder.
///
/// A named repository is opened at exactly that path: one around it is a different repository. Only
/// without a name is it searched for upwards, as in git. A run opens each once.
///
/// # Errors
/// If there is no repository, or its format is unknown.
pub fn open(path: Option<&Path>, environment: &Environment) -> Result<gix::Repository, Error> {
    let (git_dir, work_tree) = (environment.git_dir.clone(), environment.work_tree.clone());
    let asked = [path.map(Path::to_owned), git_dir, work_tree];
    environment.opened.once(asked, || open_anew(path, environment))
}

fn open_anew(path: Option<&Path>, environment: &Environment) -> Result<gix::Repository, Error> {
    if let Some(path) = path {
        let git = git_dir_of(path)?;
        preflight::check_git_dir(&git)?;
        let broken = |error: gix::Error| Error::Open { path: path.into(), why: error.to_string() };
        return gix::open_opts(git, trusting(true)).map_err(broken);
    }
    let from_environment = environment.git_dir.as_deref();
    let start = from_environment.unwrap_or(Path::new("."));
    preflight::check(start)?;
    let opened = match from_environment {
        Some(git_dir) => gix::open_opts(git_dir, trusting(git_dir != Path::new("."))),
        None => discover(start),
    };
    let mut repo = opened.map_err(|error| failure(start, &error))?;
    if from_environment.is_some()
        && let Some(tree) = &environment.work_tree
    {
        repo.set_workdir(Some(tree.clone())).map_err(|error| failure(start, &error))?;
    }
    Ok(repo)
}

/// The git folder of the repository at `path`, or the file in its place: its `.git`, or `path`
/// itself if that is a git folder.
///
/// # Errors
/// If there is no repository at exactly that path; the error names the one around it.
pub fn git_dir_of(path: &Path) -> Result<PathBuf, Error> {
    let place = absolute(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let git = place.join(".git");
    if git.symlink_metadata().is_ok() {
        return Ok(git);
    }
    // The files are checked before they are read: they may be FIFOs.
    let looks_like_git = |up: &Path| up.join("HEAD").exists() && up.join("objects").exists();
    if looks_like_git(&place) {
        preflight::check_git_dir(&place)?;
        if is_git_folder(&place) {
            return Ok(place);
        }
    }
    let path = path.to_owned();
    let is_around = |up: &&Path| up.join(".git").exists() || looks_like_git(up);
    match place.ancestors().skip(1).find(is_around) {
        Some(around) => Err(Error::InsideAnother { path, around: around.to_owned() }),
        None => Err(Error::NotARepository { path }),
    }
}

/// The path with links and `..` resolved, so that its ancestors are the folders above it.
#[cfg(unix)]
fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    path.canonicalize()
}

/// The path with `..` resolved. Canonical paths of Windows do not accept a further `..`, which
/// git's own files contain.
#[cfg(not(unix))]
fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    path.metadata()?;
    std::path::absolute(path)
}

/// Records the repository that is scanned.
pub fn note_place(repo: &gix::Repository, ledger: &dyn Record) {
    let place = canonical(repo.workdir().unwrap_or(repo.git_dir()));
    ledger.scanned("repository", place.as_os_str().as_encoded_bytes());
}

/// The work tree of `repo`, if not only the repository itself claims it.
///
/// `core.worktree` may name any folder of the machine. It is accepted if the `.git` of that folder
/// leads back here, if the environment sets the work tree, or if `GIT_DIR` is set and the current
/// folder is inside. Otherwise the work tree is the folder that contains `.git`, if there is one.
pub fn work_tree(repo: &gix::Repository, environment: &Environment) -> Option<PathBuf> {
    let claimed = repo.workdir()?;
    if is_vouched_for(repo, claimed, environment) {
        return Some(claimed.to_owned());
    }
    let git = canonical(repo.git_dir());
    let folder = git.parent().filter(|folder| canonical(&folder.join(".git")) == git);
    folder.map(Path::to_owned)
}

fn is_vouched_for(repo: &gix::Repository, tree: &Path, environment: &Environment) -> bool {
    let git = tree.join(".git");
    let own = preflight::target(&git).unwrap_or(git);
    let is_inside = |folder: PathBuf| canonical(&folder).starts_with(canonical(tree));
    canonical(&own) == canonical(repo.git_dir())
        || environment.work_tree.is_some()
        || environment.git_dir.is_some() && std::env::current_dir().is_ok_and(is_inside)
}

/// Records that a repository names a work tree which is not its own.
pub fn note_work_tree(repo: &gix::Repository, environment: &Environment, ledger: &dyn Record) {
    if let Some(tree) = repo.workdir().filter(|tree| !is_vouched_for(repo, tree, environment)) {
        let tree = escape_path(tree.as_os_str().as_encoded_bytes());
        ledger.note(format!(
            "core.worktree leads to {tree}, where nothing leads back to this repository: no \
             configuration and no baseline is looked for there (--config and --baseline name them)"
        ));
    }
}

/// Opens exactly the git folder at `path`, such as that of a submodule.
///
/// # Errors
/// If it is not a repository, or its format is unknown.
pub fn open_git_dir(path: &Path) -> Result<gix::Repository, Error> {
    preflight::check_git_dir(path)?;
    gix::open_opts(path, trusting(true)).map_err(|error| failure(path, &error))
}

/// True if `path` itself is a git folder: a bare repository, or a `.git`. Not if a file in it is not
/// safe to read, because the search reads it whole.
pub fn is_git_folder(path: &Path) -> bool {
    preflight::check_git_dir(path).is_ok() && gix::discover::is_git(path).is_ok()
}

/// True if `path` is a git folder or contains `.git`.
pub fn is_repository(path: &Path) -> bool {
    is_git_folder(&path.join(".git")) || is_git_folder(path)
}

/// The commits at which a shallow clone was cut; their parents are missing. If the file can't be
/// read, that is a problem in the ledger.
pub fn shallow_boundary(repo: &gix::Repository, ledger: &dyn Record) -> Vec<ObjectId> {
    let path = repo.common_dir().join("shallow");
    let problem = |why: &dyn std::fmt::Display| {
        ledger.problem("shallow clone", path.as_os_str().as_encoded_bytes(), why);
    };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problem(&error);
            return Vec::new();
        }
    };
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let ids: Vec<Option<ObjectId>> =
        lines.filter(|line| !line.is_empty()).map(|line| ObjectId::from_hex(line).ok()).collect();
    if ids.contains(&None) {
        problem(&"a line of it is not a commit id: run `git fetch --unshallow`");
    }
    ids.into_iter().flatten().collect()
}

/// True if the repository is a partial clone: objects may have been left on the server.
pub fn is_partial_clone(repo: &gix::Repository, ledger: &dyn Record) -> bool {
    let config = repo.config_snapshot();
    let configured = config.string("extensions.partialClone").is_some();
    let packs = listing::entries(&repo.common_dir().join("objects/pack"), ledger);
    let promised = packs.iter().any(|entry| {
        Path::new(&entry.file_name()).extension().is_some_and(|extension| extension == "promisor")
    });
    configured || promised
}

/// Records that a partial clone does not have all objects. The configured filter holds for
/// `git fetch --refetch` too.
pub fn note_partial_clone(repo: &gix::Repository, ledger: &dyn Record) {
    ledger.problem(
        "partial clone",
        repo.common_dir().as_os_str().as_encoded_bytes(),
        &"objects that were left on the server are not read: clone it without --filter, or run \
          `git fetch --refetch --no-filter`",
    );
}

/// Options for an untrusted repository: local configuration only, no environment, no includes.
fn trusting(as_is: bool) -> gix::open::Options {
    gix::open::Options::isolated()
        .config_overrides(["core.useReplaceRefs=false"])
        .open_path_as_is(as_is)
        .object_store_slots(Slots::Given(PACKS))
        .with(gix::sec::Trust::Full)
}

/// Opens the repository in or around `start`. The search starts from an absolute path: for a
/// relative path, `gix` may confuse a bare repository above it with a folder further up.
fn discover(start: &Path) -> gix::Result<gix::Repository> {
    let start = &absolute(start).unwrap_or_else(|_| start.to_owned());
    let options = gix::discover::upwards::Options {
        trust: gix::discover::upwards::TrustPolicy::Assume(gix::sec::Trust::Full),
        cross_fs: true,
        ..Default::default()
    };
    let trusting = trusting(false);
    let mapping = gix::sec::trust::Mapping { full: trusting.clone(), reduced: trusting };
    gix::ThreadSafeRepository::discover_opts(start, options, mapping).map(Into::into)
}

/// The format of the refs, if it is not `files`.
pub fn unread_ref_format(repo: &gix::Repository) -> Option<String> {
    let format = repo.config_snapshot().string("extensions.refStorage")?.to_string();
    (!format.eq_ignore_ascii_case("files")).then_some(format)
}

/// Refuses an unsupported format of refs, for commands that need refs.
///
/// # Errors
/// If refs are not stored in files.
pub fn require_refs(repo: &gix::Repository) -> Result<(), Error> {
    match unread_ref_format(repo) {
        Some(format) => Err(Error::RefFormat { path: repo.git_dir().to_owned(), format }),
        None => Ok(()),
    }
}

/// The reason why `path` can't be opened: there is no repository, or it is damaged.
pub fn failure(path: &Path, error: &gix::Error) -> Error {
    let here = path.ancestors().any(is_repository)
        || std::env::current_dir()
            .is_ok_and(|folder| folder.join(path).ancestors().any(is_repository));
    if here {
        Error::Open { path: path.to_owned(), why: error.to_string() }
    } else {
        Error::NotARepository { path: path.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_opens_a_repository_once() {
        let folder = tempfile::tempdir().expect("a folder");
        gix::init(folder.path()).expect("a repository");
        let run = Environment::default();
        open(Some(folder.path()), &run).expect("a repository");
        std::fs::write(folder.path().join(".git/config"), "[").expect("written");
        assert!(open(Some(folder.path()), &run.clone()).is_ok(), "it is opened again");
        assert!(
            open(Some(folder.path()), &Environment::default()).is_err(),
            "another run opens it"
        );
    }
}
