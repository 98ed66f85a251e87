//! Reads single files of HEAD.

use std::path::Path;

use gix::objs::Kind;

use super::database::DatabaseOptions;
use super::lookup::{blob_at, commit_tree};
use super::objects::Objects;
use super::open::{self, Environment};
use super::tips;

/// A file of HEAD.
#[derive(Debug)]
pub struct HeadFile {
    /// Its path, one of those that were asked for.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// The first of `paths` that is a file of HEAD. A repository or object that can't be read has none:
/// the scan of the repository reports the reason.
pub fn first(
    repo: Option<&Path>,
    environment: &Environment,
    options: &DatabaseOptions,
    paths: Vec<String>,
) -> Option<HeadFile> {
    let explicit = repo.is_some();
    let repo = open::open(repo, environment).ok()?;
    let environment = environment.of(&repo, explicit);
    let head = tips::head_of(&repo, repo.git_dir())?;
    let objects = Objects::new(&repo, &environment, &options.storage()).ok()?;
    let mut buffer = Vec::new();
    let tree = commit_tree(&objects, &head, &mut buffer)?;
    paths.into_iter().find_map(|path| {
        let blob = blob_at(&objects, &tree, path.as_bytes(), &mut buffer)?;
        let is_blob = objects.find(&blob, &mut buffer).ok()?? == Kind::Blob;
        is_blob.then(|| HeadFile { path, content: buffer.clone() })
    })
}
