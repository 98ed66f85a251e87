//! The reusable tools of a thread of the walk: its inflater and its buffers.

use super::frame::{Frame, Held};
use crate::inflate::Inflater;
use keysweep_base::copied::Copied;
use keysweep_base::memory::{Claim, MemoryBudget};

/// Buffers larger than this many bytes are freed, not reused.
const KEPT: usize = 4 << 20;

/// The tools of one thread.
pub(super) struct Scratch {
    pub(super) inflater: Inflater,
    /// The claim for the objects that the thread holds.
    pub(super) claim: Claim,
    pub(super) delta: Vec<u8>,
    pub(super) copied: Vec<Copied>,
    pub(super) spare: Vec<Vec<u8>>,
}

impl Scratch {
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self {
            inflater: Inflater::new(),
            claim: memory.claim(),
            delta: Vec::new(),
            copied: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Sets the claim to `bytes`, after something was released.
    pub(super) fn hold(&mut self, bytes: u64) {
        if self.delta.capacity() > KEPT {
            self.delta = Vec::new();
        }
        let fits = self.claim.set(bytes.min(self.claim.bytes()));
        debug_assert!(fits, "less always fits");
    }

    /// Keeps a buffer for the next object, if it is small.
    pub(super) fn keep(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() <= KEPT && self.spare.len() < 4 {
            self.spare.push(bytes);
        }
    }

    /// Keeps the buffer of a frame that has no other owner.
    pub(super) fn drop_frame<M>(&mut self, frame: Option<Frame<M>>) {
        if let Some(Frame { text: Held::Own(text), .. }) = frame {
            self.keep(text.bytes);
        }
    }
}
