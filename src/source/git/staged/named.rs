//! The files named by a hook, which may be all files of a project.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io;
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};

use gix::ObjectId;
use keysweep_git::index::Index;

use super::super::error::Error;
use super::super::texts::{Texts, Use};
use super::{File, Head};
use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, Origin};
use crate::scan::{Detector, Hit};
use crate::source::container::{Scanner, Text};
use crate::source::files;
use keysweep_base::paths::canonical;

/// Paths relative to the work tree, with `/` as separator; the empty path is the whole work tree.
pub(super) struct Names {
    tree: PathBuf,
    names: BTreeSet<Vec<u8>>,
}

/// A file without a staged change.
pub(super) struct WholeFile {
    path: Vec<u8>,
    from: From,
}

/// The source of the file's content.
enum From {
    WorkTree(PathBuf),
    Index(ObjectId),
}

impl Names {
    /// Converts paths as given into names.
    pub(super) fn new(repo: &gix::Repository, paths: &[PathBuf]) -> Result<Self, Error> {
        let tree = repo.workdir().unwrap_or(repo.git_dir());
        let tree = canonical(tree);
        let names = paths.iter().map(|path| name(&tree, path)).collect::<Result<_, _>>()?;
        Ok(Self { tree, names })
    }

    /// True if a path is named, or in a named folder.
    pub(super) fn contain(&self, path: &[u8]) -> bool {
        let folders = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        self.names.contains(&b""[..])
            || self.names.contains(path)
            || folders.into_iter().any(|(end, _)| self.names.contains(&path[..end]))
    }

    /// The named files that are not in `changed`.
    pub(super) fn unchanged(
        &self,
        index: &Index,
        changed: &[File],
        ledger: &Ledger,
    ) -> Vec<WholeFile> {
        let changed: BTreeSet<&[u8]> = changed.iter().map(|file| file.path.as_slice()).collect();
        let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut whole = Vec::new();
        for entry in index.entries() {
            let path = entry.path.to_vec();
            if !self.contain(&path)
                || changed.contains(path.as_slice())
                || !seen.insert(path.clone())
            {
                continue;
            }
            match self.in_work_tree(&path) {
                Some(file) => whole.push(WholeFile { path, from: From::WorkTree(file) }),
                None if entry.is_content() => {
                    whole.push(WholeFile { path, from: From::Index(entry.id.to_owned()) });
                }
                None => {}
            }
        }
        for name in &self.names {
            if holds_at_or_below(&seen, name) || holds_at_or_below(&changed, name) {
                continue;
            }
            match self.in_work_tree(name) {
                Some(file) => {
                    seen.insert(name.clone());
                    whole.push(WholeFile { path: name.clone(), from: From::WorkTree(file) });
                }
                None => ledger.problem("file", name, &"neither staged nor a file of the work tree"),
            }
        }
        whole
    }

    /// The file of that name, if it is a file and no link is on its path: git stores nothing behind
    /// links, and an untrusted repository chooses its work tree.
    fn in_work_tree(&self, name: &[u8]) -> Option<PathBuf> {
        let path = self.tree.join(gix::path::from_byte_slice(name).ok()?);
        let kind = std::fs::symlink_metadata(&path).ok()?.file_type();
        let folder = path.parent()?;
        let direct = folder.canonicalize().is_ok_and(|real| real == folder);
        ((kind.is_file() || kind.is_symlink()) && direct).then_some(path)
    }
}

impl WholeFile {
    /// Scans the file like any other source: in windows, within the limits of the run, until the
    /// run is stopped. For a link, it scans the name of the target.
    pub(super) fn scan<D: Detector>(
        self,
        head: &Head<'_>,
        scanner: &mut Scanner<'_, D>,
        detector: &D,
        ledger: &Ledger,
        hits: &(dyn Fn(Hit) + Sync),
    ) {
        let mut emit = |candidate: Candidate| {
            hits(Hit { origin: Origin::of_path(self.path.clone()), candidate });
        };
        match &self.from {
            From::WorkTree(file) => {
                if let Err(error) = self.scan_file(file, scanner, ledger, &mut emit) {
                    ledger.problem("file", &self.path, &error);
                }
            }
            From::Index(id) => {
                let (blobs, using) = (vec![*id], Use::Asked(head.stop));
                let Head { objects, containers, .. } = *head;
                ledger.add(Count::Files, 1);
                let texts = Texts::scan(objects, 1, blobs, detector, using, containers, ledger);
                texts.of(id).all().iter().for_each(|(_, candidate)| emit(candidate.clone()));
            }
        }
    }

    fn scan_file<D: Detector>(
        &self,
        file: &Path,
        scanner: &mut Scanner<'_, D>,
        ledger: &Ledger,
        emit: &mut dyn FnMut(Candidate),
    ) -> io::Result<()> {
        let name = || self.path.clone();
        let extent = if file.is_symlink() {
            let target = std::fs::read_link(file)?;
            let mut target = target.as_os_str().as_encoded_bytes();
            scanner.text("file", &name, Text::Stream(&mut target), emit)
        } else {
            scanner.text("file", &name, Text::File(&files::open(file)?), emit)
        };
        ledger.add(Count::Files, 1);
        extent.error.map_or(Ok(()), Err)
    }
}

/// True if any of `paths` is `name`, or is in the folder of that name.
fn holds_at_or_below<P: AsRef<[u8]> + Borrow<[u8]> + Ord>(
    paths: &BTreeSet<P>,
    name: &[u8],
) -> bool {
    if name.is_empty() {
        return !paths.is_empty();
    }
    let folder = [name, b"/"].concat();
    let below = paths.range::<[u8], _>((Bound::Included(folder.as_slice()), Bound::Unbounded));
    paths.contains(name) || below.take(1).any(|path| path.as_ref().starts_with(&folder))
}

/// The path relative to the work tree. Links in its folder are resolved; the last component is not.
fn name(tree: &Path, path: &Path) -> Result<Vec<u8>, Error> {
    let outside = || Error::Outside { path: path.to_owned(), tree: tree.to_owned() };
    let absolute = std::path::absolute(path).map_err(|_| outside())?;
    let mut real = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            Component::CurDir => {}
            other => real.push(other),
        }
    }
    // A deleted folder may still contain a staged change.
    let folder = real.parent().and_then(|folder| folder.canonicalize().ok());
    if let (Some(folder), Some(file)) = (folder, real.file_name()) {
        real = if real == tree { real } else { folder.join(file) };
    }
    let below = real.strip_prefix(tree).map_err(|_| outside())?.to_owned();
    let below = gix::path::into_bstr(below).map_err(|_| outside())?;
    Ok(gix::path::to_unix_separators_on_windows(below).to_vec())
}
