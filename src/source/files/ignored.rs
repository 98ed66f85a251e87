//! The ignore files of a repository, folder by folder, as a walk descends.
//!
//! `.gitignore` in the folders of a work tree, from its root down, and its `.git/info/exclude`
//! apply, as in git. The user's global excludes do not: what is scanned must not depend on the
//! machine. Outside a work tree nothing is ignored, as in ripgrep.
//!
//! A [`Rules`] belongs to a folder with rules of its own; folders without share the one of the
//! nearest folder above.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::open::open;
use super::roots::{Root, Roots, below, is_work_tree};
use super::tracked::{Tracked, exclude_file};
use crate::coverage::Ledger;

/// An ignore file of more bytes does not apply, …
const MAX_IGNORE_FILE: u64 = 256 << 10;
/// … nor one of more patterns.
const MAX_PATTERNS: usize = 4_096;

/// A work tree met in a walk.
#[derive(Debug)]
struct Repository {
    /// The walked folder whose path in the work tree is `prefix`.
    anchor: PathBuf,
    prefix: PathBuf,
    exclude: Gitignore,
    tracked: Tracked,
}

/// The rules that apply in a folder.
#[derive(Debug)]
pub(super) struct Rules {
    above: Option<Arc<Rules>>,
    repository: Option<Arc<Repository>>,
    /// Components of this folder's path in the work tree.
    depth: usize,
    gitignore: Gitignore,
    /// The folder itself is ignored: only what git tracks is wanted in it.
    only_tracked: bool,
}

/// The decision about an entry of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No rule leaves it out.
    Wanted,
    /// Ignored, but git tracks it or something in it.
    Tracked,
    /// Left out.
    Ignored,
}

impl Rules {
    /// The decision of its folder's rules about `path`.
    pub(super) fn verdict(&self, path: &Path, is_dir: bool, ledger: &Ledger) -> Verdict {
        let Some(repository) = &self.repository else { return Verdict::Wanted };
        let inner = repository.prefix.join(below(&repository.anchor, path));
        if !self.only_tracked && !self.ignores(repository, &inner, is_dir) {
            return Verdict::Wanted;
        }
        let tracked = match is_dir {
            true => repository.tracked.has_folder(&inner, ledger),
            false => repository.tracked.has_file(&inner, ledger),
        };
        if tracked { Verdict::Tracked } else { Verdict::Ignored }
    }

    /// The nearest file with a matching pattern decides; the exclude file comes last.
    fn ignores(&self, repository: &Repository, inner: &Path, is_dir: bool) -> bool {
        let folders = std::iter::successors(Some(self), |rules| rules.above.as_deref());
        for rules in folders.filter(|rules| !rules.gitignore.is_empty()) {
            let mut relative = inner.components();
            relative.by_ref().take(rules.depth).for_each(drop);
            match rules.gitignore.matched(relative.as_path(), is_dir) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        repository.exclude.matched(inner, is_dir).is_ignore()
    }
}

/// The rules of every folder of a walk.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// By walked path; only folders with rules of their own, and roots.
    rules: RwLock<HashMap<PathBuf, Arc<Rules>>>,
    /// Ignore files that are too large to apply.
    oversized: Mutex<Vec<PathBuf>>,
}

impl Folders {
    /// Reads the ignore files in and above the roots.
    pub(super) fn new(roots: &Roots) -> Self {
        let folders = Self::default();
        let mut oversized = Vec::new();
        for root in roots.roots.iter().filter(|root| root.is_dir) {
            folders.insert(root.walked.clone(), root_rules(root, &mut oversized));
        }
        folders.note(oversized);
        folders
    }

    /// The ignore files that were too large to apply, in the order of their paths.
    pub(super) fn oversized(&self) -> Vec<PathBuf> {
        let mut all = self.oversized.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort();
        all.dedup();
        all
    }

    fn note(&self, oversized: Vec<PathBuf>) {
        self.oversized.lock().unwrap_or_else(PoisonError::into_inner).extend(oversized);
    }

