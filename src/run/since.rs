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

/// Kinds of problems that every scan of the same target has: they say what a clone is, not what
/// happened.
const LASTING: [&str; 2] = ["partial clone", "shallow clone"];
/// The beginnings of reasons that depend on the bytes of a container. Other reasons depend on limits
/// of time and memory, or on the program.
const DAMAGED: [&str; 2] = ["a damaged ", "it was read only in part: "];
/// How the system's errors end, which a second reading may not have.
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

/// Where the result of a target is.
#[derive(Debug)]
struct Found {
    file: usize,
    offset: u64,
    state: String,
    ended: String,
}

/// True if every scan of an unchanged target has this problem.
fn lasts(problem: &Problem) -> bool {
    let is_damaged = DAMAGED.iter().any(|begin| problem.why.starts_with(begin));
    let is_of_bytes = problem.what == "container" && is_damaged;
    LASTING.contains(&problem.what.as_str()) || (is_of_bytes && !problem.why.contains(OF_SYSTEM))
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

    fn take(&mut self, line: TargetLine, file: usize, offset: u64) {
        let is_whole = line.failed.is_none() && line.coverage.problems.iter().all(lasts);
        let TargetLine { name, base, state: Some(state), ended, .. } = line else { return };
        let key = (base, name);
        let is_newest = self.targets.get(&key).is_none_or(|other| other.ended <= ended);
        if !is_newest {
            return;
        }
        match is_whole {
            true => self.targets.insert(key, Found { file, offset, state, ended }),
            // What a later sweep could not read is not taken from an earlier one.
            false => self.targets.remove(&key),
        };
    }

    fn found(&self, target: &Target) -> Option<&Found> {
        self.targets.get(&(base(&target.name, &target.place), target.name.clone()))
    }

    /// The digest that a target had.
    pub(super) fn state(&self, target: &Target) -> Option<&str> {
        self.found(target).map(|found| found.state.as_str())
    }

    /// The result of a target.
    ///
    /// # Errors
    ///
    /// If the partial changed meanwhile.
    pub(super) fn result(&self, target: &Target) -> Result<(TargetLine, Vec<HitRecord>), String> {
        let read = || -> Result<(TargetLine, Vec<HitRecord>), PartialError> {
            let found = self.found(target).ok_or(PartialError::Changed)?;
            let mut file = File::open(&self.files[found.file])?;
            file.seek(SeekFrom::Start(found.offset))?;
            let mut reader = PartialReader::resume(BufReader::new(file), 0);
            let Next::Line(PartialLine::Target(line)) = reader.next_line()? else {
                return Err(PartialError::Changed);
            };
            if line.state.as_ref() != Some(&found.state) {
                return Err(PartialError::Changed);
            }
            let mut hits = Vec::new();
            for _ in 0..line.hits {
                let Next::Line(PartialLine::Hit(hit)) = reader.next_line()? else {
                    return Err(PartialError::Changed);
                };
                hits.push(hit.record().map_err(|_| PartialError::Changed)?);
            }
            Ok((TargetLine { unchanged: true, ..*line }, hits))
        };
        read().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("file", "it was read only in part: Permission denied (os error 13)", false),
            ("pack", "a damaged header", false),
            ("time", "the limit of 1s was reached", false),
        ] {
            let (what, path, why) = (what.to_owned(), String::new(), why.to_owned());
            assert_eq!(lasts(&Problem { what, path, why: why.clone() }), expected, "{why}");
        }
    }
}
