//! Cost is linear in credentials: a file of 10,000 ids and 10,000 secrets against one of an eighth
//! of that, in one run. `-- --smoke` takes a tenth of both.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::time::Instant;

use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let most = if smoke { 1_000 } else { 10_000 };
    let engine = Engine::new(&RuleSet::builtin());
    for (name, between) in [("a line each", "\n"), ("one line", ",")] {
        let (small, large) = (text(most / 8, between), text(most, between));
        let (quick, slow) = (best(&engine, &small), best(&engine, &large));
        println!("{name}: 8 times the pairs take {:.1} times the time ({slow:.3} s)", slow / quick);
    }
}

/// The best of three runs, in seconds.
fn best(engine: &Engine, text: &[u8]) -> f64 {
    let run = |_| {
        let start = Instant::now();
        std::hint::black_box(engine.whole(text).candidates.len());
        start.elapsed().as_secs_f64()
    };
    (0..3).map(run).fold(f64::MAX, f64::min)
}

fn text(pairs: usize, between: &str) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut text = String::new();
    for _ in 0..pairs {
        let (id, secret) = (word(&mut state, BASE32, 16), word(&mut state, BASE64, 40));
        text.push_str(&format!("AKIA{id}{between}{secret}{between}"));
    }
    text.into_bytes()
}

/// Characters from a linear congruential generator (Knuth, MMIX).
fn word(state: &mut u64, alphabet: &[u8], len: usize) -> String {
    (0..len)
        .map(|_| {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(*state >> 40) as usize % alphabet.len()])
        })
        .collect()
}
