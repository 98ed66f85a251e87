//! All tests of what a user sees, in one binary.

// A failing test prints its seed.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod act;
mod cli;
mod containers;
mod detect;
#[cfg(target_os = "linux")]
mod fleet;
#[cfg(unix)]
mod git;
#[cfg(unix)]
mod hooks;
mod hostile;
mod packaging;
mod report;
mod support;
mod verify;
// They are a library there.
#[allow(dead_code, unreachable_pub)]
#[path = "../fuzz/bodies/all.rs"]
mod fuzz_bodies;
// The bench of the same name prints what a test does not ask for.
#[allow(dead_code, unreachable_pub)]
#[path = "texts/all.rs"]
mod texts;
