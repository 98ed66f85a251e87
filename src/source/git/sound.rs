//! What a repository's own files are, before anything reads them.
//!
//! A FIFO or a device in the place of HEAD would keep a reader waiting for ever, a file of a
//! gigabyte in its place would fill the memory. Takes the path that is about to be opened; knows
//! where git keeps what, and not what stands in it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Files of a git folder, and the most bytes of each that are read.
const FILES: [(&str, u64); 11] = [
    ("HEAD", SHORT),
    ("commondir", SHORT),
    ("gitdir", SHORT),
    ("config", 16 << 20),
    ("config.worktree", 16 << 20),
    ("shallow", 256 << 20),
    ("packed-refs", 1 << 30),
    ("index", u64::MAX),
    ("objects/info/alternates", 16 << 20),
    ("objects/info/commit-graph", u64::MAX),
    ("info/exclude", 16 << 20),
];
/// Folders whose files are mapped or read as they are listed.
const FOLDERS: [&str; 2] = ["objects/pack", "objects/info/commit-graphs"];
/// More than any path or id has.
const SHORT: u64 = 64 << 10;

/// A file of git's own that is not as git writes it.
#[derive(Debug, thiserror::Error)]
#[error("{} is {why}, which git never writes: look at it and remove it", .path.display())]
pub struct Unsound {
    /// The file.
    pub path: PathBuf,
    /// What it is instead.
    pub why: &'static str,
}

/// Looks at the repository at or above `start`; nothing is wrong where there is none.
///
/// # Errors
/// If a file of it can't be read without harm.
pub(crate) fn check(start: &Path) -> Result<(), Unsound> {
    let start = super::open::canonical(start);
    for folder in start.ancestors() {
        let git = folder.join(".git");
        match git.metadata() {
            Ok(found) if found.is_dir() => return check_folder(&git),
            Ok(_) => {
                let text = short(&git)?;
                let target = text.strip_prefix("gitdir:").map(str::trim);
                return target.map_or(Ok(()), |target| check_folder(&folder.join(target)));
            }
            Err(_) if folder.join("HEAD").exists() && folder.join("objects").exists() => {
                return check_folder(folder);
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Looks at a git folder, and at the one that it shares with others.
fn check_folder(folder: &Path) -> Result<(), Unsound> {
    check_files(folder)?;
    let shared = short(&folder.join("commondir"))?;
    if shared.is_empty() { Ok(()) } else { check_files(&folder.join(shared.trim())) }
}

fn check_files(folder: &Path) -> Result<(), Unsound> {
    for (name, most) in FILES {
        check_file(folder.join(name), most)?;
    }
    for name in FOLDERS {
        for entry in std::fs::read_dir(folder.join(name)).into_iter().flatten().flatten() {
            // The listing itself tells what most are.
            if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                check_file(entry.path(), u64::MAX)?;
            }
        }
    }
    Ok(())
}

/// What is missing or a folder is harmless: reading it fails at once.
fn check_file(path: PathBuf, most: u64) -> Result<(), Unsound> {
    let why = match path.metadata() {
        Ok(found) if found.is_file() && found.len() > most => "larger than any",
        Ok(found) if !found.is_file() && !found.is_dir() => "a FIFO, socket or device",
        _ => return Ok(()),
    };
    Err(Unsound { path, why })
}

/// The text of a short file; empty if there is none.
fn short(path: &Path) -> Result<String, Unsound> {
    check_file(path.to_owned(), SHORT)?;
    let mut text = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        // What can't be read is told by whoever needs it.
        let _ = file.take(SHORT).read_to_end(&mut text);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
