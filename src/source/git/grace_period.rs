//! Limited time for remaining work after the end of a run was requested.

use std::time::Duration;

use keysweep_base::watch::{Work, watched};

use crate::stop::Stop;

/// Interval between checks of the stop flag.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs `work` with its own flag, which is set `grace_period` after `stop`.
pub(super) fn after<T>(stop: &Stop, grace_period: Duration, work: impl FnOnce(&Stop) -> T) -> T {
    let end = Stop::default();
    if stop.is_set() && grace_period.is_zero() {
        end.set();
    }
    let watch = |work: &Work| {
        while work.lasts(PAUSE) {
            if stop.is_set() {
                if work.lasts(grace_period) {
                    end.set();
                }
                return;
            }
        }
    };
    let refused = |_| {
        if stop.is_set() {
            // Without a thread to watch the clock, the grace period is zero.
            end.set();
        }
    };
    watched(watch, refused, || work(&end))
}
