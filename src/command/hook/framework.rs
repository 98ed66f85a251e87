//! Hooks of other tools: of a hook manager, or of a program that reads its own name.
//!
//! A manager's hook finds its configuration by the name it was called with, so it stops working
//! once it is renamed, and its next installation removes keysweep's. Takes a repository's folders
//! and a hook; returns the owner and the lines that make it run keysweep. It reads files, and changes
//! none.

mod lines;

use std::fs;
use std::path::{Path, PathBuf};

use super::{Hook, MARK};

/// Maximum number of bytes of a hook or configuration that are read.
const LONGEST: usize = 1 << 18;

/// The tool that runs the hooks of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// husky from version 9 on: `.husky/_` runs the file of the same name in `.husky`.
    Husky,
    /// husky 5 to 8: the hooks are in `.husky`.
    OldHusky,
    /// lefthook.
    Lefthook,
    /// Overcommit.
    Overcommit,
    /// The pre-commit framework, or prek.
    PreCommit,
    /// simple-git-hooks.
    Simple,
    /// A script that reads its own name, and would not work under another one.
    Named,
    /// A program that is not a script; nobody can see if it reads its name.
    Compiled,
}

/// A hook that keysweep does not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Its owner.
    pub owner: Owner,
    /// The hook.
    pub hook: Hook,
    /// The file that shows the owner.
    pub known_by: PathBuf,
    /// The file for the lines.
    pub file: PathBuf,
    /// Git has the owner's hook already.
    pub is_installed: bool,
    /// The file runs keysweep already.
    pub runs_keysweep: bool,
}

/// The owner of `hook`, if keysweep may not change it.
///
/// `folder` is the one that git reads, `tree` the root of the work tree.
pub fn owner_of(folder: &Path, tree: Option<&Path>, hook: Hook) -> Option<Owned> {
    let path = folder.join(hook.name());
    let text = read(&path).filter(|text| !is_ours(text));
    let by_hook = text.as_deref().and_then(|text| of_hook(&path, text));
    let by_folder = of_folder(folder).map(|owner| (owner, folder.to_owned()));
    let by_files = || tree.filter(|_| hook != Hook::Receive).and_then(of_files);
    let is_installed = by_hook.is_some() || by_folder.is_some();
    let by_hook = by_hook.map(|owner| (owner, path.clone()));
    // A manager's name says more than the fact that a script reads its own.
    let named = by_hook.clone().filter(|(owner, _)| !owner.is_manager());
    let manager = by_hook.filter(|(owner, _)| owner.is_manager());
    let found = manager.or(by_folder).or_else(|| by_files().filter(|(owner, _)| owner.has(hook)));
    let (owner, known_by) = found.or(named)?;
    let file = owner.file(folder, tree, hook);
    let runs_keysweep = read(&file).is_some_and(|text| owner.runs_keysweep(&text, hook));
    Some(Owned { owner, hook, known_by, file, is_installed, runs_keysweep })
}

impl Owner {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Husky | Self::OldHusky => "husky",
            Self::Lefthook => "lefthook",
            Self::Overcommit => "Overcommit",
            Self::PreCommit => "the pre-commit framework",
            Self::Simple => "simple-git-hooks",
            Self::Named | Self::Compiled => "a hook of its own name",
        }
    }

    fn is_manager(self) -> bool {
        !matches!(self, Self::Named | Self::Compiled)
    }

    /// True if the manager runs such a hook.
    fn has(self, hook: Hook) -> bool {
        !(self == Self::Overcommit && hook == Hook::Merge)
    }

    /// The command that installs the manager's hooks.
    pub fn installed_by(self, hook: Hook) -> String {
        match self {
            Self::Husky | Self::OldHusky => "npx husky".to_owned(),
            Self::Lefthook => "lefthook install".to_owned(),
            Self::Overcommit => "overcommit --install && overcommit --sign".to_owned(),
            Self::PreCommit => format!("pre-commit install --hook-type {}", hook.name()),
            Self::Simple => "npx simple-git-hooks".to_owned(),
            Self::Named | Self::Compiled => String::new(),
        }
    }

    /// The file that configures the manager.
    fn file(self, folder: &Path, tree: Option<&Path>, hook: Hook) -> PathBuf {
        let tree = tree.unwrap_or(folder);
        let first = |names: &[&str]| {
            let there = names.iter().map(|name| tree.join(name)).find(|path| path.is_file());
            there.unwrap_or_else(|| tree.join(names[0]))
        };
        match self {
            // husky's own folder is inside the one with the user's files.
            Self::Husky if folder.ends_with("_") => {
                folder.parent().unwrap_or(folder).join(hook.name())
            }
            Self::Husky => tree.join(".husky").join(hook.name()),
            Self::Lefthook => first(&LEFTHOOK),
            Self::Overcommit => tree.join(".overcommit.yml"),
            Self::PreCommit => first(&PRE_COMMIT),
            Self::Simple => first(&SIMPLE),
            Self::OldHusky | Self::Named | Self::Compiled => folder.join(hook.name()),
        }
    }

    /// True if the file runs keysweep as this hook.
    fn runs_keysweep(self, text: &[u8], hook: Hook) -> bool {
        let text = String::from_utf8_lossy(text);
        let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', '/']));
        let section = match self {
            Self::Lefthook => hook.name(),
            Self::Overcommit => lines::overcommit_section(hook),
            Self::Simple | Self::PreCommit => "",
            _ => return lines.into_iter().any(|line| line.contains("keysweep")),
        };
        if section.is_empty() {
            let mut lines = lines;
            let wanted = match (self, hook) {
                (Self::Simple, _) => format!("\"{}\"", hook.name()),
                (_, Hook::Push | Hook::Receive) => "keysweep-range".to_owned(),
                _ => "keysweep".to_owned(),
            };
            return lines.any(|line| line.contains(&wanted) && line.contains("keysweep"));
        }
        let section = format!("{section}:");
        let mut lines = lines.skip_while(|line| line.trim_end() != section).skip(1);
        lines
            .by_ref()
            .take_while(|line| line.is_empty() || line.starts_with([' ', '\t']))
            .any(|line| line.contains("keysweep"))
    }
}

