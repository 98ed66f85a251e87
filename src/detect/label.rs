//! Labels: what the text before a value says that the value is.
//!
//! A label speaks in words (`aws_secret_access_key`, `fs.s3a.secret.key</name><value>`,
//! `"SecretAccessKey": `). They are read from the value's line back to the value before it, or from
//! the lines above when the line itself names nothing.

use std::ops::Range;
use std::sync::LazyLock;

/// What a label says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// Nothing of interest.
    Nothing,
    /// That it is a secret.
    Secret,
    /// That it is the secret of LEXICON.aws, by name.
    AwsSecret,
    /// That it is a session token.
    Token,
    /// That it is something else: a hash, or a secret of another service.
    Other,
}

/// A label as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    /// What it says.
    pub says: Says,
    /// Its words that are no part of the usual names, such as `prod` or `2`: they tell which id
    /// and which secret belong together.
    pub qualifier: String,
    /// Words stand before the value that are more than `value` or a list's dash.
    pub named: bool,
}

/// The words of `patterns/labels.txt`.
struct Lexicon {
    secret: Vec<&'static str>,
    aws: Vec<&'static str>,
    token: Vec<&'static str>,
    hash: Vec<&'static str>,
    service: Vec<&'static str>,
    empty: Vec<&'static str>,
    usual: Vec<&'static str>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let text = include_str!("../../patterns/labels.txt");
    let section = |name: &str| {
        let heading = format!("\n[{name}]\n");
        let body = text.split_once(&heading).map_or("", |(_, body)| body);
        let end = body.find("\n#").unwrap_or(body.len());
        body[..end].split_whitespace().collect()
    };
    Lexicon {
        secret: section("secret"),
        aws: section("aws"),
        token: section("token"),
        hash: section("hash"),
        service: section("service"),
        empty: section("empty"),
        usual: section("usual"),
    }
});

/// How far back a label is looked for, in bytes.
const REACH: usize = 200;

/// Reads the label of the value at `span`; nothing before `from` belongs to it.
pub(super) fn read(text: &[u8], from: usize, span: &Range<usize>) -> Label {
    let floor = from.max(span.start.saturating_sub(REACH));
    let line = line_start(text, floor, span.start);
    let mut head = &text[line..span.start];
    let mut words = words(head);
    // `<value>`, `- "` and a bare `value:` name nothing: the line above does.
    let mut start = line;
    for _ in 0..2 {
        if start == floor || !words.iter().all(|word| LEXICON.empty.contains(&word.as_str())) {
            break;
        }
        start = line_start(text, floor, start - 1);
        head = &text[start..span.start];
        words = self::words(head);
    }
    let mut says = judge(&words);
    if says == Says::Nothing {
        // Postman and CloudFormation may write the name behind the value.
        says = match judge(&self::words(tail(text, span.end))) {
            Says::Other => Says::Nothing,
            behind => behind,
        };
    }
    let named = words.iter().any(|word| !LEXICON.empty.contains(&word.as_str()));
    Label { says, qualifier: qualifier(head), named }
}

/// The qualifier of the nearest name before a value that says anything.
fn qualifier(head: &[u8]) -> String {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let names = head.rsplit(|byte| !is_name(byte));
    let empty = |words: &[String]| words.iter().all(|word| LEXICON.empty.contains(&word.as_str()));
    let Some(words) = names.map(words).find(|words| !empty(words)) else { return String::new() };
    let rest: Vec<_> =
        words.into_iter().filter(|word| !LEXICON.usual.contains(&word.as_str())).collect();
    rest.join("-")
}

/// Start of the line that holds `at`, or `floor` if that comes first.
fn line_start(text: &[u8], floor: usize, at: usize) -> usize {
    memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |newline| floor + newline + 1)
}

