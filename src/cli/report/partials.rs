//! Partials of sweeps as earlier reports.

use std::error::Error;
use std::fs::File;
use std::path::Path;

use crate::cli::signals::Session;
use crate::command::report::merge::Input;
use crate::coverage::Ledger;
use crate::finding::Confidence;
use crate::memory::MemoryBudget;
use crate::report::Saved;
use crate::rules::RuleSet;
use crate::run::RunOptions;
use crate::run::merge::{Merge, PartialFile};
use crate::run::partial::{BEGINNING, beginning};
use crate::suppress::Suppressions;

/// True if a file begins as a partial does.
pub(super) fn is_partial(path: &Path) -> bool {
    // A file that can't be opened is reported when it is read as a report.
    File::open(path).and_then(beginning).is_ok_and(|head| head == BEGINNING)
}

/// Reads partials as `keysweep merge` does without options: nothing but markers suppresses.
pub(super) fn read(files: Vec<PartialFile>) -> Result<Input, Box<dyn Error>> {
    let session = Session::begin();
    let name = files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(" ");
    let options = RunOptions {
        min_confidence: Confidence::Medium,
        began: session.began,
        memory: MemoryBudget::explicit_or_granted(None),
        interrupted: session.interrupted,
        suppressions: Suppressions { inline: true, ..Suppressions::default() },
        include_suppressed: false,
        ..RunOptions::new(Vec::new(), session.stop)
    };
    let (rules, ledger) = (RuleSet::builtin(), Ledger::new());
    let outcome =
        Merge::survey(files, &options.stop).outcome(&options, None, &rules, &ledger)?.outcome;
    let saved = Saved {
        findings: outcome.findings,
        coverage: outcome.coverage,
        rules,
        command: "sweep".to_owned(),
        ..Saved::default()
    };
    Ok(Input { name, saved })
}
