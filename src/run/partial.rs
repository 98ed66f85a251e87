//! The lines of a partial: the hits of one sweep, before they are grouped, limited and suppressed.
//!
//! `sweep --partial` writes it, `merge` reads it. The first line is a [`PartialHead`]; then follow
//! for each target a [`TargetLine`] and as many [`HitLine`]s as it says; the last line is an
//! [`EndLine`]. So a partial without its last line is known to be truncated, and so is a target without
//! all of its hits. The target comes first, so that a reader knows whose hits they are before it
//! reads them, and never holds more than one.
//!
//! No type here can hold a secret; see [`super::record`]. `schemas/partial.json` describes the
//! lines.

use std::io::{self, BufRead, Read};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::record::{HitLine, HitRecord};
use super::sweep::Usage;
use super::target::Target;
use crate::coverage::{Coverage, Ledger, Problem, Swept};
use crate::source::files;
use crate::source::git::since::ObjectsRead;
use crate::text::escape_path;

/// The version of the format.
pub const FORM: u32 = 1;

/// The first bytes of a partial of any version.
pub const BEGINNING: &[u8] = files::PARTIAL.as_bytes();

/// Maximum number of bytes of a line: a hit that a million refs hold has less.
const LONGEST: u64 = 1 << 30;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialHead {
    /// The version of the format.
    pub keysweep_partial: u32,
    /// The version of the program.
    pub version: String,
    /// A digest of the options that affect what is found.
    pub options: String,
    /// A digest of the targets: two partials with the same one are of the same sweep, repeated.
    pub plan: String,
    /// The number of the shard and that of all shards, if the sweep was one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<(u32, u32)>,
    /// The name of the machine, if it is known.
    pub host: Option<String>,
    /// The start of the sweep, RFC 3339 in UTC.
    pub started: String,
}

/// Every other line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartialLine {
    /// A target has ended.
    Target(Box<TargetLine>),
    /// A hit of the last target.
    Hit(Box<HitLine>),
    /// The sweep has ended.
    End(Box<EndLine>),
}

/// The coverage of a target, and how many hits follow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetLine {
    /// Its name, relative to `base`.
    pub name: String,
    /// The folder to which names are relative, on the machine that scanned it, escaped for display;
    /// `None` if the name is not relative to a folder.
    pub base: Option<String>,
    /// The number of its hits, which follow.
    pub hits: u64,
    /// The reason why its scan never began.
    pub not_scanned: Option<String>,
    /// The reason why it could not be read at all, or not completely.
    pub failed: Option<String>,
    /// True if it is a repository whose history belongs to it and not to another target.
    pub history: bool,
    /// The content that was read, and the content that was not.
    pub coverage: Coverage,
    /// The repository, if it is one.
    pub repository: Option<RepositoryLine>,
    /// The end of its scan, RFC 3339 in UTC. It is the time when its hits were true.
    pub ended: String,
    /// True if an interrupted sweep had scanned it, and `--resume` read its hits again.
    pub resumed: bool,
    /// A digest that shows a later sweep that it did not change; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// True if `--since` copied its result from an earlier sweep, which ended at `ended`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// The number of git objects that `--since` did not read again. The coverage includes them.
    #[serde(default, skip_serializing_if = "crate::coverage::is_zero")]
    pub reused: u64,
    /// The objects that were read, by database, so that a later sweep reads only new ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<ObjectsRead>,
    /// The time that it took.
    #[serde(flatten)]
    pub spent: Spent,
}

impl TargetLine {
    /// A target whose scan never began, because the sweep ended first.
    pub fn not_scanned(target: &Target, why: &str) -> Self {
        Self {
            name: target.name.clone(),
            base: base(&target.name, &target.place),
            not_scanned: Some(why.to_owned()),
            ended: now(),
            ..Self::default()
        }
    }

    /// Applies `hide` to all texts, to remove what may not be shown.
    pub(super) fn redact(&mut self, hide: &dyn Fn(&mut String)) {
        hide(&mut self.name);
        self.base.iter_mut().for_each(hide);
        self.failed.iter_mut().for_each(hide);
        self.coverage.redact(hide);
        self.databases.iter_mut().for_each(|read| read.redact(hide));
        if let Some(RepositoryLine { branch, remote, .. }) = &mut self.repository {
            branch.iter_mut().chain(remote).for_each(hide);
        }
    }

