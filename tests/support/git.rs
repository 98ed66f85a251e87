//! Repositories made by scripted git with fixed dates, and credentials composed at run time.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use keysweep::coverage::{Coverage, Ledger};
use keysweep::detect::Engine;
use keysweep::finding::GitOrigin;
use keysweep::rules::RuleSet;
use keysweep::scan::Hit;
use keysweep::secret::Secret;
use keysweep::source::git::{Error, database, history};

pub(crate) use crate::fuzz_bodies::pieces::{key_id, secret};
use crate::support::programs::GIT;

/// A file that holds the key `number`.
pub(crate) fn leak(number: u64) -> String {
    pair(number, number)
}

/// A file that holds the id of one key and the secret of another.
pub(crate) fn pair(id: u64, of_secret: u64) -> String {
    format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", key_id(id), secret(of_secret))
}

/// The template of a new repository: the folders of git's own one without its dozen of samples.
static TEMPLATE: LazyLock<PathBuf> = LazyLock::new(|| {
    let template = Path::new(env!("CARGO_TARGET_TMPDIR")).join("git-template");
    for folder in ["hooks", "info"] {
        std::fs::create_dir_all(template.join(folder)).expect("a folder");
    }
    std::fs::write(template.join("info/exclude"), "").expect("a file");
    template
});

/// A repository in a folder of its own.
pub(crate) struct Repo {
    folder: tempfile::TempDir,
    pub(crate) root: PathBuf,
    clock: Cell<u64>,
}

impl Repo {
    /// An empty repository; `init` are further arguments of `git init`.
    pub(crate) fn new(init: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there").join("repo");
        std::fs::create_dir(&root).expect("a folder");
        let repo = Self { folder, root: root.clone(), clock: Cell::new(1_600_000_000) };
        let mut arguments = vec!["init", "-q", "-b", "main"];
        arguments.extend(init);
        repo.git(&arguments);
        let config = if root.join(".git").is_dir() { ".git/config" } else { "config" };
        let mut config = std::fs::OpenOptions::new().append(true).open(root.join(config));
        let file = config.as_mut().expect("a configuration");
        file.write_all(b"[gc]\n\tauto = 0\n[user]\n\tname = Ann\n\temail = ann@example.com\n")
            .expect("ours");
        repo
    }

    /// A path next to the repository.
    pub(crate) fn sibling(&self, name: &str) -> PathBuf {
        self.root.parent().expect("it has one").join(name)
    }

    /// The folder of everything.
    pub(crate) fn outer(&self) -> &Path {
        self.folder.path()
    }

