//! Scans what the next commit would add.
//!
//! It reports credentials in staged files that neither HEAD nor a commit being merged holds in that
//! file. Content decides, not the patch. Folders that the index marks as unchanged are skipped.

mod changes;
mod named;

use std::path::PathBuf;

use gix::ObjectId;
use gix::objs::Kind;
use keysweep_git::index::{Index, IndexEntry};

use super::error::Error;
use super::lookup::blob_at;
use super::objects::Objects;
use super::open::{self, Environment};
use super::texts::{Texts, Use};
use super::{connectivity, database, parse, spots, tips};
use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, GitObject, GitOrigin, HeldBy, Origin};
use crate::scan::{Detector, Hit};
use crate::source::container::{self, Scanner};
use crate::source::names::Names;
use crate::stop::Stop;

/// Options of a scan.
#[derive(Clone, Debug, Default)]
pub struct StagedOptions {
    /// The repository; without one, that of the environment, or the one around the current folder.
    pub repo: Option<PathBuf>,
    /// Files and folders as given; the whole index if there are none.
    pub paths: Vec<PathBuf>,
    /// The environment variables of git.
    pub environment: Environment,
    /// Options for reading objects.
    pub database: database::DatabaseOptions,
}

/// A staged file that differs from HEAD.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    path: Vec<u8>,
    blob: ObjectId,
}

/// Scans the staged files. A named file without a staged change is scanned whole.
///
/// # Errors
/// If there is no repository, its index can't be read, or a path is outside of its work tree.
pub fn scan<D: Detector>(
    options: &StagedOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) -> Result<(), Error> {
    let repo = open::open(options.repo.as_deref(), &options.environment)?;
    open::note_place(&repo, ledger);
    open::require_refs(&repo)?;
    let environment = options.environment.of(&repo, options.repo.is_some());
    open::note_work_tree(&repo, &environment, ledger);
    let objects = Objects::new(&repo, &environment, &options.database.storage())?.checked();
    let index_path = environment.index_file.clone().unwrap_or_else(|| repo.git_dir().join("index"));
    let index = Index::read(&index_path, objects.hash())?;
    let heads = head_trees(&repo, &objects, &environment, ledger);
    let mut files = changes::staged(&objects, &index, heads.first().copied(), ledger);
    let mut whole = Vec::new();
    if !options.paths.is_empty() {
        let names = named::Names::new(&repo, &options.paths)?;
        files.retain(|file| names.contain(&file.path));
        whole = names.unchanged(&index, &files, ledger);
    }
    if files.is_empty() && options.paths.is_empty() {
        ledger.note("nothing is staged");
    }
    ledger.add(Count::Files, files.len() as u64);
    let (threads, stop) = (options.database.threads.max(1), &options.database.stop);
    let containers = &options.database.containers;
    let head = Head { objects: &objects, heads, threads, containers, stop };
    added(&head, &files, detector, ledger, hits);
    let mut scanner = Scanner::new(detector, containers, ledger, stop);
    for text in whole.into_iter().take_while(|_| !stop.is_set()) {
        text.scan(&head, &mut scanner, detector, ledger, hits);
    }
    if options.database.connectivity {
        let entries = index.entries().filter(IndexEntry::is_content);
        let entries = entries.map(|entry| (entry.id.to_owned(), Kind::Blob));
        let starts = entries.chain(head.heads.iter().map(|tree| (*tree, Kind::Tree)));
        connectivity::check(&objects, threads, starts, &[], stop, ledger);
    }
    Ok(())
}

/// The versions that staged files are compared with.
struct Head<'a> {
    objects: &'a Objects,
    /// The trees of HEAD and of the commits being merged.
    heads: Vec<ObjectId>,
    threads: usize,
    containers: &'a container::ContainerOptions,
    stop: &'a Stop,
}

