//! Attributes credentials to history: the commit that introduced each at each path, and the refs
//! that hold it.
//!
//! The result has one place for each credential and path. A commit holds a credential at a path if
//! its blob there contains it, whichever blob that is. The definitions are those of the output
//! contract. Every distinct tree is read once.

mod emit;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gix::ObjectId;
use gix::hashtable::{HashMap, HashSet};
use gix::objs::Kind;

use super::by_credential::ByCredential;
use super::database::{Database, Found};
use super::edges::Trees;
use super::graph::{self, Graph, Number};
use super::objects::Objects;
use super::people::People;
use super::staging::Staged;
use super::tips::Tips;
use super::trees::{Content, EMPTY, Node, Pruned, Reading};
use crate::coverage::Ledger;
use crate::finding::Fingerprint;
use crate::memory::MemoryBudget;
use crate::scan::Hit;
use crate::stop::Stop;

/// The parts of a repository that attribution uses.
pub(super) struct History<'a> {
    /// The object database.
    pub(super) objects: &'a Objects,
    /// The same database, for reading many objects at once.
    pub(super) database: &'a Database,
    /// Number of threads, at least 1.
    pub(super) threads: usize,
    /// Refs, HEADs and reflogs.
    pub(super) tips: &'a Tips,
    /// All commits, with the held bits filled in.
    pub(super) graph: &'a Graph,
    /// The entries of all indexes.
    pub(super) staged: &'a [Staged],
    /// Prepended to every path: the path of a submodule with a trailing slash, or nothing.
    pub(super) prefix: &'a [u8],
    /// Ends the work early.
    pub(super) stop: &'a Stop,
}

/// A credential's number: its position in the order of fingerprints.
type Cred = u32;

/// The location part of a place's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    /// A path, for all blobs at it.
    Path(Vec<u8>),
    /// A blob without a path.
    Blob(ObjectId),
}

/// One credential at one path.
#[derive(Debug, Default)]
struct Attribution {
    /// The introducing commit.
    first: Option<Number>,
    /// Bits of [`graph`] of all commits that hold it.
    held: u8,
    /// The newest ancestor of HEAD that removed it.
    removed: Option<Number>,
    at_head: bool,
    /// True if it is in an index and not in the HEAD of that index.
    staged: bool,
    /// The blob, if no commit determines it.
    blob: Option<ObjectId>,
    /// The groups of [`Tally::groups`] that hold it.
    groups: Vec<usize>,
}

/// Finds all places of the credentials in `found` and emits a hit for each of their candidates.
/// Returns the texts that remain when the time is over.
pub(super) fn attribute(
    history: &History<'_>,
    trees: Trees,
    found: Vec<Found>,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) -> Vec<Found> {
    let people = People::of(history.objects, history.tips.head);
    let (blobs, messages): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|found| found.kind == Kind::Blob);
    let people = emit::messages(history, people, messages, ledger, hits);
    if blobs.is_empty() {
        return blobs;
    }
    let texts = by_credential(blobs);
    let Some((tally, pruned)) = Tally::of(history, trees, &texts, ledger) else {
        let found = texts.into_iter().map(|(id, text)| Found {
            id,
            kind: Kind::Blob,
            candidates: text.into_candidates(),
        });
        return found.collect();
    };
    emit::places(history, (people, pruned.lookup()), &texts, tally, ledger, hits);
    Vec::new()
}

/// The candidates of each blob.
type Texts = HashMap<ObjectId, ByCredential>;

fn by_credential(found: Vec<Found>) -> Texts {
    found.into_iter().map(|text| (text.id, ByCredential::new(text.candidates))).collect()
}

/// Places by location and credential, limited by memory.
struct Attributions {
    all: BTreeMap<(Where, Cred), Attribution>,
    /// Remaining bytes.
    room: u64,
    /// True if a place did not fit.
    is_full: bool,
}

impl Attributions {
    /// Bytes per place, without its path.
    const SIZE: u64 = 512;

