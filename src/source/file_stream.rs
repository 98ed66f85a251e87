//! A file as a stream with a position of its own.
//!
//! Takes a handle with random access, and reads on from the position of the stream. Other reads of
//! the same handle do not matter: on Windows they move the handle's position, and a stream that
//! used it would lose bytes.

use std::io::{self, Read};

use super::container::ReadAt;

/// Bytes after which the length of a file is read.
const LARGE: u64 = 8 << 20;

/// A file that ends where it ended when more than [`LARGE`] bytes had been read.
///
/// So a log that grows as fast as it is read has an end; small files cost no extra call.
#[derive(Debug)]
pub(super) struct FileStream<'f, F> {
    file: &'f F,
    read: u64,
    end: Option<u64>,
}

impl<'f, F: ReadAt> FileStream<'f, F> {
    /// Reads `file` from its beginning, wherever the handle is.
    pub(super) fn new(file: &'f F) -> Self {
        Self { file, read: 0, end: None }
    }
}

impl<F: ReadAt> Read for FileStream<'_, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut len = out.len();
        if self.read >= LARGE {
            let end = match self.end {
                Some(end) => end,
                None => *self.end.insert(self.file.length()?),
            };
            // A file without a length, as in /proc, is read until it ends.
            if end >= LARGE {
                len = usize::try_from(end.saturating_sub(self.read))
                    .map_or(len, |rest| rest.min(len));
            }
        }
        let count = self.file.read_some(&mut out[..len], self.read)?;
        self.read += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Seek as _, SeekFrom, Write as _};
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::coverage::Ledger;
    use crate::detect::Engine;
    use crate::rules::RuleSet;
    use crate::source::container::{ContainerOptions, Scanner};
    use crate::stop::Stop;

    /// A handle as on Windows: a read at a position moves the cursor there.
    struct Moving(Mutex<File>);

    impl Moving {
        fn new(text: &[u8]) -> Self {
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(text).expect("written");
            Self(Mutex::new(file))
        }
    }

    impl ReadAt for Moving {
        fn length(&self) -> io::Result<u64> {
            Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).metadata()?.len())
        }

        fn read_some(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
            let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(at))?;
            file.read(out)
        }
    }

    #[test]
    fn a_look_at_another_place_loses_nothing_of_the_stream() {
        let text: Vec<u8> = (0..200_000u32).flat_map(u32::to_be_bytes).collect();
        let file = Moving::new(&text);
        let (mut stream, mut read) = (FileStream::new(&file), Vec::new());
        let mut piece = [0; 4096];
        loop {
            let count = stream.read(&mut piece).expect("read");
            if count == 0 {
                break;
            }
            read.extend_from_slice(&piece[..count]);
            file.read_some(&mut [0; 22], text.len() as u64 - 22).expect("the end is read");
        }
        assert!(read == text, "{} of {} bytes, or in another order", read.len(), text.len());
    }

    /// A file that begins as a program may end as a zip, so the scanner reads its end in between.
    #[test]
    fn what_begins_as_a_program_is_read_beyond_its_first_window() {
        let id = ["AKIA", "QNZGKIQY56JQ7WML"].concat();
        let (engine, ledger, stop) =
            (Engine::new(&RuleSet::builtin()), Ledger::new(), Stop::default());
        for begin in [&b"MZ"[..], b"#!/bin/sh\n", b"\x7fELF"] {
            let mut text = begin.to_vec();
            text.resize(9 << 20, b'\n');
            text.extend_from_slice(id.as_bytes());
            text.extend_from_slice(&[b'\n'; 4096]);
            let file = Moving::new(&text);
            let options = ContainerOptions::default();
            let mut scanner = Scanner::new(&engine, &options, &ledger, &stop);
            let mut found = 0;
            let extent = scanner.file(&|| b"program".to_vec(), &file, &mut |detected| {
                found += detected.candidates.len();
            });
            assert_eq!((extent.bytes, found), (text.len() as u64, 1), "{begin:?}");
        }
    }
}
