//! Prints which tests were skipped, in whole or in part. It is not a test, but the last program that
//! `cargo test` runs of this folder, as it runs them by name; tests/support/require.rs notes the skips.

use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skips");
    let files = fs::read_dir(&folder).into_iter().flatten().flatten();
    let noted: String = files.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect();
    let mut skips: Vec<&str> = noted.lines().collect();
    skips.sort_unstable();
    skips.dedup();
    let mut out = io::stdout().lock();
    for skip in &skips {
        writeln!(out, "{skip}")?;
    }
    writeln!(out, "skips: {} tests or parts of tests did not run here", skips.len())?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Ok(())
}
