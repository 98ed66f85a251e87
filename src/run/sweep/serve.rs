//! The side of a process that scans targets for a sweep: reads targets, sends hits and coverage.
//!
//! It ends with the sweep, however that ends: it dies with its parent where the system offers that,
//! and when the pipe from it closes. It writes to nothing but its pipe and standard error.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::exit;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::change;
use super::frames::{self, Done, Kind, PathText, Progress, Recalled, Request, Setup, Usage};
use super::hits;
use super::scan::Scan;
use crate::coverage::{Count, Ledger};
use crate::memory::MemoryBudget;
use crate::run::memory_watch;
use crate::run::restore::restore;
use crate::run::target::Target;
use crate::scan::{Detector, Hit};
use crate::source::files::{FileOptions, Globs};
use crate::source::git::database::DatabaseOptions;
use crate::source::git::history::HistoryOptions;
use crate::source::git::since::{Exchange, Now, ObjectsRead};
use crate::stop::Stop;

/// The pause between two reports of progress.
const PULSE: Duration = Duration::from_millis(200);

/// The reason why a process does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A user called it.
    #[error(
        "this is how `keysweep sweep` starts itself to scan a target in a process of its own: run \
         `keysweep sweep`"
    )]
    NotASweep,
    /// The options can't be used.
    #[error("the options of the sweep can't be read: {0}")]
    Options(String),
    /// No thread or pipe.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// The detector and the options of a process.
pub struct Server<D> {
    /// The detector.
    pub detector: D,
    /// Paths whose findings are left out.
    pub exclude: Globs,
    /// `--target-timeout`.
    pub limit: Option<Duration>,
    /// The options of a target, for a number of threads and the number of targets that share the
    /// memory.
    pub options: Box<dyn Fn(usize, u64) -> TargetOptions>,
}

/// The options of a target.
pub struct TargetOptions {
    /// Options for its files; the paths are set for each target.
    pub files: FileOptions,
    /// Options for its object database.
    pub database: DatabaseOptions,
    /// The memory of the process.
    pub memory: MemoryBudget,
}

/// The target that is scanned at present.
#[derive(Default)]
struct Current {
    stop: Stop,
    ledger: Option<Arc<Ledger>>,
}

/// The state that the threads of the process share.
struct Shared {
    output: Mutex<File>,
    current: Mutex<Current>,
    /// The sweep or a signal ends the process.
    ended: Stop,
}

/// Serves until the sweep ends. `ended` is set by signals; `build` reads the options.
///
/// # Errors
///
/// If this is not the process of a sweep, or can't begin.
pub fn serve<D: Detector>(
    ended: &Stop,
    build: impl FnOnce(&str) -> Result<Server<D>, Box<dyn std::error::Error>>,
) -> Result<(), ServeError> {
    let setup = setup()?;
    let server = build(&setup.options).map_err(|error| ServeError::Options(error.to_string()))?;
    let shared = Arc::new(Shared {
        output: Mutex::new(output()?),
        current: Mutex::default(),
        ended: ended.clone(),
    });
    let (sender, requests) = mpsc::channel();
    let reading = Arc::clone(&shared);
    thread::Builder::new().spawn(move || reading.read(&sender))?;
    let pulse = Arc::clone(&shared);
    thread::Builder::new().spawn(move || pulse.show_progress())?;
    shared.send(Kind::Ready, &());
    for request in requests {
        let done = answer(&request, &server, &shared)?;
        shared.send(Kind::Done, &done);
    }
    Ok(())
}

/// The first frame; without it nobody asked for this process.
fn setup() -> Result<Setup, ServeError> {
    if io::stdin().is_terminal() {
        return Err(ServeError::NotASweep);
    }
    let first = frames::read(&mut io::stdin().lock());
    let first = first.ok().flatten().filter(|frame| frame.kind == Kind::Setup);
    let setup: Option<Setup> = first.and_then(|frame| frame.record().ok());
    let setup = setup.filter(|setup| setup.version == env!("CARGO_PKG_VERSION"));
    let setup = setup.ok_or(ServeError::NotASweep)?;
    #[cfg(target_os = "linux")]
    die_with(setup.parent)?;
    Ok(setup)
}

