//! The pass over a git database against what git's own reader says, in every layout.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use gix::ObjectId;
use gix::objs::Kind;
use keysweep::coverage::{Coverage, Ledger};
use keysweep::finding::{Candidate, Confidence, Credential, RuleId, Sighting};
use keysweep::scan::{Copied, Detected, Detector, Window};
use keysweep::source::git::database::{Options, scan};
use sha2::{Digest, Sha256};

/// Reports a digest of every text, and checks that what is said to be copied was copied.
struct Witness;

impl Witness {
    fn saw(bytes: &[u8]) -> Detected<Vec<u8>> {
        let digest: String =
            Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let credential = Credential {
            rule: RuleId::new("witness"),
            key_id: Some(digest),
            secret: None,
            session_token: None,
            account: None,
            user: None,
            expires: None,
        };
        let sighting = Sighting {
            id: None,
            secret: None,
            decoded: vec![],
            marker: None,
            snippet: String::new(),
            line_hash: None,
            partition: None,
        };
        let candidate = Candidate { credential, confidence: Confidence::High, sighting };
        Detected { memory: bytes.to_vec(), candidates: vec![candidate], examples: 0 }
    }
}

impl Detector for Witness {
    type Memory = Vec<u8>;

    fn whole(&self, bytes: &[u8]) -> Detected<Vec<u8>> {
        Self::saw(bytes)
    }

    fn delta(&self, base: &Vec<u8>, copied: &[Copied], bytes: &[u8]) -> Detected<Vec<u8>> {
        let mut end = 0;
        for run in copied {
            assert!(run.len > 0 && run.to >= end, "runs are in order");
            assert!(base[run.from..][..run.len] == bytes[run.to..][..run.len], "runs are copies");
            end = run.to + run.len;
        }
        Self::saw(bytes)
    }

    fn window(&self, bytes: &[u8], _: &Window) -> Detected<Vec<u8>> {
        Self::saw(bytes)
    }

    fn overlap(&self) -> usize {
        64
    }
}

/// What a pass came to: digests by object, and the ledger.
struct Outcome {
    seen: BTreeMap<ObjectId, (Kind, String)>,
    coverage: Coverage,
}

fn pass(git_dir: &Path, threads: usize) -> Outcome {
    pass_with(git_dir, &Options { threads, ..Options::default() })
}

fn pass_with(git_dir: &Path, options: &Options) -> Outcome {
    let repo = gix::open_opts(git_dir, gix::open::Options::isolated()).expect("a repository");
    let ledger = Ledger::new();
    let seen = Mutex::new(BTreeMap::new());
    scan(&repo, options, &Witness, &ledger, &|found| {
        let [candidate] = found.candidates.as_slice() else { panic!("one digest an object") };
        let digest = candidate.credential.key_id.clone().expect("a digest");
        let before = seen.lock().expect("no panic").insert(found.id, (found.kind, digest));
        assert!(before.is_none(), "{} was seen twice", found.id);
    })
    .expect("threads");
    Outcome { seen: seen.into_inner().expect("no panic"), coverage: ledger.coverage() }
}

/// What git's own program has, read whole by gix.
fn oracle(git_dir: &Path) -> BTreeMap<ObjectId, (Kind, String)> {
    let list = git(git_dir, &["cat-file", "--batch-all-objects", "--batch-check"], b"");
    let repo = gix::open_opts(git_dir, gix::open::Options::isolated()).expect("a repository");
    let mut objects = BTreeMap::new();
    for line in String::from_utf8(list).expect("text").lines() {
        let id = ObjectId::from_hex(line.split(' ').next().expect("an id").as_bytes());
        let id = id.expect("an id");
        let object = repo.find_object(id).expect("an intact object");
        if object.kind != Kind::Tree {
            let digest = Witness::saw(&object.data).candidates.remove(0).credential.key_id;
            objects.insert(id, (object.kind, digest.expect("a digest")));
        }
    }
    objects
}

