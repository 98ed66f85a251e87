//! A thread that watches work on another one.

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Does `work` while `watch` runs on another thread. The channel that `watch` gets closes when the
/// work is done.
///
/// If no thread can be started, `refused` gets the reason before the work begins.
pub(super) fn with_watchdog<T>(
    watch: impl FnOnce(Receiver<()>) + Send,
    refused: impl FnOnce(io::Error),
    work: impl FnOnce() -> T,
) -> T {
    thread::scope(|scope| {
        let (done, waiting) = mpsc::channel();
        if let Err(error) = thread::Builder::new().spawn_scoped(scope, || watch(waiting)) {
            refused(error);
        }
        let result = work();
        drop(done);
        result
    })
}
