//! Hostile input, written to hide a key, to stop a scan, or to do harm.

mod blinding;
pub(crate) mod blinding_git;
mod borders;
mod deep;
pub(crate) mod escaping;
mod escaping_places;
pub(crate) mod faults;
mod fuzz;
mod git_programs;
mod hidden;
mod links;
mod links_in_git;
mod memory;
mod planted;
mod rules;
#[cfg(target_os = "linux")]
mod starved;
