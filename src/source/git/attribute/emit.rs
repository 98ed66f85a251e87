//! Turns places into hits with a blob, people and ref names.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::Kind;

use super::super::database::Found;
use super::super::edges::Lookup;
use super::super::graph::{BY_REF, BY_REFLOG, BY_STASH, REACHABLE};
use super::super::markers;
use super::super::people::People;
use super::super::spots;
use super::{Attribution, History, Tally, Texts, Where};
use crate::coverage::Ledger;
use crate::finding::{GitObject, GitOrigin, HeldBy, Origin, Person};
use crate::scan::Hit;

/// Number of ref names per place once the total limit is reached.
const FEW: usize = 16;

/// Emits the candidates of every place.
pub(super) fn places(
    history: &History<'_>,
    (people, trees): (People, Lookup<'_>),
    texts: &Texts,
    tally: Tally,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut emitter = Emitter::new(history, people, Some(trees));
    for ((at, cred), place) in tally.places.all {
        let commit = place.first.map(|number| history.graph.ids[number as usize]);
        let blob = emitter.blob_of(&tally.groups, &place, &at);
        // If only the removing commit is known and no readable commit introduced it, there is no
        // blob to show.
        let Some((id, text)) = blob.and_then(|blob| Some((blob, texts.get(&blob)?))) else {
            continue;
        };
        let git = emitter.origin(&tally.groups, &place, id, commit);
        let fingerprint = &tally.fingerprints[cred as usize];
        let now = emitter.at_head(&place, &at).filter(|now| *now != id);
        let now = now.and_then(|now| texts.get(&now));
        for (nth, candidate) in text.of(fingerprint).enumerate() {
            let path = match &at {
                Where::Path(path) => Some([history.prefix, path.as_slice()].concat()),
                Where::Blob(_) => None,
            };
            let origin = Origin { path, git: Some(git.clone()), ..Origin::default() };
            let mut candidate = candidate.clone();
            let shown = now.and_then(|now| spots::in_version(now.of(fingerprint), nth));
            candidate.sighting.shown = shown.map(Box::new);
            if let Some(now) = now {
                candidate.sighting.marker = markers::of(now.of(fingerprint));
            }
            hits(Hit { origin, candidate });
        }
    }
    emitter.report(ledger);
}

/// Emits the candidates in commits and annotated tags.
pub(super) fn messages(
    history: &History<'_>,
    people: People,
    messages: Vec<Found>,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) -> People {
    let mut named: HashMap<ObjectId, Vec<usize>> = HashMap::new();
    for (at, tip) in history.tips.refs.iter().enumerate() {
        for id in tip.tags.iter().chain((tip.kind == Kind::Commit).then_some(&tip.object)) {
            named.entry(*id).or_default().push(at);
        }
    }
    let mut emitter = Emitter::new(history, people, None);
    for found in messages {
        let holding = named.get(&found.id).cloned().unwrap_or_default();
        let git = emitter.of_message(&found, holding);
        for candidate in found.candidates {
            hits(Hit { origin: Origin::of_git(git.clone()), candidate });
        }
    }
    emitter.report(ledger);
    emitter.people
}

/// Author and committer.
type Persons = (Option<Person>, Option<Person>);

/// State that is reused from place to place.
struct Emitter<'a> {
    history: &'a History<'a>,
    people: People,
    /// The trees; messages need none.
    trees: Option<Lookup<'a>>,
    /// The last commit that was read, and its people: neighbouring places often share it.
    last: Option<(ObjectId, Persons)>,
    /// The same of the last commit that removed a place.
    last_removal: Option<(ObjectId, Persons)>,
    /// Remaining number of ref names.
    names: usize,
    is_truncated: bool,
}

impl<'a> Emitter<'a> {
    fn new(history: &'a History<'a>, people: People, trees: Option<Lookup<'a>>) -> Self {
        let names = history.database.memory().places().saturating_mul(8);
        Self { history, people, trees, last: None, last_removal: None, names, is_truncated: false }
    }

    fn report(&self, ledger: &Ledger) {
        if self.is_truncated {
            let why = "too many refs hold credentials; some are not listed: raise --max-memory";
            ledger.problem("refs", self.history.prefix, &why);
        }
    }

    /// The blob of HEAD at a place, if it contains the credential.
    fn at_head(&mut self, place: &Attribution, at: &Where) -> Option<ObjectId> {
        let graph = self.history.graph;
        let head = self.history.tips.head.filter(|_| place.at_head)?;
        let number = graph.number(&head)?;
        match at {
            Where::Path(path) => self.trees.as_mut()?.blob_at(&graph.trees[number as usize], path),
            Where::Blob(_) => None,
        }
    }