/// Runs git without anybody's configuration, at a fixed date.
fn git(dir: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let date = "1700000000 +0000";
    let mut child = Command::new("git")
        .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
        .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
        .envs([("GIT_COMMITTER_NAME", "C"), ("GIT_COMMITTER_EMAIL", "c@example.com")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().expect("git ends");
    drop(writer.join());
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {why}");
    output.stdout
}

/// Makes a pack, however small.
const IMPORT: [&str; 4] = ["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet"];

/// A repository of `commits` commits, each changing two files, in one pack.
struct Scripted {
    dir: tempfile::TempDir,
}

impl Scripted {
    fn new(commits: u32) -> Self {
        Self::with(commits, &[])
    }

    fn with(commits: u32, init: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        git(dir.path(), &[&["init", "-q", "-b", "main", "--bare", "r.git"], init].concat(), b"");
        let repo = Self { dir };
        git(&repo.git_dir(), &IMPORT, &script(commits));
        repo
    }

    fn git_dir(&self) -> PathBuf {
        self.dir.path().join("r.git")
    }

    fn git(&self, arguments: &[&str]) -> Vec<u8> {
        git(&self.git_dir(), arguments, b"")
    }

    fn pack_folder(&self) -> PathBuf {
        self.git_dir().join("objects/pack")
    }

    /// The only file of its kind in the pack folder.
    fn pack(&self, extension: &str) -> PathBuf {
        let files = fs::read_dir(self.pack_folder()).expect("a folder");
        let mut paths = files.map(|file| file.expect("a file").path());
        let is = |path: &PathBuf| path.extension().is_some_and(|it| it == extension);
        let path = paths.find(is).expect("one such file");
        writable(&path);
        path
    }

    /// Explodes the packs into loose objects.
    fn unpack(&self) {
        let bytes = fs::read(self.pack("pack")).expect("a pack");
        let aside = self.dir.path().join("aside");
        fs::rename(self.pack_folder(), &aside).expect("the same file system");
        git(&self.git_dir(), &["unpack-objects", "-q"], &bytes);
    }

    #[track_caller]
    fn is_read_whole(&self) {
        let expected = oracle(&self.git_dir());
        for threads in [1, 4] {
            let outcome = pass(&self.git_dir(), threads);
            assert!(outcome.seen == expected, "{} of {}", outcome.seen.len(), expected.len());
            assert_eq!(outcome.coverage.objects, expected.len() as u64);
            assert_eq!(outcome.coverage.problems, []);
        }
    }
}

fn writable(path: &Path) {
    let mut permissions = fs::metadata(path).expect("a file").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test's own")]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions).expect("our own file");
}

/// A stream for `git fast-import`: one file of lines that change here and there, another whose
/// blocks change places, an annotated tag.
fn script(commits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut random = 1u64;
    let mut next = move |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) as usize % below
    };
    let line = |seed: usize| format!("line {seed} of {:x}\n", seed.wrapping_mul(0x9e37_79b9_7f4a));
    let mut lines: Vec<String> = (0..300).map(line).collect();
    let mut blocks: Vec<String> = (0..40).map(|n| line(n * 7919).repeat(3)).collect();
    for commit in 0..commits {
        for _ in 0..1 + next(3) {
            let at = next(lines.len());
            lines[at] = line(next(1 << 30));
        }
        let (a, b) = (next(blocks.len()), next(blocks.len()));
        blocks.swap(a, b);
        blocks[b] = blocks[a].clone();
        let message = format!("Change {commit}\n");
        let when = 1_700_000_000 + u64::from(commit);
        let head = format!("commit refs/heads/main\nauthor A <a@example.com> {when} +0000\n");
        out.extend(head.bytes());
        out.extend(format!("committer C <c@example.com> {when} +0000\n").bytes());
        data(&mut out, &message);
        for (path, text) in [("lines", lines.concat()), ("blocks", blocks.concat())] {
            out.extend(format!("M 100644 inline {path}\n").bytes());
            data(&mut out, &text);
        }
        out.push(b'\n');
    }
    out.extend(b"tag v1\nfrom refs/heads/main\ntagger T <t@example.com> 1700009999 +0000\n");
    data(&mut out, "A release\n");
    out
}

fn data(out: &mut Vec<u8>, text: &str) {
    out.extend(format!("data {}\n{text}\n", text.len()).bytes());
}

#[test]
fn loose_objects_are_read() {
    let repo = Scripted::new(20);
    repo.unpack();
    assert_eq!(fs::read_dir(repo.pack_folder()).map_or(0, Iterator::count), 0);
    repo.is_read_whole();
}

#[test]
fn one_pack_is_read() {
    let repo = Scripted::new(200);
    repo.git(&["repack", "-q", "-adf", "--window=20", "--depth=50"]);
    repo.is_read_whole();
}

#[test]
fn a_chain_of_4095_deltas_is_read() {
    let repo = Scripted::new(1);
    let mut stream = Vec::new();
    for version in 0..4200 {
        stream.extend(b"blob\n");
        data(&mut stream, &format!("{}{version}\n", "the same line\n".repeat(9)));
    }
    git(&repo.git_dir(), &[&IMPORT[..], &["--depth=4095"]].concat(), &stream);
    let files = fs::read_dir(repo.pack_folder()).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    let indices = paths.filter(|path| path.extension().is_some_and(|it| it == "idx"));
    let chains: String = indices
        .map(|path| repo.git(&["verify-pack", "-v", &path.to_string_lossy()]))
        .map(|text| String::from_utf8(text).expect("text"))
        .collect();
    let depth = |line: &str| line.split_ascii_whitespace().nth(5)?.parse::<u32>().ok();
    assert_eq!(chains.lines().filter_map(depth).max(), Some(4095));
    repo.is_read_whole();
}

