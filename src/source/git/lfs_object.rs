//! One Git LFS object: a file named by the digest of its content, in the repository's folder of
//! such objects. Pointers are not handled here.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::coverage::{Count, Ledger};
use crate::finding::Candidate;
use crate::scan::Detector;
use crate::source::container::{Scanner, Text};
use crate::source::pointer::Oid;

/// The path of an object, relative to the folder of all objects.
pub(super) fn place(oid: &Oid) -> PathBuf {
    let name = String::from_utf8_lossy(oid);
    Path::new(&name[..2]).join(&name[2..4]).join(&*name)
}

/// True if an object is present.
pub(super) fn is_here(folder: &Path, oid: &Oid) -> bool {
    // An error is reported when the object is read.
    folder.join(place(oid)).symlink_metadata().is_ok_and(|found| found.is_file())
}

/// Scans an object, and returns its size as well; `None` if it can't be opened, which is recorded.
pub(super) fn scan<D: Detector>(
    path: &Path,
    oid: &[u8],
    scanner: &mut Scanner<'_, D>,
    ledger: &Ledger,
) -> Option<(u64, Vec<Candidate>)> {
    let problem = |error: &io::Error| {
        ledger.problem("file", path.as_os_str().as_encoded_bytes(), error);
    };
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (size, file) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            problem(&error);
            return None;
        }
    };
    let mut candidates = Vec::new();
    let mut keep = |candidate| candidates.push(candidate);
    let extent = scanner.text("object", &|| oid.to_vec(), Text::File(&file), &mut keep);
    ledger.add(Count::Objects, 1);
    if let Some(error) = extent.error {
        problem(&error);
    }
    Some((size, candidates))
}
