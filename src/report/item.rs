//! Results of services: a finding and a path of the work tree that contains it, or a finding that
//! is only in history.

use super::Report;
use super::uri::Uri;
use crate::finding::{Finding, GitObject, Occurrence, Origin, Spot};

/// Most further locations of one result. GitHub keeps 100 locations a result.
const FURTHER: usize = 20;

/// One result.
#[derive(Clone, Copy)]
pub(super) struct ResultItem<'a> {
    pub(super) finding: &'a Finding,
    /// Index of its occurrence.
    at: usize,
}

impl<'a> ResultItem<'a> {
    /// The occurrence that it points at.
    pub(super) fn place(&self) -> &'a Occurrence {
        &self.finding.occurrences[self.at]
    }

    /// The location that it points at.
    pub(super) fn spot(&self) -> Spot {
        self.place().sighting.spot()
    }

    /// Other occurrences to list: of the same path, or all of a finding that is only in history.
    pub(super) fn further(&self) -> impl Iterator<Item = &'a Occurrence> {
        let place = self.place();
        let places = &self.finding.occurrences;
        let tree = place.origin.stands();
        let from = if tree { self.at } else { 0 };
        let other = places
            .iter()
            .enumerate()
            .skip(from)
            .take_while(move |(_, other)| !tree || same_file(&other.origin, &place.origin));
        let at = self.at;
        let other =
            other.filter(move |&(index, other)| index != at && (!tree || other.origin.stands()));
        other.map(|(_, other)| other).take(FURTHER)
    }

    pub(super) fn is_active(&self) -> bool {
        self.finding.is_active()
    }
}

/// All results, worst first.
pub(super) fn items<'a>(report: &Report<'a>) -> Vec<ResultItem<'a>> {
    let mut items = Vec::new();
    for finding in report.sorted() {
        if finding.suppressed.is_none() || report.include_suppressed {
            add(finding, &mut items);
        }
    }
    items
}

fn add<'a>(finding: &'a Finding, items: &mut Vec<ResultItem<'a>>) {
    let places = &finding.occurrences;
    let before = items.len();
    for (at, place) in places.iter().enumerate() {
        let first = items.len() == before;
        let known = items.last().filter(|_| !first);
        let repeated = known.is_some_and(|item| same_file(&item.place().origin, &place.origin));
        if place.origin.stands() && !repeated {
            items.push(ResultItem { finding, at });
        }
    }
    if items.len() == before && !places.is_empty() {
        let at = places.iter().position(|place| place.origin.path.is_some()).unwrap_or_default();
        items.push(ResultItem { finding, at });
    }
}

fn same_file(a: &Origin, b: &Origin) -> bool {
    a.path == b.path && a.target == b.target
}

/// The URI of the file, or of the record inside `.git` if there is no path: services show no result
/// without a location.
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
