//! What becomes one result: a finding and a path of the work tree that holds it, or a finding
//! that is only in history.

use std::collections::HashMap;

use super::uri::Uri;
use crate::finding::{Finding, Fingerprint, GitObject, Occurrence, Origin, Status, Suppression};
use crate::report::Report;

/// Further places that one result lists. GitHub keeps 100 locations a result.
const FURTHER: usize = 20;
/// Weight of the place on a line in a line hash's counter; no file repeats a line that often.
const PLACE_ON_LINE: u64 = 100_000;

/// One result to be.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) finding: &'a Finding,
    /// Index of the place it points at.
    at: usize,
}

impl<'a> Item<'a> {
    /// The place it points at.
    pub(super) fn place(&self) -> &'a Occurrence {
        &self.finding.occurrences[self.at]
    }

    /// Other places to list: of the same path, or any for a finding that is only in history.
    pub(super) fn further(&self) -> impl Iterator<Item = &'a Occurrence> {
        let place = self.place();
        let places = &self.finding.occurrences;
        let tree = in_tree(&place.origin);
        let from = if tree { self.at } else { 0 };
        let other = places
            .iter()
            .enumerate()
            .skip(from)
            .take_while(move |(_, other)| !tree || same_file(&other.origin, &place.origin));
        let at = self.at;
        let other =
            other.filter(move |&(index, other)| index != at && (!tree || in_tree(&other.origin)));
        other.map(|(_, other)| other).take(FURTHER)
    }

    pub(super) fn is_active(&self) -> bool {
        self.finding.verification.status == Status::Active
    }

    /// The file, line and line hash by which GitHub would follow it; `None` outside a checkout's
    /// plain files.
    fn line(&self) -> Option<Line<'a>> {
        let place = self.place();
        let plain = in_tree(&place.origin) && place.origin.inside.is_empty();
        let hash = place.sighting.line_hash.filter(|_| plain)?;
        Some((place.origin.target.as_deref(), place.origin.path.as_deref(), hash))
    }
}

type Line<'a> = (Option<&'a str>, Option<&'a [u8]>, (u64, u32));

/// All results, worst first, and what tells those of one line apart.
pub(super) struct Items<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// Results over the limit, not in `items`.
    pub(super) dropped: usize,
    /// Findings of one line, ordered by column; lines with one finding are left out.
    crowded: HashMap<Line<'a>, Vec<&'a Fingerprint>>,
}

impl<'a> Items<'a> {
    pub(super) fn new(report: &Report<'a>) -> Self {
        let mut items = Vec::new();
        for finding in report.sorted() {
            if finding.suppressed.is_none() || report.include_suppressed {
                add(finding, &mut items);
            }
        }
        let crowded = crowded(&items);
        let dropped = items.len().saturating_sub(report.limits.results);
        items.truncate(report.limits.results);
        Self { items, dropped, crowded }
    }

    /// The value of `primaryLocationLineHash`.
    ///
    /// The value that GitHub's own action computes for a file in the checkout, so that it does
    /// not warn. A second finding on the line gets another counter, or GitHub would merge the
    /// two. By value for what is in no checkout.
    pub(super) fn line_hash(&self, item: &Item<'_>) -> String {
        let fingerprint = &item.finding.fingerprint;
        let Some(line) = item.line() else {
            return format!("{}:1", &fingerprint.as_str()[..16]);
        };
        let (hash, count) = line.2;
        let neighbours = self.crowded.get(&line);
        let place = neighbours.and_then(|all| all.iter().position(|&other| other == fingerprint));
        let plain = crate::line_hash::format(hash, count);
        match place.unwrap_or_default() {
            0 => plain,
            place => format!("{plain}{:05}", place as u64 % PLACE_ON_LINE + 1),
        }
    }
}

fn add<'a>(finding: &'a Finding, items: &mut Vec<Item<'a>>) {
    let places = &finding.occurrences;
    let before = items.len();
    for (at, place) in places.iter().enumerate() {
        let first = items.len() == before;
        let known = items.last().filter(|_| !first);
        let repeated = known.is_some_and(|item| same_file(&item.place().origin, &place.origin));
        if in_tree(&place.origin) && !repeated {
            items.push(Item { finding, at });
        }
    }
    if items.len() == before && !places.is_empty() {
        let at = places.iter().position(|place| place.origin.path.is_some()).unwrap_or_default();
        items.push(Item { finding, at });
    }
}

fn crowded<'a>(items: &[Item<'a>]) -> HashMap<Line<'a>, Vec<&'a Fingerprint>> {
    let mut lines: HashMap<Line<'a>, Vec<_>> = HashMap::new();
    for item in items {
        if let Some(line) = item.line() {
            let column = item.place().sighting.primary().map(|region| region.start);
            lines.entry(line).or_default().push((column, &item.finding.fingerprint));
        }
    }
    lines.retain(|_, found| found.len() > 1);
    let ordered = lines.into_iter().map(|(line, mut found)| {
        found.sort();
        (line, found.into_iter().map(|(_, fingerprint)| fingerprint).collect())
    });
    ordered.collect()
}

/// Whether a checkout has this place: a plain scan's file, or what HEAD or the index holds.
pub(super) fn in_tree(origin: &Origin) -> bool {
    let held = origin
        .git
        .as_ref()
        .is_none_or(|git| git.at_head || (git.commit.is_none() && git.object == GitObject::Blob));
    origin.path.is_some() && held
}

fn same_file(a: &Origin, b: &Origin) -> bool {
    a.path == b.path && a.target == b.target
}

/// The URI of the file, or of the record inside `.git` for what has no path: services show no
/// result without a place.
pub(super) fn uri(origin: &Origin) -> Uri {
    let mut path = origin.target.clone().unwrap_or_default().into_bytes();
    path.push(b'/');
    match (&origin.path, &origin.git) {
        (Some(name), _) => path.extend_from_slice(name),
        (None, Some(git)) => {
            let name = |folder: &str, name: Option<&String>| {
                format!(".git/{folder}{}", name.map_or("unknown", String::as_str))
            };
            path.extend(
                match git.object {
                    GitObject::Ref => name("", git.refs.first()),
                    GitObject::Reflog => name("logs/", git.refs.first()),
                    GitObject::Config => ".git/config".to_owned(),
                    _ => name("objects/", git.blob.as_ref().or(git.commit.as_ref())),
                }
                .into_bytes(),
            );
        }
        (None, None) => path.extend_from_slice(b"unnamed"),
    }
    Uri::from_path(&path)
}

/// The suppressions of a result in a log of which every result has some or none (§3.27.23).
pub(super) fn suppression(settled: &Suppression) -> super::model::Suppression {
    super::model::Suppression {
        kind: if settled.by == "inline" { "inSource" } else { "external" },
        status: "accepted",
        justification: settled
            .reason
            .clone()
            .unwrap_or_else(|| format!("Settled by {}.", settled.by)),
    }
}
