//! keysweep finds leaked AWS keys and tokens in files and git histories.
//!
//! See `ARCHITECTURE.md` for the layers. Data flows one way, and so do imports.

#[cfg(feature = "verify")]
pub mod act;
pub mod cli;
pub mod codeowners;
pub mod command;
pub mod config;
pub mod remedy;
pub mod report;
pub mod run;
pub mod source;
pub mod suppress;
#[cfg(feature = "verify")]
pub mod verify;

pub use keysweep_base::{bounded, memory, secret, stop, text};
pub use keysweep_detect::{
    aws, bigrams, canary, coverage, detect, document, escapes, finding, line_hash, location,
    opaque, principal, provenance, rules, scan,
};
