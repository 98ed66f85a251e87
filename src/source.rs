//! The sources of bytes.
//!
//! A source takes its own plain options, passes bytes to a [`crate::scan::Detector`], writes what
//! it read and could not read to the [`crate::coverage::Ledger`], and gives each
//! [`crate::scan::Hit`] to a callback. It knows no detector by name, and nothing of findings,
//! reports or the command line.

pub mod container;
mod file_stream;
pub mod files;
pub mod git;
mod guard;
mod interruptible;
pub mod named;
mod names;
mod pointer;
pub mod stdin;
mod threads;
mod window;
