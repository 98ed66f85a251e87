//! Scans all of a repository: its objects, reachable or not, and the records around them.
//!
//! Hits have their attribution. Without a hit no tree is read. Databases of submodules under
//! `.git/modules` and Git LFS objects are included.

mod lfs;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;

use super::attribute::{self, History};
use super::commits::Commits;
use super::database::{self, Database, Found};
use super::edges::Trees;
use super::error::Error;
use super::gathered::Gathered;
use super::grace_period;
use super::graph::Graph;
use super::objects::Objects;
use super::open::{self, Environment};
use super::since::{Exchange, Reading};
use super::structure::Inventory;
use super::visit::Pass;
use super::{connectivity, git_dir, modules, records, reflogs, refs, staging, tips};
use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, Confidence, Fingerprint, GitObject, GitOrigin, Origin};
use crate::scan::{Detector, Hit};
use crate::source::guard::guarded;
use crate::stop::Stop;

/// Options of a scan.
#[derive(Clone, Debug)]
pub struct HistoryOptions {
    /// The repository; without one, that of the environment, or the one around the current folder.
    pub repo: Option<PathBuf>,
    /// The environment variables of git.
    pub environment: Environment,
    /// Options for reading the database.
    pub database: database::DatabaseOptions,
    /// A credential that is below this everywhere is not attributed: it will only be counted.
    pub min_confidence: Confidence,
    /// The objects that an earlier sweep has read, and those that this one passes on.
    pub since: Option<Arc<Exchange>>,
}

impl Default for HistoryOptions {
    fn default() -> Self {
        Self {
            repo: None,
            environment: Environment::default(),
            database: database::DatabaseOptions::default(),
            min_confidence: Confidence::Low,
            since: None,
        }
    }
}

