//! Reads a pipe or terminal without being held up by it.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::stop::Stop;

/// Bytes of one read.
const CHUNK: usize = 64 << 10;
/// Reads that may be waiting to be scanned.
const AHEAD: usize = 4;
/// How often a silent input is asked whether the run is to stop.
const PAUSE: Duration = Duration::from_millis(50);

/// A stream that ends when the run is to stop, even while nobody writes to it.
///
/// A read that waits can't be called off, so another thread does the reading; it ends with the
/// process.
#[derive(Debug)]
pub(super) struct Patient {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    stop: Stop,
}

impl Patient {
    /// Reads `input` until it ends or `stop` is set.
    pub(super) fn new(mut input: impl Read + Send + 'static, stop: Stop) -> Self {
        let (sender, chunks) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || {
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
