//! A file that is replaced as a whole: read once, written next to it and renamed, unless it was
//! changed in between.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::Unfit;

/// More than any credentials file.
const MOST: u64 = 4 << 20;

/// A file, or the path at which there will be one.
#[derive(Debug)]
pub(super) struct Replaced {
    /// The path with links followed, so that they still lead to the file afterwards.
    path: PathBuf,
    /// Its bytes; they hold the secrets of other profiles.
    text: Zeroizing<Vec<u8>>,
    /// Its metadata; `None` if there is no such file.
    found: Option<Metadata>,
}

impl Replaced {
    /// Reads the file at `path`, if there is one.
    pub(super) fn read(path: &Path) -> Result<Self, Unfit> {
        let failed = |source| Unfit::file(path, source);
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
                let text = Zeroizing::new(Vec::new());
                return Ok(Self { path: path.to_owned(), text, found: None });
            }
            Err(error) => return Err(failed(error)),
        };
        let found = fs::metadata(&real).map_err(failed)?;
        if !found.is_file() {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        if found.len() > MOST {
            return Err(failed(io::Error::other("it is too large for a credentials file")));
        }
        if other_names(&found) {
            let why = "it has a second name (a hard link), which would keep the old key";
            return Err(failed(io::Error::other(why)));
        }
        let text = contents(&real, found.len()).map_err(failed)?;
        Ok(Self { path: real, text, found: Some(found) })
    }

    /// The path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its contents when it was read.
    pub(super) fn text(&self) -> &Zeroizing<Vec<u8>> {
        &self.text
    }

    /// Checks that it can be replaced: it may be written itself, and so may its folder.
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let failed = |source| Unfit::file(&self.path, source);
        if self.found.is_some() {
            // A rename would replace a file that its owner protects from being written.
            fs::OpenOptions::new().write(true).open(&self.path).map_err(failed)?;
        }
        match self.folder() {
            folder if folder.is_dir() => tempfile::tempfile_in(folder).map(drop).map_err(failed),
            // A missing `~/.aws` is made when it is needed.
            _ if self.found.is_none() => Ok(()),
            _ => Err(failed(ErrorKind::NotFound.into())),
        }
    }

    /// Makes the empty file next to it that will take its place, and removes those that killed runs
    /// about the same key left behind.
    pub(super) fn temporary(&self, key: &str) -> Result<NamedTempFile, Unfit> {
        let failed = |source| Unfit::file(&self.path, source);
        let folder = self.folder();
        private_folder(folder).map_err(failed)?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(self.path.file_name().unwrap_or_default());
        prefix.push(format!(".{key}."));
        remove_stale(folder, &prefix);
        // tempfile makes it for its owner alone.
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX);
        let file = builder.tempfile_in(folder).map_err(failed)?;
        if let Some(found) = &self.found {
            same_owner(file.as_file(), found).map_err(failed)?;
        }
        Ok(file)
    }

    /// Puts `file`, with `text` in it, in its place.
    ///
    /// # Errors
    /// If it changed since it was read, or can't be written; then it is unchanged.
    pub(super) fn replace(&self, mut file: NamedTempFile, text: &[u8]) -> Result<(), Unfit> {
        let failed = |source| Unfit::file(&self.path, source);
        file.write_all(text).map_err(failed)?;
        if let Some(found) = &self.found {
            file.as_file().set_permissions(found.permissions()).map_err(failed)?;
        }
        file.as_file().sync_all().map_err(failed)?;
        self.is_unchanged()?;
        if self.found.is_none() {
            file.persist_noclobber(&self.path).map_err(|failure| failed(failure.error))?;
        } else {
            file.persist(&self.path).map_err(|failure| failed(failure.error))?;
        }
        sync_folder(self.folder());
        Ok(())
    }

    fn is_unchanged(&self) -> Result<(), Unfit> {
        let changed = || Unfit::Changed(self.path.clone());
        let Some(found) = &self.found else {
            return if self.path.exists() { Err(changed()) } else { Ok(()) };
        };
        let now = fs::metadata(&self.path).map_err(|_| changed())?;
        let text = contents(&self.path, now.len()).map_err(|_| changed())?;
        if same_file(found, &now) && text == self.text { Ok(()) } else { Err(changed()) }
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        }
    }
}

/// The end of the names of files that are not complete yet.
pub(super) const SUFFIX: &str = ".keysweep.tmp";

fn remove_stale(folder: &Path, prefix: &std::ffi::OsStr) {
    // A folder that can't be listed can't be written to either, which the write reports.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(SUFFIX.as_bytes()) {
            // A file that can't be removed stays; the write makes one of another name.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The bytes of a file, in one buffer that is wiped.
fn contents(path: &Path, len: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let len = usize::try_from(len).unwrap_or_default();
    // Room for one more byte, so that the end is seen without a larger buffer.
    let mut text = Zeroizing::new(Vec::with_capacity(len + 32));
    File::open(path)?.take(MOST).read_to_end(&mut text)?;
    Ok(text)
}

/// Makes a folder that only its owner may look into; one that is there stays as it is.
pub(in super::super) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Waits until a new name is on the disk; some systems have nothing to wait for.
pub(in super::super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(unix)]
fn other_names(found: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(found) > 1
}

#[cfg(not(unix))]
fn other_names(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same_file(one: &Metadata, other: &Metadata) -> bool {
    one.modified().ok() == other.modified().ok()
}

/// Gives a file the owner of another: root may change the files of others.
#[cfg(unix)]
fn same_owner(file: &File, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) == (found.uid(), found.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(found.uid()), Some(found.gid()))
}

#[cfg(not(unix))]
fn same_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}
