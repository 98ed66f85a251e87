//! The code flow of a credential through history: which commit added it where, and which removed
//! it.

use std::borrow::Cow;
use std::io;

use super::model::{CodeFlow, ThreadFlow, ThreadFlowLocation};
use super::places;
use crate::finding::{Finding, GitOrigin, Occurrence};
use crate::report::uri::plain;

/// Maximum number of steps of one flow. GitHub keeps 1,000 for each result.
const STEPS: usize = 20;
/// Characters of a commit id that are shown.
const SHORT: usize = 12;

/// The earliest places that commits introduced, by date.
pub(super) struct Flow<'a>(Vec<Introduction<'a>>);

/// A place that a commit introduced.
struct Introduction<'a> {
    /// Places without a date come last.
    date: (bool, Option<i64>),
    place: Cow<'a, Occurrence>,
}

impl<'a> Flow<'a> {
    /// The flow of a finding: each path and commit once.
    pub(super) fn of(finding: &'a Finding) -> io::Result<Self> {
        let mut first: Vec<Introduction<'a>> = Vec::new();
        for place in finding.places() {
            let place = place?;
            let Some((git, _)) = introduction(&place) else { continue };
            let date = git.committer.as_ref().and_then(|person| instant(&person.date));
            let date = (date.is_none(), date);
            // Another place of the commit has its date: either both are among the first, or none.
            if !first.iter().any(|other| key(&other.place) == key(&place)) {
                let at = first.partition_point(|other| other.date <= date);
                first.insert(at, Introduction { date, place });
                first.truncate(STEPS);
            }
        }
        Ok(Self(first))
    }

    /// The locations that commits introduced, the earliest first; none if no commit has it.
    pub(super) fn code_flows(&self) -> Vec<CodeFlow> {
        let mut steps = Vec::new();
        for (place, git, commit) in self.introductions() {
            let day = git.committer.as_ref().and_then(|person| person.date.get(..10));
            let day = day.map(|day| format!(" of {}", plain(day.as_bytes()))).unwrap_or_default();
            let first = if steps.is_empty() { "First seen" } else { "Brought here" };
            steps.push(step(place, &format!("{first} in commit {}{day}.", short(commit))));
            if let Some(removed) = &git.removed_in {
                steps.push(step(place, &format!("Removed in commit {}.", short(removed))));
            } else if git.at_head {
                steps.push(step(place, "Still at HEAD."));
            }
        }
        steps.truncate(STEPS);
        if steps.is_empty() {
            return Vec::new();
        }
        vec![CodeFlow { thread_flows: [ThreadFlow { locations: steps }] }]
    }

    /// The id and date of the earliest commit that has it.
    pub(super) fn first_seen(&self) -> Option<(&str, Option<&str>)> {
        let (_, git, commit) = self.introductions().next()?;
        let date = git.committer.as_ref().map(|person| person.date.as_str());
        Some((commit, date.filter(|date| !date.is_empty())))
    }

    fn introductions(&self) -> impl Iterator<Item = (&Occurrence, &GitOrigin, &str)> {
        self.0.iter().filter_map(|Introduction { place, .. }| {
            let (git, commit) = introduction(place)?;
            Some((place.as_ref(), git, commit))
        })
    }
}

fn introduction(place: &Occurrence) -> Option<(&GitOrigin, &str)> {
    let git = place.origin.git.as_ref()?;
    Some((git, git.commit.as_deref()?))
}

/// Distinguishes introductions.
fn key(place: &Occurrence) -> impl Eq + '_ {
    let git = place.origin.git.as_ref();
    let ids = git.map(|git| (&git.blob, &git.commit));
    (&place.origin.target, &place.origin.path, ids)
}

fn step(place: &Occurrence, message: &str) -> ThreadFlowLocation {
    ThreadFlowLocation { location: places::bare(place, message) }
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// Seconds since 1970 of `YYYY-MM-DDThh:mm:ss` and `Z` or an offset `+hh:mm`.
fn instant(date: &str) -> Option<i64> {
    let number = |from: usize, to: usize| date.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let offset = match date.get(19..20)? {
        sign @ ("+" | "-") => {
            let seconds = number(20, 22)? * 3600 + number(23, 25)? * 60;
            if sign == "+" { seconds } else { -seconds }
        }
        _ => 0,
    };
    // Days of the civil calendar, counted from March so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = 365 * year + leap + (153 * month + 2) / 5 + day - 719_469;
    Some(days * 86_400 + clock - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_those_of_the_calendar() {
        for (date, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00+00:00", 951_825_600),
            ("2026-01-02T03:04:05+01:00", 1_767_319_445),
            ("2026-01-01T21:34:05-04:30", 1_767_319_445),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            assert_eq!(instant(date), Some(seconds), "{date}");
        }
        for date in ["", "1700000000 +0000", "2026-01-02", "2026-01-02T03:04:0é"] {
            assert_eq!(instant(date), None, "{date}");
        }
    }
}
