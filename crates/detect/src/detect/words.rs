//! Words of names, and the lists of `patterns/labels.txt` that give the meaning of words.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// The lists of `patterns/labels.txt`; a word's lists are bits of a number.
const LISTS: [&str; 12] = [
    "secret", "password", "user", "aws", "token", "hash", "service", "empty", "usual", "stop",
    "tag", "aged",
];
const SECRET: u16 = 1;
const PASSWORD: u16 = 1 << 1;
const USER: u16 = 1 << 2;
const AWS: u16 = 1 << 3;
const TOKEN: u16 = 1 << 4;
const HASH: u16 = 1 << 5;
const SERVICE: u16 = 1 << 6;
const EMPTY: u16 = 1 << 7;
const USUAL: u16 = 1 << 8;
const STOP: u16 = 1 << 9;
const TAG: u16 = 1 << 10;
const AGED: u16 = 1 << 11;

/// FNV-1a: short words are looked up a dozen times each. Nobody adds words to the lists, so nobody
/// can make them collide.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The lists that each word is in.
static LEXICON: LazyLock<HashMap<&'static str, u16, BuildHasherDefault<Fnv>>> =
    LazyLock::new(|| {
        let text = keysweep_patterns::LABELS;
        let mut lexicon = HashMap::default();
        for (number, name) in LISTS.iter().enumerate() {
            let heading = format!("\n[{name}]\n");
            let body = text.split_once(&heading).map_or("", |(_, body)| body);
            let end = body.find("\n#").unwrap_or(body.len());
            for word in body[..end].split_whitespace() {
                *lexicon.entry(word).or_default() |= 1 << number;
            }
        }
        lexicon
    });

fn listed(list: u16, word: &str) -> bool {
    LEXICON.get(word).is_some_and(|lists| lists & list != 0)
}

/// True if a word means that a value is a secret.
pub(super) fn is_secret(word: &str) -> bool {
    listed(SECRET, word) || word.contains("secret")
}

/// True if a word means that a value is a password.
pub(super) fn is_password(word: &str) -> bool {
    listed(PASSWORD, word) || word.ends_with("password")
}

/// True if a word means that a value names a user.
pub(super) fn is_user(word: &str) -> bool {
    listed(USER, word)
}

/// True if a word belongs to AWS or to a service that speaks its protocols.
pub(super) fn is_aws(word: &str) -> bool {
    listed(AWS, word)
}

/// True if a word means that a value is a token.
pub(super) fn is_token(word: &str) -> bool {
    listed(TOKEN, word)
}

/// True if a word names a digest or an identifier of something.
pub(super) fn is_hash(word: &str) -> bool {
    listed(HASH, word)
}

/// True if a word names a service that is not AWS.
pub(super) fn is_service(word: &str) -> bool {
    listed(SERVICE, word)
}

/// True if a word names nothing, as `value`, a flag's letter and a length: the name is elsewhere.
pub(super) fn is_empty(word: &str) -> bool {
    word.len() == 1 || word.starts_with(|byte: char| byte.is_ascii_digit()) || listed(EMPTY, word)
}

/// True if a word shows which half of a key a value is, but not which key.
pub(super) fn is_half(word: &str) -> bool {
    let halves = ["access", "key", "keys", "id", "ids", "keyid", "acess"];
    halves.contains(&word) || is_secret(word) || is_password(word) || is_user(word)
}

/// True if a word is a function word of sentences.
pub(super) fn is_stop(word: &str) -> bool {
    listed(STOP, word)
}

/// True if a word is part of the usual names of a key, and so does not distinguish keys.
pub(super) fn is_usual(word: &str) -> bool {
    listed(USUAL, word) || is_secret(word) || is_password(word) || is_user(word)
}

/// True if a word means that a key is not the one in use.
pub(super) fn is_aged(word: &str) -> bool {
    listed(AGED, word)
}

/// True if a word distinguishes keys even in a sentence: an environment, an age, a number.
pub(super) fn is_tag(word: &str) -> bool {
    listed(TAG, word) || is_number(word)
}

/// True if a word is a number that may count keys; a year is more likely a date.
pub(super) fn is_number(word: &str) -> bool {
    word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lower-case words. A word ends at each character that is not a letter or digit, and in
/// `camelCase`.
pub(super) fn words(text: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous = b' ';
    for (at, &byte) in text.iter().enumerate() {
        let next_is_lower = text.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let humps = byte.is_ascii_uppercase()
            && (previous.is_ascii_lowercase()
                || (previous.is_ascii_uppercase() || previous.is_ascii_digit()) && next_is_lower);
        let turns = byte.is_ascii_digit() && !previous.is_ascii_digit() && word.len() > 2;
        // A letter of another script, or a byte of one, is part of a word that is in no list.
        let foreign = byte >= 0x80;
        let part = byte.is_ascii_alphanumeric() || foreign;
        let hexadecimal = word == "0" && byte == b'x';
        let counted = byte.is_ascii_alphabetic()
            && !hexadecimal
            && word.bytes().all(|byte| byte.is_ascii_digit());
        if (!part || humps || turns || counted) && !word.is_empty() {
            push(&mut words, std::mem::take(&mut word));
        }
        if part {
            word.push(if foreign {
                char::REPLACEMENT_CHARACTER
            } else {
                char::from(byte.to_ascii_lowercase())
            });
        }
        previous = byte;
    }
    if !word.is_empty() {
        push(&mut words, word);
    }
    words
}

/// Minimum number of letters of a word that may be several words without separators.
const GLUED: usize = 8;
/// Words that are removed from either end of such a word.
const PARTS: [&str; 9] =
    ["credentials", "credential", "access", "secret", "keyid", "aws", "iam", "key", "creds"];

/// Adds a word, or the words that it consists of: `uploadawssecretkey`.
fn push(words: &mut Vec<String>, word: String) {
    let glued = word.len() >= GLUED
        && (word.contains("key") || word.contains("secret"))
        && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !glued {
        words.push(word);
        return;
    }
    let mut rest = word.as_str();
    let mut behind = Vec::new();
    while let Some(part) = PARTS.into_iter().find(|part| rest.ends_with(part)) {
        rest = &rest[..rest.len() - part.len()];
        behind.push(part);
    }
    while let Some(part) = PARTS.into_iter().find(|part| rest.starts_with(part)) {
        rest = &rest[part.len()..];
        words.push(part.to_owned());
    }
    // `monkey` contains a key by accident: its remainder is not a known part.
    if behind.len() + words.len() == 1 && rest.len() < 4 {
        words.truncate(words.len().saturating_sub(1));
        words.push(word);
        return;
    }
    words.extend(Some(rest).filter(|rest| !rest.is_empty()).map(str::to_owned));
    words.extend(behind.into_iter().rev().flat_map(|part| match part {
        "keyid" => vec!["key".to_owned(), "id".to_owned()],
        part => vec![part.to_owned()],
    }));
}
