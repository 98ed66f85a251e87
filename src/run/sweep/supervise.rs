//! Watches a process while it scans a target: its messages, its time, its memory, whether it works.

use std::time::{Duration, Instant};

use super::failure::Failure;
use super::frames::{Done, Progress, Request};
use super::process::{Message, Next, Process};
use crate::coverage::{Count, Ledger};
use crate::run::collect::Hits;
use crate::stop::Stop;

/// The pause between two looks at a process.
const LOOK: Duration = Duration::from_millis(50);
/// After more time than this between two looks, the sweep itself was stopped, not the process.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// The time without progress after which a process counts as hanging.
const HANG: Duration = Duration::from_secs(120);
/// A process that uses less processor time than this only reports that it lives.
const WORK: Duration = Duration::from_millis(250);
/// The time that a process gets to report what it found, once the sweep is to end.
const STOP: Duration = Duration::from_secs(10);

/// The limits of a target in a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    /// `--target-timeout`, at which the process ends the target itself.
    pub(super) limit: Option<Duration>,
    /// Bytes at which the process ends the target itself.
    pub(super) memory: Option<u64>,
    /// Ends the sweep.
    pub(super) stop: &'a Stop,
}

impl Bounds<'_> {
    /// The time after which a process is killed that did not end at its time limit.
    fn outer_limit(&self) -> Option<Duration> {
        let grace = |limit: Duration| limit.clamp(Duration::from_secs(2), Duration::from_secs(30));
        self.limit.map(|limit| limit + grace(limit))
    }

    /// The memory at which a process is killed that did not end at its memory limit, which it
    /// checks 50 times a second.
    fn outer_memory(&self) -> Option<u64> {
        self.memory.map(|bytes| bytes + bytes / 4 + (64 << 20))
    }
}

/// The time for which a process has done nothing.
#[derive(Debug, Default)]
struct Pulse {
    last: Progress,
    quiet: Duration,
}

impl Pulse {
    /// Restarts the quiet time if a report of progress shows work.
    fn update(&mut self, now: Progress) {
        let same = Progress { cpu: self.last.cpu, ..now } == self.last;
        if !same || now.cpu.saturating_sub(self.last.cpu) > WORK {
            self.quiet = Duration::ZERO;
            self.last = now;
        }
    }
}

/// Has a process scan a target. Hits and counts arrive in `hits` and `ledger` as they are found.
pub(super) fn watch(
    process: &mut Process,
    request: &Request,
    bounds: Bounds<'_>,
    ledger: &Ledger,
    hits: &mut Hits,
) -> Result<Done, Failure> {
    if process.ask(request).is_err() {
        return Err(Failure::Truncated);
    }
    let mut watch = Watch::new(bounds);
    let mut counted = Progress::default();
    loop {
        match process.next(LOOK) {
            Next::Message(Message::Done(done)) => return Ok(*done),
            Next::Message(Message::Hit(hit)) => hits.add(*hit),
            Next::Message(Message::Progress(now)) => {
                count(ledger, counted, now);
                counted = now;
                watch.pulse.update(now);
            }
            Next::Message(Message::Ready) | Next::Nothing => {}
            Next::Ended => return Err(Failure::of(process.status())),
            Next::Unreadable => {
                process.kill();
                return Err(Failure::Truncated);
            }
        }
        if let Some(failure) = watch.look(process) {
            let ended = process.kill().is_some();
            return Err(if ended { failure } else { Failure::Undead });
        }
    }
}

fn count(ledger: &Ledger, last: Progress, now: Progress) {
    for (count, last, now) in [
        (Count::Files, last.files, now.files),
        (Count::Commits, last.commits, now.commits),
        (Count::Objects, last.objects, now.objects),
        (Count::Bytes, last.bytes, now.bytes),
    ] {
        ledger.add(count, now.saturating_sub(last));
    }
}

/// The clocks of a target.
struct Watch<'a> {
    bounds: Bounds<'a>,
    pulse: Pulse,
    looked: Instant,
    /// The time since its begin.
    spent: Duration,
    /// The time since it was asked to stop.
    stopping: Option<Duration>,
}

impl<'a> Watch<'a> {
    fn new(bounds: Bounds<'a>) -> Self {
        let (pulse, looked) = (Pulse::default(), Instant::now());
        Self { bounds, pulse, looked, spent: Duration::ZERO, stopping: None }
    }

    /// Looks at the clocks and at the memory, if it is time; returns the reason to kill the process.
    fn look(&mut self, process: &Process) -> Option<Failure> {
        let since = self.looked.elapsed();
        if since < LOOK {
            return None;
        }
        self.looked += since;
        let failure = self.tick(since.min(LONGEST_LOOK));
        if self.bounds.stop.is_set() && self.stopping.is_none() {
            self.stopping = Some(Duration::ZERO);
            // If it can't be asked, it is killed.
            let _ = process.stop();
        }
        failure.or_else(|| {
            let most = self.bounds.outer_memory()?;
            (process.memory() > most).then_some(Failure::Memory(self.bounds.memory?))
        })
    }

    /// Advances the clocks by so much.
    fn tick(&mut self, by: Duration) -> Option<Failure> {
        self.spent += by;
        self.pulse.quiet += by;
        if let Some(stopping) = &mut self.stopping {
            *stopping += by;
            return (*stopping > STOP).then_some(Failure::Stopped);
        }
        if self.bounds.outer_limit().is_some_and(|limit| self.spent > limit) {
            return self.bounds.limit.map(Failure::OverTime);
        }
        (self.pulse.quiet > HANG).then_some(Failure::Hung(HANG))
    }
}

#[cfg(test)]
mod tests;
