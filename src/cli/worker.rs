//! The process that `keysweep sweep` starts for its targets: options that came through a pipe become
//! those of a scan.
//!
//! Nobody types its argument, so no help lists it. Without a sweep at the other end it says so.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::arguments::{
    AttributionArguments, ContainerArguments, DatabaseArguments, LimitArguments, OutputArguments,
    SelectionArguments,
};
use super::output::Outputs;
use super::scan;
use super::signals::Session;
use crate::detect::Engine;
use crate::rules::Packs;
use crate::run::Status;
use crate::run::policy::{self, Policy};
use crate::run::sweep::serve::{Server, TargetOptions, serve};
use crate::run::sweep::{PathText, Workers};
use crate::source::files::Globs;

/// The options of a sweep that its processes need.
#[derive(Serialize, Deserialize)]
pub(super) struct WorkerOptions {
    pub(super) selection: SelectionArguments,
    pub(super) attribution: AttributionArguments,
    pub(super) database: DatabaseArguments,
    pub(super) containers: ContainerArguments,
    pub(super) max_memory: Option<u64>,
    pub(super) target_timeout: Option<Duration>,
    /// Files that the sweep writes, which are not read.
    pub(super) outputs: Vec<PathText>,
    /// The file of `--config` with its content: a pipe can be read only once.
    pub(super) config: Option<(PathText, String)>,
    /// The packs of rules that apply.
    pub(super) packs: Packs,
    /// Secrets that were not joined with an id are kept for verification.
    pub(super) keep_rivals: bool,
}

impl WorkerOptions {
    /// Starts processes with these options.
    ///
    /// # Errors
    ///
    /// If the system does not say which program this is.
    pub(super) fn workers(&self) -> Result<Workers, Box<dyn Error>> {
        Ok(Workers { program: program()?, options: serde_json::to_string(self)? })
    }
}

/// This program. On Linux it is the one that runs, even if its file was replaced or deleted.
fn program() -> std::io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && running.exists() {
        return Ok(running);
    }
    std::env::current_exe()
}

/// Scans targets for a sweep until it ends.
pub(super) fn work() -> Result<Status, Box<dyn Error>> {
    let session = Session::begin();
    serve(&session.stop, |options| server(&serde_json::from_str(options)?))?;
    Ok(Status::Clean)
}

fn server(options: &WorkerOptions) -> Result<Server<Engine>, Box<dyn Error>> {
    let config = options.config.as_ref();
    let config = config.map(|(path, text)| Ok::<_, std::io::Error>((path.path()?, text.clone())));
    let Policy { rules, exclude, .. } =
        policy::of_config(config.transpose()?, options.packs.clone())?;
    let mut selection = options.selection.clone();
    selection.exclude.extend_from_slice(&exclude);
    let limits = limits_of(options.max_memory, &options.containers, 1);
    let nowhere = Outputs::new(&OutputArguments::plain())?;
    let stop = crate::stop::Stop::default();
    // The globs are compiled once.
    let mut files = scan::files_options(Vec::new(), &selection, &nowhere, &limits, &stop)?;
    let outputs: Result<_, _> = options.outputs.iter().map(PathText::path).collect();
    files.outputs = outputs?;
    let (git, attribution) = (options.database.clone(), options.attribution.clone());
    let (max_memory, all_containers) = (options.max_memory, options.containers.clone());
    let of_target = move |threads, shares| {
        let limits = limits_of(max_memory, &all_containers, threads);
        let memory = scan::memory(&limits);
        let mut files = files.clone();
        files.threads = threads;
        files.containers = scan::containers(&limits);
        files.containers.memory = memory.shared(shares);
        let mut database = attribution.applied(git.options(&limits, &stop));
        database.containers.memory = memory.shared(shares);
        TargetOptions { files, database, memory: memory.shared(shares) }
    };
    let engine = Engine::new(&rules);
    #[cfg(feature = "verify")]
    let engine = engine.keeping_rivals(options.keep_rivals);
    Ok(Server {
        detector: engine,
        exclude: Globs::new(&[], &exclude)?,
        limit: options.target_timeout,
        options: Box::new(of_target),
    })
}

/// The limits of a target that is read by so many threads.
fn limits_of(
    max_memory: Option<u64>,
    containers: &ContainerArguments,
    threads: usize,
) -> LimitArguments {
    let (threads, containers) = (Some(threads), containers.clone());
    LimitArguments { threads, timeout: None, max_memory, containers }
}
