//! Hits in a temporary file: runs of lines, each sorted, and their merge.
//!
//! The file has no name, so it ends with the process, however that ends, and nobody else can open
//! it. A hit in it has no secret, as in a partial.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use crate::run::record::{HitLine, HitRecord, order};

/// Bytes that are read or written at a time.
const PIECE: usize = 64 << 10;

/// A part of the file with hits in order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    start: u64,
    end: u64,
}

/// The file, to which runs are added.
#[derive(Debug)]
pub(super) struct HitFile {
    file: Arc<File>,
    end: u64,
    buffer: Vec<u8>,
}

impl HitFile {
    /// An empty file in `folder`, for its owner alone.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let file = Arc::new(tempfile::tempfile_in(folder)?);
        Ok(Self { file, end: 0, buffer: Vec::with_capacity(PIECE) })
    }

    /// The offset of the next hit.
    pub(super) fn offset(&self) -> u64 {
        self.end + self.buffer.len() as u64
    }

    pub(super) fn add(&mut self, hit: &HitRecord) -> io::Result<()> {
        serde_json::to_writer(&mut self.buffer, &hit.line())?;
        self.buffer.push(b'\n');
        if self.buffer.len() < PIECE { Ok(()) } else { self.flush() }
    }

    /// The run of all hits since an offset.
    pub(super) fn run_from(&mut self, start: u64) -> io::Result<Run> {
        self.flush()?;
        Ok(Run { start, end: self.end })
    }

    fn flush(&mut self) -> io::Result<()> {
        write_at(&self.file, &self.buffer, self.end)?;
        self.end += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    pub(super) fn read(&self, run: Run) -> Hits {
        Hits::new(Arc::clone(&self.file), run)
    }

    /// The file alone, for reading.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        (bytes, at) = (&bytes[written..], at + written as u64);
    }
    Ok(())
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, at)
}

/// Reads a run by offset, so that several can be read at a time.
struct RunReader {
    file: Arc<File>,
    run: Run,
}

impl Read for RunReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let remaining = usize::try_from(self.run.end - self.run.start).unwrap_or(usize::MAX);
        let length = bytes.len().min(remaining);
        let read = read_at(&self.file, &mut bytes[..length], self.run.start)?;
        if read == 0 && length > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.run.start += read as u64;
        Ok(read)
    }
}

/// The hits of a run.
pub(super) struct Hits {
    reader: BufReader<RunReader>,
    line: Vec<u8>,
}

impl Hits {
    pub(super) fn new(file: Arc<File>, run: Run) -> Self {
        let reader = BufReader::with_capacity(PIECE / 4, RunReader { file, run });
        Self { reader, line: Vec::new() }
    }

    fn hit(&mut self) -> io::Result<Option<HitRecord>> {
        self.line.clear();
        if self.reader.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        let line: HitLine = serde_json::from_slice(&self.line)?;
        line.record().map(Some).map_err(io::Error::other)
    }
}

impl Iterator for Hits {
    type Item = io::Result<HitRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        self.hit().transpose()
    }
}

/// The order of hits in a run: by credential, then by location.
pub(super) fn in_run(one: &HitRecord, two: &HitRecord) -> Ordering {
    one.fingerprint.cmp(&two.fingerprint).then_with(|| order(one, two))
}

/// The hits of several runs in order; of equal ones those of the first run come first.
pub(super) struct Merged<I> {
    runs: Vec<I>,
    heads: BinaryHeap<Reverse<Head>>,
}

/// The next hit of a run.
struct Head {
    hit: HitRecord,
    run: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        in_run(&self.hit, &other.hit).then_with(|| self.run.cmp(&other.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

impl<I: Iterator<Item = io::Result<HitRecord>>> Merged<I> {
    pub(super) fn new(runs: Vec<I>) -> io::Result<Self> {
        let mut merged = Self { heads: BinaryHeap::with_capacity(runs.len()), runs };
        (0..merged.runs.len()).try_for_each(|run| merged.advance(run))?;
        Ok(merged)
    }

    fn advance(&mut self, run: usize) -> io::Result<()> {
        if let Some(hit) = self.runs[run].next() {
            self.heads.push(Reverse(Head { hit: hit?, run }));
        }
        Ok(())
    }
}

impl<I: Iterator<Item = io::Result<HitRecord>>> Iterator for Merged<I> {
    type Item = io::Result<HitRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse(Head { hit, run }) = self.heads.pop()?;
        Some(self.advance(run).map(|()| hit))
    }
}
