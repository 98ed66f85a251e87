//! The words of the commands: dates, ages, a key's state and last use.

use jiff::{SignedDuration, Timestamp};

use super::journal::Journal;

/// Such as `2026-11-29 16:39 UTC`.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Such as `2026-11-29`.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Such as `7 days`, or `5 hours` of less than two days.
pub(super) fn length(time: SignedDuration) -> String {
    let hours = time.as_hours().max(0);
    let (count, unit) = match hours {
        0 => (time.as_mins().max(0), "minute"),
        1..48 => (hours, "hour"),
        _ => (hours / 24, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The last four characters, which somebody types to delete a key.
pub(super) fn last_four(key: &str) -> &str {
    key.get(key.len().saturating_sub(4)..).unwrap_or(key)
}

/// The closing words about a rotation that is over.
pub(super) fn finished(journal: &Journal, key: &str) -> Option<String> {
    let known = journal.known();
    let gone = known.gone?;
    let by = if known.gone_by_others { ", by somebody else," } else { "" };
    let next = known.new.map(|new| format!(" and replaced by {new}")).unwrap_or_default();
    Some(format!(
        "{key} was rotated: deleted{by} {}{next}. AWS was not asked. What was done and when: {}",
        date(gone),
        journal.place()
    ))
}
