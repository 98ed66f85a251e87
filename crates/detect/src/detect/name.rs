//! Names: the role that a name gives to its value, and the key to which the value belongs.
//!
//! A name is read as a whole. The words of its role (`secret access key`) describe the value. The
//! remaining words are its *stem* (`UPLOAD`, `prod`, `2`), which the id and the secret of one key
//! share. No word of a stem removes a role.

use super::words::{Meaning, Words, is_service, is_usual};

/// The kind of value according to its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Unknown.
    #[default]
    None,
    /// A key of an unknown kind.
    Key,
    /// An access key id.
    KeyId,
    /// The name of a user or a login.
    User,
    /// A password.
    Password,
    /// A secret of any kind.
    Secret,
    /// A secret access key.
    SecretKey,
    /// A token: of a session, or of another service.
    Token,
    /// Something else, according to its last word: a hash, a commit, a signature.
    Other,
}

impl Role {
    /// True if the name calls its value a secret of any kind.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretKey | Self::Password)
    }
}

/// The result of reading a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    /// The role of its value.
    pub role: Role,
    /// It contains a word of AWS.
    pub aws: bool,
    /// It contains the words of an access key.
    pub access_key: bool,
    /// A word of the stem is a service that is not AWS.
    pub service: bool,
    /// Its words that are not part of a role, in order.
    pub stem: Vec<String>,
    /// All its words, except those for the half of the key.
    pub rest: Vec<String>,
    /// It is a phrase, so its stem may contain words without meaning.
    pub loose: bool,
    /// It has words other than `value` or a list's dash.
    pub named: bool,
}

/// Number of words that make a sentence, whose other words are not used as a stem.
const SENTENCE: usize = 5;

impl Name {
    /// Reads a name of one piece, such as `UPLOAD_SECRET_KEY`, or a phrase of several words.
    pub(super) fn of(text: &[u8], phrase: bool) -> Self {
        Self::of_words(&Words::of(text).iter().collect::<Vec<_>>(), phrase)
    }

    /// Reads a name that is already split into words.
    pub(super) fn of_words(words: &[&str], phrase: bool) -> Self {
        // Fluentd's `aws_sec_key`.
        if let Some(at) = words.windows(2).position(|pair| pair[0] == "sec" && pair[1] == "key") {
            let mut words = words.to_vec();
            words[at] = "secret";
            return Self::of_words(&words, phrase);
        }
        let meanings: Vec<Meaning> = words.iter().map(|word| Meaning::of(word)).collect();
        let read = || words.iter().copied().zip(meanings.iter().copied());
        let any = |what: Meaning| meanings.iter().any(|meaning| meaning.has(what));
        let role = role(words, &meanings, phrase);
        let long = words.len() >= 2 * SENTENCE - 2;
        let stops = words.len() >= SENTENCE && any(Meaning::STOP);
        let sentence = phrase && (long || stops);
        // A timestamp or a list's number may precede the name.
        let numbers = meanings.iter().take_while(|meaning| meaning.has(Meaning::EMPTY)).count();
        let is_stem = |word: &str, meaning: Meaning| {
            !phrase
                || meaning.has(Meaning::AGED)
                || word.len() > 1 && !meaning.has(Meaning::STOP) && !sentence
                || meaning.has(Meaning::TAG) && (!sentence || !meaning.has(Meaning::NUMBER))
        };
        let stem = read()
            .skip(if phrase { numbers } else { 0 })
            .filter_map(|(word, meaning)| distinctive(word, meaning))
            .filter(|&(word, meaning)| is_stem(word, meaning))
            .map(|(word, _)| word.to_owned())
            .collect::<Vec<_>>();
        let rest = read().filter(|(_, meaning)| !meaning.has(Meaning::HALF));
        Self {
            role,
            aws: any(Meaning::AWS),
            access_key: any(Meaning::ACCESS) && any(Meaning::KEY),
            service: stem.iter().any(|word| is_service(word)),
            named: meanings.iter().any(|meaning| !meaning.has(Meaning::EMPTY)),
            rest: rest.map(|(word, _)| word.to_owned()).collect(),
            stem,
            loose: phrase && words.len() > 1,
        }
    }

