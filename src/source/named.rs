//! Reads the texts that an earlier report names, and nothing else: files, objects of a repository,
//! its records.
//!
//! The report has the location of each credential, its path and its history, but no credential. Each
//! hit gets from the report what git knows of it. The report is not trusted: a path
//! that leads out of the folder, also through a link, is not read.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::coverage::Ledger;
use crate::finding::{Candidate, GitObject, GitOrigin, Occurrence, Origin};
use crate::location::{Position, Region};
use crate::scan::{Detector, Hit};
use crate::source::files::{self, FileOptions};
use crate::source::git::{self, history, rescan};

/// Files that are opened at a time: each is a root of a walk of its own.
const AT_A_TIME: usize = 256;

/// Options of reading named texts.
#[derive(Clone, Debug, Default)]
pub struct NamedOptions {
    /// The folder or file that contains all of them; a repository may be there.
    pub place: PathBuf,
    /// The folders that paths may be relative to.
    pub bases: Vec<PathBuf>,
    /// The options for files; their paths are set here.
    pub files: FileOptions,
    /// The repository.
    pub history: Option<history::HistoryOptions>,
    /// The occurrences that the report names.
    pub occurrences: Vec<Occurrence>,
}

/// The occurrences of a report by the text that they are in.
#[derive(Default)]
struct Texts<'a> {
    files: HashMap<&'a [u8], Vec<&'a Occurrence>>,
    objects: HashMap<&'a str, Vec<&'a Occurrence>>,
    /// There are some in refs, reflogs or the configuration.
    records: bool,
}

impl<'a> Texts<'a> {
    fn new(occurrences: &'a [Occurrence]) -> Self {
        let mut texts = Self::default();
        for occurrence in occurrences {
            let Origin { path, git, .. } = &occurrence.origin;
            match (git, path) {
                (Some(GitOrigin { blob: Some(id), .. }), _) => {
                    texts.objects.entry(id).or_default().push(occurrence);
                }
                (Some(git), _) => {
                    use GitObject::{Config, Ref, Reflog};
                    texts.records |= matches!(git.object, Config | Ref | Reflog);
                }
                (None, Some(path)) => texts.files.entry(path).or_default().push(occurrence),
                (None, None) => {}
            }
        }
        texts
    }
}

/// Scans the texts.
///
/// # Errors
/// If the repository can't be opened.
pub fn scan<D: Detector>(
    options: &NamedOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) -> Result<(), git::Error> {
    let texts = Texts::new(&options.occurrences);
    let mut read = Read { options, texts: &texts, files: HashSet::new() };
    // Without the place nothing is below it.
    if let Ok(place) = options.place.canonicalize() {
        let bases = options.bases.iter().filter_map(|base| base.canonicalize().ok());
        bases.for_each(|base| read.files(&base, &place, detector, ledger, hits));
    }
    let Some(history) = &options.history else { return Ok(()) };
    let (git, top) = rescan::place(history, ledger)?;
    read.files(&top, &git, detector, ledger, hits);
    let ids: Vec<&str> = texts.objects.keys().copied().collect();
    let records = texts.records.then_some(hits);
    let mut others = Vec::new();
    let mut known = HashSet::new();
    for (id, candidates) in rescan::scan(history, &ids, records, detector, ledger)? {
        let Some(reported) = texts.objects.get(id.as_str()) else { continue };
        for candidate in candidates {
            let origins = origins(&candidate, reported);
            if origins.is_empty() {
                others.push((candidate, reported));
                continue;
            }
            known.insert(candidate.credential.fingerprint());
            for origin in origins {
                hits(Hit { origin, candidate: candidate.clone() });
            }
        }
    }
    // The report names only the version that added a credential.
    others.retain(|(candidate, _)| !known.contains(&candidate.credential.fingerprint()));
    for (candidate, reported) in others {
        for origin in sorted(reported.iter().filter_map(|it| alone(&it.origin))) {
            hits(Hit { origin, candidate: candidate.clone() });
        }
    }
    Ok(())
}

