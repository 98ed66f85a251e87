//! The memory budget of a run, and the rule for large texts.
//!
//! A user may not be able to choose what is scanned, so no allocation may grow with a size that a
//! text claims. All stages of a run share one [`MemoryBudget`], which says how much each of them
//! may hold. Texts up to [`SMALL`] are held freely. Only one thread at a time may hold more, and no
//! more than [`MemoryBudget::texts`]. So the bound holds for any number of threads, and what is
//! left out does not depend on them.

mod cgroup;
mod machine;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// Bytes that any thread may hold at any time.
pub const SMALL: u64 = 16 << 20;

/// Bytes of one occurrence with all that a report needs; rounded up.
const PLACE: u64 = 4 << 10;

/// Bytes that a thread needs for reading and decoding; rounded up.
const THREAD: u64 = 4 * SMALL;

/// The limit of the whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// In bytes.
    pub bytes: u64,
    /// The advice for the user.
    pub remedy: &'static str,
}

/// The memory of a run; clones share it.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    total: u64,
    limit: Option<Limit>,
    lane: Arc<Lane>,
}

impl MemoryBudget {
    /// The default: 512 MiB.
    pub const DEFAULT: u64 = 512 << 20;

    /// The user's limit, or the default for this machine.
    pub fn explicit_or_granted(explicit: Option<u64>) -> Self {
        let limit = |bytes| Some(Limit { bytes, remedy: "raise --max-memory" });
        explicit.map_or_else(
            || Self::granted(cgroup::granted()),
            |total| Self { limit: limit(total), ..Self::new(total) },
        )
    }

    /// The default, or less if the system grants less and ends a process that takes more.
    fn granted(granted: Option<u64>) -> Self {
        let remedy = "it is the limit of the system (a control group): raise that";
        let limit = granted.map(|granted| Limit { bytes: granted - granted / 8, remedy });
        let total = granted.map_or(Self::DEFAULT, |granted| Self::DEFAULT.min(granted / 2));
        Self { limit, ..Self::new(total) }
    }

    /// The number of threads that have room in the granted memory.
    pub fn threads() -> usize {
        let granted = cgroup::granted().unwrap_or(u64::MAX);
        usize::try_from(granted / THREAD).unwrap_or(usize::MAX).max(1)
    }

    /// The number of processes with such a budget that have room in the memory of the machine.
    pub fn processes(&self) -> usize {
        /// Nearly every process stays below this many bytes: twice the default budget.
        const PROCESS: u64 = 1 << 30;
        let room = match self.limit {
            Some(limit) => limit.bytes / (PROCESS / 4),
            None => machine::total().unwrap_or(u64::MAX) / PROCESS,
        };
        usize::try_from(room).unwrap_or(usize::MAX).max(1)
    }

    /// A budget of `total` bytes, without a limit for the whole process.
    pub fn new(total: u64) -> Self {
        Self { total, limit: None, lane: Arc::default() }
    }

    /// The part of one of `shares` processes that run side by side. Without a limit for all of them
    /// together, each has the default.
    #[must_use]
    pub fn shared(&self, shares: u64) -> Self {
        let shares = shares.max(1);
        let Some(limit) = self.limit else { return Self::new(self.total) };
        // What the system grants is eight sevenths of its limit; the default may be less than half.
        let together = self.total.max(limit.bytes / 7 * 4);
        let limit = Limit { bytes: limit.bytes / shares, ..limit };
        Self { limit: Some(limit), ..Self::new(self.total.min(together / shares)) }
    }

    /// True if this budget may leave something out that `other` has room for.
    pub fn is_less_than(&self, other: &Self) -> bool {
        let limit = |budget: &Self| budget.limit.map_or(u64::MAX, |limit| limit.bytes);
        self.total < other.total || limit(self) < limit(other)
    }

    /// The limit of the whole process, if the user or the system sets one. The default bounds each
    /// kind of data, because a large repository may need more in total.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// Bytes of texts that may be held at once: objects with their bases, containers that can't be
    /// streamed.
    pub fn texts(&self) -> u64 {
        self.total / 2
    }

    /// The number of occurrences that are retained for the report.
    pub fn places(&self) -> usize {
        usize::try_from(self.total / PLACE).unwrap_or(usize::MAX).max(1)
    }

    /// The number of credentials that a merge holds, whose places are in a file: one for each place of
    /// the user's limit. Without one, it is that of a quarter of the memory that there is, and not less
    /// than the default.
    pub fn credentials(explicit: Option<u64>) -> usize {
        let there = || cgroup::granted().or_else(machine::total);
        let total = explicit.unwrap_or_else(|| quarter(there()));
        usize::try_from(total / PLACE).unwrap_or(usize::MAX).max(1)
    }

    /// The bytes of a decoder's window, if `inside` outer decoders have windows of their own.
    pub fn window(&self, inside: usize) -> u64 {
        let parts = [272, 144, 32];
        self.total / 1024 * parts.get(inside).copied().unwrap_or(16)
    }

