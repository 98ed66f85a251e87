//! keysweep finds leaked AWS keys in files and git histories.
//!
//! See `ARCHITECTURE.md` for the layers. Data flows one way, and so do imports.

#[cfg(feature = "verify")]
pub mod act;
pub mod aws;
pub mod bigrams;
pub mod bounded;
pub mod canary;
pub mod cli;
pub mod command;
pub mod config;
pub mod coverage;
pub mod detect;
pub mod document;
pub mod escapes;
pub mod finding;
pub mod line_hash;
pub mod location;
pub mod memory;
pub mod opaque;
pub mod principal;
pub mod provenance;
pub mod remedy;
pub mod report;
pub mod rules;
pub mod run;
pub mod scan;
pub mod secret;
pub mod source;
pub mod stop;
pub mod suppress;
pub mod text;
#[cfg(feature = "verify")]
pub mod verify;
