//! A tiny repository in a folder of its own, with one key in an intact object.
//!
//! Whatever else is in it, a scan that does not refuse the repository finds that key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;
use gix::objs::Kind;
use keysweep::coverage::{Coverage, Ledger};
use keysweep::finding::{Candidate, Fingerprint};
use keysweep::scan::{Detector as _, Hit};
use keysweep::source::container;
use keysweep::source::git::{Error, database, history};
use tempfile::TempDir;

use super::detection::ENGINE;
use super::pieces::pair;

/// The file with the key that is always there.
pub fn planted() -> String {
    pair(3)
}

/// A repository; gone when it is dropped.
pub struct Repository(TempDir);

/// The result of a scan.
pub struct Scanned {
    /// The fingerprints of the credentials.
    pub found: BTreeSet<Fingerprint>,
    /// The ledger's account of what was read and what was not.
    pub coverage: Coverage,
}

impl Repository {
    /// One with a commit on a branch, whose only file holds a key.
    pub fn new() -> Self {
        let repository = Self(in_memory());
        for folder in ["objects/pack", "objects/info", "refs/heads", "refs/tags", "info"] {
            std::fs::create_dir_all(repository.at(folder)).expect("a folder");
        }
        repository.write("HEAD", b"ref: refs/heads/main\n");
        repository.write("config", b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
        let blob = repository.loose(Kind::Blob, planted().as_bytes());
        let tree = repository.loose(Kind::Tree, &[b"100644 planted\0", blob.as_slice()].concat());
        let commit = repository.loose(Kind::Commit, commit_of(tree, &[]).as_bytes());
        repository.write("refs/heads/main", format!("{commit}\n").as_bytes());
        repository
    }

    /// Its work tree.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// A path in its git folder.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root().join(".git").join(path)
    }

    /// Writes a file of its git folder.
    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }

    /// Writes an object.
    pub fn loose(&self, kind: Kind, bytes: &[u8]) -> ObjectId {
        let id = id_of(kind, bytes);
        let header = format!("{kind} {}\0", bytes.len());
        self.write_loose(id, &zlib(&[header.as_bytes(), bytes].concat()));
        id
    }

    /// Writes the file of an object.
    pub fn write_loose(&self, id: ObjectId, file: &[u8]) {
        let hex = id.to_hex().to_string();
        self.write(&format!("objects/{}/{}", &hex[..2], &hex[2..]), file);
    }

    /// Scans its history.
    pub fn scan(&self) -> Result<Scanned, Error> {
        let database = database::DatabaseOptions { threads: 1, ..Default::default() };
        let options = history::HistoryOptions {
            repo: Some(self.root().to_owned()),
            database,
            ..history::HistoryOptions::default()
        };
        reported(|ledger, hits| history::scan(&options, &*ENGINE, ledger, hits))
    }
}

/// Runs a source, and collects its findings.
pub fn reported(
    source: impl FnOnce(&Ledger, &(dyn Fn(Hit) + Sync)) -> Result<(), Error>,
) -> Result<Scanned, Error> {
    let ledger = Ledger::new();
    let found = Mutex::new(BTreeSet::new());
    source(&ledger, &|hit| {
        let print = hit.candidate.credential.fingerprint();
        found.lock().unwrap_or_else(PoisonError::into_inner).insert(print);
    })?;
    let coverage = ledger.coverage();
    let fault = coverage.problems.iter().any(|one| one.why.contains("bug in keysweep"));
    assert!(!fault, "{:?}", coverage.problems);
    Ok(Scanned { found: found.into_inner().unwrap_or_else(PoisonError::into_inner), coverage })
}

impl Scanned {
    /// Asserts that the key in the intact object was found.
    pub fn holds_planted(&self) {
        let planted = found_in(Kind::Blob, planted().as_bytes());
        assert!(planted.is_subset(&self.found), "not found: {:?}", self.coverage);
    }
}

/// The credentials of an object that is scanned by itself.
pub fn found_in(kind: Kind, bytes: &[u8]) -> BTreeSet<Fingerprint> {
    if kind == Kind::Tree {
        return BTreeSet::new();
    }
    let prints = |all: Vec<Candidate>| {
        all.into_iter().map(|one| one.credential.fingerprint()).collect::<Vec<_>>()
    };
    let (options, ledger) = (container::ContainerOptions::default(), Ledger::new());
    let mut found = Vec::new();
    let mut take =
        |detected: keysweep::scan::Detected<_>| found.extend(prints(detected.candidates));
    let opened =
        kind == Kind::Blob && container::scan(b"x", bytes, &options, &*ENGINE, &ledger, &mut take);
    if !opened {
        found.extend(prints(ENGINE.whole(bytes).candidates));
    }
    found.into_iter().collect()
}

/// The text of a commit.
pub fn commit_of(tree: ObjectId, parents: &[ObjectId]) -> String {
    let parents: String = parents.iter().map(|id| format!("parent {id}\n")).collect();
    let person = "A <a@example.org> 1700000000 +0000";
    format!("tree {tree}\n{parents}author {person}\ncommitter {person}\n\nx\n")
}

/// The id of an object.
pub fn id_of(kind: Kind, bytes: &[u8]) -> ObjectId {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, bytes).expect("no collision is made here")
}

/// The name of bytes, as it ends packs and their indices.
pub fn sha1(bytes: &[u8]) -> ObjectId {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().expect("no collision is made here")
}

/// A zlib stream whose bytes stand as they are, so that a fuzzer can change them.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes all")
}

/// A folder in memory, where the system has one.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}
