//! The file by which an interrupted sweep goes on: what is finished, a line each.
//!
//! Lines are only ever appended, each after its target ended, so whatever ends the program leaves
//! a file that can be read; a line that was cut is done again. A line holds what was scanned of a
//! target and where credentials stand in it, never a credential: those are read again from there.
//! The last line of a sweep that came to its end says so, and the next run begins anew.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::report::{Layout, write_json};
use crate::run::sweep::{ResumeStore, Target, TargetState};
use crate::secret::hex;
use crate::text::escape_path;

/// Version of the form; another one can't be gone on with.
const FORM: u32 = 1;

/// Why a state can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refuses.
    #[error("{path}: {source}")]
    File {
        /// The file, for display.
        path: String,
        /// What it says.
        source: io::Error,
    },
    /// Another program holds it.
    #[error("{0}: another sweep is using it; give each its own file")]
    InUse(String),
    /// Nothing is written through a link, nor to a device.
    #[error("{0} is a link or no regular file: name the file itself")]
    NoFile(String),
    /// It is something else, and is left as it is.
    #[error("{0} is not the state of a sweep: name a file that does not exist yet")]
    Foreign(String),
    /// It was begun differently.
    #[error(
        "{0} is of a sweep by {1}: go on as it was begun, or name a file that does not exist yet"
    )]
    Other(String, &'static str),
}

/// The first line.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Head {
    keysweep_sweep: u32,
    version: String,
    /// Digest of the options that decide what is found.
    options: String,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// The sweep came to its end.
    Ended(bool),
    /// A target did.
    Target(Box<StateEntry>),
}

#[derive(Serialize, Deserialize)]
struct StateEntry {
    place: String,
    kept: TargetState,
}

/// The part of an entry by which it is found.
#[derive(Deserialize)]
struct Named {
    target: TargetKey,
}

#[derive(Deserialize)]
struct TargetKey {
    place: String,
}

/// An open state.
#[derive(Debug)]
pub struct State {
    file: File,
    /// Where the line of each finished target begins, by the target's place.
    lines: HashMap<String, u64>,
    end: u64,
}

impl State {
    /// Opens the state at `path`, or begins it there; `options` say what decides about findings.
    ///
    /// # Errors
    /// If it can't be read or written, or is not of such a sweep.
    pub fn open(path: &Path, options: &str) -> Result<Self, Error> {
        let shown = || escape_path(path.as_os_str().as_encoded_bytes());
        let failed = |source| Error::File { path: shown(), source };
        let mut asked = OpenOptions::new();
        asked.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // It tells where credentials are.
            asked.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        }
        // A link or a FIFO may have been planted where a user keeps the state.
        let is_fit = path.symlink_metadata().map_or(true, |found| found.is_file());
        if !is_fit {
            return Err(Error::NoFile(shown()));
        }
        let file = asked.open(path).map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(shown())),
            // A file system without locks is no reason to refuse.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
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

    /// How many targets are finished.
    pub fn finished(&self) -> usize {
        self.lines.len()
    }

    /// Notes that the sweep came to its end and was reported: the next run begins anew.
    pub fn end(&mut self) -> io::Result<()> {
        self.append(&Line::Ended(true)).map(drop)
    }

    /// Reads which targets are finished, up to the last whole line.
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
            // Nothing but the beginning of a first line, as of a run that was killed at once.
            None if b"{\"keysweep_sweep\":".starts_with(&line[..line.len().min(18)]) => {
                Ok(Read::Nothing)
            }
            None => Ok(Read::Foreign),
        }
    }

    /// Writes a line behind the last whole one; what a killed run left of a line is cut off.
    fn append(&mut self, line: &impl Serialize) -> io::Result<u64> {
        let mut text = Vec::new();
        // Somebody may look at it in a terminal.
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

/// What a file was.
enum Read {
    /// Empty, or the state of a sweep that ended.
    Nothing,
    /// The state of a sweep that was interrupted.
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

/// A path as text that no other path has.
fn name(place: &Path) -> String {
    match place.to_str() {
        Some(text) => text.to_owned(),
        None => format!("base64:{}", BASE64.encode(place.as_os_str().as_encoded_bytes())),
    }
}
