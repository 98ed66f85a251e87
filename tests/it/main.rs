//! All tests of what a user sees, in one binary.

#[cfg(feature = "verify")]
mod leaks;
#[cfg(feature = "verify")]
mod moto;
mod git_database;
mod report;
mod samples;
mod sarif;
#[cfg(feature = "verify")]
mod stub;
#[cfg(feature = "verify")]
mod tools;
#[cfg(feature = "verify")]
mod verify_candidates;
#[cfg(feature = "verify")]
mod verify_moto;
#[cfg(feature = "verify")]
mod verify_program;
#[cfg(feature = "verify")]
mod verify_stub;
#[cfg(feature = "verify")]
mod verify_way;
