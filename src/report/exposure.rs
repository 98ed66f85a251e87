//! The exposure of a credential in a history, with its dates, paths and authors: from the commit that added it
//! to the one that removed it, and the branches and tags that still hold it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::summary::counted;
use super::text;
use crate::finding::{Finding, GitObject, GitOrigin, Occurrence, Person};
use crate::text::escape_line;

/// Characters of an object id that are shown.
const SHORT: usize = 12;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// The exposure of one finding.
pub(super) struct Exposure<'a> {
    /// One for each path with a dated commit, the earliest first.
    pub(super) spans: Vec<Span<'a>>,
    /// Short names of tags, which releases have.
    pub(super) tags: Vec<String>,
    /// Short names of local and remote branches.
    pub(super) branches: Vec<String>,
    /// Other refs.
    pub(super) refs: Vec<String>,
    /// A place of it is in a checkout or a plain file.
    pub(super) is_present: bool,
    /// HEAD has a place of it.
    at_head: bool,
    /// It has places outside any commit.
    uncommitted: bool,
    /// A ref reaches a place of it.
    reachable: bool,
}

/// The time of a credential at one path.
pub(super) struct Span<'a> {
    pub(super) place: &'a Occurrence,
    pub(super) git: &'a GitOrigin,
    /// The commit that added it.
    pub(super) commit: &'a str,
    pub(super) author: &'a Person,
    pub(super) start: i64,
    /// The time at which a commit removed it, never before it was added.
    pub(super) end: Option<i64>,
}

/// The places of a finding, those that a checkout or a plain file still has first.
pub(super) fn places(finding: &Finding) -> impl Iterator<Item = &Occurrence> {
    let of = |is_present| {
        finding.occurrences.iter().filter(move |place| place.origin.is_present() == is_present)
    };
    of(true).chain(of(false))
}

pub(super) fn seconds(date: &str) -> Option<i64> {
    date.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// The day of a date, as its author had it.
pub(super) fn day(date: &str) -> String {
    escape_line(date.get(..10).unwrap_or(date))
}

/// The beginning of an object id.
pub(super) fn short(id: &str) -> String {
    escape_line(id.get(..SHORT).unwrap_or(id))
}

impl<'a> Exposure<'a> {
    pub(super) fn new(finding: &'a Finding) -> Self {
        let mut spans: BTreeMap<_, Span<'a>> = BTreeMap::new();
        let origins = || finding.occurrences.iter().map(|place| &place.origin);
        let gits = || origins().filter_map(|origin| origin.git.as_ref());
        for place in &finding.occurrences {
            let Some(span) = Span::new(place) else { continue };
            let key = (&place.origin.target, &place.origin.path, &place.origin.inside);
            match spans.get_mut(&key) {
                Some(known) => known.join(&span),
                None => {
                    spans.insert(key, span);
                }
            }
        }
        let mut spans: Vec<Span<'a>> = spans.into_values().collect();
        spans.sort_by_key(|span| span.start);
        let names: BTreeSet<&str> =
            gits().flat_map(|git| git.refs.iter().map(String::as_str)).collect();
        let (mut tags, mut branches, mut refs) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            match name.strip_prefix("refs/").and_then(|name| name.split_once('/')) {
                Some(("tags", tag)) => tags.push(escape_line(tag)),
                Some(("heads" | "remotes", branch)) => branches.push(escape_line(branch)),
                _ => refs.push(escape_line(name)),
            }
        }
        Self {
            spans,
            tags,
            branches,
            refs,
            is_present: finding.is_present(),
            at_head: gits().any(|git| git.at_head),
            uncommitted: origins().any(|it| it.git.as_ref().is_none_or(|git| git.commit.is_none())),
            reachable: gits().any(|git| git.reachable),
        }
    }

    /// The earliest span.
    pub(super) fn first(&self) -> Option<&Span<'a>> {
        self.spans.first()
    }

    /// The day on which it was added.
    pub(super) fn since(&self) -> Option<String> {
        self.first().map(|first| day(&first.author.date))
    }

    /// The span that was removed last, if HEAD has it nowhere.
    fn removed(&self) -> Option<&Span<'a>> {
        let ends = self.spans.iter().filter(|span| span.end.is_some());
        ends.max_by_key(|span| span.end).filter(|_| !self.is_present)
    }

    /// The author who added it.
    pub(super) fn author(&self) -> Option<String> {
        self.first().map(|first| person(first.author))
    }

    /// The whole in sentences.
    pub(super) fn sentences(&self) -> String {
        self.written(str::to_owned)
    }

    /// The same, with names made safe for a format by `name`.
    pub(super) fn written(&self, name: fn(&str) -> String) -> String {
        let Some(first) = self.first() else {
            return match (self.is_present, self.reachable) {
                (true, _) if self.uncommitted => {
                    "In a file; no commit is known that added it.".to_owned()
                }
                (true, _) => "Still at HEAD; the commit that added it has no date.".to_owned(),
                (false, true) => {
                    "In the history; no dated commit that added it is known.".to_owned()
                }
                (false, false) => {
                    "In the repository; no dated commit that added it is known.".to_owned()
                }
            };
        };
        let mut text = format!(
            "Exposed since {} (commit {}, by {}).",
            day(&first.author.date),
            short(first.commit),
            name(&person(first.author)),
        );
        match self.removed() {
            Some(span) => text.push_str(&removal(span, first.start, name)),
            None if self.at_head => text.push_str(" HEAD still has it."),
            None if self.is_present => text.push_str(" A file still has it."),
            None => text.push_str(" HEAD does not have it."),
        }
        let held = self.holders();
        match (held.as_str(), self.is_present) {
            ("", _) if !self.reachable && !self.is_present => {
                text.push_str(" No ref reaches it, but whoever has its commit can read it.");
            }
            ("", true) => {}
            ("", false) => text.push_str(" The history still has it."),
            (held, true) => text.push_str(&format!(" At the tips of {held}.")),
            (held, false) => text.push_str(&format!(" The tips of {held} still have it.")),
        }
        text
    }

    /// `3 tags and 2 branches`; empty if no tip holds it.
    fn holders(&self) -> String {
        let mut parts = Vec::new();
        for (names, one, many) in [
            (&self.tags, "tag", "tags"),
            (&self.branches, "branch", "branches"),
            (&self.refs, "other ref", "other refs"),
        ] {
            if !names.is_empty() {
                parts.push(counted(names.len() as u64, one, many));
            }
        }
        match parts.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }
}

