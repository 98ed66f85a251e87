//! The flag that stops all sources.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks running sources to stop early, after a time limit or a signal.
///
/// Sources poll it between texts, and the detector after a number of bytes. Whoever sets it also
/// says why, in the ledger or the exit status.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    own: Arc<AtomicBool>,
    above: Option<Arc<AtomicBool>>,
}

impl Stop {
    /// A flag for a part of the work: it is set when this one is, and can be set by itself.
    #[must_use]
    pub fn of_part(&self) -> Self {
        Self { own: Arc::default(), above: Some(Arc::clone(&self.own)) }
    }

    /// Sets the flag; it can't be reset.
    pub fn set(&self) {
        self.own.store(true, Ordering::Relaxed);
    }

    /// True if the flag is set.
    pub fn is_set(&self) -> bool {
        let is_set = |flag: &Arc<AtomicBool>| flag.load(Ordering::Relaxed);
        is_set(&self.own) || self.above.as_ref().is_some_and(is_set)
    }

    /// The bare flag, for a signal handler, which may do nothing but store.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stops_with_the_whole_and_by_itself() {
        let whole = Stop::default();
        let (one, other) = (whole.of_part(), whole.of_part());
        one.set();
        assert!(one.is_set() && !other.is_set() && !whole.is_set());
        whole.set();
        assert!(other.is_set());
    }
}
