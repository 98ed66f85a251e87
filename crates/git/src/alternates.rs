//! The object folders of a repository: its own and its alternates.
//!
//! Each folder is returned once. An alternate is followed only if the same user owns it, and each
//! one is recorded in the ledger. No object is read.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::preflight;
use keysweep_base::paths::canonical;
use keysweep_base::record::Record;
use keysweep_base::text::escape_path;

/// Levels of alternates that are followed; git itself stops at 5.
const DEPTH: usize = 5;

/// The object folders that `objects` reads from, itself first.
///
/// A folder that can't be followed is a problem in the ledger. If `follow` is false, alternates are
/// left out, and the ledger says so.
pub fn folders(objects: &Path, follow: bool, ledger: &dyn Record) -> Vec<PathBuf> {
    let mut folders = vec![objects.to_owned()];
    let mut known = HashSet::from([canonical(objects)]);
    let mut level = vec![objects.to_owned()];
    for depth in 0.. {
        let mut next = Vec::new();
        for folder in level {
            for alternate in alternates(&folder, ledger) {
                if !follow {
                    ledger.note(format!("alternate not read, as asked: {}", shown(&alternate)));
                } else if depth == DEPTH {
                    let why = "it is an alternate of an alternate, five deep: scan it by itself";
                    problem(ledger, &alternate, &why);
                } else if known.insert(canonical(&alternate)) && is_fit(objects, &alternate, ledger)
                {
                    ledger.note(format!("alternate read: {}", shown(&alternate)));
                    folders.push(alternate.clone());
                    next.push(alternate);
                }
            }
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    folders
}

/// The folders that `objects/info/alternates` names.
fn alternates(objects: &Path, ledger: &dyn Record) -> Vec<PathBuf> {
    let list = objects.join("info/alternates");
    if let Err(error) = preflight::check_object_file(&list) {
        problem(ledger, &list, &error.advice());
        return Vec::new();
    }
    let text = match fs::read(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problem(ledger, &list, &error);
            return Vec::new();
        }
    };
    match gix::odb::alternate::parse(&text) {
        Ok(paths) => paths.into_iter().map(|path| objects.join(path)).collect(),
        Err(error) => {
            problem(ledger, &list, &error);
            Vec::new()
        }
    }
}

/// True if an alternate may be read: it is a folder, and its owner owns the repository.
fn is_fit(objects: &Path, alternate: &Path, ledger: &dyn Record) -> bool {
    let fit = fs::metadata(objects).and_then(|own| {
        let other = fs::metadata(alternate)?;
        if !other.is_dir() {
            return Err(io::Error::other("it is not a folder"));
        }
        if !have_one_owner(&own, &other) {
            let why = "it belongs to another user than the repository: scan it by itself";
            return Err(io::Error::other(why));
        }
        Ok(())
    });
    if let Err(error) = fit {
        problem(ledger, alternate, &error);
        return false;
    }
    true
}

#[cfg(unix)]
fn have_one_owner(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    one.uid() == other.uid()
}

/// Other systems do not identify owners by number; git follows alternates there as well.
#[cfg(not(unix))]
fn have_one_owner(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn shown(path: &Path) -> String {
    escape_path(canonical(path).as_os_str().as_encoded_bytes())
}

fn problem(ledger: &dyn Record, path: &Path, why: &dyn std::fmt::Display) {
    // A line of the file may contain any bytes.
    ledger.quoted("alternate", path.as_os_str().as_encoded_bytes(), why);
}
