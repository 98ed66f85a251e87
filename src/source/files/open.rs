//! Opens a file that a walk met, without following a link or waiting for a writer.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens for reading what was a regular file when its folder was listed.
///
/// If it has become a link since then this fails, and if it has become a FIFO nobody waits.
#[cfg(unix)]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Opens for reading what was a regular file when its folder was listed.
#[cfg(not(unix))]
pub(crate) fn open(path: &Path) -> io::Result<File> {
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
