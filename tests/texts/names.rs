//! The names of settings: a role ("access key id"), a stem that distinguishes one key from another
//! ("upload", "prod"), the position of the stem, and in which style the whole is spelled.

/// A name in segments of words: `["upload", "access key"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub Vec<String>);

/// The way in which the words of a name are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Upper,
    Snake,
    Camel,
    Pascal,
    Kebab,
    /// Segments in camel case, with full stops between.
    Dotted,
    /// Segments in kebab case, with full stops between.
    DottedKebab,
    /// As in prose.
    Words,
    /// Camel and Pascal case with acronyms in capitals: `AWSAccessKeyID`.
    Acronyms,
    /// All words in lower case, with nothing between: `uploadaccesskey`.
    Joined,
    /// Segments in Pascal case, with two underscores or a colon between, as in .NET.
    Underscores,
    Colons,
    /// Segments in snake case, with slashes between, as in a parameter store.
    Slashes,
    /// The role in upper case, the stem in kebab case: `image-store.AWS_ACCESS_KEY_ID`.
    Mixed,
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

fn camel(words: &str) -> String {
    let mut words = words.split(' ');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capital(word))
}

fn acronym(word: &str) -> String {
    match word {
        "aws" | "id" | "s3" | "ses" | "sqs" | "url" | "api" | "db" | "ttl" => word.to_uppercase(),
        _ => capital(word),
    }
}

impl Name {
    /// A name of words, in one segment.
    pub fn new(words: &str) -> Self {
        Self(vec![words.to_owned()])
    }

    fn joined(&self, between: &str, each: impl Fn(&str) -> String) -> String {
        self.0.iter().map(|part| each(part)).collect::<Vec<_>>().join(between)
    }

    /// Its form in a text.
    pub fn spelled(&self, style: Style) -> String {
        let words = self.0.join(" ");
        match style {
            Style::Upper => words.replace(' ', "_").to_uppercase(),
            Style::Snake => words.replace(' ', "_"),
            Style::Camel => camel(&words),
            Style::Pascal => words.split(' ').map(capital).collect(),
            Style::Kebab => words.replace(' ', "-"),
            Style::Dotted => self.joined(".", camel),
            Style::DottedKebab => self.joined(".", |part| part.replace(' ', "-")),
            Style::Words => words,
            Style::Joined => words.replace(' ', ""),
            Style::Acronyms => words.split(' ').map(acronym).collect(),
            Style::Underscores => self.joined("__", |part| Self::new(part).spelled(Style::Pascal)),
            Style::Colons => self.joined(":", |part| Self::new(part).spelled(Style::Pascal)),
            Style::Slashes => self.joined("/", |part| part.replace(' ', "_")),
            Style::Mixed => self.joined(".", |part| {
                let role = ["key", "secret", "id"].iter().any(|word| part.ends_with(word));
                let style = if role { Style::Upper } else { Style::Kebab };
                Self::new(part).spelled(style)
            }),
        }
    }
}

/// The names of the two halves of a key.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    pub id: &'static str,
    pub secret: &'static str,
    /// The secret's name alone says that it is one of AWS.
    pub says_aws: bool,
    /// They say little by themselves: a stem or a record has to help.
    pub terse: bool,
}

const fn role(id: &'static str, secret: &'static str, says_aws: bool, terse: bool) -> Role {
    Role { id, secret, says_aws, terse }
}

/// From public repositories.
pub const ROLES: [Role; 40] = [
    role("aws access key id", "aws secret access key", true, false),
    role("aws access key id", "aws secret access key", true, false),
    role("aws access key id", "aws secret access key", true, false),
    role("access key id", "secret access key", true, false),
    role("access key id", "secret access key", true, false),
    role("aws access key", "aws secret key", true, false),
    role("aws access key", "aws secret access key", true, false),
    role("aws key id", "aws secret key", true, false),
    role("aws access id", "aws secret key", true, false),
    role("aws key", "aws secret", true, false),
    role("s3 access key id", "s3 secret access key", true, false),
    role("s3 access key", "s3 secret key", true, false),
    role("s3 key", "s3 secret", true, false),
    role("s3 key id", "s3 secret key", true, false),
    role("ses access key", "ses secret key", true, false),
    role("sqs access key id", "sqs secret access key", true, false),
    role("dynamodb access key", "dynamodb secret key", true, false),
    role("aws access key id", "aws secret key", true, false),
    role("aws access key", "aws secret", true, false),
    role("aws id", "aws secret", true, false),
    role("aws key", "aws secret access key", true, false),
    role("s3 access key", "s3 secret", true, false),
    role("s3 id", "s3 key secret", true, false),
    role("aws iam access key id", "aws iam secret access key", true, false),
    role("aws user key", "aws user secret", true, false),
    role("amazon access key", "amazon secret key", true, false),
    role("fs s3a access key", "fs s3a secret key", true, false),
    role("access key", "secret key", false, false),
    role("access key", "secret key", false, false),
    role("access key", "secret", false, true),
    role("key", "secret key", false, true),
    role("api key", "api secret", false, true),
    role("public key", "secret key", false, true),
    role("access key", "access secret", false, false),
    role("key id", "secret key", false, false),
    role("access id", "secret", false, true),
    role("key", "secret", false, true),
    role("accesskey", "secretkey", false, false),
    role("accesskeyid", "secretaccesskey", true, false),
    role("cloud aws credentials access key", "cloud aws credentials secret key", true, false),
];

/// The position of the stem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Prefix,
    Suffix,
    Infix,
}

/// The name of a half with its stem.
pub fn stemmed(stem: &str, place: Place, half: &str) -> Name {
    if stem.is_empty() {
        return Name::new(half);
    }
    // No name begins with a digit.
    let numbered = stem.starts_with(|first: char| first.is_ascii_digit());
    let parts = match (place, half.split_once(' ')) {
        (Place::Infix, Some((first @ ("aws" | "s3" | "ses" | "sqs"), rest))) => {
            vec![first, stem, rest]
        }
        (Place::Prefix | Place::Infix, _) if !numbered => vec![stem, half],
        _ => vec![half, stem],
    };
    Name(parts.into_iter().map(str::to_owned).collect())
}
