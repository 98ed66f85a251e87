//! The keysweep program: parse, run, exit.

fn main() {}
