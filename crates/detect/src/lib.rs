//! Detects AWS credentials in bytes; no I/O.

pub mod aws;
pub mod bigrams;
pub mod canary;
pub mod coverage;
pub mod detect;
pub mod document;
pub mod escapes;
pub mod finding;
pub mod line_hash;
pub mod location;
pub mod opaque;
pub mod principal;
pub mod provenance;
pub mod rules;
pub mod scan;

use keysweep_base::{secret, stop, text};
