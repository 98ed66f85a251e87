//! The losses to the randomness check: how many of a million random secrets score above each value
//! (the curve from which the threshold was chosen), and how many random ids and secrets count as
//! examples. `-- --smoke` takes ten thousand.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

use keysweep::aws::KeyId;
use keysweep::detect::random::{is_example, is_spelled, score};

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let count = if smoke { 10_000 } else { 1_000_000 };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let tokens: Vec<Vec<u8>> = (0..count).map(|_| token(&mut state, BASE64, 40)).collect();
    let mut scores: Vec<i32> = tokens.iter().map(|token| score(token)).collect();
    scores.sort_unstable();
    println!("cut (bits)  random secrets above it, of {count}");
    for bits in [-40, -33, -30, -25, -20, -16, -12, -8, -4, 0] {
        let above = count - scores.partition_point(|&score| score <= bits * 4);
        println!("{bits:>10}  {above}");
    }
    let secrets = tokens.iter().filter(|token| is_example(token)).count();
    println!("random secrets that count as examples, of {count}: {secrets}");
    let (mut by_word, mut spelled) = (0, 0);
    for _ in 0..count {
        let id = [b"AKIA", token(&mut state, BASE32, 16).as_slice()].concat();
        by_word += usize::from(KeyId::parse(&id).is_some_and(|id| id.is_example()));
        spelled += usize::from(is_spelled(&id));
    }
    println!(
        "random ids that count as examples, of {count}: {by_word} by a word or a sequence, {spelled} as spelled"
    );
}

/// Characters from a linear congruential generator (Knuth, MMIX).
fn token(state: &mut u64, alphabet: &[u8], len: usize) -> Vec<u8> {
    (0..len)
        .map(|_| {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            alphabet[(*state >> 40) as usize % alphabet.len()]
        })
        .collect()
}
