//! Standard input as one text.
//!
//! Takes the name under which it is reported; reads to the end, in bounded memory.

use std::io::{self, Read};

use crate::coverage::{Count, Ledger};
use crate::finding::Origin;
use crate::scan::{Detector, Hit};
use crate::source::container::{self, Scanner};
use crate::source::patient::Patient;
use crate::stop::Stop;

/// What standard input is called where nobody named it, as in ripgrep.
pub const NAME: &str = "<stdin>";

/// What to read, and as what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The path to report.
    pub name: String,
    /// How far containers are opened.
    pub containers: container::Options,
    /// Ends reading early.
    pub stop: Stop,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: NAME.to_owned(),
            containers: container::Options::default(),
            stop: Stop::default(),
        }
    }
}

/// Standard input for a command that reads more than a text from it: it ends as well when `stop`
/// is set, even while nobody writes to it.
///
/// # Errors
/// If the system gives no thread to read with.
pub fn until(stop: &Stop) -> io::Result<impl Read> {
    Patient::new(io::stdin(), stop.clone())
}

/// Scans standard input to its end. A read error is a problem in the ledger.
pub fn scan<D: Detector>(
    options: &Options,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut scanner = Scanner::new(detector, &options.containers, ledger, &options.stop);
    let mut input = match Patient::new(io::stdin(), options.stop.clone()) {
        Ok(input) => input,
        Err(error) => return ledger.problem("file", options.name.as_bytes(), &error),
    };
    let name = || options.name.clone().into_bytes();
    let extent = scanner.scan(&name, &mut input, None, &mut |detected| {
        detected.note(ledger, "file", &name);
        for candidate in detected.candidates {
            let path = Some(options.name.clone().into_bytes());
            hits(Hit { origin: Origin { path, ..Origin::default() }, candidate });
        }
    });
    ledger.add(Count::Files, 1);
    ledger.add(Count::Bytes, extent.bytes);
    match extent.error {
        Some(error) => ledger.problem("file", options.name.as_bytes(), &error),
        None if extent.bytes == 0 && !options.stop.is_set() => {
            ledger.note("standard input is empty");
        }
        None => {}
    }
}
