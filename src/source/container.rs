//! Containers: archives, compressed files and documents, opened by content and scanned member by
//! member.
//!
//! A [`Scanner`] takes a text as a stream or as bytes. A text that is not a container goes to the
//! detector unchanged; otherwise its members do, each with its path, and nested containers are
//! opened as well. Nothing is written to disk. The formats are those of `keysweep-unpack`, which
//! knows neither detectors nor ledgers.

mod visit;

use std::fs::File;
use std::io::{self, Read};

use crate::coverage::{Count, Ledger};
use crate::finding::Candidate;
use crate::scan::{Detected, Detector, Window};
use crate::source::file_stream::FileStream;
use crate::source::guard::guarded;
use crate::source::window::{Extent, WindowReader};
use crate::stop::Stop;
use keysweep_unpack::input::Input;
pub(crate) use keysweep_unpack::input::ReadAt;
use keysweep_unpack::kind::{self, Kind};
use keysweep_unpack::limits::Meter;
pub use keysweep_unpack::limits::{ContainerOptions, Limit, Limits, Totals};
use keysweep_unpack::unopened;
use visit::{Opening, Visit};

/// Passes texts and their members to a detector.
pub(crate) struct Scanner<'a, D> {
    detector: &'a D,
    options: &'a ContainerOptions,
    ledger: &'a Ledger,
    stop: &'a Stop,
    /// One for each nested container, and one more.
    readers: Vec<WindowReader<'a, D>>,
}

