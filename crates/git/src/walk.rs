//! Walks the delta trees of a pack: each entry is inflated once, each delta is applied in memory.
//!
//! Each object's bytes go to a [`Visitor`], with the state that the visitor kept of the base and
//! the runs copied from it. The walk is depth first on an explicit stack. The heaviest child is
//! last, and its base is released before it: a thread holds at most log2(n) objects. Heavy subtrees
//! are split between threads; [`SHARED`] bounds the bases that wait for one. Threads claim the
//! memory that they hold from the run's budget, so it is bounded for any objects: all threads
//! together hold `SHARED`, [`SMALL`] each, and one of them [`MemoryBudget::texts`]. Whether an
//! object fits depends on the shape of its tree alone, never on threads.

mod frame;
mod scratch;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::ZlibDecoder;
use gix::objs::Kind;
use rayon::ScopeFifo;

use super::delta::Delta;
use super::forest::{Forest, Node};
use super::inflate::is_plausible;
use super::pack::Pack;
use super::stores::Stores;
use super::visitor::{Damage, Object, Seen, Visitor};
use frame::{Base, Frame, Held, Text};
use keysweep_base::memory::{MemoryBudget, SMALL};
use keysweep_base::stop::Stop;
use keysweep_base::zeros;
use scratch::Scratch;

/// Bytes of bases that may wait for another thread to walk their children.
const SHARED: usize = 32 << 20;

/// An object larger than this many bytes is streamed, if no delta is based on it.
const STREAMED: u64 = 32 << 20;

/// The delta trees of one pack, and the visitor that sees their objects.
pub struct Walk<'a, V> {
    /// The pack.
    pub pack: &'a Pack,
    /// Its forest.
    pub forest: &'a Forest,
    /// Other stores that may hold objects.
    pub stores: &'a Stores,
    /// Receives the objects.
    pub visitor: &'a V,
    /// Limit of the memory held at once.
    pub memory: &'a MemoryBudget,
    /// Requests an early end.
    pub stop: &'a Stop,
    /// Number of threads.
    pub threads: usize,
}

/// State that all tasks of a walk share.
struct Shared {
    scratches: Mutex<Vec<Scratch>>,
    /// Weight from which a subtree gets its own task.
    share: u64,
    /// Bytes of bases that wait for another thread.
    waiting: AtomicUsize,
}

