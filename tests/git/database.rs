//! The pass over a git database, compared with git's own reader, in every layout.

mod damaged;
mod differential;
mod random;
pub(crate) mod scripted;
pub(crate) mod witness;

use std::fs;
use std::sync::Mutex;

use keysweep::coverage::Ledger;
use keysweep::scan::{Copied, Detected, Detector, Window};
use keysweep::source::git::database::{DatabaseOptions, scan};

use scripted::{IMPORT, Scripted, data, git, script};
use witness::{oracle, pass, pass_with};

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
        data(&mut stream, format!("{}{version}\n", "the same line\n".repeat(9)));
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
fn packs_are_read_with_a_multi_pack_index_alone() {
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
fn objects_of_an_interrupted_transfer_are_read() {
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
    assert_eq!(outcome.coverage.problems, [], "it is not part of the database");
    assert!(outcome.coverage.notes[0].starts_with("left by an interrupted transfer"));
}

#[test]
fn alternates_are_read_and_reported() {
    let origin = Scripted::new(40);
    let dir = origin.dir.path();
    git(dir, &["clone", "-q", "--bare", "--shared", "r.git", "borrower.git"], b"");
    let borrower = dir.join("borrower.git");
    let outcome = pass(&borrower, 2);
    assert!(outcome.seen == oracle(&origin.git_dir()));
    assert!(outcome.coverage.notes[0].starts_with("alternate read: "), "{:?}", outcome.coverage);
    let own =
        pass_with(&borrower, &DatabaseOptions { alternates: false, ..DatabaseOptions::default() });
    assert_eq!(own.seen.len(), 0);
    assert!(own.coverage.complete, "leaving alternates out was asked for");
}

#[test]
fn an_alternate_that_is_missing_is_reported() {
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
fn a_large_object_is_read_in_pieces() {
    struct Windows(Mutex<(u64, u64)>);
    impl Detector for Windows {
        type BaseState = ();
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
        scan(
            &opened.expect("a repository"),
            &DatabaseOptions::default(),
            &detector,
            &ledger,
            &|_| {},
        )
        .expect("threads");
        let (owned, most) = detector.0.into_inner().expect("no panic");
        assert_eq!((owned, ledger.coverage().problems), (SIZE, vec![]), "packed: {packed}");
        assert!(most < 16 << 20, "windows of {most} bytes");
    }
}
