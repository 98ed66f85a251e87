//! Standard input as one text.
//!
//! Takes the name under which it is reported; reads to the end, in bounded memory.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::coverage::{Count, Ledger};
use crate::finding::Origin;
use crate::scan::{Detector, Hit};
use crate::source::window::Reader;
use crate::stop::Stop;

/// What standard input is called where nobody named it, as in ripgrep.
pub const NAME: &str = "<stdin>";

/// What to read, and as what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The path to report.
    pub name: String,
    /// Ends reading early.
    pub stop: Stop,
}

impl Default for Options {
    fn default() -> Self {
        Self { name: NAME.to_owned(), stop: Stop::default() }
    }
}

/// Scans standard input to its end. A read error is a problem in the ledger.
pub fn scan<D: Detector>(
    options: &Options,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut reader = Reader::new(detector, &options.stop);
    let mut input = Patient::new(options.stop.clone());
    let extent = reader.scan(&mut input, &mut |detected| {
        ledger.add(Count::Examples, detected.examples);
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

/// Bytes of one read.
const CHUNK: usize = 64 << 10;
/// Reads that may be waiting to be scanned.
const AHEAD: usize = 4;
/// How often a silent input is asked whether the run is to stop.
const PAUSE: Duration = Duration::from_millis(50);

/// Standard input that ends when the run is to stop, even while nobody writes to it.
///
/// A read that waits can't be called off, so another thread does the reading; it ends with the
/// process.
struct Patient {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    stop: Stop,
}

impl Patient {
    fn new(stop: Stop) -> Self {
        let (sender, chunks) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = match input.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(count) => {
                        chunk.truncate(count);
                        Ok(chunk)
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if sender.send(read).is_err() || failed {
                    break;
                }
            }
        });
        Self { chunks, chunk: io::Cursor::default(), stop }
    }
}

impl Read for Patient {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.chunk.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            match self.chunks.recv_timeout(PAUSE) {
                Ok(chunk) => self.chunk = io::Cursor::new(chunk?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.stop.is_set() => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
