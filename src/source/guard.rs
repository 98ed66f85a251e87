//! A fault of keysweep, or of a library that reads what is hostile, ends one text and not the run.

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
