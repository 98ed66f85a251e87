//! The message of a result: one sentence about one credential at one location.
//!
//! GitLab drops a result whose message is over 1,024 characters, so a message never is. Names of
//! the repository are written so that they make no link in Markdown.

use std::fmt::Write as _;

use super::Report;
use super::item::ResultItem;
use super::text::holder;
use super::uri::plain;
use crate::aws::KeyId;
use crate::finding::{GitObject, GitOrigin, Occurrence};
use crate::location::Region;
use crate::remedy;
use crate::text::{escape_line, escape_path};

/// Longest message in characters.
const LONGEST: usize = 1_000;
/// Longest name in a message in characters; a longer one loses its middle.
const LONGEST_NAME: usize = 200;
/// Characters of an object id or fingerprint that are shown.
const SHORT: usize = 12;

/// The markup of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Markup {
    /// Plain text: names are escaped for a terminal.
    None,
    /// Markdown: names are code.
    Markdown,
    /// SARIF, whose links are brackets (§3.11.6): characters of a link are percent-encoded.
    Sarif {
        /// Related location 1 is the other half.
        linked: bool,
    },
}

pub(super) fn message(report: &Report<'_>, item: &ResultItem<'_>, markup: Markup) -> String {
    let linked = markup == Markup::Sarif { linked: true };
    let name = |bytes: &[u8]| markup.name(bytes);
    let finding = item.finding;
    let credential = &finding.credential;
    let mut text = match markup {
        Markup::Sarif { .. } => markup.name(report.title(finding).as_bytes()),
        _ => escape_line(report.title(finding)),
    };
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
        let _ = write!(text, "{joint}{word} {}", secret.redacted());
    }
    place(item.place(), spot.primary(), markup, &mut text);
    if item.is_active() {
        text.push_str(", verified active");
    }
    let _ = write!(text, ", fingerprint {}", short(finding.fingerprint.as_str()));
    if let Some(first) = remedy::first_step(item.finding, report.rules) {
        let title = match markup {
            Markup::Sarif { .. } => plain(first.title.as_bytes()),
            _ => escape_line(&first.title),
        };
        let _ = write!(text, "; to do first: {title}");
        if let Some(id) = signing_key(item) {
            let _ = write!(text, ", see keysweep explain {id}");
        }
    }
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text.push('.');
    text
}

/// The id of a key, if `keysweep explain` can parse it.
fn signing_key(item: &ResultItem<'_>) -> Option<KeyId> {
    let id = item.finding.credential.key_id.as_deref()?;
    KeyId::parse(id.as_bytes()).filter(|id| !id.is_example())
}

fn place(place: &Occurrence, region: Option<Region>, markup: Markup, text: &mut String) {
    let name = |bytes: &[u8]| markup.name(bytes);
    let origin = &place.origin;
    let _ = match (&origin.path, origin.git.as_ref().map(|git| git.object)) {
        (Some(path), _) => write!(text, ", in {}", name(path)),
        (None, Some(GitObject::Blob | GitObject::Config)) => {
            write!(text, ", in {}", name(holder(origin).as_bytes()))
        }
        (None, _) => write!(text, ", in the {}", name(holder(origin).as_bytes())),
    };
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
        history(git, markup, text);
    }
}

fn history(git: &GitOrigin, markup: Markup, text: &mut String) {
    if let Some(commit) = &git.commit {
        let _ = write!(text, ", since commit {}", short(commit));
    }
    if let Some(day) = git.committer.as_ref().and_then(|person| person.date.get(..10)) {
        let _ = write!(text, " of {}", markup.name(day.as_bytes()));
    }
    if let Some(commit) = &git.removed_in {
        let _ = write!(text, ", removed in {}", short(commit));
    }
    text.push_str(match (git.at_head, git.reachable) {
        (true, _) => ", still at HEAD",
        (false, true) => ", not at HEAD",
        (false, false) if git.commit.is_some() => ", on no branch",
        // Without a commit it may not be known which refs hold it.
        (false, false) => "",
    });
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

impl Markup {
    /// A name of bounded length, without markup.
    fn name(self, bytes: &[u8]) -> String {
        match self {
            Self::None => shortened(escape_path(bytes)),
            Self::Markdown => code(&shortened(escape_path(bytes))),
            Self::Sarif { .. } => shortened(plain(bytes)),
        }
    }
}

/// Text as code in Markdown: no character of it is markup (CommonMark §6.1).
pub(super) fn code(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // Markdown strips one blank on either side.
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Text of at most [`LONGEST_NAME`] characters, without its middle.
pub(super) fn shortened(text: String) -> String {
    let count = text.chars().count();
    if count <= LONGEST_NAME {
        return text;
    }
    let half = LONGEST_NAME / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}...{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_they_are_and_make_no_link() {
        for (path, exact, markdown, sarif) in [
            ("a b/(x) [y].env", "a b/(x) [y].env", "`a b/(x) [y].env`", "a b/%28x%29 %5By%5D.env"),
            ("`](u)", "`](u)", "`` `](u) ``", "%60%5D%28u%29"),
            ("a``b", "a``b", "```a``b```", "a%60%60b"),
            ("x\u{1b}[2J", "x\\u{1b}[2J", "`x\\u{1b}[2J`", "x%1B%5B2J"),
        ] {
            let name = |markup: Markup| markup.name(path.as_bytes());
            assert_eq!(name(Markup::None), exact);
            assert_eq!(name(Markup::Markdown), markdown);
            assert_eq!(name(Markup::Sarif { linked: false }), sarif);
        }
    }
}
