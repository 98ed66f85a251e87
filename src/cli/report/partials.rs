//! Partials of sweeps as earlier reports.

use std::error::Error;
use std::fs::File;
use std::io::Read as _;
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
use crate::suppress::Suppressions;

/// The beginning of a partial.
const BEGINNING: &[u8] = b"{\"keysweep_partial\":";

/// True if a file begins as a partial does.
pub(super) fn is_partial(path: &Path) -> bool {
    let mut head = Vec::new();
    // What can't be opened is reported when it is read as a report.
    let opened = File::open(path).map(|file| file.take(BEGINNING.len() as u64));
    opened.and_then(|mut file| file.read_to_end(&mut head)).is_ok() && head == BEGINNING
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
