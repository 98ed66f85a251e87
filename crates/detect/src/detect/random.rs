//! Is it random? A score that tells a secret from a path, an identifier or a hash.
//!
//! Entropy cannot: an identifier of forty characters has as much. The score is the log-likelihood
//! ratio of the token's bigrams under source code and prose against uniform base64, in quarter
//! bits. Its table (`patterns/bigrams.txt`: row and column in the order of the base64 alphabet,
//! `N` is 0, one character a quarter bit) was counted over the text files of a package registry's
//! sources and of system documentation. `cargo bench --bench random` prints the curve from which
//! the cuts were chosen.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::aws::{SECRET_LEN, is_sequence};
use crate::bigrams;

/// At most this score, unlabelled. Of 10^6 random secrets one or two score higher; of 1,900
/// distinct tokens of forty characters in source trees, those that are no random data score 0 or
/// more, but for placeholders with hexadecimal digits around a word.
const CUT: i32 = -48;
/// At most this score where a label says that it is a secret.
const LABELLED_CUT: i32 = -20;

/// Letters-only bodies of ids (4 in 100 of them) that score higher are words; 1 in 100 random ones does.
const WORD_CUT: i32 = -16;

/// How much a token looks like random base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Not at all: a word, a path, a hash, a placeholder.
    None,
    /// Only if a label says so.
    Weak,
    /// It does.
    Strong,
}

/// Judges a token of [`SECRET_LEN`] characters of the base64 alphabet.
pub(super) fn strength(token: &[u8]) -> Strength {
    if token.len() != SECRET_LEN || !mixed(token) || is_encoded_text(token) {
        return Strength::None;
    }
    match score(token) {
        score if score <= CUT => Strength::Strong,
        score if score <= LABELLED_CUT => Strength::Weak,
        _ => Strength::None,
    }
}

/// The log-likelihood ratio in quarter bits; above 0 the token reads like text.
pub fn score(token: &[u8]) -> i32 {
    token.windows(2).map(|two| bigrams::pair(two[0], two[1])).sum()
}

/// Upper and lower case, more than hexadecimal digits, and more than a handful of distinct
/// characters: of random secrets, one with fewer than 14 is not to be met (1 in 10^9).
///
/// Letters alone are no reason to doubt: 1 secret in 4,000 has nothing else, and the score tells
/// them from identifiers.
fn mixed(token: &[u8]) -> bool {
    let mut seen = [false; 256];
    token.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    let distinct = seen.iter().filter(|&&present| present).count();
    let any = |test: fn(&u8) -> bool| token.iter().any(test);
    distinct >= 14
        && any(u8::is_ascii_uppercase)
        && any(u8::is_ascii_lowercase)
        && token.iter().any(|&byte| byte > b'f' || matches!(byte, b'G'..=b'Z' | b'+' | b'/'))
}

/// Whether it decodes to readable text: 1 random token in 10^13 does.
fn is_encoded_text(token: &[u8]) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(token).is_ok_and(|bytes| {
        bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    })
}

/// Whether a key id is letters only and reads like words in capitals.
pub(super) fn is_word(id: &[u8]) -> bool {
    id.iter().all(u8::is_ascii_alphabetic) && score(&id[4..]) > WORD_CUT
}

/// Characters of a body that are parts of listed words, from which on it was written by somebody.
///
/// The list has some hundred words of four letters: three of them side by side are met in 1 of
/// 10^8 random bodies.
const SPELLED: usize = 12;
/// Bodies that score less are not looked at closer: 9 in 10 random ones, and none of words.
const SPELLED_CUT: i32 = -56;

/// Words of which people make ids: `patterns/example-words.txt`.
static EXAMPLE_WORDS: LazyLock<Words> = LazyLock::new(|| {
    let lines = keysweep_patterns::EXAMPLE_WORDS.lines();
    let words = lines.filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    let all: HashSet<&[u8]> = words.map(str::as_bytes).collect();
    let mut begins = vec![false; 1 << 15];
    all.iter().for_each(|word| begins[beginning(word)] = true);
    Words { all, begins }
});
/// Letters of the shortest and of the longest word of that list.
const WORD_LENGTHS: RangeInclusive<usize> = 3..=12;

/// A list of words, asked at every place of many ids.
struct Words {
    all: HashSet<&'static [u8]>,
    /// By [`beginning`]: whether a word may begin so.
    begins: Vec<bool>,
}

/// The first three characters of a text as one number.
fn beginning(text: &[u8]) -> usize {
    text[..3].iter().fold(0, |number, &byte| number << 5 | usize::from(byte & 31))
}

/// Whether a key id is made of words, but for a few letters or digits: `AKIAHARDCODEDACCKEY7`.
pub fn is_spelled(id: &[u8]) -> bool {
    let body = &id[4..];
    if score(body) <= SPELLED_CUT {
        return false;
    }
    // For each place, how many of the characters before it words cover at most.
    let mut most = vec![0; body.len() + 1];
    for start in 0..body.len() {
        most[start + 1] = most[start + 1].max(most[start]);
        let rest = &body[start..];
        if rest.len() < 3 || !EXAMPLE_WORDS.begins[beginning(rest)] {
            continue;
        }
        for len in WORD_LENGTHS.take_while(|&len| len <= rest.len()) {
            if EXAMPLE_WORDS.all.contains(&rest[..len]) {
                most[start + len] = most[start + len].max(most[start] + len);
            }
        }
    }
    most[body.len()] >= SPELLED
}

/// Parts of AWS's documented example secrets, whatever stands around them, and words that people
/// write into secrets of their own. A random secret holds one of them, in letters of either case,
/// in fewer than 1 of 10^6.
const EXAMPLES: [&str; 15] = [
    "wJalrXUt",
    "K7MDENG",
    "bPxRfiCY",
    "je7MtGbC",
    "xxxxxx",
    "EXAMPLE",
    "SAMPLE",
    "PLACEHOLDER",
    "REDACTED",
    "CHANGEME",
    "SECRETKEY",
    "ACCESSKEY",
    "TESTKEY",
    "FAKEKEY",
    "DUMMYKEY",
];

static EXAMPLE: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(EXAMPLES).ok());

/// Whether it is one of AWS's own example secrets, one like it, or a stand-in of the same make.
pub fn is_example(token: &[u8]) -> bool {
    EXAMPLE.as_ref().is_some_and(|words| words.is_match(token))
        || token.len() == SECRET_LEN && is_sequence(token, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_letters_alone_is_random() {
        // Of 2,000 random ones about two score above the cut.
        let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').collect();
        let seed = std::env::var("KEYSWEEP_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let mut state: u32 = seed.unwrap_or(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            letters[(state >> 16) as usize % letters.len()]
        };
        let tokens: Vec<Vec<u8>> =
            (0..2000).map(|_| (0..SECRET_LEN).map(|_| next()).collect()).collect();
        let strong = tokens.iter().filter(|token| strength(token) == Strength::Strong).count();
        assert!(strong >= 1980, "{strong} of KEYSWEEP_TEST_SEED={seed:?}");
    }

    #[test]
    fn words_paths_and_hashes_are_not_random() {
        for token in [
            "ListObjectsV2WithContinuationTokenReques",
            "usr/share/doc/libsomething2/examples/Abc",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9eyJh",
            "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "com/amazonaws/services/S3/AmazonS3Client",
            "MFCreateLegacyMediaBufferOnMFMediaBuffer",
        ] {
            assert_eq!(token.len(), SECRET_LEN, "{token}");
            assert_eq!(strength(token.as_bytes()), Strength::None, "{token}");
        }
    }
}
