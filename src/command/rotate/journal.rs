//! The journal of a rotation: a line for each step, with its time.
//!
//! A line before each change states the intention, and a line after it the outcome; each is on the
//! disk before the next step. So whatever ends the program, the next run knows
//! which change it has to look for. Lines are only ever appended, and a truncated one is ignored.
//! It holds ids, dates and places, never a secret. AWS remains the source of truth.

pub mod known;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::destination::{Record, private_folder, sync_folder};
use super::places::KeyPlace;
use crate::report::{Layout, write_json};
use crate::text::escape_path;

pub use known::Known;

/// Version of the format.
const FORM: u32 = 1;

/// The reason why a journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refuses.
    #[error("the journal {path}: {source}")]
    File {
        /// The file, for display.
        path: String,
        /// The system's error.
        source: io::Error,
    },
    /// Another run holds it.
    #[error("the journal {0} is in use: another run rotates this key at this moment")]
    InUse(String),
    /// It is something else, and is not changed.
    #[error("{0} is not the journal of a rotation of {1}: name another by --journal")]
    Foreign(String, String),
}

/// The first line: the key, and its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    keysweep_rotation: u32,
    /// The key.
    pub key: String,
    /// Its account.
    pub account: String,
    /// Its user.
    pub user: String,
    /// The unique id of that user: one created again under the same name has another. `None` if
    /// GetUser was not allowed.
    pub user_id: Option<String>,
}

impl Head {
    /// The head of a journal that begins.
    pub fn new(key: &str, account: &str, user: &str, user_id: Option<String>) -> Self {
        let (key, account, user) = (key.to_owned(), account.to_owned(), user.to_owned());
        Self { keysweep_rotation: FORM, key, account, user, user_id }
    }
}

/// A change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// CreateAccessKey.
    Create,
    /// The secret of the new key goes to its destination.
    Store,
    /// TagUser.
    Tag,
    /// UpdateAccessKey to Inactive.
    Deactivate,
    /// DeleteAccessKey.
    Delete,
    /// UntagUser.
    Untag,
}

/// Every other line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A change is about to be made.
    Intend {
        /// The change.
        change: Change,
        /// The key that changes; `None` where one is made.
        key: Option<String>,
        /// The keys that the user has.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        known: Vec<String>,
        /// The destination of the secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination: Option<Record>,
    },
    /// It was made.
    Done {
        /// The change.
        change: Change,
        /// The key that changed or was made.
        key: String,
        /// AWS's id of the request, as CloudTrail has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    /// It was not made.
    Failed {
        /// The change.
        change: Change,
        /// The reason.
        why: String,
    },
    /// It is not known whether it was made.
    Unknown {
        /// The change.
        change: Change,
        /// The reason.
        why: String,
    },
    /// AWS has another state than this journal: somebody else changed it.
    Seen {
        /// The key.
        key: String,
        /// `Active`, `Inactive` or `gone`.
        status: String,
    },
    /// A new key was adopted from the tag of another person's run.
    Adopted {
        /// The key.
        key: String,
    },
    /// The places of the old key.
    Places {
        /// All places.
        places: Vec<KeyPlace>,
        /// The files and folders that were looked at.
        looked: Vec<String>,
    },
    /// The old key was used last.
    Used {
        /// The date of the entry.
        date: String,
        /// By which service.
        service: Option<String>,
        /// In which Region.
        region: Option<String>,
    },
    /// The rotation was given up.
    Abandoned,
}

/// A line with its date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The time at which it was written.
    pub at: String,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// A journal, which may not have begun.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    key: String,
    head: Option<Head>,
    entries: Vec<JournalEntry>,
    file: Option<File>,
    /// The end of the last whole line.
    end: u64,
}

impl Journal {
    /// Reads the journal of `key` at `path`, if there is one, and holds it for this run.
    ///
    /// # Errors
    /// If it can't be read, is another's, or another run holds it.
    pub fn open(path: &Path, key: &str) -> Result<Self, Error> {
        let mut journal = Self {
            path: path.to_owned(),
            key: key.to_owned(),
            head: None,
            entries: Vec::new(),
            file: None,
            end: 0,
        };
        if path.symlink_metadata().is_ok() {
            journal.lock(false)?;
            journal.read()?;
        }
        Ok(journal)
    }

