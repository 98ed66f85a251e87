//! A detector that records the bytes it was shown, and git's own objects to compare with.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;

use gix::ObjectId;
use gix::objs::Kind;
use keysweep::coverage::{Coverage, Ledger};
use keysweep::finding::{Candidate, Confidence, Credential, Details, RuleId, Sighting};
use keysweep::scan::{Copied, Detected, Detector, Window};
use keysweep::source::git::database::{DatabaseOptions, scan};
use sha2::{Digest, Sha256};

use super::scripted::command;

/// Reports a digest of every text, and checks that what is said to be copied was copied.
pub(crate) struct Witness;

/// SHA-256 in hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Witness {
    fn saw(bytes: &[u8]) -> Detected<Vec<u8>> {
        Self::reported(Some(digest(bytes)), bytes, String::new())
    }

    fn reported(digest: Option<String>, bytes: &[u8], snippet: String) -> Detected<Vec<u8>> {
        let credential = Credential {
            rule: RuleId::new("witness"),
            key_id: digest,
            secret: None,
            session_token: None,
            account: None,
            user: None,
            expires: None,
            details: Details::default(),
        };
        let sighting = Sighting { snippet, ..Sighting::default() };
        let candidate =
            Candidate { credential, confidence: Confidence::High, sighting, inside: vec![] };
        Detected { memory: bytes.to_vec(), candidates: vec![candidate], ..Detected::default() }
    }
}

impl Detector for Witness {
    type BaseState = Vec<u8>;

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

    /// A part says what it owns, a character a byte: the parts of an object are put together.
    fn window(&self, bytes: &[u8], window: &Window) -> Detected<Vec<u8>> {
        let owned = bytes[window.owned.clone()].iter().map(|&byte| char::from(byte)).collect();
        Self::reported(None, &[], owned)
    }

    fn overlap(&self) -> usize {
        64
    }
}

/// The result of a pass: digests by object, and the ledger.
pub(crate) struct Outcome {
    pub(crate) seen: BTreeMap<ObjectId, (Kind, String)>,
    pub(crate) coverage: Coverage,
}

pub(crate) fn pass(git_dir: &Path, threads: usize) -> Outcome {
    pass_with(git_dir, &DatabaseOptions { threads, ..DatabaseOptions::default() })
}

pub(crate) fn pass_with(git_dir: &Path, options: &DatabaseOptions) -> Outcome {
    let repo = gix::open_opts(git_dir, gix::open::Options::isolated()).expect("a repository");
    let ledger = Ledger::new();
    let seen = Mutex::new((BTreeMap::new(), BTreeMap::<ObjectId, (Kind, Sha256)>::new()));
    scan(&repo, options, &Witness, &ledger, &|found| {
        let [candidate] = found.candidates.as_slice() else { panic!("one digest an object") };
        let mut seen = seen.lock().expect("no panic");
        if let Some(digest) = candidate.credential.key_id.clone() {
            let before = seen.0.insert(found.id, (found.kind, digest));
            assert!(before.is_none(), "{} was seen twice", found.id);
        } else {
            let owned: Vec<u8> = candidate.sighting.snippet.chars().map(|one| one as u8).collect();
            seen.1.entry(found.id).or_insert_with(|| (found.kind, Sha256::new())).1.update(owned);
        }
    })
    .expect("threads");
    let (mut seen, parts) = seen.into_inner().expect("no panic");
    for (id, (kind, digest)) in parts {
        let before = seen.insert(id, (kind, hex(digest)));
        assert!(before.is_none(), "{id} was seen twice");
    }
    Outcome { seen, coverage: ledger.coverage() }
}

/// Shows every blob, commit and tag as git's own program prints it.
pub(crate) fn each_object(git_dir: &Path, mut show: impl FnMut(ObjectId, Kind, &[u8])) {
    let arguments = ["cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"];
    let mut child = command(git_dir, &arguments)
        .envs([("GIT_NO_REPLACE_OBJECTS", "1"), ("GIT_NO_LAZY_FETCH", "1")])
        .stderr(Stdio::inherit())
        .spawn()
        .expect("git is installed");
    let mut objects = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut head, mut bytes) = (String::new(), Vec::new());
    while objects.read_line(&mut head).expect("a line") > 0 {
        let mut words = head.trim_end().split(' ');
        let mut word = || words.next().expect("id, type and size").as_bytes();
        let id = ObjectId::from_hex(word()).expect("an id");
        let kind = Kind::from_bytes(word()).expect("a type");
        let size: u64 = String::from_utf8_lossy(word()).parse().expect("a size");
        bytes.clear();
        (&mut objects).take(size + 1).read_to_end(&mut bytes).expect("an object");
        assert_eq!(bytes.pop(), Some(b'\n'), "{head}");
        assert_eq!(bytes.len() as u64, size, "{head}");
        if kind != Kind::Tree {
            show(id, kind, &bytes);
        }
        head.clear();
    }
    assert!(child.wait().expect("git ends").success(), "git read all its objects");
}

/// The objects of [`each_object`] in the form of a pass.
pub(crate) fn oracle(git_dir: &Path) -> BTreeMap<ObjectId, (Kind, String)> {
    let mut objects = BTreeMap::new();
    each_object(git_dir, |id, kind, bytes| {
        objects.insert(id, (kind, digest(bytes)));
    });
    objects
}
