//! Ctrl-C and the polite kill: the first ends the run with a report, the second at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::run::Status;
use crate::stop::Stop;

/// Sets both flags when the process is asked to end.
pub(super) fn stop_on_signal(stop: &Stop, interrupted: &Stop) {
    for signal in [SIGINT, SIGTERM] {
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
