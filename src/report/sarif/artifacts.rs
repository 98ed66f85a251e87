//! Artifacts of the log: files with members, and the members (§3.24.3).
//!
//! Only artifacts with results are listed. A nested artifact's URI is relative to its container. A
//! result itself points at the outermost file, because services show nothing else.

use std::collections::HashMap;

use serde::Serialize;

use super::model::ArtifactLocation;
use super::places::BASE;
use crate::finding::Origin;
use crate::report::item::{ResultItem, uri};
use crate::report::uri::Uri;

/// §3.24.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_index: Option<usize>,
}

#[derive(Default)]
pub(super) struct Artifacts {
    list: Vec<Artifact>,
    /// Indexes by the container's index and the name in it; a file by its own URI.
    known: HashMap<(Option<usize>, Uri), usize>,
}

impl Artifacts {
    /// Those of the results, in their order.
    pub(super) fn new(items: &[ResultItem<'_>]) -> Self {
        let mut artifacts = Self::default();
        for item in items {
            artifacts.add(&item.place().origin);
        }
        artifacts
    }

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

    fn add(&mut self, origin: &Origin) {
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
