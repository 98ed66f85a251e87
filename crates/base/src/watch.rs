//! A thread that watches while work runs: a clock, a limit of memory, a line of progress.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The work that is watched.
#[derive(Debug)]
pub struct Work(Receiver<()>);

impl Work {
    /// Waits for `time`, or until the work has ended; returns true if the work still runs.
    pub fn lasts(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }
}

/// Runs `work` while `watch` runs on a thread of its own, and waits for both.
///
/// If the system does not start the thread, `refused` gets the reason before `work` begins.
pub fn watched<T>(
    watch: impl FnOnce(&Work) + Send,
    refused: impl FnOnce(io::Error),
    work: impl FnOnce() -> T,
) -> T {
    thread::scope(|scope| {
        let (done, waiting) = mpsc::channel();
        let watching = move || watch(&Work(waiting));
        if let Err(error) = thread::Builder::new().spawn_scoped(scope, watching) {
            refused(error);
        }
        let result = work();
        drop(done);
        result
    })
}
