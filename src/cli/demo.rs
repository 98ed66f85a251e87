//! `keysweep demo`: the main job on a project of its own.

use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;

use clap::Parser as _;

use super::commands::{Cli, Command};
use super::lookup::print;
use super::{git, scan};
use crate::command::demo;
use crate::run::Status;

/// The commands that the demo suggests at its end.
const NEXT: &str = "
These keys were random and give access to nothing; both projects are deleted. Now scan your own:

  keysweep scan .                              files here, without ignored ones
  keysweep scan --no-ignore --verify .         all files, and which keys are live (asks AWS STS)
  keysweep scan . --output sarif=leaks.sarif   a report for a code-scanning page
  keysweep history                             everything that this repository ever contained
  keysweep install-hook                        scans before each commit what it would add
  keysweep explain aws-access-key              what to do about a leaked key, step by step
";

/// Makes the project, scans it, and says what to do next.
pub(super) fn demo() -> Result<Status, Box<dyn Error>> {
    let folder = tempfile::Builder::new().prefix("keysweep-demo-").tempdir()?;
    let (project, reports) = (folder.path().join("project"), folder.path().join("reports"));
    demo::write(&project)?;
    demo::repository::write(&reports)?;
    show("A small project in which keys leak in a dozen ways:", &demo::FORMS)?;
    let steps = [
        (&["scan", "--no-ignore"][..], &project, Status::Findings),
        (&["scan"], &reports, Status::Clean),
        (&["history"], &reports, Status::Findings),
    ];
    for (number, (args, place, expected)) in steps.into_iter().enumerate() {
        if number == 1 {
            show(
                "\nA repository whose key was removed within the hour, years ago:",
                &demo::repository::LOG,
            )?;
        }
        let name = place.file_name().unwrap_or_default().display();
        print(|out| writeln!(out, "\n$ keysweep {} {name}\n", args[0]))?;
        let status = run(args, place)?;
        if status != expected {
            return Ok(status);
        }
    }
    print(|out| writeln!(out, "{NEXT}"))
}

fn show(what: &str, list: &[&str]) -> Result<Status, Box<dyn Error>> {
    print(|out| {
        writeln!(out, "{what}")?;
        list.iter().try_for_each(|line| writeln!(out, "  - {line}"))
    })
}

fn run(args: &[&str], place: &Path) -> Result<Status, Box<dyn Error>> {
    let words = ["keysweep"].iter().chain(args).map(OsStr::new);
    match Cli::try_parse_from(words.chain([place.as_os_str()]))?.command {
        Command::Scan(arguments) => scan::scan(arguments),
        Command::History(arguments) => git::history(arguments),
        _ => Ok(Status::Clean),
    }
}
