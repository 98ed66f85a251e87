//! Finds the trees that contain a hit at any depth, and those that are below the roots.
//!
//! A tree below a root that was not read with the others is read separately: it may be in a store
//! outside the walk. If it is missing, that is recorded.

use std::collections::HashSet;

use gix::ObjectId;
use gix::objs::Kind;

use super::super::edges::{Edge, Number, Trees};
use super::super::objects::{Objects, on_threads};
use super::super::parse::{self, EntryKind};
use super::{Reading, is_empty_tree};
use keysweep_base::record::Record;

/// All trees, and which of them a root leads to.
pub(super) struct Survey {
    pub(super) trees: Trees,
    /// True if a root leads to it. If all trees were read, only those in `holding` are marked.
    pub(super) reached: Vec<bool>,
    /// The trees that contain a hit at any depth, subtrees before the trees that name them.
    pub(super) holding: Vec<Number>,
}

/// The progress of a search in one tree.
struct Level<'a> {
    tree: Number,
    /// The remaining edges.
    edges: &'a [Edge],
    holds: bool,
}

/// The state of a tree in the search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// Its subtrees are being searched.
    Open,
    Holding,
    Empty,
}

impl Survey {
    /// Follows `roots` through the trees.
    pub(super) fn of(
        reading: Reading<'_>,
        mut trees: Trees,
        roots: impl IntoIterator<Item = ObjectId>,
        ledger: &dyn Record,
    ) -> Self {
        let mut stack: Vec<Number> = roots.into_iter().map(|root| trees.number(root)).collect();
        if trees.are_all_read() {
            return Self::of_read(trees, stack);
        }
        let mut reached = vec![false; trees.len()];
        let mut unread = Vec::new();
        loop {
            while let Some(tree) = stack.pop() {
                if std::mem::replace(&mut reached[tree as usize], true) {
                    continue;
                }
                match trees.edges(tree) {
                    Some(edges) => {
                        let below = edges.iter().filter_map(|&edge| trees.subtree(edge));
                        stack.extend(below.filter(|&tree| !reached[tree as usize]));
                    }
                    None => unread.push(tree),
                }
            }
            if unread.is_empty() {
                let holding = holding_in_order(&trees);
                return Self { trees, reached, holding };
            }
            // Sorting makes the order of problems independent of the reading order.
            unread.sort_unstable_by_key(|&tree| trees.id(tree));
            let seen =
                on_threads(reading.objects, reading.threads, &unread, |objects, buffer, &tree| {
                    match reading.stop.is_set() {
                        true => Vec::new(),
                        false => look(objects, buffer, trees.id(tree), &trees, ledger),
                    }
                });
            for (tree, entries) in unread.drain(..).zip(seen) {
                trees.add(tree, entries);
                reached.resize(trees.len(), false);
                let edges = trees.edges(tree).unwrap_or_default();
                stack.extend(edges.iter().filter_map(|&edge| trees.subtree(edge)));
            }
        }
    }

    /// The same for trees that were all read: only the way from the roots to hits matters then, and
    /// few trees are on it.
    fn of_read(trees: Trees, mut stack: Vec<Number>) -> Self {
        let holding = holding_in_order(&trees);
        let mut holds = vec![false; trees.len()];
        holding.iter().for_each(|&tree| holds[tree as usize] = true);
        let mut reached = vec![false; trees.len()];
        while let Some(tree) = stack.pop() {
            if !holds[tree as usize] || std::mem::replace(&mut reached[tree as usize], true) {
                continue;
            }
            let edges = trees.edges(tree).unwrap_or_default();
            stack.extend(edges.iter().filter_map(|&edge| trees.subtree(edge)));
        }
        Self { trees, reached, holding }
    }

    /// The trees that contain a hit, that no root leads to and no other tree names.
    pub(super) fn dangling(&self) -> Vec<ObjectId> {
        let lost = self.holding.iter().filter(|&&tree| !self.reached[tree as usize]);
        let edges = |tree: &Number| self.trees.edges(*tree).unwrap_or_default();
        let inner = lost.clone().flat_map(edges).filter_map(|&edge| self.trees.subtree(edge));
        let inner: HashSet<Number> = inner.collect();
        let outer = lost.filter(|tree| !inner.contains(tree));
        let mut ids: Vec<ObjectId> = outer.map(|&tree| *self.trees.id(tree)).collect();
        ids.sort_unstable();
        ids
    }
}

/// The trees that contain a hit at any depth, subtrees before the trees that name them.
fn holding_in_order(trees: &Trees) -> Vec<Number> {
    let level =
        |tree: Number| Level { tree, edges: trees.edges(tree).unwrap_or_default(), holds: false };
    let mut states = vec![State::Unseen; trees.len()];
    let mut order = Vec::new();
    let mut stack = Vec::new();
    for start in 0..states.len() {
        if states[start] != State::Unseen {
            continue;
        }
        states[start] = State::Open;
        stack.push(level(Number::try_from(start).expect("numbered by 32 bits")));
        while let Some(above) = stack.last_mut() {
            let Some((&edge, rest)) = above.edges.split_first() else {
                let Some(Level { tree, holds, .. }) = stack.pop() else { break };
                states[tree as usize] = if holds { State::Holding } else { State::Empty };
                if holds {
                    order.push(tree);
                    stack.last_mut().into_iter().for_each(|above| above.holds = true);
                }
                continue;
            };
            above.edges = rest;
            let Some(child) = trees.subtree(edge) else {
                above.holds = true;
                continue;
            };
            match states[child as usize] {
                State::Unseen => {
                    states[child as usize] = State::Open;
                    stack.push(level(child));
                }
                State::Holding => above.holds = true,
                // A tree can't contain itself, unless an index of a pack is forged.
                State::Open | State::Empty => {}
            }
        }
    }
    order
}

/// Reads one tree: its entries that are trees or hits.
fn look(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    id: &ObjectId,
    trees: &Trees,
    ledger: &dyn Record,
) -> Vec<(Vec<u8>, EntryKind, ObjectId)> {
    let mut entries = Vec::new();
    if id.is_null()
        || is_empty_tree(id, objects.hash())
        || !objects.expect(id, Kind::Tree, "the history", buffer, ledger)
    {
        return entries;
    }
    for entry in parse::tree(buffer, objects.hash()) {
        let Some(entry) = entry else {
            ledger.problem(
                "tree",
                id.to_hex().to_string().as_bytes(),
                &"damaged: an entry is malformed; its rest is not attributed",
            );
            break;
        };
        let is_kept = match entry.kind {
            EntryKind::Tree => true,
            EntryKind::Blob => trees.is_hit(entry.id),
            EntryKind::Submodule => false,
        };
        if is_kept {
            entries.push((entry.name.to_owned(), entry.kind, entry.id.to_owned()));
        }
    }
    entries
}
