//! SIGINT, SIGTERM and SIGHUP: the first signal ends the run with a report, the second at once.

use std::time::Instant;

#[cfg(target_os = "linux")]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::run::Status;
use crate::stop::Stop;

/// The flags by which a run can be ended. They exist from the start of the command, because waiting
/// counts as well.
pub(super) struct Session {
    /// Stops everything.
    pub(super) stop: Stop,
    /// A signal sets it and `stop`.
    pub(super) interrupted: Stop,
    /// The start of the command.
    pub(super) began: Instant,
}

impl Session {
    /// Listens for signals from now on.
    pub(super) fn begin() -> Self {
        Self::ended_by(Stop::default())
    }

    /// Listens for signals, which set `stop`.
    pub(super) fn ended_by(stop: Stop) -> Self {
        let interrupted = Stop::default();
        stop_on_signal(&stop, &interrupted);
        ignore_size_limit();
        Self { stop, interrupted, began: Instant::now() }
    }
}

/// Sets both flags when a signal arrives.
fn stop_on_signal(stop: &Stop, interrupted: &Stop) {
    let ignored = ignored();
    for signal in ENDING {
        // A program that was started with `nohup`, or in the background of a script, continues.
        if ignored & (1 << (signal - 1)) != 0 {
            continue;
        }
        // This is registered first, so that it acts from the second signal on. If a handler can't
        // be registered, the signal ends the process as usual.
        let _ = flag::register_conditional_shutdown(
            signal,
            i32::from(Status::Interrupted.code()),
            interrupted.flag(),
        );
        let _ = flag::register(signal, interrupted.flag());
        let _ = flag::register(signal, stop.flag());
    }
}

/// Signals that end a run. SIGHUP is handled only where the system says if it is ignored: otherwise
/// `nohup` would not work.
#[cfg(target_os = "linux")]
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
#[cfg(not(target_os = "linux"))]
const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// The signals that the parent process ignores, one bit each.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// The ignored signals, which this system does not report.
#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    0
}

/// Makes writing beyond the file size limit an error. By default it kills the process, and other
/// outputs would be lost.
#[cfg(unix)]
fn ignore_size_limit() {
    let _ = flag::register(libc::SIGXFSZ, Stop::default().flag());
}

#[cfg(not(unix))]
fn ignore_size_limit() {}
