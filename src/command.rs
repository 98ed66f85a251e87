//! Commands that are more than a scan, one file each.

pub mod demo;
#[cfg(feature = "verify")]
pub mod verify;
