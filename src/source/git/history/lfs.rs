//! Git LFS objects that are on this machine.
//!
//! An object is attributed by its pointer: the small text that git keeps in its place. Its bytes
//! follow from the object's name and size, so the pointer's blob is known without a search.

use gix::objs::Kind;

use super::super::database::{self, Found};
use super::super::large;
use super::super::reflogs::paths_below;
use super::super::sound;
use crate::coverage::Ledger;
use crate::scan::Detector;
use crate::source::container::Scanner;
use crate::source::pointer;

/// Scans the objects; each hit stands for the pointer's blob.
pub(super) fn scan<D: Detector>(
    repo: &gix::Repository,
    options: &database::Options,
    detector: &D,
    ledger: &Ledger,
    found: &(dyn Fn(Found) + Sync),
) {
    let folder = match sound::lfs_objects(repo) {
        Ok(folder) => folder,
        Err(unsound) => {
            let path = unsound.path.as_os_str().as_encoded_bytes();
            return ledger.problem("folder", path, &unsound.advice());
        }
    };
    paths_below(&folder, b"", ledger, &mut |name, path| {
        let oid = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let is_one = oid.len() == pointer::NAME && oid.iter().all(u8::is_ascii_hexdigit);
        if !is_one || options.stop.is_set() {
            return;
        }
        let mut scanner = Scanner::new(detector, &options.containers, ledger, &options.stop);
        let Some((size, candidates)) = large::scan(&path, oid, &mut scanner, ledger) else {
            return;
        };
        if !candidates.is_empty()
            && let Ok(id) = pointer::blob(oid, size, repo.object_hash())
        {
            found(Found { id, kind: Kind::Blob, candidates });
        }
    });
}
