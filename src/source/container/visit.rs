//! One text with its members: nested containers are opened, findings get their path, limits and
//! faults go to the ledger.

use std::fmt::Display;
use std::io::{self, Read};

use super::{Found, Name, Scanner, Tail};
use crate::coverage::Count;
use crate::memory::Claim;
use crate::scan::{Detected, Detector};
use crate::source::guard;
use crate::source::names::Names;
use crate::source::window::{Begun, Extent, WindowReader};
use crate::text::shorten_text;
use keysweep_unpack::input::{Input, ReadAt};
use keysweep_unpack::kind::{self, Kind};
use keysweep_unpack::limits::{Deadline, Halt, Meter, Metered, Reached};
use keysweep_unpack::{DAMAGED, Fault, Members, READ_IN_PART};

/// Maximum number of problems of one file's members that are listed; the others are counted.
const LISTED: u64 = 50;

/// Bytes of one read for a container that must be held.
const PIECE: u64 = 8 << 20;

/// Longest name of a member that is kept: each finding in the member contains it.
const LONGEST_NAME: usize = 512;

/// Suffixes of compressed files, and their replacements.
const SUFFIXES: [(&str, &str); 15] = [
    (".gz", ""),
    (".tgz", ".tar"),
    (".bz2", ""),
    (".tbz2", ".tar"),
    (".tbz", ".tar"),
    (".xz", ""),
    (".txz", ".tar"),
    (".lzma", ""),
    (".zst", ""),
    (".tzst", ".tar"),
    (".lz4", ""),
    (".lz", ""),
    (".tlz", ".tar"),
    (".Z", ""),
    (".svgz", ".svg"),
];

/// A container about to be opened; the bytes read so far are in the reader's buffer.
pub(super) struct Opening<'o, 'a, D> {
    pub(super) reader: &'o mut WindowReader<'a, D>,
    pub(super) begun: Begun,
    pub(super) rest: &'o mut dyn Read,
    pub(super) file: Option<&'o dyn ReadAt>,
}

/// One text with its members.
pub(super) struct Visit<'v, 'a, D: Detector> {
    pub(super) scanner: &'v mut Scanner<'a, D>,
    meter: &'v Meter<'v>,
    name: Name<'v>,
    found: Found<'v, D::BaseState>,
    /// The members that lead to the current one.
    member_path: Vec<String>,
    /// The number of reported problems.
    reported: u64,
    /// Bytes that the detector saw.
    pub(super) scanned: u64,
    held: Held,
    /// The number of active readers with windows of their own.
    windows: usize,
    /// The number of containers around that are guesses: gzip in the middle of a binary.
    guessed: usize,
    names: Names,
}

/// The bytes that the readers of one visit hold.
struct Held {
    claim: Claim,
    /// The bytes of the outer readers.
    outer: u64,
    /// The bytes of the current reader.
    own: u64,
}

impl Held {
    fn set(&mut self, own: u64) -> Result<(), Halt> {
        if !self.claim.set(self.outer + own) {
            return Err(Halt::Limit(Reached::Memory));
        }
        self.own = own;
        Ok(())
    }
}

impl<'v, 'a, D: Detector> Visit<'v, 'a, D> {
    pub(super) fn new(
        scanner: &'v mut Scanner<'a, D>,
        meter: &'v Meter<'v>,
        name: Name<'v>,
        found: Found<'v, D::BaseState>,
    ) -> Self {
        let claim = scanner.options.memory.claim();
        let held = Held { claim, outer: 0, own: 0 };
        let names = Names::default();
        let member_path = Vec::new();
        Self {
            scanner,
            meter,
            name,
            found,
            member_path,
            reported: 0,
            scanned: 0,
            held,
            windows: 0,
            guessed: 0,
            names,
        }
    }

    /// Runs `work`; a panic in it, for example in a decoder, ends only this text.
    pub(super) fn guarded(
        &mut self,
        work: &mut dyn FnMut(&mut Self) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        guard::caught(|| work(self)).unwrap_or_else(|| {
            self.problem(&guard::WHY);
            Ok(())
        })
    }

    /// Reports the remaining problems.
    pub(super) fn close(mut self, ended: Result<(), Halt>) {
        self.member_path.clear();
        if let Err(Halt::Limit(reached)) = ended {
            self.limit(reached);
        }
        if self.reported > LISTED {
            let why = format!("{} more of its members could not be read", self.reported - LISTED);
            self.scanner.ledger.problem("container", &(self.name)(), &why);
        }
    }

