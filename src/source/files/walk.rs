//! The parallel walk: decides about each entry, opens and scans wanted files.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

use super::FileOptions;
use super::ignored::{Folders, Rules, Verdict};
use super::open::met_link;
use super::own;
use super::remarks;
use super::roots::{Roots, below, is_work_tree};
use crate::coverage::{Count, Ledger};
use crate::finding::Origin;
use crate::scan::{Detected, Detector, Hit};
use crate::source::container::Scanner;
use crate::source::guard;
use crate::source::names;
use crate::source::threads;
use crate::source::window::Extent;

/// Files between two updates of the ledger by one thread.
const BATCH: u64 = 64;

/// Walks all roots and scans what is wanted.
pub(super) fn walk<D: Detector>(
    options: &FileOptions,
    roots: &Roots,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut builder = WalkBuilder::empty();
    let threads = threads::startable(options.threads.max(1));
    if threads == 0 {
        return ledger.problem("run", b"", &threads::NONE);
    }
    builder.standard_filters(false).follow_links(false).threads(threads);
    for root in &roots.roots {
        builder.add(&root.walked);
    }
    // A missing output can't be met in the walk.
    let outputs = options.outputs.iter().filter_map(|path| path.canonicalize().ok());
    let shared = Shared {
        options,
        roots,
        folders: options.obey_ignore_files.then(|| Folders::new(roots)),
        outputs: outputs.collect(),
        detector,
        ledger,
        hits,
        empty_dot_git: Mutex::default(),
    };
    builder.build_parallel().visit(&mut Visitors(&shared));
    let empty_dot_git = shared.empty_dot_git.into_inner().unwrap_or_else(PoisonError::into_inner);
    remarks::empty_dot_git(empty_dot_git, ledger);
    if let Some(folders) = shared.folders {
        remarks::oversized(&folders.oversized(), roots, ledger);
    }
}

/// The state that all threads share.
struct Shared<'a, D> {
    options: &'a FileOptions,
    roots: &'a Roots,
    /// `None` if ignore files do not apply.
    folders: Option<Folders>,
    outputs: Vec<PathBuf>,
    detector: &'a D,
    ledger: &'a Ledger,
    hits: &'a (dyn Fn(Hit) + Sync),
    /// Folders named `.git` without a repository.
    empty_dot_git: Mutex<Vec<Vec<u8>>>,
}

struct Visitors<'s, D>(&'s Shared<'s, D>);

impl<'s, D: Detector> ParallelVisitorBuilder<'s> for Visitors<'s, D> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 's> {
        Box::new(Visitor {
            shared: self.0,
            scanner: Scanner::new(
                self.0.detector,
                &self.0.options.containers,
                self.0.ledger,
                &self.0.options.stop,
            ),
            files: 0,
            bytes: 0,
            folder: None,
        })
    }
}

/// One thread's part of the walk.
struct Visitor<'s, D: Detector> {
    shared: &'s Shared<'s, D>,
    scanner: Scanner<'s, D>,
    /// Files and bytes scanned since the ledger was last updated.
    files: u64,
    bytes: u64,
    /// The folder of the last entry and its rules; entries of a folder come one after the other.
    folder: Option<(PathBuf, Arc<Rules>)>,
}

impl<D: Detector> Drop for Visitor<'_, D> {
    fn drop(&mut self) {
        self.update_ledger();
    }
}

impl<D: Detector> ParallelVisitor for Visitor<'_, D> {
    fn visit(&mut self, met: Result<DirEntry, ignore::Error>) -> WalkState {
        if self.shared.options.stop.is_set() {
            return WalkState::Quit;
        }
        // A panic in a thread of the walk would end the walk.
        guard::caught(|| self.meet(&met)).unwrap_or_else(|| {
            let (path, depth) =
                met.as_ref().map_or((Path::new(""), 0), |it| (it.path(), it.depth()));
            let shown = self.shared.roots.shown(path, depth);
            self.shared.ledger.problem("path", &shown, &guard::WHY);
            WalkState::Continue
        })
    }
}

