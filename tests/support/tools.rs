//! Tools that tests need and cargo does not bring: Python environments with moto, the AWS CLI, a
//! validator of JSON schemas and a writer of 7z, with the pre-commit framework, with writers of PDFs,
//! and with Ray; shellcheck; actionlint; husky and lefthook.
//!
//! Made once below `target/test-tools`, under a file lock each, from the pins in
//! `tests/*requirements.txt` and below; other pins make another one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::require::require;

/// The linter of GitHub workflows, as Go's module proxy has it.
const ACTIONLINT: &str = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";

/// The environment's folder, with `bin/moto_server` and `bin/aws` in it; as [`require`] does it where it
/// cannot be made, as without Python or the package index.
#[track_caller]
pub(crate) fn venv() -> Option<PathBuf> {
    require("Python with tests/requirements.txt", environment("venv", "requirements.txt"))
}

/// The folder of an environment with `bin/pre-commit` in it, or `None` as for [`venv`].
#[track_caller]
pub(crate) fn pre_commit() -> Option<PathBuf> {
    require("Python with pre-commit", environment("hooks", "hook-requirements.txt"))
}

/// The folder of an environment with `bin/python` that has fpdf2 and reportlab, or `None` as for
/// [`venv`].
#[track_caller]
pub(crate) fn pdf() -> Option<PathBuf> {
    require("Python with fpdf2 and reportlab", environment("pdf", "pdf-requirements.txt"))
}

/// The folder of an environment with Ray and pyarrow, which the extra `keysweep[ray]` names, or `None`
/// and a line in the summary of skips.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn ray() -> Option<PathBuf> {
    // Ray has no packages for some systems and for new versions of Python.
    let found = environment("ray", "fleet-requirements.txt");
    found
        .map_err(|why| {
            crate::support::require::skip(&format!("Ray can't be installed here: {}", why.trim()));
        })
        .ok()
}

/// The program `shellcheck`, or `None` as for [`venv`].
#[track_caller]
pub(crate) fn shellcheck() -> Option<PathBuf> {
    let lint = require("Python with shellcheck", environment("lint", "lint-requirements.txt"))?;
    Some(programs(&lint).join("shellcheck"))
}

/// The program `actionlint`: the one of the `PATH`, or one built by Go.
#[track_caller]
pub(crate) fn actionlint() -> Option<PathBuf> {
    require("actionlint", find_actionlint())
}

fn find_actionlint() -> Result<PathBuf, String> {
    let installed = PathBuf::from("actionlint");
    if Command::new(&installed).arg("--version").output().is_ok() {
        return Ok(installed);
    }
    let (tools, _lock) = folder("actionlint")?;
    let version = ACTIONLINT.rsplit('@').next().unwrap_or(ACTIONLINT);
    let built = tools.join("actionlint").join(version);
    let program = built.join("actionlint");
    if !program.exists() {
        run(Command::new("go").args(["install", ACTIONLINT]).env("GOBIN", &built))?;
    }
    Ok(program)
}

/// husky and lefthook, as npm's registry has them.
const HOOK_MANAGERS: [&str; 2] = ["husky@9.1.7", "lefthook@1.13.6"];

/// The folder of the programs `husky` and `lefthook`, which npm installs.
#[track_caller]
pub(crate) fn hook_managers() -> Option<PathBuf> {
    let modules = npm("managers", &HOOK_MANAGERS);
    require("npm with husky and lefthook", modules.map(|modules| modules.join(".bin")))
}

/// The folder of npm's packages, installed below the folder `name` of the tools.
pub(crate) fn npm(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let (tools, _lock) = folder(name)?;
    let home = tools.join(name);
    let stamp = home.join("installed");
    let wanted = packages.join(" ");
    let modules = home.join("node_modules");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(modules);
    }
    fs::create_dir_all(&home).map_err(why)?;
    // Else npm would look for a project in the folders above.
    fs::write(home.join("package.json"), "{\"private\": true}\n").map_err(why)?;
    run(Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(packages)
        .current_dir(&home))?;
    fs::write(&stamp, wanted).map_err(why)?;
    Ok(modules)
}

/// The folder of a tool, and the lock of one of them, held until it is dropped.
pub(crate) fn folder(name: &str) -> Result<(PathBuf, File), String> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let tools = temporary.parent().unwrap_or(temporary).join("test-tools");
    fs::create_dir_all(&tools).map_err(why)?;
    let lock = File::create(tools.join(format!("{name}.lock"))).map_err(why)?;
    lock.lock().map_err(why)?;
    Ok((tools, lock))
}

/// A script for Python that runs a program in a terminal of its own; it says how.
#[cfg(feature = "verify")]
pub(crate) const TERMINAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/terminal.py");

/// The folder of an environment in which Python keeps programs.
pub(crate) fn programs(venv: &Path) -> PathBuf {
    venv.join("bin")
}

pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf, String> {
    let (tools, _lock) = folder(name)?;
    let venv = tools.join(name);
    let stamp = venv.join(requirements);
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(requirements);
    let wanted = fs::read_to_string(&pins).map_err(why)?;
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(venv);
    }
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(Command::new(programs(&venv).join("pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&pins))?;
    fs::write(&stamp, wanted).map_err(why)?;
    Ok(venv)
}

pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let said = match command.output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!("{command:?}: {said}"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(crate) fn why(error: io::Error) -> String {
    error.to_string()
}
