//! Scans the files of a git folder outside of its database: hooks, `FETCH_HEAD`, `COMMIT_EDITMSG`,
//! recorded conflicts, patches of a rebase, files of other programs; and the names of checked-out
//! files.
//!
//! Each hit has the path of its file. Files that other modules read are excluded.

use std::fs::File;
use std::path::{Path, PathBuf};

use gix::ObjectId;

use super::lookup::commit_tree;
use super::objects::Objects;
use super::staging::Staged;
use super::{changes, database, listing, reflogs};
use crate::coverage::{Count, Ledger};
use crate::finding::{GitObject, GitOrigin, HeldBy, Origin};
use crate::scan::{Detector, Hit};
use crate::source::container::{Scanner, Text};
use crate::source::names::Names;
use keysweep_base::paths::canonical;
use keysweep_base::stop::Stop;

/// Entries that other modules read: the database, refs, reflogs, other git folders, and the
/// indexes, whose names are searched.
const ELSEWHERE: [&str; 9] = [
    "config",
    "config.worktree",
    "index",
    "lfs",
    "logs",
    "modules",
    "objects",
    "refs",
    "worktrees",
];

/// Scans the remaining files of the git folder and of the git folders of linked worktrees.
pub(super) fn scan<D: Detector>(
    repo: &gix::Repository,
    options: &database::DatabaseOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let (git, common) = (canonical(repo.git_dir()), canonical(repo.common_dir()));
    let mut folders = vec![git.clone()];
    // A `commondir` that leads elsewhere would make us read files outside of the repository.
    if git.starts_with(common.join("worktrees")) {
        folders.push(common.clone());
    }
    for (_, linked) in reflogs::worktrees(repo, ledger) {
        // Files are named below this repository, even if a link leads to the folder.
        let inner = linked.strip_prefix(repo.common_dir()).map(|inner| common.join(inner));
        if !folders.contains(&canonical(&linked)) {
            folders.push(inner.unwrap_or(linked));
        }
    }
    let mut files = Vec::new();
    for folder in folders {
        list(&folder, ledger, &mut files);
    }
    files.sort();
    files.dedup();
    let mut scanner = Scanner::new(detector, &options.containers, ledger, &options.stop);
    for file in files.iter().take_while(|_| !options.stop.is_set()) {
        scan_file(file, &shown(&common, file), &mut scanner, ledger, hits);
    }
}

/// Adds the files below a git folder. Links, which may lead out of it, are counted and not
/// followed.
fn list(git: &Path, ledger: &Ledger, files: &mut Vec<PathBuf>) {
    let mut pending = vec![git.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in listing::entries(&folder, ledger) {
            let path = entry.path();
            if folder == git && ELSEWHERE.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => pending.push(path),
                Ok(kind) if kind.is_file() => files.push(path),
                Ok(kind) if kind.is_symlink() => ledger.add(Count::Links, 1),
                Ok(_) => ledger.add(Count::Special, 1),
                Err(error) => ledger.problem("file", path.as_os_str().as_encoded_bytes(), &error),
            }
        }
    }
}

fn scan_file<D: Detector>(
    path: &Path,
    shown: &[u8],
    scanner: &mut Scanner<'_, D>,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let file = match File::open(path) {
        Ok(file) => file,
        // Concurrent programs may remove files.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return ledger.problem("file", shown, &error),
    };
    let text = Text::File(&file);
    let extent = scanner.text("file", &|| shown.to_vec(), text, &mut |candidate| {
        hits(Hit { origin: Origin::of_path(shown.to_vec()), candidate });
    });
    if let Some(error) = extent.error {
        ledger.problem("file", shown, &error);
    }
}

/// The path of a file as shown to the user: from `.git` on, or relative to the root of a bare
/// repository.
fn shown(common: &Path, file: &Path) -> Vec<u8> {
    let inner = file.strip_prefix(top(common)).unwrap_or(file);
    let parts = inner.components().map(|part| part.as_os_str().as_encoded_bytes());
    parts.collect::<Vec<_>>().join(&b'/')
}

/// The folder that paths of a git folder are relative to.
pub(super) fn top(common: &Path) -> &Path {
    let git = common.ancestors().filter(|up| up.file_name().is_some_and(|name| name == ".git"));
    git.last().and_then(Path::parent).unwrap_or(common)
}

/// A checked-out file and the index or commit that lists it.
pub(super) struct CheckedOut {
    path: Vec<u8>,
    /// Its content.
    pub(super) blob: ObjectId,
    held_by: HeldBy,
}

/// The files in the indexes or, without an index, in HEAD.
pub(super) fn checked_out(
    objects: &Objects,
    staged: &[Staged],
    head: Option<ObjectId>,
    ledger: &Ledger,
) -> Vec<CheckedOut> {
    if !staged.is_empty() {
        let of_index = |entry: &Staged| CheckedOut {
            path: entry.path.clone(),
            blob: entry.id,
            held_by: HeldBy::Index,
        };
        return staged.iter().map(of_index).collect();
    }
    // The pass over the refs reports that HEAD can't be read.
    let Some(tree) = head.and_then(|head| commit_tree(objects, &head, &mut Vec::new())) else {
        return Vec::new();
    };
    let files = changes::between(objects, tree, &[], b"", ledger).into_iter();
    files
        .map(|file| CheckedOut { path: file.path, blob: file.blob, held_by: HeldBy::Ref })
        .collect()
}

/// Searches the names of files.
pub(super) fn names<D: Detector>(
    files: &[CheckedOut],
    prefix: &[u8],
    detector: &D,
    (stop, ledger): (&Stop, &Ledger),
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut names = Names::default();
    for file in files.iter().take_while(|_| !stop.is_set()) {
        for (part, candidate) in names.search(detector, &file.path, ledger) {
            let at_head = file.held_by == HeldBy::Ref;
            let git = GitOrigin {
                blob: Some(file.blob.to_string()),
                reachable: at_head,
                held_by: vec![file.held_by],
                at_head,
                ..GitOrigin::new(GitObject::Blob)
            };
            let path = Some([prefix, &part].concat());
            hits(Hit { origin: Origin { path, git: Some(git), ..Origin::default() }, candidate });
        }
    }
}