fn added<D: Detector>(
    head: &Head<'_>,
    files: &[File],
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let Head { objects, threads, containers, stop, .. } = *head;
    let blobs = files.iter().map(|file| file.blob).collect();
    let texts =
        Texts::scan(objects, threads, blobs, detector, Use::Asked(stop), containers, ledger);
    let holding: Vec<&File> =
        files.iter().filter(|file| !texts.of(&file.blob).is_empty()).collect();
    let mut buffer = Vec::new();
    let before: Vec<Vec<ObjectId>> = holding
        .iter()
        .map(|file| {
            let heads = head.heads.iter();
            heads.filter_map(|tree| blob_at(objects, tree, &file.path, &mut buffer)).collect()
        })
        .collect();
    let old = before.iter().flatten().copied().collect();
    let old = Texts::scan(objects, threads, old, detector, Use::Compared, containers, ledger);
    let mut names = Names::default();
    for file in files.iter().take_while(|_| !stop.is_set()) {
        let found = names.search(detector, &file.path, ledger);
        named(head, file, found, hits);
    }
    let fresh: Vec<(&File, &[ObjectId], &Candidate)> = holding
        .into_iter()
        .zip(&before)
        .flat_map(|(file, before)| {
            let all = texts.of(&file.blob).all().iter();
            all.map(move |(credential, candidate)| (file, before.as_slice(), credential, candidate))
        })
        .filter(|(_, before, credential, _)| !before.iter().any(|blob| old.holds(blob, credential)))
        .map(|(file, before, _, candidate)| (file, before, candidate))
        .collect();
    let wanted = fresh.iter().map(|(file, ..)| file.blob).collect();
    let elsewhere = changes::present(objects, &head.heads, &wanted, ledger);
    for (file, before, candidate) in fresh {
        if elsewhere.contains(&file.blob) {
            continue;
        }
        let mut candidate = candidate.clone();
        let known = before.iter().flat_map(|blob| old.of(blob).all());
        if spots::adds_secret_alone(&candidate, known.map(|(_, one)| one)) {
            let spot = spots::at_secret(objects, &file.blob, &candidate.sighting.spot());
            candidate.sighting.shown = Some(Box::new(spot));
        }
        hits(Hit { origin: origin(file), candidate });
    }
}

/// Emits the findings in the name of a file, if the name is new.
fn named(
    head: &Head<'_>,
    file: &File,
    found: Vec<(Vec<u8>, Candidate)>,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut buffer = Vec::new();
    let mut is_old =
        |tree: &ObjectId| blob_at(head.objects, tree, &file.path, &mut buffer).is_some();
    if found.is_empty() || head.heads.iter().any(&mut is_old) {
        return;
    }
    for (path, candidate) in found {
        hits(Hit { origin: Origin { path: Some(path), ..origin(file) }, candidate });
    }
}

fn origin(file: &File) -> Origin {
    let git = GitOrigin {
        blob: Some(file.blob.to_string()),
        held_by: vec![HeldBy::Index],
        ..GitOrigin::new(GitObject::Blob)
    };
    Origin { path: Some(file.path.clone()), git: Some(git), ..Origin::default() }
}

/// The trees of HEAD, which is first, and of every commit being merged. A tree that can't be read
/// is a problem in the ledger: without it, everything staged would be new.
fn head_trees(
    repo: &gix::Repository,
    objects: &Objects,
    environment: &Environment,
    ledger: &Ledger,
) -> Vec<ObjectId> {
    let path = repo.git_dir().join("MERGE_HEAD");
    let merging = std::fs::read(&path).unwrap_or_else(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            ledger.problem("file", path.as_os_str().as_encoded_bytes(), &error);
        }
        Vec::new()
    });
    // Git writes one id per line; another line does not name a commit.
    let merging = merging
        .split(|&byte| byte == b'\n')
        .filter_map(|line| ObjectId::from_hex(line.trim_ascii()).ok())
        .map(|commit| (commit, "MERGE_HEAD"))
        .chain(environment.merging.iter().map(|&commit| (commit, "GITHEAD")));
    let mut buffer = Vec::new();
    let mut tree = |commit: ObjectId, named_by: &str| {
        let read = objects.expect(&commit, Kind::Commit, named_by, &mut buffer, ledger);
        read.then(|| parse::commit(&buffer)).flatten().map(|commit| commit.tree)
    };
    // On a branch without commits everything is new compared with the empty tree.
    let head = tips::head_of(repo, repo.git_dir()).and_then(|head| tree(head, "HEAD"));
    let head = head.unwrap_or_else(|| ObjectId::empty_tree(objects.hash()));
    std::iter::once(head).chain(merging.filter_map(|(commit, by)| tree(commit, by))).collect()
}
