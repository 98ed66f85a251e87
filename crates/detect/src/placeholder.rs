//! Placeholders: text in the place of a credential that never was one.
//!
//! Each test holds for fewer than 1 in 10^5 random tokens. Words are data:
//! `patterns/placeholders.txt`.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use sha2::{Digest as _, Sha256};

use crate::detect::random;
use crate::secret::hex;

/// Minimum number of characters of a text whose repetitions and sequences mean something.
const SHORTEST: usize = 8;
/// Equal steps from character to character, such as `123456`, that a person typed.
const STEPS: usize = 5;
/// The same in hexadecimal digits, of which there are only sixteen.
const HEX_STEPS: usize = 7;
/// Longest piece of which a text may be repetitions.
const PERIOD: usize = 16;
/// Characters that repeat those before them, for pieces of more than one character.
const REPEATED: usize = 12;

/// The words of `patterns/placeholders.txt`.
struct Words {
    /// They may be a part of a placeholder.
    parts: Option<AhoCorasick>,
    /// They are one only as a whole.
    whole: HashSet<&'static str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let lines = keysweep_patterns::PLACEHOLDERS.lines().filter(|line| !line.starts_with('#'));
    let of_kind = |kind: &'static str| {
        let lines = lines.clone().filter_map(move |line| line.strip_prefix(kind));
        lines.flat_map(str::split_whitespace)
    };
    let parts = AhoCorasick::builder().ascii_case_insensitive(true).build(of_kind("part:")).ok();
    Words { parts, whole: of_kind("whole:").collect() }
});

/// Minimum number of characters of a published example, so that short texts cost no digest.
const PUBLISHED: usize = 24;

/// The digests of published examples, in hexadecimal digits.
static DIGESTS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = keysweep_patterns::PUBLISHED_EXAMPLES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
});

/// True if a text stands for a credential instead of being one: `YOUR_TOKEN`, `xxxxxxxx`, `${TOKEN}`,
/// `<token>`, `1234567890`, `abcabcabcabcabc`, an example of documentation.
pub(crate) fn is_placeholder(text: &[u8]) -> bool {
    is_variable(text)
        || is_word(text)
        || is_typed(text)
        || random::is_example(text)
        || is_published(text)
}

/// True if its provider's documentation shows it, by `patterns/published-examples.txt`.
fn is_published(text: &[u8]) -> bool {
    text.len() >= PUBLISHED && DIGESTS.contains(hex(&Sha256::digest(text)).as_str())
}

/// True if a program fills it in: a variable, a template, a name in brackets, dots or stars.
fn is_variable(text: &[u8]) -> bool {
    let opens = |open: &[u8], close: &[u8]| {
        memchr::memmem::find(text, open)
            .is_some_and(|at| memchr::memmem::find(&text[at + open.len()..], close).is_some())
    };
    let is_all = |sign: u8| !text.is_empty() && text.iter().all(|&byte| byte == sign);
    let names = |text: &[u8]| {
        text.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' '))
    };
    let between = |open: u8, close: u8| match text {
        [first, inner @ .., last] => *first == open && *last == close && names(inner),
        _ => false,
    };
    opens(b"${", b"}")
        || opens(b"{{", b"}}")
        || opens(b"$(", b")")
        || opens(b"#{", b"}")
        || opens(b"%(", b")s")
        || opens(b"<%", b"%>")
        || between(b'<', b'>')
        || between(b'{', b'}')
        || between(b'[', b']')
        || between(b'%', b'%')
        || is_all(b'*')
        || is_all(b'.')
        || matches!(text, [b'$', first, rest @ ..]
            if (first.is_ascii_alphabetic() || *first == b'_') && names(rest))
        || matches!(text, [b'%', b's' | b'd' | b'v' | b'@'])
}

fn is_word(text: &[u8]) -> bool {
    let lower = || String::from_utf8_lossy(text).to_ascii_lowercase();
    WORDS.parts.as_ref().is_some_and(|words| words.is_match(text))
        || text.len() < PERIOD && WORDS.whole.contains(lower().as_str())
}

/// True if a person typed it: one repeated character, characters in sequence, or a repeated piece.
fn is_typed(text: &[u8]) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    let hex = text.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    let most = if hex * 8 >= text.len() * 7 { HEX_STEPS } else { STEPS };
    let mut runs = [0; 3];
    for two in text.windows(2) {
        let steps = [two[0] == two[1], follows(two[0], two[1]), follows(two[1], two[0])];
        for (run, holds) in runs.iter_mut().zip(steps) {
            *run = if holds { *run + 1 } else { 0 };
            if *run >= most {
                return true;
            }
        }
    }
    (2..=PERIOD).any(|period| {
        let mut run = 0;
        text.iter().zip(text.get(period..).unwrap_or_default()).any(|(one, next)| {
            run = if one == next { run + 1 } else { 0 };
            run >= REPEATED.max(period)
        })
    })
}

/// True if a character follows another one in the alphabet or in counting: `a`, `b` and `9`, `0`.
fn follows(one: u8, next: u8) -> bool {
    match one {
        b'9' => matches!(next, b'0' | b'a' | b'A'),
        b'z' => next == b'a',
        b'Z' => next == b'A',
        _ if one.is_ascii_alphanumeric() => next == one + 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_credential_is_not_one() {
        for text in [
            "YOUR_TOKEN_HERE",
            "ghp_your-token-goes-here",
            "xxxxxxxxxxxxxxxx",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ghp_0000000000000000000000000000000000000",
            "sk-1234567890abcdef",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "zyxwvutsrqponmlk",
            "deadbeefdeadbeefdeadbeef",
            "abcabcabcabcabcabc",
            "${GITHUB_TOKEN}",
            "$GITHUB_TOKEN",
            "{{ .Values.token }}",
            "<token>",
            "<your password>",
            "{password}",
            "%(password)s",
            "%PASSWORD%",
            "$(cat /run/secrets/token)",
            "#{token}",
            "********",
            "...",
            "changeme",
            "password",
            "glpat-EXAMPLEEXAMPLEEXAMPL",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn random_tokens_are_not_placeholders() {
        let alphabets: [&[u8]; 3] = [
            b"0123456789abcdef",
            b"abcdefghijklmnopqrstuvwxyz0123456789",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        ];
        let seed = std::env::var("KEYSWEEP_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let mut state: u64 = seed.unwrap_or(1);
        let mut next = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % most
        };
        for (alphabet, len) in alphabets.into_iter().flat_map(|all| [(all, 20), (all, 64)]) {
            let mut token = || (0..len).map(|_| alphabet[next(alphabet.len())]).collect();
            let found = (0..20_000).filter(|_| {
                let token: Vec<u8> = token();
                is_placeholder(&token)
            });
            let found = found.count();
            assert!(found <= 2, "{found} of 20,000 with KEYSWEEP_TEST_SEED={seed:?}");
        }
        for password in ["hunter2", "correct horse", "Tr0ub4dor&3", "$ecret9!"] {
            assert!(!is_placeholder(password.as_bytes()), "{password}");
        }
    }
}