    /// True if it describes the value.
    pub(super) fn says(&self) -> bool {
        !matches!(self.role, Role::None | Role::Key)
    }
}

/// The part of a word that distinguishes keys: the word, or the number after a usual one (`id2`).
fn distinctive(word: &str, meaning: Meaning) -> Option<(&str, Meaning)> {
    if meaning.has(Meaning::USUAL) || !word.is_ascii() {
        return None;
    }
    let letters = word.trim_end_matches(|byte: char| byte.is_ascii_digit());
    if letters.len() < word.len() && !letters.is_empty() && is_usual(letters) {
        let number = &word[letters.len()..];
        return Some((number, Meaning::of(number)));
    }
    Some((word, meaning))
}

/// The role according to the words of a name; the last word with a meaning is decisive.
fn role(words: &[&str], meanings: &[Meaning], phrase: bool) -> Role {
    let all = meanings.iter().fold(Meaning::default(), |all, meaning| all.or(*meaning));
    let any = |what: Meaning| all.has(what);
    let last = |what: Meaning| {
        let place = || meanings.iter().rposition(|meaning| meaning.has(what));
        any(what).then(place).flatten()
    };
    let access = any(Meaning::ACCESS);
    let key = any(Meaning::KEY);
    let id = any(Meaning::ID);
    // The digest of a secret is not a secret, and a commit is a commit. In a sentence such a word
    // counts only at the end.
    let ends = || meanings.iter().rposition(|meaning| !meaning.has(Meaning::NUMBER));
    let hash = match phrase && words.len() > 3 || access && key {
        true => ends().filter(|&at| meanings[at].has(Meaning::HASH)),
        false => last(Meaning::HASH),
    };
    if let Some(secret) = last(Meaning::SECRET) {
        // `secret_access_key_upload` contains its full role, so its last word is a stem.
        let full = key;
        if hash.is_some_and(|at| at > secret && is_digest(words[at])) {
            return Role::Other;
        }
        // AWS has no secret tokens: `AWS_SECRET_TOKEN` means the secret access key.
        let of_aws = any(Meaning::AWS) && !any(Meaning::SERVICE);
        let full = full || of_aws;
        return match last(Meaning::TOKEN).is_some_and(|token| token > secret && !full) {
            true => Role::Token,
            // The secret of an OAuth access token is not a secret access key.
            false if access && (key || !any(Meaning::TOKEN)) => Role::SecretKey,
            false if any(Meaning::AWS) && (any(Meaning::NAMED_AWS) || !any(Meaning::SERVICE)) => {
                Role::SecretKey
            }
            false => Role::Secret,
        };
    }
    if hash.is_some() {
        return Role::Other;
    }
    let end_of_key = last(Meaning::END_OF_KEY);
    let strongest = [
        (last(Meaning::TOKEN), Role::Token),
        (last(Meaning::PASSWORD), Role::Password),
        (last(Meaning::USER).filter(|&user| !access && end_of_key < Some(user)), Role::User),
    ];
    let named = strongest.into_iter().filter_map(|(at, role)| Some((at?, role)));
    if let Some((_, role)) = named.max_by_key(|(at, _)| *at) {
        return role;
    }
    let aws = any(Meaning::AWS);
    if access && (key || id) || key && id || aws && (key || id) || any(Meaning::AKID) {
        return Role::KeyId;
    }
    match key || id {
        true => Role::Key,
        false if access || aws && words.len() == 1 => Role::Key,
        false => Role::None,
    }
}

/// True if a word names a value that is computed from a secret.
fn is_digest(word: &str) -> bool {
    let digests = [
        "checksum",
        "crc",
        "digest",
        "etag",
        "fingerprint",
        "hash",
        "hmac",
        "rev",
        "revision",
        "sig",
        "signature",
    ];
    digests.contains(&word) || word.starts_with("sha") || word.starts_with("md")
}
