//! Reads a pipe or terminal without blocking the run.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::stop::Stop;

/// Bytes of one read.
const CHUNK: usize = 64 << 10;
/// Reads that may be waiting to be scanned.
const AHEAD: usize = 4;
/// The pause between two checks of the stop flag.
const PAUSE: Duration = Duration::from_millis(50);

/// Wiped after reading: it may be a secret that somebody enters.
type Chunk = Zeroizing<Vec<u8>>;

/// A stream that ends when the run is to stop, even while nobody writes to it.
///
/// A blocking read can't be cancelled, so another thread reads; it ends with the process.
#[derive(Debug)]
pub(super) struct InterruptibleReader {
    chunks: Receiver<io::Result<Chunk>>,
    chunk: Chunk,
    /// The number of bytes of the chunk that were passed on.
    at: usize,
    stop: Stop,
}

impl InterruptibleReader {
    /// Reads `input` until it ends or `stop` is set.
    ///
    /// # Errors
    ///
    /// If no thread can be started.
    pub(super) fn new(mut input: impl Read + Send + 'static, stop: Stop) -> io::Result<Self> {
        let (sender, chunks) = mpsc::sync_channel(AHEAD);
        thread::Builder::new().spawn(move || {
            loop {
                let mut chunk = Zeroizing::new(vec![0; CHUNK]);
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
        })?;
        Ok(Self { chunks, chunk: Chunk::default(), at: 0, stop })
    }
}

impl Read for InterruptibleReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.chunk.get(self.at..).unwrap_or_default().read(out)?;
            if count > 0 || out.is_empty() {
                self.at += count;
                return Ok(count);
            }
            match self.chunks.recv_timeout(PAUSE) {
                Ok(chunk) => (self.chunk, self.at) = (chunk?, 0),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.stop.is_set() => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
