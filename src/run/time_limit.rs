//! Time limits: of the whole run, and of each target of a sweep.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::coverage::Ledger;
use crate::stop::Stop;

use super::watchdog::with_watchdog;

/// What asks work to stop when its time is up.
#[derive(Clone, Debug)]
pub struct TimeLimit {
    option: &'static str,
    limit: Option<Duration>,
    began: Instant,
}

impl TimeLimit {
    /// A clock that runs since `began`; `option` set the `limit`, if there is one.
    pub fn new(option: &'static str, limit: Option<Duration>, began: Instant) -> Self {
        Self { option, limit, began }
    }

    /// Does `work`, and sets `stop` when the time is up, which is told to the ledger.
    pub fn limit<T>(&self, stop: &Stop, ledger: &Ledger, work: impl FnOnce() -> T) -> T {
        let end = |limit| {
            stop.set();
            let why = format!(
                "the time limit of {limit:?} was reached, what was not yet scanned is missing: \
                 raise {}",
                self.option
            );
            ledger.problem("time", b"", &why);
        };
        self.watch(stop, ledger, end, work)
    }

    /// Does `work`, and sets `stop` when the time is up. Nothing is recorded: what the work leaves out
    /// then is for the work to say.
    pub fn limit_quietly<T>(&self, stop: &Stop, ledger: &Ledger, work: impl FnOnce() -> T) -> T {
        self.watch(stop, ledger, |_| stop.set(), work)
    }

    fn watch<T>(
        &self,
        stop: &Stop,
        ledger: &Ledger,
        end: impl Fn(Duration) + Send + Sync,
        work: impl FnOnce() -> T,
    ) -> T {
        let Some(limit) = self.limit else { return work() };
        let left = limit.saturating_sub(self.began.elapsed());
        if left.is_zero() {
            end(limit);
            return work();
        }
        let watch = |done: Receiver<()>| {
            if done.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                end(limit);
            }
        };
        let refused = |error| {
            // A limit that can't be kept must not become none.
            stop.set();
            let why = format!("the system gives no thread to keep the time limit: {error}");
            ledger.problem("time", b"", &why);
        };
        with_watchdog(watch, refused, work)
    }
}