/// Scans a repository and all submodules below its git folder.
///
/// # Errors
/// If there is no repository, or it has refs and no objects. Other read errors are problems in the
/// ledger.
pub fn scan<D: Detector>(
    options: &HistoryOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) -> Result<(), Error> {
    let repo = open::open(options.repo.as_deref(), &options.environment)?;
    open::note_place(&repo, ledger);
    let environment = options.environment.of(&repo, options.repo.is_some());
    open::note_work_tree(&repo, &environment, ledger);
    one(&repo, &environment, options, b"", detector, ledger, hits)?;
    for module in modules::below(&repo, ledger) {
        let scanned = match open::open_git_dir(&module.git_dir) {
            Ok(repo) => {
                let none = Environment::default();
                one(&repo, &none, options, &module.prefix, detector, ledger, hits)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = scanned {
            let path = module.git_dir.as_os_str().as_encoded_bytes();
            ledger.problem("submodule", path, &error);
        }
    }
    Ok(())
}

fn one<D: Detector>(
    repo: &gix::Repository,
    environment: &Environment,
    options: &HistoryOptions,
    prefix: &[u8],
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) -> Result<(), Error> {
    let threads = options.database.threads.max(1);
    let objects = Objects::new(repo, environment, &options.database.storage())?;
    let shallow = open::shallow_boundary(repo, ledger);
    note_limits(repo, &shallow, ledger);
    let logs = reflogs::read(repo, ledger);
    let tips = tips::read(repo, &objects, &logs, threads, ledger);
    let before = ledger.get(Count::Objects);
    let found = Gathered::new(&options.database.containers.memory);
    let take = |text: Found| found.add(text);
    let database = Database::open(repo, &options.database.storage(), ledger)?;
    let commits = objects_of((repo, &database), options, prefix, detector, ledger, &take);
    let stop = &options.database.stop;
    records::scan(repo, &tips, &logs, detector, ledger, hits);
    git_dir::scan(repo, &options.database, detector, ledger, hits);
    if ledger.get(Count::Objects) == before && !stop.is_set() {
        return nothing_read(repo, ledger);
    }
    let staged = staging::all(repo, &objects, ledger);
    let files = git_dir::checked_out(&objects, &staged, tips.head, ledger);
    git_dir::names(&files, prefix, detector, (stop, ledger), hits);
    check_objects(repo, &objects, options, (&tips, &files, &shallow), ledger);
    lfs::scan(repo, &options.database, detector, ledger, &take);
    let found = strong(found.finish(ledger), options.min_confidence, hits);
    if found.is_empty() {
        return Ok(());
    }
    if !options.database.attribution {
        ledger.add(Count::Unattributed, found.len() as u64);
        found.into_iter().for_each(|text| unplaced(text, hits));
        return Ok(());
    }
    grace_period::after(stop, options.database.grace_period, |stop| {
        let blobs = found.iter().filter(|it| it.kind == Kind::Blob).map(|it| it.id).collect();
        let Some((trees, graph)) = Inventory::read(&database, commits, &blobs, stop)
            .and_then(|read| graph_of_all(&objects, threads, read, &tips, &shallow, stop, ledger))
        else {
            ledger.problem("attribution", prefix, &UNPLACED);
            return found.into_iter().for_each(|text| unplaced(text, hits));
        };
        let history = History {
            objects: &objects,
            database: &database,
            threads,
            tips: &tips,
            graph: &graph,
            staged: &staged,
            prefix,
            stop,
        };
        let attributed = guarded("attribution", &|| prefix.to_owned(), ledger, || {
            attribute::attribute(&history, trees, found, ledger, hits)
        });
        if let Some(remaining) = attributed {
            if !remaining.is_empty() {
                ledger.problem("attribution", prefix, &UNPLACED);
            }
            remaining.into_iter().for_each(|text| unplaced(text, hits));
        } else {
            // The findings were lost with the failed attribution, and are found again.
            let again = |text| unplaced(text, hits);
            let nowhere = Ledger::new();
            let pass = Pass::new(&database, &options.database, detector, &nowhere, &again);
            database::scan_opened(&database, &pass);
            lfs::scan(repo, &options.database, detector, &Ledger::new(), &again);
        }
    });
    Ok(())
}

/// Records missing objects. Any clone should have the checked-out objects, so they are looked up;
/// checking the rest of the history costs a walk over it. It is done if it was asked for, and in a
/// partial clone, which may have all objects by now. What is missing there is listed only if that was
/// asked for.
fn check_objects(
    repo: &gix::Repository,
    objects: &Objects,
    options: &HistoryOptions,
    (tips, files, shallow): (&tips::Tips, &[git_dir::CheckedOut], &[ObjectId]),
    ledger: &Ledger,
) {
    let database = &options.database;
    let (threads, stop) = (database.threads.max(1), &database.stop);
    let is_partial = open::is_partial_clone(repo, ledger);
    let entries = files.iter().map(|file| (file.blob, Kind::Blob));
    let of_history = connectivity::starts(tips).filter(|_| is_partial || database.connectivity);
    let starts = entries.chain(of_history);
    let is_whole = if is_partial && !database.connectivity {
        connectivity::is_whole(objects, threads, starts, shallow, stop)
    } else {
        connectivity::check(objects, threads, starts, shallow, stop, ledger)
    };
    if is_partial && !is_whole {
        open::note_partial_clone(repo, ledger);
    }
}

/// Scans all objects of a database, or those that an earlier sweep has not read. Returns the headers
/// of its commits, unless some are missing.
fn objects_of<D: Detector>(
    (repo, database): (&gix::Repository, &Database),
    options: &HistoryOptions,
    prefix: &[u8],
    detector: &D,
    ledger: &Ledger,
    take: &(dyn Fn(Found) + Sync),
) -> Option<Commits> {
    let commits = Commits::new(database.hash());
    let exchange = options.since.as_deref();
    let mut reading = exchange.map(|exchange| Reading::new(exchange, repo, database));
    let scanned = guarded("database", &|| prefix.to_owned(), ledger, || {
        let pass = Pass::new(database, &options.database, detector, ledger, take);
        let commits = options.database.attribution.then_some(&commits);
        let pass = Pass { commits, ..pass };
        if let Some(reading) = &mut reading {
            return reading.scan(&pass);
        }
        database::scan_opened(database, &pass);
        true
    });
    // A pass that ended early has not seen all commits.
    let is_whole = scanned.is_some() && !options.database.stop.is_set();
    if let Some(reading) = reading {
        reading.finish(ledger, is_whole);
    }
    let has_all = scanned == Some(true) && is_whole && commits.is_complete();
    Some(commits).filter(|_| has_all)
}

/// The note for findings that were not attributed because the time was over.
const UNPLACED: &str = "the run ended before all commits and paths of the findings were known; \
     the others name only the object: `git log --all --find-object=OBJECT` finds them";

/// Emits the findings in an object without attribution.
fn unplaced(found: Found, hits: &(dyn Fn(Hit) + Sync)) {
    let object = match found.kind {
        Kind::Commit => GitObject::Commit,
        Kind::Tag => GitObject::Tag,
        Kind::Blob | Kind::Tree => GitObject::Blob,
    };
    for candidate in found.candidates {
        let git = GitOrigin { blob: Some(found.id.to_string()), ..GitOrigin::new(object) };
        hits(Hit { origin: Origin::of_git(git), candidate });
    }
}

/// Keeps the candidates that will be reported; the others are emitted without a place. The id of a
/// weak pair is reported, so that pair is kept.
fn strong(found: Vec<Found>, min: Confidence, hits: &(dyn Fn(Hit) + Sync)) -> Vec<Found> {
    let is_strong = |candidate: &Candidate| {
        let credential = &candidate.credential;
        candidate.confidence >= min || (credential.key_id.is_some() && credential.secret.is_some())
    };
    let all = found.iter().flat_map(|text| &text.candidates);
    let strong: HashSet<Fingerprint> = all
        .filter(|candidate| is_strong(candidate))
        .map(|candidate| candidate.credential.fingerprint())
        .collect();
    let mut kept = Vec::new();
    for mut text in found {
        let is_weak =
            |candidate: &mut Candidate| !strong.contains(&candidate.credential.fingerprint());
        for candidate in text.candidates.extract_if(.., is_weak) {
            hits(Hit { origin: Origin::default(), candidate });
        }
        if !text.candidates.is_empty() {
            kept.push(text);
        }
    }
    kept
}

/// The trees, and the graph of every commit in the database, including unreachable ones; `None`
/// if `stop` is set before the end.
fn graph_of_all(
    objects: &Objects,
    threads: usize,
    inventory: Inventory,
    tips: &tips::Tips,
    shallow: &[ObjectId],
    stop: &Stop,
    ledger: &Ledger,
) -> Option<(Trees, Graph)> {
    let Inventory { commits, trees } = inventory;
    let named = tips.refs.iter().filter(|tip| tip.kind == Kind::Commit).map(|tip| tip.object);
    let logged = tips.reflogs.iter().chain(&tips.stashes).copied();
    let starts = named.chain(tips.head).chain(logged);
    let mut graph = Graph::load(objects, threads, commits, starts, shallow, stop, ledger)?;
    graph.mark(tips);
    Some((trees, graph))
}

/// Records the parts of the history that were never fetched.
fn note_limits(repo: &gix::Repository, shallow: &[ObjectId], ledger: &Ledger) {
    if let Some(format) = open::unread_ref_format(repo) {
        let why = format!(
            "refs are stored as {format}, which is not supported: which refs hold a finding, and \
             if it is at HEAD, is not known; `git refs migrate --ref-format=files` converts a \
             copy"
        );
        ledger.problem("refs", repo.common_dir().as_os_str().as_encoded_bytes(), &why);
    }
    if !shallow.is_empty() {
        ledger.problem(
            "shallow clone",
            repo.common_dir().as_os_str().as_encoded_bytes(),
            &format!(
                "history ends at the {} of a shallow clone; run `git fetch --unshallow` (in a CI checkout, fetch-depth: 0)",
                match shallow.len() {
                    1 => "boundary commit".to_owned(),
                    count => format!("{count} boundary commits"),
                }
            ),
        );
    }
}

/// A repository without objects is empty, unless its refs name some.
fn nothing_read(repo: &gix::Repository, ledger: &Ledger) -> Result<(), Error> {
    if refs::targets(repo, ledger).is_empty() && !ledger.has_problems() {
        ledger.note(format!("{} has no commits yet", repo.git_dir().display()));
        return Ok(());
    }
    Err(Error::NoObjects { path: repo.git_dir().to_owned() })
}
