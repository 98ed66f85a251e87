//! Guards: a panic in keysweep or in a decoder ends one text and not the run.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::coverage::{Count, Ledger};
use crate::finding::Candidate;
use crate::scan::Detector;

/// The reason for a text on which the program fails.
pub(super) const WHY: &str = "reading it failed, which is a bug in keysweep: please report it";

/// Does `work`; `None` if it panics.
///
/// Changes that `work` made may be incomplete: use only what it passed on.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Does `work` on one text. If it panics, the text is a problem with its `name`, and all others are
/// still scanned. A thread that ended with the panic would leave others waiting for it.
pub(super) fn guarded<T>(
    what: &str,
    name: &dyn Fn() -> Vec<u8>,
    ledger: &Ledger,
    work: impl FnOnce() -> T,
) -> Option<T> {
    let done = caught(work);
    if done.is_none() {
        ledger.problem(what, &name(), &WHY);
    }
    done
}

/// The candidates of a text that is not a file. Other results go to the ledger, as those of
/// `whose`: such texts are many, and few have a path.
pub(super) fn whole_text<D: Detector>(
    detector: &D,
    what: &str,
    name: &dyn Fn() -> Vec<u8>,
    bytes: &[u8],
    whose: &str,
    ledger: &Ledger,
) -> Vec<Candidate> {
    let detected = guarded(what, name, ledger, || detector.whole(bytes)).unwrap_or_default();
    ledger.add(Count::Bytes, bytes.len() as u64);
    detected.note(ledger, "object", &|| whose.as_bytes().to_vec());
    detected.candidates
}

/// A stream of a decoder for hostile bytes: a panic in it ends only the stream.
pub(super) struct Guarded<'r> {
    stream: &'r mut dyn Read,
    failed: bool,
}

impl<'r> Guarded<'r> {
    pub(super) fn new(stream: &'r mut dyn Read) -> Self {
        Self { stream, failed: false }
    }
}

impl Read for Guarded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A failed decoder is not called again.
        if !self.failed {
            match caught(|| self.stream.read(out)) {
                Some(read) => return read,
                None => self.failed = true,
            }
        }
        Err(io::Error::other("it is damaged in a way that the decoder can't handle"))
    }
}
