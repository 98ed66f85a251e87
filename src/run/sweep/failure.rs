//! The reasons why a process did not finish its target, in words for the report.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

/// The end of a process before that of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A signal that the sweep did not send. Only Unix has them.
    #[cfg_attr(not(unix), expect(dead_code))]
    Signal(i32),
    /// It ended with a status.
    Exit(i32),
    /// Its output can't be read.
    Truncated,
    /// It neither read anything nor used the processor for this time.
    Hung(Duration),
    /// It did not end at `--target-timeout`.
    OverTime(Duration),
    /// It took more than this many bytes.
    Memory(u64),
    /// The sweep ended, and the process did not.
    Stopped,
    /// Not even a kill ends it.
    Undead,
}

impl Failure {
    /// The failure for the status of a process; the status `None` means that it has not ended.
    pub(super) fn of(status: Option<ExitStatus>) -> Self {
        let Some(status) = status else { return Self::Undead };
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt as _;
            if let Some(signal) = status.signal() {
                return Self::Signal(signal);
            }
        }
        status.code().map_or(Self::Truncated, Self::Exit)
    }

    /// True if the same target may well be scanned the next time.
    pub(super) fn may_pass(self) -> bool {
        !matches!(self, Self::OverTime(_) | Self::Stopped)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(number) => write!(f, "killed by signal {number}{}", meaning(*number)),
            Self::Exit(status) => {
                write!(f, "its process ended with status {status} before the target was scanned")
            }
            Self::Truncated => f.write_str("the output of its process is cut or damaged"),
            Self::Hung(time) => write!(
                f,
                "no progress in {} s, as if a disk or a file server did not answer: its process \
                 was killed",
                time.as_secs()
            ),
            Self::OverTime(limit) => {
                write!(f, "the time limit of {limit:?} did not end its process, which was killed")
            }
            Self::Memory(bytes) => write!(
                f,
                "memory above {} MiB: its process was killed; raise --max-memory",
                bytes >> 20
            ),
            Self::Stopped => f.write_str("the sweep ended first, and its process was killed"),
            Self::Undead => f.write_str(
                "its process can't be ended, as if a disk or a file server did not answer",
            ),
        }
    }
}

/// The name of a signal, and what usually sends it.
#[cfg(unix)]
fn meaning(signal: i32) -> &'static str {
    match signal {
        libc::SIGBUS => " (SIGBUS): a file was truncated while it was read, or a disk failed",
        libc::SIGKILL => " (SIGKILL): by hand, or by the system because memory ran out",
        libc::SIGSEGV => " (SIGSEGV): a bug in keysweep, please report it",
        libc::SIGABRT => " (SIGABRT): it ran out of memory, or a bug in keysweep",
        libc::SIGILL => " (SIGILL): the program was made for another processor, or is damaged",
        libc::SIGTERM => " (SIGTERM): by hand",
        libc::SIGINT => " (SIGINT): by hand",
        libc::SIGHUP => " (SIGHUP): by hand",
        libc::SIGXCPU => " (SIGXCPU): the limit of processor time (`ulimit -t`)",
        libc::SIGSYS => " (SIGSYS): a filter of system calls forbids one",
        _ => "",
    }
}

#[cfg(not(unix))]
fn meaning(_: i32) -> &'static str {
    ""
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    #[test]
    fn each_end_has_its_words_and_only_some_are_tried_again() {
        let second = Duration::from_secs(1);
        let table = [
            (
                Failure::of(Some(ExitStatus::from_raw(7))),
                "killed by signal 7 (SIGBUS): a file",
                true,
            ),
            (Failure::of(Some(ExitStatus::from_raw(9))), "killed by signal 9 (SIGKILL): by", true),
            (Failure::of(Some(ExitStatus::from_raw(64))), "killed by signal 64", true),
            (Failure::of(Some(ExitStatus::from_raw(3 << 8))), "ended with status 3", true),
            (Failure::of(None), "can't be ended", true),
            (Failure::Truncated, "cut or damaged", true),
            (Failure::Hung(120 * second), "no progress in 120 s", true),
            (Failure::Memory(2 << 30), "memory above 2048 MiB", true),
            (Failure::OverTime(second), "the time limit of 1s did not end", false),
            (Failure::Stopped, "the sweep ended first", false),
        ];
        for (failure, words, again) in table {
            let text = failure.to_string();
            assert!(text.contains(words), "{text}");
            assert_eq!(failure.may_pass(), again, "{text}");
        }
    }
}
