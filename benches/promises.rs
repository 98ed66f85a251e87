//! The promises of speed, each as a ratio of two whole programs run in turn on one machine.
//!
//! `KEYSWEEP_BENCH_TREE` names a big folder for `scan` (by default cargo's registry),
//! `KEYSWEEP_BENCH_REPO` a repository for `history` (by default one is made);
//! `KEYSWEEP_BENCH_RUNS` is the number of runs, 5 by default. Nothing is written to either of them.
//! If a program is missing (`rg`), its row is left out, and the output says so. `-- --smoke` runs
//! everything once, with small data.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Fallible<T> = Result<T, Box<dyn Error>>;

const KEYSWEEP: &str = env!("CARGO_BIN_EXE_keysweep");

/// A scratch folder, and how often to run.
struct Bench {
    scratch: tempfile::TempDir,
    runs: usize,
    smoke: bool,
}

fn main() -> Fallible<()> {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let runs = std::env::var("KEYSWEEP_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok());
    let bench = Bench {
        scratch: tempfile::tempdir()?,
        runs: if smoke { 1 } else { runs.unwrap_or(5) },
        smoke,
    };
    let tree = std::env::var_os("KEYSWEEP_BENCH_TREE").map(PathBuf::from);
    let repo = std::env::var_os("KEYSWEEP_BENCH_REPO").map(PathBuf::from);
    bench.version()?;
    bench.staged()?;
    bench.linear()?;
    bench.scan(tree.or_else(registry).filter(|_| !smoke))?;
    let repo = match repo {
        Some(repo) => repo,
        None => bench.history_of("made.git", if smoke { 50 } else { 8_000 })?,
    };
    bench.history(&repo)?;
    bench.findings(&repo)
}

/// Cargo's registry of sources: big, and there wherever this bench is built.
fn registry() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    Some(home.join("registry/src")).filter(|path| path.is_dir())
}

impl Bench {
    fn version(&self) -> Fallible<()> {
        let (mut ours, mut theirs) = (Command::new(KEYSWEEP), Command::new("git"));
        ours.arg("--version");
        theirs.arg("--version");
        self.compare("--version against git --version (promise: 2)", &mut ours, &mut theirs, 10)
    }

    /// One changed file among many, the index as a commit leaves it.
    fn staged(&self) -> Fallible<()> {
        let repo = self.scratch.path().join("staged");
        let files = if self.smoke { 100 } else { 10_000 };
        std::fs::create_dir_all(&repo)?;
        run(git(&repo).args(["init", "-q", "-b", "main"]))?;
        for number in 0..files {
            let folder = repo.join(format!("d{}", number / 100));
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join(format!("f{number}")), format!("file {number}\n"))?;
        }
        run(git(&repo).args(["add", "-A"]))?;
        run(git(&repo).args(["commit", "-q", "-m", "files"]))?;
        std::fs::write(repo.join("d0/f0"), "changed\n")?;
        run(git(&repo).args(["add", "-A"]))?;
        let mut ours = Command::new(KEYSWEEP);
        ours.args(["staged", "--no-progress"]).arg(&repo);
        let mut theirs = git(&repo);
        theirs.args(["diff", "--cached", "--quiet"]);
        let name = format!(
            "staged, 1 of {files} files changed, against git diff --cached --quiet (promise: 2)"
        );
        self.compare(&name, &mut ours, &mut theirs, 10)
    }

    /// Eight times the history.
    fn linear(&self) -> Fallible<()> {
        let commits = if self.smoke { 20 } else { 1_000 };
        let small = self.history_of("small.git", commits)?;
        let large = self.history_of("large.git", 8 * commits)?;
        let history = |repo: &Path| {
            let mut command = Command::new(KEYSWEEP);
            command.args(["history", "--no-progress"]).arg(repo);
            command
        };
        let name = "history, 8 times the commits (promise: 9)";
        self.compare(name, &mut history(&large), &mut history(&small), 1)
    }

    fn scan(&self, tree: Option<PathBuf>) -> Fallible<()> {
        let Some(tree) = tree else {
            println!("scan: left out: no big folder (KEYSWEEP_BENCH_TREE)");
            return Ok(());
        };
        if Command::new("rg").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("scan: left out: rg is not installed (cargo install ripgrep)");
            return Ok(());
        }
        let mut ours = Command::new(KEYSWEEP);
        ours.args(["scan", "--no-ignore", "--no-progress", "--threads", "2"]).arg(&tree);
        let mut theirs = Command::new("rg");
        theirs.args(["-uuu", "-a", "-c", "-j2", "(AKIA|ASIA)[A-Z2-7]{16}"]).arg(&tree);
        let name = format!("scan --no-ignore {} against rg on it (promise: 1.2)", tree.display());
        self.compare(&name, &mut ours, &mut theirs, 1)
    }

    fn history(&self, repo: &Path) -> Fallible<()> {
        let mut ours = Command::new(KEYSWEEP);
        ours.args(["history", "--no-progress", "--threads", "2"]).arg(repo);
        let mut theirs = git(repo);
        theirs.args(["cat-file", "--batch-all-objects", "--unordered", "--batch", "--buffer"]);
        let name = format!("history {} against git cat-file (promise: 0.125)", repo.display());
        self.compare(&name, &mut ours, &mut theirs, 1)?;
        match anonymous_memory(&mut ours)? {
            Some(most) => {
                println!("  at most {} MB of anonymous memory (promise: 256)", most / 1_000_000);
            }
            None => println!("  memory: left out: this system has no such figure"),
        }
        Ok(())
    }

    /// The same repository with one commit more, which leaks a pair.
    fn findings(&self, repo: &Path) -> Fallible<()> {
        let leaking = self.scratch.path().join("leaking.git");
        let mut clone = Command::new("git");
        clone.args(["clone", "-q", "--mirror", "--shared"]).arg(repo).arg(&leaking);
        run(clean(&mut clone, self.scratch.path()))?;
        // Digits of the clock are random enough; no key of anybody's is made.
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
        let key = pseudo_random(seed, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
        let secret = pseudo_random(
            seed + 1,
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            40,
        );
        let text = format!("aws_access_key_id = AKIA{key}\naws_secret_access_key = {secret}\n");
        let mut import =
            git(&leaking).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
        let mut out = import.stdin.take().ok_or("no pipe")?;
        write!(out, "commit refs/heads/leak\ncommitter C <c@example.com> 1 +0000\ndata 2\nc\n")?;
        write!(out, "M 100644 inline prod.env\ndata {}\n{text}\n", text.len())?;
        drop(out);
        import.wait()?;
        let mut ours = Command::new(KEYSWEEP);
        ours.args(["history", "--no-progress", "--threads", "2"]).arg(&leaking);
        let mut theirs = git(&leaking);
        theirs.args(["rev-list", "--all", "--objects", "--missing=allow-any"]);
        let name = "history with a finding against git rev-list --all --objects (promise: 0.5)";
        self.compare(name, &mut ours, &mut theirs, 1)
    }

    /// A bare repository of so many versions of a file of 3,000 lines.
    fn history_of(&self, name: &str, commits: usize) -> Fallible<PathBuf> {
        let repo = self.scratch.path().join(name);
        std::fs::create_dir_all(&repo)?;
        run(git(&repo).args(["init", "-q", "--bare", "."]))?;
        let mut import =
            git(&repo).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
        let mut out = std::io::BufWriter::new(import.stdin.take().ok_or("no pipe")?);
        let mut lines: Vec<String> = (0..3000).map(|n| format!("line {n}\n")).collect();
        for commit in 0..commits {
            lines[commit * 7919 % 3000] = format!("changed in {commit}\n");
            let text = lines.concat();
            write!(out, "commit refs/heads/main\ncommitter C <c@example.com> {commit} +0000\n")?;
            write!(out, "data 2\nc\nM 100644 inline f\ndata {}\n{text}\n", text.len())?;
        }
        drop(out);
        import.wait()?;
        run(git(&repo).args(["repack", "-q", "-adf"]))?;
        Ok(repo)
    }

    /// Runs both in turn, `times` times for each figure; the first figures are not counted, since
    /// they read the files from disk.
    fn compare(
        &self,
        name: &str,
        ours: &mut Command,
        theirs: &mut Command,
        times: u32,
    ) -> Fallible<()> {
        let (mut walls, mut processors) = (Vec::new(), Vec::new());
        let mut last = (Used::default(), Used::default());
        for number in 0..=self.runs {
            let (one, other) = (timed(ours, times)?, timed(theirs, times)?);
            if number > 0 {
                walls.push(one.elapsed.as_secs_f64() / other.elapsed.as_secs_f64());
                if other.processor > Duration::ZERO {
                    processors.push(one.processor.as_secs_f64() / other.processor.as_secs_f64());
                }
                last = (one, other);
            }
        }
        println!("{name}:");
        println!(
            "  elapsed {}, last {:.3?} against {:.3?}",
            spread(walls),
            last.0.elapsed,
            last.1.elapsed
        );
        if !processors.is_empty() {
            println!("  processor {}", spread(processors));
        }
        Ok(())
    }
}

