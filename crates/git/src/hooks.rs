//! Finds the folder where git looks for the hooks of a repository.
//!
//! The user must own the repository. Unlike a scan, this obeys all of the user's git configuration,
//! as git does when it runs a hook. No git program is run. This module does not depend on the
//! content of a hook.

use std::path::{Path, PathBuf};

use super::open;
use keysweep_base::paths::canonical;

/// The location of a repository's hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The folder, which may not exist yet.
    pub folder: PathBuf,
    /// True if `core.hooksPath` names it; other repositories may share it then.
    pub configured: bool,
    /// The canonical path, if the folder is a link; other repositories may share it then.
    pub linked: Option<PathBuf>,
    /// The work tree; `None` for a bare repository, which receives pushes and in which nobody
    /// commits.
    pub work_tree: Option<PathBuf>,
}

/// The reason why the folder can't be determined.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository can't be opened.
    #[error(transparent)]
    Git(#[from] super::error::Error),
    /// `core.hooksPath` is empty, so git finds no hook.
    #[error(
        "core.hooksPath is empty, so git runs no hook of this repository: 'git config --show-origin \
         core.hooksPath' names the file; remove the line, or name a folder"
    )]
    Empty,
    /// The value needs the path of git's installation, which only git knows.
    #[error(
        "core.hooksPath is '{0}', and %(prefix) is the folder of git's own installation, which \
         only git knows: name the whole path in it"
    )]
    Prefix(String),
    /// Git does not accept the value.
    #[error("git's configuration can't be read as git reads it: {0}")]
    Value(String),
}

/// Finds the hooks of the repository at exactly `path`; without a path, of the repository in or
/// around the current folder.
///
/// # Errors
/// If there is no repository, if another user owns it, or if `core.hooksPath` is not usable.
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
    // A dangling link is not shared with any other repository.
    let linked = folder.canonicalize().ok().filter(|_| folder.is_symlink());
    let work_tree = repo.workdir().map(canonical);
    Ok(Hooks { folder, configured: configured.is_some(), linked, work_tree })
}

/// Reads `core.hooksPath` as git does: the last value counts, and an empty value differs from a
/// missing one.
fn configured(repo: &gix::Repository) -> Result<Option<PathBuf>, Error> {
    let config = repo.config_snapshot();
    let sections = config.plumbing().sections_by_name("core").into_iter().flatten();
    let mut sections = sections.filter(|section| section.header().subsection_name().is_none());
    let values = sections.by_ref().filter_map(|section| section.value_implicit("hooksPath"));
    let Some(value) = values.last() else { return Ok(None) };
    // Git rejects a key without a value at every command.
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

/// The template folder that git copies into every new repository, if the configuration of the user
/// or of the machine names one.
///
/// # Errors
/// If a configuration file can't be read.
pub fn template(home: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    let globals = gix::config::File::from_globals();
    let globals = globals.map_err(|error| Error::Value(error.to_string()))?;
    let Ok(value) = globals.raw_value("init.templateDir") else { return Ok(None) };
    let value = value.to_string();
    let below_home = value.strip_prefix("~/").zip(home).map(|(rest, home)| home.join(rest));
    Ok(Some(below_home.unwrap_or_else(|| PathBuf::from(&value))).filter(|_| !value.is_empty()))
}

/// Options that obey every configuration file of the user, but run no program to find one.
fn obedient() -> gix::open::Options {
    let mut permissions = gix::open::Permissions::all();
    permissions.config.git_binary = false;
    gix::open::Options::default().permissions(permissions).bail_if_untrusted(true)
}
