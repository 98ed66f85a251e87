//! Random histories, stored in random ways, read as git itself reads them.
//!
//! `PROPTEST_CASES=500 cargo test --release --test it git::database::random` tries more of them.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use memchr::memmem;
use proptest::prelude::*;

use super::differential::compare;
use super::scripted::{Scripted, data, git};
use crate::support::storage::{copy_as_loose, packs};
use crate::support::{Keys, cases};

/// Something that happens to a repository.
#[derive(Clone, Debug)]
enum Step {
    /// So many commits, kept as loose objects or in a pack of their own.
    Commits { count: u8, loose: bool },
    /// A command of git that keeps the objects in another way.
    Store(&'static [&'static str]),
    /// All packs become loose objects.
    Unpack,
    /// The newest commit belongs to no branch any more.
    Forget,
    /// Work continues in a clone that borrows all objects.
    Borrow,
    /// Work continues in a clone that fetched the newest commits as a thin pack.
    Fetch,
    /// A blob that no commit holds: empty, or what begins as a container does.
    Loose(u8),
}

/// Stands where a key was cut.
const CUT: u8 = 1;

/// Ways to keep objects.
const STORES: [&[&str]; 12] = [
    &["repack", "-q", "-adf", "--window=20", "--depth=50"],
    &["repack", "-q", "-adf", "--window=30", "--depth=4095", "--write-bitmap-index"],
    &["-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-adf"],
    &["-c", "pack.compression=0", "repack", "-q", "-adF"],
    &["repack", "-q", "-d"],
    &["repack", "-q", "-A", "-d"],
    &["repack", "-q", "-adk"],
    &["repack", "-q", "--cruft", "-d"],
    &["repack", "-q", "--geometric=2", "-d", "--write-midx"],
    &["multi-pack-index", "write"],
    &["prune-packed"],
    &["commit-graph", "write", "--reachable"],
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..12u8, any::<bool>()).prop_map(|(count, loose)| Step::Commits { count, loose }),
        4 => prop::sample::select(&STORES[..]).prop_map(Step::Store),
        1 => Just(Step::Unpack),
        1 => Just(Step::Forget),
        1 => Just(Step::Borrow),
        1 => Just(Step::Fetch),
        1 => any::<u8>().prop_map(Step::Loose),
    ]
}

/// A repository on its way.
struct Growing {
    first: Scripted,
    git_dir: PathBuf,
    files: [Vec<u8>; 4],
    random: Keys,
    commits: u64,
    names: u32,
}

impl Growing {
    fn new(seed: u64, sha256: bool) -> Self {
        let init: &[&str] = if sha256 { &["--object-format=sha256"] } else { &[] };
        let first = Scripted::with(1, init);
        let random = Keys::new(&seed.to_string());
        let git_dir = first.git_dir();
        Self { first, git_dir, files: Default::default(), random, commits: 0, names: 0 }
    }

    fn git(&self, arguments: &[&str]) -> Vec<u8> {
        git(&self.git_dir, arguments, b"")
    }

