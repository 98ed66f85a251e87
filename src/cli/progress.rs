//! One line on standard error with the progress of the run.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use keysweep_base::watch::{Work, watched};

use crate::coverage::{Count, Ledger};

/// A shorter run shows no progress.
const PATIENCE: Duration = Duration::from_millis(500);
/// The time between two updates.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs `work` and shows the progress in `ledger`, if there is a terminal.
pub(super) fn with_progress<T>(wanted: bool, ledger: &Ledger, work: impl FnOnce() -> T) -> T {
    with_line(wanted, &|| line(ledger), work)
}

/// Runs `work`, and shows the text of `line` while it runs, if there is a terminal.
pub(super) fn with_line<T>(
    wanted: bool,
    line: &(dyn Fn() -> String + Sync),
    work: impl FnOnce() -> T,
) -> T {
    if !wanted || !io::stderr().is_terminal() {
        return work();
    }
    let watch = |work: &Work| {
        let mut pause = PATIENCE;
        let mut shown = false;
        while work.lasts(pause) {
            shown |= show(&line()).is_ok();
            pause = PAUSE;
        }
        if shown {
            let _ = show("");
        }
    };
    // Without a thread, nothing is shown.
    watched(watch, drop, work)
}

/// Writes a row of text in place of the progress line.
pub(super) fn row(text: &str) {
    let clear = if io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
    // If standard error is closed, nobody can read it.
    let _ = writeln!(io::stderr(), "{clear}{text}");
}

fn line(ledger: &Ledger) -> String {
    let counts =
        [(Count::Files, "files"), (Count::Commits, "commits"), (Count::Objects, "objects")];
    let counted = counts.into_iter().map(|(count, name)| (ledger.get(count), name));
    let mut parts: Vec<String> = counted
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    parts.push(format!("{} MB", ledger.get(Count::Bytes) / 1_000_000));
    parts.join(", ")
}

/// Replaces the terminal's line.
fn show(line: &str) -> io::Result<()> {
    let mut out = io::stderr().lock();
    write!(out, "\r\x1b[K{line}")?;
    out.flush()
}
