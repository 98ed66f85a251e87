//! Opens a file that a walk met, without following a link or waiting for a writer.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Bytes after which a file's length is asked for.
const LARGE: u64 = 8 << 20;

/// Opens for reading what was a regular file when its folder was listed.
///
/// If it has become a link since then this fails, and if it has become a FIFO nobody waits.
#[cfg(unix)]
pub(super) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Opens for reading what was a regular file when its folder was listed.
#[cfg(not(unix))]
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Whether [`open`] failed because a link stands there now.
#[cfg(unix)]
pub(super) fn met_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

/// Whether [`open`] failed because a link stands there now.
#[cfg(not(unix))]
pub(super) fn met_link(_: &io::Error) -> bool {
    false
}

/// A file that ends where it ended when reading it had come past [`LARGE`] bytes.
///
/// A log that grows as fast as it is read has an end this way; small files cost no extra call.
#[derive(Debug)]
pub(super) struct Bounded<'f> {
    file: &'f File,
    read: u64,
    end: Option<u64>,
}

impl<'f> Bounded<'f> {
    /// Reads `file` from its beginning.
    pub(super) fn new(file: &'f File) -> Self {
        Self { file, read: 0, end: None }
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut len = out.len();
        if self.read >= LARGE {
            let end = match self.end {
                Some(end) => end,
                None => *self.end.insert(self.file.metadata()?.len()),
            };
            // What has no length, as in /proc, is read until it ends.
            if end >= LARGE {
                len = usize::try_from(end.saturating_sub(self.read))
                    .map_or(len, |rest| rest.min(len));
            }
        }
        let count = self.file.read(&mut out[..len])?;
        self.read += count as u64;
        Ok(count)
    }
}