    /// Adds its coverage to that of the sweep. `credentials` are those of enough confidence.
    pub(super) fn absorb(&self, credentials: u64, ledger: &Ledger) {
        match &self.not_scanned {
            Some(why) => ledger.problem("target", self.name.as_bytes(), why),
            None => ledger.absorb(self.swept(credentials), &self.coverage),
        }
    }

    /// Its counts.
    pub(super) fn swept(&self, credentials: u64) -> Swept {
        Swept {
            name: self.name.clone(),
            complete: self.coverage.complete,
            failed: self.failed.clone(),
            files: self.coverage.files,
            commits: self.coverage.commits,
            objects: self.coverage.objects,
            bytes: self.coverage.bytes,
            credentials,
            as_of: self.unchanged.then(|| self.ended.clone()),
            reused: self.reused,
        }
    }
}

/// The current time, RFC 3339 in UTC, in seconds.
pub fn now() -> String {
    Timestamp::now().to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The origin of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryLine {
    /// The commit of HEAD.
    pub head: Option<String>,
    /// The branch of HEAD.
    pub branch: Option<String>,
    /// The URL of the remote, without user and password.
    pub remote: Option<String>,
}

/// The cost of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Elapsed time.
    pub seconds: f64,
    /// Processor time of all threads, if the system says it.
    pub cpu_seconds: Option<f64>,
    /// The most memory that its process had until then.
    pub peak_bytes: Option<u64>,
}

impl Spent {
    /// The cost of a target that took so long.
    pub(super) fn new(took: Duration, Usage { cpu, peak }: Usage) -> Self {
        let rounded = |time: Duration| (time.as_secs_f64() * 1000.0).round() / 1000.0;
        Self {
            seconds: rounded(took),
            cpu_seconds: (!cpu.is_zero()).then(|| rounded(cpu)),
            peak_bytes: (peak > 0).then_some(peak),
        }
    }
}

/// The last line: what concerns the sweep and no target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndLine {
    /// The number of target lines.
    pub targets: u64,
    /// The end of the sweep, RFC 3339 in UTC.
    pub ended: String,
    /// True if a signal ended it.
    pub interrupted: bool,
    /// The problems, sorted.
    pub problems: Vec<Problem>,
    /// Remarks that are not problems.
    pub notes: Vec<String>,
}

/// Takes the lines of a sweep while it runs.
pub trait PartialSink {
    /// A target has ended: its line, whose number of hits is set here, and its hits.
    fn target(&mut self, line: TargetLine, hits: &[HitRecord]);
    /// The sweep has ended.
    fn end(&mut self, line: EndLine);
}

/// The folder to which a target's name is relative, if `place` ends with the name.
pub fn base(name: &str, place: &Path) -> Option<String> {
    let place = escape_path(place.as_os_str().as_encoded_bytes());
    if !place.starts_with('/') {
        return None;
    }
    match name {
        "." => Some(place),
        _ => {
            let base = place.strip_suffix(name)?.strip_suffix('/')?;
            Some(if base.is_empty() { "/".to_owned() } else { base.to_owned() })
        }
    }
}

/// The reason why a file can't be read as a partial.
#[derive(Debug, thiserror::Error)]
pub enum PartialError {
    /// Another kind of file.
    #[error("it is not a partial: `keysweep sweep --partial FILE` writes one")]
    Foreign,
    /// A later format.
    #[error("keysweep {0} wrote it, in a format that this version does not know: update keysweep")]
    Newer(String),
    /// It is not what it was a moment ago.
    #[error("it changed while it was read")]
    Changed,
    /// A line that is not one of a partial.
    #[error("line {number} is damaged: {why}")]
    Line {
        /// The line, from 1.
        number: u64,
        /// The fault.
        why: String,
    },
    /// Fewer hits than the target's line says.
    #[error("line {number} is damaged: {hits} hits are missing before it")]
    Missing {
        /// The line, from 1.
        number: u64,
        /// The number of missing hits.
        hits: u64,
    },
    /// An error of the system.
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// Reads a partial line by line.
pub struct PartialReader<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    /// The bytes that were read.
    offset: u64,
    /// Hits that must follow before the next target.
    hits: u64,
}

