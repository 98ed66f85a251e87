//! The commits of a repository with their parents, generations and the tips that reach them.
//!
//! It starts from given ids and numbers every commit that they reach. It does not read trees.

use std::cmp::Reverse;

use gix::ObjectId;
use gix::hashtable::HashMap;
use gix::objs::Kind;

use super::objects::{Objects, on_threads};
use super::parse::{self, Commit};
use super::tips::Tips;
use keysweep_base::record::Record;
use keysweep_base::stop::Stop;

/// The commit is reached by a ref other than `refs/stash`.
pub const BY_REF: u8 = 1;
/// The commit is reached by an entry of a reflog.
pub const BY_REFLOG: u8 = 2;
/// The commit is reached by `refs/stash` or its reflog.
pub const BY_STASH: u8 = 4;
/// The commit is reached by a ref, `refs/stash` included.
pub const REACHABLE: u8 = 8;
/// The commit is HEAD or an ancestor of it.
pub const BY_HEAD: u8 = 16;

/// A commit's number in its [`Graph`].
pub type Number = u32;

/// All commits that were found.
pub struct Graph {
    /// Their ids.
    pub ids: Vec<ObjectId>,
    /// Their root trees.
    pub trees: Vec<ObjectId>,
    parents: Parents,
    /// The generation is 1 for a commit without parents, otherwise one more than the greatest
    /// generation of its parents.
    pub generations: Vec<u32>,
    /// `BY_…` and `REACHABLE` bits; see [`Graph::mark`].
    pub held: Vec<u8>,
    times: Vec<i64>,
    numbers: HashMap<ObjectId, Number>,
}

/// The order of commits: the introducing one of several is the least, the newest is the greatest.
pub type Order = (u32, i64, ObjectId);

impl Graph {
    /// Builds the graph from the commits in `read`, from them and from `starts` to the roots or to
    /// the `shallow` boundary.
    ///
    /// A missing or damaged commit is a problem; it stays in the graph without parents or a tree.
    /// Returns `None` if `stop` is set before the end.
    pub fn load(
        objects: &Objects,
        threads: usize,
        read: Vec<(ObjectId, Commit)>,
        starts: impl IntoIterator<Item = ObjectId>,
        shallow: &[ObjectId],
        stop: &Stop,
        ledger: &dyn Record,
    ) -> Option<Self> {
        let null = ObjectId::null(objects.hash());
        let mut numbers = HashMap::default();
        let mut ids = Vec::new();
        for id in read.iter().map(|(id, _)| *id).chain(starts) {
            meet(id, &mut numbers, &mut ids);
        }
        let (mut trees, mut times, mut parents) = (Vec::new(), Vec::new(), Parents::default());
        let mut known = read.into_iter().map(|(_, commit)| Some(commit)).collect::<Vec<_>>();
        while trees.len() < ids.len() {
            if stop.is_set() {
                return None;
            }
            if known.is_empty() {
                known = on_threads(objects, threads, &ids[trees.len()..], |objects, buffer, id| {
                    objects
                        .expect(id, Kind::Commit, "the history", buffer, ledger)
                        .then(|| parse::commit(buffer))
                        .flatten()
                });
            }
            for commit in known.drain(..) {
                let id = ids[trees.len()];
                let commit = commit.unwrap_or(Commit { tree: null, parents: vec![], time: 0 });
                let is_shallow = !shallow.is_empty() && shallow.contains(&id);
                let here = if is_shallow { vec![] } else { commit.parents };
                parents.push(here.into_iter().map(|id| meet(id, &mut numbers, &mut ids)));
                trees.push(commit.tree);
                times.push(commit.time);
            }
        }
        let generations = generations(&parents);
        let held = vec![0; ids.len()];
        Some(Self { ids, trees, parents, generations, held, times, numbers })
    }

