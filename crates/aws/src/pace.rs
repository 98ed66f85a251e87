//! How fast requests leave, how many at once, and how many in all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// Lets requests through one after the other, evenly spaced.
#[derive(Debug)]
pub struct Pace {
    at_once: Semaphore,
    interval: Duration,
    next: Mutex<Instant>,
    sent: AtomicU64,
    limit: u64,
}

impl Pace {
    /// At most `rate` requests a second, `at_once` under way, `limit` in all.
    pub fn new(rate: f64, at_once: usize, limit: u64) -> Self {
        Self {
            at_once: Semaphore::new(at_once.max(1)),
            interval: Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::from_secs(1)),
            next: Mutex::new(Instant::now()),
            sent: AtomicU64::new(0),
            limit,
        }
    }

    /// Waits until another request may be under way; it is until the permit is dropped.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.at_once.acquire().await.ok()
    }

    /// Waits until the next request may leave; `false` if no further one may.
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

    /// Requests so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}