const LEFTHOOK: [&str; 9] = [
    "lefthook.yml",
    "lefthook.yaml",
    "lefthook.toml",
    "lefthook.json",
    ".lefthook.yml",
    ".lefthook.yaml",
    ".lefthook.toml",
    ".lefthook.json",
    ".config/lefthook.yml",
];
const PRE_COMMIT: [&str; 3] = [".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml"];
const SIMPLE: [&str; 8] = [
    "package.json",
    ".simple-git-hooks.json",
    "simple-git-hooks.json",
    ".simple-git-hooks.js",
    ".simple-git-hooks.cjs",
    ".simple-git-hooks.mjs",
    "simple-git-hooks.js",
    "simple-git-hooks.cjs",
];

/// Texts that only a manager's hook contains.
const MARKS: [(&str, Owner); 8] = [
    ("husky.sh", Owner::OldHusky),
    ("/h\"", Owner::Husky),
    ("call_lefthook", Owner::Lefthook),
    ("LEFTHOOK", Owner::Lefthook),
    ("vercommit", Owner::Overcommit),
    ("File generated by pre-commit", Owner::PreCommit),
    ("File generated by prek", Owner::PreCommit),
    ("SKIP_SIMPLE_GIT_HOOKS", Owner::Simple),
];

/// Expressions with which scripts read their own name.
const NAMES: [&str; 16] = [
    "$0",
    "${0",
    "BASH_SOURCE",
    "$PROGRAM_NAME",
    "__FILE__",
    "__file__",
    "__filename",
    "__dirname",
    "argv[0]",
    "argv[1]",
    "import.meta",
    "FindBin",
    "%0",
    "%~",
    "MyInvocation",
    "PSCommandPath",
];

fn of_hook(path: &Path, text: &[u8]) -> Option<Owner> {
    if text.contains(&0) {
        return Some(Owner::Compiled);
    }
    let text = String::from_utf8_lossy(text);
    let manager = MARKS.iter().find(|(mark, _)| text.contains(mark));
    let husky = path.parent().and_then(of_folder);
    let code = || text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let asks = || code().any(|line| NAMES.iter().any(|name| line.contains(name)));
    match manager {
        // Any script may read a file named h next to it.
        Some((_, Owner::Husky)) if husky != Some(Owner::Husky) => asks().then_some(Owner::Named),
        Some((_, owner)) => Some(*owner),
        None => asks().then_some(Owner::Named),
    }
}

/// The owner of a folder of hooks, by its name and files.
fn of_folder(folder: &Path) -> Option<Owner> {
    if folder.ends_with(".husky/_") || folder.ends_with("_") && folder.join("husky.sh").is_file() {
        return Some(Owner::Husky);
    }
    let old = folder.ends_with(".husky") || folder.join("_/husky.sh").is_file();
    old.then_some(Owner::OldHusky)
}

/// The future owner, by the files of the project, once its tool is installed.
fn of_files(tree: &Path) -> Option<(Owner, PathBuf)> {
    let package = tree.join("package.json");
    let says = |what: &str| read(&package).is_some_and(|text| contains(&text, what));
    if tree.join(".husky").is_dir() && says("husky") {
        return Some((Owner::Husky, tree.join(".husky")));
    }
    let there = |names: &[&str], owner| {
        let path = names.iter().map(|name| tree.join(name)).find(|path| path.is_file());
        path.map(|path| (owner, path))
    };
    let simple = || says("\"simple-git-hooks\":").then_some((Owner::Simple, package.clone()));
    there(&LEFTHOOK, Owner::Lefthook)
        .or_else(|| there(&[".overcommit.yml"], Owner::Overcommit))
        .or_else(|| there(&PRE_COMMIT, Owner::PreCommit))
        .or_else(|| there(&SIMPLE[1..], Owner::Simple))
        .or_else(simple)
}

fn contains(text: &[u8], what: &str) -> bool {
    memchr::memmem::find(text, what.as_bytes()).is_some()
}

fn is_ours(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').nth(1) == Some(MARK.as_bytes())
}

/// The beginning of a file, possibly through a link; `None` if there is none.
fn read(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut text = Vec::new();
    // A FIFO would block.
    let file = fs::metadata(path).is_ok_and(|found| found.is_file()).then(|| fs::File::open(path));
    file?.ok()?.take(LONGEST as u64).read_to_end(&mut text).ok()?;
    Some(text)
}
