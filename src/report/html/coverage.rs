//! The coverage in words: what was scanned, what was not and why, with every target.

use askama::Template;

use crate::coverage::{Problem, Swept};
use crate::report::{Report, problems, summary};
use crate::text::escape_line;

/// Maximum number of problems of a kind that are listed; JSON lists all.
const LISTED: usize = 200;

/// The last part of the page.
#[derive(Template)]
#[template(path = "coverage.html")]
pub(super) struct Ledger<'a> {
    script: &'static str,
    complete: bool,
    amounts: String,
    scanned: Vec<(String, String)>,
    targets: Vec<Target<'a>>,
    left_out: Vec<String>,
    notes: Vec<String>,
    problems: Vec<Kind<'a>>,
    count: usize,
}

/// A target of a sweep.
struct Target<'a> {
    swept: &'a Swept,
    name: String,
    amounts: String,
    state: String,
}

/// Problems of one kind.
struct Kind<'a> {
    /// The kind, the number and the reason.
    line: String,
    listed: Vec<&'a Problem>,
    more: usize,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(report: &Report<'a>) -> Self {
        let coverage = report.coverage;
        let scanned = coverage.scanned.iter();
        let groups = problems::groups(&coverage.problems);
        Self {
            script: super::SCRIPT,
            complete: coverage.complete,
            amounts: summary::amounts(
                coverage.files,
                coverage.commits,
                coverage.objects,
                coverage.bytes,
            ),
            scanned: scanned.map(|it| (escape_line(&it.what), escape_line(&it.path))).collect(),
            targets: coverage.targets.iter().map(Target::new).collect(),
            left_out: summary::left_out(&coverage.left_out),
            notes: coverage.notes.iter().map(|note| escape_line(note)).collect(),
            problems: groups.into_iter().map(|group| Kind::new(&group)).collect(),
            count: coverage.problems.len(),
        }
    }
}

impl<'a> Target<'a> {
    fn new(swept: &'a Swept) -> Self {
        let state = match (&swept.failed, swept.complete) {
            (Some(why), _) => format!("not complete: {}", escape_line(why)),
            (None, true) => "complete".to_owned(),
            (None, false) => "not complete, see the problems".to_owned(),
        };
        Self {
            swept,
            name: match swept.name.as_str() {
                "" => "the folder itself, without its repositories".to_owned(),
                name => escape_line(name),
            },
            amounts: summary::amounts(swept.files, swept.commits, swept.objects, swept.bytes),
            state,
        }
    }

    fn is_complete(&self) -> bool {
        self.swept.complete && self.swept.failed.is_none()
    }
}

impl<'a> Kind<'a> {
    fn new(group: &problems::Group<'a>) -> Self {
        let line = group.lines().into_iter().next().unwrap_or_default();
        let listed: Vec<&Problem> = match group.problems.len() {
            1 => Vec::new(),
            _ => group.problems.iter().copied().take(LISTED).collect(),
        };
        let more = group.problems.len().saturating_sub(LISTED);
        Self { line, listed, more }
    }
}
