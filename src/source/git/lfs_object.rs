//! One object of Git LFS: a file that is named by the digest of its content, in the repository's
//! own folder for them. Knows nothing of the blobs that stand for it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::coverage::{Count, Ledger};
use crate::finding::Candidate;
use crate::scan::Detector;
use crate::source::container::Scanner;
use crate::source::pointer::Oid;

/// Where an object is, below the folder of all of them.
pub(super) fn place(oid: &Oid) -> PathBuf {
    let name = String::from_utf8_lossy(oid);
    Path::new(&name[..2]).join(&name[2..4]).join(&*name)
}

/// Whether an object is here.
pub(super) fn is_here(folder: &Path, oid: &Oid) -> bool {
    // One that can't be looked at is reported by whoever reads it.
    folder.join(place(oid)).symlink_metadata().is_ok_and(|found| found.is_file())
}

/// Scans an object, and gives its size as well; `None` if it can't be opened, which the ledger is
/// told.
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
    let (mut candidates, name) = (Vec::new(), || oid.to_vec());
    let extent = scanner.file(&name, &file, &mut |mut detected| {
        detected.note(ledger, "object", &name);
        candidates.append(&mut detected.candidates);
    });
    ledger.add(Count::Objects, 1);
    ledger.add(Count::Bytes, extent.bytes);
    if let Some(error) = extent.error {
        problem(&error);
    }
    Some((size, candidates))
}
