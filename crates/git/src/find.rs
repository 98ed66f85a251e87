//! Repositories below a folder: clones, bare repositories, linked worktrees and submodules.
//!
//! Takes a folder, lists what is in it without reading a file but `.git` ones, and gives each
//! repository once. No link is followed and no ignore file is obeyed: a clone that the clone
//! around it ignores is a repository all the same. Must not know what is read of them later.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::open;
use keysweep_base::paths::canonical;
use keysweep_base::stop::Stop;

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The root of its work tree, or its git folder if it is bare; in its one absolute spelling.
    pub root: PathBuf,
    /// Whether it has no work tree.
    pub is_bare: bool,
    /// The folder of its database, which linked worktrees share; the root if it can't be told.
    pub common: PathBuf,
    /// Its git folder; the root if it can't be told.
    pub git_dir: PathBuf,
    /// Why it can't be read.
    pub fault: Option<String>,
}

impl Repository {
    /// The repository whose root or git folder `path` is; `None` if it is none.
    ///
    /// One that is damaged is a repository: whoever reads it is told why it can't be read.
    pub fn at(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let has_git = path.join(".git").exists();
        if !has_git && !looks_bare(&path) {
            return None;
        }
        let git_dir = if has_git { path.join(".git") } else { path.clone() };
        let opened = open::open(Some(&path), &open::Environment::default());
        let damaged = || "it is damaged, or no git repository: see `git fsck` there".to_owned();
        let (git_dir, common, fault) = match opened {
            Ok(repo) => (canonical(repo.git_dir()), canonical(repo.common_dir()), None),
            Err(Error::NotARepository { .. } | Error::InsideAnother { .. }) => {
                (git_dir.clone(), git_dir, Some(damaged()))
            }
            Err(Error::Open { .. }) if !open::is_repository(&path) => {
                (git_dir.clone(), git_dir, Some(damaged()))
            }
            Err(error) => (git_dir.clone(), git_dir, Some(error.to_string())),
        };
        Some(Self { root: path, is_bare: !has_git, common, git_dir, fault })
    }

    /// The databases with which its history is read: its own, and that of the repository whose
    /// submodule it is.
    pub fn databases(&self) -> impl Iterator<Item = &Path> {
        let modules =
            self.git_dir.ancestors().filter(|up| up.file_name() == Some("modules".as_ref()));
        modules.filter_map(Path::parent).chain([self.common.as_path()])
    }

    /// Bytes of its packs: what reading its history costs, roughly.
    pub fn size(&self) -> u64 {
        // An estimate: what can't be listed is told by whoever reads it.
        let packs = fs::read_dir(self.common.join("objects/pack")).into_iter().flatten().flatten();
        packs.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
    }
}

/// What is below a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their paths; the folder itself is first if it is one.
    pub repositories: Vec<Repository>,
    /// Folders that could not be listed.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Finds all repositories in `top`, which is in its one absolute spelling, and below.
///
/// Memory grows with the number of folders of one path, not with that of all.
pub fn below(top: &Path, stop: &Stop) -> Found {
    let mut found = Found::default();
    let mut waiting = vec![top.to_owned()];
    while let Some(folder) = waiting.pop() {
        if stop.is_set() {
            break;
        }
        match list(&folder) {
            Ok(listed) => {
                if listed.git_is_link && folder != top {
                    let why = "its .git is a link, which is not followed: name the repository";
                    found.unreadable.push((folder.join(".git"), io::Error::other(why)));
                }
                let is_bare = !listed.has_git && listed.bare.len() == MARKS.len();
                if listed.has_git || is_bare {
                    found.repositories.extend(Repository::at(&folder));
                }
                if !is_bare {
                    waiting.extend(listed.folders);
                }
            }
            Err(error) => found.unreadable.push((folder, error)),
        }
    }
    found.repositories.sort_by(|a, b| a.root.cmp(&b.root));
    found
}

/// What stands in a folder.
#[derive(Default)]
struct Listed {
    folders: Vec<PathBuf>,
    has_git: bool,
    git_is_link: bool,
    bare: HashSet<&'static str>,
}

/// What every git folder holds.
const MARKS: [&str; 3] = ["HEAD", "objects", "refs"];

fn list(folder: &Path) -> io::Result<Listed> {
    let mut listed = Listed::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if let Some(mark) = MARKS.into_iter().find(|mark| name == **mark) {
            listed.bare.insert(mark);
        }
        if name == ".git" {
            listed.has_git = !kind.is_symlink();
            listed.git_is_link = kind.is_symlink();
        } else if kind.is_dir() {
            listed.folders.push(entry.path());
        }
    }
    Ok(listed)
}

fn looks_bare(folder: &Path) -> bool {
    MARKS.into_iter().all(|mark| folder.join(mark).symlink_metadata().is_ok())
}