    fn new(memory: &MemoryBudget) -> Self {
        let room = (memory.places() as u64).saturating_mul(2 * Self::SIZE);
        Self { all: BTreeMap::new(), room, is_full: false }
    }

    /// The place of a credential at a path, created if it is new; `None` if it does not fit.
    fn at(&mut self, path: &[u8], cred: Cred) -> Option<&mut Attribution> {
        let size = Self::SIZE + path.len() as u64;
        match self.all.entry((Where::Path(path.to_owned()), cred)) {
            Entry::Occupied(place) => Some(place.into_mut()),
            Entry::Vacant(_) if size > self.room => {
                self.is_full = true;
                None
            }
            Entry::Vacant(place) => {
                self.room -= size;
                Some(place.insert(Attribution::default()))
            }
        }
    }

    /// The place of a credential in a blob without a path. Their number is limited by the number of
    /// findings.
    fn of_blob(&mut self, blob: ObjectId, cred: Cred) -> &mut Attribution {
        self.all.entry((Where::Blob(blob), cred)).or_default()
    }
}

/// Places while they are computed.
struct Tally {
    fingerprints: Vec<Fingerprint>,
    /// Distinct sets of credentials.
    contents: Vec<Vec<Cred>>,
    /// The number of the set of each hit blob.
    of_blob: HashMap<ObjectId, Content>,
    /// Places by location and credential.
    places: Attributions,
    /// Groups of refs whose tips have the same pruned tree.
    groups: Vec<Vec<usize>>,
}

impl Tally {
    /// Returns `None` if the time is over.
    fn of(
        history: &History<'_>,
        trees: Trees,
        texts: &Texts,
        ledger: &Ledger,
    ) -> Option<(Self, Pruned)> {
        let mut tally = Self::number(texts, history.database.memory());
        let graph = history.graph;
        let named = history.tips.refs.iter().filter(|tip| tip.kind == Kind::Tree);
        let roots = graph.trees.iter().copied().chain(named.map(|tip| tip.object));
        let History { objects, threads, stop, .. } = *history;
        let reading = Reading { objects, threads, stop };
        let pruned = Pruned::load(reading, trees, roots, &tally.of_blob, ledger);
        if history.stop.is_set() {
            return None;
        }
        let nodes: Vec<Node> = graph.trees.iter().map(|tree| pruned.node(tree)).collect();
        tally.introductions(graph, &nodes, &pruned);
        tally.removals(graph, &nodes, &pruned);
        if let Some(head) = history.tips.head.and_then(|head| graph.number(&head)) {
            tally.below(&pruned, nodes[head as usize], &mut |place, _| place.at_head = true);
        }
        tally.tips(history, &nodes, &pruned);
        tally.indexes(history, &nodes, &pruned);
        tally.unplaced(history, &pruned);
        tally.lost();
        if tally.places.is_full || pruned.is_truncated() {
            let why = "too many paths lead to credentials, or they are too long; some are not \
                 listed: raise --max-memory";
            ledger.problem("paths", history.prefix, &why);
        }
        Some((tally, pruned))
    }

    /// Assigns numbers to credentials and their sets.
    fn number(texts: &Texts, memory: &MemoryBudget) -> Self {
        let all = texts.values().flat_map(ByCredential::all);
        let mut fingerprints: Vec<Fingerprint> =
            all.map(|(credential, _)| credential.clone()).collect();
        fingerprints.sort();
        fingerprints.dedup();
        let mut numbers = BTreeMap::new();
        let mut contents: Vec<Vec<Cred>> = Vec::new();
        let mut of_blob = HashMap::default();
        for (id, text) in texts {
            let mut creds: Vec<Cred> = text
                .all()
                .iter()
                .filter_map(|(credential, _)| fingerprints.binary_search(credential).ok())
                .map(|cred| Cred::try_from(cred).expect("fewer than 2^32 credentials"))
                .collect();
            creds.sort_unstable();
            creds.dedup();
            let next = Content::try_from(contents.len()).expect("fewer than 2^32 sets");
            let number = *numbers.entry(creds).or_insert_with_key(|creds| {
                contents.push(creds.clone());
                next
            });
            of_blob.insert(*id, number);
        }
        let places = Attributions::new(memory);
        Self { fingerprints, contents, of_blob, places, groups: Vec::new() }
    }

