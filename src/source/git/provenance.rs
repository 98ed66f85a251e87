//! The origin of a repository, for reports that name it: remote, revision and branch.
//!
//! Nothing is scanned and no setting is obeyed. A repository that can't be read has no provenance,
//! and its scan reports the reason.

use std::path::Path;

use super::open::{self, Environment};
use super::tips;
use crate::provenance::Provenance;
use crate::text::escape_path;

/// The provenance of the repository at or above `path`; without a path, of the repository of the
/// environment or around the current folder. The revision is HEAD.
pub fn of_repository(path: Option<&Path>, environment: &Environment) -> Option<Provenance> {
    let repo = open::open(path, environment).ok()?;
    let revision = tips::head_of(&repo, repo.git_dir()).map(|id| id.to_string());
    Some(of(&repo, revision, branch_of_head(&repo)))
}

/// The provenance of an open repository whose `revision` was scanned.
pub(super) fn of(
    repo: &gix::Repository,
    revision: Option<String>,
    branch: Option<String>,
) -> Provenance {
    Provenance::new(remote(repo).as_deref(), revision, branch)
}

/// Short name of the branch of HEAD.
pub(super) fn branch_of_head(repo: &gix::Repository) -> Option<String> {
    branch(repo.head_name().ok()??.as_bstr())
}

/// Short name of a ref if it is a branch.
pub(super) fn branch(name: &[u8]) -> Option<String> {
    name.strip_prefix(b"refs/heads/").map(escape_path)
}

/// The URL of `origin`, or of the only remote.
fn remote(repo: &gix::Repository) -> Option<String> {
    let config = repo.config_snapshot();
    let names = repo.remote_names();
    let name = match names.iter().find(|name| name.as_slice() == b"origin") {
        Some(origin) => origin,
        None => names.iter().next().filter(|_| names.len() == 1)?,
    };
    let key = format!("remote.{name}.url");
    config.string(key.as_str()).map(|url| url.to_string())
}
