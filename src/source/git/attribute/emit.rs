//! Places turned into hits: the blob of each, its people, its names.

use gix::ObjectId;
use gix::hashtable::HashMap;
use gix::objs::Kind;

use super::super::database::Found;
use super::super::graph::{BY_REF, BY_REFLOG, BY_STASH, REACHABLE};
use super::super::markers;
use super::super::people::{self, People};
use super::super::spots;
use super::{History, Place, Tally, Where};
use crate::finding::{Candidate, GitObject, GitOrigin, HeldBy, Origin, Person};
use crate::scan::Hit;

/// Gives the candidates of every place.
pub(super) fn places(
    history: &History<'_>,
    people: &People,
    texts: &HashMap<ObjectId, Found>,
    tally: Tally,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let mut buffer = Vec::new();
    for ((at, cred), place) in tally.places {
        let commit = place.first.map(|number| history.graph.ids[number as usize]);
        let blob = blob_of(history, &tally.groups, &place, &at, &mut buffer);
        // A commit that removed what no readable commit introduced leaves nothing to show.
        let Some(found) = blob.and_then(|blob| texts.get(&blob)) else { continue };
        let git = origin(history, people, &tally.groups, &place, found.id, commit);
        let fingerprint = &tally.fingerprints[cred as usize];
        let same = |one: &&Candidate| one.credential.fingerprint() == *fingerprint;
        let now = at_head(history, &place, &at, &mut buffer).filter(|now| *now != found.id);
        let now = now.and_then(|now| texts.get(&now));
        for (nth, candidate) in found.candidates.iter().filter(same).enumerate() {
            let path = match &at {
                Where::Path(path) => Some([history.prefix, path.as_slice()].concat()),
                Where::Blob(_) => None,
            };
            let origin = Origin { path, git: Some(git.clone()), ..Origin::default() };
            let mut candidate = candidate.clone();
            let shown = now.and_then(|now| spots::in_version(&now.candidates, fingerprint, nth));
            candidate.sighting.shown = shown.map(Box::new);
            if let Some(now) = now {
                candidate.sighting.marker = markers::of(&now.candidates, fingerprint);
            }
            hits(Hit { origin, candidate });
        }
    }
}

/// The blob that HEAD has at a place, if it holds the credential.
fn at_head(
    history: &History<'_>,
    place: &Place,
    at: &Where,
    buffer: &mut Vec<u8>,
) -> Option<ObjectId> {
    let head = history.tips.head.filter(|_| place.at_head)?;
    let number = history.graph.number(&head)?;
    match at {
        Where::Path(path) => {
            people::blob_at(history.objects, &history.graph.trees[number as usize], path, buffer)
        }
        Where::Blob(_) => None,
    }
}

/// The blob at a place: that of the introducing commit, or else of whatever has it there.
fn blob_of(
    history: &History<'_>,
    groups: &[Vec<usize>],
    place: &Place,
    at: &Where,
    buffer: &mut Vec<u8>,
) -> Option<ObjectId> {
    let (Where::Path(path), None) = (at, place.blob.filter(|_| place.first.is_none())) else {
        return place.blob;
    };
    let tree = match place.first {
        Some(number) => history.graph.trees[number as usize],
        None => {
            let mut tips = place.groups.iter().flat_map(|&group| &groups[group]);
            let tree = tips.find(|&&tip| history.tips.refs[tip].kind == Kind::Tree)?;
            history.tips.refs[*tree].object
        }
    };
    people::blob_at(history.objects, &tree, path, buffer)
}

/// Gives the candidates of a commit or an annotated tag.
pub(super) fn message(
    history: &History<'_>,
    people: &People,
    found: Found,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let tips = &history.tips.refs;
    let is_commit = found.kind == Kind::Commit;
    let holding: Vec<usize> = (0..tips.len())
        .filter(|&tip| {
            tips[tip].tags.contains(&found.id) || (is_commit && tips[tip].object == found.id)
        })
        .collect();
    let number = history.graph.number(&found.id).filter(|_| is_commit);
    let mut held = number.map_or(0, |number| history.graph.held[number as usize]);
    if !is_commit && !holding.is_empty() {
        held |= BY_REF | REACHABLE;
    }
    let commit = is_commit.then_some(found.id);
    let place = Place { held, groups: vec![0], ..Place::default() };
    let mut git = origin(history, people, &[holding], &place, found.id, commit);
    git.object = if is_commit { GitObject::Commit } else { GitObject::Tag };
    git.at_head = is_commit && history.tips.head == Some(found.id);
    for candidate in found.candidates {
        hits(Hit { origin: Origin { git: Some(git.clone()), ..Origin::default() }, candidate });
    }
}

fn origin(
    history: &History<'_>,
    people: &People,
    groups: &[Vec<usize>],
    place: &Place,
    object: ObjectId,
    commit: Option<ObjectId>,
) -> GitOrigin {
    let (author, committer) =
        commit.map_or((None, None), |commit| persons(history, people, commit));
    let mut refs: Vec<String> = place
        .groups
        .iter()
        .flat_map(|&group| &groups[group])
        .map(|&tip| history.tips.refs[tip].shown())
        .collect();
    refs.sort_unstable();
    refs.dedup();
    GitOrigin {
        commit: commit.map(|commit| commit.to_string()),
        blob: Some(object.to_string()),
        object: GitObject::Blob,
        author,
        committer,
        reachable: place.held & REACHABLE != 0,
        held_by: holders(place),
        at_head: place.at_head,
        removed_in: place.removed.map(|number| history.graph.ids[number as usize].to_string()),
        refs,
    }
}

fn holders(place: &Place) -> Vec<HeldBy> {
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

fn persons(
    history: &History<'_>,
    people: &People,
    commit: ObjectId,
) -> (Option<Person>, Option<Person>) {
    let mut buffer = Vec::new();
    match history.objects.find(&commit, &mut buffer) {
        Ok(Some(Kind::Commit)) => people.of_commit(&buffer, history.objects.hash()),
        _ => (None, None),
    }
}
