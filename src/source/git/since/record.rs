//! The record of what was read of an object database, for a later sweep.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::coverage::{Coverage, Problem};

/// The objects of a database that a sweep has read.
///
/// Paths are digests here: only their equality is of interest, and a path may contain a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectsRead {
    /// A digest of the path of its folder.
    pub(super) database: String,
    /// A digest of the names of the Git LFS objects: they decide which pointers lead nowhere.
    pub(super) lfs: String,
    /// A digest of each pack: its path, its size, its number of objects and its checksum.
    pub(super) packs: Vec<String>,
    /// A pack is thin: it has a delta whose base is not in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) thin: bool,
    /// The loose objects: each id with the size of its file, in base64.
    pub(super) loose: String,
    /// The ids of the objects that contain something, in base64.
    pub(super) holding: String,
    pub(super) in_packs: Coverage,
    /// The coverage of the loose objects.
    pub(super) in_loose: Coverage,
}

impl ObjectsRead {
    /// The problems of reading it.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.in_packs.problems.iter().chain(&self.in_loose.problems)
    }

    /// The number of its containers that a limit of the user's left out, wholly or in part.
    pub fn unopened(&self) -> u64 {
        self.in_packs.left_out.unopened + self.in_loose.left_out.unopened
    }

    /// Applies `hide` to all texts, to remove what may not be shown.
    pub fn redact(&mut self, hide: &dyn Fn(&mut String)) {
        self.in_packs.redact(hide);
        self.in_loose.redact(hide);
    }
}

/// A list of ids as a text.
pub(super) fn of_ids<'i>(ids: impl IntoIterator<Item = &'i ObjectId>) -> String {
    let bytes: Vec<u8> = ids.into_iter().flat_map(ObjectId::as_slice).copied().collect();
    BASE64.encode(bytes)
}

/// The ids of a text, sorted; `None` if it is not such a list.
pub(super) fn ids(text: &str, hash: gix::hash::Kind) -> Option<Vec<ObjectId>> {
    let bytes = BASE64.decode(text).ok()?;
    let mut ids = Vec::with_capacity(bytes.len() / hash.len_in_bytes());
    for id in bytes.chunks(hash.len_in_bytes()) {
        ids.push(ObjectId::try_from(id).ok()?);
    }
    ids.sort_unstable();
    Some(ids)
}

/// A loose object with the size of its file.
pub(super) type LooseFile = (ObjectId, u64);

/// A list of loose objects as a text.
pub(super) fn of_loose(files: &[LooseFile]) -> String {
    let mut bytes = Vec::new();
    for (id, size) in files {
        bytes.extend_from_slice(id.as_slice());
        bytes.extend_from_slice(&size.to_le_bytes());
    }
    BASE64.encode(bytes)
}

/// The loose objects of a text, sorted; `None` if it is not such a list.
pub(super) fn loose(text: &str, hash: gix::hash::Kind) -> Option<Vec<LooseFile>> {
    let bytes = BASE64.decode(text).ok()?;
    let mut files = Vec::new();
    for file in bytes.chunks(hash.len_in_bytes() + size_of::<u64>()) {
        let (id, size) = file.split_at_checked(hash.len_in_bytes())?;
        files.push((ObjectId::try_from(id).ok()?, u64::from_le_bytes(size.try_into().ok()?)));
    }
    files.sort_unstable();
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_were_written_and_others_are_refused() {
        for hash in [gix::hash::Kind::Sha1, gix::hash::Kind::Sha256] {
            let id = |byte: u8| {
                ObjectId::try_from(vec![byte; hash.len_in_bytes()].as_slice()).expect("an id")
            };
            for count in [0, 1, 3] {
                let all: Vec<ObjectId> = (0..count).map(id).collect();
                assert_eq!(ids(&of_ids(&all), hash), Some(all.clone()));
                let files: Vec<LooseFile> = all.into_iter().zip(7..).collect();
                assert_eq!(loose(&of_loose(&files), hash), Some(files));
            }
            for text in ["AAAA", "?", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
                assert_eq!((ids(text, hash), loose(text, hash)), (None, None), "{text}");
            }
        }
    }
}
