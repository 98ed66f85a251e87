//! The results of an earlier sweep, from its partials: they are copied for targets that did not change
//! since.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;

use super::partial::{
    Begun, Next, PartialError, PartialHead, PartialLine, PartialReader, TargetLine, base,
};
use super::record::HitRecord;
use super::target::Target;
use crate::coverage::Problem;
use crate::source::git::since::ObjectsRead;

/// Kinds of problems that every scan of the same target has: they say what a clone is, not what
/// happened.
const LASTING: [&str; 2] = ["partial clone", "shallow clone"];
/// The beginnings of reasons that depend on the bytes of a container. Other reasons depend on limits
/// of time and memory, or on the program.
const OF_BYTES: [&str; 2] = [keysweep_unpack::DAMAGED, keysweep_unpack::READ_IN_PART];
/// The ends of a container's reasons that follow from its bytes and from the options, which are the
/// same. Other limits are those of time, of memory, and of all containers together.
const OF_LIMITS: [&str; 5] = [
    ": raise --depth",
    ": raise --max-members",
    ": raise --max-unpacked",
    ": raise --max-ratio",
    ": raise --max-held, or unpack it",
];
/// The end of the system's errors, which a second reading may not have.
const OF_SYSTEM: &str = "(os error";

/// The targets of earlier partials.
#[derive(Debug, Default)]
pub struct Earlier {
    files: Vec<PathBuf>,
    /// The newest result of each target, by the folder that its name is relative to, and its name.
    targets: HashMap<(Option<String>, String), Found>,
    /// Partials that can't be used, with the reason.
    pub notes: Vec<String>,
}

/// The place of a target's result.
#[derive(Debug)]
struct Found {
    file: usize,
    offset: u64,
    /// `None` if it is scanned again even if it did not change.
    state: Option<String>,
    has_databases: bool,
    ended: String,
}

/// True if every scan of an unchanged target has this problem.
fn lasts(problem: &Problem) -> bool {
    let why = problem.why.as_str();
    let is_damaged = OF_BYTES.iter().any(|begin| why.starts_with(begin));
    let is_of_bytes = is_damaged && !why.contains(OF_SYSTEM);
    let is_of_limit = OF_LIMITS.iter().any(|end| why.ends_with(end));
    let is_of_container = problem.what == "container" && (is_of_bytes || is_of_limit);
    LASTING.contains(&problem.what.as_str()) || is_of_container
}

impl Earlier {
    /// Reads which targets partials have; `options` is the digest of the options that affect what is
    /// found. The readable part of a truncated partial is used.
    pub fn read(files: Vec<(PathBuf, String)>, options: &str) -> Self {
        let mut earlier = Self::default();
        for (path, shown) in files {
            let at = earlier.files.len();
            earlier.files.push(path);
            let read = earlier.add(at, options);
            let why = match read {
                Ok(true) => continue,
                Ok(false) => {
                    "it is of another version or of other options, so its targets are scanned"
                        .to_owned()
                }
                Err(error) => format!("{error}; targets that it does not have are scanned"),
            };
            earlier.notes.push(format!("--since {shown}: {why}"));
        }
        earlier
    }

    /// Returns `false` if the partial is of another kind of sweep.
    fn add(&mut self, at: usize, options: &str) -> Result<bool, PartialError> {
        let file = File::open(&self.files[at])?;
        let (begun, mut reader) = PartialReader::begin(BufReader::new(file))?;
        let Begun::Head(PartialHead { version, options: other, .. }) = begun else {
            return Ok(true);
        };
        if version != env!("CARGO_PKG_VERSION") || other != options {
            return Ok(false);
        }
        loop {
            let offset = reader.offset();
            let Next::Line(PartialLine::Target(line)) = reader.next_line()? else {
                return Ok(true);
            };
            if !reader.skip_hits()? {
                return Ok(true);
            }
            self.take(*line, at, offset);
        }
    }

    /// Records a target. What a later sweep could not read is not copied from an earlier one, in
    /// whatever order they are given.
    fn take(&mut self, line: TargetLine, file: usize, offset: u64) {
        if line.not_scanned.is_some() {
            return;
        }
        let is_whole = line.failed.is_none() && line.coverage.problems.iter().all(lasts);
        let has_databases = line.failed.is_none() && !line.databases.is_empty();
        let TargetLine { name, base, state, ended, .. } = line;
        let state = state.filter(|_| is_whole);
        let key = (base, name);
        if self.targets.get(&key).is_none_or(|other| other.ended <= ended) {
            self.targets.insert(key, Found { file, offset, state, has_databases, ended });
        }
    }

    fn found(&self, target: &Target) -> Option<&Found> {
        self.targets.get(&(base(&target.name, &target.place), target.name.clone()))
    }

    /// The digest that a target had.
    pub(super) fn state(&self, target: &Target) -> Option<&str> {
        self.found(target).and_then(|found| found.state.as_deref())
    }

    /// The objects that were read of a target's databases. Databases with a problem that may pass
    /// are left out.
    pub(super) fn databases(&self, target: &Target) -> Vec<ObjectsRead> {
        // If the partial changed since it was listed, everything is read.
        let found = self.found(target).filter(|found| found.has_databases);
        let line = found.and_then(|_| self.line(target).map(|(line, _)| line).ok());
        let mut databases = line.map(|line| line.databases).unwrap_or_default();
        databases.retain(|read| read.problems().all(lasts));
        databases
    }

