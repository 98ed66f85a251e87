//! A detector that shows a test each text before the real one gets it.

use keysweep::detect::Engine;
use keysweep::scan::{Copied, Detected, Detector, Window};

/// The real detector, with a record of its input.
pub(crate) struct Watched<'a, F> {
    pub(crate) engine: &'a Engine,
    /// Gets each text.
    pub(crate) look: F,
}

impl<F: Fn(&[u8]) + Sync> Detector for Watched<'_, F> {
    type BaseState = <Engine as Detector>::BaseState;

    fn whole(&self, bytes: &[u8]) -> Detected<Self::BaseState> {
        (self.look)(bytes);
        self.engine.whole(bytes)
    }

    fn delta(
        &self,
        base: &Self::BaseState,
        copied: &[Copied],
        bytes: &[u8],
    ) -> Detected<Self::BaseState> {
        (self.look)(bytes);
        self.engine.delta(base, copied, bytes)
    }

    fn window(&self, bytes: &[u8], window: &Window) -> Detected<Self::BaseState> {
        (self.look)(bytes);
        self.engine.window(bytes, window)
    }

    fn overlap(&self) -> usize {
        self.engine.overlap()
    }
}