/// The time that some runs took together.
#[derive(Clone, Copy, Default)]
struct Used {
    elapsed: Duration,
    processor: Duration,
}

fn timed(command: &mut Command, times: u32) -> Fallible<Used> {
    let (start, before) = (Instant::now(), children());
    for _ in 0..times {
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).status()?;
    }
    Ok(Used { elapsed: start.elapsed() / times, processor: (children() - before) / times })
}

/// Median, least and greatest.
fn spread(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    match (ratios.first(), ratios.get(ratios.len() / 2), ratios.last()) {
        (Some(least), Some(median), Some(most)) => {
            format!("ratio {median:.3} ({least:.3} to {most:.3})")
        }
        _ => "no figure".to_owned(),
    }
}

/// Processor time of the programs that this one has run, on Linux; else zero.
fn children() -> Duration {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return Duration::ZERO };
    // proc(5): cutime and cstime are fields 16 and 17, in hundredths of a second; the name may
    // hold spaces.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most anonymous memory that a program was seen to hold, in bytes; mapped packs are not in it.
fn anonymous_memory(command: &mut Command) -> Fallible<Option<u64>> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut most = None;
    while child.try_wait()?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        most = most.max(kilobytes.map(|kilobytes| kilobytes * 1024));
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(most)
}

/// Characters that look random.
fn pseudo_random(seed: u128, alphabet: &[u8], len: usize) -> String {
    let mut state = (seed as u64) | 1;
    let mut next = || {
        // Marsaglia's xorshift: enough for a key that is nobody's.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(alphabet[(state >> 33) as usize % alphabet.len()])
    };
    (0..len).map(|_| next()).collect()
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    clean(&mut command, folder);
    command
}

/// Takes away what this machine's own configuration would change.
fn clean<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    for (name, value) in [
        ("GIT_CONFIG_NOSYSTEM", OsString::from("1")),
        ("HOME", home.as_os_str().to_owned()),
        ("GIT_AUTHOR_NAME", "A".into()),
        ("GIT_AUTHOR_EMAIL", "a@example.com".into()),
        ("GIT_COMMITTER_NAME", "C".into()),
        ("GIT_COMMITTER_EMAIL", "c@example.com".into()),
    ] {
        command.env(name, value);
    }
    command
}

fn run(command: &mut Command) -> Fallible<()> {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}
