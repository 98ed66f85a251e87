//! `keysweep install-hook`: plain git hooks, for who does not use a framework of hooks.
//!
//! Takes the folder of a repository's hooks, writes shell scripts into it or takes them out again.
//! A hook that is there already is kept beside ours and runs first, unless it belongs to a manager
//! of hooks or goes by its own name ([`framework`]): then nothing is changed. Runs no program.

pub mod framework;
pub mod global;
mod script;

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::text::escape_path;
use script::script;

/// By this line a hook of ours is known.
const MARK: &str =
    "# Written by keysweep install-hook; keysweep install-hook --uninstall removes it.";

/// What a hook that was there before is called from then on, after its own name.
pub const BEFORE: &str = ".before-keysweep";

/// A hook that keysweep can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before a commit: what is staged.
    Commit,
    /// Before a merge that git makes by itself is committed: git runs no pre-commit hook then.
    Merge,
    /// Before a push: the commits that the remote does not have.
    Push,
    /// On a server, before a push is accepted: the commits that it brings.
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

    /// The arguments with which it runs keysweep, as words of a shell.
    fn arguments(self) -> &'static str {
        match self {
            Self::Commit | Self::Merge => "staged --hook",
            Self::Push => "range --stdin --hook --remote \"$1\"",
            Self::Receive => "range --stdin --hook",
        }
    }

    /// Whether git tells it something on standard input.
    fn reads_input(self) -> bool {
        matches!(self, Self::Push | Self::Receive)
    }
}

/// What became of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was written; nothing, or an older one of ours, was there.
    Installed,
    /// It was written, and the one that was there is now at this path and runs first.
    Chained(PathBuf),
    /// It was removed.
    Removed,
    /// It was removed, and the one that was there before it is back.
    Restored,
    /// There was none of ours.
    Absent,
}

/// Why a hook can't be installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two hooks of others: the second would have to be overwritten.
    #[error(
        "{} is not keysweep's, and {} holds an earlier hook already: join the two by hand, remove the second, and try again",
        shown(.hook), shown(.before)
    )]
    TwoOthers {
        /// The hook that git runs.
        hook: PathBuf,
        /// The one that was put aside.
        before: PathBuf,
    },
    /// What was written is not what git would run.
    #[error("{} was written, but git would not run it: {why}", shown(.hook))]
    NotRun {
        /// The hook that git would run.
        hook: PathBuf,
        /// Why it is none.
        why: String,
    },
    /// A hook can't be read or written.
    #[error("{}: {source}", shown(.path))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Installs `hook` in `folder`; it runs `program`, or the keysweep of the `PATH` if that is gone.
///
/// # Errors
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
            // As it was; if even that fails, the error names the folder where both are.
            let _ = fs::rename(&before, &path);
        }
        return Err(failed(source));
    }
    Ok(change)
}

/// Proves that git, which looks for its hooks in `folder`, would run `hook` of ours there.
///
/// # Errors
/// If it would run another program, or none.
pub fn prove(folder: &Path, hook: Hook) -> Result<(), Error> {
    let path = folder.join(hook.name());
    let refuse = |why: &str| Err(Error::NotRun { hook: path.clone(), why: why.to_owned() });
    match look(&path) {
        Ok(Found::Ours) if is_executable(&path) => Ok(()),
        Ok(Found::Ours) => refuse("it is not executable, as its file system may not allow it"),
        Ok(Found::Nothing) => refuse("it is not there"),
        Ok(Found::Other) => refuse("another hook took its place"),
        Err(source) => Err(Error::File { path, source }),
    }
}

/// Whether git takes the file for a hook: it ignores what is not executable.
#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// On Windows git goes by the first line of a file.
#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

fn shown(path: &Path) -> String {
    escape_path(path.as_os_str().as_encoded_bytes())
}

/// Takes `hook` out of `folder`, and puts back the one that was there before it.
///
/// # Errors
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

/// What stands where a hook of ours would.
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
        return Err(io::Error::new(ErrorKind::IsADirectory, "a folder stands where a hook should"));
    }
    // What a link leads to may serve other repositories: it is never rewritten.
    let ours = kind.is_file()
        && fs::read(path)?.split(|&byte| byte == b'\n').nth(1) == Some(MARK.as_bytes());
    Ok(if ours { Found::Ours } else { Found::Other })
}

/// Writes a program whole or not at all.
fn write(path: &Path, script: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keysweep-hook-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any other new program: the umask takes from this what it takes.
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(script)?;
    file.persist(path).map_err(|failure| failure.error)?;
    Ok(())
}
