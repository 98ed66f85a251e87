//! Authors and committers for reports.
//!
//! They come from raw commits and the `.mailmap` of HEAD's tree. The work tree's `.mailmap` and
//! configured ones are ignored: they are not part of the history.

use gix::ObjectId;
use gix::date::time::format::ISO8601_STRICT;
use gix::objs::{CommitRef, Kind};

use super::lookup::{blob_at, commit_tree};
use super::objects::Objects;
use crate::finding::Person;

/// Maps names and addresses with the project's own mailmap.
#[derive(Default)]
pub(super) struct People {
    map: gix::mailmap::Snapshot,
}

impl People {
    /// Reads the mailmap in the tree of `head`.
    pub(super) fn of(objects: &Objects, head: Option<ObjectId>) -> Self {
        Self::read(objects, head).unwrap_or_default()
    }

    fn read(objects: &Objects, head: Option<ObjectId>) -> Option<Self> {
        let mut buffer = Vec::new();
        let tree = commit_tree(objects, &head?, &mut buffer)?;
        let id = blob_at(objects, &tree, b".mailmap", &mut buffer)?;
        (objects.find(&id, &mut buffer).ok()?? == Kind::Blob)
            .then(|| Self { map: gix::mailmap::Snapshot::from_bytes(&buffer) })
    }

    /// Author and committer of a raw commit.
    pub(super) fn of_commit(
        &self,
        commit: &[u8],
        hash: gix::hash::Kind,
    ) -> (Option<Person>, Option<Person>) {
        match CommitRef::from_bytes(commit, hash) {
            Ok(commit) => (
                commit.author().ok().map(|author| self.person(author)),
                commit.committer().ok().map(|committer| self.person(committer)),
            ),
            Err(_) => (None, None),
        }
    }

    fn person(&self, signature: gix::actor::SignatureRef<'_>) -> Person {
        let date = signature.time().map(rfc3339).unwrap_or_default();
        let resolved = self.map.resolve_cow(signature);
        Person { name: resolved.name.to_string(), email: resolved.email.to_string(), date }
    }
}

/// Formats a date as RFC 3339, which allows the years 0 to 9999 and offsets of less than a day.
/// Otherwise the date is in UTC, or empty, as in git. A commit may contain any number.
fn rfc3339(time: gix::date::Time) -> String {
    let own = time.format(ISO8601_STRICT);
    let utc = || gix::date::Time { offset: 0, ..time }.format(ISO8601_STRICT);
    let date = own.or_else(|_| utc()).unwrap_or_default();
    // Four digits of a year are followed by a hyphen; other years have a sign or more digits.
    let is_valid = date.as_bytes().get(4) == Some(&b'-') && !date.starts_with(['-', '+']);
    if is_valid { date } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_is_one_of_rfc3339_or_none() {
        let at = |seconds, offset| rfc3339(gix::date::Time { seconds, offset });
        let day = 86_400;
        let table = [
            (0, 0, "1970-01-01T00:00:00+00:00"),
            (1_700_000_000, 7200, "2023-11-15T00:13:20+02:00"),
            (1_700_000_000, -12_600, "2023-11-14T18:43:20-03:30"),
            (-1, 0, "1969-12-31T23:59:59+00:00"),
            (-2_208_988_800, 0, "1900-01-01T00:00:00+00:00"),
            (253_402_207_200, 0, "9999-12-30T22:00:00+00:00"),
            (253_402_300_800, 0, ""),
            (-62_167_219_201, 0, ""),
            (-70_000_000_000, 0, ""),
            (i64::MAX, 0, ""),
            (i64::MIN, 0, ""),
            // No time zone has such an offset.
            (1_700_000_000, 99 * day, "2023-11-14T22:13:20+00:00"),
            (1_700_000_000, -2 * day, "2023-11-14T22:13:20+00:00"),
        ];
        for (seconds, offset, wanted) in table {
            assert_eq!(at(seconds, offset), wanted, "{seconds} {offset}");
        }
        for power in 0..63 {
            for seconds in [1_i64 << power, -(1_i64 << power)] {
                let date = at(seconds, 3600);
                let parsed = date.parse::<jiff::Timestamp>();
                assert!(date.is_empty() || date.len() == 25 && parsed.is_ok(), "{seconds}: {date}");
            }
        }
    }
}
