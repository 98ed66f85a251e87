//! What the targets of containers share: a detector that sees nothing, and small limits.

use keysweep::coverage::Ledger;
use keysweep::scan::{Copied, Detected, Detector, Window};
use keysweep::source::container::{Limit, Limits, Options, scan};

/// Sees nothing: detection has a target of its own.
struct Blind;

impl Detector for Blind {
    type Memory = ();
    fn whole(&self, _: &[u8]) -> Detected<()> {
        Detected::default()
    }
    fn delta(&self, (): &(), _: &[Copied], _: &[u8]) -> Detected<()> {
        Detected::default()
    }
    fn window(&self, _: &[u8], _: &Window) -> Detected<()> {
        Detected::default()
    }
    fn overlap(&self) -> usize {
        16
    }
}

/// Reads `data` behind one of the beginnings, as the first byte of it chooses.
pub fn read(beginnings: &[&[u8]], data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let beginning = beginnings[usize::from(*choice) % beginnings.len()];
    let mut bytes = [beginning, rest].concat();
    if beginning.is_empty() && bytes.len() >= 512 {
        tar(&mut bytes);
    }
    let unpacked = Limit { value: 4 << 20, typed: true };
    let options =
        Options { limits: Limits { unpacked, ..Limits::default() }, ..Options::default() };
    let ledger = Ledger::new();
    scan(b"fuzz", &bytes, &options, &Blind, &ledger, &mut |_| {});
    let problems = ledger.coverage().problems;
    assert!(!problems.iter().any(|one| one.why.contains("a fault of keysweep")), "{problems:?}");
}

/// Makes the first block the header of a tar.
fn tar(bytes: &mut [u8]) {
    bytes[257..262].copy_from_slice(b"ustar");
    bytes[148..156].copy_from_slice(b"        ");
    let sum: u64 = bytes[..512].iter().map(|&byte| u64::from(byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
