//! Standard input as one text.
//!
//! Takes the name under which it is reported; reads to the end, in bounded memory.

#[cfg(unix)]
use std::fs::File;
use std::io::{self, BufRead as _, Read};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::coverage::{Count, Ledger};
use crate::finding::Origin;
use crate::scan::{Detector, Hit};
use crate::source::container::{self, Scanner};
use crate::source::interruptible::InterruptibleReader;
use crate::stop::Stop;

/// What standard input is called where nobody named it, as in ripgrep.
pub const NAME: &str = "<stdin>";

/// How often it is asked whether the run is to stop.
const POLL: Duration = Duration::from_millis(20);
/// After so long without a byte the user may wonder what the program waits for.
const SOON: Duration = Duration::from_secs(1);

/// What to read, and as what.
#[derive(Clone, Debug)]
pub struct StdinOptions {
    /// The path to report.
    pub name: String,
    /// How far containers are opened.
    pub containers: container::ContainerOptions,
    /// Ends reading early.
    pub stop: Stop,
}

impl Default for StdinOptions {
    fn default() -> Self {
        Self {
            name: NAME.to_owned(),
            containers: container::ContainerOptions::default(),
            stop: Stop::default(),
        }
    }
}

/// Whether standard input is what a shell connects with a program or file, so that there may be
/// data on it: a pipe, a socket or a regular file, as ripgrep takes it.
#[cfg(unix)]
pub fn may_hold_data() -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;
    let descriptor = io::stdin().as_fd().try_clone_to_owned();
    let kind = descriptor.and_then(|it| Ok(File::from(it).metadata()?.file_type()));
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket() || kind.is_file())
}

/// Whether standard input is what a shell connects with a program or file, so that there may be
/// data on it.
#[cfg(not(unix))]
pub fn may_hold_data() -> bool {
    use std::io::IsTerminal as _;
    !io::stdin().is_terminal()
}

/// Waits for the first byte of standard input, or its end; nothing is taken from it. `None` if the
/// run is to stop before. `waiting` is called once if neither comes soon.
///
/// # Errors
/// If the system gives no thread to read with.
pub fn holds_data(stop: &Stop, waiting: &dyn Fn()) -> io::Result<Option<bool>> {
    let (sender, answer) = mpsc::sync_channel(1);
    thread::Builder::new().spawn(move || {
        // What can't be read is told by whoever scans it.
        let holds = io::stdin().lock().fill_buf().map_or(true, |bytes| !bytes.is_empty());
        // Whoever waited may be gone.
        let _ = sender.send(holds);
    })?;
    let began = Instant::now();
    let mut warned = false;
    while !stop.is_set() {
        match answer.recv_timeout(POLL) {
            Ok(holds) => return Ok(Some(holds)),
            Err(RecvTimeoutError::Disconnected) => return Ok(Some(true)),
            Err(RecvTimeoutError::Timeout) if !warned && began.elapsed() > SOON => {
                waiting();
                warned = true;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(None)
}

/// Standard input for a command that reads more than a text from it: it ends as well when `stop`
/// is set, even while nobody writes to it.
///
/// # Errors
/// If the system gives no thread to read with.
pub fn until(stop: &Stop) -> io::Result<impl Read> {
    InterruptibleReader::new(io::stdin(), stop.clone())
}

/// Scans standard input to its end. A read error is a problem in the ledger.
pub fn scan<D: Detector>(
    options: &StdinOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    ledger.scanned("standard input", options.name.as_bytes());
    let mut scanner = Scanner::new(detector, &options.containers, ledger, &options.stop);
    let mut input = match InterruptibleReader::new(io::stdin(), options.stop.clone()) {
        Ok(input) => input,
        Err(error) => return ledger.problem("file", options.name.as_bytes(), &error),
    };
    let name = || options.name.clone().into_bytes();
    let extent = scanner.scan(&name, &mut input, &mut |detected| {
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
