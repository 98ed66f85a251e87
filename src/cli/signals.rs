//! Ctrl-C, the polite kill and a terminal that goes away: the first ends the run with a report, the
//! second at once.

use std::time::Instant;

#[cfg(target_os = "linux")]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::run::Status;
use crate::stop::Stop;

/// How a run may be ended from outside. Begun with the command, as whatever it waits for counts.
pub(super) struct Session {
    /// Asks everything to end.
    pub(super) stop: Stop,
    /// Set, beside `stop`, by a signal.
    pub(super) interrupted: Stop,
    /// When the command began.
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

/// Sets both flags when the process is asked to end.
fn stop_on_signal(stop: &Stop, interrupted: &Stop) {
    let ignored = ignored();
    for signal in ENDING {
        // What was started with `nohup`, or in the background of a script, goes on.
        if ignored & (1 << (signal - 1)) != 0 {
            continue;
        }
        // Registered first, so that it acts from the second signal on. Where a handler can't be
        // registered the signal ends the process as it always did.
        let _ = flag::register_conditional_shutdown(
            signal,
            i32::from(Status::Interrupted.code()),
            interrupted.flag(),
        );
        let _ = flag::register(signal, interrupted.flag());
        let _ = flag::register(signal, stop.flag());
    }
}

/// Signals that ask for an end. That of a terminal which goes away only where the system tells
/// whether it is ignored: else `nohup` would be of no use.
#[cfg(target_os = "linux")]
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
#[cfg(not(target_os = "linux"))]
const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// The signals that whoever started the program wants it to ignore, a bit each.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// The signals that whoever started the program wants it to ignore: nobody can tell here.
#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    0
}

/// Makes writing past the limit of file sizes an error like any other; by default it kills, and
/// takes along what other outputs would have told.
#[cfg(unix)]
fn ignore_size_limit() {
    let _ = flag::register(libc::SIGXFSZ, Stop::default().flag());
}

#[cfg(not(unix))]
fn ignore_size_limit() {}
