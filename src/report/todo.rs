//! The first steps, each once: a hundred keys to deactivate need one command and a list, not a
//! hundred commands.

use std::io::{self, Write};

use super::{Report, summary, text};
use crate::finding::Finding;
use crate::remedy::{self, Applied, Remedies};
use crate::text::escape_line;

/// Maximum number of keys that are named for a step.
const NAMED: usize = 3;

/// A step and its findings, worst first.
pub(super) struct Todo<'a> {
    /// The step, in a few words.
    pub(super) title: String,
    pub(super) findings: Vec<&'a Finding>,
    /// Its commands, one on each line.
    pub(super) commands: Vec<String>,
    /// The command of keysweep that does it for the first of them.
    keysweep: Option<String>,
}

/// The steps for `findings`, in their order; none for suppressed ones.
pub(super) fn todos<'a>(report: &Report<'a>, findings: &[&'a Finding]) -> Vec<Todo<'a>> {
    let open = findings.iter().copied().filter(|finding| finding.suppressed.is_none());
    let open: Vec<&Finding> = open.collect();
    let table = remedy::remedies(open.iter().copied(), report.rules);
    let mut todos: Vec<(String, Todo<'a>)> = Vec::new();
    for finding in open {
        let (same, title) = step(report, finding, &table);
        match todos.iter_mut().find(|(key, _)| *key == same) {
            Some((_, todo)) => todo.findings.push(finding),
            None => {
                let findings = vec![finding];
                let todo = Todo { title, findings, commands: Vec::new(), keysweep: None };
                todos.push((same, todo));
            }
        }
    }
    let mut todos: Vec<Todo<'a>> = todos.into_iter().map(|(_, todo)| todo).collect();
    for todo in &mut todos {
        todo.commands = commands(report, todo, &table);
        todo.keysweep = by_keysweep(report, todo);
    }
    todos
}

/// The title of a finding's first step, and the key by which equal steps are merged.
fn step(report: &Report<'_>, finding: &Finding, table: &Remedies) -> (String, String) {
    if let Some(sentence) = remedy::verdict_advice(finding) {
        return (sentence.to_owned(), sentence.to_owned());
    }
    let applied = remedy::applied(finding, report.rules);
    let first = table.get(&applied.remedy).and_then(|remedy| remedy.steps.first());
    let title = first.map(|step| step.title.clone()).unwrap_or_default();
    let cli = first.and_then(|step| step.cli.as_deref()).unwrap_or_default();
    (format!("{title}\n{cli}"), title)
}

fn commands(report: &Report<'_>, todo: &Todo<'_>, table: &Remedies) -> Vec<String> {
    let Some((first, others)) = todo.findings.split_first() else { return Vec::new() };
    if remedy::verdict_advice(first).is_some() {
        return Vec::new();
    }
    if others.is_empty() {
        let step = remedy::first_step(first, report.rules);
        return step.and_then(|step| step.cli).into_iter().collect();
    }
    let remedy = remedy::applied(first, report.rules).remedy;
    let Some(remedy) = table.get(&remedy) else { return Vec::new() };
    let Some(cli) = remedy.steps.first().and_then(|step| step.cli.as_deref()) else {
        return Vec::new();
    };
    let applied: Vec<Applied> =
        todo.findings.iter().map(|finding| remedy::applied(finding, report.rules)).collect();
    let mut commands = remedy::assignments(&[cli], |variable| {
        let known = |applied: &Applied| applied.variables.get(variable).cloned();
        let known: Vec<Option<String>> = applied.iter().map(known).collect();
        let lookup = remedy.lookups.get(variable).filter(|_| known.contains(&None));
        let first = known.first().and_then(Option::as_deref).filter(|_| lookup.is_none());
        let is_same = first.is_none() || known.iter().all(|other| other.as_deref() == first);
        let note = if is_same { "" } else { "   # then each of the others" };
        remedy::assignment(variable, first, lookup.map(String::as_str)) + note
    });
    commands.push(cli.to_owned());
    commands
}

/// The command of keysweep for the first of the keys.
fn by_keysweep(report: &Report<'_>, todo: &Todo<'_>) -> Option<String> {
    let first = todo.findings.first().filter(|first| remedy::verdict_advice(first).is_none())?;
    remedy::first_step(first, report.rules)?.keysweep
}

impl Todo<'_> {
    /// The key of the step, or the number of keys and the first of them.
    pub(super) fn whose(&self) -> String {
        let names = self.findings.iter().map(|finding| text::name(&finding.credential));
        let mut named: Vec<String> = names.take(NAMED).collect();
        let more = self.findings.len() - named.len();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        match named.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }
}

/// Writes the steps as text, and the command that shows the next ones.
pub(super) fn write(
    report: &Report<'_>,
    findings: &[&Finding],
    heading: anstyle::Style,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let todos = todos(report, findings);
    let Some(first) = todos.first() else { return Ok(()) };
    writeln!(out, "{heading}What to do first:{heading:#}")?;
    for todo in &todos {
        let whose = todo.whose();
        let whose = if whose.is_empty() { whose } else { format!(" ({whose})") };
        let sentence = format!("{}{whose}", escape_line(&todo.title));
        // Commands are never wrapped, because they are pasted.
        summary::write_wrapped(&format!("  {sentence}"), width, "    ", out)?;
        for line in todo.commands.iter().flat_map(|command| command.lines()) {
            writeln!(out, "      {}", escape_line(line))?;
        }
        if let Some(command) = &todo.keysweep {
            writeln!(out, "    or: {}", escape_line(command))?;
        }
    }
    let subject = first.findings.first().map(|finding| &finding.credential);
    let id = subject.and_then(|it| it.key_id.as_deref()).filter(|id| is_signing_key(id));
    let rule = subject.map(|credential| credential.rule.as_str());
    let subject = id.or(rule).map(escape_line).unwrap_or_default();
    writeln!(out, "  All steps, and why: keysweep explain {subject}\n")
}

fn is_signing_key(id: &str) -> bool {
    crate::aws::KeyId::parse(id.as_bytes()).is_some_and(|id| !id.is_example())
}
