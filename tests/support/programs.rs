//! Programs that a test makes and runs.
//!
//! They are written by a child process. A file that this process holds open for writing is open in
//! every child that another test's thread forks meanwhile, until that child has become its program;
//! whoever runs the file in that moment gets ETXTBSY, "text file busy".

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The path of git. A command that has a `PATH` of its own and names a program without its folder
/// is started by fork(2), which copies the page tables of all these tests; by its path it is
/// started by vfork(2).
pub(crate) static GIT: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("git{}", std::env::consts::EXE_SUFFIX);
    let mut found = std::env::split_paths(&path).map(|folder| folder.join(&name));
    found.find(|program| program.is_file()).expect("git is in the PATH")
});

fn write(path: &Path, how: &str, argument: &str, input: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    let mut command = Command::new("sh");
    command.args(["-c", how, "sh"]).arg(path).arg(argument).stdin(Stdio::piped());
    let mut child = command.spawn().expect("a shell");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    assert!(child.wait().expect("it ends").success(), "{}", path.display());
}

/// A script that can be run; its first line says by what.
pub(crate) fn script(path: &Path, text: &str) {
    write(path, "cat >\"$1\" && chmod 755 \"$1\"", "", text);
}

/// A copy of the program under test.
pub(crate) fn copy(path: &Path) {
    write(path, "cp \"$2\" \"$1\"", env!("CARGO_BIN_EXE_keysweep"), "");
}
