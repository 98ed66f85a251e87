//! Reads a stream of any length in bounded memory: whole if it is small, otherwise in windows.
//!
//! Neighbouring windows overlap by twice the detector's overlap, and each owns the offsets up to
//! the middle of the overlap: a candidate has its surroundings in the window that owns it, and
//! exactly one window owns it. Nothing here opens a file or knows where the bytes come from.

use std::io::{self, ErrorKind, Read};

use crate::location::{Position, advance};
use crate::scan::{Detected, Detector, Window};
use crate::stop::Stop;
use keysweep_base::zeros;

use super::pointer::{self, Oid};

/// Bytes of a window; a text shorter than this is scanned whole.
///
/// One buffer of this size a thread is all the memory that large files cost.
const WINDOW: usize = 8 << 20;

/// Most files of a work tree fit into the first buffer, and a read is one call.
const FIRST: usize = 64 << 10;

/// The result of reading a stream.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    /// Bytes scanned, each once.
    pub(crate) bytes: u64,
    /// The error that ended reading early.
    pub(crate) error: Option<io::Error>,
    /// The object id, if the text is a Git LFS pointer.
    pub(crate) pointer: Option<Oid>,
}

/// A stream whose first bytes are in a reader's buffer.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// The number of bytes.
    pub(crate) filled: usize,
    /// The buffer is full: more may follow.
    full: bool,
    /// See [`Window::columnar`]; set by the reader of the first window.
    pub(crate) columnar: bool,
    /// The error that ended reading early.
    pub(crate) error: Option<io::Error>,
}

impl Begun {
    /// True if this is the whole stream.
    pub(crate) fn is_whole(&self) -> bool {
        !self.full
    }

    /// Moves it out, with its error.
    pub(crate) fn take(&mut self) -> Self {
        Self { error: self.error.take(), ..*self }
    }
}

/// Passes streams to a detector; its buffer is reused.
#[derive(Debug)]
pub(crate) struct WindowReader<'a, D> {
    detector: &'a D,
    stop: &'a Stop,
    buffer: Vec<u8>,
    window: usize,
}

impl<'a, D: Detector> WindowReader<'a, D> {
    /// A reader without a buffer yet.
    pub(crate) fn new(detector: &'a D, stop: &'a Stop) -> Self {
        let window = WINDOW.max(detector.overlap() * 8);
        Self { detector, stop, buffer: Vec::new(), window }
    }

    /// Reads the first bytes of a stream: all of it, if it is shorter than a window.
    pub(crate) fn begin<R: Read + ?Sized>(&mut self, stream: &mut R) -> Begun {
        let (filled, error) = self.fill(stream, 0);
        Begun { filled, full: filled == self.window, columnar: false, error }
    }

    /// The bytes that were read first.
    pub(crate) fn head(&self, begun: &Begun) -> &[u8] {
        &self.buffer[..begun.filled]
    }

    /// Scans the rest of a stream to its end or its first error; what was read before an error is
    /// scanned.
    ///
    /// `found` gets the result for the whole text, or one for each window in order.
    pub(crate) fn finish<R: Read + ?Sized>(
        &mut self,
        begun: Begun,
        stream: &mut R,
        found: &mut dyn FnMut(Detected<D::BaseState>),
    ) -> Extent {
        if !begun.full {
            let bytes = &self.buffer[..begun.filled];
            found(if begun.columnar {
                self.detector.window(bytes, &Window { columnar: true, ..Window::of(bytes) })
            } else {
                self.detector.whole(bytes)
            });
            let pointer = pointer::of(self.head(&begun));
            return Extent { bytes: begun.filled as u64, error: begun.error, pointer };
        }
        self.windows(stream, begun.columnar, found)
    }

    /// Continues with a full buffer, window by window.
    fn windows<R: Read + ?Sized>(
        &mut self,
        stream: &mut R,
        columnar: bool,
        found: &mut dyn FnMut(Detected<D::BaseState>),
    ) -> Extent {
        let overlap = self.detector.overlap();
        let mut first = Position::default();
        let mut owned = 0;
        let mut before = 0;
        let mut filled = self.window;
        loop {
            let last = filled < self.window;
            let end = if last { filled } else { boundary(&self.buffer, filled - overlap) };
            let window = Window { first, owned: owned..end, columnar };
            found(self.detector.window(&self.buffer[..filled], &window));
            if last || self.stop.is_set() {
                return Extent { bytes: before + filled as u64, ..Extent::default() };
            }
            let next = boundary(&self.buffer, end - overlap);
            first = advance(first, &self.buffer[..next]);
            self.buffer.copy_within(next..filled, 0);
            owned = end - next;
            before += next as u64;
            let (more, error) = self.fill(stream, filled - next);
            filled = more;
            if let Some(error) = error {
                let window = Window { first, owned: owned..filled, columnar };
                found(self.detector.window(&self.buffer[..filled], &window));
                return Extent { bytes: before + filled as u64, error: Some(error), pointer: None };
            }
        }
    }

