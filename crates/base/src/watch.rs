//! A thread that watches while work is done: a clock, a limit of memory, a line of progress.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The work that is watched.
#[derive(Debug)]
pub struct Work(Receiver<()>);

impl Work {
    /// Waits for so long, or until the work is done; says whether it is still under way.
    pub fn lasts(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }
}

/// Does `work` while `watch` runs on a thread of its own, which ends soon after the work does.
///
/// `refused` hears why the system gives no thread, before the work begins.
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
