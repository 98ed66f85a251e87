//! The files that a repository's index tracks: they are scanned even if an ignore file matches
//! them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix::bstr::ByteSlice as _;
use gix::odb::store::init::Slots;

use super::roots::bytes;
use crate::coverage::Ledger;
use keysweep_git::{preflight, staging};

/// The index of one work tree, read when something in it is ignored for the first time.
#[derive(Debug)]
pub(super) struct Tracked {
    top: PathBuf,
    index: OnceLock<Option<gix::index::File>>,
}

impl Tracked {
    /// The index of the work tree at `top`, not read yet.
    pub(super) fn new(top: PathBuf) -> Self {
        Self { top, index: OnceLock::new() }
    }

    /// True if git tracks the file at `path`, relative to the top.
    pub(super) fn has_file(&self, path: &Path, ledger: &Ledger) -> bool {
        let path = bytes(path);
        self.index(ledger).is_some_and(|index| index.entry_by_path(path.as_bstr()).is_some())
    }

    /// True if git tracks anything in the folder at `path`, or the folder as a submodule.
    pub(super) fn has_folder(&self, path: &Path, ledger: &Ledger) -> bool {
        let mut path = bytes(path);
        let Some(index) = self.index(ledger) else { return false };
        if index.entry_by_path(path.as_bstr()).is_some() {
            return true;
        }
        path.push(b'/');
        index.prefixed_entries(path.as_bstr()).is_some_and(|entries| !entries.is_empty())
    }

    fn index(&self, ledger: &Ledger) -> Option<&gix::index::File> {
        self.index
            .get_or_init(|| {
                self.read().unwrap_or_else(|why| {
                    ledger.problem("index", &bytes(&self.top), &why);
                    None
                })
            })
            .as_ref()
    }

    /// The index; `None` in a repository that has none yet.
    fn read(&self) -> Result<Option<gix::index::File>, String> {
        let text = |error: &dyn std::error::Error| {
            format!("{error}; ignored files that git tracks are not scanned: use --no-ignore")
        };
        preflight::check(&self.top).map_err(|error| text(&error))?;
        // No objects are read, so the packs are not counted.
        let options = gix::open::Options::isolated().object_store_slots(Slots::Given(1));
        let repository = gix::open_opts(&self.top, options).map_err(|error| text(&error))?;
        let path = repository.index_path();
        if !path.exists() {
            return Ok(None);
        }
        let hash = repository.object_hash();
        staging::open(&path, hash).map(Some).map_err(|error| text(&error))
    }
}

/// The path of a work tree's own exclude file.
pub(super) fn exclude_file(top: &Path) -> PathBuf {
    let git = top.join(".git");
    let common = if git.is_dir() || preflight::check(top).is_err() {
        git
    } else {
        let options = gix::open::Options::isolated().object_store_slots(Slots::Given(1));
        gix::open_opts(top, options).map_or(git, |repository| repository.common_dir().to_owned())
    };
    common.join("info").join("exclude")
}
