//! `keysweep install-hook`.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::command::hook::framework::{Owned, Owner, owner_of};
use crate::command::hook::global::TemplateFolders;
use crate::command::hook::{self, Change, Hook};
use crate::command::program;
use crate::run::Status;
use crate::source::git::hooks::{self, Hooks};
use crate::source::git::open::Environment;
use crate::text::escape_path;

/// Arguments of `install-hook`.
#[derive(Debug, Args)]
pub(super) struct HookArguments {
    /// The repository [default: GIT_DIR, or the one around the current folder]
    #[arg(value_name = "REPO", conflicts_with = "global")]
    repo: Option<PathBuf>,
    /// The hook: pre-commit, pre-merge-commit, pre-push or pre-receive; repeatable [default:
    /// pre-commit and pre-merge-commit; in a bare repository pre-receive; with --uninstall all]
    #[arg(long = "type", short = 't', value_name = "HOOK", value_parser = hook_of)]
    types: Vec<Hook>,
    /// Remove the hooks, and restore those that were there before
    #[arg(long, conflicts_with = "force")]
    uninstall: bool,
    /// Install the hooks for every repository that is created or cloned from now on, in git's
    /// template folder; `git init` in an existing one copies them too
    #[arg(long, conflicts_with = "force")]
    global: bool,
    /// Replace hooks that belong to husky, lefthook, Overcommit or pre-commit, or that read their
    /// own name, though they may stop working
    #[arg(long)]
    force: bool,
}

/// Parses git's name of a hook.
fn hook_of(name: &str) -> Result<Hook, String> {
    let names = || Hook::ALL.map(Hook::name).join(", ");
    let hook = Hook::ALL.into_iter().find(|hook| hook.name() == name);
    hook.ok_or_else(|| format!("there are {}", names()))
}

pub(super) fn install_hook(args: &HookArguments) -> Result<Status, Box<dyn Error>> {
    let is_bare = |hooks: &Hooks| hooks.work_tree.is_none();
    let chosen = |bare: bool| match (args.types.is_empty(), args.uninstall, bare) {
        (false, ..) => args.types.clone(),
        (true, true, _) => Hook::ALL.to_vec(),
        (true, false, true) => vec![Hook::Receive],
        (true, false, false) => vec![Hook::Commit, Hook::Merge],
    };
    if args.global {
        return global(&chosen(false), args.uninstall);
    }
    let start = args.repo.clone().or(Environment::from_process().git_dir);
    let find = || hooks::find(start.as_deref());
    let hooks = find()?;
    let chosen = chosen(is_bare(&hooks));
    let mut message = Vec::new();
    if args.uninstall {
        for hook in chosen {
            let change = hook::uninstall(&hooks.folder, hook)?;
            write_change(&mut message, &hooks.folder.join(hook.name()), &change)?;
        }
        if message.is_empty() {
            writeln!(message, "no hook of keysweep's in {}", shown(&hooks.folder))?;
        }
        io::stdout().write_all(&message)?;
        return Ok(Status::Clean);
    }
    let owner = |&hook: &Hook| owner_of(&hooks.folder, hooks.work_tree.as_deref(), hook);
    let owned: Vec<Owned> = chosen.iter().filter_map(owner).collect();
    if !owned.is_empty() && !args.force {
        return refer(&owned, &chosen, &hooks);
    }
    let program = std::env::current_exe()?;
    for &hook in &chosen {
        let change = hook::install(&hooks.folder, hook, &program)?;
        write_change(&mut message, &hooks.folder.join(hook.name()), &change)?;
    }
    // Git's folder is looked up again, because the new files may have changed it.
    let folder = find()?.folder;
    chosen.iter().try_for_each(|&hook| hook::prove(&folder, hook))?;
    if hooks.configured {
        writeln!(message, "core.hooksPath names this folder; other repositories may share it")?;
    }
    if let Some(real) = &hooks.linked {
        let (link, real) = (shown(&hooks.folder), shown(real));
        writeln!(message, "{link} is a link to {real}; other repositories may share it")?;
    }
    io::stdout().write_all(&message)?;
    Ok(Status::Clean)
}

