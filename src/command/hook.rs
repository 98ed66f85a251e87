//! `keysweep install-hook`: plain git hooks, for users without a hook framework.
//!
//! Writes shell scripts to the folder of a repository's hooks, or removes them. An existing hook is
//! renamed and runs first, unless it belongs to a hook manager or reads its own name
//! ([`framework`]): then nothing is changed. It runs no program.

pub mod framework;
pub mod global;
mod script;

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::text::escape_path;
use script::script;

/// The line that marks a hook of keysweep.
const MARK: &str =
    "# Written by keysweep install-hook; keysweep install-hook --uninstall removes it.";

/// The suffix of an existing hook's new name.
pub const BEFORE: &str = ".before-keysweep";

/// A git hook that keysweep can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before a commit: the staged files.
    Commit,
    /// Before git commits a merge by itself; then it runs no pre-commit hook.
    Merge,
    /// Before a push: the commits that the remote does not have.
    Push,
    /// On a server, before a push is accepted: its commits.
    Receive,
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Commit, Self::Merge, Self::Push, Self::Receive];

    /// Git's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "pre-commit",
            Self::Merge => "pre-merge-commit",
            Self::Push => "pre-push",
            Self::Receive => "pre-receive",
        }
    }

    /// The arguments of keysweep in it, as shell words.
    fn arguments(self) -> &'static str {
        match self {
            Self::Commit | Self::Merge => "staged --hook",
            Self::Push => "range --stdin --hook --remote \"$1\"",
            Self::Receive => "range --stdin --hook",
        }
    }

    /// True if git writes to its standard input.
    fn reads_input(self) -> bool {
        matches!(self, Self::Push | Self::Receive)
    }
}

/// The change of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was written; there was none, or an older one of keysweep.
    Installed,
    /// It was written; the existing one is now at this path and runs first.
    Chained(PathBuf),
    /// It was removed.
    Removed,
    /// It was removed, and the earlier one restored.
    Restored,
    /// There was none of keysweep.
    Absent,
}

/// The reason why a hook can't be installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are two other hooks: one would have to be overwritten.
    #[error(
        "{} is not keysweep's, and {} holds an earlier hook already: merge the two by hand, \
         remove the second, and try again",
        shown(.hook), shown(.before)
    )]
    TwoOthers {
        /// The hook that git runs.
        hook: PathBuf,
        /// The renamed hook.
        before: PathBuf,
    },
    /// Git would run something else.
    #[error("{} was written, but git would not run it: {why}", shown(.hook))]
    NotRun {
        /// The hook that git would run.
        hook: PathBuf,
        /// The reason.
        why: String,
    },
    /// A hook can't be read or written.
    #[error("{}: {source}", shown(.path))]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// Installs `hook` in `folder`; it runs `program`, or the keysweep in the `PATH` if that no longer
/// exists.
///
/// # Errors
///
/// If a file can't be written, or a hook would be lost.
pub fn install(folder: &Path, hook: Hook, program: &Path) -> Result<Change, Error> {
    let (path, before) = paths(folder, hook);
    let failed = |source| Error::File { path: path.clone(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let found = look(&path).map_err(failed)?;
    let mut change = Change::Installed;
    if found == Found::Other {
        if fs::symlink_metadata(&before).is_ok() {
            return Err(Error::TwoOthers { hook: path, before });
        }
        fs::rename(&path, &before).map_err(failed)?;
        change = Change::Chained(before.clone());
    }
    if let Err(source) = write(&path, &script(hook, program)) {
        if found == Found::Other {
            // The old state is restored. If even that fails, the error names the folder with both
            // files.
            let _ = fs::rename(&before, &path);
        }
        return Err(failed(source));
    }
    Ok(change)
}

/// Proves that git, which reads hooks from `folder`, would run keysweep's `hook` there.
///
/// # Errors
///
/// If it would run another program, or none.
pub fn prove(folder: &Path, hook: Hook) -> Result<(), Error> {
    let path = folder.join(hook.name());
    let refuse = |why: &str| Err(Error::NotRun { hook: path.clone(), why: why.to_owned() });
    match look(&path) {
        Ok(Found::Ours) if is_executable(&path) => Ok(()),
        Ok(Found::Ours) => refuse("it is not executable; its file system may not allow that"),
        Ok(Found::Nothing) => refuse("it is not there"),
        Ok(Found::Other) => refuse("another hook took its place"),
        Err(source) => Err(Error::File { path, source }),
    }
}

/// Git ignores a hook that is not executable.
#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// On Windows git reads the first line of a file.
#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

fn shown(path: &Path) -> String {
    escape_path(path.as_os_str().as_encoded_bytes())
}

/// Removes `hook` from `folder`, and restores the earlier one.
///
/// # Errors
///
/// If a file can't be removed.
pub fn uninstall(folder: &Path, hook: Hook) -> Result<Change, Error> {
    let (path, before) = paths(folder, hook);
    let failed = |source| Error::File { path: path.clone(), source };
    if look(&path).map_err(failed)? != Found::Ours {
        return Ok(Change::Absent);
    }
    if fs::symlink_metadata(&before).is_ok() {
        fs::rename(&before, &path).map_err(failed)?;
        return Ok(Change::Restored);
    }
    fs::remove_file(&path).map_err(failed)?;
    Ok(Change::Removed)
}

fn paths(folder: &Path, hook: Hook) -> (PathBuf, PathBuf) {
    (folder.join(hook.name()), folder.join(format!("{}{BEFORE}", hook.name())))
}

/// The file in the place of a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours,
    Other,
}

fn look(path: &Path) -> io::Result<Found> {
    let kind = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    if kind.is_dir() {
        return Err(io::Error::new(
            ErrorKind::IsADirectory,
            "there is a folder in place of the \
             hook",
        ));
    }
    // The target of a link may serve other repositories: it is never rewritten.
    let ours = kind.is_file()
        && fs::read(path)?.split(|&byte| byte == b'\n').nth(1) == Some(MARK.as_bytes());
    Ok(if ours { Found::Ours } else { Found::Other })
}

/// Writes a program completely or not at all.
fn write(path: &Path, script: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keysweep-hook-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask applies, as for any new program.
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(script)?;
    file.persist(path).map_err(|failure| failure.error)?;
    Ok(())
}
