//! Every secret that a test plants, and the search for them in all that the program writes.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

static PLANTED: LazyLock<Mutex<Planted>> = LazyLock::new(Mutex::default);

/// The number of bytes by which secrets are looked up. No secret is shorter.
const FIRST: usize = 8;

/// The number of bits of a hash that marks a secret.
const BITS: u32 = 24;

/// Secrets in files of some test. A run of all tests plants a hundred thousand.
struct Planted {
    by_first: HashMap<u64, Vec<String>>,
    /// Whether a secret begins with bytes of this hash: in a debug build this is quicker than the map, which
    /// would be asked for each byte of all output.
    marks: Vec<u64>,
}

impl Default for Planted {
    fn default() -> Self {
        Self { by_first: HashMap::new(), marks: vec![0; 1 << (BITS - 6)] }
    }
}

/// The word and the bit of the mark of a secret's first bytes.
fn mark(first: u64) -> (usize, u64) {
    let hash = first.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

impl Planted {
    fn is_in(&self, text: &[u8]) -> bool {
        let mut last = 0;
        for (at, &byte) in text.iter().enumerate() {
            // The last bytes up to here, the latest one highest, as `from_le_bytes` reads them.
            last = (last >> 8) | (u64::from(byte) << 56);
            let (word, bit) = mark(last);
            if self.marks[word] & bit != 0
                && let Some(start) = (at + 1).checked_sub(FIRST)
                && let Some(secrets) = self.by_first.get(&last)
                && secrets.iter().any(|secret| text[start..].starts_with(secret.as_bytes()))
            {
                return true;
            }
        }
        false
    }
}

/// From now on no run may print this secret.
pub(super) fn plant(secret: &str) {
    let first = secret.as_bytes().first_chunk::<FIRST>().expect("a secret is longer");
    let first = u64::from_le_bytes(*first);
    let (word, bit) = mark(first);
    let mut planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    planted.marks[word] |= bit;
    planted.by_first.entry(first).or_default().push(secret.to_owned());
}

/// Asserts that no planted secret is in what was `written` by the program with `arguments`.
#[track_caller]
pub(crate) fn look_for_secrets<S: AsRef<str>>(written: &[S], arguments: &dyn std::fmt::Debug) {
    let planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    let found = written.iter().any(|text| planted.is_in(text.as_ref().as_bytes()));
    // A test that fails must not stop the others.
    drop(planted);
    assert!(!found, "a secret was printed by {arguments:?}");
}

#[test]
fn a_planted_secret_is_found_wherever_it_is() {
    let secrets = ["planted-0123456789", "planted-9876543210", "eightbyt"];
    secrets.map(plant);
    let planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    for secret in secrets {
        for (before, after) in
            [("", ""), ("a", ""), ("", "\n"), ("planted", "d"), ("é planted-", "é")]
        {
            let text = format!("{before}{secret}{after}");
            assert!(planted.is_in(text.as_bytes()), "{text}");
            let cut = text.replace(secret, &secret[1..]);
            assert!(!planted.is_in(cut.as_bytes()), "{cut}");
        }
    }
    assert!(!planted.is_in(b"planted-0123456788 planted-") && !planted.is_in(b""));
}
