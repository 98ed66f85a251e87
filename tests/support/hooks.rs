//! Repositories in which hooks run: git as a user has it, whose commits and pushes may fail.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::programs::GIT;
use crate::support::{Project, look_for_secrets};

/// Both outputs of a program together, and `done` if it succeeded.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) done: bool,
    pub(crate) text: String,
}

impl Said {
    /// Asserts that it did what it was to do.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert!(self.done, "{}", self.text);
        self
    }

    /// Asserts that a hook of keysweep stopped it, in ten lines at most that name all of `words`.
    #[track_caller]
    pub(crate) fn stopped(self, words: &[&str]) -> Self {
        assert!(!self.done, "it went through: {}", self.text);
        let lines = self.text.lines().map(|line| line.trim_start_matches("remote: "));
        let message: Vec<&str> =
            lines.skip_while(|line| !line.starts_with("keysweep: stopped")).collect();
        let ours = |line: &&&str| {
            let heads = [
                "keysweep: ",
                "  ",
                "Take it out:",
                "Keep it out:",
                "Rotate it:",
                "Suppress it:",
                "Not read:",
            ];
            heads.iter().any(|head| line.starts_with(head))
        };
        let count = message.iter().take_while(ours).count();
        assert!((5..=10).contains(&count), "{count} lines: {}", self.text);
        for word in words {
            assert!(self.text.contains(word), "'{word}' is missing: {}", self.text);
        }
        self
    }
}

/// A project in which git is used like anywhere: with a user, and nobody else's configuration.
pub(crate) struct HookFixture {
    pub(crate) project: Project,
    path: OsString,
    environment: Vec<(OsString, OsString)>,
}

impl HookFixture {
    /// An empty one; `programs` are found before those of the `PATH`.
    pub(crate) fn new(programs: &[&Path]) -> Self {
        let project = Project::new();
        project.file(
            "home/.gitconfig",
            "[user]\nname = T\nemail = t@example.org\n[init]\ndefaultBranch = main\n\
             [protocol \"file\"]\nallow = always\n[advice]\ndetachedHead = false\n",
        );
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let rest = std::env::split_paths(&rest);
        let programs = programs.iter().map(|path| path.to_path_buf());
        let path = std::env::join_paths(programs.chain(rest)).expect("plain paths");
        Self { project, path, environment: Vec::new() }
    }

    /// Adds to the environment of all that runs from now on.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// A repository in the folder `name` of it, with one commit.
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        self.project.file(format!("{name}/README"), "a project\n");
        let folder = self.project.at(name);
        self.git(&folder, &["init", "-q"]).done();
        self.git(&folder, &["add", "-A"]).done();
        self.git(&folder, &["commit", "-qm", "start"]).done();
        folder
    }

    /// Runs git in a folder.
    pub(crate) fn git(&self, folder: &Path, arguments: &[&str]) -> Said {
        self.run(folder, "git", arguments, "")
    }

    /// Runs keysweep, which succeeds.
    #[track_caller]
    pub(crate) fn keysweep(&self, folder: &Path, arguments: &[&str]) -> String {
        self.run(folder, env!("CARGO_BIN_EXE_keysweep"), arguments, "").done().text
    }

    /// Runs a program, and looks for planted secrets in what it says.
    pub(crate) fn run(&self, folder: &Path, name: &str, arguments: &[&str], input: &str) -> Said {
        let program = if name == "git" { GIT.as_path() } else { Path::new(name) };
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.project.at("home"))
            .env("PATH", &self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C.UTF-8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // A program that does not read its input is fine here.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        // Git itself shows what is staged, and no hook of ours writes to its standard output.
        let reported = if name == "git" { stderr.clone() } else { format!("{stdout}{stderr}") };
        look_for_secrets(&[reported], &arguments);
        Said { done: output.status.success(), text: stdout + &stderr }
    }

    /// The number of commits that HEAD has.
    pub(crate) fn commits(&self, folder: &Path) -> usize {
        let count = self.git(folder, &["rev-list", "--count", "HEAD"]).done().text;
        count.trim().parse().expect("a number")
    }
}

/// The folder of the program under test.
pub(crate) fn program_folder() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_keysweep")).parent().expect("a folder")
}
