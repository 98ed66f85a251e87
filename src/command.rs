//! Commands that are more than a scan, one file each.

#[cfg(feature = "verify")]
pub mod activate;
pub mod baseline;
#[cfg(feature = "verify")]
pub mod deactivate;
pub mod demo;
pub mod explain;
pub mod hook;
#[cfg(feature = "verify")]
pub mod keys;
pub mod merge;
pub mod program;
pub mod report;
#[cfg(feature = "verify")]
pub mod rotate;
pub mod rules;
pub mod sweep;
#[cfg(feature = "verify")]
pub mod verify;
