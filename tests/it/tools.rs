//! Tools that tests need and cargo does not bring: a Python environment with moto and the AWS CLI.
//!
//! Made once below `target/test-tools`, under a file lock, from the pins in
//! `tests/requirements.txt`; other pins make another one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The environment's folder, with `bin/moto_server` and `bin/aws` in it; `None`, and why on
/// standard error, if it cannot be made, as without Python or the package index.
pub(crate) fn venv() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("test-tools");
    fs::create_dir_all(&tools).ok()?;
    let lock = File::create(tools.join("lock")).ok()?;
    lock.lock().ok()?;
    let venv = tools.join("venv");
    let stamp = venv.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == REQUIREMENTS) {
        return Some(venv);
    }
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(Command::new(venv.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requirements.txt")))?;
    fs::write(&stamp, REQUIREMENTS).ok()?;
    Some(venv)
}

fn run(command: &mut Command) -> Option<()> {
    let why = match command.output() {
        Ok(output) if output.status.success() => return Some(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let _ = writeln!(io::stderr(), "{command:?}: {why}");
    None
}
