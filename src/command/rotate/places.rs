//! The places of the old key: files as they are now, which somebody has to change.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journal::is_journal;
use crate::act::Failure;
use crate::command::verify::read_report;
use crate::coverage::Ledger;
use crate::detect::Engine;
use crate::finding::{Finding, Occurrence};
use crate::memory::MemoryBudget;
use crate::rules::RuleSet;
use crate::run::{self, Source};
use crate::source::{container, files};
use crate::stop::Stop;
use crate::text::escape_path;

/// The parts of the key at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// The id with its secret: it works from here, and has to be moved.
    Pair,
    /// The secret without the id, which is elsewhere: it has to be moved.
    Secret,
    /// The id alone: the secret may come from a store.
    Id,
}

impl Holds {
    /// True if the old key may not be deactivated before it is moved.
    pub fn must_move(self) -> bool {
        self != Self::Id
    }

    fn words(self) -> &'static str {
        match self {
            Self::Pair => "with its secret",
            Self::Secret => "its secret alone",
            Self::Id => "the id alone",
        }
    }
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyPlace {
    /// Its path, for display: from the current folder, or from the root of the file system.
    pub path: String,
    /// Its line.
    pub line: Option<u64>,
    /// The parts of the key that are there.
    pub holds: Holds,
}

impl KeyPlace {
    /// True if it is a file that git tracks.
    pub(super) fn is_tracked(&self) -> bool {
        let file = self.path.split(" > ").next().unwrap_or_default();
        files::is_tracked(Path::new(file))
    }
}

impl std::fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        write!(f, "{}{line}  {}", self.path, self.holds.words())?;
        match hint(&self.path) {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A remark about a kind of file, if a user may have to know one.
fn hint(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.contains(".tfstate") {
        return Some("Terraform's state: Terraform made or stores this key, so change it there");
    }
    let ci = path.contains(".github/workflows/") || name.starts_with(".gitlab-ci");
    ci.then_some("a CI file: keep the new key in the CI's secrets instead")
}

/// The result of a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// In order: what must be moved first.
    pub places: Vec<KeyPlace>,
    /// The things that could not be read.
    pub problems: Vec<String>,
}

/// Looks for a key in files.
pub trait Look {
    /// The places of `key` below `paths`.
    ///
    /// # Errors
    /// If nothing can be looked at.
    fn look(&self, paths: &[PathBuf], key: &str) -> Result<Seen, Failure>;
}

/// A scan by keysweep itself.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Ends it early.
    pub stop: Stop,
}

impl Look for Scan {
    fn look(&self, paths: &[PathBuf], key: &str) -> Result<Seen, Failure> {
        let here = std::env::current_dir().and_then(|folder| folder.canonicalize())?;
        let memory = MemoryBudget::explicit_or_granted(None);
        let files = files::FileOptions {
            paths: paths.to_vec(),
            counted_from: Some(here),
            // Files that git ignores, such as `.env`, are where keys are.
            obey_ignore_files: false,
            containers: container::ContainerOptions {
                memory: memory.clone(),
                ..Default::default()
            },
            threads: threads(),
            stop: self.stop.clone(),
            ..Default::default()
        };
        let sources = vec![Source::Files(files)];
        let options =
            run::RunOptions { memory, ..run::RunOptions::new(sources, self.stop.clone()) };
        let (rules, ledger) = (RuleSet::builtin(), Ledger::new());
        let engine = Engine::new(&rules);
        let outcome = run::run(&options, &engine, &rules, &ledger)
            .map_err(|error| Failure::incomplete(error.to_string()))?;
        if self.stop.is_set() {
            return Err(Failure::interrupted());
        }
        let problems = outcome.coverage.problems.iter();
        let problems = problems.map(|one| format!("{}: {}", one.path, one.why)).collect();
        Ok(Seen { places: places(&outcome.findings, key), problems })
    }
}

fn threads() -> usize {
    keysweep_base::processors::count().min(MemoryBudget::threads())
}