/// The state of the reading.
struct Read<'a> {
    options: &'a NamedOptions,
    texts: &'a Texts<'a>,
    files: HashSet<PathBuf>,
}

impl Read<'_> {
    /// Scans the files at or below `place` whose paths are relative to `base`.
    fn files<D: Detector>(
        &mut self,
        base: &Path,
        place: &Path,
        detector: &D,
        ledger: &Ledger,
        hits: &(dyn Fn(Hit) + Sync),
    ) {
        let files = &self.texts.files;
        let hits = |mut hit: Hit| {
            let reported = hit.origin.path.as_deref().and_then(|path| files.get(path));
            if let Some(first) = reported.and_then(|reported| reported.first()) {
                hit.origin.owners.clone_from(&first.origin.owners);
            }
            hits(hit);
        };
        let paths = files.keys().filter_map(|path| file(base, path, place));
        let mut paths: Vec<PathBuf> = paths.filter(|path| !self.files.contains(path)).collect();
        paths.sort();
        for paths in paths.chunks(AT_A_TIME) {
            let named = FileOptions {
                paths: paths.to_vec(),
                counted_from: Some(base.to_owned()),
                obey_ignore_files: false,
                ..self.options.files.clone()
            };
            files::scan(&named, detector, ledger, &hits);
        }
        self.files.extend(paths);
    }
}

/// The regular file of a path, if it is at or below `place` and no link leads to it. Both folders are
/// canonical.
fn file(base: &Path, path: &[u8], place: &Path) -> Option<PathBuf> {
    // On systems whose paths are Unicode, no file has a name of other bytes.
    let path = gix::path::from_byte_slice(path).ok()?;
    let is_inner = path.components().all(|part| matches!(part, Component::Normal(_)));
    let path = base.join(path);
    let is_there = || {
        path.starts_with(place)
            && path.symlink_metadata().is_ok_and(|found| found.is_file())
            && path.canonicalize().is_ok_and(|canonical| canonical == path)
    };
    (is_inner && is_there()).then_some(path)
}

/// The origins that the report has for the region of a candidate in an object.
fn origins(candidate: &Candidate, reported: &[&Occurrence]) -> Vec<Origin> {
    let inner = candidate.inside.len();
    let members = |occurrence: &Occurrence| occurrence.origin.inside.len().saturating_sub(1);
    let is_here = |occurrence: &&&Occurrence| {
        let (one, two) = (&candidate.sighting, &occurrence.sighting);
        let same = (is_same(one.id, two.id), is_same(one.secret, two.secret));
        let agree = matches!(same, (Some(true), None | Some(true)) | (None, Some(true)));
        agree && members(occurrence) == inner
    };
    let here = reported.iter().filter(is_here).map(|it| it.origin.clone());
    // The collector adds the members again.
    sorted(here.map(|origin| Origin { inside: Vec::new(), ..origin }))
}

/// Each origin once.
fn sorted(origins: impl Iterator<Item = Origin>) -> Vec<Origin> {
    let mut origins: Vec<Origin> = origins.collect();
    origins.sort_by(|one, two| one.order().cmp(&two.order()));
    origins.dedup();
    origins
}

/// The origin with its path and its object, and nothing that is true of one credential alone.
fn alone(origin: &Origin) -> Option<Origin> {
    let git = origin.git.as_ref()?;
    let git = GitOrigin { blob: git.blob.clone(), ..GitOrigin::new(git.object) };
    let Origin { path, target, owners, .. } = origin.clone();
    Some(Origin { path, target, owners, git: Some(git), ..Origin::default() })
}

/// Compares two regions; a log in SARIF has columns in UTF-16 alone. `None` if one is not known.
fn is_same(one: Option<Region>, two: Option<Region>) -> Option<bool> {
    let numbers = |at: Position| (at.line, at.column_utf16);
    let numbers = |region: Region| (numbers(region.start), numbers(region.end));
    Some(numbers(one?) == numbers(two?))
}
