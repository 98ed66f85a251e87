//! Commands that are more than a scan, one file each.

pub mod baseline;
pub mod demo;
pub mod explain;
pub mod hook;
pub mod program;
#[cfg(feature = "verify")]
pub mod rotate;
pub mod rules;
pub mod sweep;
#[cfg(feature = "verify")]
pub mod verify;
