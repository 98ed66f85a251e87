//! `keysweep completions` and `keysweep man`: files that packages install with the program.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::commands::Cli;
use super::lookup::print;
use crate::run::Status;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// The command whose page is printed [default: keysweep itself]
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    /// Write the pages of keysweep and of all its commands to FOLDER
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    output_dir: Option<PathBuf>,
}

/// The exit statuses; the numbers of [`Status`].
const STATUSES: [(&str, &str); 5] = [
    ("0", "Everything asked for was scanned; nothing at or above --fail-on."),
    ("1", "Findings at or above --fail-on, whether or not the scan was complete."),
    ("2", "Wrong usage or configuration, or nothing could be scanned."),
    (
        "3",
        "No such finding, but some of what was asked for could not be read or verified; the report \
         lists it.",
    ),
    ("130", "Interrupted; what was found until then is reported."),
];

pub(super) fn completions(args: &CompletionsArguments) -> Result<Status, Box<dyn Error>> {
    print(|out| {
        let mut script = Vec::new();
        clap_complete::generate(args.shell, &mut Cli::command(), "keysweep", &mut script);
        out.write_all(&script)
    })
}

pub(super) fn man(args: &ManArguments) -> Result<Status, Box<dyn Error>> {
    let mut program = Cli::command();
    program.build();
    if let Some(folder) = &args.output_dir {
        write_all(&program, folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        return Ok(Status::Clean);
    }
    let command = match &args.command {
        Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
            format!("there is no command '{name}' (there are {})", names.join(", "))
        })?,
        None => program,
    };
    print(|out| page(&command, out))
}

fn write_all(program: &Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for command in program.get_subcommands().chain([program]) {
        let name = Man::new(command.clone()).get_filename();
        let mut text = Vec::new();
        page(command, &mut text)?;
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// A page: clap's text and, if the command scans, its exit statuses.
fn page(command: &Command, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    let version = concat!("keysweep ", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(version).manual("keysweep").render(&mut text)?;
    out.write_all(&text)?;
    let is_program = command.get_subcommands().next().is_some();
    if !is_program && !command.get_arguments().any(|one| one.get_id() == "fail_on") {
        return Ok(());
    }
    let mut statuses = Roff::new();
    statuses.control("SH", ["EXIT STATUS"]);
    for (number, meaning) in STATUSES {
        statuses.control("TP", []).text([bold(number)]).text([roman(meaning)]);
    }
    statuses.to_writer(&mut *out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_reported() {
        let all = [
            Status::Clean,
            Status::Findings,
            Status::Usage,
            Status::Incomplete,
            Status::Interrupted,
        ];
        let numbers = all.map(|status| status.code().to_string());
        assert_eq!(STATUSES.map(|(number, _)| number.to_owned()), numbers);
    }
}
