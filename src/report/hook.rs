//! The message of a git hook that stops a commit or a push: ten lines at most, and none without
//! findings.
//!
//! The reader wanted to do something else: the message names the locations, then the choices. Each
//! choice ends with a command that can be pasted, in any folder of the work tree, after the line's
//! last colon and blank.

mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Report, text};
use crate::finding::{Finding, Occurrence};
use crate::text::{escape_path, shell_word};
use names::{ignored, pathspec};

/// Maximum number of lines of the message.
const LINES: usize = 10;

/// Maximum number of files that a command names; if there are more, it takes everything that is staged.
const NAMED: usize = 20;

/// Maximum number of findings that one command suppresses.
const ACCEPTED: usize = 3;

/// Characters of a commit id that are shown.
const SHORT: usize = 12;

/// The circumstances in which git ran the hook.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// keysweep as a shell word.
    pub program: String,
    /// The commit comes from a temporary index: `git commit -a`.
    pub is_all: bool,
    /// The commit comes from named files: `git commit FILE`.
    pub is_named: bool,
    /// A merge is being committed.
    pub is_merge: bool,
    /// New paths: they are not in HEAD or, for a push, in no parent of the commit.
    pub new: BTreeSet<(Option<String>, Vec<u8>)>,
    /// The commits of a push.
    pub commits: BTreeMap<String, Pushed>,
}

/// A commit that is pushed.
#[derive(Clone, Debug, Default)]
pub struct Pushed {
    /// HEAD names it, so that it can be amended.
    pub is_head: bool,
    /// It has no parent.
    pub is_root: bool,
    /// It has several parents.
    pub is_merge: bool,
    /// The branch that contains it, if HEAD does not.
    pub branch: Option<String>,
}

/// Writes the message of a hook: nothing if the report's exit status is 0.
pub fn write_hook(report: &Report<'_>, setting: &Setting, out: &mut dyn Write) -> io::Result<()> {
    if report.exit == 0 {
        return Ok(());
    }
    let findings: Vec<&Finding> =
        report.sorted().into_iter().filter(|finding| finding.suppressed.is_none()).collect();
    let doing = if report.command == "range" { "push" } else { "commit" };
    let mut problems = Vec::new();
    if let Some(problem) = report.coverage.problems.first() {
        let more = report.coverage.problems.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let problem = format!("{} {}: {}{more}", problem.what, problem.path, problem.why);
        problems.push(format!("Not read:     {problem}"));
    }
    let lines = match findings.first().and_then(|first| first.occurrences.first()) {
        Some(first) => {
            let advice = Advice { findings: &findings, first, setting };
            let mut ways = advice.take_out(doing);
            ways.extend(advice.others(doing));
            ways.extend(problems);
            let mut lines = places(&findings, LINES - 1 - ways.len());
            lines.extend(ways);
            let is_aws = findings.iter().all(|finding| finding.credential.is_of_aws());
            let whose = if is_aws { "AWS credentials" } else { "credentials" };
            writeln!(out, "keysweep: stopped, this {doing} holds {whose}:")?;
            lines
        }
        None => {
            writeln!(out, "keysweep: stopped, because this {doing} could not be read completely:")?;
            problems.push(format!(
                "To continue on your own responsibility: git {doing} \
                 --no-verify"
            ));
            problems
        }
    };
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// One line for each location: both halves, rule, credential.
fn places(findings: &[&Finding], room: usize) -> Vec<String> {
    let all: Vec<(&Finding, &Occurrence)> = findings
        .iter()
        .flat_map(|finding| finding.occurrences.iter().map(move |at| (*finding, at)))
        .collect();
    let shown = if all.len() > room { room - 1 } else { all.len() };
    let mut lines: Vec<String> =
        all[..shown].iter().map(|(finding, at)| line(finding, at)).collect();
    if all.len() > shown {
        lines.push(format!("  and {} more", all.len() - shown));
    }
    lines
}

fn line(finding: &Finding, place: &Occurrence) -> String {
    let (id, secret) = (place.sighting.id, place.sighting.secret);
    let halves = match id.zip(secret).filter(|(id, secret)| id != secret) {
        Some((_, secret)) => {
            format!(" (id) and {}:{} (secret)", secret.start.line, secret.start.column)
        }
        None => String::new(),
    };
    let commit = commit(place).map(|id| format!(" in {}", short(id))).unwrap_or_default();
    let rule = finding.credential.rule.as_str();
    let name = text::name(&finding.credential);
    format!("  {}{halves}{commit}  {rule} {name}", text::position(place))
}

/// The choices.
struct Advice<'a> {
    findings: &'a [&'a Finding],
    first: &'a Occurrence,
    setting: &'a Setting,
}

