//! `keysweep install-hook`.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::command::hook::{self, Change, Hook};
use crate::run::Status;
use crate::source::git::hooks;
use crate::source::git::open::Environment;

/// Of `install-hook`.
#[derive(Debug, Args)]
pub(super) struct HookArguments {
    /// The repository, or a folder in it [default: GIT_DIR, or the current folder].
    #[arg(value_name = "REPO")]
    repo: Option<PathBuf>,
    /// Which hook; repeatable [default: pre-commit; in a bare repository pre-receive; with
    /// --uninstall all].
    #[arg(long = "type", short = 't', value_name = "HOOK")]
    types: Vec<HookName>,
    /// Remove the hooks, and put back those that were there before.
    #[arg(long)]
    uninstall: bool,
}

/// See [`Hook`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum HookName {
    /// Before a commit: what is staged.
    PreCommit,
    /// Before a push: the commits that the remote does not have.
    PrePush,
    /// On a server, before a push is accepted.
    PreReceive,
}

impl From<HookName> for Hook {
    fn from(typed: HookName) -> Self {
        match typed {
            HookName::PreCommit => Self::PreCommit,
            HookName::PrePush => Self::PrePush,
            HookName::PreReceive => Self::PreReceive,
        }
    }
}

/// Carries out `keysweep install-hook`.
pub(super) fn install_hook(typed: HookArguments) -> Result<Status, Box<dyn Error>> {
    let start = typed.repo.or(Environment::from_process().git_dir);
    let hooks = hooks::find(start.as_deref().unwrap_or(Path::new(".")))?;
    let named: Vec<Hook> = typed.types.into_iter().map(Hook::from).collect();
    let chosen = match (named.is_empty(), typed.uninstall, hooks.bare) {
        (false, ..) => named,
        (true, true, _) => Hook::ALL.to_vec(),
        (true, false, true) => vec![Hook::PreReceive],
        (true, false, false) => vec![Hook::PreCommit],
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
