//! What a thread of the walk uses again and again: its inflater and its buffers.

use crate::scan::Copied;
use crate::source::git::inflate::Inflater;

/// Buffers larger than this are given back, not kept for the next object.
const KEPT: usize = 4 << 20;

/// The tools of one thread.
pub(super) struct Bench {
    pub(super) inflater: Inflater,
    pub(super) delta: Vec<u8>,
    pub(super) copied: Vec<Copied>,
    pub(super) spare: Vec<Vec<u8>>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { inflater: Inflater::new(), delta: Vec::new(), copied: Vec::new(), spare: Vec::new() }
    }

    /// Keeps a buffer for the next object, if it is small.
    pub(super) fn keep(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() <= KEPT && self.spare.len() < 4 {
            self.spare.push(bytes);
        }
    }
}
