//! Bytes that a text has from another one.

/// A run of bytes that a delta copies unchanged from its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where it begins in the base.
    pub from: usize,
    /// Where it begins in the result.
    pub to: usize,
    /// Its length, never 0.
    pub len: usize,
}
