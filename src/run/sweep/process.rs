//! A process that scans targets, seen from the sweep.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::frames::{self, Done, Frame, Kind, Progress, Request, Setup};
use super::hits;
use crate::run::memory_watch;
use crate::scan::Hit;

/// The only argument of such a process.
pub const ARGUMENT: &str = "--sweep-worker";

/// Messages that may wait; the process waits when there are more.
const WAITING: usize = 256;

/// The time that a killed process gets to end. One that waits for a device may take for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// The program and the settings with which processes are started.
#[derive(Clone, Debug)]
pub struct Workers {
    /// The program, which is this one.
    pub program: PathBuf,
    /// The options, for the command line of the process to read.
    pub options: String,
}

/// A message from a process.
#[derive(Debug)]
pub(super) enum Message {
    Ready,
    Progress(Progress),
    Hit(Box<Hit>),
    Done(Box<Done>),
}

/// The next event of a process.
#[derive(Debug)]
pub(super) enum Next {
    Message(Message),
    /// Nothing yet.
    Nothing,
    /// It has closed its output.
    Ended,
    /// Its output can't be read.
    Unreadable,
}

/// A process. It is killed on drop.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: Sender<Vec<u8>>,
    output: Receiver<io::Result<Message>>,
    /// It has read its options.
    pub(super) ready: bool,
    /// Since it was started.
    pub(super) began: Instant,
}

impl Workers {
    /// Starts a process. Linux ends it when the thread ends that starts it.
    pub(super) fn start(&self) -> io::Result<Process> {
        let mut command = Command::new(&self.program);
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            command.arg0("keysweep");
        }
        // A process needs nothing of the environment, which may hold credentials.
        command.arg(ARGUMENT).env_clear();
        #[cfg(windows)]
        command.envs(std::env::vars_os().filter(|(name, _)| name == "SystemRoot"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ends = child.stdin.take().zip(child.stdout.take());
        let begun = ends.ok_or_else(|| io::Error::other("it has no pipes")).and_then(
            |(mut stdin, mut stdout)| {
                let (input, to_write) = mpsc::channel::<Vec<u8>>();
                let (sender, output) = mpsc::sync_channel(WAITING);
                // A process that has been stopped takes nothing from its pipe, and a thread that
                // waits for it must not be the one that watches it.
                thread::Builder::new().spawn(move || {
                    // If it can't be written to, it has ended, which its output says.
                    let _ = to_write
                        .into_iter()
                        .try_for_each(|bytes| frames::write(&mut stdin, &bytes));
                })?;
                thread::Builder::new().spawn(move || receive(&mut stdout, &sender))?;
                Ok((input, output))
            },
        );
        let (input, output) = match begun {
            Ok(ends) => ends,
            Err(error) => {
                // It ends by itself as well, because its pipes are closed.
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let process = Process { child, input, output, ready: false, began: Instant::now() };
        let setup = Setup {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parent: std::process::id(),
            options: self.options.clone(),
        };
        process.send(frames::frame(Kind::Setup, &setup)?);
        Ok(process)
    }
}

impl Process {
    fn send(&self, bytes: Vec<u8>) {
        // If the thread that writes has ended, the process has, which its output says.
        let _ = self.input.send(bytes);
    }

    /// Asks for a target to be scanned.
    pub(super) fn ask(&self, request: &Request) -> io::Result<()> {
        self.send(frames::frame(Kind::Target, request)?);
        Ok(())
    }

    /// Asks for the end of what it does.
    pub(super) fn stop(&self) -> io::Result<()> {
        self.send(frames::frame(Kind::Stop, &())?);
        Ok(())
    }

    /// Waits for the next message.
    pub(super) fn next(&mut self, wait: Duration) -> Next {
        match self.output.recv_timeout(wait) {
            Ok(Ok(message)) => {
                self.ready |= matches!(message, Message::Ready);
                Next::Message(message)
            }
            Ok(Err(_)) => Next::Unreadable,
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Ended,
        }
    }

    /// Its memory in bytes that can't be read again from a file; 0 if the system does not say.
    pub(super) fn memory(&self) -> u64 {
        memory_watch::status_bytes(&self.child.id().to_string(), "RssAnon:")
    }

    /// Kills it, if it has not ended, and returns its status; `None` if even a kill does not end it.
    pub(super) fn kill(&mut self) -> Option<ExitStatus> {
        // An error says that it has ended.
        let _ = self.child.kill();
        self.status()
    }

    /// Waits for its end for a while.
    pub(super) fn status(&mut self) -> Option<ExitStatus> {
        let since = Instant::now();
        let mut pause = Duration::from_micros(100);
        loop {
            // A status that can't be read is none.
            if let Some(status) = self.child.try_wait().ok().flatten() {
                return Some(status);
            }
            if since.elapsed() > PATIENCE {
                return None;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads messages until the process closes its output.
fn receive(from: &mut impl Read, to: &SyncSender<io::Result<Message>>) {
    loop {
        let message = match frames::read(from) {
            Ok(None) => return,
            Ok(Some(frame)) => message(&frame),
            Err(error) => Err(error),
        };
        let is_last = message.is_err();
        if to.send(message).is_err() || is_last {
            return;
        }
    }
}

fn message(frame: &Frame) -> io::Result<Message> {
    Ok(match frame.kind {
        Kind::Ready => Message::Ready,
        Kind::Progress => Message::Progress(frame.record()?),
        Kind::Hit => Message::Hit(Box::new(hits::read(&frame.content)?)),
        Kind::Done => Message::Done(Box::new(frame.record()?)),
        Kind::Setup | Kind::Target | Kind::Stop => return Err(io::ErrorKind::InvalidData.into()),
    })
}
