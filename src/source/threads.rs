//! The number of threads that the system allows: a process limit or missing memory for stacks may
//! refuse some.

use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, ScopedJoinHandle, scope};

/// The message if not even one thread can be started.
pub(super) const NONE: &str = "the system gives no threads to read with: raise the limit of \
     processes (`ulimit -u`) or of memory";

/// The number of threads to start: `wanted` if the system allows that many and some more, otherwise
/// one or none.
///
/// This is for a library that starts threads by itself: if it gets fewer than expected, it panics
/// and may leave the others waiting for ever. One thread waits for no other. Twice as many are
/// tried, because the system counts a thread for a while after its end.
pub(super) fn startable(wanted: usize) -> usize {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    scope(|scope| {
        // All threads stay until the last was started, because they must exist at the same time.
        let wait = || {
            // Nothing is ever sent: this ends when the other end is dropped.
            let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
        };
        let start = |_| Builder::new().spawn_scoped(scope, wait).ok();
        let started: Vec<_> = (0..2 * wanted).map_while(start).collect();
        drop(open);
        let count = started.len();
        // A joined thread is gone for the system too, or nearly so.
        started.into_iter().map(ScopedJoinHandle::join).for_each(drop);
        if count == 2 * wanted { wanted } else { count.min(1) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_can_always_be_had() {
        assert_eq!((startable(1), startable(4)), (1, 4));
    }
}
