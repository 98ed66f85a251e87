//! Scans Git LFS objects on this machine.
//!
//! An object is attributed by its pointer, the small text that git stores instead. The text follows
//! from the object's name and size, so the pointer's blob id is computed without a search.

use gix::objs::Kind;

use super::super::database::{self, Found};
use super::super::lfs_object;
use super::super::preflight;
use super::super::reflogs::paths_below;
use crate::coverage::Ledger;
use crate::scan::Detector;
use crate::source::container::Scanner;
use crate::source::pointer;

/// Scans the objects; each hit has the id of the pointer's blob.
pub(super) fn scan<D: Detector>(
    repo: &gix::Repository,
    options: &database::DatabaseOptions,
    detector: &D,
    ledger: &Ledger,
    found: &(dyn Fn(Found) + Sync),
) {
    let folder = match preflight::lfs_objects(repo) {
        Ok(folder) => folder,
        Err(malformed) => {
            let path = malformed.path.as_os_str().as_encoded_bytes();
            return ledger.problem("folder", path, &malformed.advice());
        }
    };
    paths_below(&folder, b"", ledger, &mut |name, path| {
        let oid = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let is_one = oid.len() == pointer::NAME && oid.iter().all(u8::is_ascii_hexdigit);
        if !is_one || options.stop.is_set() {
            return;
        }
        let mut scanner = Scanner::new(detector, &options.containers, ledger, &options.stop);
        let Some((size, candidates)) = lfs_object::scan(&path, oid, &mut scanner, ledger) else {
            return;
        };
        if !candidates.is_empty()
            && let Ok(id) = pointer::blob(oid, size, repo.object_hash())
        {
            found(Found { id, kind: Kind::Blob, candidates });
        }
    });
}
