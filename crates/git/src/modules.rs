//! The submodules whose databases lie under a repository's git folder.

use std::path::{Component, Path, PathBuf};

use super::listing;
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
    let mut found = Vec::new();
    let folder = repo.common_dir().join("modules");
    search(&folder, &folder, b"", DEEPEST, ledger, &mut found);
    found.sort_by(|a, b| a.git_dir.cmp(&b.git_dir));
    found
}

fn search(
    folder: &Path,
    modules: &Path,
    prefix: &[u8],
    depth: usize,
    ledger: &dyn Record,
    found: &mut Vec<Module>,
) {
    let entries = listing::entries(folder, ledger);
    if entries.is_empty() {
        return;
    }
    if depth == 0 {
        let why = format!("submodules nested deeper than {DEEPEST} are not read");
        return ledger.problem("submodule", folder.as_os_str().as_encoded_bytes(), &why);
    }
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {}
            Ok(_) => continue,
            Err(error) => {
                ledger.problem("submodule", path.as_os_str().as_encoded_bytes(), &error);
                continue;
            }
        }
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            let name = path.strip_prefix(modules).unwrap_or(&path).to_owned();
            let place = place(&path).unwrap_or(name);
            let place = [prefix, place.as_os_str().as_encoded_bytes(), b"/"].concat();
            let inner = path.join("modules");
            search(&inner, &inner, &place, depth - 1, ledger, found);
            found.push(Module { git_dir: path, prefix: place });
        } else {
            search(&path, modules, prefix, depth - 1, ledger, found);
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
