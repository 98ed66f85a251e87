//! Words of names, and the lists of `patterns/labels.txt` that give the meaning of words.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::LazyLock;

/// The lists of `patterns/labels.txt`, with the property of their words.
const LISTS: [(&str, Meaning); 13] = [
    ("secret", Meaning::SECRET),
    ("password", Meaning::PASSWORD),
    ("user", Meaning::USER),
    ("aws", Meaning::AWS),
    ("token", Meaning::TOKEN),
    ("hash", Meaning::HASH),
    ("service", Meaning::SERVICE),
    ("empty", Meaning::EMPTY),
    ("usual", Meaning::USUAL),
    ("stop", Meaning::STOP),
    ("tag", Meaning::TAG),
    ("aged", Meaning::AGED),
    ("purpose", Meaning::PURPOSE),
];

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
static LEXICON: LazyLock<HashMap<&'static str, Meaning, BuildHasherDefault<Fnv>>> =
    LazyLock::new(|| {
        let text = keysweep_patterns::LABELS;
        let mut lexicon = HashMap::default();
        for (name, meaning) in LISTS {
            let heading = format!("\n[{name}]\n");
            let body = text.split_once(&heading).map_or("", |(_, body)| body);
            let end = body.find("\n#").unwrap_or(body.len());
            for word in body[..end].split_whitespace() {
                let word: &mut Meaning = lexicon.entry(word).or_default();
                *word = word.or(meaning);
            }
        }
        for (word, meaning) in PARTS_OF_NAMES {
            let word = lexicon.entry(word).or_default();
            *word = word.or(meaning);
        }
        lexicon
    });

/// The words of which the usual names of a key consist.
const PARTS_OF_NAMES: [(&str, Meaning); 10] = [
    ("access", Meaning::HALF.or(Meaning::ACCESS)),
    ("acess", Meaning::HALF.or(Meaning::ACCESS)),
    ("acces", Meaning::ACCESS),
    ("key", Meaning::HALF.or(Meaning::KEY).or(Meaning::END_OF_KEY)),
    ("keys", Meaning::HALF.or(Meaning::KEY).or(Meaning::END_OF_KEY)),
    ("id", Meaning::HALF.or(Meaning::ID).or(Meaning::END_OF_KEY)),
    ("ids", Meaning::HALF.or(Meaning::ID)),
    ("keyid", Meaning::HALF.or(Meaning::ID)),
    ("aws", Meaning::NAMED_AWS),
    ("akid", Meaning::AKID),
];

/// The properties of a word, as bits. A name asks a dozen questions about each of its words, so
/// they are answered with one lookup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning(u32);

impl Meaning {
    /// The word means that a value is a secret.
    pub(super) const SECRET: Self = Self(1);
    /// The word means that a value is a password.
    pub(super) const PASSWORD: Self = Self(1 << 1);
    /// The word means that a value names a user.
    pub(super) const USER: Self = Self(1 << 2);
    /// The word belongs to AWS or to a service that speaks its protocols.
    pub(super) const AWS: Self = Self(1 << 3);
    /// The word means that a value is a token.
    pub(super) const TOKEN: Self = Self(1 << 4);
    /// The word names a digest or an identifier of something.
    pub(super) const HASH: Self = Self(1 << 5);
    /// The word names a service that is not AWS.
    pub(super) const SERVICE: Self = Self(1 << 6);
    /// The word names nothing, as `value`, a flag's letter and a length: the name is elsewhere.
    pub(super) const EMPTY: Self = Self(1 << 7);
    /// The word is part of the usual names of a key, and so does not distinguish keys.
    pub(super) const USUAL: Self = Self(1 << 8);
    /// The word is a function word of sentences.
    pub(super) const STOP: Self = Self(1 << 9);
    /// The word distinguishes keys even in a sentence: an environment, an age, a number.
    pub(super) const TAG: Self = Self(1 << 10);
    /// The word means that a key is not the one in use.
    pub(super) const AGED: Self = Self(1 << 11);
    /// The word shows which half of a key a value is, but not which key.
    pub(super) const HALF: Self = Self(1 << 12);
    /// The word is a number that may count keys; a year is more likely a date.
    pub(super) const NUMBER: Self = Self(1 << 13);
    /// The word is, or contains, the access of an access key.
    pub(super) const ACCESS: Self = Self(1 << 14);
    /// The word is a key, or ends in one.
    pub(super) const KEY: Self = Self(1 << 15);
    /// The word is an id, or ends in the id of a key.
    pub(super) const ID: Self = Self(1 << 16);
    /// The word is `key`, `keys` or `id`.
    pub(super) const END_OF_KEY: Self = Self(1 << 17);
    /// The word is `aws`.
    pub(super) const NAMED_AWS: Self = Self(1 << 18);
    /// The word is `akid`.
    pub(super) const AKID: Self = Self(1 << 19);
    /// The word says what a secret is for, and that is not access to AWS.
    pub(super) const PURPOSE: Self = Self(1 << 20);

