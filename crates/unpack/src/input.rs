//! A container's bytes, as a stream or, for forms that are read in no order, at any place.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};

use super::Fault;

/// Bytes that can be read at any place.
pub trait ReadAt {
    /// How many bytes there are.
    fn length(&self) -> io::Result<u64>;
    /// Reads some bytes at `at`.
    fn read_some(&self, out: &mut [u8], at: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_some(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, out, at)
    }

    #[cfg(windows)]
    fn read_some(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, out, at)
    }
}

/// A container as it was met: some of it read, the rest to come.
pub struct Input<'a> {
    /// What was read of it.
    pub head: &'a [u8],
    /// Nothing follows the head.
    pub whole: bool,
    /// What follows the head.
    pub rest: &'a mut dyn Read,
    /// The same bytes as a file, if it is one.
    pub file: Option<&'a dyn ReadAt>,
}

impl<'a> Input<'a> {
    /// The bytes in order.
    pub(crate) fn stream(self) -> io::Chain<&'a [u8], &'a mut dyn Read> {
        self.head.chain(self.rest)
    }

    /// The bytes at any place.
    pub(crate) fn random(self) -> Result<Random<'a>, Fault> {
        match self.file {
            Some(file) if !self.whole => Ok(Random::File(file, file.length()?)),
            _ => Ok(Random::Memory(self.head)),
        }
    }
}

/// Bytes at any place.
pub(crate) enum Random<'a> {
    Memory(&'a [u8]),
    File(&'a dyn ReadAt, u64),
}

impl Random<'_> {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
        }
    }

    /// All bytes at once.
    pub(crate) fn bytes(&self) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::File(_, length) => {
                let mut bytes = Vec::new();
                self.range(0, *length).read_to_end(&mut bytes)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// Fills `out` with the bytes at `at`.
    pub(crate) fn read(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        self.range(at, out.len() as u64).read_exact(out)
    }

    /// At most `length` bytes from `at` on.
    pub(crate) fn range(&self, at: u64, length: u64) -> Range<'_> {
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                let rest = &bytes[start..];
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
                Range::Memory(&rest[..length])
            }
            Self::File(file, whole) => {
                let end = at.saturating_add(length).min(*whole);
                Range::File { file: *file, at, end }
            }
        }
    }
}

/// A stretch of [`Random`].
pub(crate) enum Range<'a> {
    Memory(&'a [u8]),
    File { file: &'a dyn ReadAt, at: u64, end: u64 },
}

impl Read for Range<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(out),
            Self::File { file, at, end } => {
                let left = usize::try_from(end.saturating_sub(*at)).unwrap_or(usize::MAX);
                let length = out.len().min(left);
                let count = file.read_some(&mut out[..length], *at)?;
                *at += count as u64;
                Ok(count)
            }
        }
    }
}
