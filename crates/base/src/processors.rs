//! The processors that this process may use.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread;

/// Their number, as far as the system says: its quotas count. It is asked once, as several parts of a run
/// need it, and each answer takes a dozen system calls.
pub fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}
