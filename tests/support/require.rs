//! The tools that a test needs, and a record of the tests that ran without them.
//!
//! Rust's test harness has no skipped tests: a test that returns early has passed. So each skip is
//! written to standard error past the harness's capture, and into a file whose lines `tests/skips.rs`
//! prints after all tests have run.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The tool, or nothing and a line in the summary of skips.
///
/// If `CI` is set, the machine is ours and has everything that the tests can install, so there
/// a missing tool is a failure.
#[track_caller]
pub(crate) fn require<T>(tool: &str, found: Result<T, String>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(why) => {
            let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
            assert!(!ci, "{tool} is required where CI is set: {why}");
            skip(&format!("{tool} is missing: {}", why.trim()));
            None
        }
    }
}

/// A program of the `PATH`, as [`require`] does it.
#[track_caller]
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let found = Command::new(name).arg("--version").output();
    let found = found.map(|_| PathBuf::from(name)).map_err(|error| error.to_string());
    require(name, found)
}

/// Notes that the test, or a part of it, does not run here, since the machine does not allow it: the
/// user may not do it, or the file system or the version of git does not have it. Never for a tool.
#[track_caller]
pub(crate) fn skip(why: &str) {
    let file = std::panic::Location::caller().file().replace('\\', "/");
    let thread = std::thread::current();
    // The harness names the thread after the test, unless there is one thread for all.
    let test = thread.name().filter(|name| *name != "main").unwrap_or("in part");
    let line = format!("skipped: {file}: {test}: {}\n", why.replace('\n', " | "));
    let _ = io::stderr().write_all(line.as_bytes());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skips");
    let written = fs::create_dir_all(&folder).and_then(|()| {
        let file = folder.join(std::process::id().to_string());
        let mut file = fs::OpenOptions::new().create(true).append(true).open(file)?;
        file.write_all(line.as_bytes())
    });
    written.expect("the list of skips");
}