    /// Looks a lower-case word up.
    pub(super) fn of(word: &str) -> Self {
        let given = |others: Self, applies: bool| if applies { others } else { Self::default() };
        let listed = LEXICON.get(word).copied().unwrap_or_default();
        let named = listed
            .or(given(Self::SECRET, word.len() >= 6 && word.contains("secret")))
            .or(given(Self::PASSWORD, word.ends_with("password")));
        let is_half = named.has(Self::SECRET.or(Self::PASSWORD).or(Self::USER));
        let is_empty = word.len() == 1 || word.starts_with(|byte: char| byte.is_ascii_digit());
        named
            .or(given(Self::HALF.or(Self::USUAL), is_half))
            .or(given(Self::NUMBER.or(Self::TAG), is_number(word)))
            .or(given(Self::EMPTY, is_empty))
            .or(given(Self::ACCESS, word.len() >= 9 && word.contains("accesskey")))
            .or(given(Self::KEY, word.ends_with("key")))
            .or(given(Self::ID, word.ends_with("keyid")))
    }

    /// True if any of the `others` applies.
    pub(super) fn has(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// The properties of either of two words.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// True if a word belongs to AWS or to a service that speaks its protocols.
pub(super) fn is_aws(word: &str) -> bool {
    Meaning::of(word).has(Meaning::AWS)
}

/// True if a word names a service that is not AWS.
pub(super) fn is_service(word: &str) -> bool {
    Meaning::of(word).has(Meaning::SERVICE)
}

/// True if a word names nothing, as `value`, a flag's letter and a length: the name is elsewhere.
pub(super) fn is_empty(word: &str) -> bool {
    Meaning::of(word).has(Meaning::EMPTY)
}

/// True if a word is part of the usual names of a key, and so does not distinguish keys.
pub(super) fn is_usual(word: &str) -> bool {
    Meaning::of(word).has(Meaning::USUAL)
}

/// True if a word means that a key is not the one in use.
pub(super) fn is_aged(word: &str) -> bool {
    Meaning::of(word).has(Meaning::AGED)
}

/// True if a word says what a secret is for, and that is not access to AWS.
pub(super) fn is_purpose(word: &str) -> bool {
    Meaning::of(word).has(Meaning::PURPOSE)
}

/// True if a word distinguishes keys even in a sentence: an environment, an age, a number.
pub(super) fn is_tag(word: &str) -> bool {
    Meaning::of(word).has(Meaning::TAG)
}

/// True if a word is a number that may count keys; a year is more likely a date.
pub(super) fn is_number(word: &str) -> bool {
    word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lower-case words. A word ends at each character that is not a letter or digit, and in
/// `camelCase`.
pub(super) fn words(text: &[u8]) -> Vec<String> {
    Words::of(text).iter().map(str::to_owned).collect()
}

/// The words of a text, side by side: most are looked at once.
#[derive(Debug, Default)]
pub(super) struct Words {
    letters: String,
    /// The range of each word in `letters`.
    ranges: Vec<Range<usize>>,
}

impl Words {
    /// Splits a text; see [`words`].
    pub(super) fn of(text: &[u8]) -> Self {
        let mut words = Self { letters: String::with_capacity(text.len()), ranges: Vec::new() };
        let mut start = 0;
        let mut previous = b' ';
        for (at, &byte) in text.iter().enumerate() {
            let word = &words.letters[start..];
            let next_is_lower = text.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let is_camel = byte.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || (previous.is_ascii_uppercase() || previous.is_ascii_digit())
                        && next_is_lower);
            let turns = byte.is_ascii_digit() && !previous.is_ascii_digit() && word.len() > 2;
            // A letter of another script, or a byte of one, is part of a word that is in no list.
            let foreign = byte >= 0x80;
            let part = byte.is_ascii_alphanumeric() || foreign;
            let hexadecimal = word == "0" && byte == b'x';
            let counted = byte.is_ascii_alphabetic()
                && !hexadecimal
                && word.bytes().all(|byte| byte.is_ascii_digit());
            if (!part || is_camel || turns || counted) && !word.is_empty() {
                words.push(start);
                start = words.letters.len();
            }
            if part {
                words.letters.push(if foreign {
                    char::REPLACEMENT_CHARACTER
                } else {
                    char::from(byte.to_ascii_lowercase())
                });
            }
            previous = byte;
        }
        if start < words.letters.len() {
            words.push(start);
        }
        words
    }

    /// The words in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.ranges.iter().map(|range| &self.letters[range.clone()])
    }

    /// The number of words.
    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Adds the word that the letters from `start` on are, or the words that it consists of:
    /// `uploadawssecretkey`.
    fn push(&mut self, start: usize) {
        let Self { letters, ranges } = self;
        let (mut from, mut to) = (start, letters.len());
        let word = &letters[start..];
        let glued = word.len() >= GLUED
            && (word.contains("key") || word.contains("secret"))
            && word.bytes().all(|byte| byte.is_ascii_lowercase());
        if !glued {
            ranges.push(from..to);
            return;
        }
        let mut suffixes = Vec::new();
        while let Some(part) = PARTS.into_iter().find(|part| letters[from..to].ends_with(part)) {
            suffixes.push(to - part.len()..to);
            to -= part.len();
        }
        while let Some(part) = PARTS.into_iter().find(|part| letters[from..to].starts_with(part)) {
            ranges.push(from..from + part.len());
            from += part.len();
        }
        // `monkey` contains a key by accident: its remainder is not a known part.
        if suffixes.len() + ranges.len() == 1 && to - from < 4 {
            ranges.truncate(ranges.len().saturating_sub(1));
            ranges.push(start..letters.len());
            return;
        }
        ranges.extend((from < to).then_some(from..to));
        for part in suffixes.into_iter().rev() {
            if letters[part.clone()] == *"keyid" {
                ranges.extend([part.start..part.start + 3, part.start + 3..part.end]);
            } else {
                ranges.push(part);
            }
        }
    }
}

/// Minimum number of letters of a word that may be several words without separators.
const GLUED: usize = 8;
/// Words that are removed from either end of such a word.
const PARTS: [&str; 9] =
    ["credentials", "credential", "access", "secret", "keyid", "aws", "iam", "key", "creds"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_lower_case_words() {
        for (text, expected) in [
            ("UPLOAD_SECRET_KEY", "upload secret key"),
            ("awsSecretKeyDev2", "aws secret key dev 2"),
            ("HTTPServer 0x1F 2nd", "http server 0x1f 2 nd"),
            ("uploadawssecretkey", "upload aws secret key"),
            ("secretkeyid", "secret key id"),
            ("monkey hotmonkey", "monkey hotmon key"),
            ("Schlüssel", "schl\u{fffd}\u{fffd}ssel"),
            ("", ""),
        ] {
            let split = Words::of(text.as_bytes());
            assert_eq!(split.iter().collect::<Vec<_>>().join(" "), expected, "{text}");
            assert_eq!(split.len(), words(text.as_bytes()).len(), "{text}");
        }
    }

    #[test]
    fn a_word_means_what_its_lists_and_its_letters_say() {
        let (half, usual) = (Meaning::HALF, Meaning::USUAL);
        for (word, meanings) in [
            ("access", vec![half, Meaning::ACCESS]),
            ("acces", vec![Meaning::ACCESS]),
            ("myaccesskeyid", vec![Meaning::ACCESS, Meaning::ID]),
            ("key", vec![half, Meaning::KEY, Meaning::END_OF_KEY]),
            ("monkey", vec![Meaning::KEY]),
            ("ids", vec![half, Meaning::ID]),
            ("mysecrets", vec![half, usual, Meaning::SECRET]),
            ("dbpassword", vec![half, usual, Meaning::PASSWORD]),
            ("aws", vec![Meaning::AWS, Meaning::NAMED_AWS]),
            ("12", vec![Meaning::EMPTY, Meaning::NUMBER, Meaning::TAG]),
            ("2024", vec![Meaning::EMPTY]),
            ("x", vec![Meaning::EMPTY]),
        ] {
            for meaning in meanings {
                assert!(Meaning::of(word).has(meaning), "{word} {meaning:?}");
            }
        }
        for (word, meaning) in [
            ("acces", half),
            ("monkey", half),
            ("monkey", Meaning::END_OF_KEY),
            ("2024", Meaning::NUMBER),
            ("secretary", Meaning::PASSWORD),
            ("zebra", usual),
        ] {
            assert!(!Meaning::of(word).has(meaning), "{word} {meaning:?}");
        }
    }
}
