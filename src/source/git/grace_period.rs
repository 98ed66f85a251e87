//! Time for what is left to be done after the end of a run was asked for.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::stop::Stop;

/// How often it is asked whether the run is to end.
const PAUSE: Duration = Duration::from_millis(50);

/// Does `work`, whose own flag is set so much later than `stop`.
pub(super) fn after<T>(stop: &Stop, grace_period: Duration, work: impl FnOnce(&Stop) -> T) -> T {
    let end = Stop::default();
    if stop.is_set() && grace_period.is_zero() {
        end.set();
    }
    let flag = &end;
    thread::scope(|scope| {
        let (done, waiting) = mpsc::channel::<()>();
        let goes_on = move |pause| waiting.recv_timeout(pause) == Err(RecvTimeoutError::Timeout);
        let watch = move || {
            while goes_on(PAUSE) {
                if stop.is_set() {
                    if goes_on(grace_period) {
                        flag.set();
                    }
                    return;
                }
            }
        };
        if thread::Builder::new().spawn_scoped(scope, watch).is_err() && stop.is_set() {
            // Nobody looks at the time, and there is none left.
            end.set();
        }
        let result = work(flag);
        drop(done);
        result
    })
}