    /// Reads a container, and scans it as text too if that may find more.
    pub(super) fn container(
        &mut self,
        kind: Kind,
        opening: &mut Opening<'_, '_, D>,
    ) -> Result<(), Halt> {
        let Opening { reader, begun, rest, file } = opening;
        let mut rest = Tracked { stream: *rest, moved: false };
        let mut held = Vec::new();
        let outcome = if kind.is_random() && !begun.is_whole() && file.is_none() {
            self.hold(kind, reader.head(begun), &mut rest, &mut held)
        } else {
            let (head, whole) = (reader.head(begun), begun.is_whole());
            self.enter(kind, Input { head, whole, rest: &mut rest, file: *file })
        };
        if !self.is_text_too(kind, outcome)? {
            return Ok(());
        }
        if rest.moved && held.is_empty() {
            // The stream has moved on: only its beginning can be scanned again.
            self.emit(self.scanner.detector.whole(reader.head(begun)));
            return Ok(());
        }
        begun.columnar = kind.is_columnar();
        let mut rest = held.get(begun.filled..).unwrap_or_default().chain(&mut rest);
        let extent = reader.finish(begun.take(), &mut rest, &mut |detected| self.emit(detected));
        self.ended(extent)
    }

    /// Holds a container that needs random access, and reads it from memory.
    fn hold(
        &mut self,
        kind: Kind,
        head: &[u8],
        rest: &mut dyn Read,
        held: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let most = self.scanner.options.limits.held.value;
        let before = self.held.own;
        held.extend_from_slice(head);
        let mut failed = None;
        loop {
            let length = held.len() as u64;
            if length > most {
                return Err(Fault::Halt(Halt::Limit(Reached::Held)));
            }
            self.held.set(before + length + PIECE)?;
            let room = PIECE.min(most - length + 1);
            held.reserve_exact(usize::try_from(room).expect("a piece fits"));
            match (&mut *rest).take(room).read_to_end(held) {
                Ok(0) => break,
                Ok(_) => {}
                // The bytes before the error are read all the same.
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let input = Input { head: held, whole: true, rest: &mut io::empty(), file: None };
        let entered = self.enter(kind, input);
        // The held bytes are still scanned as text, but that needs no more memory.
        self.held.set(before)?;
        entered.and(failed.map_or(Ok(()), |error| Err(error.into())))
    }

    /// Reads a container, unless it is nested too deep.
    pub(super) fn enter(&mut self, kind: Kind, input: Input<'_>) -> Result<(), Fault> {
        if self.member_path.len() >= self.scanner.options.limits.depth.value as usize {
            return Err(Fault::Halt(Halt::Limit(Reached::Depth)));
        }
        let outside = (self.held.outer, self.held.own);
        (self.held.outer, self.held.own) = (outside.0 + outside.1, 0);
        self.windows += usize::from(kind.has_window());
        self.guessed += usize::from(kind == Kind::Inside);
        let read = kind.read(input, self);
        self.guessed -= usize::from(kind == Kind::Inside);
        self.windows -= usize::from(kind.has_window());
        self.held.outer = outside.0;
        self.held.set(outside.1)?;
        read
    }

    /// True if a container is scanned as text too; reports why it could not be read.
    pub(super) fn is_text_too(
        &mut self,
        kind: Kind,
        outcome: Result<(), Fault>,
    ) -> Result<bool, Halt> {
        if let Some(halt) = self.meter.halted() {
            return Err(halt);
        }
        match outcome {
            Ok(()) => Ok(kind.is_text_too()),
            Err(Fault::Halt(Halt::Limit(
                reached @ (Reached::Depth | Reached::Held | Reached::Memory),
            ))) => {
                self.limit(reached);
                Ok(true)
            }
            Err(Fault::Halt(halt)) => Err(halt),
            Err(Fault::Unopened(form)) => {
                self.scanner.ledger.not_opened(form, 1);
                Ok(true)
            }
            Err(Fault::Broken(_)) if kind.is_weak() && self.meter.unpacked() == 0 => Ok(true),
            Err(Fault::Broken(why)) => {
                self.damaged(&format!("{DAMAGED}{}: {why}", kind.name()));
                Ok(true)
            }
        }
    }

    /// Scans a member, or only its members.
    fn open(&mut self, name: &[u8], bytes: &mut dyn Read, as_text: bool) -> Result<(), Halt> {
        self.meter.member()?;
        let name = if name.is_empty() { self.unpacked_name() } else { shown(name) };
        self.enter_name(name);
        let mut reader = self.scanner.reader();
        let mut bytes = guard::Guarded::new(bytes);
        let mut bytes = Metered { meter: self.meter, stream: &mut bytes };
        let ended = self.text(&mut reader, &mut bytes, as_text);
        self.scanner.readers.push(reader);
        self.member_path.pop();
        ended
    }

    /// Searches the name of the member that is read from here on, and keeps as much of it as is
    /// shown.
    fn enter_name(&mut self, mut name: String) {
        let (detector, ledger) = (self.scanner.detector, self.scanner.ledger);
        let found = self.names.search(detector, name.as_bytes(), ledger).into_iter();
        let candidates: Vec<_> = found.map(|(_, candidate)| candidate).collect();
        shorten_text(&mut name, LONGEST_NAME);
        self.member_path.push(name);
        if !candidates.is_empty() {
            self.emit(Detected { candidates, ..Detected::default() });
        }
    }

    fn text(
        &mut self,
        reader: &mut WindowReader<'a, D>,
        bytes: &mut dyn Read,
        as_text: bool,
    ) -> Result<(), Halt> {
        let mut begun = reader.begin(bytes);
        if begun.filled == 0 {
            return self.ended(Extent { error: begun.error, ..Extent::default() });
        }
        let head = reader.head(&begun);
        let kind = kind::of(head, begun.is_whole());
        if kind.is_none_or(Kind::is_partly_read) {
            let name = self.member_path.last().map_or(&b""[..], |name| name.as_bytes());
            let tail = Tail::of(head, begun.is_whole(), None);
            begun.columnar = self.scanner.is_columnar(&|| name.to_vec(), head, tail.bytes());
        }
        match kind {
            Some(kind) => {
                let mut opening = Opening { reader, begun, rest: bytes, file: None };
                self.container(kind, &mut opening)?;
                let error = opening.begun.error.take();
                self.ended(Extent { error, ..Extent::default() })
            }
            None if as_text => {
                let extent = reader.finish(begun, bytes, &mut |detected| self.emit(detected));
                self.ended(extent)
            }
            None => self.ended(Extent::default()),
        }
    }

    /// Counts what was scanned, and reports why it was not everything.
    fn ended(&mut self, extent: Extent) -> Result<(), Halt> {
        self.scanned += extent.bytes;
        if let Some(halt) = self.meter.halted() {
            return Err(halt);
        }
        if let Some(error) = extent.error {
            self.damaged(&format!("{READ_IN_PART}{error}"));
        }
        Ok(())
    }

    /// Passes on what was found, with its path.
    pub(super) fn emit(&mut self, mut detected: Detected<D::BaseState>) {
        for candidate in &mut detected.candidates {
            candidate.inside.clone_from(&self.member_path);
        }
        (self.found)(detected);
    }

    /// The name of a compressed file's content.
    fn unpacked_name(&self) -> String {
        let outer = (self.name)();
        let outer = self.member_path.last().map_or(outer.as_slice(), |name| name.as_bytes());
        let file = outer.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let shorter = SUFFIXES.iter().find_map(|(packed, unpacked)| {
            let stem = file.strip_suffix(packed.as_bytes()).filter(|stem| !stem.is_empty())?;
            Some([stem, unpacked.as_bytes()].concat())
        });
        shorter.map_or_else(|| "(content)".to_owned(), |name| shown(&name))
    }

    fn limit(&mut self, reached: Reached) {
        let limits = &self.scanner.options.limits;
        if reached.is_explicit(limits) {
            self.scanner.ledger.add(Count::Unopened, 1);
        } else {
            self.problem(&reached.why(limits));
        }
    }

    /// Reports that a member is damaged, unless it is not sure that it is one at all.
    fn damaged(&mut self, why: &dyn Display) {
        if self.guessed == 0 {
            self.problem(why);
        }
    }

    fn problem(&mut self, why: &dyn Display) {
        self.reported += 1;
        if self.reported <= LISTED {
            let mut path = (self.name)();
            for part in &self.member_path {
                path.extend_from_slice(b" > ");
                path.extend_from_slice(part.as_bytes());
            }
            self.scanner.ledger.problem("container", &path, why);
        }
    }
}

impl<D: Detector> Members for Visit<'_, '_, D> {
    fn member(&mut self, name: &[u8], bytes: &mut dyn Read) -> Result<(), Halt> {
        self.open(name, bytes, true)
    }

    fn nested(&mut self, name: &[u8], bytes: &mut dyn Read) -> Result<(), Halt> {
        self.open(name, bytes, false)
    }

    fn empty(&mut self) -> Result<(), Halt> {
        self.meter.member()
    }

    fn count_unpacked(&mut self, bytes: u64) -> Result<(), Halt> {
        self.meter.give(bytes)
    }

    fn encrypted(&mut self) -> Result<(), Halt> {
        self.scanner.ledger.add(Count::Encrypted, 1);
        self.meter.member()
    }

    fn unlettered(&mut self) -> Result<(), Halt> {
        self.scanner.ledger.add(Count::Unlettered, 1);
        Ok(())
    }

    fn unopened(&mut self, form: &'static str) {
        self.scanner.ledger.not_opened(form, 1);
    }

    fn hold(&mut self, bytes: u64) -> Result<(), Halt> {
        self.held.set(bytes)
    }

    fn deadline(&self) -> Deadline {
        self.meter.deadline()
    }

    fn window(&self) -> u64 {
        self.scanner.options.memory.window(self.windows.saturating_sub(1))
    }

    fn unread(&mut self, name: &[u8], why: &dyn Display) -> Result<(), Halt> {
        let mut name = shown(name);
        shorten_text(&mut name, LONGEST_NAME);
        self.member_path.push(name);
        self.problem(why);
        self.member_path.pop();
        self.meter.member()
    }
}

/// Notices if a stream was read.
struct Tracked<'r> {
    stream: &'r mut dyn Read,
    moved: bool,
}

impl Read for Tracked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(out)?;
        self.moved |= count > 0;
        Ok(count)
    }
}

/// A member's name in reports.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name.strip_prefix(b"./").unwrap_or(name)).into_owned()
}
