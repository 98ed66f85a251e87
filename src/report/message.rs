//! A result's message: one sentence with the facts of one credential at one place.
//!
//! GitLab drops a result whose message is over 1,024 characters, so it never is. Names of the
//! repository are made plain, so that none makes a link.

use std::fmt::Write as _;

use super::Report;
use super::item::Item;
use super::uri::plain;
use crate::aws::KeyId;
use crate::finding::{GitOrigin, Occurrence};
use crate::location::Region;
use crate::remedy;
use crate::secret::Secret;

/// Longest message in characters.
const LONGEST: usize = 1_000;
/// Longest name in a message in characters; more is cut out of its middle.
const LONGEST_NAME: usize = 200;
/// How much of an object id or fingerprint is shown.
const SHORT: usize = 12;

/// The sentence. `linked` says whether related location 1 is the other half.
pub(super) fn message(report: &Report<'_>, item: &Item<'_>, linked: bool) -> String {
    let finding = item.finding;
    let credential = &finding.credential;
    let mut text = name(report.title(finding).as_bytes());
    let mut joint = ": ";
    let spot = item.spot();
    if let Some(id) = &credential.key_id {
        let id = name(id.as_bytes());
        let id = if linked && spot.at_secret { format!("[{id}](1)") } else { id };
        let _ = write!(text, "{joint}{id}");
        joint = " and ";
    }
    if let Some(account) = &credential.account {
        let _ = write!(text, " of account {}", name(account.as_bytes()));
    }
    if let Some(secret) = &credential.secret {
        let word = if linked && !spot.at_secret { "[secret](1)" } else { "secret" };
        let _ = write!(text, "{joint}{word} {}", Secret::redacted(secret));
    }
    place(item.place(), spot.primary(), &mut text);
    if item.is_active() {
        text.push_str(", verified active");
    }
    let _ = write!(text, ", fingerprint {}", short(finding.fingerprint.as_str()));
    if let Some(first) = remedy::steps(item.finding, report.rules).first() {
        let _ = write!(text, "; to do first: {}", plain(first.title.as_bytes()));
        if let Some(id) = signing_key(item) {
            let _ = write!(text, ", see keysweep explain {id}");
        }
    }
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text.push('.');
    text
}

/// The id of a key that `keysweep explain` knows by itself.
fn signing_key(item: &Item<'_>) -> Option<KeyId> {
    let id = item.finding.credential.key_id.as_deref()?;
    KeyId::parse(id.as_bytes()).filter(|id| !id.is_example())
}

fn place(place: &Occurrence, region: Option<Region>, text: &mut String) {
    let origin = &place.origin;
    match &origin.path {
        Some(path) => {
            let _ = write!(text, ", in {}", name(path));
        }
        None => text.push_str(", in git's own records"),
    }
    if let Some(target) = &origin.target {
        let _ = write!(text, " of {}", name(target.as_bytes()));
    }
    if !origin.inside.is_empty() {
        let _ = write!(text, " inside {}", name(origin.inside.join("!").as_bytes()));
    }
    if let Some(region) = region {
        let start = region.start;
        let _ = write!(text, ", line {} column {}", start.line, start.column_utf16);
    }
    if let Some(git) = &origin.git {
        history(git, text);
    }
}

fn history(git: &GitOrigin, text: &mut String) {
    if let Some(commit) = &git.commit {
        let _ = write!(text, ", since commit {}", short(commit));
    }
    if let Some(day) = git.committer.as_ref().and_then(|person| person.date.get(..10)) {
        let _ = write!(text, " of {}", name(day.as_bytes()));
    }
    if let Some(commit) = &git.removed_in {
        let _ = write!(text, ", removed in {}", short(commit));
    }
    text.push_str(match (git.at_head, git.reachable) {
        (true, _) => ", still at HEAD",
        (false, true) => ", not at HEAD",
        (false, false) => ", on no branch",
    });
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// A plain name of bounded length.
fn name(bytes: &[u8]) -> String {
    let text = plain(bytes);
    let count = text.chars().count();
    if count <= LONGEST_NAME {
        return text;
    }
    let half = LONGEST_NAME / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}...{tail}")
}
