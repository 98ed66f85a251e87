//! A detector that finds nothing, for targets that read containers: detection has targets of its
//! own.

use std::sync::atomic::{AtomicU64, Ordering};

use keysweep::scan::{Copied, Detected, Detector, Window};

/// Sees nothing, and counts the bytes that it was shown.
#[derive(Default)]
pub struct Blind(AtomicU64);

impl Blind {
    /// The number of bytes that it was shown.
    pub fn shown(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn look(&self, bytes: usize) -> Detected<()> {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
        Detected::default()
    }
}

impl Detector for Blind {
    type BaseState = ();

    fn whole(&self, bytes: &[u8]) -> Detected<()> {
        self.look(bytes.len())
    }

    fn delta(&self, (): &(), _: &[Copied], bytes: &[u8]) -> Detected<()> {
        self.look(bytes.len())
    }

    fn window(&self, _: &[u8], window: &Window) -> Detected<()> {
        self.look(window.owned.len())
    }

    fn overlap(&self) -> usize {
        16
    }
}
