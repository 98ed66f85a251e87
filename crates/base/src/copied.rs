//! Bytes that a text copies from another one.

/// A run of bytes that a delta copies unchanged from its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its offset in the base.
    pub from: usize,
    /// Its offset in the result.
    pub to: usize,
    /// Its length, never 0.
    pub len: usize,
}
