//! The messages between a sweep and its processes: frames of a length, a kind and a content.
//!
//! The pipes between them are the only channel. Options, paths and targets are not on a command
//! line or in an environment, where others could read them. Found secrets pass through such a pipe
//! and nowhere else, and every buffer that held one is wiped.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::coverage::{Coverage, Problem};
use crate::run::restore::Trace;
use crate::source::git::since::ObjectsRead;

/// Longest content of a frame: a report of more problems than this does not exist.
const LONGEST: u32 = 1 << 30;

/// Bytes of the length and the kind.
const HEAD: usize = 5;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To a process: the version of the sweep, and the options. The first frame.
    Setup,
    /// To a process: a target.
    Target,
    /// To a process: the sweep ends.
    Stop,
    /// From a process: it has read its options. The first frame.
    Ready,
    /// From a process: it is at work, and how far it is.
    Progress,
    /// From a process: a hit, with its secrets.
    Hit,
    /// From a process: a target has ended.
    Done,
}

const KINDS: [Kind; 7] =
    [Kind::Setup, Kind::Target, Kind::Stop, Kind::Ready, Kind::Progress, Kind::Hit, Kind::Done];

/// A frame that was read.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Wiped on drop: it may contain secrets.
    pub(super) content: Zeroizing<Vec<u8>>,
}

impl Frame {
    /// The content as a record.
    pub(super) fn record<T: DeserializeOwned>(&self) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.content)?)
    }
}

/// Reads a frame; `None` at the end of the stream.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD];
    let mut have = 0;
    while have < HEAD {
        match from.read(&mut head[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    let kind = KINDS.get(usize::from(head[4])).filter(|_| length <= LONGEST);
    let kind = *kind.ok_or(io::ErrorKind::InvalidData)?;
    let mut content = Zeroizing::new(Vec::new());
    // Something that claims a length gets no memory before it has written so much.
    let mut remaining = length as usize;
    while remaining > 0 {
        let part = remaining.min(1 << 20);
        reserve(&mut content, part);
        let at = content.len();
        content.resize(at + part, 0);
        from.read_exact(&mut content[at..])?;
        remaining -= part;
    }
    Ok(Some(Frame { kind, content }))
}

/// A frame for a record without secrets.
pub(super) fn frame(kind: Kind, record: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD];
    serde_json::to_writer(&mut bytes, record)?;
    close(&mut bytes, kind)?;
    Ok(bytes)
}

/// Begins a frame that [`close`] completes.
pub(super) fn open() -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 << 10));
    bytes.extend([0; HEAD]);
    bytes
}

/// Makes room for `more` bytes. A vector that grows by itself leaves its old bytes in memory.
pub(super) fn reserve(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    if bytes.capacity() - bytes.len() < more {
        let mut larger = Vec::with_capacity((bytes.len() + more).max(2 * bytes.capacity()));
        larger.extend_from_slice(bytes);
        *bytes = Zeroizing::new(larger);
    }
}

/// Writes length and kind of a frame to its beginning.
pub(super) fn close(bytes: &mut [u8], kind: Kind) -> io::Result<()> {
    let length = u32::try_from(bytes.len() - HEAD).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or(io::ErrorKind::InvalidInput)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes[4] = KINDS.iter().position(|one| *one == kind).unwrap_or_default() as u8;
    Ok(())
}

/// Writes a whole frame.
pub(super) fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// The content of [`Kind::Setup`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    /// The version of the program, which must be the same.
    pub(super) version: String,
    /// The process of the sweep.
    pub(super) parent: u32,
    /// The options, which only the command line knows.
    pub(super) options: String,
}

/// The content of [`Kind::Target`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) place: PathText,
    pub(super) files: Option<RequestedFiles>,
    pub(super) history: bool,
    pub(super) problems: Vec<Problem>,
    pub(super) note: Option<String>,
    /// The places where an earlier run found credentials: only these are read again.
    pub(super) recalled: Option<Recalled>,
    /// The digest that it had in an earlier sweep: if it still has it, nothing is scanned.
    pub(super) since: Option<String>,
    /// The objects that an earlier sweep has read, by database: they are not read again.
    pub(super) databases: Vec<ObjectsRead>,
    /// Its digest is wanted.
    pub(super) wants_state: bool,
    /// Threads for this target.
    pub(super) threads: usize,
    /// The number of targets that share the memory.
    pub(super) shares: u64,
}

/// The record of an earlier run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Recalled {
    pub(super) traces: Vec<Trace>,
}

/// The files of a target.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RequestedFiles {
    pub(super) paths: Vec<PathText>,
    pub(super) counted_from: Option<PathText>,
    pub(super) apart: Vec<PathText>,
}

/// The content of [`Kind::Progress`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) files: u64,
    pub(super) commits: u64,
    pub(super) objects: u64,
    pub(super) bytes: u64,
    /// Processor time of the process so far.
    pub(super) cpu: Duration,
}

/// The content of [`Kind::Done`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// `None` if an earlier run's credentials were read again.
    pub(super) coverage: Option<Coverage>,
    pub(super) failed: Option<String>,
    /// Its digest at the beginning, if it was wanted and there is one.
    pub(super) state: Option<String>,
    /// The objects that were read, by database, if its digest was wanted.
    pub(super) databases: Vec<ObjectsRead>,
    /// The number of git objects that were not read again.
    pub(super) reused: u64,
    /// A signal or the sweep ended it.
    pub(super) stopped: bool,
    pub(super) usage: Usage,
}

/// The cost of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time, of all threads.
    pub cpu: Duration,
    /// The most memory that its process took, in bytes; 0 if the system does not say.
    pub peak: u64,
}

/// A path, which need not be Unicode, in base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PathText(String);

impl From<&Path> for PathText {
    fn from(path: &Path) -> Self {
        Self(BASE64.encode(path.as_os_str().as_encoded_bytes()))
    }
}

impl PathText {
    /// The path.
    ///
    /// # Errors
    ///
    /// If it is not base64.
    pub fn path(&self) -> io::Result<PathBuf> {
        let bytes = BASE64.decode(&self.0);
        let bytes = bytes.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt as _;
            Ok(std::ffi::OsString::from_vec(bytes).into())
        }
        #[cfg(not(unix))]
        Ok(String::from_utf8_lossy(&bytes).into_owned().into())
    }
}

pub(super) fn paths(texts: &[PathText]) -> io::Result<Vec<PathBuf>> {
    texts.iter().map(PathText::path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written_and_a_cut_one_is_an_error() {
        let path = Path::new("a/ü b");
        let text = PathText::from(path);
        assert_eq!(text.path().expect("a path"), path);
        let bytes = frame(Kind::Target, &text).expect("a frame");
        let whole = read(&mut &bytes[..]).expect("a frame").expect("a frame");
        assert_eq!(whole.kind, Kind::Target);
        assert_eq!(whole.record::<PathText>().expect("text").path().expect("a path"), path);
        assert!(read(&mut &b""[..]).expect("the end").is_none());
        for cut in 1..bytes.len() {
            assert!(read(&mut &bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused_before_memory_is_taken() {
        for bytes in [&b"\xff\xff\xff\xff\x00"[..], b"\x00\x00\x00\x00\x09", b"keysweep"] {
            assert!(read(&mut &bytes[..]).is_err());
        }
    }
}
