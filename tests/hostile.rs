//! What somebody writes who wants to hide a key, to stop a scan, or to do harm.

mod blinding;
#[cfg(unix)]
mod blinding_git;
mod borders;
#[cfg(unix)]
mod deep;
pub(crate) mod escaping;
#[cfg(unix)]
mod escaping_places;
pub(crate) mod faults;
mod fuzz;
mod git_programs;
#[cfg(unix)]
mod hidden;
#[cfg(unix)]
mod links;
mod memory;
mod planted;
mod rules;
#[cfg(target_os = "linux")]
mod starved;
