//! Checks the files of a repository before anything reads them.
//!
//! A FIFO or a device in place of HEAD would block a reader for ever; a file of a gigabyte would
//! fill the memory. This module knows where git keeps its files, and reads only what names further
//! files.

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use keysweep_base::paths::canonical;
use keysweep_base::record::Record;

/// Files of a git folder, and the limit in bytes for each.
const FILES: [(&str, u64); 11] = [
    ("HEAD", SHORT),
    ("MERGE_HEAD", SHORT),
    ("commondir", SHORT),
    ("gitdir", SHORT),
    ("config", 16 << 20),
    ("config.worktree", 16 << 20),
    ("shallow", 256 << 20),
    ("packed-refs", 1 << 30),
    ("index", u64::MAX),
    ("objects/info/commit-graph", u64::MAX),
    ("info/exclude", 16 << 20),
];
/// The file that names alternates, and its limit in bytes.
const LIST: (&str, u64) = ("info/alternates", 16 << 20);
/// Longer than any path or id, in bytes.
pub const SHORT: u64 = 64 << 10;
/// Limit of symbolic refs that are followed, which is more than `gix` follows.
const LONGEST: usize = 16;
/// Limit of alternates of a repository that is passed to `gix`: its search for circles takes
/// quadratic time.
const FOLDERS: usize = 1000;
/// The places where git looks for the name of a revision (gitrevisions(7)), and for its log.
const NAMED: [&str; 8] = [
    "",
    "refs/",
    "refs/tags/",
    "refs/heads/",
    "refs/remotes/",
    "logs/",
    "logs/refs/heads/",
    "logs/refs/remotes/",
];

/// A file in the git folder that git would not write.
#[derive(Debug, thiserror::Error)]
#[error("{} is {}", .path.display(), self.advice())]
pub struct MalformedFile {
    /// The file.
    pub path: PathBuf,
    /// The fault.
    pub why: &'static str,
}

impl MalformedFile {
    /// The fault and the advice, for a message that already shows the path.
    pub fn advice(&self) -> String {
        format!("{}, which git never writes: look at it and remove it", self.why)
    }
}

