//! Git LFS objects that are on this machine.
//!
//! An object is attributed by its pointer: the small text that git keeps in its place. Its bytes
//! follow from the object's name and size, so the pointer's blob is known without a search.

use gix::objs::Kind;

use super::super::database::{self, Found};
use super::super::reflogs::files_below;
use crate::coverage::{Count, Ledger};
use crate::scan::Detector;
use crate::source::container::Scanner;

/// Length of a SHA-256 in hex.
const NAME: usize = 64;

/// Scans the objects; each hit stands for the pointer's blob.
pub(super) fn scan<D: Detector>(
    repo: &gix::Repository,
    options: &database::Options,
    detector: &D,
    ledger: &Ledger,
    found: &(dyn Fn(Found) + Sync),
) {
    let folder = repo.common_dir().join("lfs/objects");
    files_below(&folder, b"", ledger, &mut |name, _, bytes| {
        let oid = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let is_one = oid.len() == NAME && oid.iter().all(u8::is_ascii_hexdigit);
        if !is_one || options.stop.is_set() {
            return;
        }
        ledger.add(Count::Objects, 1);
        ledger.add(Count::Bytes, bytes.len() as u64);
        let mut scanner = Scanner::new(detector, &options.containers, ledger, &options.stop);
        let detected = scanner.bytes(&|| oid.to_vec(), &bytes);
        detected.note(ledger, "object", &|| oid.to_vec());
        if !detected.candidates.is_empty()
            && let Ok(id) = pointer(oid, bytes.len(), repo.object_hash())
        {
            found(Found { id, kind: Kind::Blob, candidates: detected.candidates });
        }
    });
}

/// The blob of the pointer, by the LFS specification ("The Pointer").
fn pointer(oid: &[u8], size: usize, hash: gix::hash::Kind) -> gix::Result<gix::ObjectId> {
    let oid = String::from_utf8_lossy(oid);
    let text =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n");
    gix::objs::compute_hash(hash, Kind::Blob, text.as_bytes())
}
