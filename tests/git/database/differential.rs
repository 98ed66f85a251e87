//! A database read by keysweep against the same read by git: every object's type and bytes, and the
//! credentials against a scan of each object alone, as a whole.
//!
//! `KEYSWEEP_REPOSITORIES=a:b cargo test --release --test it -- --ignored --nocapture differential`

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use gix::ObjectId;
use gix::objs::Kind;
use keysweep::coverage::{Coverage, Ledger};
use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;
use keysweep::source::container::Limit;
use keysweep::source::git::database::{DatabaseOptions, scan};

use super::scripted::{Scripted, git};
use super::witness::{Outcome, digest, each_object, pass_with};
use crate::support::Keys;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin()));

/// The result of comparing the two readers.
pub(crate) struct Compared {
    /// Objects that git has, trees left out.
    pub(crate) objects: usize,
    /// Credentials that a scan of git's objects finds, each as often as it is found.
    pub(crate) candidates: usize,
    /// The ledger of keysweep's pass.
    pub(crate) coverage: Coverage,
    bytes: Difference,
    credentials: Difference,
}

/// Objects on which two readings differ.
struct Difference {
    what: &'static str,
    ids: Vec<ObjectId>,
}

impl Difference {
    fn of<T: PartialEq>(
        what: &'static str,
        git: &BTreeMap<ObjectId, T>,
        own: &BTreeMap<ObjectId, T>,
    ) -> Self {
        let mut ids: Vec<ObjectId> = git.keys().chain(own.keys()).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| git.get(id) != own.get(id));
        Self { what, ids }
    }
}

impl Compared {
    /// The differences, each with its object.
    pub(crate) fn differences(&self) -> Vec<String> {
        let all = [&self.bytes, &self.credentials];
        all.iter().flat_map(|one| one.ids.iter().map(|id| format!("{} {id}", one.what))).collect()
    }
}

/// Reads a database both ways.
pub(crate) fn compare(git_dir: &Path, threads: usize) -> Compared {
    let (mut objects, mut naive) = (BTreeMap::new(), BTreeMap::new());
    each_object(git_dir, |id, kind, bytes| {
        objects.insert(id, (kind, digest(bytes)));
        let candidates = ENGINE.whole(bytes).candidates;
        if !candidates.is_empty() {
            naive.insert(id, (kind, candidates));
        }
    });
    let mut options = DatabaseOptions { threads, ..DatabaseOptions::default() };
    // A container is read as plain bytes.
    options.containers.limits.depth = Limit { value: 0, is_explicit: true };
    let Outcome { seen, coverage } = pass_with(git_dir, &options);
    let found = credentials(git_dir, &options);
    Compared {
        objects: objects.len(),
        candidates: naive.values().map(|(_, candidates)| candidates.len()).sum(),
        coverage,
        bytes: Difference::of("type or bytes of", &objects, &seen),
        credentials: Difference::of("credentials of", &naive, &found),
    }
}

/// The credentials that the detector finds as keysweep walks the database.
fn credentials(
    git_dir: &Path,
    options: &DatabaseOptions,
) -> BTreeMap<ObjectId, (Kind, Vec<Candidate>)> {
    let repo = gix::open_opts(git_dir, gix::open::Options::isolated()).expect("a repository");
    let found = Mutex::new(BTreeMap::<ObjectId, (Kind, Vec<Candidate>)>::new());
    scan(&repo, options, &*ENGINE, &Ledger::new(), &|part| {
        let mut found = found.lock().expect("no panic");
        let entry = found.entry(part.id).or_insert_with(|| (part.kind, Vec::new()));
        entry.1.extend(part.candidates);
    })
    .expect("threads");
    found.into_inner().expect("no panic")
}

/// Two objects of more than 32 MiB with keys all over, one a change of the other.
#[test]
#[cfg_attr(debug_assertions, ignore = "a hundred megabytes are hashed: slow in a debug build")]
fn large_objects_are_read_as_git_reads_them() {
    let repo = Scripted::new(1);
    let mut keys = Keys::new("large objects");
    let mut text = Vec::new();
    while text.len() < 33 << 20 {
        text.extend(b"nothing of interest\n".repeat(keys.next() as usize % 20_000));
        text.extend(keys.pair().env.bytes());
    }
    let mut changed = text.clone();
    changed.splice(20 << 20..21 << 20, keys.pair().env.into_bytes());
    for (name, bytes) in [("text", text), ("changed", changed)] {
        let id = git(&repo.git_dir(), &["hash-object", "-w", "--stdin"], &bytes);
        let id = String::from_utf8(id).expect("hex");
        repo.git(&["update-ref", &format!("refs/tags/{name}"), id.trim()]);
    }
    for window in [None, Some("--window=0"), Some("--window=10")] {
        if let Some(window) = window {
            repo.git(&["repack", "-q", "-adF", window]);
            assert!(repo.git(&["count-objects"]).starts_with(b"0 objects"));
        }
        let compared = compare(&repo.git_dir(), 2);
        assert_eq!(compared.differences(), Vec::<String>::new(), "{window:?}");
        assert!(compared.candidates > 100, "{window:?}: {}", compared.candidates);
    }
}

#[test]
#[ignore = "reads the repositories that KEYSWEEP_REPOSITORIES names"]
fn real_repositories_are_read_as_git_reads_them() {
    let list = std::env::var_os("KEYSWEEP_REPOSITORIES").expect("paths, joined as PATH is");
    for path in std::env::split_paths(&list) {
        let compared = compare(&path, DatabaseOptions::default().threads);
        let differences = compared.differences();
        println!(
            "{}: {} objects of git, {} bytes read, {} candidates; {} differences",
            path.display(),
            compared.objects,
            compared.coverage.bytes,
            compared.candidates,
            differences.len()
        );
        assert_eq!(differences, Vec::<String>::new(), "{}", path.display());
        assert_eq!(compared.coverage.objects, compared.objects as u64, "each once");
    }
}
