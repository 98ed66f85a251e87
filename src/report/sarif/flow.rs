//! The code flow of a credential through history: which commit added it where, and which removed
//! it.

use std::collections::BTreeSet;

use super::model::{CodeFlow, ThreadFlow, ThreadFlowLocation};
use super::places;
use crate::finding::{Finding, GitOrigin, Occurrence};
use crate::report::uri::plain;

/// Most steps of one flow. GitHub keeps 1,000 a result.
const STEPS: usize = 20;
/// Characters of a commit id that are shown.
const SHORT: usize = 12;

/// The locations that commits introduced, the earliest first; none if no commit has it.
pub(super) fn code_flows(finding: &Finding) -> Vec<CodeFlow> {
    let mut steps = Vec::new();
    for (place, git, commit) in introductions(finding) {
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

/// The date and id of the earliest commit that has it.
pub(super) fn first_seen(finding: &Finding) -> Option<(&str, Option<&str>)> {
    let (_, git, commit) = introductions(finding).into_iter().next()?;
    let date = git.committer.as_ref().map(|person| person.date.as_str());
    Some((commit, date.filter(|date| !date.is_empty())))
}

/// Locations that a commit introduced, each path and commit once, by date.
fn introductions(finding: &Finding) -> Vec<(&Occurrence, &GitOrigin, &str)> {
    let mut known = BTreeSet::new();
    let mut places: Vec<_> = finding
        .occurrences
        .iter()
        .filter_map(|place| {
            let git = place.origin.git.as_ref()?;
            Some((place, git, git.commit.as_deref()?))
        })
        .filter(|(place, git, commit)| {
            known.insert((&place.origin.target, &place.origin.path, &git.blob, *commit))
        })
        .collect();
    places.sort_by_key(|(_, git, _)| {
        let date = git.committer.as_ref().and_then(|person| instant(&person.date));
        (date.is_none(), date)
    });
    places
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
