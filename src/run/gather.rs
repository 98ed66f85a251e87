//! Scans the sources of a run, and passes their hits to the collector.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread::{self, ScopedJoinHandle};

use super::{Error, Source, bounds};
use crate::coverage::{Count, Ledger};
use crate::detect::nameless;
use crate::scan::{Detector, Hit};
use crate::source::{files, git, named, stdin};

/// Hits that may wait for the collector; a worker waits when the channel is full.
const CHANNEL: usize = 1024;

/// The message for a source on which the program fails.
pub(super) const FAULT: &str = "the scan failed, which is a bug in keysweep: please report it";

/// Scans the sources. One thread collects the hits of all others.
pub(super) fn gather<D: Detector>(
    sources: &[Source],
    exclude: &files::Globs,
    detector: &D,
    ledger: &Ledger,
    take: impl FnMut(Hit) + Send,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let (take, taking) = (Mutex::new(Some(take)), Mutex::new(None));
        let begun = OnceLock::new();
        // The thread begins with the first hit: a hook of a few milliseconds mostly has none.
        let begin = || {
            let mut take = lock(&take).take()?;
            // The channel makes all its slots at once: of whole hits they would take a megabyte.
            let (sender, receiver) = mpsc::sync_channel::<Box<Hit>>(CHANNEL);
            let all = move || receiver.into_iter().for_each(|hit| take(*hit));
            let started = thread::Builder::new().spawn_scoped(scope, all);
            lock(&taking).insert(started).is_ok().then_some(sender)
        };
        // The collector lives until the sender is dropped, so sending can't fail.
        let hits = |hit: Hit| {
            let path = hit.origin.path.as_deref().filter(|_| !exclude.is_empty());
            if path.is_some_and(|path| exclude.excludes_bytes(path)) {
                ledger.add(Count::Excluded, 1);
            } else if let Some(hit) = nameless::named(hit)
                && let Some(sender) = begun.get_or_init(begin)
            {
                drop(sender.send(Box::new(bounds::bounded(hit))));
            }
        };
        // If a source fails, its hits until then and those of other sources are reported.
        let scan = |source: &Source| match source {
            Source::Files(options) => {
                files::scan(options, detector, ledger, &hits);
                Ok(())
            }
            Source::Stdin(options) => {
                stdin::scan(options, detector, ledger, &hits);
                Ok(())
            }
            Source::History(options) => git::history::scan(options, detector, ledger, &hits),
            Source::Staged(options) => git::staged::scan(options, detector, ledger, &hits),
            Source::Range(options) => git::range::scan(options, detector, ledger, &hits),
            Source::Named(options) => named::scan(options, detector, ledger, &hits),
        };
        let scanned = sources.iter().try_for_each(|source| {
            catch_unwind(AssertUnwindSafe(|| scan(source))).unwrap_or_else(|_| {
                ledger.problem("run", b"", &FAULT);
                Ok(())
            })
        });
        drop(begun);
        let taking = taking.into_inner().unwrap_or_else(PoisonError::into_inner);
        match taking.map(|started| started.map(ScopedJoinHandle::join)) {
            None | Some(Ok(Ok(()))) => scanned.map_err(Error::Git),
            Some(Ok(Err(panic))) => std::panic::resume_unwind(panic),
            Some(Err(error)) => Err(Error::Threads(error)),
        }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