    /// The blob of a place: from the introducing commit, otherwise from anything that has it there.
    fn blob_of(
        &mut self,
        groups: &[Vec<usize>],
        place: &Attribution,
        at: &Where,
    ) -> Option<ObjectId> {
        let (Where::Path(path), None) = (at, place.blob.filter(|_| place.first.is_none())) else {
            return place.blob;
        };
        let refs = &self.history.tips.refs;
        let tree = match place.first {
            Some(number) => self.history.graph.trees[number as usize],
            None => {
                let mut tips = place.groups.iter().flat_map(|&group| &groups[group]);
                refs[*tips.find(|&&tip| refs[tip].kind == Kind::Tree)?].object
            }
        };
        self.trees.as_mut()?.blob_at(&tree, path)
    }

    /// The origin of a commit or an annotated tag; `holding` has the tips that name it.
    fn of_message(&mut self, found: &Found, holding: Vec<usize>) -> GitOrigin {
        let graph = self.history.graph;
        let is_commit = found.kind == Kind::Commit;
        let number = graph.number(&found.id).filter(|_| is_commit);
        let mut held = number.map_or(0, |number| graph.held[number as usize]);
        if !is_commit && !holding.is_empty() {
            held |= BY_REF | REACHABLE;
        }
        let commit = is_commit.then_some(found.id);
        let place = Attribution { held, groups: vec![0], ..Attribution::default() };
        let mut git = self.origin(&[holding], &place, found.id, commit);
        git.object = if is_commit { GitObject::Commit } else { GitObject::Tag };
        git.at_head = is_commit && self.history.tips.head == Some(found.id);
        git
    }

    fn origin(
        &mut self,
        groups: &[Vec<usize>],
        place: &Attribution,
        object: ObjectId,
        commit: Option<ObjectId>,
    ) -> GitOrigin {
        let (author, committer) = commit.map_or((None, None), |commit| self.persons(commit));
        let removed = place.removed.map(|number| self.history.graph.ids[number as usize]);
        GitOrigin {
            commit: commit.map(|commit| commit.to_string()),
            blob: Some(object.to_string()),
            object: GitObject::Blob,
            author,
            committer,
            reachable: place.held & REACHABLE != 0,
            held_by: holders(place),
            at_head: place.at_head,
            removed_in: removed.map(|commit| commit.to_string()),
            removed_by: removed.and_then(|commit| self.remover(commit)),
            refs: self.refs(groups, place),
        }
    }

    /// The names of the refs that hold a place, within the limit.
    fn refs(&mut self, groups: &[Vec<usize>], place: &Attribution) -> Vec<String> {
        let tips = || place.groups.iter().flat_map(|&group| &groups[group]);
        let count = tips().count();
        let room = if count <= self.names { count } else { FEW };
        self.is_truncated |= room < count;
        self.names = self.names.saturating_sub(room);
        let mut refs: Vec<String> =
            tips().take(room).map(|&tip| self.history.tips.refs[tip].shown()).collect();
        refs.sort_unstable();
        refs.dedup();
        refs
    }

    fn persons(&mut self, commit: ObjectId) -> Persons {
        if let Some((_, persons)) = self.last.as_ref().filter(|(last, _)| *last == commit) {
            return persons.clone();
        }
        let persons = self.read_persons(commit);
        self.last = Some((commit, persons.clone()));
        persons
    }

    /// The author of a commit that removed a place.
    fn remover(&mut self, commit: ObjectId) -> Option<Person> {
        let known = self.last_removal.as_ref().filter(|(last, _)| *last == commit);
        if let Some((_, (author, _))) = known {
            return author.clone();
        }
        let persons = self.read_persons(commit);
        let author = persons.0.clone();
        self.last_removal = Some((commit, persons));
        author
    }

    fn read_persons(&mut self, commit: ObjectId) -> Persons {
        let mut buffer = Vec::new();
        let objects = self.history.objects;
        match objects.find(&commit, &mut buffer) {
            Ok(Some(Kind::Commit)) => self.people.of_commit(&buffer, objects.hash()),
            _ => (None, None),
        }
    }
}

fn holders(place: &Attribution) -> Vec<HeldBy> {
    [
        (place.held & BY_REF != 0, HeldBy::Ref),
        (place.held & BY_REFLOG != 0, HeldBy::Reflog),
        (place.held & BY_STASH != 0, HeldBy::Stash),
        (place.staged, HeldBy::Index),
    ]
    .into_iter()
    .filter_map(|(holds, holder)| holds.then_some(holder))
    .collect()
}
