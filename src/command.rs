//! Commands that are more than a scan, one file each.

#[cfg(feature = "verify")]
pub mod verify;