    /// Runs git, one second later than before, and gives what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root, arguments)
    }

    /// Runs git elsewhere.
    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let bytes = self.bytes_in(folder, arguments);
        String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
    }

    /// Runs git elsewhere, and gives what it prints as it is.
    pub(crate) fn bytes_in(&self, folder: &Path, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(folder, arguments).output().expect("git runs");
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {why}");
        output.stdout
    }

    /// Runs git elsewhere; nothing if it fails.
    pub(crate) fn ask_in(&self, folder: &Path, arguments: &[&str]) -> Option<String> {
        let output = self.command(folder, arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        output.status.success().then_some(text)
    }

    /// Runs git, whatever its status.
    pub(crate) fn try_git(&self, arguments: &[&str]) -> bool {
        self.command(&self.root, arguments).output().is_ok_and(|output| output.status.success())
    }

    /// Runs git with `input` on its standard input.
    pub(crate) fn git_with(&self, arguments: &[&str], input: &[u8]) -> String {
        self.git_with_in(&self.root, arguments, input)
    }

    /// Runs git elsewhere with `input` on its standard input.
    pub(crate) fn git_with_in(&self, folder: &Path, arguments: &[&str], input: &[u8]) -> String {
        let mut child = self
            .command(folder, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git runs");
        child.stdin.take().expect("piped").write_all(input).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        self.clock.set(self.clock.get() + 1);
        let date = format!("{} +0200", self.clock.get());
        let mut command = Command::new(&*GIT);
        command
            .args(["-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false"])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.outer())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_TEMPLATE_DIR", &*TEMPLATE)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(Stdio::null());
        command
    }

    /// Writes a file of the work tree.
    pub(crate) fn write(&self, path: impl AsRef<OsStr>, content: impl AsRef<[u8]>) {
        let path = self.root.join(Path::new(path.as_ref()));
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// Writes a file, adds everything and commits it; gives the commit.
    pub(crate) fn commit(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.write(path, content);
        self.commit_all(path)
    }

    /// Adds everything and commits it; gives the commit.
    pub(crate) fn commit_all(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.head()
    }

    /// The commit of HEAD.
    pub(crate) fn head(&self) -> String {
        // Without git, where the files say it: this is asked after each commit.
        let read = |name: &str| std::fs::read_to_string(self.root.join(".git").join(name)).ok();
        let head = read("HEAD").map(|text| text.trim_end().to_owned());
        let named = head.and_then(|text| read(text.strip_prefix("ref: ")?));
        let id = named.map(|text| text.trim_end().to_owned());
        match id.filter(|id| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            Some(id) => id,
            None => self.git(&["rev-parse", "HEAD"]),
        }
    }
}

/// The result of a scan.
pub(crate) struct Outcome {
    pub(crate) hits: Vec<Hit>,
    pub(crate) coverage: Coverage,
}

impl Outcome {
    /// The git origins and paths of the key `number`, whole or its id alone.
    pub(crate) fn of(&self, number: u64) -> Vec<(Option<String>, &GitOrigin)> {
        self.of_text(&key_id(number))
    }

    /// The places of the key with that id, or that secret.
    pub(crate) fn of_text(&self, text: &str) -> Vec<(Option<String>, &GitOrigin)> {
        self.hits
            .iter()
            .filter(|hit| {
                let credential = &hit.candidate.credential;
                let secret = credential.secret.as_ref().map(Secret::expose);
                credential.key_id.as_deref() == Some(text) || secret == Some(text.as_bytes())
            })
            .filter_map(|hit| {
                let path = hit.origin.path.as_ref();
                let path = path.map(|path| String::from_utf8_lossy(path).into_owned());
                hit.origin.git.as_ref().map(|git| (path, git))
            })
            .collect()
    }

    /// Paths and key ids, in order.
    pub(crate) fn places(&self) -> Vec<(String, String)> {
        let mut places: Vec<_> = self
            .hits
            .iter()
            .map(|hit| {
                let path = hit.origin.path.clone().unwrap_or_default();
                let id = hit.candidate.credential.key_id.clone().unwrap_or_default();
                (String::from_utf8_lossy(&path).into_owned(), id)
            })
            .collect();
        places.sort();
        places
    }

    /// The problems in words.
    pub(crate) fn problems(&self) -> Vec<&str> {
        self.coverage.problems.iter().map(|problem| problem.what.as_str()).collect()
    }
}

/// Runs a source with the real detector.
pub(crate) fn run(
    source: impl FnOnce(&Engine, &Ledger, &(dyn Fn(Hit) + Sync)) -> Result<(), Error>,
) -> Result<Outcome, Error> {
    let engine = Engine::new(&RuleSet::builtin());
    let ledger = Ledger::new();
    let hits = Mutex::new(Vec::new());
    source(&engine, &ledger, &|hit| hits.lock().expect("no panic").push(hit))?;
    let mut hits = hits.into_inner().expect("no panic");
    hits.sort_by(|a, b| a.origin.cmp(&b.origin));
    Ok(Outcome { hits, coverage: ledger.coverage() })
}

/// `keysweep history` of a folder.
pub(crate) fn history_of(path: &Path, threads: usize) -> Result<Outcome, Error> {
    let options = history::HistoryOptions {
        repo: Some(path.to_owned()),
        database: database::DatabaseOptions { threads, ..Default::default() },
        ..Default::default()
    };
    run(|engine, ledger, hits| history::scan(&options, engine, ledger, hits))
}
