//! Limits of unpacking, with defaults and a flag for each.
//!
//! A [`Meter`] counts for one file and, through [`Totals`], for the run. The counts do not depend
//! on the number of threads, except for the time and the totals of the run.

use std::cell::Cell;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use keysweep_base::memory::MemoryBudget;
use keysweep_base::stop::Stop;

/// A limit, and whether the user set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<T> {
    /// Its value.
    pub value: T,
    /// True if the user set it: content that it excludes is reported, but does not count as
    /// missing.
    pub is_explicit: bool,
}

impl<T> Limit<T> {
    /// A default value.
    pub const fn default_of(value: T) -> Self {
        Self { value, is_explicit: false }
    }

    /// The value that the user set, otherwise the default.
    pub fn or_explicit(self, explicit: Option<T>) -> Self {
        explicit.map_or(self, |value| Self { value, is_explicit: true })
    }
}

/// All limits of containers. The first six apply to one file with everything nested in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of containers; 0 opens none.
    pub depth: Limit<u32>,
    /// Number of members, including folders and empty ones.
    pub members: Limit<u64>,
    /// Bytes of all members, including those of nested containers.
    pub unpacked: Limit<u64>,
    /// Bytes of members per byte of the file; applies from 64 MiB on.
    pub ratio: Limit<u64>,
    /// Time for one file.
    pub time: Limit<Duration>,
    /// Bytes of a container that are held because it needs random access, such as a zip in a tar.
    pub held: Limit<u64>,
    /// Members of all files of a run.
    pub run_members: Limit<u64>,
    /// Bytes of members of all files of a run.
    pub run_unpacked: Limit<u64>,
}

impl Limits {
    /// True if the user set a limit that leaves out more on one day than on another: that of time
    /// depends on the machine, and those of the run on the order of threads.
    pub fn may_vary(&self) -> bool {
        self.time.is_explicit || self.run_members.is_explicit || self.run_unpacked.is_explicit
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: Limit::default_of(8),
            members: Limit::default_of(500_000),
            unpacked: Limit::default_of(32 << 30),
            ratio: Limit::default_of(250),
            time: Limit::default_of(Duration::from_secs(600)),
            held: Limit::default_of(256 << 20),
            run_members: Limit::default_of(50_000_000),
            run_unpacked: Limit::default_of(1 << 40),
        }
    }
}

/// Bytes that a file may always unpack to, whatever its ratio: a long run of equal lines is not a
/// bomb.
const FREE: u64 = 64 << 20;

/// The totals of a run so far.
#[derive(Debug, Default)]
pub struct Totals {
    members: AtomicU64,
    unpacked: AtomicU64,
}

/// The limits of a run and their use so far.
#[derive(Clone, Debug, Default)]
pub struct ContainerOptions {
    /// The limits.
    pub limits: Limits,
    /// Shared by all sources of a run.
    pub totals: Arc<Totals>,
    /// Limit of the memory held at once.
    pub memory: MemoryBudget,
}