fn removal(span: &Span<'_>, start: i64, name: fn(&str) -> String) -> String {
    let commit = span.git.removed_in.as_deref().map(short).unwrap_or_default();
    let by = span.git.removed_by.as_ref();
    let (on, who) = by
        .map(|by| (format!(" on {}", day(&by.date)), format!(", by {}", name(&person(by)))))
        .unwrap_or_default();
    let after = span.end.map(|end| (end - start) / DAY).filter(|_| by.is_some());
    let after = after
        .map(|days| format!(", {} later", counted(days.unsigned_abs(), "day", "days")))
        .unwrap_or_default();
    format!(" Removed from HEAD{on}{after} (commit {commit}{who}).")
}

fn person(person: &Person) -> String {
    match (person.name.as_str(), person.email.as_str()) {
        ("", email) => escape_line(email),
        (name, "") => escape_line(name),
        (name, email) => format!("{} <{}>", escape_line(name), escape_line(email)),
    }
}

impl<'a> Span<'a> {
    fn new(place: &'a Occurrence) -> Option<Self> {
        let git = place.origin.git.as_ref()?;
        let author = git.author.as_ref()?;
        let (commit, start) = (git.commit.as_deref()?, seconds(&author.date)?);
        let removed = git.removed_by.as_ref().and_then(|by| seconds(&by.date));
        let end = git.removed_in.as_ref().map(|_| removed.unwrap_or(start).max(start));
        Some(Self { place, git, commit, author, start, end })
    }

    /// Adds another occurrence at the same path: the earliest commit and the last removal count.
    fn join(&mut self, other: &Self) {
        let (end, git) = match (self.end, other.end) {
            (None, _) => (None, self.git),
            (_, None) => (None, other.git),
            (Some(end), Some(later)) if later > end => (Some(later), other.git),
            (end, _) => (end, self.git),
        };
        if other.start < self.start {
            (self.start, self.commit, self.author) = (other.start, other.commit, other.author);
        }
        (self.end, self.git) = (end.map(|end| end.max(self.start)), git);
    }

    /// The path, or the object or record.
    pub(super) fn name(&self) -> String {
        match self.git.object {
            GitObject::Blob => text::holder(&self.place.origin),
            _ => "a message".to_owned(),
        }
    }

    /// A checkout has it.
    pub(super) fn is_present(&self) -> bool {
        self.end.is_none() && self.git.at_head
    }
}
