//! Results of services: a finding and a path of the work tree that contains it, or a finding that
//! is only in history.

use std::borrow::Cow;
use std::io;
use std::iter::Peekable;

use super::Report;
use super::uri::Uri;
use crate::finding::{Finding, Occurrence, Origin, Spot};

/// Maximum number of further locations of one result. GitHub keeps 100 locations for each result.
const FURTHER: usize = 20;

pub(super) struct ResultItem<'a> {
    pub(super) finding: &'a Finding,
    place: Cow<'a, Occurrence>,
    further: Vec<Cow<'a, Occurrence>>,
}

impl<'a> ResultItem<'a> {
    /// The occurrence that it points at.
    pub(super) fn place(&self) -> &Occurrence {
        &self.place
    }

    /// The location that it points at.
    pub(super) fn spot(&self) -> Spot {
        self.place.sighting.spot()
    }

    /// Other occurrences to list: of the same path, or all of a finding that is only in history.
    pub(super) fn further(&self) -> impl Iterator<Item = &Occurrence> {
        self.further.iter().map(Cow::as_ref)
    }

    pub(super) fn is_active(&self) -> bool {
        self.finding.is_active()
    }
}

/// All results of the places in memory, worst first.
pub(super) fn items<'a>(report: &Report<'a>) -> Vec<ResultItem<'a>> {
    let held = |finding: &'a Finding| {
        let places = finding.occurrences.iter().map(|place| Ok(Cow::Borrowed(place)));
        Items::new(finding, Box::new(places))
    };
    // Reading memory never fails.
    findings(report).flat_map(held).filter_map(io::Result::ok).collect()
}

/// The findings that have results, worst first.
pub(super) fn findings<'a>(report: &Report<'a>) -> impl Iterator<Item = &'a Finding> {
    let all = report.include_suppressed;
    report.sorted().into_iter().filter(move |finding| finding.suppressed.is_none() || all)
}

/// The results of one finding, as its places are read.
pub(super) struct Items<'a> {
    finding: &'a Finding,
    places: Peekable<Places<'a>>,
    /// Without a result until now: the first places, for a finding that is only in history.
    none: Option<OnlyInHistory<'a>>,
}

type Places<'a> = Box<dyn Iterator<Item = io::Result<Cow<'a, Occurrence>>> + 'a>;

/// The places of a finding of which none is in a checkout.
#[derive(Default)]
struct OnlyInHistory<'a> {
    first: Vec<Cow<'a, Occurrence>>,
    /// The first one with a path, and its index.
    named: Option<(usize, Cow<'a, Occurrence>)>,
    count: usize,
}

impl<'a> Items<'a> {
    /// The results of all places.
    pub(super) fn all(finding: &'a Finding) -> Self {
        Self::new(finding, finding.places())
    }

    fn new(finding: &'a Finding, places: Places<'a>) -> Self {
        Self { finding, places: places.peekable(), none: Some(OnlyInHistory::default()) }
    }

    /// The result at a place of a checkout, which takes the other places in its file.
    fn at(&mut self, place: Cow<'a, Occurrence>) -> ResultItem<'a> {
        self.none = None;
        let mut further = Vec::new();
        let is_same = |other: &io::Result<Cow<'a, Occurrence>>| {
            other.as_ref().is_ok_and(|other| same_file(&other.origin, &place.origin))
        };
        while let Some(Ok(other)) = self.places.next_if(is_same) {
            if further.len() < FURTHER && other.origin.is_present() {
                further.push(other);
            }
        }
        ResultItem { finding: self.finding, place, further }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = io::Result<ResultItem<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(place) = self.places.next() {
            match place {
                Err(error) => return Some(Err(error)),
                Ok(place) if place.origin.is_present() => return Some(Ok(self.at(place))),
                Ok(place) => {
                    if let Some(none) = &mut self.none {
                        none.add(place);
                    }
                }
            }
        }
        self.none.take()?.result(self.finding).map(Ok)
    }
}

impl<'a> OnlyInHistory<'a> {
    fn add(&mut self, place: Cow<'a, Occurrence>) {
        if self.named.is_none() && place.origin.path.is_some() {
            self.named = Some((self.count, place.clone()));
        }
        // One of them may be the result itself.
        if self.count <= FURTHER {
            self.first.push(place);
        }
        self.count += 1;
    }

    fn result(self, finding: &'a Finding) -> Option<ResultItem<'a>> {
        let (at, place) = self.named.or_else(|| Some((0, self.first.first()?.clone())))?;
        let others = self.first.into_iter().enumerate().filter(|(index, _)| *index != at);
        let further = others.map(|(_, other)| other).take(FURTHER).collect();
        Some(ResultItem { finding, place, further })
    }
}

fn same_file(a: &Origin, b: &Origin) -> bool {
    a.path == b.path && a.target == b.target
}

/// The URI of the file, or of the object, ref or reflog if there is no path: services show no
/// result without a location.
pub(super) fn uri(origin: &Origin) -> Uri {
    let mut path = origin.target.clone().unwrap_or_default().into_bytes();
    path.push(b'/');
    match (&origin.path, &origin.git) {
        (Some(name), _) => path.extend_from_slice(name),
        (None, Some(git)) => path.extend(git.path().into_bytes()),
        (None, None) => path.extend_from_slice(b"unnamed"),
    }
    Uri::from_path(&path)
}