    /// Fills the buffer after its first `filled` bytes, up to the window's size or the end.
    fn fill<R: Read + ?Sized>(
        &mut self,
        stream: &mut R,
        mut filled: usize,
    ) -> (usize, Option<io::Error>) {
        while filled < self.window {
            if filled == self.buffer.len() {
                let len = (self.buffer.len() * 2).max(FIRST).min(self.window);
                zeros::resize(&mut self.buffer, len);
            }
            match stream.read(&mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return (filled, Some(error)),
            }
        }
        (filled, None)
    }
}

/// An offset just before `at` at which a window may begin, or end its own part, without splitting a
/// character: half a character has no column.
///
/// If NUL bytes suggest UTF-16 the offset is even; otherwise no UTF-8 character continues there, if
/// there is such an offset within a character's length.
fn boundary(bytes: &[u8], at: usize) -> usize {
    let even = at & !1;
    if bytes[even.saturating_sub(64)..even].contains(&0) {
        return even;
    }
    let goes_on = |offset: &usize| matches!(bytes.get(*offset), Some(0x80..=0xbf));
    (0..=even).rev().take(4).find(|offset| !goes_on(offset)).unwrap_or(even)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Candidate, Confidence, Credential, Details, RuleId, Sighting};
    use crate::location::{LineIndex, Region};
    use crate::scan::Copied;

    /// Finds `<` that has `>` within 16 bytes, as a credential with surroundings.
    struct Angles;

    impl Angles {
        fn find(bytes: &[u8], first: Position) -> Vec<Candidate> {
            let mut index = LineIndex::new(bytes, first);
            memchr::memchr_iter(b'<', bytes)
                .filter(|&at| bytes[at..].iter().take(16).any(|&byte| byte == b'>'))
                .map(|at| candidate(index.region(at..at + 1)))
                .collect()
        }
    }

    fn candidate(region: Region) -> Candidate {
        let credential = Credential {
            rule: RuleId::new("angle"),
            key_id: None,
            secret: None,
            session_token: None,
            account: None,
            user: None,
            expires: None,
            details: Details::default(),
        };
        let sighting = Sighting {
            id: Some(region),
            secret: None,
            decoded: vec![],
            marker: None,
            snippet: String::new(),
            secret_snippet: String::new(),
            line_hash: None,
            partition: None,
            shown: None,
            evidence: None,
            rivals: Vec::new(),
        };
        Candidate { credential, confidence: Confidence::High, sighting, inside: vec![] }
    }

    impl Detector for Angles {
        type BaseState = ();
        fn whole(&self, bytes: &[u8]) -> Detected<()> {
            let candidates = Self::find(bytes, Position::default());
            Detected { candidates, ..Detected::default() }
        }
        fn delta(&self, (): &(), _: &[Copied], bytes: &[u8]) -> Detected<()> {
            self.whole(bytes)
        }
        fn window(&self, bytes: &[u8], window: &Window) -> Detected<()> {
            let mut index = LineIndex::new(bytes, window.first);
            let owned = index.position(window.owned.start)..index.position(window.owned.end);
            let mut candidates = Self::find(bytes, window.first);
            candidates.retain(|one| owned.contains(&one.sighting.primary().expect("an id").start));
            Detected { candidates, ..Detected::default() }
        }
        fn overlap(&self) -> usize {
            16
        }
    }

    fn positions(text: &[u8], window: usize, step: usize) -> (Vec<Position>, u64) {
        let stop = Stop::default();
        let mut reader = WindowReader { window, ..WindowReader::new(&Angles, &stop) };
        let mut seen = Vec::new();
        let mut stream = Trickle(text, step);
        let begun = reader.begin(&mut stream);
        let extent = reader.finish(begun, &mut stream, &mut |detected: Detected<()>| {
            let starts = detected.candidates.iter().filter_map(|one| one.sighting.primary());
            seen.extend(starts.map(|region| region.start));
        });
        assert!(extent.error.is_none());
        (seen, extent.bytes)
    }

    /// Returns at most this many bytes for each read, as a pipe does.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(out.len());
            self.0.read(&mut out[..len])
        }
    }

    proptest::proptest! {
        #[test]
        fn windows_see_what_the_whole_text_shows(
            text in "[<>a\né\u{1f600}]{0,1500}", window in 128usize..400, step in 1usize..500,
        ) {
            let whole: Vec<Position> = Angles::find(text.as_bytes(), Position::default())
                .iter()
                .filter_map(|one| one.sighting.primary().map(|region| region.start))
                .collect();
            let (seen, bytes) = positions(text.as_bytes(), window, step);
            proptest::prop_assert_eq!(seen, whole);
            proptest::prop_assert_eq!(bytes, text.len() as u64);
        }
    }
}