impl Advice<'_> {
    /// The ways to remove the credentials from the commit or push.
    fn take_out(&self, doing: &str) -> Vec<String> {
        if doing == "push" {
            return self.rewrite();
        }
        let files = self.files();
        let specs = |magic| words(files.iter().map(|path| pathspec(path, magic)));
        let many = files.len() > NAMED;
        let all = || if many { ":/".to_owned() } else { specs("") };
        let replace = "read the values from the environment or use a role instead";
        if self.first.origin.git.is_none() || files.is_empty() {
            let path = self.first.origin.path.as_deref().map_or_else(String::new, escape_path);
            return vec![format!("Take it out:  remove it from {path}: {replace}")];
        }
        let setting = self.setting;
        if setting.is_merge {
            return vec![
                format!("Take it out:  {replace}, then: git add -- {} && git commit", all()),
                "  or abort the merge: git merge --abort".to_owned(),
            ];
        }
        let mut lines = vec![format!("Take it out:  {replace}, then: git add -- {}", all())];
        if setting.is_all && !many {
            lines.push(format!(
                "  or commit everything else: git reset -q -- {0} && git add -u -- :/ {1} && git \
                 commit",
                specs(""),
                specs("exclude")
            ));
        } else if !setting.is_named && !setting.is_all {
            let unstage = if many { String::new() } else { format!(" -- {}", specs("")) };
            lines.push(format!("  or leave it out of this commit: git reset -q{unstage}"));
        }
        lines
    }

    /// The ways to remove a credential from the commit that added it: the push contains that commit
    /// even if a later one removes the credential.
    fn rewrite(&self) -> Vec<String> {
        let Some(id) = commit(self.first).filter(|_| self.first.origin.path.is_some()) else {
            return vec!["Take it out:  create that commit or tag again, without it".to_owned()];
        };
        let pushed = self.setting.commits.get(id).cloned().unwrap_or_default();
        let places = self.findings.iter().flat_map(|finding| &finding.occurrences);
        let of_commit = places.filter(|place| commit(place) == Some(id));
        let paths: BTreeSet<&Vec<u8>> =
            of_commit.filter_map(|place| place.origin.path.as_ref()).collect();
        let is_new =
            |path: &&&Vec<u8>| self.setting.new.contains(&(Some(id.to_owned()), path.to_vec()));
        let specs = |paths: &mut dyn Iterator<Item = &&Vec<u8>>| {
            words(paths.map(|path| pathspec(path, "")))
        };
        let new = specs(&mut paths.iter().filter(is_new));
        let old = specs(&mut paths.iter().filter(|path| !is_new(path)));
        let (first, amend) = match (new.is_empty(), old.is_empty()) {
            (true, _) => {
                ("replace the lines in it", format!("git commit -q --amend --no-edit -- {old}"))
            }
            (false, true) => (
                "take the new files out of it",
                format!(
                    "git rm -q --cached -- {new} && git commit -q --amend --no-edit --allow-empty"
                ),
            ),
            (false, false) => (
                "replace the lines in it and take the new files out",
                format!(
                    "git add -- {old} && git rm -q --cached -- {new} && git commit -q --amend --no-edit"
                ),
            ),
        };
        if pushed.is_head {
            return vec![format!("Take it out:  of the last commit: {first}, then: {amend}")];
        }
        let short = short(id);
        let from = if pushed.is_root { "--root".to_owned() } else { format!("{short}~1") };
        let branch =
            pushed.branch.map(|name| format!(" {}", shell_word(&name))).unwrap_or_default();
        if pushed.is_merge {
            return vec![format!(
                "Take it out:  create the merge again, without it: git rebase -q --rebase-merges \
                 --no-ff --autostash {from}{branch}"
            )];
        }
        vec![
            format!(
                "Take it out:  stop at its commit: git -c core.abbrev={SHORT} -c sequence.editor=\"sed \
                 -i.bak 's/^p[a-z]* {short}/edit {short}/'\" rebase -q -i --rebase-merges --autostash \
                 --empty=drop {from}{branch}"
            ),
            format!("  {first}, then: {amend} && git rebase --continue"),
        ]
    }

    /// The ways to ignore the file, to rotate the key, and to suppress the finding.
    fn others(&self, doing: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let program = &self.setting.program;
        let files = self.files();
        let new = files.iter().filter(|path| self.setting.new.contains(&(None, path.to_vec())));
        let new: Vec<&Vec<u8>> = new.collect();
        if doing == "commit" && !new.is_empty() && files.len() <= NAMED {
            let names = words(new.into_iter().map(|path| ignored(path)));
            lines.push(format!(
                "Keep it out:  the file, if it must not be committed: printf '%s\\n' '' {names} \
                 >> \"$(git rev-parse --show-toplevel)/.gitignore\""
            ));
        }
        let first = &self.findings[0].credential;
        let subject = shell_word(first.key_id.as_deref().unwrap_or(first.rule.as_str()));
        lines.push(format!(
            "Rotate it:    if it ever left your machine, or if in doubt: {program} explain \
             {subject}"
        ));
        let mut accept = format!("{program} baseline");
        for finding in self.findings.iter().take(ACCEPTED) {
            let _ = write!(accept, " --only {}", finding.fingerprint);
        }
        accept.push_str(" --reason 'false alarm'");
        lines.push(match doing {
            // For a push, the earlier baseline counts: a push can't suppress its own keys.
            "push" => format!(
                "Suppress it:  only a false alarm, with keysweep:allow on its line, or in a \
                 baseline pushed before: {accept}"
            ),
            _ => format!(
                "Suppress it:  only a false alarm, with keysweep:allow on its line, or: {accept} \
                 && git add -f -- :/.keysweep-baseline"
            ),
        });
        lines
    }

    /// The files with findings.
    fn files(&self) -> BTreeSet<Vec<u8>> {
        let places = self.findings.iter().flat_map(|finding| &finding.occurrences);
        places.filter_map(|place| place.origin.path.clone()).collect()
    }
}

fn commit(place: &Occurrence) -> Option<&str> {
    place.origin.git.as_ref().and_then(|git| git.commit.as_deref())
}

fn words(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}
