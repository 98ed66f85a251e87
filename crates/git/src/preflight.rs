//! What a repository's own files are, before anything reads them.
//!
//! A FIFO or a device in the place of HEAD would keep a reader waiting for ever, a file of a
//! gigabyte in its place would fill the memory. Takes the path that is about to be opened; knows
//! where git keeps what, and of what stands in it no more than where it leads on.

use keysweep_base::paths::canonical;
use std::collections::HashSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Files of a git folder, and the most bytes of each that are read.
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
/// The list of object folders that one borrows from, and the most bytes of it that are read.
const LIST: (&str, u64) = ("info/alternates", 16 << 20);
/// More than any path or id has.
pub const SHORT: u64 = 64 << 10;
/// Refs that name others are followed this far, which is further than `gix` does.
const LONGEST: usize = 16;
/// A repository that borrows from more object folders is not handed to `gix`, whose search for
/// circles takes the square of their number.
const FOLDERS: usize = 1000;
/// Where a revision's name is looked for (gitrevisions(7)), and its log.
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

/// A file of git's own that is not as git writes it.
#[derive(Debug, thiserror::Error)]
#[error("{} is {}", .path.display(), self.advice())]
pub struct MalformedFile {
    /// The file.
    pub path: PathBuf,
    /// What it is instead.
    pub why: &'static str,
}

impl MalformedFile {
    /// What it is and what to do, for where the path stands already.
    pub fn advice(&self) -> String {
        format!("{}, which git never writes: look at it and remove it", self.why)
    }
}

/// Looks at the repository at or above `start`; nothing is wrong where there is none.
///
/// # Errors
/// If a file of it can't be read without harm.
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

/// Looks at the git folder at `git`, or at the one to which the file there leads.
///
/// # Errors
/// If a file of it can't be read without harm.
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

/// Where a file in the place of a git folder leads, if it is one.
pub fn target(git: &Path) -> Option<PathBuf> {
    let text = git.is_file().then(|| short(git).ok())??;
    Some(git.parent()?.join(named(&text)?))
}

/// The git folder that such a file's text names.
fn named(text: &str) -> Option<&str> {
    text.strip_prefix("gitdir:").map(str::trim)
}

/// Looks at a git folder, at the one that it shares with others, and at theirs.
fn check_folder(folder: &Path) -> Result<(), MalformedFile> {
    check_link(folder, "commondir")?;
    let shared = short(&folder.join("commondir"))?;
    let common = folder.join(shared.trim());
    // A repository of its own is looked at once.
    let own = (!shared.trim().is_empty()).then(|| folder.to_owned());
    // What can't be listed is told by whoever reads what is in it, and `gix` reads none of it.
    let linked = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
    let others = linked.map(|entry| entry.path()).filter(|path| path.is_dir());
    for folder in own.into_iter().chain([common.clone()]).chain(others) {
        for (name, most) in FILES {
            check_link(&folder, name)?;
            check_file(folder.join(name), most)?;
        }
        check_graphs(&folder)?;
        check_ref(&folder, &common, "HEAD")?;
    }
    Ok(())
}

/// Looks at what is a link: programs that share one database between work trees make them, to what
/// has the same name in another git folder, and old HEADs are links to a branch. Anything else
/// would be read, and quoted where it makes no sense, though it is no part of the repository.
pub fn check_link(folder: &Path, name: &str) -> Result<(), MalformedFile> {
    let path = folder.join(name);
    if !path.is_symlink() {
        return Ok(());
    }
    // What leads nowhere is missing, and what is no file is told as that.
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let is_git = |up: &Path| up.join("HEAD").exists() && up.join("objects").exists();
    let depth = Path::new(name).components().count();
    let shared = real.ends_with(name) && real.ancestors().nth(depth).is_some_and(is_git);
    let branch = name == "HEAD" && real.starts_with(canonical(folder));
    let special = !real.is_file() && !real.is_dir();
    if shared || branch || special {
        return Ok(());
    }
    Err(MalformedFile { path, why: "a link that leads out of the repository" })
}

/// Where the objects of Git LFS are; no link leads there that is not looked at.
pub fn lfs_objects(repo: &gix::Repository) -> Result<PathBuf, MalformedFile> {
    check_link(repo.common_dir(), "lfs")?;
    Ok(repo.common_dir().join("lfs/objects"))
}