    /// For every place, finds the least of the commits that hold it and have no parent that holds
    /// it.
    ///
    /// Every commit that holds a place has an ancestor that introduced it, and whatever reaches the
    /// commit reaches that ancestor: the refs that hold the introducing commits hold the place.
    fn introductions(&mut self, graph: &Graph, nodes: &[Node], pruned: &Pruned) {
        for (commit, &node) in nodes.iter().enumerate() {
            let number = Number::try_from(commit).expect("numbered by 32 bits");
            let parents = graph.parents(number).iter().map(|&parent| nodes[parent as usize]);
            if node == EMPTY || parents.clone().any(|parent| parent == node) {
                continue;
            }
            let parents: Vec<Node> = parents.collect();
            pruned.differing(node, &parents, &mut |path, content, before| {
                for &cred in missing(&self.contents, content, before) {
                    let Some(place) = self.places.at(path, cred) else { continue };
                    place.held |= graph.held[commit];
                    if place.first.is_none_or(|first| graph.order(number) < graph.order(first)) {
                        place.first = Some(number);
                    }
                }
            });
        }
    }

    /// For every place, finds the greatest ancestor of HEAD that does not have it while a parent has it.
    fn removals(&mut self, graph: &Graph, nodes: &[Node], pruned: &Pruned) {
        for (commit, &node) in nodes.iter().enumerate() {
            let number = Number::try_from(commit).expect("numbered by 32 bits");
            if graph.held[commit] & graph::BY_HEAD == 0 || graph.is_unread(number) {
                continue;
            }
            for &parent in graph.parents(number) {
                pruned.differing(nodes[parent as usize], &[node], &mut |path, content, now| {
                    for &cred in missing(&self.contents, content, now) {
                        let Some(place) = self.places.at(path, cred) else { continue };
                        if place.removed.is_none_or(|last| graph.order(number) > graph.order(last))
                        {
                            place.removed = Some(number);
                        }
                    }
                });
            }
        }
    }

    /// Calls `each` with every place in a tree, created if it is new, and the content of its blob.
    fn below(
        &mut self,
        pruned: &Pruned,
        node: Node,
        each: &mut dyn FnMut(&mut Attribution, Content),
    ) {
        pruned.differing(node, &[], &mut |path, content, _| {
            for &cred in &self.contents[content as usize] {
                if let Some(place) = self.places.at(path, cred) {
                    each(place, content);
                }
            }
        });
    }

    /// Finds the refs that hold each place.
    fn tips(&mut self, history: &History<'_>, nodes: &[Node], pruned: &Pruned) {
        let mut groups: BTreeMap<Node, Vec<usize>> = BTreeMap::new();
        for (index, tip) in history.tips.refs.iter().enumerate() {
            let node = match tip.kind {
                Kind::Tree => pruned.node(&tip.object),
                _ => {
                    history.graph.number(&tip.object).map_or(EMPTY, |commit| nodes[commit as usize])
                }
            };
            if node != EMPTY {
                groups.entry(node).or_default().push(index);
            }
            if tip.kind == Kind::Blob && self.of_blob.contains_key(&tip.object) {
                let group = self.groups.len();
                self.groups.push(vec![index]);
                self.pathless(tip.object, &mut |place| {
                    place.held |= graph::REACHABLE | graph::BY_REF;
                    place.groups.push(group);
                });
            }
        }
        for (node, refs) in groups {
            let tree = refs.iter().any(|&index| history.tips.refs[index].kind == Kind::Tree);
            let group = self.groups.len();
            self.groups.push(refs);
            self.below(pruned, node, &mut |place, _| {
                place.groups.push(group);
                if tree {
                    place.held |= graph::REACHABLE | graph::BY_REF;
                }
            });
        }
    }

