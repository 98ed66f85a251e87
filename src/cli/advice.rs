//! The circumstances that a hook's message depends on, apart from the report.

use std::path::Path;

use crate::command::program;
use crate::finding::Occurrence;
use crate::report::{Pushed, Report, Setting};
use crate::source::git::hook_context::{HookContext, Index};
use crate::source::git::open::Environment;

/// The circumstances in which git ran the hook of this report. Nothing is read if there is nothing
/// to report.
pub(super) fn setting(report: &Report<'_>, repo: Option<&Path>) -> Setting {
    let mut setting = Setting { program: "keysweep".to_owned(), ..Setting::default() };
    if report.exit == 0 {
        return setting;
    }
    let Ok(context) = HookContext::of(repo, &Environment::from_process()) else { return setting };
    // On a server the user can't act, and has another program.
    if !context.is_receiving {
        setting.program = program::word();
    }
    setting.is_all = context.index == Index::All;
    setting.is_named = context.index == Index::Named;
    setting.is_merge = context.is_merge;
    let findings = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    for place in findings.flat_map(|finding| &finding.occurrences) {
        note(place, &context, &mut setting);
    }
    setting
}

fn note(place: &Occurrence, context: &HookContext, setting: &mut Setting) {
    let Some(git) = &place.origin.git else { return };
    if let Some(path) = place.origin.path.as_ref()
        && context.is_new(path, git.commit.as_deref())
    {
        setting.new.insert((git.commit.clone(), path.clone()));
    }
    if let Some(commit) = &git.commit {
        let place = context.place(commit);
        let is_head = place.is_head && !context.is_receiving;
        let branch = place.branch.filter(|_| !context.is_receiving);
        let pushed = Pushed { is_head, is_root: place.is_root, is_merge: place.is_merge, branch };
        setting.commits.insert(commit.clone(), pushed);
    }
}