/// Makes the system end this process with its parent.
#[cfg(target_os = "linux")]
fn die_with(parent: u32) -> Result<(), ServeError> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    // If the system refuses it, the closed pipe ends the process.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // The parent may have ended before.
    let of_parent = |pid: rustix::process::Pid| i64::from(pid.as_raw_nonzero().get());
    if getppid().map(of_parent) != Some(i64::from(parent)) {
        return Err(ServeError::NotASweep);
    }
    // A dump of its memory would contain secrets. Where a limit can't be set, there is no dump.
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    // If memory runs out, the system is to end a process of one target, not the sweep. Where that
    // can't be said, the system chooses.
    let score = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
    if score.trim().parse::<i32>().is_ok_and(|score| score < 300) {
        let _ = std::fs::write("/proc/self/oom_score_adj", "300");
    }
    Ok(())
}

/// Standard output without a buffer: hits contain secrets, and a buffer keeps them.
fn output() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle as _;
        Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
    }
}

impl Shared {
    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the sweep asks for. Its end is the end of the process.
    fn read(&self, sender: &mpsc::Sender<Request>) {
        loop {
            let frame = frames::read(&mut io::stdin().lock());
            match frame.ok().flatten() {
                Some(frame) if frame.kind == Kind::Target => {
                    let request = frame.record().ok();
                    if request.and_then(|request| sender.send(request).ok()).is_none() {
                        exit(1);
                    }
                }
                Some(frame) if frame.kind == Kind::Stop => self.stop(),
                _ => exit(0),
            }
        }
    }

    fn stop(&self) {
        self.ended.set();
        self.current().stop.set();
    }

    /// Says how far the target is. A process that reports nothing counts as hanging.
    fn show_progress(&self) {
        loop {
            thread::sleep(PULSE);
            if self.ended.is_set() {
                self.stop();
            }
            let ledger = self.current().ledger.clone();
            if let Some(ledger) = ledger {
                self.send(Kind::Progress, &progress(&ledger));
            }
        }
    }

    fn send(&self, kind: Kind, record: &impl serde::Serialize) {
        match frames::frame(kind, record) {
            Ok(bytes) => self.write(&bytes),
            // The sweep reports that the answer is cut.
            Err(_) => exit(1),
        }
    }

    fn write(&self, bytes: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody reads any more: the sweep has ended.
        if frames::write(&mut *output, bytes).is_err() {
            exit(1);
        }
    }

    fn send_hit(&self, hit: Hit) {
        match hits::frame(hit) {
            Ok(bytes) => self.write(&bytes),
            Err(_) => exit(1),
        }
    }
}

fn progress(ledger: &Ledger) -> Progress {
    Progress {
        files: ledger.get(Count::Files),
        commits: ledger.get(Count::Commits),
        objects: ledger.get(Count::Objects),
        bytes: ledger.get(Count::Bytes),
        cpu: processor_time(),
    }
}