    /// The path, for display.
    pub fn place(&self) -> String {
        escape_path(self.path.as_os_str().as_encoded_bytes())
    }

    /// The user of the key, once the rotation has begun.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The state that its lines amount to.
    pub fn known(&self) -> Known {
        Known::of(&self.entries, &self.key)
    }

    /// Begins it, unless it has begun.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn begin(&mut self, head: Head) -> Result<(), Error> {
        if self.head.is_some() {
            return Ok(());
        }
        if self.file.is_none() {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            private_folder(folder).map_err(|source| self.failed(source))?;
            self.lock(true)?;
            sync_folder(self.path.parent().unwrap_or(Path::new(".")));
        }
        self.write(&head)?;
        self.head = Some(head);
        Ok(())
    }

    /// Notes an event; it is on the disk when this returns. Nothing is noted before it has begun.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn note(&mut self, now: Timestamp, event: Event) -> Result<(), Error> {
        if self.head.is_none() {
            return Ok(());
        }
        let entry = JournalEntry { at: now.to_string(), event };
        self.write(&entry)?;
        self.entries.push(entry);
        Ok(())
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::File { path: self.place(), source }
    }

    fn lock(&mut self, create: bool) -> Result<(), Error> {
        // Somebody may have put a link or a FIFO there.
        if self.path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(Error::Foreign(self.place(), self.key.clone()));
        }
        let mut asked = OpenOptions::new();
        asked.read(true).write(true).create(create).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            asked.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        }
        let file = asked.open(&self.path).map_err(|source| self.failed(source))?;
        // A run that ends at this moment releases it.
        let mut tries = 20;
        while let Err(TryLockError::WouldBlock) = file.try_lock() {
            // A file system without locks is not a reason to refuse; another error ends this as well.
            tries -= 1;
            if tries == 0 {
                return Err(Error::InUse(self.place()));
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        self.file = Some(file);
        Ok(())
    }

    fn read(&mut self) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        let foreign = || Error::Foreign(self.place(), self.key.clone());
        let failed = |source| Error::File { path: self.place(), source };
        let mut reader = BufReader::new(file);
        let (mut head, mut entries, mut end) = (None::<Head>, Vec::new(), 0);
        let mut line = Vec::new();
        loop {
            line.clear();
            let len = reader.read_until(b'\n', &mut line).map_err(failed)? as u64;
            if len == 0 || line.last() != Some(&b'\n') {
                break;
            }
            if head.is_none() {
                let read: Head = serde_json::from_slice(&line).map_err(|_| foreign())?;
                if read.keysweep_rotation != FORM || read.key != self.key {
                    return Err(foreign());
                }
                head = Some(read);
            } else {
                // A line that is not understood may be the one that says that the key was made.
                entries.push(serde_json::from_slice(&line).map_err(|_| foreign())?);
            }
            end += len;
        }
        let begins = b"{\"keysweep_rotation\":";
        if head.is_none() && !begins.starts_with(&line[..line.len().min(begins.len())]) {
            return Err(foreign());
        }
        (self.head, self.entries, self.end) = (head, entries, end);
        Ok(())
    }

    /// Writes a line after the last whole one; the part of a line that a killed run wrote is cut off.
    fn write(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let written = self.append(line);
        written.map_err(|source| self.failed(source))
    }

    fn append(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = Vec::new();
        write_json(line, Layout::Line, &mut text)?;
        let file = self.file.as_mut().ok_or(ErrorKind::NotFound)?;
        file.set_len(self.end)?;
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(&text)?;
        file.sync_all()?;
        self.end += text.len() as u64;
        Ok(())
    }
}

/// True if a text begins as a journal does: a key id in a journal is not a place where the key is
/// used.
pub fn is_journal(text: &[u8]) -> bool {
    text.starts_with(b"{\"keysweep_rotation\":")
}

/// The journal of a key below the folder of states.
pub fn path(states: &Path, key: &str) -> PathBuf {
    states.join("keysweep").join("rotations").join(format!("{key}.jsonl"))
}

/// The keys whose rotations have begun, by the names of their journals.
pub fn all(states: &Path) -> Vec<String> {
    let folder = states.join("keysweep").join("rotations");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut keys: Vec<_> =
        names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).collect();
    keys.sort();
    keys
}
