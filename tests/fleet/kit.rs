//! Repositories, the command `keysweep-fleet`, a Ray cluster, and the files that the command wrote.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::support::process::Running;
use crate::support::tools::programs;
use crate::support::{Keys, Project, Ran};

/// After this a scan counts as hanging, also on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// Repositories with keys, of which some are shared, and what scans them.
pub(crate) struct Fleet {
    pub(crate) project: Project,
    python: PathBuf,
    secrets: Vec<String>,
    token: String,
}

impl Fleet {
    /// An empty one; `venv` has Ray.
    pub(crate) fn new(venv: &Path, name: &str) -> Self {
        let token = format!("{:032x}", u128::from(Keys::new(name).next()));
        let python = programs(venv).join("python");
        Self { project: Project::new(), python, secrets: Vec::new(), token }
    }

    /// Adds bare repositories of these names, each with a key that all have, a key of its own, and
    /// one half of a key whose other half is in the next one.
    pub(crate) fn repositories(&mut self, names: &[&str]) {
        let mut keys = Keys::new("fleet");
        let (shared, halves) = (keys.pair(), keys.pair());
        for (number, name) in names.iter().enumerate() {
            let own = Keys::new(name).pair();
            let half = halves.env.lines().nth(number % 2).expect("a line").to_owned();
            let work = format!("work/{name}");
            self.project.git_in(&work, &["init", "-q", "-b", "main"]);
            for (file, text) in [("a.env", &shared.env), ("own.env", &own.env), ("half.env", &half)]
            {
                self.project.file(format!("{work}/{file}"), text);
            }
            self.project.git_in(&work, &["add", "-A"]).git_in(&work, &["commit", "-qm", name]);
            let bare = format!("mirrors/{name}");
            self.project.git_in("", &["clone", "-q", "--bare", &work, &bare]);
            self.secrets.push(own.secret);
        }
        self.secrets.extend([shared.secret, halves.secret]);
    }

    /// The command with its variables; `options` follow `--keysweep PROGRAM`.
    pub(crate) fn command(&self, program: &Path, options: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        self.surround(&mut command);
        command.args(["-m", "keysweep_fleet", "--keysweep"]).arg(program).args(options);
        command
    }

    fn surround(&self, command: &mut Command) {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        command.env_clear().env("HOME", self.project.path()).env("LC_ALL", "C.UTF-8");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("PYTHONPATH", package).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("RAY_AUTH_MODE", "token").env("RAY_AUTH_TOKEN", &self.token);
        command.env("RAY_USAGE_STATS_ENABLED", "0").current_dir(self.project.path());
        // The credentials of a stand-in for object storage.
        command.env("AWS_ACCESS_KEY_ID", "testing").env("AWS_SECRET_ACCESS_KEY", "testing");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
    }

    /// The command, which runs to its end; its words on standard error, then its output.
    pub(crate) fn run(&self, program: &Path, options: &[&str]) -> (i32, String) {
        let ended = Running::start(self.command(program, options), true).end();
        (ended.code(), ended.stderr.clone() + &ended.stdout)
    }

    /// Runs a line of Python.
    #[cfg(feature = "verify")]
    pub(crate) fn python(&self, line: &str) {
        let mut command = Command::new(&self.python);
        self.surround(&mut command);
        command.args(["-c", line]);
        let ended = Running::start(command, true).end();
        assert_eq!(ended.code(), 0, "{}", ended.stderr);
    }

    /// The program that is tested.
    pub(crate) fn keysweep(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_BIN_EXE_keysweep"))
    }