    fn below(&mut self, end: usize) -> usize {
        (self.random.next() >> 16) as usize % end
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Commits { count, loose } => self.commit(count, loose),
            // Without a pack git itself may fall over.
            Step::Store(["multi-pack-index", ..] | [.., "--write-midx"])
                if packs(&self.git_dir, "pack").is_empty() => {}
            Step::Store(arguments) => drop(self.git(arguments)),
            Step::Unpack => self.unpack(),
            Step::Forget if self.commits > 1 => {
                self.git(&["update-ref", "refs/heads/main", "refs/heads/main~1"]);
                self.commits -= 1;
            }
            Step::Forget => {}
            Step::Borrow => self.clone_as(&["--shared"]),
            Step::Fetch => self.fetch(),
            Step::Loose(which) => self.loose(which),
        }
    }

    /// Changes the files a little and writes that as commits.
    fn commit(&mut self, count: u8, loose: bool) {
        let mut stream = Vec::new();
        for number in 0..count {
            let when = 1_700_001_000 + self.random.next() % 1_000_000;
            let head =
                format!("commit refs/heads/main\ncommitter C <c@example.com> {when} +0000\n");
            stream.extend(head.bytes());
            data(&mut stream, self.piece());
            if number == 0 {
                stream.extend(b"from refs/heads/main^0\n");
            }
            for _ in 0..=self.below(3) {
                let file = self.below(self.files.len());
                self.edit(file);
                stream.extend(format!("M 100644 inline d{}/f{file}\n", file % 2).bytes());
                data(&mut stream, &self.files[file]);
            }
            self.commits += 1;
        }
        let tag = format!("tag t{}\nfrom refs/heads/main\n", self.random.next());
        stream.extend(tag.bytes());
        stream.extend(b"tagger T <t@example.com> 1700009999 +0000\n");
        data(&mut stream, self.piece());
        let limit = if loose { "fastimport.unpackLimit=10000" } else { "fastimport.unpackLimit=1" };
        git(&self.git_dir, &["-c", limit, "fast-import", "--quiet"], &stream);
    }

    /// Bytes move, come and go, with no regard to lines: a change may cut a key in two.
    fn edit(&mut self, file: usize) {
        let mut bytes = std::mem::take(&mut self.files[file]);
        if bytes.is_empty() {
            (0..40).for_each(|_| bytes.extend(self.piece()));
        }
        for _ in 0..=self.below(3) {
            let (a, b) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let (from, end) = (a.min(b), a.max(b));
            let end = end.min(from + 2000);
            match self.below(14) {
                0 => drop(bytes.drain(from..end)),
                1 => {
                    let run = bytes[from..end].to_vec();
                    let at = self.below(bytes.len() + 1);
                    bytes.splice(at..at, run);
                }
                2 => {
                    let run: Vec<u8> = bytes.drain(from..end).collect();
                    bytes.extend(run);
                }
                3 => {
                    const HEADS: [&[u8]; 5] =
                        [b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"\x1f\x8b\x08\0", b"ustar"];
                    bytes.splice(0..0, HEADS[self.below(HEADS.len())].to_vec());
                }
                4 => drop(bytes.drain(..bytes.len().min(4))),
                // A key is cut in its first word, another one is joined again.
                6 => {
                    if let Some(id) = memmem::find(&bytes[from..], b"AKIA") {
                        bytes.insert(from + id + 1 + a % 3, CUT);
                    }
                }
                7 => drop(memmem::find(&bytes, &[CUT]).map(|cut| bytes.remove(cut))),
                5 if self.below(4) == 0 => bytes.clear(),
                _ => drop(bytes.splice(from..from, self.piece())),
            }
        }
        bytes.truncate(60_000);
        self.files[file] = bytes;
    }

    /// Some text: a key, half a key, a key in another form, words, noise.
    fn piece(&mut self) -> Vec<u8> {
        match self.below(9) {
            0 => self.random.pair().env.into_bytes(),
            1 => format!("{}\r\n", self.random.id()).into_bytes(),
            2 => format!("\"secretAccessKey\": \"{}\",\n", self.random.secret()).into_bytes(),
            3 => {
                let env = self.random.pair().env;
                base64::engine::general_purpose::STANDARD.encode(env).into_bytes()
            }
            4 => self.random.pair().env.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            5 => (0..self.below(200)).map(|_| self.random.next() as u8).collect(),
            _ => format!("line {:x} of {}\n", self.random.next(), self.commits).into_bytes(),
        }
    }

    fn unpack(&mut self) {
        copy_as_loose(&self.git_dir);
        let folder = self.git_dir.join("objects/pack");
        fs::remove_dir_all(&folder).expect("ours");
        fs::create_dir(&folder).expect("it was removed");
    }

    fn next_name(&mut self, what: &str) -> PathBuf {
        self.names += 1;
        self.first.dir.path().join(format!("{what}{}", self.names))
    }

    fn clone_as(&mut self, arguments: &[&str]) {
        let (from, to) = (self.git_dir.clone(), self.next_name("clone"));
        let ends = [&*from.to_string_lossy(), &*to.to_string_lossy()];
        git(&from, &[&["clone", "-q", "--bare"], arguments, &ends].concat(), b"");
        self.git_dir = to;
    }

    fn fetch(&mut self) {
        let from = self.git_dir.clone();
        self.clone_as(&["--no-local"]);
        let clone = std::mem::replace(&mut self.git_dir, from);
        self.commit(3, false);
        let from = std::mem::replace(&mut self.git_dir, clone);
        let from = from.to_string_lossy().into_owned();
        self.git(&["-c", "fetch.unpackLimit=1", "fetch", "-q", &from, "+refs/*:refs/*"]);
    }

    fn loose(&mut self, which: u8) {
        const HEADS: [&[u8]; 4] = [b"", b"PK\x03\x04", b"\x1f\x8b\x08\0", b"BZh9"];
        let mut bytes = HEADS[usize::from(which) % HEADS.len()].to_vec();
        if which >= 4 {
            bytes.extend(self.piece());
        }
        git(&self.git_dir, &["hash-object", "-w", "--stdin"], &bytes);
    }
}

/// Few in the suite, as many as `PROPTEST_CASES` says.
fn count() -> u32 {
    let variable = std::env::var("PROPTEST_CASES").ok();
    variable.and_then(|text| text.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..cases(count()) })]

    #[test]
    fn any_repository_is_read_as_git_reads_it(
        seed in any::<u64>(),
        sha256 in any::<bool>(),
        threads in 1..5usize,
        steps in prop::collection::vec(step(), 1..10),
    ) {
        let mut repo = Growing::new(seed, sha256);
        repo.take(&Step::Commits { count: 3, loose: false });
        for step in &steps {
            repo.take(step);
        }
        let compared = compare(&repo.git_dir, threads);
        prop_assert_eq!(compared.differences(), Vec::<String>::new());
        prop_assert_eq!(compared.coverage.objects, compared.objects as u64);
        prop_assert_eq!(compared.coverage.problems, vec![]);
        prop_assert!(compared.candidates > 0, "keys are in its messages, if nowhere else");
    }
}