#[test]
fn bases_named_by_id_are_read() {
    let repo = Scripted::new(100);
    repo.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-adf"]);
    repo.is_read_whole();
}

#[test]
fn sha256_repositories_are_read() {
    let repo = Scripted::with(60, &["--object-format=sha256"]);
    repo.git(&["repack", "-q", "-adf"]);
    repo.is_read_whole();
    repo.unpack();
    repo.is_read_whole();
}

#[test]
fn many_packs_with_common_objects_are_read_once() {
    let repo = Scripted::new(50);
    let pack = fs::read(repo.pack("pack")).expect("a pack");
    git(&repo.git_dir(), &[&IMPORT[..], &["--force"]].concat(), &script(90));
    repo.git(&["repack", "-q", "-adf"]);
    let loose = repo.dir.path().join("one.pack");
    fs::write(&loose, &pack).expect("our own folder");
    git(&repo.git_dir(), &["index-pack", "--stdin", "--keep"], &pack);
    repo.is_read_whole();
    repo.git(&["multi-pack-index", "write"]);
    repo.is_read_whole();
    fs::remove_file(repo.pack_folder().join("multi-pack-index")).expect("it was written");
    repo.is_read_whole();
}

#[test]
fn packs_without_index_are_read() {
    let repo = Scripted::new(60);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    fs::remove_file(repo.pack("idx")).expect("it is there");
    let outcome = pass(&repo.git_dir(), 2);
    assert!(outcome.seen == expected);
    assert_eq!(outcome.coverage.problems, []);
    assert!(outcome.coverage.notes[0].starts_with("pack without index read"));
}

#[test]
fn a_multi_pack_index_may_stand_for_the_packs_own() {
    let repo = Scripted::new(60);
    repo.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-adf"]);
    repo.git(&["multi-pack-index", "write"]);
    let expected = oracle(&repo.git_dir());
    fs::remove_file(repo.pack("idx")).expect("it is there");
    let outcome = pass(&repo.git_dir(), 2);
    assert!(outcome.seen == expected);
    assert_eq!(outcome.coverage.problems, []);
}

#[test]
fn what_an_interrupted_transfer_left_is_read() {
    let repo = Scripted::new(60);
    let pack = repo.pack("pack");
    let expected = oracle(&repo.git_dir());
    let bytes = fs::read(&pack).expect("a pack");
    fs::write(pack.with_file_name("tmp_pack_a1B2c3"), &bytes[..bytes.len() / 2]).expect("ours");
    fs::remove_file(repo.pack("idx")).expect("it is there");
    fs::remove_file(&pack).expect("it is there");
    let outcome = pass(&repo.git_dir(), 2);
    assert!(outcome.seen.len() > 20 && outcome.seen.len() < expected.len());
    assert!(outcome.seen.iter().all(|(id, seen)| expected.get(id) == Some(seen)));
    assert_eq!(outcome.coverage.problems, [], "it is no part of the database");
    assert!(outcome.coverage.notes[0].starts_with("left by an interrupted transfer"));
}

#[test]
fn alternates_are_read_and_told() {
    let origin = Scripted::new(40);
    let dir = origin.dir.path();
    git(dir, &["clone", "-q", "--bare", "--shared", "r.git", "borrower.git"], b"");
    let borrower = dir.join("borrower.git");
    let outcome = pass(&borrower, 2);
    assert!(outcome.seen == oracle(&origin.git_dir()));
    assert!(outcome.coverage.notes[0].starts_with("alternate read: "), "{:?}", outcome.coverage);
    let own = pass_with(&borrower, &Options { alternates: false, ..Options::default() });
    assert_eq!(own.seen.len(), 0);
    assert!(own.coverage.complete, "leaving alternates out was asked for");
}

#[test]
fn an_alternate_that_is_missing_is_told() {
    let origin = Scripted::new(5);
    let info = origin.git_dir().join("objects/info");
    fs::create_dir_all(&info).expect("our own folder");
    fs::write(info.join("alternates"), "/nowhere/objects\n").expect("ours");
    let outcome = pass(&origin.git_dir(), 2);
    assert!(outcome.seen.len() > 10);
    let whats: Vec<&str> =
        outcome.coverage.problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(whats, ["alternate"], "{:?}", outcome.coverage.problems);
}

