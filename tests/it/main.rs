//! All tests of what a user sees, in one binary.

mod report;
mod samples;
mod sarif;
