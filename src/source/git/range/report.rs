//! Creates the hits of a range, each with its commit.

use gix::ObjectId;
use gix::objs::Kind;

use super::super::changes::Change;
use super::super::lookup::{blob_at, commit_tree};
use super::super::markers;
use super::super::objects::Objects;
use super::super::people::People;
use super::super::spots;
use super::super::texts::Texts;
use super::Step;
use super::ends::Update;
use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, Fingerprint, GitObject, GitOrigin, HeldBy, Origin, Person, Spot};
use crate::scan::{Detected, Detector, Hit};
use crate::source::guard::guarded;
use crate::source::names::Names;

/// State that the hits of one run share.
pub(super) struct Report<'a> {
    objects: &'a Objects,
    updates: &'a [Update],
    texts: &'a Texts,
    before: &'a Texts,
    ledger: &'a Ledger,
    people: People,
}

impl<'a> Report<'a> {
    /// Creates a report on scanned blobs. The `.mailmap` is that of the first tip.
    pub(super) fn new(
        objects: &'a Objects,
        updates: &'a [Update],
        texts: &'a Texts,
        before: &'a Texts,
        ledger: &'a Ledger,
    ) -> Self {
        let people = People::of(objects, updates.first().map(|update| update.tip.object));
        Self { objects, updates, texts, before, ledger, people }
    }

    /// Reports each credential that a commit's file contains and no parent's does, and those of its
    /// message.
    pub(super) fn steps<D: Detector>(
        &self,
        steps: &[Step],
        detector: &D,
        hits: &(dyn Fn(Hit) + Sync),
    ) {
        let mut buffer = Vec::new();
        for Step { commit, changes } in steps {
            let Ok(Some(Kind::Commit)) = self.objects.find(&commit.id, &mut buffer) else {
                continue;
            };
            let persons = self.people.of_commit(&buffer, self.objects.hash());
            for candidate in self.detect(detector, &commit.id, &buffer).candidates {
                let mut git = self.origin(GitObject::Commit, Some(commit.id), commit.id, &persons);
                git.refs = self.names(|update| update.tip.object == commit.id);
                hits(Hit { origin: Origin { git: Some(git), ..Origin::default() }, candidate });
            }
            let mut names = Names::default();
            for change in changes {
                let named = names.search(detector, &change.path, self.ledger);
                self.change(change, named, commit.id, &persons, hits);
            }
        }
    }

    fn change(
        &self,
        change: &Change,
        named: Vec<(Vec<u8>, Candidate)>,
        commit: ObjectId,
        persons: &(Option<Person>, Option<Person>),
        hits: &(dyn Fn(Hit) + Sync),
    ) {
        // A name that a parent has is not new.
        for (path, candidate) in named.into_iter().filter(|_| change.before.is_empty()) {
            let mut git = self.origin(GitObject::Blob, Some(commit), change.blob, persons);
            let holds = |update: &Update| self.blob_of_tip(update, &change.path).is_some();
            git.at_head = self.updates.iter().any(holds);
            git.refs = self.names(holds);
            let origin = Origin { path: Some(path), git: Some(git), ..Origin::default() };
            hits(Hit { origin, candidate });
        }
        for (credential, candidate) in self.texts.of(&change.blob).all() {
            if change.before.iter().any(|blob| self.before.holds(blob, credential)) {
                continue;
            }
            let mut git = self.origin(GitObject::Blob, Some(commit), change.blob, persons);
            let holds = |update: &Update| self.tip_holds(update, &change.path, credential);
            git.at_head = self.updates.iter().any(holds);
            git.refs = self.names(holds);
            let path = Some(change.path.clone());
            let origin = Origin { path, git: Some(git), ..Origin::default() };
            let mut candidate = candidate.clone();
            candidate.sighting.shown = self.shown(change, &candidate, credential).map(Box::new);
            candidate.sighting.marker = self.marker(change, &candidate, credential);
            hits(Hit { origin, candidate });
        }
    }

    /// The location that a code host shows for an added credential: in the file at the range's end,
    /// and of a pair only the new half.
    fn shown(
        &self,
        change: &Change,
        candidate: &Candidate,
        credential: &Fingerprint,
    ) -> Option<Spot> {
        let tips = self.updates.iter().filter_map(|update| self.blob_of_tip(update, &change.path));
        let last = tips.filter(|blob| *blob != change.blob).find_map(|blob| {
            // The nth place of a credential in one version corresponds to the nth in the other.
            let nth = self.nth(change, candidate, credential);
            Some((blob, spots::in_version(self.places(&blob, credential), nth)?))
        });
        let before = change.before.iter().flat_map(|blob| self.before.of(blob).all());
        if !spots::adds_secret_alone(candidate, before.map(|(_, one)| one)) {
            return last.map(|(_, spot)| spot);
        }
        let (blob, spot) = last.unwrap_or_else(|| (change.blob, candidate.sighting.spot()));
        Some(spots::at_secret(self.objects, &blob, &spot))
    }