/// The layers of a commit graph are mapped as they are listed.
fn check_graphs(folder: &Path) -> Result<(), MalformedFile> {
    // What can't be listed can't be opened by `gix` either.
    let graphs = std::fs::read_dir(folder.join("objects/info/commit-graphs"));
    for entry in graphs.into_iter().flatten().flatten() {
        check_file(entry.path(), u64::MAX)?;
    }
    Ok(())
}

/// Looks at a ref, and at those that it leads to.
fn check_ref(folder: &Path, common: &Path, name: &str) -> Result<(), MalformedFile> {
    let mut name = name.to_owned();
    for _ in 0..LONGEST {
        // No ref has such a name, and no reader goes there.
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

/// Looks at all that may be read to learn what a revision such as `side~2` or `main@{1}` names.
///
/// # Errors
/// If one of these files can't be read without harm.
pub fn check_revision(repo: &gix::Repository, revision: &str) -> Result<(), MalformedFile> {
    let name = revision.split(['~', '^', ':', '@']).next().unwrap_or_default();
    let name = if name.is_empty() { "HEAD" } else { name };
    for prefix in NAMED {
        check_ref(repo.git_dir(), repo.common_dir(), &format!("{prefix}{name}"))?;
    }
    check_ref(repo.git_dir(), repo.common_dir(), &format!("refs/remotes/{name}/HEAD"))
}

/// Looks at an object folder and at all that it borrows from, in the way of `gix`.
///
/// # Errors
/// If `gix` had better not read from them.
pub fn check_stores(objects: &Path) -> Result<(), MalformedFile> {
    let mut known = HashSet::from([canonical(objects)]);
    let mut left = vec![objects.to_owned()];
    while let Some(folder) = left.pop() {
        // What can't be listed is told by the pass over the database, which lists it as well.
        for entry in std::fs::read_dir(folder.join("pack")).into_iter().flatten().flatten() {
            // The listing itself tells what most are.
            if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                check_file(entry.path(), u64::MAX)?;
            }
        }
        let (list, text) = borrowed(&folder)?;
        for path in gix::odb::alternate::parse(&text).unwrap_or_default() {
            let path = objects.join(path);
            if known.insert(canonical(&path)) {
                left.push(path);
            }
            if known.len() > FOLDERS {
                return Err(MalformedFile { path: list, why: "a list of too many object folders" });
            }
        }
    }
    Ok(())
}

/// The list of the object folders that `objects` borrows from, and what stands in it: nothing if
/// it can't be opened, which fails at once for whoever needs it.
fn borrowed(objects: &Path) -> Result<(PathBuf, Vec<u8>), MalformedFile> {
    let list = objects.join(LIST.0);
    check_object_file(&list)?;
    // The pass over the database reads it as well, and tells why it can't.
    let text = std::fs::read(&list).unwrap_or_default();
    Ok((list, text))
}

/// Looks at a file of an object folder.
///
/// # Errors
/// If it can't be read without harm.
pub fn check_object_file(path: &Path) -> Result<(), MalformedFile> {
    let is_list = path.ends_with(LIST.0);
    if let Some(objects) = path.ancestors().nth(2).filter(|_| is_list) {
        check_link(objects, LIST.0)?;
    }
    let most = if is_list { LIST.1 } else { u64::MAX };
    check_file(path.to_owned(), most)
}

/// What is missing or a folder is harmless: reading it fails at once.
fn check_file(path: PathBuf, most: u64) -> Result<(), MalformedFile> {
    let why = match path.metadata() {
        Ok(found) if found.is_file() && found.len() > most => "larger than any",
        Ok(found) if !found.is_file() && !found.is_dir() => "a FIFO, socket or device",
        _ => return Ok(()),
    };
    Err(MalformedFile { path, why })
}

/// The text of a short file; empty if there is none.
fn short(path: &Path) -> Result<String, MalformedFile> {
    check_file(path.to_owned(), SHORT)?;
    let mut text = Vec::new();
    // What can't be read is told by whoever needs it.
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(SHORT).read_to_end(&mut text);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
