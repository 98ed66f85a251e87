//! The keysweep program: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    keysweep::cli::main()
}
