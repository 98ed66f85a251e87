//! Handles each object of a pass: the detector scans it, and the ledger counts it.
//!
//! Findings are returned with the id of the object. This module knows neither pack formats nor the
//! use of a finding.

use std::cell::LazyCell;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;

use super::commits::Commits;
use super::database::{Database, DatabaseOptions, Found};
use super::lfs_object;
use crate::coverage::{Count, Ledger};
use crate::memory::{Claim, SMALL};
use crate::scan::{Copied, Detected, Detector};
use crate::source::container::{self, Scanner};
use crate::source::guard::guarded;
use crate::source::pointer::{self, Oid};
use crate::stop::Stop;
use keysweep_git::visitor::{Damage, Object, Seen, Visitor};

/// Number of damaged objects that are listed for one store; the remaining ones are counted.
const LISTED: usize = 100;

/// Sees all objects of a database.
pub(super) struct Pass<'a, D> {
    /// Finds credentials.
    pub(super) detector: &'a D,
    /// Limits for opening blobs that are containers.
    pub(super) containers: &'a container::ContainerOptions,
    /// Counts objects, and records those that could not be read.
    pub(super) ledger: &'a Ledger,
    /// Receives the findings.
    pub(super) found: &'a (dyn Fn(Found) + Sync),
    /// Requests an early end.
    pub(super) stop: &'a Stop,
    /// The folder of Git LFS objects, if there is one.
    pub(super) lfs: Option<&'a Path>,
    /// Receives the commits, for attribution.
    pub(super) commits: Option<&'a Commits>,
    /// Counts objects and bytes as well, for those who watch the run; `None` if `ledger` is watched.
    pub(super) watched: Option<&'a Ledger>,
}

/// The part of a pass that reads one pack or one folder of loose objects.
pub(super) struct PartPass<'a, D> {
    pub(super) pass: &'a Pass<'a, D>,
    /// Its damaged objects.
    pub(super) damages: Damages,
}

/// Objects that could not be read whole.
#[derive(Default)]
pub(super) struct Damages(Mutex<Vec<(ObjectId, String)>>);

impl<'a, D: Detector> Pass<'a, D> {
    /// A pass over a database that collects no commits.
    pub(super) fn new(
        database: &'a Database,
        options: &'a DatabaseOptions,
        detector: &'a D,
        ledger: &'a Ledger,
        found: &'a (dyn Fn(Found) + Sync),
    ) -> Self {
        let (containers, stop, lfs) = (&options.containers, &options.stop, database.lfs());
        Self { detector, containers, ledger, found, stop, lfs, commits: None, watched: None }
    }

    /// The pass over a part of the database that has a ledger of its own; `watched` counts as well.
    pub(super) fn of_part<'b>(
        &'b self,
        ledger: &'b Ledger,
        watched: Option<&'b Ledger>,
        found: &'b (dyn Fn(Found) + Sync),
    ) -> Pass<'b, D> {
        let Self { detector, containers, stop, lfs, commits, .. } = *self;
        Pass { detector, containers, ledger, found, stop, lfs, commits, watched }
    }

    /// Keeps the headers of a commit.
    fn note_commit(&self, id: &ObjectId, kind: Kind, bytes: &[u8]) {
        if let (Kind::Commit, Some(commits)) = (kind, self.commits) {
            commits.add(id, bytes);
        }
    }

    /// Calls `id` only if something was found: the ids of most objects are never looked up.
    fn answer(
        &self,
        id: impl FnOnce() -> ObjectId,
        kind: Kind,
        detected: Detected<D::BaseState>,
    ) -> D::BaseState {
        let id = LazyCell::new(id);
        detected.note(self.ledger, "object", &|| id.to_hex().to_string().into_bytes());
        if !detected.candidates.is_empty() {
            self.commits.into_iter().for_each(Commits::want);
            (self.found)(Found { id: *id, kind, candidates: detected.candidates });
        }
        detected.memory
    }

    fn count(&self, kind: Kind, bytes: u64) {
        for ledger in [self.ledger].into_iter().chain(self.watched) {
            ledger.add(Count::Objects, 1);
            ledger.add(Count::Bytes, bytes);
            if kind == Kind::Commit {
                ledger.add(Count::Commits, 1);
            }
        }
    }

    /// Counts a missing Git LFS object whose pointer is a blob.
    fn look_for(&self, pointer: Option<Oid>) {
        let Some(oid) = pointer else { return };
        if !self.lfs.is_some_and(|folder| lfs_object::is_here(folder, &oid)) {
            self.ledger.add(Count::LfsMissing, 1);
        }
    }

    /// Scans an object in memory, unless it is a tree.
    pub(super) fn single(&self, id: ObjectId, kind: Kind, bytes: &[u8]) {
        if kind != Kind::Tree {
            self.note_commit(&id, kind, bytes);
            self.count(kind, bytes.len() as u64);
            if !self.open(|| id, kind, bytes)
                && let Some(detected) = self.guarded(|| id, || self.detector.whole(bytes))
            {
                self.answer(|| id, kind, detected);
            }
            self.look_for(pointer::of(bytes));
        }
    }

    /// Scans the members of a container blob; returns true if it is a container.
    fn open(&self, id: impl Fn() -> ObjectId, kind: Kind, bytes: &[u8]) -> bool {
        let name = || id().to_hex().to_string().into_bytes();
        let found = &mut |detected| drop(self.answer(&id, kind, detected));
        kind == Kind::Blob && self.scanner().open(&name, bytes, found)
    }

    /// Runs detection; a failure is a problem of the object.
    fn guarded<T>(&self, id: impl Fn() -> ObjectId, work: impl FnOnce() -> T) -> Option<T> {
        guarded("object", &|| id().to_hex().to_string().into_bytes(), self.ledger, work)
    }

    fn scanner(&self) -> Scanner<'_, D> {
        Scanner::new(self.detector, self.containers, self.ledger, self.stop)
    }

    /// Scans an object piece by piece; returns true if it could be read whole.
    fn stream(&self, id: ObjectId, kind: Kind, size: u64, bytes: &mut impl Read) -> bool {
        let mut bytes = bytes.take(size.saturating_add(1));
        let name = || id.to_hex().to_string().into_bytes();
        let extent = self.scanner().scan(&name, &mut bytes, &mut |detected| {
            self.answer(|| id, kind, detected);
        });
        self.count(kind, extent.bytes);
        self.look_for(extent.pointer);
        // A container may end before the stream does.
        let rest = io::copy(&mut bytes, &mut io::sink());
        let is_whole = rest.is_ok() && bytes.limit() == 1;
        (extent.error.is_none() && is_whole) || self.stop.is_set()
    }
}