    /// Fills [`Graph::held`] from the starting points.
    pub fn mark(&mut self, tips: &Tips) {
        for tip in &tips.refs {
            let bits = if tip.is_stash() { BY_STASH } else { BY_REF };
            self.hold(tip.object, bits | REACHABLE);
        }
        tips.reflogs.iter().for_each(|&id| self.hold(id, BY_REFLOG));
        tips.stashes.iter().for_each(|&id| self.hold(id, BY_STASH));
        if let Some(head) = tips.head {
            self.hold(head, BY_HEAD | BY_REF | REACHABLE);
        }
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_unstable_by_key(|&commit| Reverse(self.generations[commit]));
        for commit in order {
            let bits = self.held[commit];
            for &parent in self.parents.of(commit) {
                self.held[parent as usize] |= bits;
            }
        }
    }

    /// The parents of a commit that are in the graph.
    pub fn parents(&self, commit: Number) -> &[Number] {
        self.parents.of(commit as usize)
    }

    /// The number of a commit; `None` if it is not in the graph.
    pub fn number(&self, id: &ObjectId) -> Option<Number> {
        self.numbers.get(id).copied()
    }

    /// True if the commit is in the graph but could not be read.
    pub fn is_unread(&self, commit: Number) -> bool {
        self.trees[commit as usize].is_null()
    }

    /// The commit's key in the order that the output contract defines.
    pub fn order(&self, commit: Number) -> Order {
        let commit = commit as usize;
        (self.generations[commit], self.times[commit], self.ids[commit])
    }

    fn hold(&mut self, id: ObjectId, bits: u8) {
        if let Some(number) = self.number(&id) {
            self.held[number as usize] |= bits;
        }
    }
}

/// The number of a commit; a new one is appended to `ids`.
fn meet(id: ObjectId, numbers: &mut HashMap<ObjectId, Number>, ids: &mut Vec<ObjectId>) -> Number {
    *numbers.entry(id).or_insert_with(|| {
        ids.push(id);
        Number::try_from(ids.len() - 1).expect("a repository has fewer than 2^32 commits")
    })
}

/// The parents of all commits, side by side.
#[derive(Default)]
struct Parents {
    /// The end of each commit's parents.
    ends: Vec<usize>,
    all: Vec<Number>,
}

impl Parents {
    /// Adds the parents of the next commit.
    fn push(&mut self, parents: impl IntoIterator<Item = Number>) {
        self.all.extend(parents);
        self.ends.push(self.all.len());
    }

    fn of(&self, commit: usize) -> &[Number] {
        let start = commit.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[commit]]
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// The children of each commit.
    fn reversed(&self) -> Self {
        let mut ends = vec![0; self.len()];
        self.all.iter().for_each(|&parent| ends[parent as usize] += 1);
        let mut sum = 0;
        for end in &mut ends {
            // First the start of each, which moves to its end as children are filled in.
            sum += std::mem::replace(end, sum);
        }
        let mut all = vec![0; sum];
        for commit in 0..self.len() {
            for &parent in self.of(commit) {
                let end = &mut ends[parent as usize];
                all[*end] = Number::try_from(commit).expect("numbered by 32 bits");
                *end += 1;
            }
        }
        Self { ends, all }
    }
}

/// Topological levels; roots have level 1.
fn generations(parents: &Parents) -> Vec<u32> {
    let children = parents.reversed();
    let mut waiting: Vec<usize> = (0..parents.len()).map(|it| parents.of(it).len()).collect();
    let mut generations = vec![1; parents.len()];
    let mut ready: Vec<usize> = (0..parents.len()).filter(|&commit| waiting[commit] == 0).collect();
    while let Some(commit) = ready.pop() {
        for &child in children.of(commit) {
            let child = child as usize;
            generations[child] = generations[child].max(generations[commit] + 1);
            waiting[child] -= 1;
            if waiting[child] == 0 {
                ready.push(child);
            }
        }
    }
    generations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_is_one_above_its_greatest_parent() {
        let mut parents = Parents::default();
        for of_one in [vec![1, 3], vec![2], vec![], vec![2, 4], vec![5], vec![2]] {
            parents.push(of_one);
        }
        assert_eq!(parents.reversed().of(2), [1, 3, 5]);
        assert_eq!(parents.reversed().of(0), []);
        assert_eq!(generations(&parents), [5, 2, 1, 4, 3, 2]);
    }
}
