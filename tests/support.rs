//! The harness: runs the program with nothing of this machine around it, in projects made for one
//! test, with keys that never existed.
//!
//! Every secret that [`Keys`] makes is remembered, and no run may print any of them, nor write one
//! into a report, unless it was asked to with `--show-secrets`.

#[cfg(feature = "verify")]
pub(crate) mod act;
pub(crate) mod browser;
pub(crate) mod compress;
#[cfg(feature = "verify")]
pub(crate) mod findings;
pub(crate) mod git;
pub(crate) mod hooks;
#[cfg(feature = "verify")]
pub(crate) mod iam_stub;
#[cfg(feature = "verify")]
pub(crate) mod moto;
pub(crate) mod oracle;
mod planted;
pub(crate) mod process;
pub(crate) mod programs;
pub(crate) mod require;
#[cfg(feature = "verify")]
pub(crate) mod rotate;
pub(crate) mod storage;
#[cfg(feature = "verify")]
pub(crate) mod stub;
pub(crate) mod tools;
pub(crate) mod watched;

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use keysweep::rules::template::Filler;
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use tempfile::TempDir;

pub(crate) use crate::support::planted::look_for_secrets;
use crate::support::planted::plant;
use crate::support::programs::GIT;

static SEED: LazyLock<u64> = LazyLock::new(|| match std::env::var("KEYSWEEP_TEST_SEED") {
    Ok(text) => text.parse().expect("KEYSWEEP_TEST_SEED is a number"),
    Err(_) => 1,
});

/// From which keys, texts and cases are made; `KEYSWEEP_TEST_SEED` chooses another.
pub(crate) fn seed() -> u64 {
    thread_local!(static SAID: Cell<bool> = const { Cell::new(false) });
    // A test that fails shows it, once: each has a thread of its own.
    if !SAID.replace(true) {
        println!("KEYSWEEP_TEST_SEED={}", *SEED);
    }
    *SEED
}

/// The configuration of a property that is tried on so many cases.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, rng_seed: RngSeed::Fixed(seed()), ..ProptestConfig::default() }
}

/// Makes keys that look real: the same for a seed and a name.
pub(crate) struct Keys(u64);

impl Keys {
    /// Keys by the name of a test, so that no two tests share a key.
    pub(crate) fn new(name: &str) -> Self {
        let start = name.bytes().fold(seed() ^ 0xcbf2_9ce4_8422_2325, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(start)
    }

    /// The next 64 random bits (splitmix64).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A long-term key id.
    pub(crate) fn id(&mut self) -> String {
        self.id_of("AKIA")
    }

    /// A key id of this prefix, which encodes a plausible account.
    pub(crate) fn id_of(&mut self, prefix: &str) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let account = self.next() % 1_000_000_000_000;
        // Ten bytes: the flag of the newer generation, 40 bits of account, the rest random.
        let head = (1u64 << 47) | (account << 7) | (self.next() & 0x7f);
        let bits = (u128::from(head) << 32) | u128::from(self.next() as u32);
        let characters = (0..16).rev().map(|place| alphabet[(bits >> (5 * place)) as usize & 31]);
        let body: String = characters.map(char::from).collect();
        format!("{prefix}{body}")
    }

    /// A secret access key, which no run may print.
    pub(crate) fn secret(&mut self) -> String {
        self.hidden(40)
    }

    /// A session token, which no run may print.
    pub(crate) fn token(&mut self) -> String {
        format!("IQoJb3JpZ2luX2Vj{}", self.hidden(340))
    }

    /// A credential by a template of `docs/patterns.md`, which no run may print.
    pub(crate) fn filled(&mut self, template: &str) -> String {
        let text = Filler::new(self.next()).fill(template).expect("a template");
        plant(&text);
        text
    }

    fn hidden(&mut self, len: usize) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let text: String =
            (0..len).map(|_| char::from(alphabet[self.next() as usize & 63])).collect();
        plant(&text);
        text
    }

    /// An id, its secret, and the lines of a `.env` file with both.
    pub(crate) fn pair(&mut self) -> Pair {
        let (id, secret) = (self.id(), self.secret());
        let env = format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n");
        Pair { id, secret, env }
    }
}

/// See [`Keys::pair`].
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) env: String,
}

/// A folder for one test; gone when it ends.
pub(crate) struct Project(TempDir);

impl Project {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path in it.
    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path().join(path)
    }

    /// Writes a file and the folders above it.
    pub(crate) fn file(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> &Self {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
        self
    }

    /// Runs git in `folder` of it, with fixed dates and nobody's configuration.
    pub(crate) fn git_in(&self, folder: &str, arguments: &[&str]) -> &Self {
        fs::create_dir_all(self.at(folder)).expect("folders");
        let output = self.git_output(folder, arguments);
        let reported = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {reported}");
        self
    }

    /// The output and the status of git, in `folder` of it or elsewhere.
    pub(crate) fn git_output(&self, folder: impl AsRef<Path>, arguments: &[&str]) -> Output {
        let mut command = Command::new(&*GIT);
        scrub(&mut command, self.path());
        command
            .args(["-c", "user.name=T", "-c", "user.email=t@example.org"])
            .args(arguments)
            .current_dir(self.at(folder))
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")])
            .envs([("GIT_AUTHOR_DATE", "@1700000000 +0000")])
            .envs([("GIT_COMMITTER_DATE", "@1700000000 +0000")]);
        command.output().expect("git runs")
    }

    /// The output of git, without the line break at its end.
    pub(crate) fn ask_git(&self, folder: impl AsRef<Path>, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.git_output(folder, arguments).stdout).trim().to_owned()
    }

    /// Runs git at its root.
    pub(crate) fn git(&self, arguments: &[&str]) -> &Self {
        self.git_in("", arguments)
    }

    /// A script of the shell in which `$0` is the program and `$1` an argument.
    pub(crate) fn shell(&self, script: &str, argument: &str) -> Ran {
        let mut command = Command::new("sh");
        scrub(&mut command, self.path());
        command.args(["-ec", script, env!("CARGO_BIN_EXE_keysweep"), argument]);
        let output = command.current_dir(self.path()).output().expect("a shell");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The program, called from this folder.
    pub(crate) fn keysweep<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Program {
        Program::new(self.path(), arguments)
    }
}

