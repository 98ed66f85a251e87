//! The structure of tokens: checksums, and facts that a token contains, read offline.
//!
//! This module is a pure grammar. It does not know how a token is found, and compares nothing with
//! a list of known tokens.

mod crc;

use crate::rules::Facts;

/// A form that proves itself: by a checksum, or by data that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// GitHub, npm: the last six characters are the CRC-32, in base62, of what follows the prefix.
    Crc32Base62,
    /// GitHub, fine-grained: the last eight characters are of SHA-256 over all before, in base32.
    GithubFineGrained,
    /// GitLab, routable: length and CRC-32, in base36.
    GitlabRoutable,
    /// Grafana: the last eight characters are the CRC-32, in hexadecimal digits, low byte first.
    Grafana,
    /// Cloudflare: the last eight characters are the CRC-32 of the forty before, in hexadecimal
    /// digits.
    Cloudflare,
    /// Azure: Marvin32 over the first bytes, with the seed of the service.
    AzureKey,
    /// A macaroon in base64 that names its location.
    Macaroon,
    /// JSON in base64: JSON Web Tokens, and tokens that begin with their own description.
    JsonToken,
    /// A private key in PEM or OpenSSH's form.
    PrivateKey,
}

impl TokenFormat {
    /// All formats, by the names that rules use.
    pub const ALL: [(&'static str, Self); 9] = [
        ("crc32-base62", Self::Crc32Base62),
        ("github-fine-grained", Self::GithubFineGrained),
        ("gitlab-routable", Self::GitlabRoutable),
        ("grafana", Self::Grafana),
        ("cloudflare", Self::Cloudflare),
        ("azure-key", Self::AzureKey),
        ("macaroon", Self::Macaroon),
        ("json-token", Self::JsonToken),
        ("private-key", Self::PrivateKey),
    ];

    /// The format of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }
}

/// The result of reading a text as a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The text does not have the form: it is no match.
    NotOne,
    /// The text has the form, but its checksum is wrong: it is made up, or a letter of it is wrong.
    MadeUp,
    /// The text is a token, which contains these facts.
    Read(Facts),
}

/// Reads a text as a token of a format.
pub fn read(format: TokenFormat, token: &[u8]) -> Reading {
    match format {
        TokenFormat::Crc32Base62 => crc::base62(token),
        _ => Reading::Read(Facts::default()),
    }
}

/// The text with the checksum of the format at its end, for examples; `None` if the format has no
/// checksum, or the text is not the beginning of such a token.
pub fn complete(format: TokenFormat, text: &str) -> Option<String> {
    match format {
        TokenFormat::Crc32Base62 => crc::with_base62(text),
        _ => None,
    }
}
