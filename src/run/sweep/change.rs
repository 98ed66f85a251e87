//! A digest of the listing of a target, which shows if the target changed since an earlier sweep.
//!
//! The listing of a work tree and of files has names, sizes, times of change and file numbers; that
//! of a git folder has the content of every file outside of its objects, and names and sizes of
//! packs and loose objects, whose names are digests of their content. A link in a git folder is
//! followed wherever a scan reads through it. Nothing is inflated or scanned. A target that can't
//! be listed, or in which a file changed a moment ago, has no digest and is scanned.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use crate::run::target::Target;
use crate::secret::hex;
use crate::source::files;
use crate::source::git::find::Repository;

/// A larger file in a git folder counts by its size and times, not by its content.
const READ: u64 = 64 << 20;
/// Maximum number of folders of objects that a repository borrows from.
const ALTERNATES: usize = 64;
/// Maximum number of files and folders in linked folders.
const LINKED: usize = 1 << 20;
/// The folders in a git folder that a scan reads even if they, or folders in them, are links.
const READ_THROUGH: [&str; 7] = ["info", "lfs", "logs", "modules", "objects", "refs", "worktrees"];
/// A file that changed so shortly before may change again without a sign: times have a resolution.
const RECENT: Duration = Duration::from_secs(2);

/// The digest of a target at present; `None` if a change could not be noticed.
pub(super) fn digest(target: &Target) -> Option<String> {
    let files = target.files.as_ref().filter(|_| target.broken.is_none())?;
    if !target.problems.is_empty() {
        return None;
    }
    let repository = Repository::at(&target.place);
    if repository.is_none() && files::work_tree(files).is_some() {
        // Ignore files and the index above it decide what is read.
        return None;
    }
    let mut listing = Listing {
        digest: Sha256::new(),
        apart: files.apart.iter().cloned().collect(),
        git: BTreeSet::new(),
        alternates: BTreeSet::new(),
        followed: BTreeSet::new(),
        remaining: LINKED,
        now: SystemTime::now(),
    };
    // Earlier kinds of digests may belong to targets that were scanned only in part, or that changed.
    listing.add(b"keysweep change 3", target.place.as_os_str().as_encoded_bytes());
    if let Some(Repository { git_dir, common, fault: None, .. }) = repository {
        listing.git.insert(git_dir);
        listing.git.extend(target.history.is_some().then_some(common));
    }
    let reads_alternates = target.history.as_ref().is_some_and(|it| it.database.alternates);
    let listed = listing.list(&files.paths, reads_alternates);
    listed.ok()?;
    Some(hex(&listing.digest.finalize()[..16]))
}

/// The listing so far.
struct Listing {
    digest: Sha256,
    /// Other targets.
    apart: BTreeSet<PathBuf>,
    git: BTreeSet<PathBuf>,
    alternates: BTreeSet<PathBuf>,
    /// Folders that links lead to, each listed once for each way of comparing its files.
    followed: BTreeSet<(PathBuf, By, Folder)>,
    /// The number of files and folders in linked folders that may still be listed.
    remaining: usize,
    now: SystemTime,
}

/// The comparison of the files of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    /// Size, times and number. Links are not followed.
    Times,
    /// The same, in a folder that a link in a git folder leads to.
    Linked,
    /// Content.
    Content,
    /// The size: the name is a digest of the content.
    Size,
}

/// The role of a folder in git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Folder {
    Git,
    /// `modules` in a git folder, or a folder in it that is not a git folder itself.
    Modules,
    /// `worktrees` in a git folder: each folder in it is the git folder of a worktree.
    Worktrees,
    /// `lfs` in a git folder.
    Lfs,
    /// An object database, or a folder in it. The names of its files are digests of their content.
    Objects,
    Other,
}

impl Folder {
    /// The role of the folder at `path`, which is in this one. The name `objects` alone proves
    /// nothing: a hook, a branch or a submodule may have it.
    fn with(self, path: &Path) -> Self {
        let name = path.file_name().map(std::ffi::OsStr::as_encoded_bytes);
        match (self, name) {
            (Self::Git | Self::Lfs, Some(b"objects")) | (Self::Objects, _) => Self::Objects,
            (Self::Git, Some(b"lfs")) => Self::Lfs,
            (Self::Git, Some(b"modules")) => Self::Modules,
            (Self::Git, Some(b"worktrees")) => Self::Worktrees,
            (Self::Modules, _) if !path.join("HEAD").is_file() => Self::Modules,
            (Self::Modules | Self::Worktrees, _) => Self::Git,
            (Self::Git | Self::Lfs | Self::Other, _) => Self::Other,
        }
    }
}

impl Listing {
    fn add(&mut self, kind: &[u8], text: &[u8]) {
        for part in [kind, text] {
            self.digest.update((part.len() as u64).to_le_bytes());
            self.digest.update(part);
        }
    }

    fn list(&mut self, paths: &[PathBuf], reads_alternates: bool) -> io::Result<()> {
        // A bare repository is its own git folder.
        for path in paths.iter().filter(|path| !self.git.contains(*path)).collect::<Vec<_>>() {
            self.walk(path, By::Times, Folder::Other)?;
        }
        for folder in self.git.clone() {
            self.walk(&folder, By::Content, Folder::Git)?;
        }
        let mut done = BTreeSet::new();
        while let Some(next) = self.alternates.difference(&done).next().cloned() {
            if !reads_alternates {
                break;
            }
            if done.len() == ALTERNATES {
                return Err(io::Error::other("too many alternates"));
            }
            self.walk(&next, By::Size, Folder::Objects)?;
            done.insert(next);
        }
        Ok(())
    }

