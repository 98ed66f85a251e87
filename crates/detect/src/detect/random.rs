//! A score that distinguishes a random secret from a path, an identifier or a hash.
//!
//! Entropy can't: an identifier of forty characters has as much. The score is the log-likelihood
//! ratio of the token's bigrams under source code and prose against uniform base64, in quarter
//! bits. Its table (`patterns/bigrams.txt`: row and column in the order of the base64 alphabet, `N`
//! is 0, one character per quarter bit) was counted over the text files of a package registry's
//! sources and of system documentation. `cargo bench --bench random` prints the curve from which
//! the thresholds were chosen.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::aws::{SECRET_LEN, is_sequence};
use crate::bigrams;

/// Highest score of an unlabelled secret. Of 10^6 random secrets one or two score higher. Of 1,900
/// distinct tokens of forty characters in source trees, those that are not random data score 0 or
/// more, except for placeholders with hexadecimal digits around a word.
const THRESHOLD: i32 = -48;
/// Highest score if a label calls the token a secret.
const LABELLED_THRESHOLD: i32 = -20;

/// Letters-only bodies of ids (4 in 100 of them) with a higher score are words; 1 in 100 random
/// ones has one.
const WORD_THRESHOLD: i32 = -16;

/// The degree to which a token looks like random base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Not at all: a word, a path, a hash, a placeholder.
    None,
    /// A secret only if a label confirms it.
    Weak,
    /// Random.
    Strong,
}

/// Judges a token of [`SECRET_LEN`] characters of the base64 alphabet.
pub(super) fn strength(token: &[u8]) -> Strength {
    if token.len() != SECRET_LEN || !mixed(token) || is_encoded_text(token) {
        return Strength::None;
    }
    match score(token) {
        score if score <= THRESHOLD => Strength::Strong,
        score if score <= LABELLED_THRESHOLD => Strength::Weak,
        _ => Strength::None,
    }
}

/// The log-likelihood ratio in quarter bits; above 0 the token reads like text.
pub fn score(token: &[u8]) -> i32 {
    token.windows(2).map(|two| bigrams::pair(two[0], two[1])).sum()
}

/// True if a token of any length looks random: for each letter as much as a labelled secret does, or
/// by its digits if all are hexadecimal. The table of pairs knows those from hashes in source code.
pub(crate) fn reads_random(token: &[u8]) -> bool {
    if is_random_hex(token) {
        return true;
    }
    let steps = i32::try_from(token.len().saturating_sub(1)).unwrap_or(i32::MAX);
    let usual = SECRET_LEN as i32 - 1;
    score(token).saturating_mul(usual) <= LABELLED_THRESHOLD.saturating_mul(steps)
}

/// Minimum number of hexadecimal digits that are not a word, a date or a number.
const FEWEST_HEX: usize = 16;

/// True for hexadecimal digits of one case, of which an eighth or more are letters and a quarter or
/// more are not: 1 in 150 random ones of sixteen digits is something else.
fn is_random_hex(token: &[u8]) -> bool {
    let count = |test: fn(&u8) -> bool| token.iter().filter(|byte| test(byte)).count();
    let digits = count(u8::is_ascii_digit);
    let lower = count(|byte| matches!(byte, b'a'..=b'f'));
    let upper = count(|byte| matches!(byte, b'A'..=b'F'));
    let letters = lower.max(upper);
    token.len() >= FEWEST_HEX
        && digits + letters == token.len()
        && letters * 8 >= token.len()
        && digits * 4 >= token.len()
}

/// True if a token has upper and lower case, letters beyond hexadecimal digits, and enough distinct
/// characters: hardly any random secret has fewer than 14 (1 in 10^9).
///
/// A token without digits is not rejected: 1 secret in 4,000 has letters only, and the score
/// distinguishes it from identifiers.
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

/// True if it decodes to readable text: 1 random token in 10^13 does.
fn is_encoded_text(token: &[u8]) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(token).is_ok_and(|bytes| {
        bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    })
}

/// True if a key id has letters only and reads like words in capitals.
pub(super) fn is_word(id: &[u8]) -> bool {
    id.iter().all(u8::is_ascii_alphabetic) && score(&id[4..]) > WORD_THRESHOLD
}

/// Minimum number of characters of a body in listed words that show that a person wrote it.
///
/// The list has some hundred words of four letters: three of them side by side occur in 1 of 10^8
/// random bodies.
const SPELLED: usize = 12;
/// Bodies with this score or less are not examined further: 9 in 10 random ones, and none of words.
const SPELLED_THRESHOLD: i32 = -56;

/// Words that occur in invented ids: `patterns/example-words.txt`.
static EXAMPLE_WORDS: LazyLock<Words> = LazyLock::new(|| {
    let lines = keysweep_patterns::EXAMPLE_WORDS.lines();
    let words = lines.filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    let all: HashSet<&[u8]> = words.map(str::as_bytes).collect();
    let mut begins = vec![false; 1 << 15];
    all.iter().for_each(|word| begins[beginning(word)] = true);
    Words { all, begins }
});
/// Lengths of the shortest and the longest word of that list.
const WORD_LENGTHS: RangeInclusive<usize> = 3..=12;

/// A list of words with a fast lookup, because every place of many ids is tested.
struct Words {
    all: HashSet<&'static [u8]>,
    /// Indexed by [`beginning`]: true if a word may begin with these characters.
    begins: Vec<bool>,
}

/// The first three characters of a text as one number.
fn beginning(text: &[u8]) -> usize {
    text[..3].iter().fold(0, |number, &byte| number << 5 | usize::from(byte & 31))
}

/// True if a key id consists of words, except for a few letters or digits: `AKIAHARDCODEDACCKEY7`.
pub fn is_spelled(id: &[u8]) -> bool {
    let body = &id[4..];
    if score(body) <= SPELLED_THRESHOLD {
        return false;
    }
    // For each place, the most characters before it that words cover.
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

/// Parts of AWS's documented example secrets, with any text around them, and words that people
/// write into invented secrets. Fewer than 1 of 10^6 random secrets contain one of them, in letters
/// of either case.
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

/// True if it is one of AWS's own example secrets, a similar one, or a placeholder of that form.
pub fn is_example(token: &[u8]) -> bool {
    EXAMPLE.as_ref().is_some_and(|words| words.is_match(token))
        || token.len() == SECRET_LEN && is_sequence(token, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_letters_alone_is_random() {
        // About two of 2,000 random ones score above the threshold.
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
    fn hexadecimal_digits_are_random_and_numbers_and_words_are_not() {
        for random in ["4f1c9a60be27d3581e", "9E107D9D372BB6826BD81D3542A419D6"] {
            assert!(reads_random(random.as_bytes()), "{random}");
        }
        for other in
            ["2026113009281500", "deadbeefcafebabe", "20260101000000a", "secret-password-1"]
        {
            assert!(!reads_random(other.as_bytes()), "{other}");
        }
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
