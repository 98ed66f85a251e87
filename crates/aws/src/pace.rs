//! Limits of the rate, the concurrency and the total number of requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// The delay before the next retry, after `attempt` earlier ones. It doubles each time up to eight
/// seconds, and is a random value between half and the whole of that, so that clients do not retry
/// at the same time.
pub fn backoff(attempt: u32) -> Duration {
    let whole = Duration::from_millis(500 << attempt.min(4));
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Admits requests one after another, evenly spaced.
#[derive(Debug)]
pub struct Pace {
    at_once: Semaphore,
    interval: Duration,
    next: Mutex<Instant>,
    sent: AtomicU64,
    limit: u64,
}

impl Pace {
    /// At most `rate` requests per second, `at_once` in progress, and `limit` in total.
    pub fn new(rate: f64, at_once: usize, limit: u64) -> Self {
        Self {
            at_once: Semaphore::new(at_once.max(1)),
            interval: Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::from_secs(1)),
            next: Mutex::new(Instant::now()),
            sent: AtomicU64::new(0),
            limit,
        }
    }

    /// Waits for a free slot; it is taken until the permit is dropped.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.at_once.acquire().await.ok()
    }

    /// Waits until the next request may be sent; `false` once the limit is reached.
    pub async fn turn(&self) -> bool {
        if self.sent.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + self.interval;
            at
        };
        sleep_until(at).await;
        true
    }

    /// Number of requests so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_never_vanish() {
        for attempt in 0..40 {
            let pause = backoff(attempt);
            assert!(pause >= Duration::from_millis(250) && pause <= Duration::from_secs(8));
        }
        assert!(backoff(4) > backoff(0));
    }
}
