//! The first reading of a partial: its targets, without their hits.

use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;

use crate::run::partial::{
    Begun, EndLine, Next, PartialError, PartialHead, PartialLine, PartialReader, TargetLine,
};
use crate::run::record::{HitRecord, RecordError};
use crate::run::sweep::SWEEP_ENDED;

/// The message for a partial without its last line.
const TRUNCATED: &str = "it has no last line: its sweep was killed, is still running, or the file was \
                   not copied whole; what it has is reported";

/// A file to read.
#[derive(Clone, Debug)]
pub struct PartialFile {
    /// Its path.
    pub path: PathBuf,
    /// Its name in messages, relative to what the user gave.
    pub name: String,
}

/// The content of a partial.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) file: PartialFile,
    /// `None` if it is cut before that.
    pub(super) head: Option<PartialHead>,
    pub(super) targets: Vec<Surveyed>,
    /// `None` if it is truncated.
    pub(super) end: Option<EndLine>,
    /// The reason why not all of it can be used.
    pub(super) fault: Option<String>,
    /// Another partial of the same targets is complete, so this one is not missed.
    pub(super) is_replaced: bool,
    /// Its sweep ended early, and other partials have all that it did not scan.
    pub(super) is_covered: bool,
}

/// A target in a partial; see [`TargetLine`].
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) name: String,
    pub(super) base: Option<String>,
    pub(super) not_scanned: Option<String>,
    pub(super) history: bool,
    pub(super) remote: Option<String>,
    pub(super) ended: String,
    /// Nothing of it is missing, and all of its hits are here.
    pub(super) is_complete: bool,
    /// The end of the sweep came before that of its scan.
    pub(super) is_cut: bool,
    /// The offset of its line, and the number of lines before it.
    offset: (u64, u64),
}

impl Part {
    /// Reads a partial as far as possible.
    pub(super) fn read(file: PartialFile) -> Self {
        let mut part = Self {
            file,
            head: None,
            targets: Vec::new(),
            end: None,
            fault: None,
            is_replaced: false,
            is_covered: false,
        };
        match part.read_all() {
            Ok(true) => {}
            Ok(false) => part.fault = Some(TRUNCATED.to_owned()),
            Err(error) => {
                part.fault = Some(format!("{error}; what comes before is reported"));
            }
        }
        part
    }

    /// Returns `false` if it is truncated.
    fn read_all(&mut self) -> Result<bool, PartialError> {
        let (begun, mut reader) = PartialReader::begin(BufReader::new(self.open()?))?;
        match begun {
            Begun::Head(head) => self.head = Some(head),
            Begun::Truncated => return Ok(false),
        }
        loop {
            let offset = (reader.offset(), reader.number());
            match reader.next_line()? {
                Next::Line(PartialLine::Target(line)) => {
                    self.targets.push(Surveyed::new(*line, offset));
                    let skipped = reader.skip_hits();
                    if !matches!(skipped, Ok(true)) {
                        self.targets.iter_mut().rev().take(1).for_each(|last| {
                            last.is_complete = false;
                        });
                    }
                    if !skipped? {
                        return Ok(false);
                    }
                }
                // The reader refuses a hit of no target.
                Next::Line(PartialLine::Hit(_)) => {}
                Next::Line(PartialLine::End(end)) => {
                    let (said, here) = (end.targets, self.targets.len() as u64);
                    self.end = Some(*end);
                    if said != here {
                        let why = format!("it says that {said} targets come before it, not {here}");
                        return Err(PartialError::Line { number: reader.number(), why });
                    }
                    return Ok(true);
                }
                Next::Truncated => return Ok(false),
            }
        }
    }

    /// Reads from a target on.
    pub(super) fn reader_at(&self, target: &Surveyed) -> Result<TargetReader, PartialError> {
        let mut file = self.open()?;
        let (offset, number) = target.offset;
        file.seek(SeekFrom::Start(offset))?;
        Ok(TargetReader(PartialReader::resume(BufReader::new(file), number)))
    }

    fn open(&self) -> Result<File, PartialError> {
        Ok(File::open(&self.file.path)?)
    }
}

impl Surveyed {
    fn new(line: TargetLine, offset: (u64, u64)) -> Self {
        Self {
            is_complete: line.not_scanned.is_none() && line.coverage.complete,
            is_cut: line.not_scanned.is_some() || line.failed.as_deref() == Some(SWEEP_ENDED),
            name: line.name,
            base: line.base,
            not_scanned: line.not_scanned,
            history: line.history,
            remote: line.repository.and_then(|repository| repository.remote),
            ended: line.ended,
            offset,
        }
    }
}

/// Reads one target with its hits.
pub(super) struct TargetReader(PartialReader<BufReader<File>>);

impl TargetReader {
    pub(super) fn target(&mut self) -> Result<TargetLine, PartialError> {
        match self.0.next_line()? {
            Next::Line(PartialLine::Target(line)) => Ok(*line),
            _ => Err(PartialError::Changed),
        }
    }

    /// The next hit; `None` if there are no more.
    pub(super) fn hit(&mut self) -> Result<Option<HitRecord>, PartialError> {
        let hit = match self.0.next_line() {
            Ok(Next::Line(PartialLine::Hit(hit))) => hit,
            // The survey has reported that there are too few.
            Ok(Next::Line(_) | Next::Truncated) | Err(PartialError::Missing { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let number = self.0.number();
        let damaged = |error: RecordError| PartialError::Line { number, why: error.to_string() };
        hit.record().map(Some).map_err(damaged)
    }
}
