//! The ledger of scanned and unscanned content.
//!
//! Every source and stage writes to one [`Ledger`], from any thread. Content that could not be read
//! is a [`Problem`] here, never a lost log line: it decides the exit status and is in every report.

mod counts;
mod joined;
mod kinds;
mod problems;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use keysweep_base::record::Record;
use keysweep_base::text::{shorten, shorten_text};
use serde::{Deserialize, Serialize};

use counts::COUNTS;
use problems::Problems;

pub use counts::{Count, LeftOut};
pub use kinds::{KINDS, Missing};

/// Requested content that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The kind: `file`, `folder`, `object`, `pack`, `commit`, `alternate`, `time` …
    pub what: String,
    /// The path or name, escaped for display.
    pub path: String,
    /// The reason, and the remedy.
    pub why: String,
}

/// A scanned target: a repository, folder or file, or standard input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScanTarget {
    /// `repository`, `folder`, `file`, `pipe` or `standard input`.
    pub what: String,
    /// Its unique absolute path, escaped for display. A target without a path has the name under
    /// which it is reported.
    pub path: String,
}

/// The ledger as a report shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// True if nothing that was requested is missing.
    pub complete: bool,
    /// The scanned targets. They show if the wrong repository was scanned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scanned: Vec<ScanTarget>,
    /// Files read.
    pub files: u64,
    /// Commits visited.
    pub commits: u64,
    /// Git objects read.
    pub objects: u64,
    /// Bytes scanned, git objects at their inflated size.
    pub bytes: u64,
    /// Content that was left out on purpose.
    pub left_out: LeftOut,
    /// Content that could not be read, sorted.
    pub problems: Vec<Problem>,
    /// Remarks that are not problems, such as "nothing is staged".
    pub notes: Vec<String>,
    /// The coverage of each target of a sweep, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Swept>,
}

impl Coverage {
    /// Applies `hide` to all texts, to remove what may not be shown.
    pub fn redact(&mut self, hide: &dyn Fn(&mut String)) {
        for problem in &mut self.problems {
            hide(&mut problem.path);
            hide(&mut problem.why);
        }
        self.notes.iter_mut().for_each(hide);
        self.scanned.iter_mut().for_each(|target| hide(&mut target.path));
        for swept in &mut self.targets {
            hide(&mut swept.name);
            swept.failed.iter_mut().for_each(hide);
        }
    }
}

/// The coverage of one target of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Swept {
    /// Its name in the report.
    pub name: String,
    /// True if nothing of it is missing.
    pub complete: bool,
    /// The reason why it could not be read at all, or not completely.
    pub failed: Option<String>,
    /// Files read.
    pub files: u64,
    /// Commits visited.
    pub commits: u64,
    /// Git objects read.
    pub objects: u64,
    /// Bytes scanned.
    pub bytes: u64,
    /// Different credentials found in it.
    pub credentials: u64,
    /// The time of the earlier sweep whose result this is, RFC 3339 in UTC, because the target did
    /// not change since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Git objects that were not read again, because an earlier sweep has read them. They are in
    /// `objects`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reused: u64,
}

/// True for a number that serde leaves out.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference.
pub fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Longest path and longest reason of a problem, in bytes.
const LONGEST: usize = 4 << 10;

/// Collects coverage from all threads.
#[derive(Debug, Default)]
pub struct Ledger {
    counts: [AtomicU64; COUNTS],
    /// By kind, so that many unreadable files do not displace the problem that the time ran out.
    problems: Mutex<BTreeMap<String, Problems>>,
    notes: Mutex<Vec<String>>,
    scanned: Mutex<Vec<ScanTarget>>,
    targets: Mutex<Vec<Swept>>,
    not_opened: Mutex<BTreeMap<String, u64>>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `by` to a counter.
    pub fn add(&self, count: Count, by: u64) {
        self.counts[count as usize].fetch_add(by, Ordering::Relaxed);
    }

    /// The current value of a counter, for progress.
    pub fn get(&self, count: Count) -> u64 {
        self.counts[count as usize].load(Ordering::Relaxed)
    }

    /// Counts containers of a form that is not opened.
    pub fn not_opened(&self, form: &str, by: u64) {
        let mut forms = self.not_opened.lock().unwrap_or_else(PoisonError::into_inner);
        *forms.entry(form.to_owned()).or_default() += by;
    }

    /// Records content that could not be read. `path` is raw and is escaped here. Both texts are
    /// shortened, because they quote names from the scanned content.
    pub fn problem(&self, what: &str, path: &[u8], why: &dyn Display) {
        let path = shorten(path, LONGEST).map_or(Cow::Borrowed(path), Cow::Owned);
        let mut why = why.to_string();
        shorten_text(&mut why, LONGEST);
        self.keep(Problem {
            what: what.to_owned(),
            path: crate::text::escape_path(&path),
            why: crate::opaque::redacted(&crate::text::escape_line(&why)),
        });
    }

