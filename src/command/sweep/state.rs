//! The state file of an interrupted sweep: finished targets, one on each line.
//!
//! Lines are only appended, each after its target ended. So the file is readable however the
//! program ends; an incomplete line is written again. A line has the coverage of a target and the
//! locations of its credentials, never a credential: those are read again. After a complete sweep
//! the last line says so, and the next run starts again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::report::{Layout, write_json};
use crate::run::sweep::{ResumeStore, TargetState};
use crate::run::target::Target;
use crate::secret::hex;
use crate::text::escape_path;

/// The version of the format; other versions can't be resumed.
const FORM: u32 = 1;

/// The reason why a state file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An error of the system.
    #[error("{path}: {source}")]
    File {
        /// The file, for display.
        path: String,
        /// The error.
        source: io::Error,
    },
    /// Another process uses it.
    #[error("{0}: another sweep is using it; each needs a file of its own")]
    InUse(String),
    /// It is a link or a device, which are never written to.
    #[error("{0} is a link or not a regular file: name the file itself")]
    NoFile(String),
    /// It is another kind of file, and is left unchanged.
    #[error("{0} is not the state of a sweep: name a file that does not exist yet")]
    Foreign(String),
    /// It is not a partial, and is left unchanged.
    #[error("--partial {0}: another kind of file is there: name one that does not exist yet")]
    NoPartial(String),
    /// It was started with other options.
    #[error(
        "{0} is of a sweep by {1}: resume it with the same options and version, or name a file \
         that does not exist yet"
    )]
    Other(String, &'static str),
}

/// The first line.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Head {
    keysweep_sweep: u32,
    version: String,
    /// The digest of the options that affect findings.
    options: String,
}

/// All other lines.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// The sweep is complete.
    Ended(bool),
    /// A target is finished.
    Target(Box<StateEntry>),
}

#[derive(Serialize, Deserialize)]
struct StateEntry {
    place: String,
    kept: TargetState,
}

/// The part of an entry that identifies it.
#[derive(Deserialize)]
struct Named {
    target: TargetKey,
}

#[derive(Deserialize)]
struct TargetKey {
    place: String,
}

/// An open state file.
#[derive(Debug)]
pub struct State {
    file: File,
    /// The offset of each finished target's line, by the target's path.
    lines: HashMap<String, u64>,
    end: u64,
}

impl State {
    /// Opens the state at `path`, or creates it; `options` are those that affect findings.
    ///
    /// # Errors
    ///
    /// If it can't be read or written, or is not the state of such a sweep.
    pub fn open(path: &Path, options: &str) -> Result<Self, Error> {
        let shown = || escape_path(path.as_os_str().as_encoded_bytes());
        let failed = |source| Error::File { path: shown(), source };
        let file = self::open(path)?;
        let head = Head {
            keysweep_sweep: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options: hex(&Sha256::digest(options)),
        };
        let mut state = Self { file, lines: HashMap::new(), end: 0 };
        match state.read().map_err(failed)? {
            Read::Begun(found) if found == head => return Ok(state),
            Read::Begun(found) if found.version != head.version => {
                return Err(Error::Other(shown(), "another version of keysweep"));
            }
            Read::Begun(_) => return Err(Error::Other(shown(), "other options")),
            Read::Foreign => return Err(Error::Foreign(shown())),
            Read::Nothing => {}
        }
        state.lines.clear();
        state.end = 0;
        state.append(&head).map_err(failed)?;
        Ok(state)
    }

    /// The number of finished targets.
    pub fn finished(&self) -> usize {
        self.lines.len()
    }

    /// Records that the sweep is complete and reported: the next run starts again.
    pub fn end(&mut self) -> io::Result<()> {
        self.append(&Line::Ended(true)).map(drop)
    }

    /// Reads the finished targets, up to the last complete line.
    fn read(&mut self) -> io::Result<Read> {
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        let mut head: Option<Head> = None;
        let mut end = 0;
        let mut ended = false;
        loop {
            line.clear();
            let len = reader.read_until(b'\n', &mut line)? as u64;
            if len == 0 || line.last() != Some(&b'\n') {
                break;
            }
            if head.is_none() {
                match serde_json::from_slice(&line) {
                    Ok(read) => head = Some(read),
                    Err(_) => return Ok(Read::Foreign),
                }
            } else if let Ok(named) = serde_json::from_slice::<Named>(&line) {
                self.lines.insert(named.target.place, end);
            } else {
                ended |= matches!(serde_json::from_slice(&line), Ok(Line::Ended(true)));
            }
            end += len;
        }
        self.end = end;
        match head {
            _ if ended => Ok(Read::Nothing),
            Some(head) => Ok(Read::Begun(head)),
            // Only the beginning of the first line, after a run that was killed at once.
            None if b"{\"keysweep_sweep\":".starts_with(&line[..line.len().min(18)]) => {
                Ok(Read::Nothing)
            }
            None => Ok(Read::Foreign),
        }
    }

    /// Appends a line after the last complete one; an incomplete line of a killed run is removed.
    fn append(&mut self, line: &impl Serialize) -> io::Result<u64> {
        let mut text = Vec::new();
        // Users may open the file in a terminal.
        write_json(line, Layout::Line, &mut text)?;
        let at = self.end;
        self.file.set_len(at)?;
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(&text)?;
        self.file.sync_data()?;
        self.end += text.len() as u64;
        Ok(at)
    }

    fn entry(&mut self, at: u64) -> io::Result<StateEntry> {
        self.file.seek(SeekFrom::Start(at))?;
        let mut line = Vec::new();
        BufReader::new((&self.file).take(self.end - at)).read_until(b'\n', &mut line)?;
        match serde_json::from_slice(&line)? {
            Line::Target(entry) => Ok(*entry),
            Line::Ended(_) => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Opens a file that only its owner may read, or makes it; a lock keeps other sweeps out.
///
/// # Errors
///
/// If it is not a regular file, can't be opened, or is in use.
pub(super) fn open(path: &Path) -> Result<File, Error> {
    let shown = || escape_path(path.as_os_str().as_encoded_bytes());
    let failed = |source| Error::File { path: shown(), source };
    let mut asked = OpenOptions::new();
    asked.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // The file shows where credentials are.
        asked.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    // Somebody may have planted a link or a FIFO here.
    let is_fit = path.symlink_metadata().map_or(true, |found| found.is_file());
    if !is_fit {
        return Err(Error::NoFile(shown()));
    }
    let file = asked.open(path).map_err(failed)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::InUse(shown())),
        // A file system without locks is not an error.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// The kind of a file.
enum Read {
    /// Empty, or the state of a complete sweep.
    Nothing,
    /// The state of an interrupted sweep.
    Begun(Head),
    /// Something else.
    Foreign,
}

impl ResumeStore for State {
    fn recall(&mut self, target: &Target) -> Option<TargetState> {
        let at = *self.lines.get(&name(&target.place))?;
        self.entry(at).ok().map(|entry| entry.kept)
    }

    fn keep(&mut self, target: &Target, kept: &TargetState) -> io::Result<()> {
        let entry = StateEntry { place: name(&target.place), kept: kept.clone() };
        self.append(&Line::Target(Box::new(entry))).map(drop)
    }
}

/// A path as unique text.
fn name(place: &Path) -> String {
    match place.to_str() {
        Some(text) => text.to_owned(),
        None => format!("base64:{}", BASE64.encode(place.as_os_str().as_encoded_bytes())),
    }
}