/// The reason why reading of a file's containers ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The run is to stop; the stopping code reports the reason.
    Stopped,
    /// A limit is reached.
    Limit(Reached),
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::members`].
    Members,
    /// [`Limits::unpacked`].
    Unpacked,
    /// [`Limits::ratio`].
    Ratio,
    /// [`Limits::time`].
    Time,
    /// [`Limits::held`].
    Held,
    /// The memory budget of the run.
    Memory,
    /// [`Limits::run_members`].
    RunMembers,
    /// [`Limits::run_unpacked`].
    RunUnpacked,
}

impl Reached {
    /// True if the user set the limit.
    pub fn is_explicit(self, limits: &Limits) -> bool {
        match self {
            Self::Depth => limits.depth.is_explicit,
            Self::Members => limits.members.is_explicit,
            Self::Unpacked => limits.unpacked.is_explicit,
            Self::Ratio => limits.ratio.is_explicit,
            Self::Time => limits.time.is_explicit,
            Self::Held => limits.held.is_explicit,
            // It bounds the process, and is not a choice of scanned content.
            Self::Memory => false,
            Self::RunMembers => limits.run_members.is_explicit,
            Self::RunUnpacked => limits.run_unpacked.is_explicit,
        }
    }

    /// The content that was left out and the way to read more.
    pub fn why(self, limits: &Limits) -> String {
        match self {
            Self::Depth => format!(
                "not opened: it is inside {} nested containers: raise --depth",
                limits.depth.value
            ),
            Self::Members => format!(
                "only {} members were read, the rest is missing: raise --max-members",
                limits.members.value
            ),
            Self::Unpacked => format!(
                "only {} bytes of members were read, the rest is missing: raise --max-unpacked",
                limits.unpacked.value
            ),
            Self::Ratio => format!(
                "its members have more than {} times its size, the rest is missing: raise --max-ratio",
                limits.ratio.value
            ),
            Self::Time => format!(
                "read for {:?}, the rest is missing: raise --max-unpack-time",
                limits.time.value
            ),
            Self::Held => format!(
                "larger than {} bytes inside another container: raise --max-held, or unpack it",
                limits.held.value
            ),
            Self::Memory => {
                "not opened: it and the containers around it need more memory than there is: \
                 raise --max-memory, or unpack it"
                    .to_owned()
            }
            Self::RunMembers => format!(
                "the run has read {} members, the rest is missing: raise --max-run-members",
                limits.run_members.value
            ),
            Self::RunUnpacked => format!(
                "the run has read {} bytes of members, the rest is missing: raise --max-run-unpacked",
                limits.run_unpacked.value
            ),
        }
    }
}

/// Counts the content of one file's containers.
pub struct Meter<'a> {
    limits: &'a Limits,
    totals: &'a Totals,
    stop: &'a Stop,
    members: Cell<u64>,
    unpacked: Cell<u64>,
    /// Bytes of the file itself that were read; or its length, if known.
    input: Cell<u64>,
    until: Option<Instant>,
    halted: Cell<Option<Halt>>,
}

impl<'a> Meter<'a> {
    /// Creates a meter for a file of `length` bytes.
    pub fn new(options: &'a ContainerOptions, stop: &'a Stop, length: u64) -> Self {
        Self {
            limits: &options.limits,
            totals: &options.totals,
            stop,
            members: Cell::new(0),
            unpacked: Cell::new(0),
            input: Cell::new(length),
            until: Instant::now().checked_add(options.limits.time.value),
            halted: Cell::new(None),
        }
    }

    /// The reason why reading ended, if it did.
    pub fn halted(&self) -> Option<Halt> {
        self.halted.get()
    }

    /// Number of member bytes that were read.
    pub fn unpacked(&self) -> u64 {
        self.unpacked.get()
    }

    /// Counts bytes of the file itself.
    pub fn take_in(&self, bytes: u64) {
        self.input.set(self.input.get() + bytes);
    }

    /// Counts a member.
    pub fn member(&self) -> Result<(), Halt> {
        self.members.set(self.members.get() + 1);
        let total = self.totals.members.fetch_add(1, Ordering::Relaxed) + 1;
        if self.members.get() > self.limits.members.value {
            return self.halt(Halt::Limit(Reached::Members));
        }
        if total > self.limits.run_members.value {
            return self.halt(Halt::Limit(Reached::RunMembers));
        }
        if self.members.get().is_multiple_of(256) { self.clock() } else { self.verdict() }
    }

    /// Counts bytes of members.
    pub fn give(&self, bytes: u64) -> Result<(), Halt> {
        let given = self.unpacked.get() + bytes;
        self.unpacked.set(given);
        let total = self.totals.unpacked.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if given > self.limits.unpacked.value {
            return self.halt(Halt::Limit(Reached::Unpacked));
        }
        if given > FREE && given / self.limits.ratio.value.max(1) > self.input.get() {
            return self.halt(Halt::Limit(Reached::Ratio));
        }
        if total > self.limits.run_unpacked.value {
            return self.halt(Halt::Limit(Reached::RunUnpacked));
        }
        self.clock()
    }

    /// The deadline by time limit or stop flag.
    pub fn deadline(&self) -> Deadline {
        Deadline { stop: self.stop.clone(), until: self.until }
    }

    fn clock(&self) -> Result<(), Halt> {
        if self.stop.is_set() {
            return self.halt(Halt::Stopped);
        }
        if self.until.is_some_and(|until| Instant::now() > until) {
            return self.halt(Halt::Limit(Reached::Time));
        }
        self.verdict()
    }

    fn verdict(&self) -> Result<(), Halt> {
        self.halted.get().map_or(Ok(()), Err)
    }

    fn halt(&self, why: Halt) -> Result<(), Halt> {
        let why = self.halted.get().unwrap_or(why);
        self.halted.set(Some(why));
        Err(why)
    }
}

/// The deadline of reading, for readers that may consume much input without output, such as empty
/// streams.
#[derive(Clone, Debug, Default)]
pub struct Deadline {
    stop: Stop,
    until: Option<Instant>,
}

impl Deadline {
    /// A deadline that is reached once `stop` is set.
    pub fn of(stop: &Stop) -> Self {
        Self { stop: stop.clone(), until: None }
    }

    /// True if the deadline is reached.
    pub(crate) fn has_come(&self) -> bool {
        self.stop.is_set() || self.until.is_some_and(|until| Instant::now() > until)
    }
}

/// The counted bytes of a member; reading ends with an error when a limit is reached.
pub struct Metered<'m, 'a, R: ?Sized> {
    /// The meter that counts them.
    pub meter: &'m Meter<'a>,
    /// Their source.
    pub stream: &'m mut R,
}

impl<R: Read + ?Sized> Read for Metered<'_, '_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.meter.halted().is_some() {
            return Err(io::Error::other("halted"));
        }
        let count = match self.stream.read(out) {
            Ok(count) => count,
            // If the time limit has passed, it is the reason of the error.
            Err(error) => {
                return Err(match self.meter.give(0) {
                    Ok(()) => error,
                    Err(_) => io::Error::other("halted"),
                });
            }
        };
        match self.meter.give(count as u64) {
            Ok(()) => Ok(count),
            // The bytes read so far are scanned; the next read fails.
            Err(_) if count > 0 => Ok(count),
            Err(_) => Err(io::Error::other("halted")),
        }
    }
}
