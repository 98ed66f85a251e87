//! Compares the pass over a repository's history with inflating the same entries and nothing else.
//!
//! Both sides run in turn in one process, with the same threads and the same inflater, so the
//! ratio holds on any machine; the pass uses all rules. Where the system reports it, processor time
//! is compared as well, which varies less while other programs run. `KEYSWEEP_BENCH_REPO` names a
//! repository with one large pack; without it one is made with `git`. `KEYSWEEP_BENCH_THREADS` and `KEYSWEEP_BENCH_RUNS` default to 2 and 5;
//! `-- --smoke` runs once, over a small repository.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{data, index};
use keysweep::coverage::{Count, Ledger};
use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::source::git::database::{DatabaseOptions, scan};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A pack and its entries except trees.
struct Baseline {
    pack: data::File,
    /// The range of the compressed bytes, and their inflated size.
    entries: Vec<(u64, u64, usize)>,
}

impl Baseline {
    fn new(git_dir: &Path) -> Fallible<Self> {
        let repo = gix::open_opts(git_dir, gix::open::Options::isolated())?;
        let folder = repo.objects.store_ref().path().join("pack");
        let mut packs = Vec::new();
        for file in std::fs::read_dir(folder)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "pack") {
                packs.push(path);
            }
        }
        packs.sort_by_key(|path| std::fs::metadata(path).map_or(0, |it| it.len()));
        let path = packs.pop().ok_or("the repository has no pack")?;
        let index = index::File::at(path.with_extension("idx"), repo.object_hash())?;
        let pack = data::File::at(&path, repo.object_hash())?;
        let offsets = index.sorted_offsets();
        let mut trees: HashMap<u64, bool> = HashMap::with_capacity(offsets.len());
        let mut entries = Vec::new();
        for (at, &offset) in offsets.iter().enumerate() {
            let entry = pack.entry(offset)?;
            let is_tree = match entry.header {
                Header::Tree => true,
                Header::OfsDelta { base_distance } => {
                    trees.get(&(offset - base_distance)).copied().unwrap_or(false)
                }
                _ => false,
            };
            trees.insert(offset, is_tree);
            if !is_tree {
                let end = offsets.get(at + 1).copied().unwrap_or(pack.pack_end() as u64);
                entries.push((entry.data_offset, end, usize::try_from(entry.decompressed_size)?));
            }
        }
        Ok(Self { pack, entries })
    }

    /// Inflates all entries; returns how many bytes that made.
    fn run(&self, threads: usize) -> u64 {
        let next = Mutex::new(self.entries.chunks(512));
        let sum = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut inflater = libdeflater::Decompressor::new();
                    let mut out = Vec::new();
                    while let Some(chunk) = next.lock().ok().and_then(|mut next| next.next()) {
                        for &(start, end, size) in chunk {
                            out.resize(size.max(out.len()), 0);
                            let input = self.pack.entry_slice(start..end).unwrap_or_default();
                            let read = inflater.zlib_decompress(input, &mut out[..size]);
                            sum.fetch_add(read.unwrap_or(0) as u64, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        sum.into_inner()
    }
}

fn main() -> Fallible<()> {
    let number = |name: &str, usual: usize| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
    };
    let threads = number("KEYSWEEP_BENCH_THREADS", 2);
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let runs = if smoke { 1 } else { number("KEYSWEEP_BENCH_RUNS", 5) };
    let engine = Engine::new(&RuleSet::builtin());
    let made;
    let git_dir = match std::env::var_os("KEYSWEEP_BENCH_REPO") {
        Some(path) => PathBuf::from(path),
        None => {
            made = make(if smoke { 100 } else { 4000 })?;
            made.path().join("r.git")
        }
    };
    let baseline = Baseline::new(&git_dir)?;
    let repo = gix::open_opts(&git_dir, gix::open::Options::isolated())?;
    let options = DatabaseOptions { threads, ..DatabaseOptions::default() };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        let (start, used) = (Instant::now(), crate::used());
        let inflated = baseline.run(threads);
        let inflating = (start.elapsed(), crate::used() - used);
        let ledger = Ledger::new();
        let (start, used) = (Instant::now(), crate::used());
        scan(&repo, &options, &engine, &ledger, &|_| {})?;
        let passing = (start.elapsed(), crate::used() - used);
        // The first run reads the files from disk.
        if run > 0 {
            theirs.push(inflating);
            ours.push(passing);
        }
        println!(
            "inflating alone {:.2?} (processor {:.2?}), {inflated} bytes; pass {:.2?} (processor {:.2?}), {} objects, {} bytes",
            inflating.0,
            inflating.1,
            passing.0,
            passing.1,
            ledger.get(Count::Objects),
            ledger.get(Count::Bytes),
        );
    }
    for (name, of) in [("elapsed", 0), ("processor", 1)] {
        let median = |times: &[(Duration, Duration)]| {
            let mut times: Vec<_> =
                times.iter().map(|time| if of == 0 { time.0 } else { time.1 }).collect();
            times.sort_unstable();
            times.get(times.len() / 2).copied().unwrap_or_default()
        };
        let (ours, theirs) = (median(&ours), median(&theirs));
        if theirs > Duration::ZERO {
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            println!(
                "{name}: pass {ours:.2?}, inflating {theirs:.2?}, ratio {ratio:.2} (promise: 1.6)"
            );
        }
    }
    Ok(())
}

/// Processor time of this process so far, on Linux; else zero.
fn used() -> Duration {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return Duration::ZERO };
    // proc(5): utime and stime are fields 14 and 15, in hundredths of a second; the name may
    // hold spaces.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// A repository of some versions of a file of 3,000 lines.
fn make(commits: u64) -> Fallible<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(dir.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("HOME", dir.path());
        command
    };
    git(&["init", "-q", "--bare", "r.git"]).status()?;
    let mut import =
        git(&["-C", "r.git", "fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let mut out = std::io::BufWriter::new(import.stdin.take().ok_or("no pipe")?);
    let mut lines: Vec<String> = (0..3000).map(|n| format!("line {n}\n")).collect();
    for commit in 0..commits {
        let at = commit.wrapping_mul(2_654_435_761) % 3000;
        lines[usize::try_from(at)?] = format!("changed in {commit}\n");
        let text = lines.concat();
        write!(out, "commit refs/heads/main\ncommitter C <c@example.com> {commit} +0000\n")?;
        write!(out, "data 2\nc\nM 100644 inline f\ndata {}\n{text}\n", text.len())?;
    }
    drop(out);
    import.wait()?;
    git(&["-C", "r.git", "repack", "-q", "-adf"]).status()?;
    Ok(dir)
}
