//! The program as a process that a test watches, signals and kills.

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::look_for_secrets;

/// After this a program counts as hanging, also on a machine with much else to do. No test waits for it that
/// does not fail by it.
const PATIENCE: Duration = Duration::from_secs(600);

/// Programs that are started from now on have the default answer to the signals that end them, also where
/// the caller of the tests ignores these, as `nohup` and the background of a script do.
///
/// Resets ignored signals: a child inherits the ignored ones, and has the default for handled ones.
pub(crate) fn hear_signals() {
    static HEARD: Once = Once::new();
    HEARD.call_once(|| {
        for (name, number) in [
            ("INT", signal_hook::consts::SIGINT),
            ("TERM", signal_hook::consts::SIGTERM),
            ("HUP", signal_hook::consts::SIGHUP),
        ] {
            let script = format!("kill -{name} $$; exit 0");
            let lived = Command::new("sh").args(["-c", &script]).status().expect("a shell");
            if lived.success() {
                let flag = Arc::new(AtomicBool::new(false));
                signal_hook::flag::register(number, flag).expect("a handler");
            }
        }
    });
}

/// A program that runs; its output is collected.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: JoinHandle<String>,
    name: String,
}

/// The end of a program.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    /// Starts it with pipes at all ends; `take` whether its output is read from the beginning.
    pub(crate) fn start(mut command: Command, take: bool) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        hear_signals();
        let mut child = command.spawn().expect("the program starts");
        let stderr = drain(child.stderr.take().expect("a pipe"));
        let mut running = Self { child, stdout: None, stderr, name: format!("{command:?}") };
        if take {
            running.take_stdout();
        }
        running
    }

    /// Reads its output from now on.
    pub(crate) fn take_stdout(&mut self) {
        self.stdout = Some(drain(self.child.stdout.take().expect("a pipe")));
    }

    /// Gives it so much of standard input that it has read some of it, and leaves it open.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(bytes).expect("it reads");
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                break status;
            }
            if begin.elapsed() > PATIENCE {
                self.child.kill().expect("SIGKILL");
                panic!("{} hangs", self.name);
            }
            thread::sleep(Duration::from_millis(5));
        };
        let stdout = self.stdout.map(|reader| reader.join().expect("it was read"));
        let stderr = self.stderr.join().expect("it was read");
        let ended = Ended { status, stdout: stdout.unwrap_or_default(), stderr };
        look_for_secrets(&[&ended.stdout, &ended.stderr], &self.name);
        ended
    }
}

impl Ended {
    /// Its status, or minus the signal that ended it.
    pub(crate) fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        self.status.code().unwrap_or_else(|| -self.status.signal().unwrap_or_default())
    }
}

fn drain(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a stream");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Sends a signal by its name.
#[cfg(target_os = "linux")]
pub(crate) fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
}

/// Waits until the program has its handlers in place: a signal before that ends it at once.
#[cfg(target_os = "linux")]
pub(crate) fn wait_for_handler(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    loop {
        let text = std::fs::read_to_string(&status).expect("the program runs");
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
        let caught = u64::from_str_radix(caught.unwrap_or_default(), 16).expect("a mask");
        // SIGXFSZ has the number 25 and is the last of them.
        if caught & (1 << 24) != 0 {
            return;
        }
        thread::yield_now();
    }
}

/// A file without end, for all that any machine can read in the time of a test.
pub(crate) fn endless_file(path: &Path) -> PathBuf {
    let file = std::fs::File::create(path).expect("a file");
    file.set_len(4 << 40).expect("a sparse file");
    path.to_owned()
}