    /// The rules that apply in the folder at `path`: its own, or those of the nearest folder above.
    pub(super) fn of(&self, path: &Path) -> Option<Arc<Rules>> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        path.ancestors().find_map(|up| rules.get(up)).map(Arc::clone)
    }

    /// Enters the folder at `path`, for which `above` decided `verdict`.
    pub(super) fn enter(&self, path: &Path, above: &Arc<Rules>, verdict: Verdict) {
        let mut oversized = Vec::new();
        if is_work_tree(path) {
            let rules = top_rules(path, path.to_owned(), PathBuf::new(), &mut oversized);
            self.note(oversized);
            self.insert(path.to_owned(), rules);
            return;
        }
        let Some(repository) = &above.repository else { return };
        let gitignore = read(&path.join(".gitignore"), &mut oversized);
        self.note(oversized);
        let only_tracked = verdict == Verdict::Tracked || above.only_tracked;
        if gitignore.is_empty() && only_tracked == above.only_tracked {
            return;
        }
        let inner = repository.prefix.join(below(&repository.anchor, path));
        let rules = Rules {
            above: Some(Arc::clone(above)),
            repository: Some(Arc::clone(repository)),
            depth: inner.components().count(),
            gitignore,
            only_tracked,
        };
        self.insert(path.to_owned(), rules);
    }

    fn insert(&self, path: PathBuf, rules: Rules) {
        let mut all = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(path, Arc::new(rules));
    }
}

/// The rules of a root: those of its work tree from the top down to it.
fn root_rules(root: &Root, oversized: &mut Vec<PathBuf>) -> Rules {
    let Some(top) = root.canonical.ancestors().find(|up| is_work_tree(up)) else {
        return Rules {
            above: None,
            repository: None,
            depth: 0,
            gitignore: Gitignore::empty(),
            only_tracked: false,
        };
    };
    let inner = below(top, &root.canonical);
    let mut rules = top_rules(top, root.walked.clone(), inner.to_owned(), oversized);
    let mut folder = top.to_owned();
    for (depth, part) in inner.components().enumerate() {
        folder.push(part);
        rules = Rules {
            repository: rules.repository.clone(),
            above: Some(Arc::new(rules)),
            depth: depth + 1,
            gitignore: read(&folder.join(".gitignore"), oversized),
            only_tracked: false,
        };
    }
    rules
}

/// The rules in the root of a work tree at `top`.
fn top_rules(top: &Path, anchor: PathBuf, prefix: PathBuf, oversized: &mut Vec<PathBuf>) -> Rules {
    let repository = Repository {
        anchor,
        prefix,
        exclude: read(&exclude_file(top), oversized),
        tracked: Tracked::new(top.to_owned()),
    };
    Rules {
        above: None,
        repository: Some(Arc::new(repository)),
        depth: 0,
        gitignore: read(&top.join(".gitignore"), oversized),
        only_tracked: false,
    }
}

/// The rules of an ignore file; none if there is no such file, or it is a link (git does not read
/// one either).
///
/// A file that is larger than people write does not apply: its patterns would cost gigabytes. It is
/// recorded in `oversized`; neither it nor any file above it leaves anything out.
fn read(path: &Path, oversized: &mut Vec<PathBuf>) -> Gitignore {
    let mut text = Vec::new();
    let whole =
        open(path).and_then(|file: File| file.take(MAX_IGNORE_FILE + 1).read_to_end(&mut text));
    if whole.is_err() || text.is_empty() {
        return Gitignore::empty();
    }
    let text = String::from_utf8_lossy(&text);
    let mut builder = GitignoreBuilder::new("");
    let lines = text.strip_prefix('\u{feff}').unwrap_or(&text).lines();
    let patterns = lines.clone().filter(|line| !line.is_empty() && !line.starts_with('#'));
    if text.len() as u64 > MAX_IGNORE_FILE || patterns.count() > MAX_PATTERNS {
        oversized.push(path.to_owned());
        // This pattern reverses everything above it.
        let _ = builder.add_line(None, "!*");
    } else {
        for line in lines {
            // A line that is not a glob means nothing to git either.
            let _ = builder.add_line(None, &without_alternatives(line));
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The line as the builder needs it: in git braces are ordinary characters. As alternatives they
/// would leave out files that git keeps and, nested without end, overflow the stack.
fn without_alternatives(line: &str) -> Cow<'_, str> {
    if !line.contains(['{', '}']) {
        return Cow::Borrowed(line);
    }
    let mut literal = String::with_capacity(line.len() + 8);
    let (mut escaped, mut in_class) = (false, false);
    for character in line.chars() {
        let is_brace = matches!(character, '{' | '}');
        if is_brace && !escaped && !in_class {
            literal.push('\\');
        }
        literal.push(character);
        in_class = match character {
            '[' if !escaped => true,
            ']' => false,
            _ => in_class,
        };
        escaped = character == '\\' && !escaped && !in_class;
    }
    Cow::Owned(literal)
}