/// Checks the repository at or above `start`; succeeds if there is none.
///
/// # Errors
/// If a file in it is not safe to read.
pub fn check(start: &Path) -> Result<(), MalformedFile> {
    let start = canonical(start);
    for folder in start.ancestors() {
        let git = folder.join(".git");
        match git.metadata() {
            Ok(_) => return check_git_dir(&git),
            Err(_) if folder.join("HEAD").exists() && folder.join("objects").exists() => {
                return check_folder(folder);
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Checks the git folder at `git`, or the one that the file there names.
///
/// # Errors
/// If a file in it is not safe to read.
pub fn check_git_dir(git: &Path) -> Result<(), MalformedFile> {
    match git.metadata() {
        Ok(found) if found.is_dir() => check_folder(git),
        Ok(_) => {
            let (text, folder) = (short(git)?, git.parent().unwrap_or(Path::new(".")));
            named(&text).map_or(Ok(()), |target| check_folder(&folder.join(target)))
        }
        Err(_) => Ok(()),
    }
}

/// The git folder that a `.git` file names; `None` if `git` is not a file.
pub fn target(git: &Path) -> Option<PathBuf> {
    let text = git.is_file().then(|| short(git).ok())??;
    Some(git.parent()?.join(named(&text)?))
}

/// The git folder that the text of a `.git` file names.
fn named(text: &str) -> Option<&str> {
    text.strip_prefix("gitdir:").map(str::trim)
}

/// Checks a git folder, its common folder, and the git folders of linked worktrees.
fn check_folder(folder: &Path) -> Result<(), MalformedFile> {
    check_link(folder, "commondir")?;
    let shared = short(&folder.join("commondir"))?;
    let common = folder.join(shared.trim());
    // A repository without a common folder is checked once.
    let own = (!shared.trim().is_empty()).then(|| folder.to_owned());
    for folder in own.into_iter().chain([common.clone()]).chain(worktrees(&common)) {
        for (name, most) in FILES {
            check_link(&folder, name)?;
            check_file(folder.join(name), most)?;
        }
        check_graphs(&folder)?;
        check_ref(&folder, &common, "HEAD")?;
    }
    Ok(())
}

/// The git folders of linked worktrees. Those below a link that may not be followed are left out.
fn worktrees(common: &Path) -> Vec<PathBuf> {
    let is_followed = |name: &Path| check_link(common, name).is_ok();
    let name = Path::new("worktrees");
    if !is_followed(name) {
        return Vec::new();
    }
    // Reading the folder later reports that it can't be listed, and `gix` reads nothing in it.
    let entries = std::fs::read_dir(common.join(name)).into_iter().flatten().flatten();
    let read = entries.filter(|entry| is_followed(&name.join(entry.file_name())));
    read.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// Checks a link. Programs that share one database between work trees create links to the same name
/// in another git folder, and old HEADs are links to a branch. A link to anything else would read
/// and quote a file outside of the repository.
pub fn check_link(folder: &Path, name: impl AsRef<Path>) -> Result<(), MalformedFile> {
    let name = name.as_ref();
    let path = folder.join(name);
    if !path.is_symlink() {
        return Ok(());
    }
    // A dangling link counts as missing, and the caller reports a target that is not a file.
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let is_git = |up: &Path| up.join("HEAD").exists() && up.join("objects").exists();
    let depth = name.components().count();
    let shared = real.ends_with(name) && real.ancestors().nth(depth).is_some_and(is_git);
    let branch = name == Path::new("HEAD") && real.starts_with(canonical(folder));
    let special = !real.is_file() && !real.is_dir();
    if shared || branch || special {
        return Ok(());
    }
    Err(MalformedFile { path, why: "a link that leads out of the repository" })
}

/// True if git reads the entry at `path`, which is in the git folder `git`, as a folder. A link to a
/// folder that may not be followed is a problem in the ledger.
pub fn is_folder(git: &Path, path: &Path, ledger: &dyn Record) -> bool {
    let problem = |why: &dyn Display| {
        ledger.problem("folder", path.as_os_str().as_encoded_bytes(), why);
        false
    };
    match path.metadata() {
        Ok(found) if !found.is_dir() => false,
        Ok(_) => match check_link(git, path.strip_prefix(git).unwrap_or(path)) {
            Ok(()) => true,
            Err(malformed) => problem(&malformed.advice()),
        },
        // A dangling link counts as missing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => problem(&error),
    }
}

/// The folder of Git LFS objects; a link to it is checked first.
pub fn lfs_objects(repo: &gix::Repository) -> Result<PathBuf, MalformedFile> {
    check_link(repo.common_dir(), "lfs")?;
    Ok(repo.common_dir().join("lfs/objects"))
}

/// Checks the layers of a commit graph, which `gix` maps as listed.
fn check_graphs(folder: &Path) -> Result<(), MalformedFile> {
    // If the folder can't be listed, `gix` can't open it either.
    let graphs = std::fs::read_dir(folder.join("objects/info/commit-graphs"));
    for entry in graphs.into_iter().flatten().flatten() {
        check_file(entry.path(), u64::MAX)?;
    }
    Ok(())
}

/// Checks a ref, and the refs that it leads to.
fn check_ref(folder: &Path, common: &Path, name: &str) -> Result<(), MalformedFile> {
    let mut name = name.to_owned();
    for _ in 0..LONGEST {
        // This is not a valid ref name, so nothing reads it.
        if name.starts_with('/') || name.contains("..") {
            break;
        }
        let mut text = short(&folder.join(&name))?;
        if text.is_empty() {
            text = short(&common.join(&name))?;
        }
        let Some(next) = text.strip_prefix("ref:") else { break };
        next.trim().clone_into(&mut name);
    }
    Ok(())
}

/// Checks all files that may be read to resolve a revision such as `side~2` or `main@{1}`.
///
/// # Errors
/// If one of these files is not safe to read.
pub fn check_revision(repo: &gix::Repository, revision: &str) -> Result<(), MalformedFile> {
    let name = revision.split(['~', '^', ':', '@']).next().unwrap_or_default();
    let name = if name.is_empty() { "HEAD" } else { name };
    for prefix in NAMED {
        check_ref(repo.git_dir(), repo.common_dir(), &format!("{prefix}{name}"))?;
    }
    check_ref(repo.git_dir(), repo.common_dir(), &format!("refs/remotes/{name}/HEAD"))
}

/// Checks an object folder and all its alternates, in the order in which `gix` reads them.
///
/// # Errors
/// If `gix` can't safely read from them.
pub fn check_stores(objects: &Path) -> Result<(), MalformedFile> {
    let mut known = HashSet::from([canonical(objects)]);
    let mut pending = vec![objects.to_owned()];
    while let Some(folder) = pending.pop() {
        // The pass over the database lists the folder as well, and reports errors.
        for entry in std::fs::read_dir(folder.join("pack")).into_iter().flatten().flatten() {
            // The listing itself contains the type of most entries.
            if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                check_file(entry.path(), u64::MAX)?;
            }
        }
        let (list, text) = borrowed(&folder)?;
        for path in gix::odb::alternate::parse(&text).unwrap_or_default() {
            let path = objects.join(path);
            if known.insert(canonical(&path)) {
                pending.push(path);
            }
            if known.len() > FOLDERS {
                return Err(MalformedFile { path: list, why: "a list of too many object folders" });
            }
        }
    }
    Ok(())
}

/// The file that names the alternates of `objects`, and its content; empty if it can't be opened,
/// which fails at once in every reader.
fn borrowed(objects: &Path) -> Result<(PathBuf, Vec<u8>), MalformedFile> {
    let list = objects.join(LIST.0);
    check_object_file(&list)?;
    // The pass over the database reads it as well, and reports errors.
    let text = std::fs::read(&list).unwrap_or_default();
    Ok((list, text))
}

/// Checks a file of an object folder.
///
/// # Errors
/// If it is not safe to read.
pub fn check_object_file(path: &Path) -> Result<(), MalformedFile> {
    let is_list = path.ends_with(LIST.0);
    if let Some(objects) = path.ancestors().nth(2).filter(|_| is_list) {
        check_link(objects, LIST.0)?;
    }
    let most = if is_list { LIST.1 } else { u64::MAX };
    check_file(path.to_owned(), most)
}

/// A missing file or a folder is harmless: reading it fails at once.
fn check_file(path: PathBuf, most: u64) -> Result<(), MalformedFile> {
    let why = match path.metadata() {
        Ok(found) if found.is_file() && found.len() > most => "larger than any",
        Ok(found) if !found.is_file() && !found.is_dir() => "a FIFO, socket or device",
        _ => return Ok(()),
    };
    Err(MalformedFile { path, why })
}

/// The text of a short file; empty if it does not exist.
fn short(path: &Path) -> Result<String, MalformedFile> {
    check_file(path.to_owned(), SHORT)?;
    let mut text = Vec::new();
    // Whoever needs the file reports that it can't be read.
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(SHORT).read_to_end(&mut text);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
