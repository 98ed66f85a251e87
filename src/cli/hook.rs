//! `keysweep install-hook`.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::command::hook::{self, Change, Hook};
use crate::run::Status;
use crate::source::git::hooks;
use crate::source::git::open::Environment;

/// Of `install-hook`.
#[derive(Debug, Args)]
pub(super) struct HookArguments {
    /// The repository [default: GIT_DIR, or the one around the current folder].
    #[arg(value_name = "REPO")]
    repo: Option<PathBuf>,
    /// Which hook: pre-commit, pre-push or pre-receive; repeatable [default: pre-commit; in a bare repository pre-receive; with
    /// --uninstall all].
    #[arg(long = "type", short = 't', value_name = "HOOK", value_parser = hook_of)]
    types: Vec<Hook>,
    /// Remove the hooks, and put back those that were there before.
    #[arg(long)]
    uninstall: bool,
}

/// Reads a hook by git's name for it.
fn hook_of(typed: &str) -> Result<Hook, String> {
    let names = || Hook::ALL.map(Hook::name).join(", ");
    let hook = Hook::ALL.into_iter().find(|hook| hook.name() == typed);
    hook.ok_or_else(|| format!("there are {}", names()))
}

/// Carries out `keysweep install-hook`.
pub(super) fn install_hook(typed: HookArguments) -> Result<Status, Box<dyn Error>> {
    let start = typed.repo.or(Environment::from_process().git_dir);
    let hooks = hooks::find(start.as_deref())?;
    let named = typed.types;
    let chosen = match (named.is_empty(), typed.uninstall, hooks.bare) {
        (false, ..) => named,
        (true, true, _) => Hook::ALL.to_vec(),
        (true, false, true) => vec![Hook::Receive],
        (true, false, false) => vec![Hook::Commit],
    };
    let program = std::env::current_exe()?;
    let mut told = Vec::new();
    for hook in chosen {
        let change = match typed.uninstall {
            true => hook::uninstall(&hooks.folder, hook)?,
            false => hook::install(&hooks.folder, hook, &program)?,
        };
        tell(&mut told, &hooks.folder.join(hook.name()), &change)?;
    }
    if told.is_empty() {
        writeln!(told, "no hook of keysweep's in {}", hooks.folder.display())?;
    }
    if hooks.configured {
        writeln!(told, "core.hooksPath names this folder: other repositories may share it")?;
    }
    io::stdout().write_all(&told)?;
    Ok(Status::Clean)
}

fn tell(out: &mut Vec<u8>, path: &Path, change: &Change) -> io::Result<()> {
    let path = path.display();
    match change {
        Change::Installed => writeln!(out, "installed {path}"),
        Change::Chained(before) => writeln!(
            out,
            "installed {path}; the hook that was there is now {} and runs first",
            before.display()
        ),
        Change::Removed => writeln!(out, "removed {path}"),
        Change::Restored => writeln!(out, "removed {path}; the hook of before is back"),
        Change::Absent => Ok(()),
    }
}
