//! The keysweep program: parse, run, exit.

use std::process::ExitCode;

/// musl's own allocator takes a quarter more processor time, most of it for page faults.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keysweep::cli::main()
}