    /// A claim of no bytes.
    pub fn claim(&self) -> Claim {
        Claim { memory: self.clone(), bytes: 0 }
    }
}

/// A quarter of the memory that there is, and at least the default if that much exists.
fn quarter(there: Option<u64>) -> u64 {
    let default = MemoryBudget::DEFAULT;
    there.map_or(default, |there| default.min(there / 2).max(there / 4))
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

/// The threads that hold something large.
#[derive(Debug, Default)]
struct Lane {
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    owner: Option<ThreadId>,
    /// The number of its large claims.
    claims: usize,
    /// Their bytes together.
    bytes: u64,
}

impl Lane {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes that one piece of work holds; they are released on drop.
///
/// A thread that holds a large claim never waits, so no two threads ever wait for each other.
#[derive(Debug)]
pub struct Claim {
    memory: MemoryBudget,
    bytes: u64,
}

impl Claim {
    /// Changes the claim to `bytes`. Waits while another thread holds something large.
    ///
    /// Returns `false`, and changes nothing, if there is not enough memory.
    #[must_use]
    pub fn set(&mut self, bytes: u64) -> bool {
        if bytes <= SMALL {
            self.shrink(bytes);
            return true;
        }
        let (me, lane) = (thread::current().id(), &self.memory.lane);
        let mut state = lane.lock();
        while state.owner.is_some_and(|owner| owner != me) {
            state = lane.free.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let own = if self.bytes > SMALL { self.bytes } else { 0 };
        let together = (state.bytes - own).saturating_add(bytes);
        if together > self.memory.texts() {
            return false;
        }
        state.owner = Some(me);
        state.bytes = together;
        state.claims += usize::from(own == 0);
        self.bytes = bytes;
        true
    }

    /// The bytes of the claim.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn shrink(&mut self, bytes: u64) {
        if self.bytes > SMALL {
            let mut state = self.memory.lane.lock();
            state.bytes -= self.bytes;
            state.claims -= 1;
            if state.claims == 0 {
                state.owner = None;
                self.memory.lane.free.notify_all();
            }
        }
        self.bytes = bytes;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn reservations_of_one_thread_add_up_and_are_released() {
        let memory = MemoryBudget::new(128 << 20);
        let (mut one, mut two) = (memory.claim(), memory.claim());
        assert!(one.set(40 << 20));
        assert!(!two.set(40 << 20));
        assert!(two.set(20 << 20));
        assert!(one.set(44 << 20) && !one.set(45 << 20));
        drop(two);
        assert!(one.set(64 << 20));
        assert!(one.set(1) && memory.claim().set(64 << 20));
    }

    #[test]
    fn credentials_of_a_merge_may_take_a_quarter_of_what_is_there() {
        for (there, megabytes) in [
            (None, 512),
            (Some(512), 256),
            (Some(1024), 512),
            (Some(2048), 512),
            (Some(8192), 2048),
        ] {
            let there = there.map(|megabytes: u64| megabytes << 20);
            assert_eq!(quarter(there) >> 20, megabytes, "{there:?}");
        }
        assert_eq!(MemoryBudget::credentials(Some(64 << 20)), 16_384);
    }

    #[test]
    fn the_limit_of_the_system_bounds_the_default() {
        let of = |granted| {
            let memory = MemoryBudget::granted(granted);
            (memory.total >> 20, memory.limit().map(|limit| limit.bytes >> 20))
        };
        assert_eq!(of(None), (512, None));
        assert_eq!(of(Some(8 << 30)), (512, Some(7 << 10)));
        assert_eq!(of(Some(256 << 20)), (128, Some(224)));
        let explicit = MemoryBudget::explicit_or_granted(Some(1 << 30)).limit().expect("a limit");
        assert_eq!((explicit.bytes, explicit.remedy), (1 << 30, "raise --max-memory"));
    }

    #[test]
    fn processes_share_what_bounds_them_together() {
        let of = |memory: MemoryBudget, shares| {
            let part = memory.shared(shares);
            (
                part.total >> 20,
                part.limit().map(|limit| limit.bytes >> 20),
                part.is_less_than(&memory),
            )
        };
        let explicit = || MemoryBudget::explicit_or_granted(Some(1 << 30));
        assert_eq!(of(explicit(), 1), (1024, Some(1024), false));
        assert_eq!(of(explicit(), 4), (256, Some(256), true));
        assert_eq!(of(MemoryBudget::granted(Some(8 << 30)), 2), (512, Some(3584), true));
        assert_eq!(of(MemoryBudget::granted(Some(1 << 30)), 4), (128, Some(224), true));
        assert_eq!(of(MemoryBudget::granted(None), 4), (512, None, false));
    }

    #[test]
    fn one_thread_at_a_time_reserves_much_memory() {
        let memory = MemoryBudget::new(256 << 20);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let mut claim = memory.claim();
                        assert!(claim.set(100 << 20));
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
    }
}
