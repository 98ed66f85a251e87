//! Microsoft's SARIF validator: fetched once, pinned, into `target/test-tools`.
//!
//! If it cannot be installed (no network, another platform), tests are skipped ([`require`]).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::require::{require, skip};

/// Version of `@microsoft/sarif-multitool-linux` (MIT).
const VERSION: &str = "5.7.0";

/// The validator, if it can be had.
pub(crate) fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        skip("Microsoft's SARIF validator is fetched for Linux on x86-64 only");
        return None;
    }
    let fetched = PROGRAM.get_or_init(fetch).as_deref();
    require("Microsoft's SARIF validator", fetched.map_err(Clone::clone))
}

fn fetch() -> Result<PathBuf, String> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let tools = temporary.parent().unwrap_or(temporary).join("test-tools");
    let folder = tools.join(format!("sarif-multitool-{VERSION}"));
    let program = folder.join("package/Sarif.Multitool");
    let text = |error: io::Error| error.to_string();
    fs::create_dir_all(&folder).map_err(text)?;
    let lock = File::create(tools.join("sarif-multitool.lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    let stamp = folder.join("complete");
    if stamp.is_file() {
        return Ok(program);
    }
    let package = format!("@microsoft/sarif-multitool-linux@{VERSION}");
    run(Command::new("npm").args(["pack", "--silent", &package]).current_dir(&folder))?;
    let archive = format!("microsoft-sarif-multitool-linux-{VERSION}.tgz");
    run(Command::new("tar").args(["xzf", &archive]).current_dir(&folder))?;
    run(Command::new("chmod").arg("+x").arg(&program))?;
    fs::write(stamp, VERSION).map_err(text)?;
    Ok(program)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let error = || format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(error()) }
}