/// What stands behind a value up to the end of its object.
fn tail(text: &[u8], end: usize) -> &[u8] {
    let rest = &text[end..text.len().min(end + 80)];
    let stop = rest.iter().position(|byte| matches!(byte, b'\n' | b'}' | b')' | b';' | b'#'));
    let rest = &rest[..stop.unwrap_or(rest.len())];
    // Only an object that names its parts: `"value": "…", "key": "secretKey"`.
    let names = [
        &b"\"key\""[..],
        b"'key'",
        b"\"name\"",
        b"'name'",
        b"\"Name\"",
        b"\"Key\"",
        b"name=",
        b"key:",
        b"name:",
    ];
    if names.iter().any(|name| memchr::memmem::find(rest, name).is_some()) { rest } else { &[] }
}

/// Lower-case words, cut at everything but letters and digits and at `camelCase`.
pub(super) fn words(text: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous = b' ';
    for (at, &byte) in text.iter().enumerate() {
        let next_is_lower = text.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let humps = byte.is_ascii_uppercase()
            && (previous.is_ascii_lowercase() || (previous.is_ascii_uppercase() && next_is_lower));
        let turns = byte.is_ascii_digit() && !previous.is_ascii_digit() && word.len() > 2;
        if (!byte.is_ascii_alphanumeric() || humps || turns) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if byte.is_ascii_alphanumeric() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        previous = byte;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What the words before a value say; the nearest weigh most.
fn judge(words: &[String]) -> Says {
    let recent = &words[words.len().saturating_sub(12)..];
    let near = &words[words.len().saturating_sub(4)..];
    let any =
        |list: &[&str], words: &[String]| words.iter().any(|word| list.contains(&word.as_str()));
    let last = |list: &[&str]| recent.iter().rposition(|word| list.contains(&word.as_str()));
    let secret = recent.iter().rposition(|word| {
        LEXICON.secret.contains(&word.as_str())
            || word.contains("secret")
            || word.ends_with("password")
    });
    let aws = any(&LEXICON.aws, recent);
    let other = last(&LEXICON.hash)
        .or_else(|| last(&LEXICON.service).filter(|_| !aws && any(&LEXICON.service, near)));
    let token = last(&LEXICON.token);
    match (secret, other, token) {
        (_, Some(other), _)
            if secret.is_none_or(|secret| other > secret || !aws && other + 4 > secret) =>
        {
            Says::Other
        }
        (None, _, Some(_)) => Says::Token,
        (Some(secret), _, Some(token)) if token > secret => Says::Token,
        (Some(_), _, _) if aws => Says::AwsSecret,
        (Some(at), _, _)
            if recent[at..].iter().chain(recent[..at].last()).any(|word| word == "access") =>
        {
            Says::AwsSecret
        }
        (Some(_), _, _) => Says::Secret,
        _ => Says::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Label {
        let at = text.find('@').expect("a place");
        read(text.as_bytes(), 0, &(at..at + 1))
    }

    #[test]
    fn reads_what_a_label_says() {
        for (text, says) in [
            ("aws_secret_access_key = @", Says::AwsSecret),
            ("\"SecretAccessKey\": \"@\"", Says::AwsSecret),
            ("secret: @", Says::Secret),
            ("<name>fs.s3a.secret.key</name>\n  <value>@", Says::AwsSecret),
            ("AWS_SESSION_TOKEN=@", Says::Token),
            ("commit: @", Says::Other),
            ("GITHUB_CLIENT_SECRET=@", Says::Other),
            ("secret_sha: @", Says::Other),
            ("{\"value\":\"@\",\"key\":\"secretKey\"}", Says::Secret),
            ("foo(\"@", Says::Nothing),
            ("AWS_SK: @", Says::AwsSecret),
        ] {
            assert_eq!(of(text).says, says, "{text}");
        }
    }

    #[test]
    fn qualifiers_tell_keys_apart() {
        assert_eq!(of("PROD_AWS_SECRET_ACCESS_KEY=@").qualifier, "prod");
        assert_eq!(of("awsSecretKeyDev: '@").qualifier, "dev");
        assert_eq!(of("AWS_SECRET_ACCESS_KEY_2=@").qualifier, "2");
        assert_eq!(of("<name>fs.s3a.logs.secret.key</name><value>@").qualifier, "logs");
        assert_eq!(of("aws_secret_access_key = @").qualifier, "");
    }
}
