//! Names: the role that a name gives to its value, and the key to which the value belongs.
//!
//! A name is read as a whole. The words of its role (`secret access key`) describe the value. The
//! remaining words are its *stem* (`UPLOAD`, `prod`, `2`), which the id and the secret of one key
//! share. No word of a stem removes a role.

use super::words::{
    is_aged, is_aws, is_empty, is_half, is_hash, is_number, is_password, is_secret, is_service,
    is_stop, is_tag, is_token, is_user, is_usual, words,
};

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
        Self::of_words(&words(text), phrase)
    }

    /// Reads a name that is already split into words.
    pub(super) fn of_words(words: &[String], phrase: bool) -> Self {
        // Fluentd's `aws_sec_key`.
        if let Some(at) = words.windows(2).position(|pair| pair[0] == "sec" && pair[1] == "key") {
            let mut words = words.to_vec();
            "secret".clone_into(&mut words[at]);
            return Self::of_words(&words, phrase);
        }
        let role = role(words, phrase);
        let long = words.len() >= 2 * SENTENCE - 2;
        let stops = words.len() >= SENTENCE && words.iter().any(|word| is_stop(word));
        let sentence = phrase && (long || stops);
        // A timestamp or a list's number may precede the name.
        let numbers = words.iter().take_while(|word| is_empty(word)).count();
        let stem = words
            .iter()
            .skip(if phrase { numbers } else { 0 })
            .filter_map(|word| distinctive(word))
            .filter(|word| {
                !phrase
                    || is_aged(word)
                    || word.len() > 1 && !is_stop(word) && !sentence
                    || is_tag(word) && (!sentence || !is_number(word))
            })
            .map(str::to_owned)
            .collect::<Vec<_>>();
        Self {
            role,
            aws: words.iter().any(|word| is_aws(word)),
            service: stem.iter().any(|word| is_service(word)),
            named: words.iter().any(|word| !is_empty(word)),
            rest: words.iter().filter(|word| !is_half(word)).cloned().collect(),
            stem,
            loose: phrase && words.len() > 1,
        }
    }

    /// True if it describes the value.
    pub(super) fn says(&self) -> bool {
        !matches!(self.role, Role::None | Role::Key)
    }
}

/// The part of a word that distinguishes keys: the word, or the number behind a usual one (`id2`).
fn distinctive(word: &str) -> Option<&str> {
    if is_usual(word) || !word.is_ascii() {
        return None;
    }
    let letters = word.trim_end_matches(|byte: char| byte.is_ascii_digit());
    if letters.len() < word.len() && !letters.is_empty() && is_usual(letters) {
        return Some(&word[letters.len()..]);
    }
    Some(word)
}

/// The role according to the words of a name; the last word with a meaning is decisive.
fn role(words: &[String], phrase: bool) -> Role {
    let any = |test: fn(&str) -> bool| words.iter().any(|word| test(word));
    let last = |test: fn(&str) -> bool| words.iter().rposition(|word| test(word));
    let has = |word: &str| words.iter().any(|one| one == word);
    let access = words.iter().any(|word| {
        ["access", "acess", "acces"].contains(&word.as_str()) || word.contains("accesskey")
    });
    let key = has("key") || has("keys") || words.iter().any(|word| word.ends_with("key"));
    let id = has("id") || has("ids") || words.iter().any(|word| word.ends_with("keyid"));
    // The digest of a secret is not a secret, and a commit is a commit. In a sentence such a word
    // counts only at the end.
    let ends = words.iter().rposition(|word| !is_number(word));
    let hash = match phrase && words.len() > 3 || access && key {
        true => ends.filter(|&at| is_hash(&words[at])),
        false => last(is_hash),
    };
    if let Some(secret) = last(is_secret) {
        // `secret_access_key_upload` contains its full role, so its last word is a stem.
        let full = key;
        if hash.is_some_and(|at| at > secret && is_digest(&words[at])) {
            return Role::Other;
        }
        return match last(is_token).is_some_and(|token| token > secret && !full) {
            true => Role::Token,
            // The secret of an OAuth access token is not a secret access key.
            false if access && (key || !any(is_token)) => Role::SecretKey,
            false if any(is_aws) && (has("aws") || !any(is_service)) => Role::SecretKey,
            false => Role::Secret,
        };
    }
    if hash.is_some() {
        return Role::Other;
    }
    let end_of_key = words.iter().rposition(|word| matches!(word.as_str(), "key" | "keys" | "id"));
    let strongest = [
        (last(is_token), Role::Token),
        (last(is_password), Role::Password),
        (last(is_user).filter(|&user| !access && end_of_key < Some(user)), Role::User),
    ];
    let named = strongest.into_iter().filter_map(|(at, role)| Some((at?, role)));
    if let Some((_, role)) = named.max_by_key(|(at, _)| *at) {
        return role;
    }
    if access && (key || id) || key && id || any(is_aws) && (key || id) || has("akid") {
        return Role::KeyId;
    }
    match key || id {
        true => Role::Key,
        false if access || any(is_aws) && words.len() == 1 => Role::Key,
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
