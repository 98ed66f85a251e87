//! The reflogs of a repository and of all its worktrees, as files.
//!
//! It returns each log's bytes with the name of its ref. Links to logs are reported and not followed:
//! they could lead out of an untrusted repository.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use gix::ObjectId;

use super::listing;
use super::preflight;
use keysweep_base::record::Record;

/// Limit in bytes of a file that is read at once; a reflog of a hundred thousand lines has 20 MB.
const LARGEST: u64 = 128 << 20;

/// One reflog.
pub struct Reflog {
    /// The ref's full name, as git writes it: `refs/heads/main`, `worktrees/side/HEAD`.
    pub name: Vec<u8>,
    /// Its lines.
    pub bytes: Vec<u8>,
}

impl Reflog {
    /// True if it is the log of `refs/stash`, which holds all stashes but the newest.
    pub fn is_stash(&self) -> bool {
        self.name == b"refs/stash"
    }

    /// The old and the new object id of each line, in order.
    pub fn ids(&self) -> impl Iterator<Item = (ObjectId, ObjectId)> + '_ {
        self.bytes.split(|&byte| byte == b'\n').filter_map(ids_of_line)
    }

    /// The new object id of line `number`, counted from 1.
    pub fn id_of_line(&self, number: u64) -> Option<ObjectId> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.bytes.split(|&byte| byte == b'\n').nth(index).and_then(ids_of_line).map(|ids| ids.1)
    }
}

/// Reads all reflogs, sorted by name.
pub fn read(repo: &gix::Repository, ledger: &dyn Record) -> Vec<Reflog> {
    let common = repo.common_dir();
    let mut logs = Vec::new();
    collect(&common.join("logs"), b"", ledger, &mut logs);
    for (name, folder) in worktrees(repo, ledger) {
        let prefix = [b"worktrees/", name.as_slice(), b"/"].concat();
        collect(&folder.join("logs"), &prefix, ledger, &mut logs);
    }
    logs.sort_by(|a, b| a.name.cmp(&b.name));
    logs
}

/// The git folders of linked worktrees, sorted by name.
pub fn worktrees(repo: &gix::Repository, ledger: &dyn Record) -> Vec<(Vec<u8>, PathBuf)> {
    let common = repo.common_dir();
    let mut found: Vec<_> = listing::entries_of_git(common, &common.join("worktrees"), ledger)
        .into_iter()
        .filter(|entry| preflight::is_folder(common, &entry.path(), ledger))
        .map(|entry| (entry.file_name().as_encoded_bytes().to_vec(), entry.path()))
        .collect();
    found.sort();
    found
}

/// Calls `each` for every regular file below `folder`, with its relative name and its bytes. A file
/// of `most` bytes, more than git writes there, is recorded and not read.
pub fn files_below(
    folder: &Path,
    prefix: &[u8],
    most: u64,
    ledger: &dyn Record,
    each: &mut dyn FnMut(Vec<u8>, PathBuf, Vec<u8>),
) {
    paths_below(folder, prefix, ledger, &mut |name, path| {
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        let why = match read {
            Ok(length) if (length as u64) < most => return each(name, path, bytes),
            Ok(_) => format!("larger than {} KiB: not read", most >> 10),
            Err(error) => error.to_string(),
        };
        ledger.problem("file", path.as_os_str().as_encoded_bytes(), &why);
    });
}

/// Calls `each` for every regular file below `folder`, with its relative name. Other files, which
/// git never writes there, are recorded: they would block a reader or lead out of the repository.
pub fn paths_below(
    folder: &Path,
    prefix: &[u8],
    ledger: &dyn Record,
    each: &mut dyn FnMut(Vec<u8>, PathBuf),
) {
    let (above, name) = (folder.parent(), folder.file_name().and_then(|name| name.to_str()));
    if let (Some(above), Some(name)) = (above, name)
        && let Err(malformed) = preflight::check_link(above, name)
    {
        let path = folder.as_os_str().as_encoded_bytes();
        return ledger.problem("folder", path, &malformed.advice());
    }
    // A list replaces recursion: the depth of the folders is not trusted.
    let mut pending = vec![(folder.to_owned(), prefix.to_vec())];
    while let Some((folder, prefix)) = pending.pop() {
        for entry in listing::entries(&folder, ledger) {
            let name = [prefix.as_slice(), entry.file_name().as_encoded_bytes()].concat();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    pending.push((entry.path(), [&name, &b"/"[..]].concat()));
                }
                Ok(kind) if kind.is_file() => each(name, entry.path()),
                Ok(_) => {
                    let why = "a link, FIFO, socket or device, which git never writes there: \
                               not read, look at it and remove it";
                    ledger.problem("file", entry.path().as_os_str().as_encoded_bytes(), &why);
                }
                Err(error) => {
                    ledger.problem("file", entry.path().as_os_str().as_encoded_bytes(), &error);
                }
            }
        }
    }
}

fn collect(folder: &Path, prefix: &[u8], ledger: &dyn Record, logs: &mut Vec<Reflog>) {
    files_below(folder, prefix, LARGEST, ledger, &mut |name, _, bytes| {
        logs.push(Reflog { name, bytes });
    });
}

fn ids_of_line(line: &[u8]) -> Option<(ObjectId, ObjectId)> {
    let mut words = line.split(|&byte| byte == b' ');
    let old = ObjectId::from_hex(words.next()?).ok()?;
    let new = ObjectId::from_hex(words.next()?).ok()?;
    Some((old, new))
}
