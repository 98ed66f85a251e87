//! The grammar of AWS access key ids: their shape, kind, account number and well-known examples.

pub mod bedrock;

use std::fmt;

/// Length of an access key id in bytes: a four-letter prefix and 16 characters of base32.
pub const KEY_ID_LEN: usize = 20;
/// Length of a secret access key in bytes: the base64 of 30 random bytes.
pub const SECRET_LEN: usize = 40;

/// What a signing key id stands for.
///
/// Prefixes: IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// `AKIA`: the key of a user or of the root user; valid until it is deactivated.
    LongTerm,
    /// `ASIA`: issued by STS; useless without its session token, and for hours only.
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

    /// Long-term or temporary.
    pub fn kind(&self) -> KeyKind {
        if self.0[1] == b'K' { KeyKind::LongTerm } else { KeyKind::Temporary }
    }

    /// The twelve-digit account number that the id encodes, if it is of the newer generation.
    ///
    /// Of the ten bytes that the 16 characters decode to, the first six hold a generation flag
    /// (bit 47) and, from bit 7 up, 40 bits of account number. Measured by third parties on keys
    /// of known accounts; AWS documents only `sts get-access-key-info`. A value of more than
    /// twelve digits means no account is encoded, not that there is no key.
    pub fn account(&self) -> Option<String> {
        let bits = self.0[4..14].iter().fold(0u64, |bits, &byte| (bits << 5) | base32(byte));
        let head = bits >> 2;
        let account = (head >> 7) & ((1 << 40) - 1);
        (head >> 47 == 1 && account <= 999_999_999_999).then(|| format!("{account:012}"))
    }

    /// Whether this is an example or a placeholder, never a key that AWS issued.
    pub fn is_example(&self) -> bool {
        let body = &self.0[4..];
        contains_word(body) || is_monotonous(body)
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

/// Whether `byte` may occur behind the prefix of an id (RFC 4648 §6 alphabet).
pub fn is_base32(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'2'..=b'7')
}

fn base32(byte: u8) -> u64 {
    u64::from(if byte >= b'A' { byte - b'A' } else { byte - b'2' + 26 })
}

/// Words that people write into fake ids: anywhere a random id holds one in fewer than 1 of 1,000,000.
const WORDS: [&[u8]; 12] = [
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

/// Shorter ones count at the beginning only.
const FIRST_WORDS: [&[u8]; 3] = [b"FAKE", b"YOUR", b"TEST"];

fn contains_word(body: &[u8]) -> bool {
    WORDS.iter().any(|word| memchr::memmem::find(body, word).is_some())
        || FIRST_WORDS.iter().any(|word| body.starts_with(word))
}

/// One character repeated, a run of the alphabet or of the keyboard, or very few characters.
///
/// A random body has at most five distinct characters in fewer than 1 in 10^7 ids.
fn is_monotonous(body: &[u8]) -> bool {
    let mut seen = [false; 256];
    body.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    let distinct = seen.iter().filter(|&&present| present).count();
    let longest = |follows: fn(u8, u8) -> bool| {
        let mut best = 1;
        let mut run = 1;
        for pair in body.windows(2) {
            run = if follows(pair[0], pair[1]) { run + 1 } else { 1 };
            best = best.max(run);
        }
        best
    };
    let keyboard =
        |row: &[u8]| body.windows(6).any(|part| memchr::memmem::find(row, part).is_some());
    distinct <= 5
        || longest(|a, b| a == b) >= 6
        || longest(|a, b| b == a.wrapping_add(1)) >= 6
        || keyboard(b"QWERTYUIOPASDFGHJKLZXCVBNM")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> KeyId {
        KeyId::parse(text.as_bytes()).expect("a well-formed id")
    }

    #[test]
    fn account_numbers_of_known_ids() {
        // Built from halves, so that no scanner takes this file for a leak.
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
        ] {
            assert!(id(&format!("AKIA{body}")).is_example(), "{body}");
        }
        assert!(!id(&["AKIA", "QNZGKIQY56JQ7WML"].concat()).is_example());
    }
}
