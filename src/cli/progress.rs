//! One line on standard error with the progress of the run.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::coverage::{Count, Ledger};

/// A shorter run shows no progress.
const PATIENCE: Duration = Duration::from_millis(500);
/// The time between two updates.
const PAUSE: Duration = Duration::from_millis(100);

/// Does `work` and shows the progress in `ledger`, if there is a terminal.
pub(super) fn with_progress<T>(wanted: bool, ledger: &Ledger, work: impl FnOnce() -> T) -> T {
    with_line(wanted, &|| line(ledger), work)
}

/// Does `work` and shows what `line` gives, if there is a terminal.
pub(super) fn with_line<T>(
    wanted: bool,
    line: &(dyn Fn() -> String + Sync),
    work: impl FnOnce() -> T,
) -> T {
    if !wanted || !io::stderr().is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        let (done, waiting) = mpsc::channel::<()>();
        let watch = move || {
            let mut pause = PATIENCE;
            let mut shown = false;
            while waiting.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                shown |= show(&line()).is_ok();
                pause = PAUSE;
            }
            if shown {
                let _ = show("");
            }
        };
        // Without a thread, nothing is shown.
        let _ = thread::Builder::new().spawn_scoped(scope, watch);
        let result = work();
        drop(done);
        result
    })
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