/// The head of a partial, if it has one.
pub enum Begun {
    /// Its first line.
    Head(PartialHead),
    /// Nothing, or the beginning of a first line: the sweep was killed at once.
    Truncated,
}

/// The next line of a partial.
pub enum Next {
    /// A line.
    Line(PartialLine),
    /// It ends, or the next line is not complete, though the last line has not come.
    Truncated,
}

impl<R: BufRead> PartialReader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    ///
    /// If it is not a partial, or one of a later version.
    pub fn begin(reader: R) -> Result<(Begun, Self), PartialError> {
        let mut partial = Self::resume(reader, 0);
        let begun = match partial.read()? {
            true => Begun::Head(head(&partial.line)?),
            false if is_begun(&partial.line) => Begun::Truncated,
            false => return Err(PartialError::Foreign),
        };
        Ok((begun, partial))
    }

    /// Reads on from a target's line, before which are so many lines.
    pub fn resume(reader: R, number: u64) -> Self {
        Self { reader, line: Vec::new(), number, offset: 0, hits: 0 }
    }

    /// Reads the next line. After [`PartialError::Line`] for a damaged hit the next one can be read.
    ///
    /// # Errors
    ///
    /// If it can't be read, or is not what must follow.
    pub fn next_line(&mut self) -> Result<Next, PartialError> {
        if !self.read()? {
            return Ok(Next::Truncated);
        }
        let (number, is_hit) = (self.number, self.line.starts_with(HIT));
        let damaged = |why: String| PartialError::Line { number, why };
        match (is_hit, self.hits) {
            (true, 0) => return Err(damaged("a hit of no target".to_owned())),
            (true, _) => self.hits -= 1,
            (false, 0) => {}
            (false, hits) => return Err(PartialError::Missing { number, hits }),
        }
        let line: PartialLine =
            serde_json::from_slice(&self.line).map_err(|error| damaged(error.to_string()))?;
        if let PartialLine::Target(target) = &line {
            self.hits = target.hits;
        }
        Ok(Next::Line(line))
    }

    /// Passes over the hits of the last target, unread. Returns `false` if the partial ends first.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn skip_hits(&mut self) -> Result<bool, PartialError> {
        while self.hits > 0 {
            if !self.read()? {
                return Ok(false);
            }
            if !self.line.starts_with(HIT) {
                return Err(PartialError::Missing { number: self.number, hits: self.hits });
            }
            self.hits -= 1;
        }
        Ok(true)
    }

    /// The number of the line that was read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of bytes that were read: the offset of the next line.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads a line; `false` if there is no complete one.
    fn read(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut limited = io::Read::take(&mut self.reader, LONGEST);
        limited.read_until(b'\n', &mut self.line)?;
        self.number += 1;
        self.offset += self.line.len() as u64;
        if self.line.len() as u64 == LONGEST {
            return Err(io::Error::other(format!("line {} is longer than 1 GiB", self.number)));
        }
        Ok(self.line.last() == Some(&b'\n'))
    }
}

/// The beginning of the line of a hit.
const HIT: &[u8] = b"{\"hit\":";

/// As many bytes of a file as [`BEGINNING`] has, or fewer if the file is shorter.
///
/// # Errors
///
/// An error of `file`.
pub fn beginning(file: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(BEGINNING.len() as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn is_begun(line: &[u8]) -> bool {
    line.starts_with(BEGINNING) || BEGINNING.starts_with(line)
}

fn head(line: &[u8]) -> Result<PartialHead, PartialError> {
    /// The fields that every version of the format has.
    #[derive(Deserialize)]
    struct Any {
        keysweep_partial: u32,
        version: String,
    }
    let any: Any = serde_json::from_slice(line).map_err(|_| PartialError::Foreign)?;
    if any.keysweep_partial != FORM {
        return Err(PartialError::Newer(any.version));
    }
    let damaged =
        |error: serde_json::Error| PartialError::Line { number: 1, why: error.to_string() };
    serde_json::from_slice(line).map_err(damaged)
}

#[cfg(test)]
mod tests;
