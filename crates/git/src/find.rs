//! Finds repositories below a folder: clones, bare repositories, linked worktrees and submodules.
//!
//! It lists folders, reads no file but `.git` files, and returns each repository once. Links are
//! not followed. Ignore files are not obeyed: a clone that the surrounding clone ignores is still a
//! repository. This module does not depend on how the repositories are read later.

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
    /// The root of its work tree, or its git folder if it is bare, as a canonical path.
    pub root: PathBuf,
    /// True if it has no work tree.
    pub is_bare: bool,
    /// The folder of its database, which linked worktrees share; the root if it is unknown.
    pub common: PathBuf,
    /// Its git folder; the root if it is unknown.
    pub git_dir: PathBuf,
    /// The reason why it can't be read.
    pub fault: Option<String>,
}

impl Repository {
    /// The repository whose root or git folder `path` is; `None` if `path` is not a repository.
    ///
    /// A damaged repository counts: reading it later reports the reason.
    pub fn at(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let has_git = path.join(".git").exists();
        if !has_git && !looks_bare(&path) {
            return None;
        }
        let git_dir = if has_git { path.join(".git") } else { path.clone() };
        let opened = open::open(Some(&path), &open::Environment::default());
        let damaged = || "it is damaged, or not a git repository: see `git fsck` there".to_owned();
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

    /// The databases that its history needs: its own, and that of the repository whose submodule it
    /// is.
    pub fn databases(&self) -> impl Iterator<Item = &Path> {
        let modules =
            self.git_dir.ancestors().filter(|up| up.file_name() == Some("modules".as_ref()));
        modules.filter_map(Path::parent).chain([self.common.as_path()])
    }

    /// Size of its packs in bytes, an estimate of the cost of reading its history.
    pub fn size(&self) -> u64 {
        // This is an estimate: the code that reads the folder reports errors in listing it.
        let packs = fs::read_dir(self.common.join("objects/pack")).into_iter().flatten().flatten();
        packs.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
    }
}

/// The repositories below a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// Sorted by path; the folder itself is first if it is a repository.
    pub repositories: Vec<Repository>,
    /// Folders that could not be listed.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Finds all repositories at and below `top`, a canonical path.
///
/// Memory grows with the number of folders along one path, not with the number of all folders.
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

/// The entries of a folder.
#[derive(Default)]
struct Listed {
    folders: Vec<PathBuf>,
    has_git: bool,
    git_is_link: bool,
    bare: HashSet<&'static str>,
}

/// Names that every git folder contains.
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