impl<D: Detector> Visitor for PartPass<'_, D> {
    /// `None` if the state is not known: deltas of the object are scanned whole.
    type BaseState = Option<D::BaseState>;

    fn wants(&self, kind: Kind) -> bool {
        kind != Kind::Tree
    }

    fn object(
        &self,
        seen: &Seen<'_>,
        base: Option<(&Self::BaseState, &[Copied])>,
        bytes: &[u8],
    ) -> Self::BaseState {
        let object = &seen.object;
        if !object.wanted && !object.is_base {
            return None;
        }
        let id = || object.id().to_owned();
        if object.wanted && seen.kind == Kind::Commit {
            self.pass.note_commit(&id(), seen.kind, bytes);
        }
        if object.wanted && self.pass.open(id, seen.kind, bytes) {
            self.pass.count(seen.kind, bytes.len() as u64);
            // The detector has not scanned the container itself, but its deltas may need the state:
            // they may not be containers.
            let whole = || self.pass.detector.whole(bytes).memory;
            return object.is_base.then(|| self.pass.guarded(id, whole)).flatten();
        }
        let known = base.and_then(|(memory, copied)| Some((memory.as_ref()?, copied)));
        let detected = self.pass.guarded(id, || match known {
            Some((memory, copied)) => self.pass.detector.delta(memory, copied, bytes),
            None => self.pass.detector.whole(bytes),
        });
        if !object.wanted {
            return detected.map(|detected| detected.memory);
        }
        self.pass.count(seen.kind, bytes.len() as u64);
        self.pass.look_for(pointer::of(bytes));
        detected.map(|detected| self.pass.answer(id, seen.kind, detected))
    }

    fn stream(&self, seen: &Seen<'_>, mut bytes: &mut dyn Read, _: &mut Claim) -> bool {
        let Object { size, wanted, .. } = seen.object;
        let id = seen.object.id().to_owned();
        let Some(commits) = self.pass.commits.filter(|_| wanted && seen.kind == Kind::Commit)
        else {
            return !wanted || self.pass.stream(id, seen.kind, size, &mut bytes);
        };
        if size > SMALL {
            commits.give_up();
            return self.pass.stream(id, seen.kind, size, &mut bytes);
        }
        let mut copying = Copying { bytes, kept: Vec::new() };
        let is_whole = self.pass.stream(id, seen.kind, size, &mut copying);
        if is_whole && copying.kept.len() as u64 == size {
            commits.add(&id, &copying.kept);
        }
        is_whole
    }

    fn damaged(&self, object: &Object<'_>, damage: &Damage) {
        if object.wanted {
            self.damages.add(object.id().to_owned(), damage);
        }
    }
}

/// Keeps what is read.
struct Copying<'a> {
    bytes: &'a mut dyn Read,
    kept: Vec<u8>,
}

impl Read for Copying<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(to)?;
        self.kept.extend_from_slice(&to[..read]);
        Ok(read)
    }
}

impl Damages {
    /// Records an object that could not be read whole.
    pub(super) fn add(&self, id: ObjectId, why: &dyn std::fmt::Display) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.push((id, why.to_string()));
    }

    /// Records the damaged objects in the ledger, independent of the order in which they were
    /// found.
    pub(super) fn report(self, place: &std::path::Path, ledger: &Ledger) {
        let mut list = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        list.sort_unstable();
        list.dedup_by_key(|one| one.0);
        for (id, why) in list.iter().take(LISTED) {
            ledger.problem("object", id.to_hex().to_string().as_bytes(), why);
        }
        if list.len() > LISTED {
            let why = format!("{} more of its objects are damaged", list.len() - LISTED);
            ledger.problem("pack", place.as_os_str().as_encoded_bytes(), &why);
        }
    }
}
