//! The flag that asks every source to come to an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks running sources to stop early: the time is up, or somebody pressed Ctrl-C.
///
/// Sources poll it between texts. Who sets it also says why, in the ledger or the exit status.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for the end; it can't be taken back.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the end was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The bare flag, for a signal handler, which may do nothing but store.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
