//! GitHub's identity of an alert: the hash of its line, with a counter.

use std::collections::HashMap;

use crate::finding::Fingerprint;
use crate::location::Position;
use crate::report::item::ResultItem;

/// Weight of the position on a line in the counter; no file repeats a line that often.
const PLACE_ON_LINE: u64 = 100_000;

/// A file's line, by its hash.
type Line = (Option<String>, Option<Vec<u8>>, (u64, u32));

/// The findings of lines, by column.
#[derive(Default)]
pub(super) struct Lines<'a>(HashMap<Line, Vec<(Option<Position>, &'a Fingerprint)>>);

impl<'a> Lines<'a> {
    /// Makes the line of a result known. Only known lines are counted.
    pub(super) fn know(&mut self, item: &ResultItem<'a>) {
        self.0.extend(line(item).map(|line| (line, Vec::new())));
    }

    /// Counts a result, also one beyond the limit, so that the limit changes no identity.
    pub(super) fn count(&mut self, item: &ResultItem<'a>) {
        if let Some(found) = line(item).and_then(|line| self.0.get_mut(&line)) {
            let column = item.spot().primary().map(|region| region.start);
            let found_here = (column, &item.finding.fingerprint);
            let at = found.partition_point(|other| *other <= found_here);
            found.insert(at, found_here);
        }
    }

    /// The value of `primaryLocationLineHash`.
    ///
    /// For a file in the checkout it equals the value that GitHub's own action computes, so that
    /// the action prints no warning. A second finding on a line has another counter, or GitHub
    /// would merge the two. For a location outside of the checkout it is a hash of the value.
    pub(super) fn hash(&self, item: &ResultItem<'_>) -> String {
        let fingerprint = &item.finding.fingerprint;
        let Some(line) = line(item) else {
            return format!("{}:1", &fingerprint.as_str()[..16]);
        };
        let (hash, count) = line.2;
        let neighbours = self.0.get(&line);
        let is_same = |other: &(Option<Position>, &Fingerprint)| other.1 == fingerprint;
        let place = neighbours.and_then(|all| all.iter().position(is_same));
        let plain = crate::line_hash::format(hash, count);
        match place.unwrap_or_default() {
            0 => plain,
            place => format!("{plain}{:05}", place as u64 % PLACE_ON_LINE + 1),
        }
    }
}

/// The line by which GitHub would track a result; `None` unless it is in a file of the checkout.
fn line(item: &ResultItem<'_>) -> Option<Line> {
    let place = item.place();
    let plain = place.origin.is_present() && place.origin.inside.is_empty();
    let hash = item.spot().line_hash.filter(|_| plain)?;
    Some((place.origin.target.clone(), place.origin.path.clone(), hash))
}
