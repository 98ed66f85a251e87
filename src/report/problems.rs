//! Problems by kind: one line describes 293 damaged archives, and none of them hides that the clone
//! was shallow.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::summary::{self, counted};
use crate::coverage::Problem;

/// Most paths that are named for a kind.
const EXAMPLES: usize = 3;

/// Problems that differ only in their paths, and in numbers and names within the reason.
pub(super) struct Group<'a> {
    /// In the order of the ledger; at least one.
    pub(super) problems: Vec<&'a Problem>,
}

/// The kinds of problems, the most serious first.
pub(super) fn groups(problems: &[Problem]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(u8, &str, String), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        let key = (rank(&problem.what), problem.what.as_str(), shape(&problem.why));
        groups.entry(key).or_default().push(problem);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((rank, ..), problems)| (*rank, std::cmp::Reverse(problems.len())));
    groups.into_iter().map(|(_, problems)| Group { problems }).collect()
}

/// How much is missing: 0 for the whole run, 3 for a file or a part of one.
fn rank(what: &str) -> u8 {
    match what {
        "run" | "time" | "memory" | "findings" | "target" | "verification" => 0,
        "file" | "folder" | "path" | "container" => 3,
        "blob" | "tree" | "commit" | "tag" | "object" | "paths" | "attribution" => 2,
        // Parts of a repository: a shallow or partial clone, its packs, refs, alternates, index.
        _ => 1,
    }
}

/// A reason without numbers, ids, quoted names and paths, which differ from one problem to the
/// next.
fn shape(why: &str) -> String {
    let mut shape = String::with_capacity(why.len());
    for word in why.split_inclusive([' ', ',', ';', ':', '(', ')']) {
        let differs =
            word.contains(['/', '\'', '"', '`']) || word.contains(|c: char| c.is_ascii_digit());
        shape.push_str(if differs { "# " } else { word });
    }
    shape
}

impl Group<'_> {
    /// The number, kind and reason in one sentence; then the first paths.
    pub(super) fn lines(&self) -> Vec<String> {
        let first = self.problems[0];
        let (what, why) = (&first.what, &first.why);
        if let [only] = self.problems.as_slice() {
            return vec![line(only)];
        }
        let count = self.problems.len();
        let named = self.problems.iter().map(|problem| problem.path.as_str());
        let mut paths: Vec<String> =
            named.filter(|path| !path.is_empty()).take(EXAMPLES).map(str::to_owned).collect();
        if count > paths.len() && !paths.is_empty() {
            paths.push(format!("{} more", count - paths.len()));
        }
        let mut lines = vec![format!("{what} ({count} times): {why}")];
        if let Some((last, rest)) = paths.split_last() {
            lines.push(match rest {
                [] => format!("    {last}"),
                rest => format!("    {} and {last}", rest.join(", ")),
            });
        }
        lines
    }
}

/// A single problem.
pub(super) fn line(problem: &Problem) -> String {
    let Problem { what, path, why } = problem;
    let blank = if path.is_empty() { "" } else { " " };
    format!("{what}{blank}{path}: {why}")
}

/// Writes the problems in at most `most` lines, or each on its own line if there is no limit.
pub(super) fn write(
    problems: &[Problem],
    most: usize,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut write_line =
        |line: &str| summary::write_wrapped(&format!("  {line}"), width, "      ", out);
    if most == usize::MAX {
        return problems.iter().try_for_each(|problem| write_line(&line(problem)));
    }
    let groups = groups(problems);
    let lines: Vec<Vec<String>> = groups.iter().map(Group::lines).collect();
    let total: usize = lines.iter().map(Vec::len).sum();
    // The last line has the number of problems that are not shown.
    let mut room = if total > most { most - 1 } else { most };
    let mut shown = 0;
    for (group, lines) in groups.iter().zip(&lines) {
        if lines.len() > room {
            break;
        }
        room -= lines.len();
        shown += group.problems.len();
        lines.iter().try_for_each(|line| write_line(line))?;
    }
    let more = problems.len() - shown;
    if more > 0 {
        let more = counted(more as u64, "problem", "problems");
        write_line(&format!("and {more} of other kinds (-v shows all)"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(what: &str, path: &str, why: &str) -> Problem {
        Problem { what: what.to_owned(), path: path.to_owned(), why: why.to_owned() }
    }

    fn written(problems: &[Problem], most: usize) -> Vec<String> {
        let mut out = Vec::new();
        write(problems, most, None, &mut out).expect("a Vec takes everything");
        String::from_utf8(out).expect("UTF-8").lines().map(str::to_owned).collect()
    }

    #[test]
    fn one_line_is_not_hidden_behind_hundreds() {
        let mut problems: Vec<Problem> = (0..293)
            .map(|number| {
                let why = format!("a damaged zip: no end at {number}");
                problem("container", &format!("{number:03}.zip"), &why)
            })
            .collect();
        problems.push(problem("shallow clone", "r/.git/shallow", "3 commits are not here"));
        problems.push(problem("time", "", "the time limit of 5s was reached"));
        assert_eq!(
            written(&problems, 15),
            [
                "  time: the time limit of 5s was reached",
                "  shallow clone r/.git/shallow: 3 commits are not here",
                "  container (293 times): a damaged zip: no end at 0",
                "      000.zip, 001.zip, 002.zip and 290 more",
            ]
        );
        assert_eq!(written(&problems, usize::MAX).len(), 295);
    }

    #[test]
    fn never_more_lines_than_asked_for() {
        let kind = |number: usize| "kind ".to_owned() + &"i".repeat(number);
        for count in 1..40 {
            let single = (0..count).map(|at| problem("file", "a", &kind(at)));
            let twice = single.clone().chain((0..count).map(|at| problem("file", "b", &kind(at))));
            for problems in [single.collect::<Vec<_>>(), twice.collect()] {
                let lines = written(&problems, 15);
                assert!(lines.len() <= 15, "{count}: {lines:?}");
                let all = groups(&problems).iter().map(|group| group.lines().len()).sum::<usize>();
                assert_eq!(all > 15, lines.iter().any(|line| line.contains("-v shows all")));
            }
        }
    }
}