/// The places of a key among findings, without the journals and reports of keysweep itself.
fn places(findings: &[Finding], key: &str) -> Vec<KeyPlace> {
    let is_key = |finding: &&Finding| finding.credential.key_id.as_deref() == Some(key);
    let mut secrets =
        findings.iter().filter(is_key).filter_map(|one| one.credential.secret.as_ref());
    let mut places: BTreeSet<(bool, KeyPlace)> = BTreeSet::new();
    let secret = secrets.next();
    for finding in findings {
        let held = finding.credential.secret.as_ref();
        let holds = match (finding.credential.key_id.as_deref(), held) {
            (Some(id), Some(_)) if id == key => Holds::Pair,
            (Some(id), None) if id == key => Holds::Id,
            (None, Some(_)) if held == secret => Holds::Secret,
            _ => continue,
        };
        for occurrence in &finding.occurrences {
            // A pair may have come together from two files.
            let holds = match (holds, occurrence.sighting.id, occurrence.sighting.secret) {
                (Holds::Pair, Some(_), None) => Holds::Id,
                (Holds::Pair, None, Some(_)) => Holds::Secret,
                _ => holds,
            };
            if let Some(place) = place(occurrence, holds) {
                places.insert((!holds.must_move(), place));
            }
        }
    }
    places.into_iter().map(|(_, place)| place).collect()
}

fn place(occurrence: &Occurrence, holds: Holds) -> Option<KeyPlace> {
    let bytes = occurrence.origin.path.as_deref()?;
    let mut path = escape_path(bytes);
    if is_our_own(&path) {
        return None;
    }
    for member in &occurrence.origin.inside {
        path.push_str(" > ");
        path.push_str(member);
    }
    let line = occurrence.sighting.primary().map(|region| region.start.line);
    Some(KeyPlace { path, line, holds })
}

/// True if keysweep wrote the file: it names the key because the key was found.
fn is_our_own(path: &str) -> bool {
    /// More than any journal's first line, and than a report's head.
    const HEAD: u64 = 512;
    /// A report that is larger lists so much that one place more or less does not matter.
    const MOST: u64 = 64 << 20;
    let path = Path::new(path);
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_err() {
        return false;
    }
    if is_journal(&head) {
        return true;
    }
    let is_json = head.first() == Some(&b'{') && fs::metadata(path).is_ok_and(|it| it.len() < MOST);
    is_json && fs::read(path).is_ok_and(|text| read_report(&text).is_ok())
}

/// The files in which a report found the key, and which of them are not here.
pub(super) struct Reported {
    /// Files that can be read.
    pub(super) files: Vec<PathBuf>,
    /// Files that can't be read, or are only in a history.
    pub(super) missing: Vec<String>,
}

/// Reads the files of a key from a report in JSON, JSON lines or SARIF.
pub(super) fn reported(report: &Path, key: &str) -> Result<Reported, Failure> {
    let shown = escape_path(report.as_os_str().as_encoded_bytes());
    let text = fs::read(report).map_err(|error| Failure::refused(format!("{shown}: {error}")))?;
    read_report(&text).map_err(|error| Failure::refused(format!("{shown}: {error}")))?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut paths = BTreeSet::new();
    for document in serde_json::Deserializer::from_slice(text).into_iter::<Value>().flatten() {
        collect(&document, key, &mut paths);
    }
    let (files, missing): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|path| Path::new(path).exists());
    Ok(Reported { files: files.into_iter().map(PathBuf::from).collect(), missing })
}

fn collect(document: &Value, key: &str, paths: &mut BTreeSet<String>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut findings = list(&document["findings"]);
    findings.push(document.clone());
    for finding in findings.iter().filter(|finding| finding["key_id"] == key) {
        let occurrences = list(&finding["occurrences"]);
        let found = occurrences.iter().filter_map(|one| one["path"].as_str());
        paths.extend(found.map(str::to_owned));
    }
    for result in list(&document["runs"]).iter().flat_map(|run| list(&run["results"])) {
        if result["properties"]["keyId"] == key {
            let locations = list(&result["locations"]);
            let uri = |one: &Value| {
                one["physicalLocation"]["artifactLocation"]["uri"].as_str().map(str::to_owned)
            };
            paths.extend(locations.iter().filter_map(uri));
        }
    }
}