/// A text that is to be read.
pub(crate) enum Text<'t> {
    /// In the order of its bytes alone.
    Stream(&'t mut dyn Read),
    /// At any place.
    File(&'t File),
}

/// A text's name for the ledger, made only when it is needed.
pub(crate) type Name<'n> = &'n dyn Fn() -> Vec<u8>;

/// Receives what was found, in order; candidates name the member that they are in.
pub(crate) type Found<'f, M> = &'f mut dyn FnMut(Detected<M>);

/// Scans the members of `bytes`, which the ledger calls `name`; `false` if they are not a
/// container, and so were not scanned.
pub fn scan<D: Detector>(
    name: &[u8],
    bytes: &[u8],
    options: &ContainerOptions,
    detector: &D,
    ledger: &Ledger,
    found: &mut dyn FnMut(Detected<D::BaseState>),
) -> bool {
    let stop = Stop::default();
    Scanner::new(detector, options, ledger, &stop).open(&|| name.to_vec(), bytes, found)
}

impl<'a, D: Detector> Scanner<'a, D> {
    /// A scanner without buffers yet.
    pub(crate) fn new(
        detector: &'a D,
        options: &'a ContainerOptions,
        ledger: &'a Ledger,
        stop: &'a Stop,
    ) -> Self {
        Self { detector, options, ledger, stop, readers: Vec::new() }
    }

    /// Scans a stream to its end or its first error.
    pub(crate) fn scan<R: Read>(
        &mut self,
        name: Name<'_>,
        stream: &mut R,
        found: Found<'_, D::BaseState>,
    ) -> Extent {
        self.read(name, stream, None, found)
    }

    /// Scans a file from its beginning to its end or its first error, wherever its handle is.
    pub(crate) fn file<F: ReadAt>(
        &mut self,
        name: Name<'_>,
        file: &F,
        found: Found<'_, D::BaseState>,
    ) -> Extent {
        self.read(name, &mut FileStream::new(file), Some(file), found)
    }

    /// Scans a text, and passes its candidates on. The ledger gets its bytes and notes; the caller reports why
    /// it was not read to its end.
    pub(crate) fn text(
        &mut self,
        what: &str,
        name: Name<'_>,
        mut text: Text<'_>,
        candidate: &mut dyn FnMut(Candidate),
    ) -> Extent {
        let ledger = self.ledger;
        let mut found = |detected: Detected<D::BaseState>| {
            detected.note(ledger, what, name);
            detected.candidates.into_iter().for_each(&mut *candidate);
        };
        let extent = match &mut text {
            Text::Stream(stream) => self.scan(name, stream, &mut found),
            Text::File(file) => self.file(name, *file, &mut found),
        };
        ledger.add(Count::Bytes, extent.bytes);
        extent
    }

    /// `file` gives random access to the bytes of the stream.
    fn read<R: Read>(
        &mut self,
        name: Name<'_>,
        stream: &mut R,
        file: Option<&dyn ReadAt>,
        found: Found<'_, D::BaseState>,
    ) -> Extent {
        let mut reader = self.reader();
        let mut begun = reader.begin(stream);
        let head = reader.head(&begun);
        let tail = Tail::of(head, begun.is_whole(), file);
        let kind = kind::of(head, begun.is_whole()).or_else(|| {
            (!begun.is_whole() && kind::ends_as_zip(tail.bytes())).then_some(Kind::Zip)
        });
        if kind.is_none_or(Kind::is_partly_read) {
            begun.columnar = self.is_columnar(name, head, tail.bytes());
        }
        let extent = match kind {
            None => guarded("text", name, self.ledger, || reader.finish(begun, stream, found))
                .unwrap_or_default(),
            Some(kind) => {
                // A file of unknown length is read like a stream.
                let length = file.and_then(|file| file.length().ok());
                let known = length.unwrap_or(begun.filled as u64);
                let meter = Meter::new(self.options, self.stop, known);
                let mut counted = Counted { stream, meter: length.is_none().then_some(&meter) };
                let mut opening = Opening { reader: &mut reader, begun, rest: &mut counted, file };
                self.outermost(name, kind, &meter, &mut opening, found)
            }
        };
        self.readers.push(reader);
        extent
    }

    /// Opens a text in memory; `true` if it is a container, and so was scanned.
    pub(crate) fn open(
        &mut self,
        name: Name<'_>,
        bytes: &[u8],
        found: Found<'_, D::BaseState>,
    ) -> bool {
        let Some(kind) = kind::of(bytes, true) else {
            let columnar = self.is_columnar(name, bytes, Tail::of(bytes, true, None).bytes());
            if columnar {
                let window = Window { columnar, ..Window::of(bytes) };
                let seen = || self.detector.window(bytes, &window);
                guarded("text", name, self.ledger, seen).into_iter().for_each(found);
            }
            return columnar;
        };
        let meter = Meter::new(self.options, self.stop, bytes.len() as u64);
        let mut visit = Visit::new(self, &meter, name, found);
        let text = visit.guarded(&mut |visit| {
            let input = Input { head: bytes, whole: true, rest: &mut io::empty(), file: None };
            let outcome = visit.enter(kind, input);
            if visit.is_text_too(kind, outcome)? {
                let detector = visit.scanner.detector;
                visit.emit(if kind.is_columnar() {
                    detector.window(bytes, &Window { columnar: true, ..Window::of(bytes) })
                } else {
                    detector.whole(bytes)
                });
            }
            Ok(())
        });
        visit.close(text);
        true
    }

    /// Scans a text in memory, container or not.
    pub(crate) fn bytes(&mut self, name: Name<'_>, bytes: &[u8]) -> Detected<D::BaseState> {
        let mut all = Detected::default();
        let opened = self.open(name, bytes, &mut |detected| all.append(detected));
        if opened {
            return all;
        }
        guarded("text", name, self.ledger, || self.detector.whole(bytes)).unwrap_or_default()
    }

    /// Counts a text of a form that is not opened; returns true if it is stored by column.
    fn is_columnar(&self, name: Name<'_>, head: &[u8], tail: &[u8]) -> bool {
        let Some(form) = unopened::of(head, tail, name) else { return false };
        self.ledger.not_opened(form.name, 1);
        form.columnar
    }

    fn outermost(
        &mut self,
        name: Name<'_>,
        kind: Kind,
        meter: &Meter<'_>,
        opening: &mut Opening<'_, 'a, D>,
        found: Found<'_, D::BaseState>,
    ) -> Extent {
        let mut visit = Visit::new(self, meter, name, found);
        let ended = visit.guarded(&mut |visit| visit.container(kind, opening));
        let bytes = visit.scanned;
        visit.close(ended);
        Extent { bytes, error: opening.begun.error.take(), pointer: None }
    }

    fn reader(&mut self) -> WindowReader<'a, D> {
        self.readers.pop().unwrap_or_else(|| WindowReader::new(self.detector, self.stop))
    }
}

/// The outermost stream, counted as input where its length is not known.
struct Counted<'c, 'm, R> {
    stream: &'c mut R,
    meter: Option<&'c Meter<'m>>,
}

impl<R: Read> Read for Counted<'_, '_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(out)?;
        if let Some(meter) = self.meter {
            meter.take_in(count as u64);
        }
        Ok(count)
    }
}

/// The end of a text: a zip may follow anything, a program that unpacks it, a signature, a
/// picture, and other forms name themselves there alone.
enum Tail<'t> {
    Seen(&'t [u8]),
    Read(Vec<u8>),
}

impl<'t> Tail<'t> {
    /// The tail of a text that begins with `head`; nothing if it is read in order and continues.
    fn of(head: &'t [u8], whole: bool, file: Option<&dyn ReadAt>) -> Self {
        if whole {
            return Self::Seen(&head[head.len().saturating_sub(unopened::TAIL)..]);
        }
        let mut tail = vec![0; unopened::TAIL];
        // A file that can't be read at its end fails when it is read from its beginning, and is
        // reported.
        let read = file.and_then(|file| {
            let at = file.length().ok()?.checked_sub(tail.len() as u64)?;
            file.read_some(&mut tail, at).ok()
        });
        tail.truncate(read.unwrap_or_default());
        Self::Read(tail)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Seen(bytes) => bytes,
            Self::Read(bytes) => bytes,
        }
    }
}
