//! All tests of what a user sees, in one binary. They make repositories with scripts of a shell, links
//! and FIFOs, so they are for Unix; the tests of the crates are for Windows too.

#![cfg(unix)]
// A failing test prints its seed.
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "verify")]
mod act;
mod cli;
mod containers;
mod detect;
#[cfg(target_os = "linux")]
mod fleet;
mod git;
mod hooks;
mod hostile;
mod packaging;
mod report;
mod support;
#[cfg(feature = "verify")]
mod verify;
// They are a library there.
#[allow(dead_code, unreachable_pub)]
#[path = "../fuzz/bodies/all.rs"]
mod fuzz_bodies;
// The bench of the same name prints what a test does not ask for.
#[allow(dead_code, unreachable_pub)]
#[path = "texts/all.rs"]
mod texts;
