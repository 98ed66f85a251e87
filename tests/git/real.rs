//! The detector on deltas, compared with the detector on whole texts, over repositories that people made.
//!
//! `KEYSWEEP_REPOSITORIES=a:b cargo test --release --test it -- --ignored --nocapture git_real`

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use keysweep::coverage::Ledger;
use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::rules::RuleSet;
use keysweep::scan::{Copied, Detected, Detector, Window};
use keysweep::source::git::database::{DatabaseOptions, scan};
use sha2::{Digest as _, Sha256};

/// Scans what comes as a delta a second time, as a whole.
struct Twice {
    engine: Engine,
    deltas: AtomicU64,
    inherited: AtomicU64,
    /// Digests of texts on which the two ways differ.
    differing: Mutex<BTreeSet<String>>,
}

impl Detector for Twice {
    type BaseState = <Engine as Detector>::BaseState;

    fn whole(&self, bytes: &[u8]) -> Detected<Self::BaseState> {
        self.engine.whole(bytes)
    }

    fn delta(
        &self,
        base: &Self::BaseState,
        copied: &[Copied],
        bytes: &[u8],
    ) -> Detected<Self::BaseState> {
        let (delta, whole) = (self.engine.delta(base, copied, bytes), self.engine.whole(bytes));
        let is_same = delta.candidates == whole.candidates && delta.examples == whole.examples;
        // The state for the next delta is the same as well, or the next one is to be scanned whole.
        let (carried, fresh) = (format!("{:?}", delta.memory), format!("{:?}", whole.memory));
        let is_carried = carried == fresh || carried.contains("opaque: true");
        if !is_same || !is_carried {
            let digest = Sha256::digest(bytes);
            let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            self.differing.lock().expect("no panic").insert(digest);
        }
        self.deltas.fetch_add(1, Ordering::Relaxed);
        self.inherited.fetch_add(u64::from(!fresh.contains("[]")), Ordering::Relaxed);
        delta
    }

    fn window(&self, bytes: &[u8], window: &Window) -> Detected<Self::BaseState> {
        self.engine.window(bytes, window)
    }

    fn overlap(&self) -> usize {
        self.engine.overlap()
    }
}

fn compare(path: &Path) {
    let repo = gix::open_opts(path, gix::open::Options::isolated()).expect("a repository");
    let detector = Twice {
        engine: Engine::new(&RuleSet::builtin()),
        deltas: AtomicU64::default(),
        inherited: AtomicU64::default(),
        differing: Mutex::default(),
    };
    let ledger = Ledger::new();
    let found: Mutex<Vec<Candidate>> = Mutex::default();
    scan(&repo, &DatabaseOptions::default(), &detector, &ledger, &|text| {
        found.lock().expect("no panic").extend(text.candidates);
    })
    .expect("threads");
    let differing = detector.differing.into_inner().expect("no panic");
    println!(
        "{}: {} objects, {} of them deltas, {} of those with anchors; {} candidates; {} differ",
        path.display(),
        ledger.coverage().objects,
        detector.deltas.into_inner(),
        detector.inherited.into_inner(),
        found.into_inner().expect("no panic").len(),
        differing.len()
    );
    assert!(differing.is_empty(), "SHA-256 of texts that differ: {differing:?}");
}

#[test]
#[ignore = "reads the repositories that KEYSWEEP_REPOSITORIES names"]
fn deltas_report_what_whole_texts_do() {
    let list = std::env::var_os("KEYSWEEP_REPOSITORIES").expect("paths, joined as PATH is");
    for path in std::env::split_paths(&list) {
        compare(&path);
    }
}
