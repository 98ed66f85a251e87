//! The state of a repository while git runs a hook in it. The advice in a report depends on it.
//!
//! It answers questions about paths and commits, from the repository and git's environment
//! variables. If something can't be read, the usual state is assumed, as only advice depends on it.

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

/// Limit of branches that are searched for one that contains a commit.
const BRANCHES: usize = 100;

/// The index that git commits from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Index {
    /// The repository's own, as `git add` fills it.
    #[default]
    Own,
    /// A temporary one that `git commit -a`, `-i` or `-p` creates.
    All,
    /// A temporary one of the files named on the command line of `git commit`.
    Named,
}

/// A commit of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushedCommit {
    /// HEAD names it.
    pub is_head: bool,
    /// It has no parent.
    pub is_root: bool,
    /// It has more than one parent.
    pub is_merge: bool,
    /// A branch that contains it, if HEAD does not.
    pub branch: Option<String>,
}

/// A repository while a hook runs.
pub struct HookContext {
    repo: gix::Repository,
    objects: Objects,
    head: Option<ObjectId>,
    /// The index that is committed.
    pub index: Index,
    /// True if a merge is being committed.
    pub is_merge: bool,
    /// True if the repository receives a push: the pusher follows the advice elsewhere.
    pub is_receiving: bool,
}

impl HookContext {
    /// Opens the repository that a hook runs in.
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

    /// True if no parent of `commit` has a file at `path`; without a commit, true if HEAD has none.
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

    /// The position of a commit relative to HEAD and the branches.
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

    /// True if `tip` reaches `commit`.
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
