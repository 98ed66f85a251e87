//! The bytes of a container, as a stream or, for formats that need it, with random access.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::limits::Deadline;
use super::{Fault, Members};

/// Random access to bytes.
pub trait ReadAt {
    /// Number of bytes.
    fn length(&self) -> io::Result<u64>;
    /// Reads up to `out.len()` bytes at `at`.
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

/// A container whose first bytes were read already.
pub struct Input<'a> {
    /// The bytes read so far.
    pub head: &'a [u8],
    /// True if nothing follows the head.
    pub whole: bool,
    /// The bytes after the head.
    pub rest: &'a mut dyn Read,
    /// The same bytes as a file, if there is one.
    pub file: Option<&'a dyn ReadAt>,
}

impl<'a> Input<'a> {
    /// Sequential access.
    pub(crate) fn stream(self) -> io::Chain<&'a [u8], &'a mut dyn Read> {
        self.head.chain(self.rest)
    }

    /// Sequential access, for a decoder that may consume many bytes without output.
    pub(crate) fn packed(self, members: &dyn Members) -> Packed<BufReader<impl Read + 'a>> {
        Packed::new(BufReader::with_capacity(64 << 10, self.stream()), members)
    }

    /// Random access.
    pub(crate) fn random(self) -> Result<Random<'a>, Fault> {
        match self.file {
            Some(file) if !self.whole => Ok(Random::File(file, file.length()?)),
            _ => Ok(Random::Memory(self.head)),
        }
    }
}

/// The input of a decoder; it ends with an error at the deadline. The meter counts output, and a
/// million empty streams have none.
pub(crate) struct Packed<R> {
    stream: R,
    deadline: Deadline,
    /// Bytes until the next check of the deadline.
    remaining: usize,
}

/// Bytes between two checks: a thousand empty streams of bzip2.
const STEP: usize = 16 << 10;

impl<R: BufRead> Packed<R> {
    pub(crate) fn new(stream: R, members: &dyn Members) -> Self {
        Self { stream, deadline: members.deadline(), remaining: 0 }
    }
}

impl<R: BufRead> BufRead for Packed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.remaining == 0 {
            if self.deadline.has_come() {
                return Err(io::Error::other("the time is over"));
            }
            self.remaining = STEP;
        }
        let bytes = self.stream.fill_buf()?;
        Ok(&bytes[..bytes.len().min(self.remaining)])
    }

    fn consume(&mut self, bytes: usize) {
        self.remaining = self.remaining.saturating_sub(bytes);
        self.stream.consume(bytes);
    }
}

impl<R: BufRead> Read for Packed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

/// Random access to bytes, in memory or in a file.
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

