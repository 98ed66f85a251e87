//! `keysweep demo`: the main job on a project of its own.

use std::error::Error;
use std::io::{self, Write as _};

use clap::Parser as _;

use super::arguments::{Cli, Command};
use super::scan;
use crate::command::demo;
use crate::run::Status;

/// What to type after the demo.
const NEXT: &str = "
These keys were made up a moment ago and open nothing; the project is gone again. Now your own:

  keysweep scan .                              files here, ignored ones left out
  keysweep scan --no-ignore --verify .         all files, and which keys are live (asks AWS STS)
  keysweep scan . --output sarif=leaks.sarif   a report for a code-scanning page
  git show HEAD~3:.env | keysweep scan -       whatever can be piped
  keysweep explain aws-access-key              what to do about a leaked key, step by step
";

/// Makes the project, scans it, and tells what to do next.
pub(super) fn demo() -> Result<Status, Box<dyn Error>> {
    let folder = tempfile::Builder::new().prefix("keysweep-demo-").tempdir()?;
    demo::write(folder.path())?;
    let mut out = io::stdout().lock();
    writeln!(out, "A small project in which keys leak in a dozen ways:")?;
    for form in demo::FORMS {
        writeln!(out, "  - {form}")?;
    }
    writeln!(out, "\n$ keysweep scan\n")?;
    out.flush()?;
    drop(out);
    let path = folder.path().as_os_str();
    let typed = ["keysweep".as_ref(), "scan".as_ref(), "--no-ignore".as_ref(), path];
    if let Command::Scan(arguments) = Cli::try_parse_from(typed)?.command {
        match scan::scan(arguments)? {
            Status::Findings => {}
            other => return Ok(other),
        }
    }
    writeln!(io::stdout(), "{NEXT}")?;
    Ok(Status::Clean)
}