impl<V: Visitor> Walk<'_, V> {
    /// Walks all trees on the current thread pool.
    pub fn run(&self) {
        let weight = |node: u32| self.forest.nodes[node as usize].weight;
        let total: u64 = self.forest.roots.iter().map(|root| weight(root.0)).sum();
        let share = (total / (self.threads as u64 * 32)).max(1 << 18);
        let shared = Shared { scratches: Mutex::default(), share, waiting: AtomicUsize::default() };
        let (heavy, light): (Vec<_>, Vec<_>) =
            self.forest.roots.iter().copied().partition(|root| weight(root.0) >= share);
        rayon::scope_fifo(|scope| {
            let shared = &shared;
            for root in heavy {
                scope.spawn_fifo(move |scope| self.roots(scope, shared, &[root]));
            }
            let mut rest = light.as_slice();
            while !rest.is_empty() {
                let mut sum = 0;
                let full = rest.iter().position(|root| {
                    sum += weight(root.0);
                    sum >= share
                });
                let (group, more) = rest.split_at(full.map_or(rest.len(), |at| at + 1));
                scope.spawn_fifo(move |scope| self.roots(scope, shared, group));
                rest = more;
            }
            for &(node, base) in &self.forest.outside {
                scope.spawn_fifo(move |scope| self.outside(scope, shared, node, base));
            }
        });
    }

    /// Walks some roots and their descendants.
    fn roots<'s>(&'s self, scope: &ScopeFifo<'s>, shared: &'s Shared, roots: &[(u32, Kind)]) {
        let mut scratch = shared.scratch(self.memory);
        for &(root, kind) in roots {
            let node = &self.forest.nodes[root as usize];
            if node.weight == 0 || self.stop.is_set() {
                continue;
            }
            let is_alone = node.children().is_empty();
            if (is_alone && node.size > STREAMED) || !scratch.claim.set(node.size) {
                self.large(&mut scratch, node, kind);
                continue;
            }
            let text = self.root(&mut scratch, node, kind);
            self.descend(scope, shared, &mut scratch, text, node, kind);
            scratch.hold(0);
        }
        shared.give_back(scratch);
    }

    /// Walks a delta whose base is in another store, and its descendants.
    fn outside<'s>(
        &'s self,
        scope: &ScopeFifo<'s>,
        shared: &'s Shared,
        at: u32,
        base: gix::ObjectId,
    ) {
        let node = &self.forest.nodes[at as usize];
        if node.weight == 0 || self.stop.is_set() {
            return;
        }
        let mut scratch = shared.scratch(self.memory);
        let (kind, parent) = match self.stores.read(&base, Some(self.pack), &mut scratch.inflater) {
            Some((kind, bytes)) => (kind, Text { bytes, ..Text::default() }),
            None => (Kind::Blob, Text { damaged: true, ..Text::default() }),
        };
        if self.visitor.wants(kind) {
            let base = Base { text: &parent, seen: false, held: parent.bytes.len() as u64 };
            let text = self.child(&mut scratch, &base, node, kind);
            drop(parent);
            self.descend(scope, shared, &mut scratch, text, node, kind);
        }
        scratch.hold(0);
        shared.give_back(scratch);
    }

    /// Walks all descendants of an object.
    fn descend<'s>(
        &'s self,
        scope: &ScopeFifo<'s>,
        shared: &'s Shared,
        scratch: &mut Scratch,
        text: Text<V::BaseState>,
        node: &Node,
        kind: Kind,
    ) {
        if node.children().is_empty() {
            scratch.keep(text.bytes);
            return;
        }
        let mut stack = Vec::new();
        let children = node.children();
        let end = children.end;
        let frame = Frame { text: Held::Own(text), kind, children, end, above: 0 };
        stack.push(self.split(scope, shared, frame, node.weight));
        self.frames(scope, shared, scratch, stack);
    }

    /// Walks until the stack is empty.
    fn frames<'s>(
        &'s self,
        scope: &ScopeFifo<'s>,
        shared: &'s Shared,
        scratch: &mut Scratch,
        mut stack: Vec<Frame<V::BaseState>>,
    ) {
        while let Some(frame) = stack.last_mut() {
            let Some(at) = frame.children.next().filter(|_| !self.stop.is_set()) else {
                scratch.drop_frame(stack.pop());
                scratch.hold(stack.last().map_or(0, Frame::held));
                continue;
            };
            let node = &self.forest.nodes[self.forest.children[at as usize] as usize];
            if node.weight == 0 {
                continue;
            }
            let (kind, held) = (frame.kind, frame.held());
            let text =
                self.child(scratch, &Base { text: frame.base(), seen: true, held }, node, kind);
            let above = if at + 1 == frame.end { frame.above } else { held };
            if frame.children.is_empty() {
                scratch.drop_frame(stack.pop());
            }
            if node.children().is_empty() {
                scratch.keep(text.bytes);
            } else {
                let children = node.children();
                let end = children.end;
                let frame = Frame { text: Held::Own(text), kind, children, end, above };
                stack.push(self.split(scope, shared, frame, node.weight));
            }
            scratch.hold(stack.last().map_or(0, Frame::held));
        }
    }

    /// Passes children of a heavy object to other threads and returns the remaining ones.
    fn split<'s>(
        &'s self,
        scope: &ScopeFifo<'s>,
        shared: &'s Shared,
        frame: Frame<V::BaseState>,
        weight: u64,
    ) -> Frame<V::BaseState> {
        let Frame { text: Held::Own(text), kind, children, end, above } = frame else {
            return frame;
        };
        let size = text.bytes.len();
        let full = shared.waiting.load(Ordering::Relaxed) + size > SHARED;
        let is_large = above + size as u64 > SMALL;
        let is_light = children.len() < 2 || weight < 2 * shared.share;
        if full || is_large || is_light || self.threads < 2 {
            return Frame { text: Held::Own(text), kind, children, end, above };
        }
        let text = Arc::new(text);
        let mut group = children.start..children.start;
        let mut sum = 0;
        for at in children.clone() {
            if sum >= shared.share {
                let text = Held::Shared(Arc::clone(&text));
                let frame = Frame { text, kind, children: group, end, above };
                shared.waiting.fetch_add(size, Ordering::Relaxed);
                scope.spawn_fifo(move |scope| {
                    let mut scratch = shared.scratch(self.memory);
                    self.frames(scope, shared, &mut scratch, vec![frame]);
                    shared.give_back(scratch);
                    shared.waiting.fetch_sub(size, Ordering::Relaxed);
                });
                group = at..at;
                sum = 0;
            }
            sum += self.forest.nodes[self.forest.children[at as usize] as usize].weight;
            group.end = at + 1;
        }
        Frame { text: Held::Shared(text), kind, children: group, end, above }
    }

    /// Inflates a whole object and shows it.
    fn root(&self, scratch: &mut Scratch, node: &Node, kind: Kind) -> Text<V::BaseState> {
        let mut bytes = scratch.spare.pop().unwrap_or_default();
        let (input, size) = (self.input(node), node.size as usize);
        bytes.clear();
        let mut damaged = false;
        if is_plausible(node.size, input.len()) {
            zeros::resize(&mut bytes, size);
            damaged = !self.is_intact(node) || !scratch.inflater.exact(input, &mut bytes);
        }
        if damaged || bytes.len() != size {
            match self.other_copy(scratch, node) {
                Some(other) => (bytes, damaged) = (other, false),
                None => {
                    self.damaged(node, &Damage::Bytes);
                    let read = scratch.inflater.readable(self.rest(node), &mut bytes);
                    bytes[read..].fill(0);
                    damaged = true;
                }
            }
        }
        let memory = self.visitor.object(&self.seen(node, kind, damaged), None, &bytes);
        Text { bytes, memory, damaged }
    }

    /// Applies a delta to its base and shows the result. If that fails, the result is empty and
    /// damaged, so that its descendants are reported as well.
    fn child(
        &self,
        scratch: &mut Scratch,
        base: &Base<'_, V::BaseState>,
        node: &Node,
        kind: Kind,
    ) -> Text<V::BaseState> {
        let Base { text: base, seen: base_seen, held } = *base;
        let seen = self.seen(node, kind, false);
        let mut bytes = scratch.spare.pop().unwrap_or_default();
        let mut fits = scratch.claim.set(held.saturating_add(node.size));
        let whole = fits && self.delta(scratch, node);
        let delta = Delta::parse(&scratch.delta).filter(|delta| {
            fits = fits && scratch.claim.set((held + node.size).saturating_add(delta.result));
            fits
        });
        if let Some(delta) = delta
            && whole
            && !base.damaged
            && delta.apply(&base.bytes, &mut bytes, &mut scratch.copied)
        {
            let base = base_seen.then_some((&base.memory, scratch.copied.as_slice()));
            let memory = self.visitor.object(&seen, base, &bytes);
            return Text { bytes, memory, damaged: false };
        }
        let result = delta.map(|delta| delta.result);
        if let Some(bytes) = self.other_copy(scratch, node) {
            let memory = self.visitor.object(&seen, None, &bytes);
            return Text { bytes, memory, damaged: false };
        }
        let Some(delta) = Delta::parse(&scratch.delta).filter(|_| result.is_some()) else {
            self.damaged(node, &if fits { Damage::Bytes } else { Damage::TooLarge });
            return Text { damaged: true, ..Text::default() };
        };
        let why = if base_seen { Damage::Base } else { Damage::NoBase };
        self.damaged(node, &if base.damaged { why } else { Damage::Bytes });
        delta.apply_readable(&base.bytes, &mut bytes);
        let memory = self.visitor.object(&Seen { is_damaged: true, ..seen }, None, &bytes);
        Text { bytes, memory, damaged: true }
    }

    /// Inflates a delta as far as possible; returns true if it is whole.
    fn delta(&self, scratch: &mut Scratch, node: &Node) -> bool {
        let input = self.input(node);
        scratch.delta.clear();
        if !is_plausible(node.size, input.len()) {
            return false;
        }
        zeros::resize(&mut scratch.delta, node.size as usize);
        if self.is_intact(node) && scratch.inflater.exact(input, &mut scratch.delta) {
            return true;
        }
        let read = scratch.inflater.readable(self.rest(node), &mut scratch.delta);
        scratch.delta.truncate(read);
        false
    }

    /// Shows an object that is too large for memory; its children can't be built.
    fn large(&self, scratch: &mut Scratch, node: &Node, kind: Kind) {
        let mut bytes = ZlibDecoder::new(self.rest(node));
        if !self.visitor.stream(&self.seen(node, kind, false), &mut bytes, &mut scratch.claim) {
            self.damaged(node, &Damage::Bytes);
        }
        let mut below: Vec<u32> = self.children(node).to_vec();
        while let Some(node) = below.pop() {
            let node = &self.forest.nodes[node as usize];
            self.damaged(node, &Damage::TooLarge);
            below.extend_from_slice(self.children(node));
        }
    }

    fn seen(&self, node: &Node, kind: Kind, is_damaged: bool) -> Seen<'_> {
        Seen { object: Object::packed(self.pack, node), kind, is_damaged }
    }

    fn damaged(&self, node: &Node, damage: &Damage) {
        self.visitor.damaged(&Object::packed(self.pack, node), damage);
    }

    fn children(&self, node: &Node) -> &[u32] {
        let range = node.children();
        &self.forest.children[range.start as usize..range.end as usize]
    }

    /// The object's bytes from another store.
    fn other_copy(&self, scratch: &mut Scratch, node: &Node) -> Option<Vec<u8>> {
        let id = self.pack.id(node.number);
        self.stores.read(id, Some(self.pack), &mut scratch.inflater).map(|(_, bytes)| bytes)
    }

    fn is_intact(&self, node: &Node) -> bool {
        self.pack.is_intact(node.crc32, node.offset()..node.end)
    }

    /// The entry's compressed bytes, up to the next entry.
    fn input(&self, node: &Node) -> &[u8] {
        self.pack.bytes().get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// The entry's compressed bytes and all bytes after it: the index may be wrong about its end.
    fn rest(&self, node: &Node) -> &[u8] {
        self.pack.bytes().get(node.start as usize..).unwrap_or_default()
    }
}

impl Shared {
    fn scratch(&self, memory: &MemoryBudget) -> Scratch {
        let kept = self.scratches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Scratch::new(memory))
    }

    fn give_back(&self, scratch: Scratch) {
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}
