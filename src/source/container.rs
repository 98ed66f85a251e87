//! Containers: archives, compressed files and documents, opened by content and scanned member by
//! member.
//!
//! A [`Scanner`] takes a text as a stream or as bytes. A text that is not a container goes to the
//! detector unchanged; otherwise its members do, each with its path, and nested containers are
//! opened as well. Nothing is written to disk. The formats are those of `keysweep-unpack`, which
//! knows neither detectors nor ledgers.

mod visit;

use std::io::{self, Read};

use crate::coverage::Ledger;
use crate::scan::{Detected, Detector};
use crate::source::file_stream::FileStream;
use crate::source::guard::guarded;
use crate::source::window::{Extent, WindowReader};
use crate::stop::Stop;
use keysweep_unpack::input::Input;
pub(crate) use keysweep_unpack::input::ReadAt;
use keysweep_unpack::kind::{self, Kind};
use keysweep_unpack::limits::Meter;
pub use keysweep_unpack::limits::{ContainerOptions, Limit, Limits, Totals};
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

    /// `file` gives random access to the bytes of the stream.
    fn read<R: Read>(
        &mut self,
        name: Name<'_>,
        stream: &mut R,
        file: Option<&dyn ReadAt>,
        found: Found<'_, D::BaseState>,
    ) -> Extent {
        let mut reader = self.reader();
        let begun = reader.begin(stream);
        let head = reader.head(&begun);
        let kind = kind::of(head, begun.is_whole())
            .or_else(|| behind_other(file.filter(|_| !begun.is_whole())));
        if kind.is_none_or(kind::Kind::is_partly_read)
            && let Some(form) =
                kind::not_opened(head).or_else(|| kind::not_opened_by_name(head, name))
        {
            self.ledger.not_opened(form, 1);
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
            kind::not_opened(bytes).iter().for_each(|form| self.ledger.not_opened(form, 1));
            return false;
        };
        let meter = Meter::new(self.options, self.stop, bytes.len() as u64);
        let mut visit = Visit::new(self, &meter, name, found);
        let text = visit.guarded(&mut |visit| {
            let input = Input { head: bytes, whole: true, rest: &mut io::empty(), file: None };
            let outcome = visit.enter(kind, input);
            if visit.is_text_too(kind, outcome)? {
                visit.emit(visit.scanner.detector.whole(bytes));
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

/// A zip may follow other data: a program that unpacks it, a signature, a picture. Only the end of
/// a large file is searched.
fn behind_other(file: Option<&dyn ReadAt>) -> Option<Kind> {
    let file = file?;
    let mut tail = [0; 22];
    // An unreadable end causes an error when the file is read from its beginning, and is reported
    // then.
    let at = file.length().ok()?.checked_sub(tail.len() as u64)?;
    let count = file.read_some(&mut tail, at).ok()?;
    kind::ends_as_zip(&tail[..count]).then_some(Kind::Zip)
}
