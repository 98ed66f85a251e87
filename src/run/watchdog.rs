//! A thread that watches while work is done.

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Does `work` while `watch` runs beside it; what `watch` gets is cut off when the work is done.
///
/// `refused` is told why the system gives no thread, before the work begins.
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