/// Scans a target, or reads its credentials again.
fn answer<D: Detector>(request: &Request, server: &Server<D>, shared: &Shared) -> io::Result<Done> {
    let began = processor_time();
    reset_peak();
    let options = (server.options)(request.threads, request.shares);
    let target = target(request, &options)?;
    let exchange = target.history.as_ref().and_then(|history| history.since.clone());
    let stop = Stop::default();
    let ledger = Arc::new(Ledger::new());
    *shared.current() = Current { stop: stop.clone(), ledger: Some(Arc::clone(&ledger)) };
    if shared.ended.is_set() {
        stop.set();
    }
    let wanted = request.wants_state.then(|| change::digest(&target));
    let state = wanted.flatten();
    let unchanged = state.is_some() && state == request.since;
    let done = |coverage, failed| {
        let Now { read, reused } = exchange.as_ref().map(|it| it.take()).unwrap_or_default();
        Done {
            coverage,
            failed,
            state: state.clone(),
            databases: read,
            reused,
            stopped: shared.ended.is_set(),
            usage: Usage { cpu: processor_time().saturating_sub(began), peak: peak() },
        }
    };
    if unchanged {
        *shared.current() = Current::default();
        return Ok(done(None, None));
    }
    if let Some(Recalled { traces }) = &request.recalled {
        let restored = || restore(&target, traces, &server.detector);
        let hits = catch_unwind(AssertUnwindSafe(restored)).ok().flatten();
        if let Some(hits) = hits {
            hits.into_iter().for_each(|hit| shared.send_hit(hit));
            *shared.current() = Current::default();
            return Ok(done(None, None));
        }
    }
    let scan = Scan {
        detector: &server.detector,
        exclude: &server.exclude,
        limit: server.limit,
        stop: &stop,
    };
    let mut take = |hit: Hit| shared.send_hit(hit);
    let mut failed = memory_watch::limit(options.memory.limit(), &stop, &ledger, || {
        scan.scan(&target, &ledger, &mut take)
    });
    *shared.current() = Current::default();
    let coverage = ledger.coverage();
    if failed.is_none() && stop.is_set() && !shared.ended.is_set() {
        let memory = coverage.problems.iter().find(|problem| problem.what == "memory");
        failed = memory.map(|problem| problem.why.clone());
    }
    Ok(done(Some(coverage), failed))
}

/// The target that a request describes.
fn target(request: &Request, options: &TargetOptions) -> io::Result<Target> {
    let place = request.place.path()?;
    let files = request.files.as_ref().map(|asked| -> io::Result<FileOptions> {
        Ok(FileOptions {
            paths: frames::paths(&asked.paths)?,
            counted_from: asked.counted_from.as_ref().map(PathText::path).transpose()?,
            apart: frames::paths(&asked.apart)?,
            ..options.files.clone()
        })
    });
    let history = request.history.then(|| HistoryOptions {
        repo: Some::<PathBuf>(place.clone()),
        database: options.database.clone(),
        since: exchange(request.wants_state, &options.database, request.databases.clone()),
        ..HistoryOptions::default()
    });
    Ok(Target {
        place,
        files: files.transpose()?,
        history,
        problems: request.problems.clone(),
        note: request.note.clone(),
        ..Target::default()
    })
}

/// The data that sweeps pass on about a repository, if it is `wanted`. If the user limits what is
/// unpacked in all objects together, the result of one object depends on the others, so nothing is
/// passed on. If the user limits the time for an object, a result with a limit that was reached is
/// not used.
pub(super) fn exchange(
    wanted: bool,
    database: &DatabaseOptions,
    mut earlier: Vec<ObjectsRead>,
) -> Option<Arc<Exchange>> {
    let limits = &database.containers.limits;
    let is_limited = limits.run_members.is_explicit || limits.run_unpacked.is_explicit;
    if limits.may_vary() {
        earlier.retain(|read| read.unopened() == 0);
    }
    (wanted && !is_limited).then(|| Arc::new(Exchange::new(earlier)))
}

/// Processor time of this process so far.
fn processor_time() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let (seconds, rest) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
        Duration::new(seconds.unwrap_or_default(), rest.unwrap_or_default())
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

/// The most memory since [`reset_peak`], in bytes (proc_pid_status(5), `VmHWM`); 0 if the system
/// does not say.
fn peak() -> u64 {
    memory_watch::status_bytes("self", "VmHWM:")
}

/// Counts the peak from now on (proc_pid_clear_refs(5)).
fn reset_peak() {
    // If that is not possible, the peak is that of all targets of the process so far.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
