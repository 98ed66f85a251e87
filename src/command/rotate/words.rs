//! What the commands say: dates, ages, a key's state and last use.

use jiff::{SignedDuration, Timestamp};
use keysweep_aws::{AccessKey, KeyStatus, LastUsed};

use super::journal::Journal;
use crate::text::escape_line;

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

/// Such as `active, 12 days old`.
pub(super) fn state(key: &AccessKey, now: Timestamp) -> String {
    let status = match &key.status {
        KeyStatus::Active => "active".to_owned(),
        KeyStatus::Inactive => "inactive".to_owned(),
        KeyStatus::Expired => "expired".to_owned(),
        KeyStatus::Other(word) => format!("'{}', a state that is not known", escape_line(word)),
    };
    match key.created {
        Some(created) => format!("{status}, {} old", length(now.duration_since(created))),
        None => status,
    }
}

/// Such as `2026-11-29 16:39 UTC, s3 in eu-west-1`.
pub(super) fn last_used(used: &LastUsed) -> String {
    let Some(at) = used.at else { return "never, as far as AWS knows".to_owned() };
    let service = used.service.as_deref().map(|name| format!(", {}", escape_line(name)));
    let region = used.region.as_deref().map(|name| format!(" in {}", escape_line(name)));
    format!("{}{}{}", date(at), service.unwrap_or_default(), region.unwrap_or_default())
}

/// The last four characters, which somebody types to delete a key.
pub(super) fn last_four(key: &str) -> &str {
    key.get(key.len().saturating_sub(4)..).unwrap_or(key)
}

/// What is to be said of a rotation that is over.
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
