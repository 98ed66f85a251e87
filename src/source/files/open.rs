//! Opens a file of a walk without following a link or waiting for a writer.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file that was a regular one when its folder was listed.
///
/// If it has become a link since then this fails; if it has become a FIFO, this does not wait.
#[cfg(unix)]
pub fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Opens a file that was a regular one when its folder was listed.
#[cfg(not(unix))]
pub fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Says if [`open`] failed because there is a link now.
#[cfg(unix)]
pub(super) fn met_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

/// Says if [`open`] failed because there is a link now.
#[cfg(not(unix))]
pub(super) fn met_link(_: &io::Error) -> bool {
    false
}
