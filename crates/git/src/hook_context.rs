//! Where a repository stands while git runs a hook in it: what a way on depends on.
//!
//! Takes a repository and git's environment, answers questions about paths and commits. What can't
//! be read is answered as if it were the usual, as only advice depends on it.

use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;

use super::database;
use super::error::Error;
use super::lookup::{blob_at, commit_tree};
use super::objects::Objects;
use super::open::{self, Environment};
use super::parse;
use super::tips;

/// Most branches that are looked through for the one that holds a commit.
const BRANCHES: usize = 100;

/// The index that git commits from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Index {
    /// The repository's own, as `git add` fills it.
    #[default]
    Own,
    /// One that `git commit -a`, `-i` or `-p` made, and that is gone with it.
    All,
    /// One of the files that `git commit` was given by name.
    Named,
}

/// A commit of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushedCommit {
    /// It is what HEAD names.
    pub is_head: bool,
    /// It has no parent.
    pub is_root: bool,
    /// It has several parents.
    pub is_merge: bool,
    /// The branch that holds it, if HEAD does not.
    pub branch: Option<String>,
}

/// A repository at the moment of a hook.
pub struct HookContext {
    repo: gix::Repository,
    objects: Objects,
    head: Option<ObjectId>,
    /// Which index is committed.
    pub index: Index,
    /// A merge is being committed.
    pub is_merge: bool,
    /// Somebody pushes to it: what is advised happens elsewhere.
    pub is_receiving: bool,
}

impl HookContext {
    /// Of the repository that a hook runs in.
    ///
    /// # Errors
    /// If it can't be opened.
    pub fn of(repo: Option<&Path>, environment: &Environment) -> Result<Self, Error> {
        let opened = open::open(repo, environment)?;
        let environment = environment.of(&opened, repo.is_some());
        let objects = Objects::new(&opened, &environment, &database::DatabaseOptions::default())?;
        let name = environment.index_file.as_deref().and_then(Path::file_name);
        let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let index = match name.as_str() {
            "index.lock" => Index::All,
            name if name.starts_with("next-index-") => Index::Named,
            _ => Index::Own,
        };
        let is_merge =
            !environment.merging.is_empty() || opened.git_dir().join("MERGE_HEAD").exists();
        let head = tips::head_of(&opened, opened.git_dir());
        let is_receiving = environment.quarantine.is_some() || opened.workdir().is_none();
        Ok(Self { repo: opened, objects, head, index, is_merge, is_receiving })
    }

    /// Whether no parent of `commit` has a file at `path`; without a commit, whether HEAD has none.
    pub fn is_new(&self, path: &[u8], commit: Option<&str>) -> bool {
        let parents = match commit {
            Some(id) => self.parents(id).unwrap_or_default(),
            None => self.head.into_iter().collect(),
        };
        let mut buffer = Vec::new();
        !parents.iter().any(|parent| {
            let tree = commit_tree(&self.objects, parent, &mut buffer);
            tree.is_some_and(|tree| blob_at(&self.objects, &tree, path, &mut buffer).is_some())
        })
    }

    /// Where a commit stands.
    pub fn place(&self, commit: &str) -> PushedCommit {
        let Some(id) = ObjectId::from_hex(commit.as_bytes()).ok() else {
            return PushedCommit::default();
        };
        let parents = self.parents(commit).map(|parents| parents.len());
        let is_head = self.head == Some(id);
        let is_held = self.head.is_none_or(|head| self.holds(head, id));
        let branch = if is_held { None } else { self.branch(id) };
        PushedCommit { is_head, is_root: parents == Some(0), is_merge: parents > Some(1), branch }
    }

    fn parents(&self, commit: &str) -> Option<Vec<ObjectId>> {
        let id = ObjectId::from_hex(commit.as_bytes()).ok()?;
        let mut buffer = Vec::new();
        match self.objects.find(&id, &mut buffer) {
            Ok(Some(Kind::Commit)) => parse::commit(&buffer).map(|commit| commit.parents),
            _ => None,
        }
    }

    /// Whether `tip` reaches `commit`.
    fn holds(&self, tip: ObjectId, commit: ObjectId) -> bool {
        tip == commit
            || self
                .repo
                .merge_base(tip, commit)
                .is_ok_and(|base| base.is_some_and(|base| base.detach() == commit))
    }

    /// The first branch whose tip reaches `commit`.
    fn branch(&self, commit: ObjectId) -> Option<String> {
        let refs = self.repo.references().ok()?;
        let branches = refs.local_branches().ok()?.filter_map(Result::ok).take(BRANCHES);
        for mut branch in branches {
            let tip = branch.peel_to_id().ok().map(gix::Id::detach);
            if tip.is_some_and(|tip| self.holds(tip, commit)) {
                return Some(branch.name().shorten().to_string());
            }
        }
        None
    }
}
