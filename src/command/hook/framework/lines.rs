//! The lines that make a hook manager run keysweep.

use super::{Hook, Owned, Owner};
use crate::text::escape_path;

/// Overcommit's name for a hook.
pub(super) fn overcommit_section(hook: Hook) -> &'static str {
    match hook {
        Hook::Commit | Hook::Merge => "PreCommit",
        Hook::Push | Hook::Receive => "PrePush",
    }
}

impl Owned {
    /// The instruction for the file, as the end of a sentence.
    pub fn where_to(&self) -> String {
        let file = escape_path(self.file.as_os_str().as_encoded_bytes());
        match self.owner {
            Owner::Husky if self.file.is_file() => {
                format!("Add to {file}, at its top:")
            }
            Owner::OldHusky if self.file.is_file() => {
                format!("Add to {file}, below the line that reads husky.sh:")
            }
            Owner::Husky => format!("Make {file}, with the line:"),
            Owner::OldHusky => format!("Make {file}, executable, with the lines:"),
            Owner::Lefthook | Owner::Overcommit => {
                format!("Add to {file}; if it has '{}:' already, below that line:", self.section())
            }
            Owner::PreCommit => format!("Add to {file}, below 'repos:':"),
            Owner::Simple => format!("Add to \"simple-git-hooks\" in {file}:"),
            Owner::Named => format!("Add to {file}, before everything else:"),
            Owner::Compiled => format!("Have {file} run this, and stop if it fails:"),
        }
    }

    fn section(&self) -> &'static str {
        match self.owner {
            Owner::Overcommit => overcommit_section(self.hook),
            _ => self.hook.name(),
        }
    }

    /// The lines. Other users share them, so they name the keysweep in the `PATH`.
    pub fn lines(&self) -> String {
        let command = format!("keysweep {}", self.hook.arguments());
        let section = self.section();
        match self.owner {
            Owner::Husky => shell(self.hook, &command, self.file.is_file()),
            Owner::OldHusky if !self.file.is_file() => {
                format!("#!/usr/bin/env sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\n{command}\n")
            }
            Owner::OldHusky | Owner::Named => shell(self.hook, &command, true),
            Owner::Compiled => command + "\n",
            Owner::Lefthook => lefthook(self.hook, section),
            Owner::Overcommit => overcommit(self.hook, section),
            Owner::PreCommit => pre_commit(self.hook).to_owned(),
            Owner::Simple => {
                let quoted = command.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{}\": \"{quoted}\"\n", self.hook.name())
            }
        }
    }
}

/// Lines of a shell script. They leave git's standard input to the commands that follow, if there
/// are any.
fn shell(hook: Hook, command: &str, is_followed: bool) -> String {
    if !is_followed {
        return format!("{command}\n");
    }
    if !hook.reads_input() {
        return format!("{command} || exit 1\n");
    }
    format!(
        "refs=$(cat)\n[ -z \"$refs\" ] || printf '%s\\n' \"$refs\" | {command} || exit 1\n\
         exec <<EOF\n$refs\nEOF\n"
    )
}

fn lefthook(hook: Hook, section: &str) -> String {
    let (input, arguments) = match hook {
        Hook::Push => ("      use_stdin: true\n", "range --stdin --hook --remote {1}"),
        _ => ("", hook.arguments()),
    };
    format!("{section}:\n  commands:\n    keysweep:\n{input}      run: keysweep {arguments}\n")
}

fn overcommit(hook: Hook, section: &str) -> String {
    // Overcommit appends git's arguments to the command.
    let command = match hook {
        Hook::Push => "sh, -c, 'keysweep range --stdin --hook --remote \"$1\"', keysweep",
        _ => "keysweep, staged, --hook",
    };
    format!(
        "{section}:\n  Keysweep:\n    enabled: true\n    required: true\n    \
         description: 'leaked AWS keys'\n    command: [{command}]\n"
    )
}

fn pre_commit(hook: Hook) -> &'static str {
    match hook {
        Hook::Push | Hook::Receive => {
            r#"  - repo: local
    hooks:
      - id: keysweep-range
        name: leaked AWS keys in the commits to push
        language: system
        entry: keysweep range --hook
        pass_filenames: false
        always_run: true
        stages: [pre-push]
"#
        }
        Hook::Commit | Hook::Merge => {
            r#"  - repo: local
    hooks:
      - id: keysweep
        name: leaked AWS keys
        language: system
        entry: keysweep staged --hook
        args: ["--"]
        types: []
        types_or: [file, symlink]
        require_serial: true
        stages: [pre-commit, pre-merge-commit]
"#
        }
    }
}
