//! The commands as a script that asks before each step.

use std::io::{self, Write};

use super::{waiting, waits, wrap};
use crate::remedy::{Guide, Occasion};

/// The beginning of a script: it runs one step at a time, and only after a yes.
const HEAD: &str = r#"set -u
ask() {
  printf '\n%s\nRun it? [y/N] ' "$1"
  read -r answer || exit 1
  [ "$answer" = y ]
}
"#;

/// The caller must belong to the account of the key: otherwise the user of the same name in another
/// account would be changed.
const ACCOUNT: &str = r#"account=$(aws sts get-caller-identity --query Account --output text) || exit
wanted=$(aws sts get-access-key-info --access-key-id "$KEY" --query Account --output text) || exit
if [ "$account" != "$wanted" ]; then
  echo "The key belongs to account $wanted, and you are signed in to $account." >&2
  exit 1
fi
"#;

/// Writes the script for a leak.
///
/// # Errors
///
/// An error of `out`.
pub fn write(guide: &Guide, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "#!/bin/sh\n# Written by keysweep explain: a key leaked, step by step. 'aws' runs with \
         your own credentials."
    )?;
    write!(out, "{HEAD}")?;
    let has_key = guide.assignments.iter().any(|line| line.starts_with("KEY="));
    for line in guide.assignments.iter().filter(|line| !waits(line)) {
        match line.as_str() {
            "KEY='<KEY_ID>'" => writeln!(out, "KEY=${{1:?give the id of the key}}")?,
            line => write!(out, "{}", wrap::command(line, ""))?,
        }
        if line.starts_with("KEY=") {
            write!(out, "{ACCOUNT}")?;
        }
        if line.starts_with("OWNER=") {
            writeln!(
                out,
                "if [ \"$OWNER\" = None ]; then\n  echo 'It is a key of the root user: keysweep \
                 explain root --script' >&2\n  exit 1\nfi"
            )?;
        }
    }
    let steps = guide.steps.iter().filter(|step| step.when == Occasion::Leak);
    for (number, step) in steps.enumerate() {
        let title = format!("{}. {}", number + 1, step.title);
        match &step.cli {
            // A part of the command must be looked up in the output of an earlier step.
            Some(cli) if !cli.contains("'<") && !cli.contains("<TOKEN>") => {
                let quoted = title.replace('\'', "'\\''");
                writeln!(out, "\nif ask '{quoted}'; then")?;
                for line in waiting(guide, number) {
                    let name = line.split('=').next().unwrap_or_default();
                    writeln!(out, "  printf '{name}: '; read -r {name} || exit 1")?;
                }
                write!(out, "{}", wrap::command(cli, "  "))?;
                writeln!(out, "fi")?;
            }
            Some(cli) => {
                writeln!(out, "\n# {title}, by hand:")?;
                write!(out, "{}", wrap::command(cli, "#   "))?;
            }
            None => writeln!(out, "\n# {title}.")?,
        }
    }
    if has_key {
        writeln!(
            out,
            "\n# The present verdict of AWS; its secret is read from a prompt and never \
             shown.\nkeysweep verify \"$KEY\""
        )?;
    }
    Ok(())
}
