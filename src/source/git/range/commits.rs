//! The commits of a range: a walk from both ends, newest first, that ends when only known history
//! remains.

use std::collections::BinaryHeap;

use gix::ObjectId;
use gix::hashtable::{HashMap, HashSet};
use gix::objs::Kind;

use super::super::objects::Objects;
use super::super::parse;
use super::ends::Update;
use crate::coverage::Ledger;
use crate::stop::Stop;

/// Number of commits of the known side that are read beyond the last one that dates require.
const SLOP: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct RangeCommit {
    pub(super) id: ObjectId,
    /// Its root tree.
    pub(super) tree: ObjectId,
    /// Its parents; none at a shallow boundary.
    pub(super) parents: Vec<ObjectId>,
    time: i64,
    /// True if the hidden side reaches it.
    known: bool,
}

/// The commits of all updates, each once, in order of date and id.
pub(super) fn of_updates(
    objects: &Objects,
    updates: &[Update],
    shallow: &[ObjectId],
    stop: &Stop,
    ledger: &Ledger,
) -> Vec<RangeCommit> {
    let mut seen: HashSet<ObjectId> = HashSet::default();
    let mut all = Vec::new();
    for update in updates.iter().filter(|update| update.tip.kind == Kind::Commit) {
        let commits = Walk::new(objects, shallow, ledger).run(update, stop);
        all.extend(commits.into_iter().filter(|commit| seen.insert(commit.id)));
    }
    all.sort_by_key(|commit| (commit.time, commit.id));
    all
}

struct Walk<'a> {
    objects: &'a Objects,
    shallow: &'a [ObjectId],
    ledger: &'a Ledger,
    met: HashMap<ObjectId, RangeCommit>,
    queue: BinaryHeap<(i64, ObjectId)>,
    /// Number of commits in the queue that are not known.
    open: usize,
    buffer: Vec<u8>,
}

impl<'a> Walk<'a> {
    fn new(objects: &'a Objects, shallow: &'a [ObjectId], ledger: &'a Ledger) -> Self {
        Self {
            objects,
            shallow,
            ledger,
            met: HashMap::default(),
            queue: BinaryHeap::new(),
            open: 0,
            buffer: Vec::new(),
        }
    }

    /// Dates may be wrong, so the walk continues for [`SLOP`] commits after the hidden side is
    /// older than everything it found. A commit that is hidden behind a longer run of wrong dates
    /// is reported needlessly; none is missed.
    fn run(mut self, update: &Update, stop: &Stop) -> Vec<RangeCommit> {
        for &hidden in &update.hidden {
            if let Some(tip) = super::super::tips::peel(
                self.objects,
                &mut self.buffer,
                b"",
                hidden,
                &Ledger::new(),
            ) && tip.kind == Kind::Commit
            {
                self.reach(tip.object, true);
            }
        }
        self.reach(update.tip.object, false);
        let mut oldest = i64::MAX;
        let mut slop = SLOP;
        while let Some(&(time, id)) = self.queue.peek() {
            // Commits found so far may still turn out to be known, so they are discarded.
            if stop.is_set() {
                return Vec::new();
            }
            if self.open == 0 && time < oldest {
                if slop == 0 {
                    break;
                }
                slop -= 1;
            }
            self.queue.pop();
            let commit = &self.met[&id];
            let known = commit.known;
            if !known {
                self.open -= 1;
                oldest = oldest.min(time);
            }
            for parent in commit.parents.clone() {
                self.reach(parent, known);
            }
        }
        self.met.into_values().filter(|commit| !commit.known).collect()
    }

    /// Adds a commit, or marks a visited one and all its visited ancestors as known.
    fn reach(&mut self, id: ObjectId, known: bool) {
        if let Some(commit) = self.met.get(&id) {
            if known && !commit.known {
                self.learn(id);
            }
            return;
        }
        let read = if known {
            matches!(self.objects.find(&id, &mut self.buffer), Ok(Some(Kind::Commit)))
        } else {
            let named_by = "a commit of the range";
            self.objects.expect(&id, Kind::Commit, named_by, &mut self.buffer, self.ledger)
        };
        let Some(commit) = read.then(|| parse::commit(&self.buffer)).flatten() else { return };
        let parents = if self.shallow.contains(&id) { vec![] } else { commit.parents };
        self.queue.push((commit.time, id));
        self.open += usize::from(!known);
        let met = RangeCommit { id, tree: commit.tree, parents, time: commit.time, known };
        self.met.insert(id, met);
    }

    fn learn(&mut self, id: ObjectId) {
        let queued: HashSet<ObjectId> = self.queue.iter().map(|&(_, id)| id).collect();
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            let Some(commit) = self.met.get_mut(&id).filter(|commit| !commit.known) else {
                continue;
            };
            commit.known = true;
            self.open -= usize::from(queued.contains(&id));
            stack.extend(commit.parents.iter().copied());
        }
    }
}
