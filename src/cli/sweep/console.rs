//! Shows the progress of a sweep on standard error.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::cli::progress;
use crate::command::sweep::rows::Rows;
use crate::coverage::Ledger;
use crate::run::sweep::{Ended, Watcher};
use crate::run::target::Target;

/// Writes a row for each target that ended, and the progress of those that are scanned.
pub(super) struct Console {
    rows: Rows,
    quiet: bool,
    /// The targets that are scanned, by number.
    now: Mutex<BTreeMap<usize, (Arc<Ledger>, Instant)>>,
}

impl Console {
    pub(super) fn new(targets: &[Target], jobs: usize, quiet: bool) -> Self {
        Self { rows: Rows::new(targets, jobs), quiet, now: Mutex::default() }
    }

    fn now(&self) -> MutexGuard<'_, BTreeMap<usize, (Arc<Ledger>, Instant)>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The progress line: the first of the targets that are scanned.
    pub(super) fn line(&self) -> String {
        let now = self.now().clone();
        let others = now.len().saturating_sub(1);
        let line = |(number, (ledger, since)): (usize, (Arc<Ledger>, Instant))| {
            let line = self.rows.line(number, &ledger, since.elapsed());
            if others == 0 { line } else { format!("{line}; {others} more at the same time") }
        };
        now.into_iter().next().map(line).unwrap_or_default()
    }
}

impl Watcher for Console {
    fn begins(&self, number: usize, ledger: &Arc<Ledger>) {
        self.now().insert(number, (Arc::clone(ledger), Instant::now()));
    }

    fn leaves(&self, number: usize) {
        self.now().remove(&number);
    }

    fn ended(&self, ended: &Ended<'_>) {
        let row = self.rows.row(ended);
        let nothing_to_report = ended.problems == 0 && ended.swept.credentials == 0 && !ended.again;
        if !(self.quiet && nothing_to_report) {
            progress::row(&row);
        }
    }
}
