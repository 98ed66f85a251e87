//! Limits the cost of rules that the scanned project brings.
//!
//! Their author is not trusted, and no property of an expression predicts the time of a search. So
//! their time is measured, in addition to the limits on their number. It is processor time, because
//! a busy machine is not their fault. Detection uses no other clock; the rules of keysweep and of
//! its user have no such limit.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Time that all of them may take together, …
const BASE: Duration = Duration::from_secs(2);
/// … plus this for each scanned byte: about twenty times the time of a usual rule.
const PER_BYTE: u64 = 200;
/// One anchor of a rule is allowed for this many bytes of a text, …
const SPACING: usize = 128;
/// … plus this many, because a small text may be a list of keys.
const ANCHORS: usize = 1024;

/// The time of rules, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    rules: Vec<Account>,
    /// Bytes of the texts that contained their anchors.
    bytes: AtomicU64,
    /// The number of times that rules were dropped. Each time halves the allowance of the others.
    rounds: Mutex<u32>,
}

/// The time of one rule.
#[derive(Debug, Default)]
struct Account {
    spent: AtomicU64,
    is_over: AtomicBool,
}

impl Allowance {
    /// Makes an allowance for `rules` rules.
    pub(super) fn new(rules: usize) -> Self {
        Self { rules: (0..rules).map(|_| Account::default()).collect(), ..Self::default() }
    }

    /// True if a rule has too many anchors for a text of `len` bytes.
    pub(super) fn are_too_many(anchors: usize, len: usize) -> bool {
        anchors > ANCHORS + len / SPACING
    }

    /// Records that a text of `len` bytes is about to be searched.
    pub(super) fn read(&self, len: usize) {
        self.bytes.fetch_add(len as u64, Ordering::Relaxed);
    }

    /// True if a rule took too long and is no longer applied.
    pub(super) fn is_over(&self, rule: usize) -> bool {
        self.rules[rule].is_over.load(Ordering::Relaxed)
    }

    /// Adds the time of a rule. If all together took too long, the most expensive ones are dropped.
    pub(super) fn spend(&self, rule: usize, spent: Duration) {
        let spent = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.rules[rule].spent.fetch_add(spent, Ordering::Relaxed);
        let mut rounds = self.rounds.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let live = || self.rules.iter().filter(|one| !one.is_over.load(Ordering::Relaxed));
        let time = |one: &Account| one.spent.load(Ordering::Relaxed);
        let total: u64 = live().map(time).sum();
        let base = u64::try_from(BASE.as_nanos()).unwrap_or(u64::MAX);
        let more = self.bytes.load(Ordering::Relaxed).saturating_mul(PER_BYTE);
        if total <= base.saturating_add(more) >> (*rounds).min(63) {
            return;
        }
        *rounds += 1;
        let average = total / live().count().max(1) as u64;
        for one in live().filter(|one| time(one) >= average) {
            one.is_over.store(true, Ordering::Relaxed);
        }
    }
}

/// The processor time of this thread.
#[cfg(unix)]
pub(super) fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// The elapsed time.
#[cfg(not(unix))]
pub(super) fn now() -> Duration {
    static BEGAN: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    BEGAN.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_longest_is_dropped_and_all_of_it_ends() {
        let allowance = Allowance::new(3);
        allowance.spend(0, Duration::from_millis(1));
        assert!(!(0..3).any(|rule| allowance.is_over(rule)));
        allowance.spend(1, BASE);
        assert_eq!([0, 1, 2].map(|rule| allowance.is_over(rule)), [false, true, false]);
        // The remaining allowance shrinks.
        allowance.spend(2, BASE * 3 / 4);
        assert!(allowance.is_over(2) && !allowance.is_over(0));
    }

    #[test]
    fn who_scans_more_may_take_longer() {
        let allowance = Allowance::new(1);
        allowance.read(1 << 30);
        allowance.spend(0, BASE * 2);
        assert!(!allowance.is_over(0));
    }

    #[test]
    fn time_goes_by_while_something_is_done() {
        let began = now();
        while now() == began {
            std::hint::spin_loop();
        }
        assert!(now() > began);
    }
}