#[test]
fn worktrees_read_the_common_database() {
    let repo = Scripted::new(10);
    repo.git(&["worktree", "add", "-q", "--no-checkout", "../tree", "main"]);
    let expected = oracle(&repo.git_dir());
    assert!(pass(&repo.dir.path().join("tree"), 2).seen == expected);
}

#[test]
fn a_damaged_byte_costs_one_object_and_is_told() {
    let repo = Scripted::new(80);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    let path = repo.pack("pack");
    let intact = fs::read(&path).expect("a pack");
    for at in (100..intact.len() - 100).step_by(intact.len() / 40) {
        let mut bytes = intact.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).expect("our own file");
        let outcome = pass(&repo.git_dir(), 2);
        let right = outcome.seen.iter().filter(|(id, seen)| expected.get(*id) == Some(seen));
        let problems = &outcome.coverage.problems;
        let told = |id: &ObjectId| {
            let id = id.to_string();
            problems.iter().any(|one| one.path == id)
        };
        let right: Vec<_> = right.map(|(id, _)| id).collect();
        let untold = expected.keys().filter(|id| !right.contains(id) && !told(id)).count();
        assert_eq!(untold, 0, "byte {at}: {problems:?}");
    }
}

#[test]
fn a_cut_pack_is_read_up_to_the_cut() {
    let repo = Scripted::new(80);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    let path = repo.pack("pack");
    let bytes = fs::read(&path).expect("a pack");
    fs::write(&path, &bytes[..bytes.len() * 2 / 3]).expect("our own file");
    let outcome = pass(&repo.git_dir(), 2);
    let right = outcome.seen.iter().filter(|(id, seen)| expected.get(*id) == Some(seen)).count();
    assert!(right > expected.len() / 4, "{right} of {}", expected.len());
    let problems = outcome.coverage.problems;
    assert!(problems.iter().any(|one| one.what == "pack" && one.why.contains("it is cut")));
}

#[test]
fn a_second_copy_stands_in_for_a_damaged_one() {
    let repo = Scripted::new(80);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    let path = repo.pack("pack");
    let intact = fs::read(&path).expect("a pack");
    let copy = path.with_file_name("pack-ffffffffffffffffffffffffffffffffffffffff.pack");
    fs::copy(&path, &copy).expect("our own folder");
    fs::copy(path.with_extension("idx"), copy.with_extension("idx")).expect("our own folder");
    let mut bytes = intact.clone();
    for at in (1000..intact.len() - 100).step_by(997) {
        bytes[at] ^= 0x55;
    }
    fs::write(&path, &bytes).expect("our own file");
    assert!(pass(&repo.git_dir(), 2).seen == expected);
}

#[test]
fn a_large_object_is_read_in_pieces() {
    struct Windows(Mutex<(u64, u64)>);
    impl Detector for Windows {
        type Memory = ();
        fn whole(&self, bytes: &[u8]) -> Detected<()> {
            assert!(bytes.len() < 32 << 20, "held at once");
            Detected::default()
        }
        fn delta(&self, (): &(), _: &[Copied], bytes: &[u8]) -> Detected<()> {
            self.whole(bytes)
        }
        fn window(&self, bytes: &[u8], window: &Window) -> Detected<()> {
            let mut seen = self.0.lock().expect("no panic");
            seen.0 += window.owned.len() as u64;
            seen.1 = seen.1.max(bytes.len() as u64);
            Detected::default()
        }
        fn overlap(&self) -> usize {
            1 << 16
        }
    }
    const SIZE: u64 = 80 << 20;
    let repo = Scripted::new(1);
    let large = vec![b'z'; SIZE as usize];
    git(&repo.git_dir(), &["hash-object", "-w", "--stdin"], &large);
    for packed in [false, true] {
        if packed {
            fs::create_dir_all(repo.pack_folder()).expect("ours");
            let ids = repo.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
            git(&repo.git_dir(), &["pack-objects", "-q", "objects/pack/pack"], &ids);
            repo.git(&["prune-packed"]);
        }
        let detector = Windows(Mutex::default());
        let opened = gix::open_opts(repo.git_dir(), gix::open::Options::isolated());
        let ledger = Ledger::new();
        scan(&opened.expect("a repository"), &Options::default(), &detector, &ledger, &|_| {})
            .expect("threads");
        let (owned, most) = detector.0.into_inner().expect("no panic");
        assert_eq!((owned, ledger.coverage().problems), (SIZE, vec![]), "packed: {packed}");
        assert!(most < 16 << 20, "windows of {most} bytes");
    }
}
