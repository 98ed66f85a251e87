//! Tools that tests need and cargo does not bring: Python environments with moto, the AWS CLI, a
//! validator of JSON schemas and a writer of 7z, with the pre-commit framework, and with writers of
//! PDFs; actionlint; husky and lefthook.
//!
//! Made once below `target/test-tools`, under a file lock each, from the pins in
//! `tests/*requirements.txt` and below; other pins make another one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The linter of GitHub workflows, as Go's module proxy has it.
const ACTIONLINT: &str = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";

/// The environment's folder, with `bin/moto_server` and `bin/aws` in it; `None`, and why on
/// standard error, if it cannot be made, as without Python or the package index.
pub(crate) fn venv() -> Option<PathBuf> {
    environment("venv", "requirements.txt")
}

/// The folder of an environment with `bin/pre-commit` in it, or `None` as for [`venv`].
pub(crate) fn pre_commit() -> Option<PathBuf> {
    environment("hooks", "hook-requirements.txt")
}

/// The folder of an environment with `bin/python` that has fpdf2 and reportlab, or `None` as for
/// [`venv`].
pub(crate) fn pdf() -> Option<PathBuf> {
    environment("pdf", "pdf-requirements.txt")
}

/// The program `actionlint`: the one of the `PATH`, or one built by Go; `None`, and why on
/// standard error, if there is neither.
pub(crate) fn actionlint() -> Option<PathBuf> {
    let installed = PathBuf::from("actionlint");
    if Command::new(&installed).arg("--version").output().is_ok() {
        return Some(installed);
    }
    let (tools, _lock) = folder("actionlint")?;
    let built = tools.join("actionlint").join(ACTIONLINT.rsplit('@').next()?);
    let program = built.join("actionlint");
    if !program.exists() {
        run(Command::new("go").args(["install", ACTIONLINT]).env("GOBIN", &built))?;
    }
    Some(program)
}

/// husky and lefthook, as npm's registry has them.
const HOOK_MANAGERS: [&str; 2] = ["husky@9.1.7", "lefthook@1.13.6"];

/// The folder of the programs `husky` and `lefthook`; `None`, and why on standard error, if npm
/// can't install them.
pub(crate) fn hook_managers() -> Option<PathBuf> {
    let (tools, _lock) = folder("managers")?;
    let home = tools.join("managers");
    let stamp = home.join("installed");
    let wanted = HOOK_MANAGERS.join(" ");
    let bin = home.join("node_modules/.bin");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Some(bin);
    }
    fs::create_dir_all(&home).ok()?;
    // Else npm would look for a project in the folders above.
    fs::write(home.join("package.json"), "{\"private\": true}\n").ok()?;
    run(Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(HOOK_MANAGERS)
        .current_dir(&home))?;
    fs::write(&stamp, wanted).ok()?;
    Some(bin)
}

/// Where tools are, and the lock of one of them, held until it is dropped.
fn folder(name: &str) -> Option<(PathBuf, File)> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("test-tools");
    fs::create_dir_all(&tools).ok()?;
    let lock = File::create(tools.join(format!("{name}.lock"))).ok()?;
    lock.lock().ok()?;
    Some((tools, lock))
}

fn environment(name: &str, requirements: &str) -> Option<PathBuf> {
    let (tools, _lock) = folder(name)?;
    let venv = tools.join(name);
    let stamp = venv.join(requirements);
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(requirements);
    let wanted = fs::read_to_string(&pins).ok()?;
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Some(venv);
    }
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(Command::new(venv.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&pins))?;
    fs::write(&stamp, wanted).ok()?;
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
