//! Values whose context reveals that they are secret, whatever they look like: the password of a
//! URL, the value of a label, a seed of one-time passwords in groups of letters.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::looks;

/// `scheme://user:password@host` (RFC 3986 §3.2.1), also with escaped slashes.
const URL: &str = r#"(?-u):(?:\\?/){2}[^\s/:@"'<>\\]*:([^\s/@"'<>]+)@"#;
/// A label that names a secret, and a value without blanks.
const LABELLED: &str = r#"(?i-u)(?:pass(?:word|wd|phrase)?|pwd|secret|token|seed|otp|api[-_]?key|credential|private[-_]?key)[a-z0-9_.-]{0,24}["'\]\\]{0,3}\s{0,4}(?:[:=]+>?|%3[AD])\s{0,4}["'\\]{0,2}([^\s"',;<>()\[\]{}\\$&]{8,})"#;
/// Groups of four letters, as authenticators show a seed for typing.
const GROUPS: &str = r"(?-u)\b(?:[A-Za-z2-7]{4}[ -]){3,}[A-Za-z2-7]{4}\b";

static URLS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(URL).ok());
static LABELLED_VALUES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(LABELLED).ok());
static GROUPED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(GROUPS).ok());

/// The places of such values, unsorted.
pub(super) fn of(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = of_urls(text);
    let values = first_groups(&LABELLED_VALUES, text);
    // A call or a variable is not a secret; a secret has letters and digits.
    found.extend(values.filter(|span| {
        let value = &text[span.clone()];
        value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
    }));
    let groups = GROUPED.iter().flat_map(|regex| regex.find_iter(text)).map(|it| it.range());
    found.extend(groups.filter(|span| {
        let mut letters = text[span.clone()].to_vec();
        letters.retain(u8::is_ascii_alphanumeric);
        looks::score(&letters) < 0
    }));
    found
}

/// The places of passwords in URLs.
pub(super) fn of_urls(text: &[u8]) -> Vec<Range<usize>> {
    first_groups(&URLS, text).collect()
}

fn first_groups<'t>(
    regex: &'static Option<Regex>,
    text: &'t [u8],
) -> impl Iterator<Item = Range<usize>> + 't {
    let all = regex.iter().flat_map(move |regex| regex.captures_iter(text));
    all.filter_map(|found| found.get(1)).map(|group| group.range())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        of(text.as_bytes()).into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn every_pattern_is_one() {
        assert!([&URLS, &LABELLED_VALUES, &GROUPED].iter().all(|regex| regex.is_some()));
    }

    #[test]
    fn values_are_known_by_their_place() {
        for (text, value) in [
            ("git clone https://me:hunter2@example.com/x", "hunter2"),
            (r"https:\/\/me:hunter2@example.com", "hunter2"),
            ("amqp://:p%40ss@host", "p%40ss"),
            ("DB_PASSWORD=correct7horse", "correct7horse"),
            (r#""client_secret": "abc-1234-def""#, "abc-1234-def"),
            ("password => 'Tr0ub4dor&3x'", "Tr0ub4dor"),
            ("otp: jbsw y3dp ehpk 3pxp xqzk", "jbsw y3dp ehpk 3pxp xqzk"),
        ] {
            assert!(found(text).contains(&value), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn code_and_prose_are_shown() {
        for text in [
            "secret = os.environ[\"DB_2\"]",
            "token = get_token(2)",
            "https://example.com:8080/path",
            "https://me@example.com",
            "they that were from here said that",
            "secretKeyRef: name",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
