//! Finds the trees that contain a hit at any depth, and those that are below the roots.
//!
//! A tree below a root that is not in the inventory is read separately: it may be in a store outside
//! the walk. If it is missing, that is recorded.

use std::sync::Arc;

use gix::ObjectId;
use gix::hashtable::{HashMap, HashSet};
use gix::objs::Kind;

use super::super::objects::{Objects, on_threads};
use super::super::parse::{self, EntryKind};
use super::super::structure::{Inventory, Number, Tree};
use super::{Content, Reading, is_empty_tree};
use keysweep_base::record::Record;

/// The subtrees of every tree, and whether the tree itself names a hit blob.
pub(super) struct Survey {
    pub(super) ids: Vec<ObjectId>,
    numbers: HashMap<ObjectId, Number>,
    trees: Vec<Option<Tree>>,
    /// True if a root leads to it.
    pub(super) reached: Vec<bool>,
}

impl Survey {
    /// Follows `roots` through the inventory.
    pub(super) fn of(
        reading: Reading<'_>,
        inventory: Inventory,
        roots: Vec<ObjectId>,
        hits: &HashMap<ObjectId, Content>,
        ledger: &dyn Record,
    ) -> Self {
        let Inventory { ids, numbers, trees, unlisted, .. } = inventory;
        let reached = vec![false; ids.len()];
        let trees = trees.into_iter().map(std::sync::OnceLock::into_inner).collect();
        let mut survey = Self { ids, numbers, trees, reached };
        for of_one in unlisted.chunk_by(|a, b| a.0 == b.0) {
            let subtrees = of_one.iter().map(|(_, names)| survey.number(*names)).collect();
            survey.add(of_one[0].0, subtrees);
        }
        let mut stack: Vec<Number> = roots.into_iter().map(|root| survey.number(root)).collect();
        let mut unread = Vec::new();
        loop {
            while let Some(tree) = stack.pop() {
                if std::mem::replace(&mut survey.reached[tree as usize], true) {
                    continue;
                }
                match &survey.trees[tree as usize] {
                    Some(read) => stack.extend_from_slice(&read.subtrees),
                    None => unread.push(tree),
                }
            }
            if unread.is_empty() {
                return survey;
            }
            // Sorting makes the order of problems independent of the reading order.
            unread.sort_unstable_by_key(|&tree| survey.ids[tree as usize]);
            let ids: Vec<ObjectId> = unread.iter().map(|&tree| survey.ids[tree as usize]).collect();
            let seen = on_threads(reading.objects, reading.threads, &ids, |objects, buffer, id| {
                match reading.stop.is_set() {
                    true => (Vec::new(), false),
                    false => look(objects, buffer, id, hits, ledger),
                }
            });
            for (tree, (subtrees, hit)) in unread.drain(..).zip(seen) {
                let subtrees: Arc<[_]> = subtrees.into_iter().map(|id| survey.number(id)).collect();
                stack.extend_from_slice(&subtrees);
                survey.trees[tree as usize] = Some(Tree { subtrees, hit });
            }
        }
    }

    fn number(&mut self, id: ObjectId) -> Number {
        *self.numbers.entry(id).or_insert_with(|| {
            self.ids.push(id);
            self.trees.push(None);
            self.reached.push(false);
            Number::try_from(self.ids.len() - 1).expect("a repository has fewer than 2^32 trees")
        })
    }

    fn add(&mut self, tree: Number, subtrees: Vec<Number>) {
        if let Some(tree) = &mut self.trees[tree as usize] {
            tree.subtrees = tree.subtrees.iter().copied().chain(subtrees).collect();
        }
    }

    fn subtrees(&self, tree: usize) -> &[Number] {
        self.trees[tree].as_ref().map_or(&[], |tree| &tree.subtrees)
    }

    fn is_hit(&self, tree: usize) -> bool {
        self.trees[tree].as_ref().is_some_and(|tree| tree.hit)
    }

    /// The trees that contain a hit at any depth, subtrees before the trees that name them.
    pub(super) fn holding_in_order(&self) -> Vec<Number> {
        let mut holds: Vec<Option<bool>> = vec![None; self.ids.len()];
        let mut order = Vec::new();
        let mut stack = Vec::new();
        for start in 0..self.ids.len() {
            stack.push((start, 0));
            while let Some((tree, next)) = stack.pop() {
                if next == 0 && holds[tree].is_some() {
                    continue;
                }
                holds[tree].get_or_insert(self.is_hit(tree));
                if let Some(&child) = self.subtrees(tree).get(next) {
                    stack.push((tree, next + 1));
                    if holds[child as usize].is_none() {
                        stack.push((child as usize, 0));
                    }
                    continue;
                }
                let below =
                    self.subtrees(tree).iter().any(|&child| holds[child as usize] == Some(true));
                let holding = below || self.is_hit(tree);
                holds[tree] = Some(holding);
                if holding {
                    order.push(Number::try_from(tree).expect("numbered by 32 bits"));
                }
            }
        }
        order
    }

    /// The trees in `holding` that no root leads to and no other tree names.
    pub(super) fn dangling(&self, holding: &[Number]) -> Vec<ObjectId> {
        let lost = holding.iter().filter(|&&tree| !self.reached[tree as usize]);
        let inner: HashSet<ObjectId> = lost
            .clone()
            .flat_map(|&tree| self.subtrees(tree as usize))
            .map(|&tree| self.ids[tree as usize])
            .collect();
        let mut ids: Vec<ObjectId> = lost.map(|&tree| self.ids[tree as usize]).collect();
        ids.retain(|id| !inner.contains(id));
        ids.sort_unstable();
        ids
    }
}

/// Reads one tree: its subtrees, and whether it names a hit blob.
fn look(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    id: &ObjectId,
    hits: &HashMap<ObjectId, Content>,
    ledger: &dyn Record,
) -> (Vec<ObjectId>, bool) {
    let (mut subtrees, mut hit) = (Vec::new(), false);
    if id.is_null()
        || is_empty_tree(id, objects.hash())
        || !objects.expect(id, Kind::Tree, "the history", buffer, ledger)
    {
        return (subtrees, hit);
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
        match entry.kind {
            EntryKind::Tree => subtrees.push(entry.id.to_owned()),
            EntryKind::Blob => hit |= hits.contains_key(entry.id),
            EntryKind::Submodule => {}
        }
    }
    (subtrees, hit)
}
