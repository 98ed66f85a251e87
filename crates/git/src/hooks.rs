//! Where git looks for the hooks of a repository.
//!
//! Takes a folder whose owner is the user, gives the folder of its hooks. Unlike a scan, this obeys
//! all of the user's git configuration, as git itself does when it runs a hook; no git program is
//! run. It must not know what a hook does.

use std::path::{Path, PathBuf};

use super::open;
use keysweep_base::paths::canonical;

/// Where a repository's hooks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The folder, which may not exist yet.
    pub folder: PathBuf,
    /// `core.hooksPath` chose it, so that other repositories may share it.
    pub configured: bool,
    /// A link on the way leads here, so that other repositories may share it.
    pub linked: Option<PathBuf>,
    /// The folder of the repository's files; a bare one has none. It receives pushes, and nobody
    /// commits in it.
    pub work_tree: Option<PathBuf>,
}

/// Why the folder can't be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository can't be opened.
    #[error(transparent)]
    Git(#[from] super::error::Error),
    /// Git itself finds no hook there.
    #[error(
        "core.hooksPath is empty, so git runs no hook of this repository: 'git config --show-origin \
         core.hooksPath' names the file; remove the line, or name a folder"
    )]
    Empty,
    /// Only git knows the folder.
    #[error(
        "core.hooksPath is '{0}', and %(prefix) is the folder of git's own installation, which \
         only git knows: name the whole path in it"
    )]
    Prefix(String),
    /// The value is none that git takes.
    #[error("git's configuration can't be read as git reads it: {0}")]
    Value(String),
}

/// Finds the hooks of the repository that `path` names, at that very place; without one, of the
/// repository in or around the current folder.
///
/// # Errors
/// If nothing there is a repository, or it belongs to somebody else, or `core.hooksPath` leads
/// nowhere.
pub fn find(path: Option<&Path>) -> Result<Hooks, Error> {
    let shown = path.unwrap_or(Path::new("."));
    let failure = |error: gix::Error| open::failure(shown, &error);
    let opened = match path {
        Some(path) => {
            let exactly = obedient().open_path_as_is(true);
            gix::ThreadSafeRepository::open_opts(open::git_dir_of(path)?, exactly)
        }
        None => {
            let mapping = gix::sec::trust::Mapping { full: obedient(), reduced: obedient() };
            let options = gix::discover::upwards::Options { cross_fs: true, ..Default::default() };
            gix::ThreadSafeRepository::discover_opts(canonical(shown), options, mapping)
        }
    };
    let repo = opened.map_err(failure)?.to_thread_local();
    let configured = configured(&repo)?;
    // Git runs a hook at the top of the work tree, or in the git folder where there is none.
    let start = || canonical(repo.workdir().unwrap_or(repo.git_dir()));
    let folder = match &configured {
        Some(folder) => start().join(folder),
        None => canonical(repo.common_dir()).join("hooks"),
    };
    // A link that leads nowhere leads to nobody else's hooks.
    let linked = folder.canonicalize().ok().filter(|_| folder.is_symlink());
    let work_tree = repo.workdir().map(canonical);
    Ok(Hooks { folder, configured: configured.is_some(), linked, work_tree })
}

/// `core.hooksPath` as git reads it: the last value counts, and an empty one is no absent one.
fn configured(repo: &gix::Repository) -> Result<Option<PathBuf>, Error> {
    let config = repo.config_snapshot();
    let sections = config.plumbing().sections_by_name("core").into_iter().flatten();
    let mut sections = sections.filter(|section| section.header().subsection_name().is_none());
    let values = sections.by_ref().filter_map(|section| section.value_implicit("hooksPath"));
    let Some(value) = values.last() else { return Ok(None) };
    // Without any value git stops at every command.
    let value = value.map(|value| value.to_string()).unwrap_or_default();
    if value.is_empty() {
        return Err(Error::Empty);
    }
    if value.starts_with("%(prefix)") {
        return Err(Error::Prefix(value));
    }
    let path = config.trusted_path("core.hooksPath");
    path.map_err(|error| Error::Value(error.to_string()))
}

/// The folder that git copies into every new repository, as far as the user's configuration and
/// that of the machine name one.
///
/// # Errors
/// If one of those files can't be read.
pub fn template(home: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    let globals = gix::config::File::from_globals();
    let globals = globals.map_err(|error| Error::Value(error.to_string()))?;
    let Ok(value) = globals.raw_value("init.templateDir") else { return Ok(None) };
    let value = value.to_string();
    let below_home = value.strip_prefix("~/").zip(home).map(|(rest, home)| home.join(rest));
    Ok(Some(below_home.unwrap_or_else(|| PathBuf::from(&value))).filter(|_| !value.is_empty()))
}

/// Obeys every configuration file of the user, but runs no program to find one.
fn obedient() -> gix::open::Options {
    let mut permissions = gix::open::Permissions::all();
    permissions.config.git_binary = false;
    gix::open::Options::default().permissions(permissions).bail_if_untrusted(true)
}
