//! Where git looks for the hooks of a repository.
//!
//! Takes a folder whose owner is the user, gives the folder of its hooks. Unlike a scan, this obeys
//! all of the user's git configuration, as git itself does when it runs a hook; no git program is
//! run. It must not know what a hook does.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::open;

/// Where a repository's hooks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The folder, which may not exist yet.
    pub folder: PathBuf,
    /// `core.hooksPath` chose it, so that other repositories may share it.
    pub configured: bool,
    /// The repository has no work tree: it receives pushes, and nobody commits in it.
    pub bare: bool,
}

/// Finds the hooks of the repository that `path` names, at that very place; without one, of the
/// repository in or around the current folder.
///
/// # Errors
/// If nothing there is a repository, or it belongs to somebody else.
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
            gix::ThreadSafeRepository::discover_opts(open::canonical(shown), options, mapping)
        }
    };
    let repo = opened.map_err(failure)?.to_thread_local();
    let configured = repo.config_snapshot().trusted_path("core.hooksPath").map_err(failure)?;
    // Git runs a hook at the top of the work tree, or in the git folder where there is none.
    let start = || open::canonical(repo.workdir().unwrap_or(repo.git_dir()));
    let folder = match &configured {
        Some(folder) => start().join(folder),
        None => open::canonical(repo.common_dir()).join("hooks"),
    };
    Ok(Hooks { folder, configured: configured.is_some(), bare: repo.workdir().is_none() })
}

/// Obeys every configuration file of the user, but runs no program to find one.
fn obedient() -> gix::open::Options {
    let mut permissions = gix::open::Permissions::all();
    permissions.config.git_binary = false;
    gix::open::Options::default().permissions(permissions).bail_if_untrusted(true)
}
