//! Detection on hostile bytes: it never panics, and a delta tells what the whole text tells.
//!
//! `cargo +nightly fuzz run detect`. The same laws hold on made-up texts in every run of the tests
//! (`tests/it/detection.rs`).
#![no_main]

use std::sync::LazyLock;

use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::scan::{Copied, Detector as _};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin()));

/// A text and how another one is made from it.
#[derive(Arbitrary, Debug)]
struct Input<'a> {
    base: &'a [u8],
    steps: Vec<Step<'a>>,
}

/// As in a delta of git.
#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Copy { from: u16, len: u16 },
    Insert(&'a [u8]),
}

/// The text that the steps make, and which runs of it come from the base.
fn apply(input: &Input<'_>) -> (Vec<u8>, Vec<Copied>) {
    let (mut bytes, mut copied) = (Vec::new(), Vec::new());
    for step in &input.steps {
        match *step {
            Step::Copy { from, len } => {
                let from = usize::from(from).min(input.base.len());
                let len = usize::from(len).min(input.base.len() - from);
                if len > 0 {
                    copied.push(Copied { from, to: bytes.len(), len });
                    bytes.extend_from_slice(&input.base[from..from + len]);
                }
            }
            Step::Insert(own) => bytes.extend_from_slice(own),
        }
    }
    (bytes, copied)
}

fuzz_target!(|input: Input<'_>| {
    let memory = ENGINE.whole(input.base).memory;
    let (bytes, copied) = apply(&input);
    let (delta, whole) = (ENGINE.delta(&memory, &copied, &bytes), ENGINE.whole(&bytes));
    assert_eq!(delta.candidates, whole.candidates);
    assert_eq!(delta.examples, whole.examples);
});
