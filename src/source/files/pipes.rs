//! Pipes that a shell opened and named on the command line, such as `<(command)`.

use std::fs::File;
use std::path::PathBuf;

use super::FileOptions;
use super::roots::bytes;
use crate::coverage::{Count, Ledger};
use crate::finding::Origin;
use crate::scan::{Detector, Hit};
use crate::source::container::{Scanner, Text};
use crate::source::interruptible::InterruptibleReader;

/// Scans each pipe to its end.
pub(super) fn scan<D: Detector>(
    pipes: &[PathBuf],
    options: &FileOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let stop = &options.stop;
    let mut scanner = Scanner::new(detector, &options.containers, ledger, stop);
    for pipe in pipes.iter().take_while(|_| !stop.is_set()) {
        let name = bytes(pipe);
        let opened = File::open(pipe).and_then(|file| InterruptibleReader::new(file, stop.clone()));
        let mut input = match opened {
            Ok(input) => input,
            Err(error) => {
                ledger.problem("file", &name, &error);
                continue;
            }
        };
        let text = Text::Stream(&mut input);
        let extent = scanner.text("file", &|| name.clone(), text, &mut |candidate| {
            hits(Hit { origin: Origin::of_path(name.clone()), candidate });
        });
        ledger.add(Count::Files, 1);
        if let Some(error) = extent.error {
            ledger.problem("file", &name, &error);
        }
    }
}
