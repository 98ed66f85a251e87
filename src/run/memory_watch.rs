//! The limit of the process's memory.

use std::time::Duration;

use crate::coverage::Ledger;
use crate::memory::Limit;
use crate::stop::Stop;

use keysweep_base::watch::{Work, watched};

/// The pause between two measurements.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs `work`. Sets `stop` if the process takes more than `limit` bytes, and writes that to the
/// ledger.
pub(super) fn limit<T>(
    limit: Option<Limit>,
    stop: &Stop,
    ledger: &Ledger,
    work: impl FnOnce() -> T,
) -> T {
    let Some(Limit { bytes: limit, remedy }) = limit else { return work() };
    let watch = |work: &Work| {
        while work.lasts(PAUSE) {
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
    watched(watch, refused, work)
}

/// Bytes in memory that can't be read again from a file, as mapped packs can (proc_pid_status(5),
/// `RssAnon`); 0 if the system does not say.
#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    status_bytes("self", "RssAnon:")
}

/// A size from the status of a process (proc_pid_status(5)), in bytes; 0 if the system does not
/// say.
pub(super) fn status_bytes(process: &str, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix(field)?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
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