    /// Lists a file or a folder with all that is in it, in the order of names.
    fn walk(&mut self, top: &Path, by: By, is: Folder) -> io::Result<()> {
        let mut waiting = vec![(top.to_owned(), by, is, false)];
        while let Some((path, by, around, is_linked)) = waiting.pop() {
            let is_other = self.apart.contains(&path) || self.git.contains(&path);
            if path != top && by == By::Times && is_other {
                continue;
            }
            if is_linked && self.remaining == 0 {
                return Err(io::Error::other("too many files in linked folders"));
            }
            self.remaining -= usize::from(is_linked);
            let mut found = path.symlink_metadata()?;
            let inner = path.strip_prefix(top).unwrap_or(&path);
            self.add(b"path", inner.as_os_str().as_encoded_bytes());
            let (mut real, mut by, is_link) = (path.clone(), by, found.is_symlink());
            if is_link {
                self.add(b"link", fs::read_link(&path)?.as_os_str().as_encoded_bytes());
                // One that leads nowhere counts as missing.
                let Some(to) = path.canonicalize().ok().filter(|_| by != By::Times) else {
                    continue;
                };
                (found, real) = (to.metadata()?, to);
            }
            if found.is_dir() {
                self.add(b"folder", b"");
                let is = if path == top { around } else { around.with(&path) };
                by = match by {
                    By::Content | By::Linked if is == Folder::Objects => By::Size,
                    By::Content if is_link => By::Linked,
                    By::Times | By::Linked | By::Content | By::Size => by,
                };
                if is_link && !(is_read_through(inner, by) && self.followed.insert((real, by, is)))
                {
                    continue;
                }
                let entries: io::Result<BTreeSet<PathBuf>> =
                    fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect();
                let entries = entries?.into_iter().rev();
                waiting.extend(entries.map(|path| (path, by, is, is_linked || is_link)));
            } else if found.is_file() {
                self.file((&path, &real), &found, by)?;
            } else {
                self.add(b"special", b"");
            }
        }
        Ok(())
    }

    /// Adds a file; `real` is where it is, if links lead to it.
    fn file(&mut self, (path, real): (&Path, &Path), found: &Metadata, by: By) -> io::Result<()> {
        let is_list = by == By::Size && path.ends_with("info/alternates");
        match by {
            By::Size if !is_list => self.add(b"size", &found.len().to_le_bytes()),
            By::Content | By::Size if found.len() <= READ => {
                let mut text = Vec::new();
                open(real)?.take(READ + 1).read_to_end(&mut text)?;
                if is_list {
                    self.borrow(path, &text)?;
                }
                let content = Sha256::digest(&text);
                self.add(b"content", &content);
            }
            By::Times | By::Linked | By::Content | By::Size => self.times(found)?,
        }
        Ok(())
    }

    /// Adds size, times and number of a file.
    fn times(&mut self, found: &Metadata) -> io::Result<()> {
        #[cfg(unix)]
        let (numbers, changed) = {
            use std::os::unix::fs::MetadataExt as _;
            let numbers = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
            let since = Duration::new(
                u64::try_from(found.ctime()).unwrap_or_default(),
                u32::try_from(found.ctime_nsec()).unwrap_or_default(),
            );
            (
                format!("{numbers:?} {} {}", found.ino(), found.mode()),
                SystemTime::UNIX_EPOCH + since,
            )
        };
        #[cfg(not(unix))]
        let (numbers, changed) = (format!("{:?}", found.modified()?), found.modified()?);
        if self.now.duration_since(changed).is_ok_and(|age| age < RECENT) {
            return Err(io::Error::other("it changed a moment ago"));
        }
        let text = format!("{} {numbers}", found.len());
        self.add(b"times", text.as_bytes());
        Ok(())
    }

    /// Takes the folders of `objects/info/alternates`; a relative one counts from `objects`.
    fn borrow(&mut self, path: &Path, text: &[u8]) -> io::Result<()> {
        let Some(objects) = path.parent().and_then(Path::parent) else { return Ok(()) };
        let text = std::str::from_utf8(text).map_err(io::Error::other)?;
        for line in text.lines().filter(|line| !line.is_empty()) {
            // Git unquotes such a path.
            if line.starts_with('"') {
                return Err(io::Error::other("a quoted path"));
            }
            let folder = objects.join(line);
            // A folder that is not there is a problem of the scan, whose result is not reused.
            self.alternates.extend(folder.canonicalize().ok().filter(|folder| folder.is_dir()));
        }
        Ok(())
    }
}

/// True if a scan reads a folder of a git folder through a link.
fn is_read_through(inner: &Path, by: By) -> bool {
    let first = inner.components().next().map(std::path::Component::as_os_str);
    by == By::Size || READ_THROUGH.iter().any(|name| first.is_some_and(|first| first == *name))
}

/// Opens a file without following a link or waiting for a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(path)
}
