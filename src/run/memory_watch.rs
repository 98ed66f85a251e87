//! The limit of the process's memory.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::coverage::Ledger;
use crate::memory::Limit;
use crate::stop::Stop;

use super::watchdog::with_watchdog;

/// The pause between two measurements.
const PAUSE: Duration = Duration::from_millis(20);

/// Does `work`. Sets `stop` if the process takes more than `limit` bytes, and writes that to the
/// ledger.
pub(super) fn limit<T>(
    limit: Option<Limit>,
    stop: &Stop,
    ledger: &Ledger,
    work: impl FnOnce() -> T,
) -> T {
    let Some(Limit { bytes: limit, remedy }) = limit else { return work() };
    let watch = |done: Receiver<()>| {
        while done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
            if resident_bytes() > limit {
                stop.set();
                let why = format!(
                    "the limit of {} MiB was reached, the rest was not scanned: {remedy}",
                    limit >> 20
                );
                return ledger.problem("memory", b"", &why);
            }
        }
    };
    let refused = |error| {
        // Without a watchdog the limit can't be kept, so the run ends.
        stop.set();
        let why = format!("no thread could be started to watch the limit: {error}");
        ledger.problem("memory", b"", &why);
    };
    with_watchdog(watch, refused, work)
}

/// Bytes in memory that can't be read again from a file, as mapped packs can (proc_pid_status(5),
/// `RssAnon`); 0 if the system does not say.
#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix("RssAnon:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    kilobytes.unwrap_or(0) << 10
}

/// Bytes in memory, mapped files included; 0 if the system does not say.
#[cfg(not(target_os = "linux"))]
fn resident_bytes() -> u64 {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_asked_to_stop_when_the_limit_is_passed() {
        let (stop, ledger) = (Stop::default(), Ledger::new());
        let of = |bytes| Some(Limit { bytes, remedy: "raise --max-memory" });
        assert_eq!(limit(None, &stop, &ledger, || 1), 1);
        assert_eq!(limit(of(u64::MAX), &stop, &ledger, || 2), 2);
        assert!(!stop.is_set() && !ledger.has_problems());
        let ended = limit(of(1), &stop, &ledger, || {
            while !stop.is_set() {
                std::thread::yield_now();
            }
            3
        });
        assert_eq!(ended, 3);
        assert!(ledger.coverage().problems[0].why.contains("raise --max-memory"));
    }
}
