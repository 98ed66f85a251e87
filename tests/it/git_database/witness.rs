//! A detector that tells what bytes it was shown, and git's own list of them to compare with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use gix::ObjectId;
use gix::objs::Kind;
use keysweep::coverage::{Coverage, Ledger};
use keysweep::finding::{Candidate, Confidence, Credential, RuleId, Sighting};
use keysweep::scan::{Copied, Detected, Detector, Window};
use keysweep::source::git::database::{Options, scan};
use sha2::{Digest, Sha256};

use super::scripted::git;

/// Reports a digest of every text, and checks that what is said to be copied was copied.
pub(crate) struct Witness;

impl Witness {
    pub(crate) fn saw(bytes: &[u8]) -> Detected<Vec<u8>> {
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
            shown: None,
        };
        let candidate =
            Candidate { credential, confidence: Confidence::High, sighting, inside: vec![] };
        Detected { memory: bytes.to_vec(), candidates: vec![candidate], ..Detected::default() }
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
pub(crate) struct Outcome {
    pub(crate) seen: BTreeMap<ObjectId, (Kind, String)>,
    pub(crate) coverage: Coverage,
}

pub(crate) fn pass(git_dir: &Path, threads: usize) -> Outcome {
    pass_with(git_dir, &Options { threads, ..Options::default() })
}

pub(crate) fn pass_with(git_dir: &Path, options: &Options) -> Outcome {
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
pub(crate) fn oracle(git_dir: &Path) -> BTreeMap<ObjectId, (Kind, String)> {
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