/// The program about to run.
pub(crate) struct Program {
    arguments: Vec<OsString>,
    folder: PathBuf,
    input: Vec<u8>,
    command: Command,
}

impl Program {
    fn new<S: AsRef<OsStr>>(home: &Path, arguments: impl IntoIterator<Item = S>) -> Self {
        let arguments: Vec<OsString> =
            arguments.into_iter().map(|one| one.as_ref().to_owned()).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keysweep"));
        scrub(&mut command, home);
        command.args(&arguments).current_dir(home);
        Self { arguments, folder: home.to_owned(), input: Vec::new(), command }
    }

    /// Calls it from another folder.
    pub(crate) fn from(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = self.folder.join(folder);
        self.command.current_dir(&self.folder);
        self
    }

    /// Adds to its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it standard input.
    pub(crate) fn input(mut self, text: impl AsRef<[u8]>) -> Self {
        self.input = text.as_ref().to_vec();
        self
    }

    /// The command itself, for a test that must not wait for its end.
    pub(crate) fn command(self) -> Command {
        self.command
    }

    /// Runs it, and looks for planted secrets in all that it wrote.
    pub(crate) fn run(mut self) -> Ran {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = std::mem::take(&mut self.input);
        // A program that does not read its input is fine here.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().expect("the program ends");
        feeder.join().expect("input was offered");
        let ran = Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        self.look_for_secrets(&ran);
        ran
    }

    fn look_for_secrets(&self, ran: &Ran) {
        if self.arguments.iter().any(|argument| argument == "--show-secrets") {
            return;
        }
        let mut written = vec![ran.stdout.clone(), ran.stderr.clone()];
        let after = |word: &str| {
            let places = self.arguments.windows(2).filter(move |pair| pair[0] == word);
            places.map(|pair| pair[1].to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        for output in ["--output", "--resume", "--partial"].into_iter().flat_map(after) {
            let path = output.split_once('=').map_or(output.as_str(), |(_, path)| path);
            if let Ok(bytes) = fs::read(self.folder.join(path)) {
                written.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        if self.arguments.first().is_some_and(|command| command == "baseline") {
            let baseline = fs::read_to_string(self.folder.join(".keysweep-baseline"));
            written.push(baseline.unwrap_or_default());
        }
        look_for_secrets(&written, &self.arguments);
    }
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts the exit status, showing all that was printed if it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as a JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// `path:line` of every occurrence of a JSON report, in its order.
    #[track_caller]
    pub(crate) fn places(&self) -> Vec<String> {
        let report = self.json();
        let findings = report["findings"].as_array().expect("findings");
        let occurrences = findings.iter().filter_map(|one| one["occurrences"].as_array()).flatten();
        occurrences
            .map(|place| format!("{}:{}", place["path"].as_str().unwrap_or("-"), place["line"]))
            .collect()
    }

    /// A count of a JSON report's `left_out`.
    #[track_caller]
    pub(crate) fn left_out(&self, what: &str) -> u64 {
        self.json()["coverage"]["left_out"][what].as_u64().expect("a count")
    }

    /// The key ids of a JSON report, sorted.
    #[track_caller]
    pub(crate) fn key_ids(&self) -> Vec<String> {
        key_ids(&self.json())
    }

    /// The notes of a JSON report.
    #[track_caller]
    pub(crate) fn notes(&self) -> Vec<String> {
        notes(&self.json())
    }

    /// `what path: why` of every problem of a JSON report.
    #[track_caller]
    pub(crate) fn problems(&self) -> Vec<String> {
        let report = self.json();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let problems = report["coverage"]["problems"].as_array().expect("problems").iter();
        problems
            .map(|one| {
                format!("{} {}: {}", text(&one["what"]), text(&one["path"]), text(&one["why"]))
            })
            .collect()
    }
}

/// The key ids of a report in JSON, sorted.
#[track_caller]
pub(crate) fn key_ids(report: &serde_json::Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let ids = findings.filter_map(|finding| finding["key_id"].as_str());
    let mut ids: Vec<String> = ids.map(str::to_owned).collect();
    ids.sort();
    ids
}

/// The notes of a report in JSON.
#[track_caller]
pub(crate) fn notes(report: &serde_json::Value) -> Vec<String> {
    let notes = report["coverage"]["notes"].as_array().expect("notes").iter();
    notes.map(|note| note.as_str().expect("a text").to_owned()).collect()
}

/// Leaves a program nothing but what it needs to be found and to run.
fn scrub(command: &mut Command, home: &Path) {
    command.env_clear().env("HOME", home).env("LC_ALL", "C");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
}