/// A range of [`Random`].
pub(crate) enum Range<'a> {
    Memory(&'a [u8]),
    File { file: &'a dyn ReadAt, at: u64, end: u64 },
}

impl Read for Range<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(out),
            Self::File { file, at, end } => {
                let remaining = usize::try_from(end.saturating_sub(*at)).unwrap_or(usize::MAX);
                let length = out.len().min(remaining);
                let count = file.read_some(&mut out[..length], *at)?;
                *at += count as u64;
                Ok(count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use keysweep_base::stop::Stop;

    use super::*;
    use crate::kind::Kind;
    use crate::limits::Halt;

    /// Reads members to their end, until `stop` is set.
    struct Reader(Stop);

    impl Members for Reader {
        fn member(&mut self, _: &[u8], bytes: &mut dyn Read) -> Result<(), Halt> {
            match io::copy(bytes, &mut io::sink()) {
                Ok(_) => Ok(()),
                Err(_) => Err(Halt::Stopped),
            }
        }

        fn nested(&mut self, name: &[u8], bytes: &mut dyn Read) -> Result<(), Halt> {
            self.member(name, bytes)
        }

        fn empty(&mut self) -> Result<(), Halt> {
            Ok(())
        }

        fn count_unpacked(&mut self, _: u64) -> Result<(), Halt> {
            Ok(())
        }

        fn unopened(&mut self, _: &'static str) {}

        fn encrypted(&mut self) -> Result<(), Halt> {
            Ok(())
        }

        fn unlettered(&mut self) -> Result<(), Halt> {
            Ok(())
        }

        fn hold(&mut self, _: u64) -> Result<(), Halt> {
            Ok(())
        }

        fn window(&self) -> u64 {
            64 << 20
        }

        fn deadline(&self) -> Deadline {
            Deadline::of(&self.0)
        }

        fn unread(&mut self, _: &[u8], _: &dyn Display) -> Result<(), Halt> {
            Ok(())
        }
    }

    /// Yields copies of a stream without end, and sets `stop` on the way.
    struct Endless<'s> {
        one: &'s [u8],
        given: u64,
        stop: &'s Stop,
    }

    /// Bytes after which the end is requested.
    const ASKED: u64 = 300 << 10;

    impl Read for Endless<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            for byte in &mut *out {
                *byte = self.one[usize::try_from(self.given % self.one.len() as u64).unwrap_or(0)];
                self.given += 1;
            }
            if self.given > ASKED {
                self.stop.set();
            }
            assert!(self.given < ASKED + (1 << 20), "it continues");
            Ok(out.len())
        }
    }

    /// Empty streams: they produce no output that could end a reader.
    fn empty_streams() -> Vec<(Kind, Vec<u8>)> {
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        // A header, an index without blocks, and a footer.
        let xz = b"\xfd\x37\x7a\x58\x5a\x00\x00\x01\x69\x22\xde\x36\x00\x00\x00\x00\x1c\xdf\x44\x21\x90\x42\x99\x0d\x01\x00\x00\x00\x00\x01\x59\x5a";
        vec![
            (Kind::Bzip2, b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0".to_vec()),
            (Kind::Gzip, gzip.finish().expect("memory")),
            (Kind::Lz4, lz4.finish().expect("memory")),
            (Kind::Xz, xz.to_vec()),
            // Skippable frames, and a frame with an empty raw block.
            (Kind::Zstd, b"\x50\x2a\x4d\x18\0\0\0\0".to_vec()),
            (Kind::Zstd, b"\x28\xb5\x2f\xfd\x20\0\x01\0\0".to_vec()),
        ]
    }

    #[test]
    fn streams_without_output_end_at_the_deadline() {
        for (kind, one) in empty_streams() {
            // As a stream, and in memory.
            let stop = Stop::default();
            let mut rest = Endless { one: &one, given: 0, stop: &stop };
            let mut members = Reader(stop.clone());
            let input = Input { head: &[], whole: false, rest: &mut rest, file: None };
            let ended = kind.read(input, &mut members);
            assert!(matches!(ended, Err(Fault::Halt(Halt::Stopped))), "{kind:?}: {ended:?}");
            let all = one.repeat(1000);
            let input = Input { head: &all, whole: true, rest: &mut io::empty(), file: None };
            let ended = kind.read(input, &mut members);
            assert!(matches!(ended, Err(Fault::Halt(Halt::Stopped))), "{kind:?}: {ended:?}");
            let input = Input { head: &all, whole: true, rest: &mut io::empty(), file: None };
            let whole = kind.read(input, &mut Reader(Stop::default()));
            assert!(whole.is_ok(), "{kind:?}: {whole:?}");
        }
    }

    #[test]
    fn the_deadline_is_checked_every_few_bytes() {
        let stop = Stop::default();
        let bytes = vec![0; 10 * STEP];
        let mut packed = Packed::new(&bytes[..], &Reader(stop.clone()));
        let mut some = vec![0; STEP / 2 * 3];
        packed.read_exact(&mut some).expect("bytes");
        stop.set();
        let mut rest = Vec::new();
        assert!(packed.read_to_end(&mut rest).is_err());
        assert_eq!(rest.len(), STEP / 2);
    }
}
