//! Threads where the system may refuse them: a limit of processes, no memory for a stack.

use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, ScopedJoinHandle, scope};

/// What is told where not one thread can be had.
pub(super) const NONE: &str = "the system gives no threads to read with: raise the limit of \
     processes (`ulimit -u`) or of memory";

/// How many threads to ask for: `wanted` if the system has that many and then some, else one or
/// none.
///
/// For a library that starts its threads by itself: if it gets fewer than it counted on it panics,
/// and may leave those that it got waiting for the others for ever. One waits for nobody. Twice as
/// many are tried, as the system counts a thread for a while after its end.
pub(super) fn startable(wanted: usize) -> usize {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    scope(|scope| {
        // All stay until the last was started: they are to be had at the same time.
        let wait = || {
            // It is never written to: this ends when the other end is dropped.
            let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
        };
        let start = |_| Builder::new().spawn_scoped(scope, wait).ok();
        let started: Vec<_> = (0..2 * wanted).map_while(start).collect();
        drop(open);
        let count = started.len();
        // A thread that was joined is gone for the system too, or all but.
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
