//! The submodules whose databases lie under a repository's git folder.

use std::collections::HashSet;
use std::fs::DirEntry;
use std::path::{Component, Path, PathBuf};

use super::{listing, preflight};
use keysweep_base::paths::canonical;
use keysweep_base::record::Record;

/// Limit of nested modules; the names of modules may also contain slashes.
const DEEPEST: usize = 32;

/// A submodule's database.
pub struct Module {
    /// Its git folder.
    pub git_dir: PathBuf,
    /// Its path in the outermost work tree, with a trailing slash.
    pub prefix: Vec<u8>,
}

/// Finds them all, in order of their folders.
pub fn below(repo: &gix::Repository, ledger: &dyn Record) -> Vec<Module> {
    let git = repo.common_dir();
    let mut search = Search { ledger, found: Vec::new(), seen: HashSet::new() };
    search.folder(git, &git.join("modules"), b"", DEEPEST);
    let mut found = search.found;
    found.sort_by(|a, b| a.git_dir.cmp(&b.git_dir));
    found
}

struct Search<'a> {
    ledger: &'a dyn Record,
    found: Vec<Module>,
    /// The folders that were searched, without links: those of two repositories may lead in a circle.
    seen: HashSet<PathBuf>,
}

impl Search<'_> {
    /// Searches a folder in `modules` of the git folder `git`.
    fn folder(&mut self, git: &Path, folder: &Path, prefix: &[u8], depth: usize) {
        let mut entries = listing::entries_of_git(git, folder, self.ledger);
        if entries.is_empty() || !self.seen.insert(canonical(folder)) {
            return;
        }
        if depth == 0 {
            let why = format!("submodules nested deeper than {DEEPEST} are not read");
            let path = folder.as_os_str().as_encoded_bytes();
            return self.ledger.problem("submodule", path, &why);
        }
        entries.sort_by_key(DirEntry::file_name);
        let modules = git.join("modules");
        for path in entries.iter().map(DirEntry::path) {
            if !preflight::is_folder(git, &path, self.ledger) {
                continue;
            }
            if path.join("HEAD").is_file() && path.join("objects").is_dir() {
                if !self.seen.insert(canonical(&path)) {
                    continue;
                }
                let name = path.strip_prefix(&modules).unwrap_or(&path).to_owned();
                let place = place(&path).unwrap_or(name);
                let place = [prefix, place.as_os_str().as_encoded_bytes(), b"/"].concat();
                self.folder(&path, &path.join("modules"), &place, depth - 1);
                self.found.push(Module { git_dir: path, prefix: place });
            } else {
                self.folder(git, &path, prefix, depth - 1);
            }
        }
    }
}

/// The submodule's path in the surrounding work tree, from its own `core.worktree`: the part of
/// that path after the git folders (`../../../vendor/lib`).
fn place(git_dir: &Path) -> Option<PathBuf> {
    // Scanning the submodule reports why it can't be opened.
    let repo = super::open::open_git_dir(git_dir).ok()?;
    let tree = repo.config_snapshot().string("core.worktree")?;
    let tree = Path::new(std::str::from_utf8(&tree).ok()?).to_owned();
    let inside: PathBuf = tree
        .components()
        .skip_while(|part| matches!(part, Component::ParentDir | Component::CurDir))
        .collect();
    let plain = inside.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && inside.components().next().is_some() && tree.is_relative()).then_some(inside)
}
