//! Time limits: of the whole run, and of each target of a sweep.

use std::time::{Duration, Instant};

use crate::coverage::Ledger;
use crate::stop::Stop;

use keysweep_base::watch::{Work, watched};

/// The kind of the problems of a limit of time.
pub const TIME: &str = "time";

/// A limit of time, which stops work.
#[derive(Clone, Debug)]
pub struct TimeLimit {
    option: &'static str,
    limit: Option<Duration>,
    began: Instant,
}

impl TimeLimit {
    /// A limit that counts from `began`; `option` is the option that set it.
    pub fn new(option: &'static str, limit: Option<Duration>, began: Instant) -> Self {
        Self { option, limit, began }
    }

    /// Runs `work`. Sets `stop` when the time is up, and writes that to the ledger.
    pub fn limit<T>(&self, stop: &Stop, ledger: &Ledger, work: impl FnOnce() -> T) -> T {
        let end = |limit| {
            stop.set();
            let why = format!(
                "the time limit of {limit:?} was reached, the rest was not scanned: raise {}",
                self.option
            );
            ledger.problem(TIME, b"", &why);
        };
        self.watch(stop, ledger, end, work)
    }

    /// Runs `work`, and sets `stop` when the time is up. Nothing is recorded: the work itself reports
    /// what it leaves out.
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
        let remaining = limit.saturating_sub(self.began.elapsed());
        if remaining.is_zero() {
            end(limit);
            return work();
        }
        let watch = |work: &Work| {
            if work.lasts(remaining) {
                end(limit);
            }
        };
        let refused = |error| {
            // Without a watchdog the limit can't be kept, so the run ends.
            stop.set();
            let why = format!("no thread could be started to watch the time limit: {error}");
            ledger.problem(TIME, b"", &why);
        };
        watched(watch, refused, work)
    }
}
