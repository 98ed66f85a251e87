//! The paths of the user, resolved once: each place once, and the folder that reports are relative
//! to.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::open::Top;
use crate::coverage::{Count, Ledger};

/// Folders that are kept open while they are walked, so that thousands of arguments leave
/// descriptors for their files.
const KEPT_OPEN: usize = 128;

/// A path to walk or read.
#[derive(Debug)]
pub(super) struct Root {
    /// The path for the system: as spelled, or the target of its link.
    pub(super) walked: PathBuf,
    pub(super) canonical: PathBuf,
    /// It is a folder.
    pub(super) is_dir: bool,
    /// Opens the files below it.
    pub(super) top: Top,
    /// Its path in reports; empty if reports are relative to it.
    shown: Vec<u8>,
}

/// All paths of a run.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// In the order of their canonical paths, each once.
    pub(super) roots: Vec<Root>,
    /// Pipes that the shell opened, such as `<(command)`.
    pub(super) pipes: Vec<PathBuf>,
    /// Roots inside another one, and folders that something else scans: a walk does not enter them.
    nested: HashSet<PathBuf>,
}

impl Roots {
    /// Resolves `paths`; a missing one is a problem, a device or socket is counted.
    pub(super) fn new(paths: &[PathBuf], ledger: &Ledger) -> Self {
        let (pipes, paths): (Vec<&PathBuf>, Vec<&PathBuf>) =
            paths.iter().partition(|path| is_open_pipe(path));
        let mut roots: Vec<Root> =
            paths.into_iter().filter_map(|path| resolve(path, ledger)).collect();
        roots.sort_by(|a, b| (&a.canonical, &a.walked).cmp(&(&b.canonical, &b.walked)));
        roots.dedup_by(|a, b| a.canonical == b.canonical);
        for root in roots.iter_mut().filter(|root| root.is_dir).take(KEPT_OPEN) {
            root.top = Top::new(&root.walked);
        }
        let base = base(roots.iter().map(|root| (root.is_dir, root.canonical.clone())));
        let folders: HashSet<&Path> =
            roots.iter().filter(|root| root.is_dir).map(|root| root.canonical.as_path()).collect();
        let nested = roots
            .iter()
            .filter(|root| root.canonical.ancestors().skip(1).any(|up| folders.contains(up)))
            .map(|root| root.canonical.clone())
            .collect();
        let pipes = pipes.into_iter().cloned().collect();
        let mut all = Self { roots, pipes, nested };
        all.count_from(&base);
        all
    }

    /// Writes the scanned places to the ledger.
    pub(super) fn note_places(&self, ledger: &Ledger) {
        for root in self.roots.iter().filter(|root| !self.nested.contains(&root.canonical)) {
            let what = if root.is_dir { "folder" } else { "file" };
            ledger.scanned(what, root.canonical.as_os_str().as_encoded_bytes());
        }
        self.pipes.iter().for_each(|pipe| ledger.scanned("pipe", &bytes(pipe)));
    }

    /// Makes reported paths relative to `folder`, a canonical path.
    pub(super) fn count_from(&mut self, folder: &Path) {
        for root in &mut self.roots {
            let inner = root.canonical.strip_prefix(folder).unwrap_or(&root.canonical);
            root.shown = bytes(inner);
        }
    }

    /// Leaves out `folders`, unless one is a root itself.
    pub(super) fn set_apart(&mut self, folders: &[PathBuf]) {
        self.nested.extend(folders.iter().cloned());
    }

    /// The folder that reports are relative to, if it is part of the scan: the root of a work tree,
    /// or a folder that was named.
    pub(super) fn top(&self) -> Option<PathBuf> {
        let top = base(self.roots.iter().map(|root| (root.is_dir, root.canonical.clone())));
        let named = self.roots.iter().any(|root| root.is_dir && root.canonical == top);
        (named || is_work_tree(&top)).then_some(top)
    }

    /// The root below which a walk met `path` at `depth`.
    pub(super) fn of(&self, path: &Path, depth: usize) -> &Root {
        if let [root] = self.roots.as_slice() {
            return root;
        }
        let top = path.ancestors().nth(depth);
        let found = self.roots.iter().find(|root| Some(root.walked.as_path()) == top);
        found.unwrap_or(&self.roots[0])
    }

    /// True if `path`, met in a walk, is a root of its own.
    pub(super) fn is_nested(&self, path: &Path, depth: usize) -> bool {
        if self.nested.is_empty() || depth == 0 {
            return false;
        }
        let root = self.of(path, depth);
        self.nested.contains(&root.canonical.join(below(&root.walked, path)))
    }

    /// The reported path of `path`, met in a walk.
    pub(super) fn shown(&self, path: &Path, depth: usize) -> Vec<u8> {
        let root = self.of(path, depth);
        let mut shown = root.shown.clone();
        if depth > 0 {
            if !shown.is_empty() {
                shown.push(b'/');
            }
            shown.extend(bytes(below(&root.walked, path)));
        }
        shown
    }
}

