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
use crate::source::container::{self, Scanner, Text};
use crate::source::interruptible::InterruptibleReader;
use crate::stop::Stop;

/// The name of standard input, as in ripgrep.
pub const NAME: &str = "<stdin>";

/// The pause between two checks of the stop flag.
const POLL: Duration = Duration::from_millis(20);
/// After this time without a byte a message says that the program waits.
const SOON: Duration = Duration::from_secs(1);

/// Options for standard input.
#[derive(Clone, Debug)]
pub struct StdinOptions {
    /// The path to report.
    pub name: String,
    /// The limits of containers.
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

/// True if standard input may have data, because a shell connected it with a program or file: it is
/// a pipe, a socket or a regular file, as in ripgrep.
#[cfg(unix)]
pub fn may_hold_data() -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;
    let descriptor = io::stdin().as_fd().try_clone_to_owned();
    let kind = descriptor.and_then(|it| Ok(File::from(it).metadata()?.file_type()));
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket() || kind.is_file())
}

/// True if standard input may have data, because a shell connected it with a program or file.
#[cfg(not(unix))]
pub fn may_hold_data() -> bool {
    use std::io::IsTerminal as _;
    !io::stdin().is_terminal()
}

/// Waits for the first byte of standard input, or its end, without consuming it. `None` if the run
/// stops first. `waiting` is called once if neither comes soon.
///
/// # Errors
///
/// If no thread can be started.
pub fn holds_data(stop: &Stop, waiting: &dyn Fn()) -> io::Result<Option<bool>> {
    let (sender, answer) = mpsc::sync_channel(1);
    thread::Builder::new().spawn(move || {
        // A read error is reported when standard input is scanned.
        let holds = io::stdin().lock().fill_buf().map_or(true, |bytes| !bytes.is_empty());
        // The receiver may be gone.
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

/// Standard input for a command that reads more than a text from it: it also ends when `stop` is
/// set, even while nobody writes to it.
///
/// # Errors
///
/// If no thread can be started.
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
    let extent = scanner.text("file", &name, Text::Stream(&mut input), &mut |candidate| {
        hits(Hit { origin: Origin::of_path(name()), candidate });
    });
    ledger.add(Count::Files, 1);
    match extent.error {
        Some(error) => ledger.problem("file", options.name.as_bytes(), &error),
        None if extent.bytes == 0 && !options.stop.is_set() => {
            ledger.note("standard input is empty");
        }
        None => {}
    }
}
