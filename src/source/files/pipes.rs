//! Pipes that a shell opened and named on the command line, as `<(command)` does.

use std::fs::File;
use std::path::PathBuf;

use super::roots::bytes;
use crate::coverage::{Count, Ledger};
use crate::finding::Origin;
use crate::scan::{Detector, Hit};
use crate::source::patient::Patient;
use crate::source::window::Reader;
use crate::stop::Stop;

/// Scans each pipe to its end.
pub(super) fn scan<D: Detector>(
    pipes: &[PathBuf],
    stop: &Stop,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut reader = Reader::new(detector, stop);
    for pipe in pipes.iter().take_while(|_| !stop.is_set()) {
        let name = bytes(pipe);
        let file = match File::open(pipe) {
            Ok(file) => file,
            Err(error) => {
                ledger.problem("file", &name, &error);
                continue;
            }
        };
        let extent = reader.scan(&mut Patient::new(file, stop.clone()), &mut |detected| {
            ledger.add(Count::Examples, detected.examples);
            for candidate in detected.candidates {
                let path = Some(name.clone());
                hits(Hit { origin: Origin { path, ..Origin::default() }, candidate });
            }
        });
        ledger.add(Count::Files, 1);
        ledger.add(Count::Bytes, extent.bytes);
        if let Some(error) = extent.error {
            ledger.problem("file", &name, &error);
        }
    }
}
