//! Decides if letters look random, by how often each pair of letters occurs in text.
//!
//! The table is that of the detector (`patterns/bigrams.txt`, in quarter bits; above 0 means text),
//! but the question differs: the detector must not call an identifier a secret, and a shown text
//! must not contain half of a secret. So even few letters are judged, in either case, and doubt
//! counts as random.

use std::ops::Range;

use crate::bigrams::pair;

/// Minimum number of letters that are judged: 1 word in 25 of eight letters looks random.
pub(super) const WINDOW: usize = 12;
/// Minimum number of the eleven neighbours in a mixed window that differ in kind (lower case, upper case,
/// digit). 6 in 10 windows of random letters are mixed, and hardly any identifier.
const MIXED: usize = 7;
/// Enough changes to doubt that a text is a path.
const HALF_MIXED: usize = 5;

/// A score above 0 means that the letters read like text, either as they are or in lower case.
pub(super) fn score(letters: &[u8]) -> i32 {
    let sum = |fold: fn(&u8) -> u8| {
        letters.windows(2).map(|two| pair(fold(&two[0]), fold(&two[1]))).sum::<i32>()
    };
    sum(|&letter| letter).max(sum(u8::to_ascii_lowercase))
}

/// The number of neighbours that differ in kind; a sign has no kind.
fn changes(letters: &[u8]) -> usize {
    let kinds = letters.iter().filter_map(|letter| match letter {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    });
    let kinds: Vec<u8> = kinds.collect();
    kinds.windows(2).filter(|two| two[0] != two[1]).count()
}

/// The parts of `letters` that look random, sorted and disjoint. A window with a slash may be a
/// path, and one with a plus sign a name in two parts: with `paths` it must be mixed as well.
pub(super) fn random(letters: &[u8], paths: bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in 0..(letters.len() + 1).saturating_sub(WINDOW) {
        if !is_random(&letters[start..start + WINDOW], paths) {
            continue;
        }
        // The remaining letters of a mostly hidden word would reveal too much.
        let is_inner = |letter: &u8| letter.is_ascii_alphanumeric() || *letter == b'+';
        let before = letters[..start].iter().rev().take_while(|it| is_inner(it)).count();
        let after = letters[start + WINDOW..].iter().take_while(|it| is_inner(it)).count();
        let span = start - before..start + WINDOW + after;
        match found.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => found.push(span),
        }
    }
    found.retain(|span| !is_public_id(&letters[span.clone()]));
    found
}

fn is_random(window: &[u8], paths: bool) -> bool {
    // An account, a date, a port: digits alone are never a secret.
    if window.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let changes = changes(window);
    if paths && window.iter().any(|letter| matches!(letter, b'/' | b'+')) {
        return changes >= HALF_MIXED && score(window) < 0;
    }
    let is_hex = window.iter().all(u8::is_ascii_hexdigit) && window.iter().any(u8::is_ascii_digit);
    is_hex || changes >= MIXED || score(window) < 0
}

/// True for ids that AWS gives to keys, users, roles and similar objects (IAM User Guide, "Unique
/// identifiers"). They are not secrets, and the reader of a line needs them.
pub(super) fn is_public_id(letters: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 12] = [
        b"ABIA", b"ACCA", b"AGPA", b"AIDA", b"AIPA", b"AKIA", b"ANPA", b"ANVA", b"APKA", b"AROA",
        b"ASCA", b"ASIA",
    ];
    let base32 = |letter: &u8| matches!(letter, b'A'..=b'Z' | b'2'..=b'7');
    matches!(letters.len(), 20 | 21)
        && PREFIXES.contains(&&letters[..4])
        && letters.iter().all(base32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, paths: bool) -> Vec<&str> {
        random(text.as_bytes(), paths).into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn words_names_and_paths_are_shown() {
        for text in [
            "awssecretaccesskey",
            "AWSACCESSKEYID",
            "getObjectAcceleratorConfiguration",
            "usr/local/share/doc/libexample2",
            "ContentSecurityPolicyReportOnly",
            "123456789012",
            "20240131T123456",
            "authentication",
            "AKIAQ6RT2XWPLM7ZKD3V",
        ] {
            assert_eq!(found(text, false), Vec::<&str>::new(), "{text}");
        }
        for text in
            ["tmpwHPSbv/some/path/x", "gitleaks+gitleaks", "jschneier+django", "s3tools+s3cmd"]
        {
            assert_eq!(found(text, true), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn halves_of_secrets_are_not() {
        for text in [
            "x9Kq2LmZ8vR4tYw7",
            "aB3dE5gH7jK9mN1pQ3sT",
            "JBSWY3DPEB3W64TMMQQQ",
            "qhxk2zvb7wpm4rtj",
            "9f86d081884c7d65",
            "Zk3/Qw9+Xv7/Lp2",
        ] {
            assert_eq!(found(text, false), [text], "{text}");
        }
    }

    /// Hardly any piece of sixteen random letters of any alphabet is shown.
    #[test]
    fn random_letters_of_any_alphabet_are_found() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize
        };
        let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for alphabet in [&base64[..], b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdef"] {
            let shown = (0..2000).filter(|_| {
                let text: Vec<u8> = (0..16).map(|_| alphabet[next() % alphabet.len()]).collect();
                random(&text, false).is_empty()
            });
            let shown = shown.count();
            assert!(shown <= 40, "{shown} of 2,000");
        }
    }
}
