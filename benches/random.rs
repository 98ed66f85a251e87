//! The curve from which the cut of the randomness score was chosen: how many of a million random
//! secrets score above each value. `-- --smoke` takes ten thousand.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

use keysweep::detect::random::score;

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let count = if smoke { 10_000 } else { 1_000_000 };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut scores: Vec<i32> = (0..count).map(|_| score(&token(&mut state))).collect();
    scores.sort_unstable();
    println!("cut (bits)  random secrets above it, of {count}");
    for bits in [-40, -33, -30, -25, -20, -16, -12, -8, -4, 0] {
        let above = count - scores.partition_point(|&score| score <= bits * 4);
        println!("{bits:>10}  {above}");
    }
}

/// Forty characters from a linear congruential generator (Knuth, MMIX).
fn token(state: &mut u64) -> Vec<u8> {
    (0..40)
        .map(|_| {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            BASE64[(*state >> 58) as usize]
        })
        .collect()
}
