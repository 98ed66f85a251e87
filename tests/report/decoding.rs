//! Decoding a report: a secret must not come out of any text that the program writes, whichever way
//! it is read. Shares nothing with the program's own decoders.

use std::collections::HashSet;
use std::sync::LazyLock;

use base64::Engine as _;
use regex::bytes::{Captures, Regex};

/// Letters in a row from which on a secret counts as shown.
const SHOWN: usize = 24;
/// The number of encodings that are undone inside one another.
const DEPTH: usize = 2;

/// Reads reports for secrets that they must not show.
pub(crate) struct Decoder {
    search: aho_corasick::AhoCorasick,
    /// The texts that were read before: reports have much in common.
    known: HashSet<String>,
}

impl Decoder {
    pub(crate) fn new(secrets: &[&String]) -> Self {
        let parts = secrets.iter().flat_map(|secret| secret.as_bytes().windows(SHOWN));
        let search = aho_corasick::AhoCorasick::new(parts).expect("so few fit");
        Self { search, known: HashSet::new() }
    }

    /// Asserts that no long part of a secret can be got out of `text`.
    #[track_caller]
    pub(crate) fn reveals_nothing(&mut self, text: &str, setting: &str) {
        // A value of a report is not continued in the next one.
        for value in text.split(['\n', '"']).filter(|value| value.len() >= SHOWN) {
            if self.known.insert(value.to_owned()) {
                let way = self.way_to_a_secret(value);
                assert_eq!(way, None, "{setting}: {value}");
            }
        }
    }

    fn way_to_a_secret(&self, value: &str) -> Option<String> {
        let mut texts = vec![("as it is".to_owned(), value.as_bytes().to_vec())];
        for depth in 0..=DEPTH {
            let shown = texts.iter().find(|(_, text)| self.search.is_match(text.as_slice()));
            if shown.is_some() || depth == DEPTH {
                return shown.map(|(way, _)| way.clone());
            }
            let deeper = texts.iter().flat_map(|(way, text)| {
                let ways = decodings(text).into_iter();
                ways.map(move |(by, text)| (format!("{way}, {by}"), text))
            });
            texts = deeper.filter(|(_, text)| text.len() >= SHOWN).collect();
        }
        None
    }
}

/// The decodings of `text`, in each way in which it may be read.
fn decodings(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let letters: Vec<char> = String::from_utf8_lossy(text).chars().collect();
    let units = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        letters
            .iter()
            .flat_map(|&c| order(u16::try_from(c as u32).unwrap_or(b' '.into())))
            .collect()
    };
    let mut found = vec![
        ("unescaped", unescaped(text)),
        ("as the bytes of UTF-16, high first", units(u16::to_be_bytes)),
        ("as the bytes of UTF-16, low first", units(u16::to_le_bytes)),
        ("backwards", text.iter().rev().copied().collect()),
        ("graphic characters alone", {
            let mut kept = text.to_vec();
            kept.retain(|&byte| byte == b'\n' || byte == b' ' || byte.is_ascii_graphic());
            kept
        }),
        ("as numbers", numbers(text)),
    ];
    for run in text.split(|&byte| !(byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))) {
        if run.len() < SHOWN {
            continue;
        }
        let standard = |byte: &u8| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        for from in 0..4 {
            let run: Vec<u8> = run[from..].iter().map(standard).collect();
            let whole = &run[..run.len() / 4 * 4];
            let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(whole);
            found.extend(decoded.ok().map(|text| ("from base64", text)));
            let digits: Vec<u8> = run.iter().copied().filter(u8::is_ascii_hexdigit).collect();
            let byte = |pair: &[u8]| {
                u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("two")
            };
            found.push((
                "from hex",
                digits[from.min(digits.len())..].chunks_exact(2).map(byte).collect(),
            ));
        }
    }
    found
}

/// Escapes with digits in base 16.
static IN_HEX: LazyLock<Regex> = LazyLock::new(|| {
    let escapes = [
        r"\\u\{([0-9a-fA-F]+)\}",
        r"\\u([0-9a-fA-F]{4})",
        r"\\x([0-9a-fA-F]{2})",
        "[%=]([0-9a-fA-F]{2})",
        "&#x([0-9a-fA-F]+);",
    ];
    Regex::new(&format!("(?-u){}", escapes.join("|"))).expect("a pattern")
});
static IN_DECIMAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?-u)&#([0-9]{1,4});").expect("a pattern"));
static IN_OCTAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)\\([0-3][0-7]{2})").expect("a pattern"));

/// Undoes what begins with a backslash, a percent or an equals sign, and references of markup.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    for (escapes, radix) in [(&IN_HEX, 16), (&IN_DECIMAL, 10), (&IN_OCTAL, 8)] {
        let undone = escapes.replace_all(&text, |found: &Captures<'_>| {
            let digits = found.iter().skip(1).flatten().next().expect("one of them").as_bytes();
            let digits = std::str::from_utf8(digits).expect("digits");
            let number = u32::from_str_radix(digits, radix).unwrap_or_default();
            char::from_u32(number).unwrap_or(' ').to_string().into_bytes()
        });
        text = undone.into_owned();
    }
    String::from_utf8_lossy(&text).replace("\\/", "/").into_bytes()
}

/// The bytes whose numbers a list holds, and the separate letters.
fn numbers(text: &[u8]) -> Vec<u8> {
    let words = text.split(|byte| !byte.is_ascii_alphanumeric());
    let words =
        words.filter_map(|word| std::str::from_utf8(word).ok()).filter(|word| !word.is_empty());
    words
        .map(|word| match (word.strip_prefix("0x"), word.parse()) {
            (Some(digits), _) => u8::from_str_radix(digits, 16).unwrap_or(b' '),
            (None, Ok(number)) => number,
            _ if word.len() == 1 => word.as_bytes()[0],
            _ => u8::from_str_radix(word, 16).unwrap_or(b' '),
        })
        .collect()
}
