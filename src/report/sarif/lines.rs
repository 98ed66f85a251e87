//! GitHub's identity of an alert: the hash of its line, with a counter.

use std::collections::HashMap;

use crate::finding::Fingerprint;
use crate::report::item::ResultItem;

/// Weight of the position on a line in the counter; no file repeats a line that often.
const PLACE_ON_LINE: u64 = 100_000;

/// A file's line, by its hash.
type Line<'a> = (Option<&'a str>, Option<&'a [u8]>, (u64, u32));

/// Lines with several findings.
pub(super) struct Lines<'a>(HashMap<Line<'a>, Vec<&'a Fingerprint>>);

impl<'a> Lines<'a> {
    /// Counts all results, those beyond the limit included, so that the limit changes no identity.
    pub(super) fn new(items: &[ResultItem<'a>]) -> Self {
        let mut lines: HashMap<Line<'a>, Vec<_>> = HashMap::new();
        for item in items {
            if let Some(line) = line(item) {
                let column = item.spot().primary().map(|region| region.start);
                lines.entry(line).or_default().push((column, &item.finding.fingerprint));
            }
        }
        lines.retain(|_, found| found.len() > 1);
        let ordered = lines.into_iter().map(|(line, mut found)| {
            found.sort();
            (line, found.into_iter().map(|(_, fingerprint)| fingerprint).collect())
        });
        Self(ordered.collect())
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
        let place = neighbours.and_then(|all| all.iter().position(|&other| other == fingerprint));
        let plain = crate::line_hash::format(hash, count);
        match place.unwrap_or_default() {
            0 => plain,
            place => format!("{plain}{:05}", place as u64 % PLACE_ON_LINE + 1),
        }
    }
}

/// The line by which GitHub would track a result; `None` unless it is in a file of the checkout.
fn line<'a>(item: &ResultItem<'a>) -> Option<Line<'a>> {
    let place = item.place();
    let plain = place.origin.stands() && place.origin.inside.is_empty();
    let hash = item.spot().line_hash.filter(|_| plain)?;
    Some((place.origin.target.as_deref(), place.origin.path.as_deref(), hash))
}
