//! Artifacts of the log: files with members, and the members (§3.24.3).
//!
//! Only artifacts with results are listed. A nested artifact's URI is relative to its container. A
//! result itself points at the outermost file, because services show nothing else.

use std::collections::HashMap;

use super::model::{Artifact, ArtifactLocation, BASE};
use crate::finding::Origin;
use crate::report::item::uri;
use crate::report::uri::Uri;

/// The artifacts of all results.
#[derive(Default)]
pub(super) struct Artifacts {
    list: Vec<Artifact>,
    /// Indexes by the container's index and the name in it; a file by its own URI.
    known: HashMap<(Option<usize>, Uri), usize>,
}

impl Artifacts {
    pub(super) fn list(&self) -> &[Artifact] {
        &self.list
    }

    /// The location of a member; `None` for a file.
    pub(super) fn of(&self, origin: &Origin) -> Option<ArtifactLocation> {
        let mut parent = None;
        for uri in uris(origin) {
            parent = Some(*self.known.get(&(parent, uri))?);
        }
        let index = parent.filter(|_| !origin.inside.is_empty())?;
        Some(self.list[index].location.clone_at(index))
    }

    /// Adds those of a result; results are added in their order.
    pub(super) fn add(&mut self, origin: &Origin) {
        if origin.inside.is_empty() {
            return;
        }
        let mut parent = None;
        for uri in uris(origin) {
            let next = self.list.len();
            let list = &mut self.list;
            let index = *self.known.entry((parent, uri)).or_insert_with_key(|(parent, uri)| {
                let base = parent.is_none().then_some(BASE);
                let location =
                    ArtifactLocation { uri: uri.clone(), uri_base_id: base, index: None };
                list.push(Artifact { location, parent_index: *parent });
                next
            });
            parent = Some(index);
        }
    }
}

/// The file, then each nested member.
fn uris(origin: &Origin) -> impl Iterator<Item = Uri> {
    let members = origin.inside.iter().skip(1);
    std::iter::once(uri(origin)).chain(members.map(|name| Uri::from_path(name.as_bytes())))
}
