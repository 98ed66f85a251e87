//! A fault of keysweep, or of a library that reads what is hostile, ends one text and not the run.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::coverage::Ledger;

/// What is told of a text on which the program fails.
pub(super) const WHY: &str = "reading it failed, which is a fault of keysweep: please report it";

/// Does `work`; nothing if it panics.
///
/// What `work` had changed may be half done: of it nothing may be relied on but what was given on.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Does `work` on one text. If it panics the text is a problem by its `name`, and all others are
/// still scanned: a thread that ended with it would leave others waiting for it.
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

/// A stream of a library that unpacks what is hostile: a panic in it ends the stream, and not what
/// stands beside it.
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
        // What has failed is in no state to be asked again.
        if !self.failed {
            match caught(|| self.stream.read(out)) {
                Some(read) => return read,
                None => self.failed = true,
            }
        }
        Err(io::Error::other("it is damaged in a way that what unpacks it can't cope with"))
    }
}