    /// Number of places of its credential before a candidate in its file.
    fn nth(&self, change: &Change, candidate: &Candidate, credential: &Fingerprint) -> usize {
        let place = candidate.sighting.primary();
        let same = self.texts.of(&change.blob).of(credential);
        same.filter(|one| one.sighting.primary() < place).count()
    }

    /// The places of a credential in a blob of the range or of its parents.
    fn places<'s>(
        &'s self,
        blob: &ObjectId,
        credential: &Fingerprint,
    ) -> impl Iterator<Item = &'s Candidate> {
        self.texts.of(blob).of(credential).chain(self.before.of(blob).of(credential))
    }

    /// The marker of a place: tips that still contain the credential there decide.
    fn marker(
        &self,
        change: &Change,
        candidate: &Candidate,
        credential: &Fingerprint,
    ) -> Option<&'static str> {
        let own = candidate.sighting.marker;
        let tips = self.updates.iter().filter_map(|update| self.blob_of_tip(update, &change.path));
        let blobs = tips.filter(|blob| self.holds(blob, credential));
        let mut markers = blobs.map(|blob| match blob == change.blob {
            true => own,
            false => markers::of(self.places(&blob, credential)),
        });
        let first = markers.next().unwrap_or(own);
        first.filter(|_| markers.all(|marker| marker.is_some()))
    }

    /// Reports the messages of the annotated tags at the tips.
    pub(super) fn tags<D: Detector>(&self, detector: &D, hits: &(dyn Fn(Hit) + Sync)) {
        let mut buffer = Vec::new();
        let mut tags: Vec<ObjectId> =
            self.updates.iter().flat_map(|update| update.tip.tags.iter().copied()).collect();
        tags.sort_unstable();
        tags.dedup();
        for tag in tags {
            if !self.objects.expect(&tag, Kind::Tag, "the push", &mut buffer, self.ledger) {
                continue;
            }
            for candidate in self.detect(detector, &tag, &buffer).candidates {
                let mut git = self.origin(GitObject::Tag, None, tag, &(None, None));
                git.refs = self.names(|update| update.tip.tags.contains(&tag));
                hits(Hit { origin: Origin { git: Some(git), ..Origin::default() }, candidate });
            }
        }
    }

    /// Reports refs and tags that name a tree or a blob, which belongs to no commit.
    pub(super) fn bare(&self, changes: &[Change], hits: &(dyn Fn(Hit) + Sync)) {
        let blobs = self.updates.iter().filter(|update| update.tip.kind == Kind::Blob);
        let pathless = blobs.map(|update| (None, update.tip.object));
        let named = changes.iter().map(|change| (Some(change.path.clone()), change.blob));
        for (path, blob) in pathless.chain(named) {
            for (_, candidate) in self.texts.of(&blob).all() {
                let git = self.origin(GitObject::Blob, None, blob, &(None, None));
                let origin = Origin { path: path.clone(), git: Some(git), ..Origin::default() };
                hits(Hit { origin, candidate: candidate.clone() });
            }
        }
    }

    fn detect<D: Detector>(
        &self,
        detector: &D,
        id: &ObjectId,
        bytes: &[u8],
    ) -> Detected<D::BaseState> {
        let name = || id.to_hex().to_string().into_bytes();
        let detected = guarded("object", &name, self.ledger, || detector.whole(bytes));
        let detected = detected.unwrap_or_default();
        self.ledger.add(Count::Objects, 1);
        self.ledger.add(Count::Bytes, bytes.len() as u64);
        detected.note(self.ledger, "object", &|| b"a commit, a message or a ref".to_vec());
        detected
    }

    /// True if the new end of the update contains the credential at that path.
    fn tip_holds(&self, update: &Update, path: &[u8], credential: &Fingerprint) -> bool {
        self.blob_of_tip(update, path).is_some_and(|blob| self.holds(&blob, credential))
    }

    fn holds(&self, blob: &ObjectId, credential: &Fingerprint) -> bool {
        self.texts.holds(blob, credential) || self.before.holds(blob, credential)
    }

    /// The blob at that path in the new end of the update.
    fn blob_of_tip(&self, update: &Update, path: &[u8]) -> Option<ObjectId> {
        let mut buffer = Vec::new();
        let tree = commit_tree(self.objects, &update.tip.object, &mut buffer)?;
        blob_at(self.objects, &tree, path, &mut buffer)
    }

    fn names(&self, holds: impl Fn(&Update) -> bool) -> Vec<String> {
        let named = self.updates.iter().filter(|update| !update.tip.name.is_empty());
        let mut names: Vec<String> =
            named.filter(|update| holds(update)).map(|update| update.tip.shown()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn origin(
        &self,
        object: GitObject,
        commit: Option<ObjectId>,
        id: ObjectId,
        persons: &(Option<Person>, Option<Person>),
    ) -> GitOrigin {
        GitOrigin {
            commit: commit.map(|commit| commit.to_string()),
            blob: Some(id.to_string()),
            object,
            author: persons.0.clone(),
            committer: persons.1.clone(),
            reachable: true,
            held_by: vec![HeldBy::Ref],
            at_head: false,
            removed_in: None,
            removed_by: None,
            refs: Vec::new(),
        }
    }
}