/// The part of `path` below `top`; both as the walker spells them.
pub(super) fn below<'a>(top: &Path, path: &'a Path) -> &'a Path {
    below_as_spelled(top, path).unwrap_or_else(|| path.strip_prefix(top).unwrap_or(path))
}

/// The same if the bytes of `path` begin with those of `top` and one slash, as a walk spells them. To
/// compare components costs more than to open a small file.
#[cfg(unix)]
fn below_as_spelled<'a>(top: &Path, path: &'a Path) -> Option<&'a Path> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let rest = path.as_os_str().as_bytes().strip_prefix(top.as_os_str().as_bytes())?;
    let inner = rest.strip_prefix(b"/")?;
    // Slashes and dots in a row are not part of any component.
    let is_plain = inner.first().is_some_and(|first| !matches!(first, b'/' | b'.'));
    is_plain.then(|| Path::new(OsStr::from_bytes(inner)))
}

/// The same if the bytes of `path` begin with those of `top`: not known on this system.
#[cfg(not(unix))]
fn below_as_spelled<'a>(_: &Path, _: &'a Path) -> Option<&'a Path> {
    None
}

/// True if this is the root of a git work tree: it contains a `.git` folder with a HEAD, or a
/// `.git` file.
pub(super) fn is_work_tree(folder: &Path) -> bool {
    let git = folder.join(".git");
    match git.symlink_metadata() {
        Ok(found) if found.is_dir() => git.join("HEAD").symlink_metadata().is_ok(),
        Ok(found) => found.is_file(),
        Err(_) => false,
    }
}

/// True if `path` leads to a pipe outside of any folder, which another process has open.
///
/// A named FIFO may wait for a writer for ever.
#[cfg(unix)]
fn is_open_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    path.metadata().is_ok_and(|found| found.file_type().is_fifo()) && path.canonicalize().is_err()
}

/// True if `path` leads to a pipe outside of any folder.
#[cfg(not(unix))]
fn is_open_pipe(_: &Path) -> bool {
    false
}

fn resolve(path: &Path, ledger: &Ledger) -> Option<Root> {
    let resolved = path.symlink_metadata().and_then(|link| {
        let canonical = path.canonicalize()?;
        let walked = if link.is_symlink() { canonical.clone() } else { path.to_owned() };
        Ok((canonical.metadata()?, canonical, walked))
    });
    match resolved {
        Ok((kind, canonical, walked)) if kind.is_dir() || kind.is_file() => {
            let (is_dir, shown) = (kind.is_dir(), Vec::new());
            Some(Root { walked, canonical, is_dir, top: Top::default(), shown })
        }
        Ok(_) => {
            ledger.add(Count::Special, 1);
            None
        }
        Err(error) => {
            ledger.problem("path", &bytes(path), &error);
            None
        }
    }
}

/// The root of the work tree that contains all of `paths`, if there is one.
pub(super) fn work_tree(paths: &[PathBuf]) -> Option<PathBuf> {
    let places = paths.iter().filter_map(|path| path.canonicalize().ok());
    let base = base(places.map(|path| (path.is_dir(), path)));
    is_work_tree(&base).then_some(base)
}

/// The deepest folder that contains all places (folders or not) or, if it is in a work tree, the
/// root of that.
fn base(places: impl Iterator<Item = (bool, PathBuf)>) -> PathBuf {
    let folder = |(is_dir, path): (bool, PathBuf)| match path.parent() {
        Some(parent) if !is_dir => parent.to_owned(),
        _ => path,
    };
    let shared = places.map(folder).reduce(|a, b| {
        let same = a.components().zip(b.components()).take_while(|(one, two)| one == two);
        same.map(|(one, _)| one).collect()
    });
    let shared = shared.unwrap_or_default();
    shared.ancestors().find(|up| is_work_tree(up)).unwrap_or(&shared).to_owned()
}

/// A path as bytes, `/` between its parts.
#[cfg(unix)]
pub(super) fn bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    // A relative path may begin with `./` or contain `//`; its components do not.
    if path.components().next() == Some(Component::CurDir) {
        return path.components().skip(1).collect::<PathBuf>().as_os_str().as_bytes().to_vec();
    }
    path.as_os_str().as_bytes().to_vec()
}

/// A path as bytes, `/` between its parts; text that is not Unicode is replaced.
#[cfg(not(unix))]
pub(super) fn bytes(path: &Path) -> Vec<u8> {
    let parts: Vec<_> = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_root_is_that_of_its_components() {
        for top in [".", "./", "/", "a", "a/", "./a", "../a", "a/b", "/a/b", "a//b", ""] {
            let top = Path::new(top);
            for inner in ["b", "b/c", ".b", "..b/c", "b/.c", ""] {
                // As a walk makes it, and as nothing does.
                let paths = [
                    top.join(inner),
                    Path::new("a").join(inner),
                    top.join("./x"),
                    top.join(".//x"),
                ];
                for path in paths {
                    let expected = path.strip_prefix(top).unwrap_or(&path);
                    assert_eq!(
                        below(top, &path).as_os_str(),
                        expected.as_os_str(),
                        "{top:?} {path:?}"
                    );
                }
            }
        }
    }
}
