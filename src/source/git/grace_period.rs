//! Time for what is left to be done after the end of a run was asked for.

use std::time::Duration;

use keysweep_base::watch::{Work, watched};

use crate::stop::Stop;

/// How often it is asked whether the run is to end.
const PAUSE: Duration = Duration::from_millis(50);

/// Does `work`, whose own flag is set so much later than `stop`.
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
            // Nobody looks at the time, and there is none left.
            end.set();
        }
    };
    watched(watch, refused, || work(&end))
}