    /// Finds places that are staged and not committed.
    fn indexes(&mut self, history: &History<'_>, nodes: &[Node], pruned: &Pruned) {
        for staged in history.staged {
            let Some(&content) = self.of_blob.get(&staged.id) else { continue };
            let head = staged.head.and_then(|head| history.graph.number(&head));
            let head = head.map_or(EMPTY, |commit| nodes[commit as usize]);
            let held = pruned.at(head, &staged.path);
            let before: Vec<Content> = held.into_iter().collect();
            for &cred in missing(&self.contents, content, &before) {
                let Some(place) = self.places.at(&staged.path, cred) else { continue };
                place.staged = true;
                place.blob.get_or_insert(staged.id);
            }
        }
    }

    /// Creates places for blobs that no commit, ref or index names: by a dangling tree, or without
    /// a path.
    fn unplaced(&mut self, history: &History<'_>, pruned: &Pruned) {
        let indexed: HashSet<ObjectId> = history.staged.iter().map(|staged| staged.id).collect();
        let direct: HashSet<ObjectId> = history.tips.refs.iter().map(|tip| tip.object).collect();
        let mut remaining: Vec<ObjectId> = self
            .of_blob
            .keys()
            .filter(|id| {
                !pruned.named.contains(*id) && !indexed.contains(*id) && !direct.contains(*id)
            })
            .copied()
            .collect();
        if remaining.is_empty() {
            return;
        }
        remaining.sort_unstable();
        let mut placed: HashSet<ObjectId> = HashSet::default();
        let mut trees = pruned.lookup();
        for root in &pruned.dangling {
            let (mut named, mut size) = (Vec::new(), 0);
            pruned.differing(pruned.node(root), &[], &mut |path, _, _| {
                size += Attributions::SIZE + path.len() as u64;
                if size > self.places.room {
                    self.places.is_full = true;
                } else {
                    named.push(path.to_owned());
                }
            });
            for path in named {
                let blob = trees.blob_at(root, &path);
                let Some(blob) = blob.filter(|blob| remaining.binary_search(blob).is_ok()) else {
                    continue;
                };
                placed.insert(blob);
                for &cred in &self.contents[self.of_blob[&blob] as usize] {
                    if let Some(place) = self.places.at(&path, cred) {
                        place.blob.get_or_insert(blob);
                    }
                }
            }
        }
        for id in remaining.into_iter().filter(|id| !placed.contains(id)) {
            self.pathless(id, &mut |_| {});
        }
    }

    /// Creates places for a blob without a path.
    fn pathless(&mut self, blob: ObjectId, each: &mut dyn FnMut(&mut Attribution)) {
        let content = self.of_blob[&blob];
        for &cred in &self.contents[content as usize] {
            let place = self.places.of_blob(blob, cred);
            place.blob.get_or_insert(blob);
            each(place);
        }
    }

    /// Creates a place without a path for every credential that has no place yet.
    fn lost(&mut self) {
        let mut blobs: Vec<_> = self.of_blob.iter().map(|(id, content)| (*id, *content)).collect();
        blobs.sort_unstable();
        let mut has_place = vec![false; self.fingerprints.len()];
        self.places.all.keys().for_each(|(_, cred)| has_place[*cred as usize] = true);
        for (blob, content) in blobs {
            for &cred in &self.contents[content as usize] {
                if !std::mem::replace(&mut has_place[cred as usize], true) {
                    self.places.of_blob(blob, cred).blob = Some(blob);
                }
            }
        }
    }
}

/// The credentials of `content` that are in none of `others`.
fn missing<'a>(
    contents: &'a [Vec<Cred>],
    content: Content,
    others: &'a [Content],
) -> impl Iterator<Item = &'a Cred> {
    contents[content as usize].iter().filter(move |cred| {
        !others.iter().any(|&other| contents[other as usize].binary_search(cred).is_ok())
    })
}