    /// A program that is slow, hangs or dies as the names of targets say, and else is the one that is
    /// tested. A scan of it is a shell with the program below it.
    pub(crate) fn faulty(&self) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let script = include_str!("../tools/faulty_keysweep.sh");
        let script = script.replace("PROGRAM", env!("CARGO_BIN_EXE_keysweep"));
        self.project.file("faulty", script);
        let path = self.project.at("faulty");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an own file");
        path
    }

    /// Writes the plan of a sweep, in which all targets are as heavy as this.
    pub(crate) fn plan(&self, weight: u64) {
        let listed =
            self.project.keysweep(["sweep", "mirrors", "--list", "--format", "jsonl"]).run();
        let line = |line: &str| {
            let mut target: Value = serde_json::from_str(line).expect("JSON");
            target["weight"] = weight.into();
            format!("{target}\n")
        };
        self.project.file("plan.jsonl", listed.stdout.lines().map(line).collect::<String>());
    }

    /// The report of one sweep.
    pub(crate) fn sweep(&self) -> Ran {
        self.project.keysweep(["sweep", "mirrors", "--format", "json"]).run()
    }

    /// The report of an output.
    pub(crate) fn merge(&self, output: &str) -> Ran {
        self.project.keysweep(["merge", output, "--format", "json"]).run()
    }

    /// Waits until a part more is written than there is now.
    #[track_caller]
    pub(crate) fn wait_for_another_part(&self, output: &str) {
        let folder = self.project.at(output).join("targets");
        let is_whole = |path: &PathBuf| path.extension().is_some_and(|it| it == "parquet");
        let parts = || files(&folder).iter().filter(|path| is_whole(path)).count();
        let (before, begin) = (parts(), Instant::now());
        while parts() == before {
            assert!(begin.elapsed() < PATIENCE, "no part is written");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The rows of a table of an output.
    pub(crate) fn rows(&self, output: &str, table: &str) -> Vec<Value> {
        let text = self.tables(output);
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        rows.filter(|row| row["table"] == table).map(|mut row| row["row"].take()).collect()
    }

    fn tables(&self, output: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/parquet_text.py");
        let mut command = Command::new(&self.python);
        command.arg(script).arg(self.project.at(output));
        let read = command.output().expect("Python");
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        String::from_utf8(read.stdout).expect("UTF-8")
    }

    /// Asserts that no secret is in the tables and partials of an output nor in a folder of logs, in
    /// clear, reversed, in hexadecimal or in base64.
    #[track_caller]
    pub(crate) fn holds_no_secret(&self, output: &str, logs: Option<&Path>) {
        let mut texts = vec![("tables".to_owned(), self.tables(output).into_bytes())];
        for folder in [Some(&*self.project.at(output)), logs].into_iter().flatten() {
            texts.extend(files(folder).into_iter().map(|path| {
                // A log may be gone again.
                (path.display().to_string(), fs::read(&path).unwrap_or_default())
            }));
        }
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut forms = Vec::new();
        for secret in &self.secrets {
            let bytes = secret.as_bytes();
            forms.extend([secret.clone(), secret.chars().rev().collect(), hex(bytes)]);
            // In base64 the same bytes have three forms.
            forms.extend((0..3).map(|skip| {
                let text = BASE64.encode(&bytes[skip..]);
                text.trim_end_matches('=')[..44].to_owned()
            }));
        }
        let search = aho_corasick::AhoCorasick::new(&forms).expect("so few fit");
        for (name, text) in texts {
            assert!(!search.is_match(&text), "a secret is in {name}");
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&path)),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    found
}

/// A cluster with a head and two nodes, which ends with this.
pub(crate) struct Cluster {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(crate) address: String,
    pub(crate) logs: PathBuf,
    _folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts it.
    pub(crate) fn start(fleet: &Fleet) -> Self {
        Self::start_with(fleet, "token")
    }

    /// Starts one that asks nobody for a token.
    #[cfg(feature = "verify")]
    pub(crate) fn start_open(fleet: &Fleet) -> Self {
        Self::start_with(fleet, "disabled")
    }

    fn start_with(fleet: &Fleet, mode: &str) -> Self {
        // Names of sockets are short.
        let folder = tempfile::Builder::new().prefix("kr").tempdir_in("/tmp").expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/ray_cluster.py");
        let mut command = Command::new(&fleet.python);
        fleet.surround(&mut command);
        command.env("RAY_AUTH_MODE", mode);
        command.arg(script).arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().expect("Python");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (address, logs) = (String::new(), PathBuf::new());
        let mut cluster = Self { child, input, output, address, logs, _folder: folder };
        let begun = cluster.answer();
        cluster.address = begun["address"].as_str().expect("an address").to_owned();
        cluster.logs = PathBuf::from(begun["folder"].as_str().expect("a folder")).join("logs");
        cluster
    }

    /// The answer; other lines are Ray's own.
    fn answer(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("a pipe");
            assert!(read > 0, "the cluster did not start");
            if let Ok(value @ Value::Object(_)) = serde_json::from_str(&line) {
                return value;
            }
        }
    }

    /// Has it do something.
    pub(crate) fn tell(&mut self, command: &str) {
        let input = self.input.as_mut().expect("a pipe");
        writeln!(input, "{command}").expect("it reads");
        self.answer();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends all that it started.
        let _ = self.child.wait();
    }
}

/// The processes of a scan: the worker of Ray, and what it started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    pub(crate) worker: u32,
    pub(crate) scanner: u32,
}

/// Waits for a scan by `program` that is not one of `known`.
#[track_caller]
pub(crate) fn wait_for_scan(program: &Path, known: &[u32]) -> Scan {
    let begin = Instant::now();
    loop {
        for entry in fs::read_dir("/proc").expect("proc").flatten() {
            let Ok(scanner) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            // A process may be gone again.
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let mut words = line.split(|&byte| byte == 0);
            let is_ours = words.any(|word| word == program.as_os_str().as_encoded_bytes());
            let scans = words.any(|word| word == b"--partial");
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:\t"));
            let worker = parent.and_then(|number| number.trim().parse().ok()).unwrap_or(0);
            if is_ours && scans && worker > 1 && !known.contains(&scanner) {
                return Scan { worker, scanner };
            }
        }
        assert!(begin.elapsed() < PATIENCE, "no scan begins");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a process at once.
pub(crate) fn kill(id: u32) {
    let killed = Command::new("kill").args(["-KILL", &id.to_string()]).status();
    assert!(killed.expect("kill runs").success());
}
