//! Opens a file of a walk without following a link or waiting for a writer.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A folder that is walked, kept open: files below it are found through no link, even if a folder on
/// the way is replaced by one while the walk runs.
#[derive(Debug, Default)]
pub(super) struct Top {
    /// `None` if the folder is not kept open.
    #[cfg(target_os = "linux")]
    folder: Option<std::os::fd::OwnedFd>,
}

#[cfg(target_os = "linux")]
impl Top {
    /// Opens `folder`, which may itself be reached through links: the user named it.
    pub(super) fn new(folder: &Path) -> Self {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // Without it each file is opened by its path, and reports why it can't be.
        Self { folder: rustix::fs::open(folder, flags, Mode::empty()).ok() }
    }

    /// Opens the file at `below`, relative to this folder; `path` is the same file for a system
    /// without openat2 (Linux before 5.6, some sandboxes), which checks the last component alone.
    pub(super) fn open(&self, below: &Path, path: &Path) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, ResolveFlags};
        use rustix::io::Errno;
        let Some(folder) = &self.folder else { return open(path) };
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::NO_SYMLINKS;
        match rustix::fs::openat2(folder, below, flags, Mode::empty(), resolve) {
            Ok(file) => Ok(file.into()),
            Err(Errno::NOSYS | Errno::PERM) => open(path),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Top {
    pub(super) fn new(_: &Path) -> Self {
        Self {}
    }

    /// Opens `path`; only its last component is checked here.
    pub(super) fn open(&self, _: &Path, path: &Path) -> io::Result<File> {
        open(path)
    }
}

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

/// True if [`open`] failed because there is a link now.
#[cfg(unix)]
pub(super) fn met_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

/// True if [`open`] failed because there is a link now.
#[cfg(not(unix))]
pub(super) fn met_link(_: &io::Error) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_folder_that_became_a_link_leads_nowhere() {
        let place = tempfile::tempdir().unwrap();
        let [walked, outside] = ["walked", "outside"].map(|name| place.path().join(name));
        let file = Path::new("inner/file");
        for folder in [walked.join("inner"), outside.join("inner")] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(outside.join(file), "elsewhere").unwrap();
        std::fs::write(walked.join(file), "here").unwrap();
        let read = |top: &Top| {
            top.open(file, &walked.join(file)).and_then(std::io::read_to_string).map_err(|error| {
                assert!(met_link(&error), "{error}");
            })
        };

        let top = Top::new(&walked);
        assert_eq!(read(&top).unwrap(), "here");

        std::fs::rename(walked.join("inner"), walked.join("moved")).unwrap();
        symlink(outside.join("inner"), walked.join("inner")).unwrap();
        read(&top).unwrap_err();
        // Nor through the folder itself.
        std::fs::rename(&walked, place.path().join("gone")).unwrap();
        symlink(&outside, &walked).unwrap();
        read(&top).unwrap_err();
    }
}