/// Prints how to make another tool's hooks run keysweep; nothing is changed.
fn refer(owned: &[Owned], chosen: &[Hook], hooks: &Hooks) -> Result<Status, Box<dyn Error>> {
    let mut message = Vec::new();
    let is_done = |owned: &&Owned| owned.runs_keysweep && owned.is_installed;
    for done in owned.iter().filter(is_done) {
        writeln!(message, "{}: {} runs keysweep", done.hook.name(), shown(&done.file))?;
    }
    let todo: Vec<&Owned> = owned.iter().filter(|owned| !is_done(owned)).collect();
    let is_plain = |hook: &Hook| owned.iter().all(|owned| owned.hook != *hook);
    let mut others: Vec<Hook> = chosen.iter().copied().filter(is_plain).collect();
    // A hook that is installed next to the manager's needs no change.
    for hook in others.extract_if(.., |hook| hook::prove(&hooks.folder, *hook).is_ok()) {
        writeln!(
            message,
            "{}: {} is installed",
            hook.name(),
            shown(&hooks.folder.join(hook.name()))
        )?;
    }
    if todo.is_empty() && others.is_empty() {
        io::stdout().write_all(&message)?;
        return Ok(Status::Clean);
    }
    if let Some(first) = todo.first() {
        writeln!(message, "keysweep: nothing was changed: {}", why(first))?;
    }
    let mut before = Vec::new();
    for owned in &todo {
        let lines = if owned.runs_keysweep { String::new() } else { owned.lines() };
        // One entry of the pre-commit framework serves two hooks.
        let both = (&owned.file, lines.clone());
        if !lines.is_empty() && !before.contains(&both) {
            let indented = lines.lines().map(|line| format!("    {line}\n"));
            write!(message, "\n{}\n\n{}", owned.where_to(), indented.collect::<String>())?;
        }
        before.push(both);
    }
    writeln!(message)?;
    let absent = todo.iter().filter(|owned| !owned.is_installed);
    let mut commands: Vec<String> = absent.map(|one| one.owner.installed_by(one.hook)).collect();
    commands.dedup();
    for command in commands {
        writeln!(message, "Then, as git does not run it yet: {command}")?;
    }
    for hook in others {
        let name = hook.name();
        writeln!(
            message,
            "It runs no {name} hook; this installs one: keysweep install-hook --type {name}"
        )?;
    }
    if !program::is_in_path() {
        writeln!(message, "Everybody who commits needs keysweep in the PATH; it is not in yours.")?;
    }
    if todo.iter().any(|owned| is_left_behind(owned, &hooks.folder)) {
        writeln!(
            message,
            "An older keysweep renamed this hook; this restores it: keysweep install-hook \
             --uninstall"
        )?;
    }
    writeln!(
        message,
        "Run 'keysweep install-hook' again to check that; --force replaces the hook anyway."
    )?;
    io::stderr().write_all(&message)?;
    Ok(Status::Usage)
}

fn why(owned: &Owned) -> String {
    let known_by = shown(&owned.known_by);
    match owned.owner {
        Owner::Named => format!(
            "{known_by} reads its own name, and would be called by another \
             one"
        ),
        Owner::Compiled => {
            format!(
                "{known_by} is not a script, and may depend on its own name, which would change"
            )
        }
        owner => format!(
            "the hooks here belong to {} ({known_by}), which would stop working or remove \
             keysweep's",
            owner.name()
        ),
    }
}

/// True if a hook of keysweep replaced a manager's.
fn is_left_behind(owned: &Owned, folder: &Path) -> bool {
    let name = owned.hook.name();
    folder.join(format!("{name}{}", hook::BEFORE)).exists()
}

/// Installs hooks for all future repositories, or removes them.
fn global(chosen: &[Hook], uninstall: bool) -> Result<Status, Box<dyn Error>> {
    let home = std::env::home_dir();
    let place = TemplateFolders::of_user(hooks::template(home.as_deref())?, home)?;
    let changes = match uninstall {
        true => place.uninstall(chosen)?,
        false => place.install(chosen, &std::env::current_exe()?)?,
    };
    let mut message = Vec::new();
    for (hook, change) in &changes {
        write_change(&mut message, &place.hooks().join(hook.name()), change)?;
    }
    if uninstall {
        if message.is_empty() {
            writeln!(message, "no hook of keysweep's in {}", shown(&place.hooks()))?;
        }
        writeln!(
            message,
            "A repository that was created in the meantime keeps its hooks: keysweep install-hook \
             --uninstall REPO"
        )?;
    } else {
        writeln!(
            message,
            "Every repository that is created or cloned from now on gets them; in an existing one \
             run: git init"
        )?;
        writeln!(message, "To remove them: keysweep install-hook --global --uninstall")?;
    }
    io::stdout().write_all(&message)?;
    Ok(Status::Clean)
}

fn write_change(out: &mut Vec<u8>, path: &Path, change: &Change) -> io::Result<()> {
    let path = shown(path);
    match change {
        Change::Installed => writeln!(out, "installed {path}"),
        Change::Chained(before) => writeln!(
            out,
            "installed {path}; the existing hook is now {} and runs first",
            shown(before)
        ),
        Change::Removed => writeln!(out, "removed {path}"),
        Change::Restored => writeln!(out, "removed {path}; the earlier hook is restored"),
        Change::Absent => Ok(()),
    }
}

fn shown(path: &Path) -> String {
    escape_path(path.as_os_str().as_encoded_bytes())
}
