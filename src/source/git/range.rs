//! What the commits of a range added.
//!
//! Takes `BASE..HEAD`, or what git tells a hook on standard input; gives, commit by commit, hits
//! in files whose credential no parent holds at that path, and in the messages of these commits
//! and of the annotated tags that are pushed.

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

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct RangeOptions {
    /// The repository; without one, that of the environment, or the one around the current folder.
    pub repo: Option<PathBuf>,
    /// Which commits.
    pub input: Input,
    /// Of what a pre-push hook reads, the remote, by name or URL; without one, any.
    pub remote: Option<Vec<u8>>,
    /// What git's variables say.
    pub environment: Environment,
    /// How objects are read.
    pub database: database::DatabaseOptions,
}

/// Which commits to scan.
#[derive(Clone, Debug)]
pub enum Input {
    /// `BASE..HEAD` as it was typed.
    Between(String),
    /// A ref that is pushed for the first time: all that no remote has.
    New(String),
    /// What a pre-receive or pre-push hook reads on its standard input.
    Hook(Vec<u8>),
}

impl Default for Input {
    fn default() -> Self {
        Self::Hook(Vec::new())
    }
}

/// One commit of the range with what it changed.
struct Step {
    commit: commits::RangeCommit,
    changes: Vec<Change>,
}

/// Scans a range of commits.
///
/// # Errors
/// If there is no repository, or the input names what is not here.
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

/// BASE of a range, or the old ends that a hook is told of; none if all is new.
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

/// Tells where the range runs into history that was never fetched.
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
            &"the range goes on beyond this commit, where the clone was cut: run `git fetch --unshallow` (in a CI checkout, fetch-depth: 0)",
        );
    }
    if !met.is_empty() {
        open::note_partial_clone(repo, ledger);
    }
}

/// What a range's repository says of its origin; the revision is the range's end. Without
/// revision and branch for a push of several refs.
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