    fn keep(&self, Problem { what, path, why }: Problem) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.entry(what).or_default().add((path, why), 1);
    }

    /// Records a remark for the reader.
    pub fn note(&self, note: impl Into<String>) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note.into());
    }

    /// Records a scanned target. `path` is raw and is escaped here.
    pub fn scanned(&self, what: &str, path: &[u8]) {
        let place = ScanTarget { what: what.to_owned(), path: crate::text::escape_path(path) };
        self.scanned.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    /// Adds the coverage from one target's own ledger.
    ///
    /// The count of its repositories is not added: a sweep searches each of them.
    pub fn absorb(&self, swept: Swept, coverage: &Coverage) {
        self.add_counts(coverage);
        let name = &swept.name;
        let problems = coverage.problems.iter().map(|problem| Problem {
            path: match problem.path.as_str() {
                "" => name.clone(),
                path => format!("{name}: {path}"),
            },
            ..problem.clone()
        });
        problems.for_each(|problem| self.keep(problem));
        coverage.notes.iter().for_each(|note| self.note(format!("{name}: {note}")));
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).push(swept);
    }

    /// Adds the coverage of an earlier run as if this one had scanned it.
    pub fn restore(&self, coverage: &Coverage) {
        self.add_counts(coverage);
        self.add(Count::Repositories, coverage.left_out.repositories);
        self.adopt(&coverage.problems, &coverage.notes);
        self.scanned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(coverage.scanned.clone());
    }

    /// Adds all counts but that of repositories.
    fn add_counts(&self, coverage: &Coverage) {
        let left_out = &coverage.left_out;
        left_out.not_opened.iter().for_each(|(form, by)| self.not_opened(form, *by));
        for (count, by) in [
            (Count::Files, coverage.files),
            (Count::Commits, coverage.commits),
            (Count::Objects, coverage.objects),
            (Count::Bytes, coverage.bytes),
        ] {
            self.add(count, by);
        }
        for (count, by) in left_out.counts() {
            if !matches!(count, Count::Repositories) {
                self.add(count, by);
            }
        }
    }

    /// Adds problems and remarks that concern no target.
    pub fn adopt(&self, problems: &[Problem], notes: &[String]) {
        problems.iter().for_each(|problem| self.keep(problem.clone()));
        notes.iter().for_each(|note| self.note(note.as_str()));
    }

    /// Adds the coverage of a part of this run that has a ledger of its own. `counted` are the
    /// objects, commits and bytes of it that are counted here already.
    pub fn add_part(&self, part: &Self, counted: &Coverage) {
        let coverage = part.coverage();
        self.restore(&Coverage {
            objects: coverage.objects.saturating_sub(counted.objects),
            commits: coverage.commits.saturating_sub(counted.commits),
            bytes: coverage.bytes.saturating_sub(counted.bytes),
            problems: Vec::new(),
            ..coverage
        });
        let problems = part.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut own = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, problems) in problems {
            own.entry(what).or_default().add_all(problems);
        }
    }

    /// Applies `hide` to the texts of problems, remarks and targets, to remove what may not be
    /// shown.
    pub fn redact(&self, hide: &dyn Fn(&mut String)) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.values_mut().for_each(|problems| problems.redact(hide));
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().for_each(hide);
        for place in self.scanned.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            hide(&mut place.path);
        }
        for swept in self.targets.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            hide(&mut swept.name);
        }
    }

    /// True if anything could not be read so far.
    pub fn has_problems(&self) -> bool {
        !self.problems.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The current state of the ledger. Problems and remarks are sorted and without duplicates.
    pub fn coverage(&self) -> Coverage {
        let problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = problems.iter().flat_map(|(what, problems)| {
            let what = what.clone();
            problems.listed().map(move |(path, why)| Problem { what: what.clone(), path, why })
        });
        let problems: Vec<Problem> = listed.collect();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        notes.sort();
        notes.dedup();
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        targets.sort();
        let mut scanned = self.scanned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        scanned.sort();
        scanned.dedup();
        Coverage {
            complete: problems.is_empty(),
            scanned,
            files: self.get(Count::Files),
            commits: self.get(Count::Commits),
            objects: self.get(Count::Objects),
            bytes: self.get(Count::Bytes),
            left_out: LeftOut {
                not_opened: self.not_opened.lock().unwrap_or_else(PoisonError::into_inner).clone(),
                ..LeftOut::of(|count| self.get(count))
            },
            problems,
            notes,
            targets,
        }
    }
}

impl Record for Ledger {
    fn problem(&self, what: &str, path: &[u8], why: &dyn Display) {
        self.problem(what, path, why);
    }

    fn quoted(&self, what: &str, text: &[u8], why: &dyn Display) {
        let shown = crate::opaque::redacted(&crate::text::escape_path(text));
        self.problem(what, shown.as_bytes(), why);
    }

    fn note(&self, note: String) {
        self.note(note);
    }

    fn scanned(&self, what: &str, path: &[u8]) {
        self.scanned(what, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_counts_what_its_targets_left_out() {
        let target = Ledger::new();
        target.counts.iter().for_each(|count| count.store(7, Ordering::Relaxed));
        target.not_opened("rar archive", 7);
        let reported = target.coverage();
        let sweep = Ledger::new();
        sweep.absorb(Swept::default(), &reported);
        let expected = LeftOut { repositories: 0, ..reported.left_out.clone() };
        assert_eq!(sweep.coverage().left_out, expected);
        assert_eq!(sweep.get(Count::Bytes), 7);
    }
}
