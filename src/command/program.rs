//! The command that runs keysweep.

use std::env;
use std::path::{Path, PathBuf};

use crate::text::shell_word;

/// keysweep as a shell word: its name if the `PATH` contains it, otherwise its path.
pub fn word() -> String {
    if is_in_path() {
        return "keysweep".to_owned();
    }
    let program = env::current_exe().unwrap_or_else(|_| PathBuf::from("keysweep"));
    shell_word(&program.to_string_lossy())
}

/// True if the user's own `PATH` contains a keysweep.
///
/// Folders that only a hook has do not count: those that a hook manager prepends, and git's own
/// programs.
pub fn is_in_path() -> bool {
    let name = if cfg!(windows) { "keysweep.exe" } else { "keysweep" };
    let of_hook = ["GIT_EXEC_PATH", "VIRTUAL_ENV"].map(env::var_os);
    let is_of_hook = |folder: &Path| {
        folder.is_relative()
            || folder.ends_with("node_modules/.bin")
            || of_hook.iter().flatten().any(|own| !own.is_empty() && folder.starts_with(own))
    };
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| !is_of_hook(&folder) && folder.join(name).is_file())
}
