//! Reports in every format.

mod again;
mod browser;
mod by_hand;
mod damaged;
mod decoding;
pub(crate) mod formats;
mod gitlab;
mod page;
mod pieces;
// The bench of the same name prints what a test does not ask for.
mod redaction;
mod samples;
pub(crate) mod sarif;
mod schemas;
