//! Scans what the commits of a range added.
//!
//! The range is `BASE..HEAD`, or the standard input of a hook. For each commit it reports
//! credentials in files that no parent holds at that path, and those in the messages of the commits
//! and of the pushed annotated tags.

mod commits;
mod ends;
mod report;

use std::path::PathBuf;

use gix::ObjectId;
use gix::objs::Kind;

use super::changes::{self, Change};
use super::error::Error;
use super::objects::{Objects, on_threads};
use super::open::{self, Environment};
use super::texts::{Texts, Use};
use super::{connectivity, database, provenance};
use crate::coverage::{Count, Ledger};
use crate::provenance::Provenance;
use crate::scan::{Detector, Hit};

/// Options of a scan.
#[derive(Clone, Debug, Default)]
pub struct RangeOptions {
    /// The repository; without one, that of the environment, or the one around the current folder.
    pub repo: Option<PathBuf>,
    /// The commits to scan.
    pub input: Input,
    /// The remote of a pre-push hook, by name or URL; without one, any remote.
    pub remote: Option<Vec<u8>>,
    /// The environment variables of git.
    pub environment: Environment,
    /// Options for reading objects.
    pub database: database::DatabaseOptions,
}

/// The commits to scan.
#[derive(Clone, Debug)]
pub enum Input {
    /// `BASE..HEAD` as given.
    Between(String),
    /// A ref that is pushed for the first time: all commits that no remote has.
    New(String),
    /// The standard input of a pre-receive or pre-push hook.
    Hook(Vec<u8>),
}

impl Default for Input {
    fn default() -> Self {
        Self::Hook(Vec::new())
    }
}

/// One commit of the range with its changes.
struct Step {
    commit: commits::RangeCommit,
    changes: Vec<Change>,
}

/// Scans a range of commits.
///
/// # Errors
/// If there is no repository, or the input names a missing object.
pub fn scan<D: Detector>(
    options: &RangeOptions,
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) -> Result<(), Error> {
    let repo = open::open(options.repo.as_deref(), &options.environment)?;
    open::note_place(&repo, ledger);
    open::require_refs(&repo)?;
    let environment = options.environment.of(&repo, options.repo.is_some());
    let objects = Objects::new(&repo, &environment, &options.database.storage())?.checked();
    let (threads, stop) = (options.database.threads.max(1), &options.database.stop);
    let containers = &options.database.containers;
    let remote = options.remote.as_deref();
    let updates = match &options.input {
        Input::Between(range) => ends::between(&repo, &objects, range, ledger)?,
        Input::New(name) => ends::of_new(&repo, &objects, name, remote, ledger)?,
        Input::Hook(input) => ends::of_hook(&repo, &objects, input, remote, ledger)?,
    };
    let shallow = open::shallow_boundary(&repo, ledger);
    let met = commits::of_updates(&objects, &updates, &shallow, stop, ledger);
    open_ends(&repo, &met, &shallow, ledger);
    let steps = on_threads(&objects, threads, &met, |objects, buffer, commit| {
        let mut changes = Vec::new();
        if !stop.is_set() {
            changes = changes_of(objects, buffer, commit, ledger);
        }
        Step { commit: commit.clone(), changes }
    });
    ledger.add(Count::Commits, steps.len() as u64);
    let mut blobs: Vec<ObjectId> =
        steps.iter().flat_map(|step| &step.changes).map(|change| change.blob).collect();
    blobs.extend(updates.iter().filter(|end| end.tip.kind == Kind::Blob).map(|end| end.tip.object));
    let bare_trees: Vec<Change> = updates
        .iter()
        .filter(|end| end.tip.kind == Kind::Tree)
        .flat_map(|end| changes::between(&objects, end.tip.object, &[], b"", ledger))
        .collect();
    blobs.extend(bare_trees.iter().map(|change| change.blob));
    let texts =
        Texts::scan(&objects, threads, blobs, detector, Use::Asked(stop), containers, ledger);
    let before = steps
        .iter()
        .flat_map(|step| &step.changes)
        .filter(|change| !texts.of(&change.blob).is_empty())
        .flat_map(|change| change.before.iter().copied())
        .collect();
    let before =
        Texts::scan(&objects, threads, before, detector, Use::Compared, containers, ledger);
    let report = report::Report::new(&objects, &updates, &texts, &before, ledger);
    report.steps(&steps, detector, hits);
    report.tags(detector, hits);
    report.bare(&bare_trees, hits);
    if steps.is_empty() && texts.is_empty() && !stop.is_set() {
        ledger.note("the range is empty");
    }
    if options.database.connectivity {
        let starts = updates.iter().map(|update| (update.tip.object, update.tip.kind));
        connectivity::check(&objects, threads, starts, &shallow, stop, ledger);
    }
    Ok(())
}

/// BASE of a range, or the old ids in a hook's input; none if everything is new.
pub(super) fn bases(
    repo: &gix::Repository,
    objects: &Objects,
    input: &Input,
) -> Result<Vec<ObjectId>, Error> {
    match input {
        Input::Between(range) => Ok(ends::base(repo, objects, range)?.into_iter().collect()),
        Input::New(_) => Ok(Vec::new()),
        Input::Hook(input) => ends::bases_of_hook(objects, input),
    }
}

fn changes_of(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    commit: &commits::RangeCommit,
    ledger: &Ledger,
) -> Vec<Change> {
    let parents: Vec<ObjectId> = commit
        .parents
        .iter()
        .filter_map(|parent| {
            objects
                .expect(parent, Kind::Commit, "its child in the range", buffer, ledger)
                .then(|| super::parse::commit(buffer))
                .flatten()
        })
        .map(|parent| parent.tree)
        .collect();
    changes::between(objects, commit.tree, &parents, b"", ledger)
}

/// Records where the range reaches history that was never fetched.
fn open_ends(
    repo: &gix::Repository,
    met: &[commits::RangeCommit],
    shallow: &[ObjectId],
    ledger: &Ledger,
) {
    for commit in met.iter().filter(|commit| shallow.contains(&commit.id)) {
        ledger.problem(
            "shallow clone",
            commit.id.to_hex().to_string().as_bytes(),
            &"the range continues beyond this commit, where the clone is shallow: run `git fetch \
                 --unshallow` (in a CI checkout, fetch-depth: 0)",
        );
    }
    if !met.is_empty() && open::is_partial_clone(repo, ledger) {
        open::note_partial_clone(repo, ledger);
    }
}

/// The provenance of a range; the revision is its end. A push of several refs has no revision and
/// no branch.
pub fn provenance(options: &RangeOptions) -> Option<Provenance> {
    let repo = open::open(options.repo.as_deref(), &options.environment).ok()?;
    let environment = options.environment.of(&repo, options.repo.is_some());
    let objects = Objects::new(&repo, &environment, &options.database.storage()).ok()?;
    let (revision, branch) = match &options.input {
        Input::Between(range) => {
            let (_, head) = ends::sides(range).ok()?;
            ends::name(&repo, &objects, head)?
        }
        Input::New(name) => ends::name(&repo, &objects, name)?,
        Input::Hook(input) => ends::only_update(&objects, input)?,
    };
    Some(provenance::of(&repo, revision, branch))
}