    /// The line of a target, and what reads on from there.
    fn line(
        &self,
        target: &Target,
    ) -> Result<(TargetLine, PartialReader<BufReader<File>>), PartialError> {
        let found = self.found(target).ok_or(PartialError::Changed)?;
        let mut file = File::open(&self.files[found.file])?;
        file.seek(SeekFrom::Start(found.offset))?;
        let mut reader = PartialReader::resume(BufReader::new(file), 0);
        match reader.next_line()? {
            Next::Line(PartialLine::Target(line)) if line.name == target.name => {
                Ok((*line, reader))
            }
            _ => Err(PartialError::Changed),
        }
    }

    /// The result of a target.
    ///
    /// # Errors
    ///
    /// If the partial changed meanwhile.
    pub(super) fn result(&self, target: &Target) -> Result<(TargetLine, Vec<HitRecord>), String> {
        let read = || -> Result<(TargetLine, Vec<HitRecord>), PartialError> {
            let (line, mut reader) = self.line(target)?;
            if line.state.as_deref() != self.state(target) {
                return Err(PartialError::Changed);
            }
            let mut hits = Vec::new();
            for _ in 0..line.hits {
                let Next::Line(PartialLine::Hit(hit)) = reader.next_line()? else {
                    return Err(PartialError::Changed);
                };
                hits.push(hit.record().map_err(|_| PartialError::Changed)?);
            }
            Ok((TargetLine { unchanged: true, reused: 0, ..line }, hits))
        };
        read().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_scan_decides_in_any_order() {
        let line = |time: &str, failed: Option<&str>, not_scanned: Option<&str>| TargetLine {
            name: "a".to_owned(),
            state: Some(time.to_owned()),
            ended: format!("2026-01-01T00:00:0{time}Z"),
            failed: failed.map(str::to_owned),
            not_scanned: not_scanned.map(str::to_owned),
            ..TargetLine::default()
        };
        let (whole, later) = (line("1", None, None), line("3", None, None));
        let failed = line("2", Some("the time limit of 1s was reached"), None);
        let mut damaged = line("2", None, None);
        damaged.coverage.problems.push(Problem {
            what: "pack".to_owned(),
            path: String::new(),
            why: "a damaged header".to_owned(),
        });
        let unscanned = line("2", None, Some("not scanned: the sweep ended first"));
        for (lines, expected) in [
            ([&whole, &failed], None),
            ([&whole, &damaged], None),
            ([&whole, &unscanned], Some("1")),
            ([&failed, &later], Some("3")),
            ([&whole, &later], Some("3")),
        ] {
            for lines in [lines, [lines[1], lines[0]]] {
                let mut earlier = Earlier::default();
                for line in lines {
                    earlier.take(line.clone(), 0, 0);
                }
                let found = earlier.targets.get(&(None, "a".to_owned())).expect("the target");
                assert_eq!(found.state.as_deref(), expected, "{lines:?}");
            }
        }
    }

    #[test]
    fn a_limit_lasts_if_it_counts_in_one_container() {
        use keysweep_unpack::limits::{Limits, Reached};

        for (reached, expected) in [
            (Reached::Depth, true),
            (Reached::Members, true),
            (Reached::Unpacked, true),
            (Reached::Ratio, true),
            (Reached::Held, true),
            (Reached::Time, false),
            (Reached::Memory, false),
            (Reached::RunMembers, false),
            (Reached::RunUnpacked, false),
        ] {
            let why = reached.why(&Limits::default());
            let problem = Problem { what: "container".to_owned(), path: String::new(), why };
            assert_eq!(lasts(&problem), expected, "{reached:?}");
        }
    }

    #[test]
    fn a_problem_lasts_if_it_follows_from_the_content_of_the_target() {
        for (what, why, expected) in [
            ("partial clone", "objects that were left on the server are not read", true),
            ("shallow clone", "history ends at the boundary commit", true),
            ("container", "a damaged zip archive: no central directory", true),
            ("container", "it was read only in part: incomplete deflate stream", true),
            ("container", "it was read only in part: Input/output error (os error 5)", false),
            ("container", "read for 10s, what follows is missing: raise --max-unpack-time", false),
            ("container", "not opened: what must be held of it: raise --max-memory", false),
            ("container", "3 more of its members could not be read", false),
            ("container", "reading it failed, which is a bug in keysweep", false),
            ("container", "its members are more than 250 times its size: raise --max-ratio", true),
            ("container", "read up to 9 bytes of members: raise --max-unpacked", true),
            ("container", "the run has read 9 bytes: raise --max-run-unpacked", false),
            ("object", "its members are more than 250 times its size: raise --max-ratio", false),
            ("file", "it was read only in part: Permission denied (os error 13)", false),
            ("pack", "a damaged header", false),
            ("time", "the limit of 1s was reached", false),
        ] {
            let (what, path, why) = (what.to_owned(), String::new(), why.to_owned());
            assert_eq!(lasts(&Problem { what, path, why: why.clone() }), expected, "{why}");
        }
    }
}