impl<D: Detector> Visitor<'_, D> {
    /// Handles one entry.
    fn meet(&mut self, met: &Result<DirEntry, ignore::Error>) -> WalkState {
        let entry = match met {
            Ok(entry) => entry,
            Err(error) => {
                self.walk_problem(error);
                return WalkState::Continue;
            }
        };
        let Some(kind) = entry.file_type() else { return WalkState::Continue };
        if kind.is_dir() {
            return self.folder(entry);
        }
        if kind.is_symlink() {
            self.count(Count::Links);
        } else if !kind.is_file() {
            self.count(Count::Special);
        } else if self.wants_file(entry) {
            self.file(entry.path(), entry.depth());
        }
        WalkState::Continue
    }

    /// Decides if the walk enters a folder.
    fn folder(&mut self, entry: &DirEntry) -> WalkState {
        let (path, depth) = (entry.path(), entry.depth());
        if depth == 0 {
            return WalkState::Continue;
        }
        if entry.file_name() == ".git" {
            self.meet_repository(path, depth);
            return WalkState::Skip;
        }
        if self.shared.roots.is_nested(path, depth) {
            return WalkState::Skip;
        }
        let globs = &self.shared.options.globs;
        if !globs.is_empty() && globs.excludes_folder(&self.shown_path(path, depth)) {
            self.count(Count::Excluded);
            return WalkState::Skip;
        }
        if entry.file_name() == "objects" {
            self.meet_bare_repository(path, depth);
        }
        self.name(path, depth);
        let Some(folders) = &self.shared.folders else { return WalkState::Continue };
        let Some(rules) = self.rules(path) else { return WalkState::Continue };
        let verdict = rules.verdict(path, true, self.shared.ledger);
        if verdict == Verdict::Ignored {
            self.count(Count::Ignored);
            return WalkState::Skip;
        }
        folders.enter(path, &rules, verdict);
        WalkState::Continue
    }

    /// True if a file is scanned; counts it otherwise.
    fn wants_file(&mut self, entry: &DirEntry) -> bool {
        let (path, depth) = (entry.path(), entry.depth());
        if depth == 0 {
            return true;
        }
        // A `.git` file only names the repository's folder. It is read like any other, so that
        // nothing hides under the name.
        if entry.file_name() == ".git" {
            self.meet_repository(path, depth);
        }
        let shared = self.shared;
        if shared.roots.is_nested(path, depth) || self.is_output(entry) {
            return false;
        }
        let globs = &shared.options.globs;
        if !globs.is_empty() && globs.excludes_file(&self.shown_path(path, depth)) {
            self.count(Count::Excluded);
            return false;
        }
        let ignored = shared.folders.is_some()
            && self
                .rules(path)
                .is_some_and(|rules| rules.verdict(path, false, shared.ledger) == Verdict::Ignored);
        if ignored {
            self.count(Count::Ignored);
        }
        !ignored
    }

    /// Searches the name of a file or folder.
    fn name(&self, path: &Path, depth: usize) {
        let (shared, shown) = (self.shared, self.shared.roots.shown(path, depth));
        for candidate in names::last(shared.detector, &shown, shared.ledger) {
            (shared.hits)(Hit { origin: Origin::of_path(shown.clone()), candidate });
        }
    }

    /// Scans a file and counts it.
    fn file(&mut self, path: &Path, depth: usize) {
        self.name(path, depth);
        let root = self.shared.roots.of(path, depth);
        let file = match root.top.open(below(&root.walked, path), path) {
            Ok(file) => file,
            Err(error) if met_link(&error) && depth > 0 => return self.count(Count::Links),
            Err(error) => return self.problem("file", path, depth, &error),
        };
        if let Some(limit) = self.shared.options.max_file_size
            && file.metadata().is_ok_and(|found| found.len() > limit)
        {
            return self.count(Count::TooLarge);
        }
        let extent = self.scan(&file, path, depth);
        self.files += 1;
        self.bytes += extent.bytes;
        if extent.pointer.is_some() {
            self.count(Count::LfsMissing);
        }
        if let Some(error) = extent.error {
            self.problem("file", path, depth, &error);
        }
        if self.files >= BATCH {
            self.update_ledger();
        }
    }

    fn scan(&mut self, file: &File, path: &Path, depth: usize) -> Extent {
        let shared = self.shared;
        // A file that the user names is read like any other; `None` until this is needed.
        let mut own = (depth == 0).then_some(false);
        let mut found = |mut detected: Detected<D::BaseState>| {
            if detected.candidates.iter().any(own::may_be_quoted)
                && *own.get_or_insert_with(|| own::is_own(path))
            {
                detected.candidates.retain(|candidate| !own::may_be_quoted(candidate));
            }
            detected.note(shared.ledger, "file", &|| shared.roots.shown(path, depth));
            for candidate in detected.candidates {
                let origin = Origin::of_path(shared.roots.shown(path, depth));
                (shared.hits)(Hit { origin, candidate });
            }
        };
        let scanner = &mut self.scanner;
        let name = || shared.roots.shown(path, depth);
        let extent = scanner.file(&name, file, &mut found);
        if own == Some(true) {
            self.count(Count::OwnReports);
        }
        extent
    }

    /// The rules of the folder of `path`.
    fn rules(&mut self, path: &Path) -> Option<Arc<Rules>> {
        let parent = path.parent()?;
        if let Some((folder, rules)) = &self.folder
            && folder == parent
        {
            return Some(Arc::clone(rules));
        }
        let rules = self.shared.folders.as_ref()?.of(parent)?;
        self.folder = Some((parent.to_owned(), Arc::clone(&rules)));
        Some(rules)
    }

    /// Counts the repository whose `.git` was met; a root's own is not met.
    fn meet_repository(&self, git: &Path, depth: usize) {
        if !git.parent().is_some_and(is_work_tree) {
            let shown = self.shared.roots.shown(git, depth);
            let empty_dot_git = &self.shared.empty_dot_git;
            empty_dot_git.lock().unwrap_or_else(PoisonError::into_inner).push(shown);
        } else if depth > 1 {
            self.count(Count::Repositories);
        }
    }

    /// Counts the bare repository whose `objects` was met. Its files are scanned as files.
    fn meet_bare_repository(&self, objects: &Path, depth: usize) {
        let exists = |name| objects.with_file_name(name).symlink_metadata().is_ok();
        if depth > 1 && exists("HEAD") && exists("refs") {
            self.count(Count::Repositories);
        }
    }

    /// True if this is a file that this run writes.
    fn is_output(&self, entry: &DirEntry) -> bool {
        let same_name =
            |output: &&PathBuf| output.file_name().is_some_and(|name| name == entry.file_name());
        self.shared
            .outputs
            .iter()
            .find(same_name)
            .is_some_and(|output| entry.path().canonicalize().is_ok_and(|path| path == *output))
    }

    fn shown_path(&self, path: &Path, depth: usize) -> PathBuf {
        path_of(self.shared.roots.shown(path, depth))
    }

    fn count(&self, count: Count) {
        self.shared.ledger.add(count, 1);
    }

    fn update_ledger(&mut self) {
        self.shared.ledger.add(Count::Files, std::mem::take(&mut self.files));
        self.shared.ledger.add(Count::Bytes, std::mem::take(&mut self.bytes));
    }

    fn problem(&self, what: &str, path: &Path, depth: usize, error: &io::Error) {
        let shown = self.shared.roots.shown(path, depth);
        let shown = if shown.is_empty() { b".".to_vec() } else { shown };
        match error.kind() {
            io::ErrorKind::NotFound => {
                self.shared.ledger.problem(what, &shown, &"vanished while the scan was running");
            }
            _ => self.shared.ledger.problem(what, &shown, error),
        }
    }

    /// Records an error of the walk itself.
    fn walk_problem(&self, error: &ignore::Error) {
        match (path_in(error), error.io_error()) {
            (Some(path), Some(why)) => {
                self.problem("folder", path, error.depth().unwrap_or(0), why);
            }
            _ => self.shared.ledger.problem("folder", b"", error),
        }
    }
}

fn path_in(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_in(err)
        }
        _ => None,
    }
}

/// A reported path for globs.
#[cfg(unix)]
fn path_of(shown: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(shown).into()
}

/// A reported path for globs.
#[cfg(not(unix))]
fn path_of(shown: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&shown).into_owned().into()
}
